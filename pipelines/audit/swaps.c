#include "audit/swaps.h"

#include <math.h>
#include <string.h>

#include "audit/ask.h"
#include "files/yaml_tree.h"
#include "format/labels.h"
#include "score/score.h"

enum { MOST_GROUPS = 32, MOST_TEXTS = 50000, SENTIMENT_ONE = 10000 };

enum { VERSION, SWAPS, FILE_KEYS };
static const struct tw_yaml_key file_keys[FILE_KEYS] = {
    [VERSION] = {"version", TW_YAML_COUNT, 1, 1000000, NULL, NULL, "of this file"},
    [SWAPS] = {"swaps", TW_YAML_NODE, 0, 0, NULL, NULL, "what is exchanged"},
};

enum { NAME, ENTITY, GROUPS, FORMS, SWAP_KEYS };
static const struct tw_yaml_key swap_keys[SWAP_KEYS] = {
    [NAME] = {"name", TW_YAML_TEXT, 1, 40, NULL, NULL, "of the swap"},
    [ENTITY] = {"entity", TW_YAML_BOOL, 0, 0, NULL, "false", "measure the score of {x} itself"},
    [GROUPS] = {"groups", TW_YAML_NODE, 0, 0, NULL, NULL, "names by group"},
    [FORMS] = {"forms", TW_YAML_TEXTS, 1, 1000, NULL, NULL, "sentences with {x} in them"},
};

static const struct tw_text slot = {"{x}", 3};

struct swap {
    const char *name;
    bool entity;
    const struct tw_yaml_node *groups; /* a map of lists */
    const struct tw_text *forms;
    uint32_t form_count, filler_count;
};

struct swapping {
    const struct tw_river *river;
    struct tw_problems *problems;
    struct tw_arena *arena;
    struct tw_audit_rows *rows;
};

/* ---- reading ---- */

static bool check_groups(struct swapping *swapping, const struct tw_yaml_node *map, struct swap *swap)
{
    if (map->kind != TW_YAML_MAP || map->count < 2 || map->count > MOST_GROUPS)
        return tw_yaml_problem(swapping->problems, map, "write {one: [name, name], other: [name, name]}",
            "\"groups\" is no map of 2 to %d groups", MOST_GROUPS);
    bool right = true;
    for (uint32_t group = 0; group < map->count; group++) {
        const struct tw_yaml_node *names = map->pairs[group].value;
        if (names->kind != TW_YAML_LIST || names->count == 0) {
            right = tw_yaml_problem(
                swapping->problems, names, "write [name, name]", "a group is no list of names");
            continue;
        }
        for (uint32_t name = 0; name < names->count; name++)
            if (names->items[name]->kind != TW_YAML_SCALAR || names->items[name]->text.length == 0)
                right = tw_yaml_problem(
                    swapping->problems, names->items[name], "write a name", "a name is no text");
        swap->filler_count += names->count;
    }
    swap->groups = map;
    return right;
}

static bool holds_slot(struct tw_text form)
{
    return memmem(form.bytes, form.length, slot.bytes, slot.length) != NULL;
}

static bool read_swap(struct swapping *swapping, const struct tw_yaml_node *node, struct swap *out)
{
    struct tw_yaml_value values[SWAP_KEYS];
    *out = (struct swap){0};
    if (!tw_yaml_read_map(node, swap_keys, SWAP_KEYS, "a swap", swapping->arena, swapping->problems, values))
        return false;
    bool right = check_groups(swapping, values[GROUPS].node, out);
    for (uint32_t form = 0; form < values[FORMS].text_count; form++)
        if (!holds_slot(values[FORMS].texts[form])) {
            const struct tw_yaml_node *list = values[FORMS].node;
            const struct tw_yaml_node *at = list->kind == TW_YAML_LIST ? list->items[form] : list;
            right = tw_yaml_problem(
                swapping->problems, at, "write {x} where the name goes", "a form without {x}");
        }
    out->name = values[NAME].has_value ? tw_arena_copy(swapping->arena, values[NAME].text).bytes : NULL;
    out->entity = values[ENTITY].number != 0;
    out->forms = values[FORMS].texts;
    out->form_count = values[FORMS].text_count;
    if (right && (uint64_t)out->form_count * out->filler_count > MOST_TEXTS)
        right = tw_yaml_problem(
            swapping->problems, node, "write fewer forms or names", "more than %d texts", MOST_TEXTS);
    return right && out->name && out->groups;
}

/* ---- asking ---- */

/* The form with the name in all its slots. */
static bool fill(struct tw_text form, struct tw_text name, struct tw_arena *arena, struct tw_text *out,
    struct tw_error *err)
{
    const size_t most = form.length + (form.length / slot.length) * name.length;
    char *bytes = tw_arena_take(arena, most + 1);
    size_t used = 0;
    if (!bytes)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < form.length;) {
        const bool here =
            form.length - at >= slot.length && memcmp(form.bytes + at, slot.bytes, slot.length) == 0;
        const struct tw_text piece = here ? name : (struct tw_text){form.bytes + at, 1};
        memcpy(bytes + used, piece.bytes, piece.length);
        used += piece.length;
        at += here ? slot.length : 1;
    }
    *out = (struct tw_text){bytes, used};
    return true;
}

/* Form by form, in each group by group, name by name. */
static bool make_texts(
    struct swapping *swapping, const struct swap *swap, struct tw_audit_text *texts, struct tw_error *err)
{
    size_t used = 0;
    for (uint32_t form = 0; form < swap->form_count; form++)
        for (uint32_t group = 0; group < swap->groups->count; group++) {
            const struct tw_yaml_node *names = swap->groups->pairs[group].value;
            for (uint32_t name = 0; name < names->count; name++) {
                struct tw_audit_text *text = &texts[used++];
                if (!fill(swap->forms[form], names->items[name]->text, swapping->arena, &text->text, err))
                    return false;
                text->names[0] = names->items[name]->text;
                text->name_count = swap->entity;
            }
        }
    return true;
}

/* ---- counting ---- */

struct moved {
    double sum[MOST_GROUPS], squares[MOST_GROUPS]; /* of groups' shifts, over forms */
    double largest;
    uint64_t flips;
};

static double sentiment_of(const struct swap *swap, const struct tw_audit_text *text)
{
    return (double)(swap->entity ? text->name_scores[0] : text->score).sentiment / SENTIMENT_ONE;
}

static uint32_t label_of(const struct swap *swap, const struct tw_audit_text *text)
{
    return tw_label_of(swap->entity ? &text->name_scores[0] : &text->score);
}

static void count_flips(const struct swap *swap, const struct tw_audit_text *texts, struct moved *moved)
{
    uint64_t labels[TW_CLASSES] = {0}, most = 0;
    for (uint32_t at = 0; at < swap->filler_count; at++)
        labels[label_of(swap, &texts[at])]++;
    for (size_t label = 0; label < TW_CLASSES; label++)
        most = labels[label] > most ? labels[label] : most;
    moved->flips += swap->filler_count - most;
}

/* One form's texts. */
static void count_form(const struct swap *swap, const struct tw_audit_text *texts, struct moved *moved)
{
    double means[MOST_GROUPS] = {0}, mean_of_groups = 0, mean_of_names = 0;
    const struct tw_audit_text *at = texts;
    for (uint32_t group = 0; group < swap->groups->count; group++) {
        const uint32_t count = swap->groups->pairs[group].value->count;
        for (uint32_t name = 0; name < count; name++, at++) {
            means[group] += sentiment_of(swap, at) / count;
            mean_of_names += sentiment_of(swap, at) / swap->filler_count;
        }
        mean_of_groups += means[group] / swap->groups->count;
    }
    for (uint32_t group = 0; group < swap->groups->count; group++) {
        const double shift = means[group] - mean_of_groups;
        moved->sum[group] += shift;
        moved->squares[group] += shift * shift;
    }
    for (uint32_t name = 0; name < swap->filler_count; name++)
        moved->largest = fmax(moved->largest, fabs(sentiment_of(swap, &texts[name]) - mean_of_names));
    count_flips(swap, texts, moved);
}

static bool add_rows(
    struct swapping *swapping, const struct swap *swap, const struct moved *moved, struct tw_error *err)
{
    const uint64_t texts = (uint64_t)swap->form_count * swap->filler_count;
    for (uint32_t group = 0; group < swap->groups->count; group++) {
        const char *name = tw_arena_copy(swapping->arena, swap->groups->pairs[group].key->text).bytes;
        if (!name)
            return tw_arena_fail(swapping->arena, err);
        tw_audit_add_mean(swapping->rows, (const char *const[4]){"swaps", swap->name, name, "mean_shift"},
            swap->form_count, moved->sum[group], moved->squares[group]);
    }
    tw_audit_add(swapping->rows, (const char *const[4]){"swaps", swap->name, "largest_shift", NULL}, texts,
        moved->largest);
    tw_audit_add(swapping->rows, (const char *const[4]){"swaps", swap->name, "flips_per_1000", NULL}, texts,
        1000.0 * (double)moved->flips / (double)texts);
    return true;
}

static bool try_swap(struct swapping *swapping, const struct swap *swap, struct tw_error *err)
{
    const size_t count = (size_t)swap->form_count * swap->filler_count;
    struct tw_audit_text *texts = tw_arena_array(swapping->arena, count, sizeof *texts);
    struct moved moved = {0};
    if (!texts)
        return tw_arena_fail(swapping->arena, err);
    if (!make_texts(swapping, swap, texts, err) || !tw_audit_ask(swapping->river, texts, count, err))
        return false;
    for (uint32_t form = 0; form < swap->form_count; form++)
        count_form(swap, texts + (size_t)form * swap->filler_count, &moved);
    return add_rows(swapping, swap, &moved, err);
}

/* All are read before the first is tried: what is wrong is told at once. */
static bool try_all(struct swapping *swapping, const struct tw_yaml_node *list, struct tw_error *err)
{
    struct swap *swaps = tw_arena_array(swapping->arena, list->count, sizeof *swaps);
    if (!swaps)
        return tw_arena_fail(swapping->arena, err);
    bool right = true;
    for (uint32_t at = 0; at < list->count; at++)
        right = read_swap(swapping, list->items[at], &swaps[at]) && right;
    if (swapping->problems->count > 0)
        return tw_problems_fail(swapping->problems, err);
    for (uint32_t at = 0; right && at < list->count; at++)
        right = try_swap(swapping, &swaps[at], err);
    return right;
}

bool tw_audit_swaps(const struct tw_river *river, const struct tw_text_file *source,
    struct tw_problems *problems, struct tw_arena *arena, struct tw_audit_rows *rows, struct tw_error *err)
{
    struct swapping swapping = {river, problems, arena, rows};
    const struct tw_yaml_node *root, *list = NULL;
    struct tw_yaml_value values[FILE_KEYS];
    bool right = tw_yaml_load(source, arena, problems, &root);
    if (right && !root)
        tw_problem_add(problems, source, 0, 0, "write `version: 1` and `swaps:`", "holds no swaps");
    if (root && tw_yaml_read_map(root, file_keys, FILE_KEYS, "a file of swaps", arena, problems, values))
        list = values[SWAPS].node;
    if (list && (list->kind != TW_YAML_LIST || list->count == 0))
        tw_yaml_problem(problems, list, "write its items one a line, `- ...`", "\"swaps\" is no list");
    if (problems->count > 0)
        return tw_problems_fail(problems, err);
    return list && try_all(&swapping, list, err);
}
