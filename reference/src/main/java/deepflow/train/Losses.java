package deepflow.train;

import deepflow.autograd.Variable;
import deepflow.model.Prediction;
import org.jspecify.annotations.Nullable;

/// The losses of one step, scalars, and the prediction they were computed from.
///
/// @param deep Eq. 5
/// @param acc Eq. 7 summed over the intermediate branches; 0 without acceleration
/// @param ssl alignment, unweighted; null for a step without that loss
/// @param total what is differentiated: deep + λ·acc + weight·ssl
/// @param prediction what the model returned
public record Losses(Variable deep, Variable acc, @Nullable Variable ssl, Variable total, Prediction prediction) {}
