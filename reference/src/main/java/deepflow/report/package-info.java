/// How results look: tables for a terminal, JSON for machines and pages for a browser, as text.
///
/// Not here: printing and exit codes (`deepflow.cli`), judging (`deepflow.oracle`).
@NullMarked
package deepflow.report;

import org.jspecify.annotations.NullMarked;
