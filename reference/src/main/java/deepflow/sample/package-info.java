/// From noise at t = 1 to data at t = 0 (SPEC §7): one sampler per file with its equation beside it
/// ([deepflow.sample.Euler], [deepflow.sample.Heun], [deepflow.sample.DormandPrince],
/// [deepflow.sample.EulerMaruyama]), classifier-free guidance ([deepflow.sample.Guidance]), and the noise that belongs
/// to a sample's number ([deepflow.sample.KeyedNoise]). [deepflow.sample.Sampling] puts them together.
///
/// State, score and drift are float64 on the host; the model behind a [deepflow.sample.VelocityField] computes in its
/// own precision. A sample depends on no other sample of its batch.
///
/// Not here: pictures and files (`deepflow.cli`), the model (`deepflow.model`), paths (`deepflow.equation`).
@NullMarked
package deepflow.sample;

import org.jspecify.annotations.NullMarked;
