/* expand: one form to one text: alternatives chosen, slots filled, a frame around it.
 *   in    templates, a form of theirs, a frame or none, three series of draws (draws.h)
 *   out   the text and how each company is spelled in it, in the arena
 *
 *     struct tw_case_draws draws = tw_case_draws(seed, number);
 *     tw_case_expand(templates, form, frame, &draws, &arena, &text, err)
 *
 * Words, companies and what a frame adds are drawn from series of their own: with another `names.step` the
 * same words speak of another company, with another frame the same text stands in it.
 *
 * Mended, as print would have it: two blanks are one, none stands before a comma, `a 8%` is `an 8%`,
 * `Foods's` is `Foods'`, the first letter is a capital.
 *
 * Errors: TW_CONFIG with the form's line for one that grows beyond TW_CASE_TEXT_BYTES; TW_FULL. */
#ifndef TW_CASE_EXPAND_H
#define TW_CASE_EXPAND_H

#include "cases/draws.h"
#include "cases/templates.h"

enum { TW_CASE_TEXT_BYTES = 4096 };

struct tw_case_draws {
    struct tw_draws words, names, frame;
};

struct tw_case_text {
    struct tw_text text;
    struct tw_text names[TW_CASE_COMPANIES]; /* as the text has them; bytes NULL: it does not */
    size_t begin, end;                       /* where the form's own text stands */
};

/* The draws of case `number`. */
struct tw_case_draws tw_case_draws(uint64_t seed, uint32_t number);

/* A form's text; `frame` may be NULL. */
TW_MUST_USE bool tw_case_expand(const struct tw_templates *templates, const struct tw_case_form *form,
    const struct tw_case_frame *frame, const struct tw_case_draws *draws, struct tw_arena *arena,
    struct tw_case_text *out, struct tw_error *err);

/* A company's name. */
TW_MUST_USE bool tw_case_name(const struct tw_templates *templates, struct tw_draws *draws,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

/* A text that somebody else wrote, in a frame that names no company. begin and end tell where it stands; with
 * {text.upper} or {text.lower} its letters of ASCII have changed, and their places have not. */
TW_MUST_USE bool tw_case_put_in_frame(const struct tw_templates *templates, const struct tw_case_frame *frame,
    struct tw_text text, struct tw_draws *draws, struct tw_arena *arena, struct tw_case_text *out,
    struct tw_error *err);

/* A frame by weight, among those that name no company where `named` is false. NULL when there is none. */
const struct tw_case_frame *tw_case_draw_frame(
    const struct tw_templates *templates, bool named, struct tw_draws *draws);

#endif
