/// How large an error may be: bounds that no right implementation breaks but with a small probability for each product
/// and sum ([deepflow.oracle.budget.BoundingBackend]), and limits that it breaks with a given small probability, from
/// how much
/// emulated runs differ ([deepflow.oracle.budget.PredictionLimit]).
///
/// Not here: dumps, replays and verdicts (`deepflow.oracle`).
@NullMarked
package deepflow.oracle.budget;

import org.jspecify.annotations.NullMarked;
