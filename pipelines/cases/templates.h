/* templates: a file of forms from which labelled cases are made (config/cases.yaml tells how forms are
 * written), read whole and checked.
 *   in    a file's bytes
 *   out   lists, companies, frames and groups of forms, immutable; or all that is wrong, by line and column
 *
 *     struct tw_templates *templates;
 *     tw_templates_load(&file, &problems, &templates, err)
 *     ... tw_case_expand (expand.h), tw_generate (generate.h) ...
 *     tw_templates_free(templates)
 *
 * Checked: brackets close, slots name a list, a number or a company, what follows the point suits them, no
 * list stands in itself, a frame holds {text} once, labels are words (labels.h), each group teaches a label.
 * A file that holds more than is bounded below is refused.
 *
 * `held`: one phrasing in ten, by the hash of its form, and one at least of each group of four or more, so
 * that a model can be measured on phrasings that it did not learn. */
#ifndef TW_TEMPLATES_H
#define TW_TEMPLATES_H

#include "base/arena.h"
#include "cases/numbers.h"
#include "files/problems.h"

enum { TW_TEMPLATE_LISTS = 256, TW_TEMPLATE_GROUPS = 512, TW_TEMPLATE_FORM_BYTES = 1000 };

/* The companies of a text. */
enum tw_case_company { TW_CASE_COMPANY, TW_CASE_OTHER, TW_CASE_THIRD, TW_CASE_COMPANIES };
/* What slots call them. */
extern const char *const tw_case_company_names[TW_CASE_COMPANIES];

struct tw_case_list {
    struct tw_text name;
    const struct tw_text *items;
    uint32_t count;
    uint32_t depth; /* 1 more than that of the deepest list in its items */
};

struct tw_case_form {
    struct tw_text text;
    uint32_t line;   /* in the file */
    bool held;       /* kept from what is learned */
    uint32_t number; /* among all forms of the file, from 0 */
};

/* Forms that mean the same. */
struct tw_case_group {
    struct tw_text event;
    struct tw_text kind;               /* "exception", or empty */
    int32_t label;                     /* of the text, by enum tw_class; -1: none */
    int32_t labels[TW_CASE_COMPANIES]; /* of the companies; -1: none */
    double weight;                     /* its share of the draws, beside sqrt(forms) */
    const struct tw_case_form *forms;
    uint32_t count;
};

struct tw_case_frame {
    struct tw_text text;
    double weight;
    bool names_company; /* fits only a text that has one */
};

struct tw_templates {
    struct tw_case_list companies; /* its name is empty */
    struct tw_case_list lists[TW_TEMPLATE_LISTS];
    uint32_t list_count;
    struct tw_case_frame *frames;
    uint32_t frame_count;
    struct tw_case_group groups[TW_TEMPLATE_GROUPS];
    uint32_t group_count;
    struct tw_arena arena;
};

enum tw_case_slot_kind { TW_SLOT_TEXT, TW_SLOT_COMPANY, TW_SLOT_NUMBER, TW_SLOT_LIST };
enum tw_case_modifier {
    TW_MODIFIER_NONE,
    TW_MODIFIER_LOW,
    TW_MODIFIER_HIGH,
    TW_MODIFIER_UPPER,
    TW_MODIFIER_LOWER,
    TW_MODIFIER_LAST,
    TW_MODIFIER_SHORT,
    TW_MODIFIER_TICKER,
    TW_MODIFIERS
};

/* What stands between braces: name, :INSTANCE or not, .MODIFIER or not. */
struct tw_case_slot {
    enum tw_case_slot_kind kind;
    uint32_t which;          /* the company, the kind of number, the list */
    struct tw_text instance; /* may be empty */
    enum tw_case_modifier modifier;
};

/* Loads a set from a file's bytes. On failure *out is NULL, problems holds all that is wrong, err the first
 * of it (TW_CONFIG; TW_FULL and TW_INTERNAL for want of memory). The source is not needed afterwards. */
TW_MUST_USE bool tw_templates_load(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_templates **out, struct tw_error *err);
/* The same of a file; `arena` holds its bytes. TW_IO besides. For who shows no more than the
 * first problem. */
TW_MUST_USE bool tw_templates_read(
    const char *path, struct tw_arena *arena, struct tw_templates **out, struct tw_error *err);
/* NULL is fine. */
void tw_templates_free(struct tw_templates *templates);

/* Reads the inside of braces. False: `what` tells why. */
TW_MUST_USE bool tw_case_slot_read(
    const struct tw_templates *templates, struct tw_text inside, struct tw_case_slot *out, char what[160]);

/* The end of what begins with a bracket or brace at text.bytes[at]: the place of the one that closes it; the
 * text's length when none does. */
size_t tw_case_closing(struct tw_text text, size_t at);

#endif
