/// How results look: tables for a terminal and JSON for machines, as text.
///
/// Not here: printing and exit codes (`deepflow.cli`), judging (`deepflow.oracle`).
@NullMarked
package deepflow.report;

import org.jspecify.annotations.NullMarked;
