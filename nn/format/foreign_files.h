/* foreign_files: what people hand over in the place of a model's folder, and the way from there to one.
 *   in    a path; the files of a folder, opened (snapshot.h)
 *   out   nothing, or one refusal that says what stands there, with the command or the choice that helps
 *
 * Told apart, in this order:
 *
 *   the path      an address or a name of the Hugging Face Hub; a file; the Hub's cache of a model
 *   first bytes   of each file that is read: a Git LFS pointer, a page of HTML (a download without
 *                 permission), UTF-16
 *   other files   an adapter; weights of PyTorch, TensorFlow, Flax, ONNX, GGUF, or in several files;
 *                 vocabularies of SentencePiece and byte pairs
 *
 * Only what is recognised is refused here. A folder in which something is simply missing is told by whoever
 * wants to read that. */
#ifndef TW_FOREIGN_FILES_H
#define TW_FOREIGN_FILES_H

#include "base/error.h"
#include "base/snapshot.h"

/* Before anything is opened: can this path be a model's folder? TW_CONFIG. */
TW_MUST_USE bool tw_foreign_files_path(const char *folder, struct tw_error *err);

/* Are the files that were opened what their names say? TW_CONFIG for one that is not, whose path is the
 * place. */
TW_MUST_USE bool tw_foreign_files_bytes(const struct tw_snapshot *files, struct tw_error *err);

/* A folder without vocab.txt and tokenizer.json: is there another kind of vocabulary? TW_CONFIG when there
 * is. */
TW_MUST_USE bool tw_foreign_files_vocabulary(const char *folder, struct tw_error *err);

/* A folder without model.safetensors: do its weights stand there in another form? TW_CONFIG when they do,
 * with the command that writes them as one file of safetensors where there is one. */
TW_MUST_USE bool tw_foreign_files_weights(const char *folder, struct tw_error *err);

/* A folder without config.json: an adapter? TW_CONFIG then, with the command that merges it into its base. */
TW_MUST_USE bool tw_foreign_files_adapter(const char *folder, struct tw_error *err);

#endif
