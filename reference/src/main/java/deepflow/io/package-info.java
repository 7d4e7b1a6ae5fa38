/// Files of numbers: safetensors (single and sharded), npy (single and folders) and npz, small JSON files, and the safe
/// replacement of files.
///
/// Here live the types on disk and their exact conversions, readers that judge a file before they allocate for it, and
/// writers that give the same bytes for the same input. Readers end in a value or in one {@link
/// deepflow.io.FormatException} whose message is a sentence for the user.
///
/// Not here: tensors, arithmetic, the meaning of a file's names (the oracle's dump, a checkpoint's parameters), and
/// anything that prints. This room knows no other room of the project.
@NullMarked
package deepflow.io;

import org.jspecify.annotations.NullMarked;
