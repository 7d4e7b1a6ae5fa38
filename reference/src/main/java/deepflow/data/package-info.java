/// What models are trained on: labelled images by index ([deepflow.data.DataSet]). Handwritten digits
/// ([deepflow.data.Digits]), points in the plane ([deepflow.data.ToyPoints]), and VAE moments with labels
/// in the layout of REPA's preprocessing ([deepflow.data.Latents]); [deepflow.data.DataSets] finds them by
/// name.
///
/// Not here: the order in which samples are seen, noise and times (`deepflow.train`).
@NullMarked
package deepflow.data;

import org.jspecify.annotations.NullMarked;
