/* compatible: do a teacher and a student suit each other? Asked before anything is read or written.
 *   in    two folders, the student's layers that are chosen
 *   out   nothing, or one error that begins with the folder it is about
 *
 * Both folders are opened whole: shapes against weights, tokenizers against vocabularies. The teacher needs a
 * head, of texts or of entities, and labels that are ours; the student may be bare. Errors: those of model.h
 * and tokenizer.h; TW_CONFIG for a teacher without a head, labels that differ, a layer that is not there. */
#ifndef TW_COMPATIBLE_H
#define TW_COMPATIBLE_H

#include <stddef.h>

#include "base/error.h"

/* What distilling begins with. */
struct tw_compatible_folders {
    const char *teacher, *student; /* folders; they may be the same */
    const size_t *layers;          /* [layer_count] of the student's folder */
    size_t layer_count;            /* 0: all */
};

/* Can this teacher teach this student? */
TW_MUST_USE bool tw_compatible_check(const struct tw_compatible_folders *folders, struct tw_error *err);

/* May other teachers answer in the place of this one? They need the same heads. */
TW_MUST_USE bool tw_compatible_check_teachers(
    const char *teacher, const char *const *others, size_t count, struct tw_error *err);

#endif
