/// The numbered equations of "Deeply Supervised Flow-Based Generative Models" (arXiv 2503.14494), a class each, with
/// the paper's letters:
///
/// | Eq. | class |
/// |---|---|
/// | 1 | [deepflow.equation.Interpolant] |
/// | 2, 3 | [deepflow.equation.VelocityLoss] |
/// | 4, 5 | [deepflow.equation.DeepSupervisionLoss] |
/// | 6 | [deepflow.equation.AccelerationMlp] |
/// | 7 | [deepflow.equation.SecondOrderLoss] |
/// | 8 | [deepflow.equation.TimeGapModulation] |
/// | 9 | [deepflow.equation.CrossSpaceAttention] |
/// | 10 | [deepflow.equation.TotalLoss] |
///
/// Symbols: N batch, C image channels, H = W image side, p patch, T = (H/p)² tokens, D width, h heads, k branches.
///
/// Not here: the parts any transformer has (`deepflow.nn`), how the parts make a model (`deepflow.model`). No class
/// here has a gradient of its own: `deepflow.autograd` finds them all.
@NullMarked
package deepflow.equation;

import org.jspecify.annotations.NullMarked;
