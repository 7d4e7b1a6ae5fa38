/// How good samples are: [deepflow.metric.FrechetDistance], [deepflow.metric.InceptionScore],
/// [deepflow.metric.PrecisionRecall], the accuracy of a [deepflow.metric.NeighbourClassifier] on labelled samples; and
/// how alike a model's layers are ([deepflow.metric.FeatureDistance]). Dense decompositions are EJML's.
///
/// Not here: which features are compared. They are the caller's: pixels, or what an encoder made of them.
@NullMarked
package deepflow.metric;

import org.jspecify.annotations.NullMarked;
