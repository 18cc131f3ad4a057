/* own_answers: where a teacher's answer is not what the student should learn.
 *   in    the teacher's answers to a transfer set (teacher_logits.h, transfer.h)
 *   out   the same answers, corrected in place
 *
 * Two settings of distill:
 *
 *   learn_only_answer p   a label of a learn_only record stands, with likelihood p, in the place of the
 *                         teacher's answer to it; the two other classes share the rest. Such labels are true
 *                         by the way in which they were made; a teacher that never learned them would only
 *                         gainsay them
 *   shared_answers        a record and its changed copies get one answer, the mean of the logarithms of what
 *                         the teacher says of each of them. What differs between them is names, numbers and
 *                         frames, which must not matter: so the student learns what is left when they cancel
 *                         out
 *
 * A text and each of its entities are corrected apart. Texts and entities without a label keep the teacher's
 * answer. */
#ifndef TW_OWN_ANSWERS_H
#define TW_OWN_ANSWERS_H

#include "distill/teacher_logits.h"
#include "distill/transfer.h"

/* Whether a record's own labels say all that a teacher could: it need not be asked. */
bool tw_own_answers_suffice(const struct tw_example *example, double likelihood);

/* Puts labels of learn_only records in the place of the answers; `likelihood` from 0, which changes nothing,
 * to less than 1. */
void tw_own_answers_label(
    const struct tw_transfer *transfer, double likelihood, struct tw_teacher_logits *answers);

/* Gives each record that is learned and its changed copies (those of one origin, mixtures excepted) the mean
 * of their answers. TW_FULL when the arena is. */
TW_MUST_USE bool tw_own_answers_share(const struct tw_transfer *transfer, struct tw_arena *arena,
    struct tw_teacher_logits *answers, struct tw_error *err);

#endif
