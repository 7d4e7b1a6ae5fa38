/// Tensors under foreign names and in foreign layouts, read as if they had ours: a map file
/// ([deepflow.io.mapping.TensorMap]) says how names are translated ([deepflow.io.mapping.NamePattern]) and axes
/// rearranged ([deepflow.io.mapping.Layout]).
///
/// Not here: what the names mean (`deepflow.oracle`), files' bytes (`deepflow.io`).
@NullMarked
package deepflow.io.mapping;

import org.jspecify.annotations.NullMarked;
