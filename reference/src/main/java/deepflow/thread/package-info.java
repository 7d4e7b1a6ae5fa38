/// Work that several threads share: [deepflow.thread.Threads].
///
/// Not here: processes that train together (`deepflow.parallel`), what is computed (everywhere else).
@NullMarked
package deepflow.thread;

import org.jspecify.annotations.NullMarked;
