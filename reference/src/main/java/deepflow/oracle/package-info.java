/// The judge: the dump format ([deepflow.oracle.Dump], [deepflow.oracle.StepMetadata]), the replay of a dumped step
/// ([deepflow.oracle.RecordedStep], [deepflow.oracle.Truths]), the comparison ([deepflow.oracle.Checker]), and the
/// writing of golden dumps ([deepflow.oracle.Golden]). From Java: [deepflow.oracle.Oracle], and
/// [deepflow.oracle.OracleAssertions] for tests.
///
/// Not here: how a result looks on a terminal or a page (`deepflow.report`), the commands (`deepflow.cli`), the
/// files' bytes (`deepflow.io`).
@NullMarked
package deepflow.oracle;

import org.jspecify.annotations.NullMarked;
