package deepflow.model;

import deepflow.autograd.Variable;
import java.util.List;

/// What a forward pass returns.
///
/// @param velocities vⁱ of each branch, k of (N, C, H, W); the last is the model's answer
/// @param accelerations a of each VeRA block in image space, (N, C, H, W); empty without acceleration
/// @param refined tokens that leave each VeRA block (N, T, D)
/// @param projected refined tokens through the SSL projectors (N, T, Z); empty without SSL alignment
public record Prediction(
        List<Variable> velocities, List<Variable> accelerations, List<Variable> refined, List<Variable> projected) {}
