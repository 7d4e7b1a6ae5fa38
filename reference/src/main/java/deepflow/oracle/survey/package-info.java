/// How well the judge does: every bug of the zoo put into a step, in every precision, and judged like a user's dump;
/// and right steps, which are to be found right ([deepflow.oracle.survey.Survey]).
///
/// Not here: the bugs (`deepflow.oracle.zoo`), the judge (`deepflow.oracle`), tables (`deepflow.report`).
@NullMarked
package deepflow.oracle.survey;

import org.jspecify.annotations.NullMarked;
