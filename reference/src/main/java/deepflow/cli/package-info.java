/// The command line: picocli commands, and the only place in the project that prints or exits.
///
/// [Main] is the entry; it turns every outcome into an exit code (0 fine, 1 the numbers disagree, 2 bad usage or bad
/// input) and every error into one sentence on stderr. Commands are classes of their own that take [CommonOptions] as a
/// mixin.
package deepflow.cli;
