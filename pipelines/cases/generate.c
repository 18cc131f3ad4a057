#include "cases/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <xxhash.h>

#include "cases/expand.h"
#include "format/labels.h"

enum { ARENA_BYTES = 4 << 20, MOST_REPEATS = 2000, SAME_TEXTS = 6 };

const char *const tw_generate_kind_names[] = {"must", "entity", "same", NULL};
const char *const tw_generate_part_names[] = {"all", "learn", "held", NULL};

/* What must not matter in a case of kind "same". */
enum same { SAME_NAME, SAME_FRAME, SAME_CASE, SAMES };
static const char *const same_names[SAMES] = {"name", "frame", "case"};

/* Forms of a group that are asked for. */
struct choice {
    const struct tw_case_group *group;
    const struct tw_case_form **forms;
    uint32_t count;
    double weight;
};

struct generator {
    const struct tw_generate_options *options;
    struct tw_arena arena;
    struct choice *choices;
    uint32_t choice_count;
    double all_weights;
    uint64_t *seen; /* hashes of texts; 0: empty */
    size_t seen_mask;
    uint64_t written;
    uint32_t number; /* of the draw */
};

/* ---- which forms ---- */

static bool is_asked(const struct tw_generate_options *options, struct tw_text event)
{
    if (!options->events || options->events->count == 0)
        return true;
    for (size_t at = 0; at < options->events->count; at++)
        if (tw_text_equal(event, tw_text_of(options->events->items[at])))
            return true;
    return false;
}

static bool events_exist(const struct tw_generate_options *options, struct tw_error *err)
{
    const char *names[TW_TEMPLATE_GROUPS];
    char cure[256] = "events stand in the templates";
    for (uint32_t at = 0; at < options->templates->group_count; at++)
        names[at] = options->templates->groups[at].event.bytes; /* ends with a NUL (arena.h) */
    for (size_t at = 0; options->events && at < options->events->count; at++) {
        bool found = false;
        for (uint32_t group = 0; group < options->templates->group_count; group++)
            found = found || strcmp(names[group], options->events->items[at]) == 0;
        if (found)
            continue;
        const char *near =
            tw_nearest(tw_text_of(options->events->items[at]), names, options->templates->group_count);
        if (near)
            snprintf(cure, sizeof cure, "did you mean \"%.60s\"?", near);
        return tw_fail(err, TW_USAGE, NULL, cure, "no event \"%.60s\"", options->events->items[at]);
    }
    return true;
}

/* A group without a label of its own speaks of companies alone. */
static bool kind_is_asked(const struct tw_generate_options *options, const struct tw_case_group *group)
{
    const unsigned kind = group->label >= 0 ? TW_GENERATE_MUST : TW_GENERATE_ENTITY;
    const bool same = options->kinds & 1U << TW_GENERATE_SAME && group->label >= 0;
    return same || options->kinds & 1U << kind;
}

static bool choose(struct generator *generator, struct tw_error *err)
{
    const struct tw_generate_options *options = generator->options;
    const struct tw_templates *templates = options->templates;
    generator->choices =
        tw_arena_array(&generator->arena, templates->group_count, sizeof *generator->choices);
    if (!generator->choices)
        return tw_arena_fail(&generator->arena, err);
    for (uint32_t at = 0; at < templates->group_count; at++) {
        const struct tw_case_group *group = &templates->groups[at];
        struct choice *choice = &generator->choices[generator->choice_count];
        if (!is_asked(options, group->event) || !kind_is_asked(options, group))
            continue;
        *choice = (struct choice){.group = group,
            .forms = tw_arena_array(&generator->arena, group->count, sizeof *choice->forms),
            .weight = group->weight * sqrt(group->count)};
        if (!choice->forms)
            return tw_arena_fail(&generator->arena, err);
        for (uint32_t form = 0; form < group->count; form++)
            if (options->part == TW_GENERATE_ALL ||
                group->forms[form].held == (options->part == TW_GENERATE_HELD))
                choice->forms[choice->count++] = &group->forms[form];
        if (choice->count == 0)
            continue;
        generator->all_weights += choice->weight;
        generator->choice_count++;
    }
    return generator->choice_count > 0 ? true
                                       : tw_fail(err, TW_CONFIG, NULL, "ask for other events, kinds or parts",
                                             "no form of the templates is of what is asked for");
}

static const struct choice *draw_choice(const struct generator *generator, struct tw_draws *draws)
{
    double left = tw_draws_uniform(draws) * generator->all_weights;
    uint32_t at = 0;
    while (at + 1 < generator->choice_count && left >= generator->choices[at].weight)
        left -= generator->choices[at++].weight;
    return &generator->choices[at];
}

/* ---- texts that came before ---- */

static bool begin_seen(struct generator *generator, struct tw_error *err)
{
    size_t room = 1024;
    while (room < 2 * generator->options->count)
        room *= 2;
    generator->seen = calloc(room, sizeof *generator->seen);
    generator->seen_mask = room - 1;
    return generator->seen ? true
                           : tw_fail(err, TW_INTERNAL, NULL, "ask for fewer", "no memory for %llu texts",
                                 (unsigned long long)generator->options->count);
}

/* Notes the text; false when it stood there. */
static bool is_new(struct generator *generator, struct tw_text text)
{
    uint64_t hash = XXH3_64bits(text.bytes, text.length) | 1;
    size_t at = hash >> 8 & generator->seen_mask;
    while (generator->seen[at] && generator->seen[at] != hash)
        at = (at + 1) & generator->seen_mask;
    if (generator->seen[at] == hash)
        return false;
    generator->seen[at] = hash;
    return true;
}

/* ---- one record ---- */

/* A case as it was drawn. */
struct drawn {
    const struct tw_case_group *group;
    const struct tw_case_form *form;
    struct tw_case_draws draws;
};

static struct drawn draw_case(struct generator *generator)
{
    struct drawn drawn = {.draws = tw_case_draws(generator->options->seed, generator->number++)};
    const struct choice *choice = draw_choice(generator, &drawn.draws.words);
    drawn.group = choice->group;
    drawn.form = choice->forms[tw_draws_below(&drawn.draws.words, choice->count)];
    return drawn;
}

static json_t *text_json(struct tw_text text)
{
    return json_stringn(text.bytes, text.length);
}

static json_t *entities_json(const struct tw_case_group *group, const struct tw_case_text *text)
{
    json_t *entities = json_array();
    for (uint32_t company = 0; company < TW_CASE_COMPANIES; company++)
        if (text->names[company].bytes && group->labels[company] >= 0)
            json_array_append_new(entities, json_pack("{s:o, s:s}", "name", text_json(text->names[company]),
                                                "label", tw_class_name((size_t)group->labels[company])));
    return entities;
}

static json_t *begin_record(const struct generator *generator, const struct drawn *drawn,
    enum tw_generate_kind kind, struct tw_text event)
{
    char id[64];
    snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)generator->options->seed,
        (unsigned long long)generator->written);
    return json_pack("{s:s, s:s, s:s, s:o, s:I}", "id", id, "source", "generated", "kind",
        tw_generate_kind_names[kind], "event", text_json(event), "form", (json_int_t)drawn->form->line);
}

static bool write_record(struct generator *generator, json_t *record, struct tw_error *err)
{
    FILE *out = generator->options->out;
    bool written = record && json_dumpf(record, out, JSON_COMPACT) == 0 && putc('\n', out) != EOF;
    json_decref(record);
    generator->written += written;
    return written ? true
                   : tw_fail_errno(err, TW_IO, NULL, "free space on the disk", "a record cannot be written");
}

static const struct tw_case_frame *draw_frame(
    struct drawn *drawn, const struct generator *generator, bool named)
{
    return tw_case_draw_frame(generator->options->templates, named, &drawn->draws.frame);
}

/* One text with its labels. *repeated: it was there before, and nothing is written. */
static bool write_labelled(
    struct generator *generator, struct drawn *drawn, bool *repeated, struct tw_error *err)
{
    struct tw_case_text text;
    const bool named = drawn->group->labels[TW_CASE_COMPANY] >= 0;
    const struct tw_case_frame *frame =
        generator->options->plain ? NULL : draw_frame(drawn, generator, named);
    if (!tw_case_expand(
            generator->options->templates, drawn->form, frame, &drawn->draws, &generator->arena, &text, err))
        return false;
    json_t *entities = entities_json(drawn->group, &text);
    *repeated = !is_new(generator, text.text) || (drawn->group->label < 0 && json_array_size(entities) == 0);
    if (*repeated) {
        json_decref(entities);
        return true;
    }
    json_t *record = begin_record(generator, drawn,
        drawn->group->label >= 0 ? TW_GENERATE_MUST : TW_GENERATE_ENTITY, drawn->group->event);
    json_object_set_new(record, "text", text_json(text.text));
    if (drawn->group->label >= 0)
        json_object_set_new(record, "label", json_string(tw_class_name((size_t)drawn->group->label)));
    if (json_array_size(entities) > 0)
        json_object_set_new(record, "entities", entities);
    else
        json_decref(entities);
    return write_record(generator, record, err);
}

/* A frame that is more than the text alone; NULL when chance has none. */
static const struct tw_case_frame *draw_other_frame(
    const struct tw_templates *templates, struct tw_draws *draws)
{
    enum { TRIES = 64 };
    for (uint32_t attempt = 0; attempt < TRIES; attempt++) {
        const struct tw_case_frame *frame = tw_case_draw_frame(templates, false, draws);
        const bool changes_letters = frame && memmem(frame->text.bytes, frame->text.length, "{text.", 6);
        if (frame && !changes_letters && !tw_text_equal(frame->text, tw_text_of("{text}")))
            return frame;
    }
    return NULL;
}

/* Text `at` of a case of kind "same": the first as it is, the others with what must not matter changed. */
static bool expand_same(struct generator *generator, const struct drawn *drawn, enum same same, uint32_t at,
    struct tw_case_text *out, struct tw_error *err)
{
    static const struct tw_case_frame upper = {.text = {"{text.upper}", 12}},
                                      lower = {.text = {"{text.lower}", 12}};
    struct tw_case_draws draws = drawn->draws;
    const struct tw_case_frame *frame = NULL;
    draws.frame.index += (uint64_t)at << 32;
    if (same == SAME_NAME)
        draws.names.index += (uint64_t)at << 32;
    else if (same == SAME_FRAME && at > 0)
        frame = draw_other_frame(generator->options->templates, &draws.frame);
    else if (same == SAME_CASE && at > 0)
        frame = at == 1 ? &upper : &lower;
    return tw_case_expand(
        generator->options->templates, drawn->form, frame, &draws, &generator->arena, out, err);
}

static bool write_same(struct generator *generator, struct drawn *drawn, bool *repeated, struct tw_error *err)
{
    const enum same same = generator->written % SAMES;
    const uint32_t count = same == SAME_CASE ? 3 : SAME_TEXTS;
    json_t *texts = json_array();
    for (uint32_t at = 0; at < count; at++) {
        struct tw_case_text text;
        if (!expand_same(generator, drawn, same, at, &text, err)) {
            json_decref(texts);
            return false;
        }
        if (at == 0)
            *repeated = !is_new(generator, text.text);
        json_array_append_new(texts, text_json(text.text));
    }
    if (*repeated) {
        json_decref(texts);
        return true;
    }
    json_t *record = begin_record(generator, drawn, TW_GENERATE_SAME, tw_text_of(same_names[same]));
    json_object_set_new(record, "texts", texts);
    return write_record(generator, record, err);
}

/* ---- all of them ---- */

/* Which of the kinds asked for comes next for a form of this group: those that share it take turns. */
static bool is_turn_of_same(const struct generator *generator, const struct tw_case_group *group)
{
    if (!(generator->options->kinds & 1U << TW_GENERATE_SAME) || group->label < 0)
        return false;
    return !(generator->options->kinds & 1U << TW_GENERATE_MUST) || generator->number % 2 == 0;
}

static bool write_all(struct generator *generator, struct tw_error *err)
{
    uint32_t repeats = 0;
    while (generator->written < generator->options->count) {
        const size_t mark = tw_arena_mark(&generator->arena);
        struct drawn drawn = draw_case(generator);
        bool repeated = false;
        bool drawn_well = is_turn_of_same(generator, drawn.group)
                              ? write_same(generator, &drawn, &repeated, err)
                              : write_labelled(generator, &drawn, &repeated, err);
        tw_arena_rewind(&generator->arena, mark);
        if (!drawn_well)
            return false;
        repeats = repeated ? repeats + 1 : 0;
        if (repeats == MOST_REPEATS)
            return tw_fail(err, TW_CONFIG, NULL, "ask for fewer, or write more forms",
                "hardly more than %llu different texts can be made of what is asked for",
                (unsigned long long)generator->written);
    }
    return true;
}

bool tw_generate(const struct tw_generate_options *options, struct tw_error *err)
{
    struct generator generator = {.options = options};
    bool generated = events_exist(options, err) && tw_arena_begin(&generator.arena, ARENA_BYTES, err) &&
                     choose(&generator, err) && begin_seen(&generator, err) && write_all(&generator, err);
    free(generator.seen);
    tw_arena_end(&generator.arena);
    return generated;
}
