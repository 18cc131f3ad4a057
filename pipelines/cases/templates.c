#include "cases/templates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/file.h"
#include "files/yaml_tree.h"
#include "format/labels.h"

enum { MOST_FORMS = 20000, HELD_OUT_OF = 10, FIXED_ONE = 10000 };

/* Address space; pages are touched as they are used. */
static const size_t set_bytes = (size_t)64 << 20, scratch_bytes = (size_t)128 << 20;

const char *const tw_case_company_names[TW_CASE_COMPANIES] = {"company", "other", "third"};

enum { VERSION, COMPANIES, LISTS, FRAMES, CASES, FILE_KEYS };
static const struct tw_yaml_key file_keys[FILE_KEYS] = {
    [VERSION] = {"version", TW_YAML_COUNT, 1, 1000000, NULL, NULL, "of this file"},
    [COMPANIES] = {"companies", TW_YAML_NODE, 0, 0, NULL, NULL, "forms of companies' names"},
    [LISTS] = {"lists", TW_YAML_NODE, 0, 0, NULL, "", "named lists of forms"},
    [FRAMES] = {"frames", TW_YAML_NODE, 0, 0, NULL, "", "what may stand around a text"},
    [CASES] = {"cases", TW_YAML_NODE, 0, 0, NULL, NULL, "groups of forms"},
};

enum { FRAME_FORM, FRAME_WEIGHT, FRAME_KEYS };
static const struct tw_yaml_key frame_keys[FRAME_KEYS] = {
    [FRAME_FORM] = {"form", TW_YAML_TEXT, 1, TW_TEMPLATE_FORM_BYTES, NULL, NULL, "with {text} in it"},
    [FRAME_WEIGHT] = {"weight", TW_YAML_FIXED, 1, 10000000, NULL, "1", "its share of the draws"},
};

enum { EVENT, KIND, LABEL, ENTITIES, WEIGHT, FORMS, GROUP_KEYS };
static const struct tw_yaml_key group_keys[GROUP_KEYS] = {
    [EVENT] = {"event", TW_YAML_TEXT, 1, 40, NULL, NULL, "what the forms tell"},
    [KIND] = {"kind", TW_YAML_TEXT, 1, 40, NULL, "", "what sets the group apart from others of its event"},
    [LABEL] = {"label", TW_YAML_TEXT, 1, 40, NULL, "", "of the text, and of {company}"},
    [ENTITIES] = {"entities", TW_YAML_NODE, 0, 0, NULL, "", "labels of companies"},
    [WEIGHT] = {"weight", TW_YAML_FIXED, 1, 10000000, NULL, "1", "its share of the draws"},
    [FORMS] = {"forms", TW_YAML_NODE, 0, 0, NULL, NULL, "the phrasings"},
};

/* A loading under way. */
struct loader {
    struct tw_templates *set;
    struct tw_arena *scratch;
    struct tw_problems *problems;
    const struct tw_yaml_node *list_nodes[TW_TEMPLATE_LISTS]; /* of the lists, for messages */
    uint32_t form_count;
};

/* ---- slots ---- */

static const char *const modifier_names[TW_MODIFIERS] = {
    "", "low", "high", "upper", "lower", "last", "short", "ticker"};
/* What may follow a slot's point, by its kind. */
static const unsigned modifiers_of[] = {
    [TW_SLOT_TEXT] = 1U << TW_MODIFIER_UPPER | 1U << TW_MODIFIER_LOWER,
    [TW_SLOT_COMPANY] = 1U << TW_MODIFIER_SHORT | 1U << TW_MODIFIER_TICKER,
    [TW_SLOT_NUMBER] = 1U << TW_MODIFIER_LOW | 1U << TW_MODIFIER_HIGH,
    [TW_SLOT_LIST] = 1U << TW_MODIFIER_UPPER | 1U << TW_MODIFIER_LOWER | 1U << TW_MODIFIER_LAST,
};

static bool find_name(struct tw_text name, const char *const *names, uint32_t count, uint32_t *out)
{
    for (*out = 0; *out < count; (*out)++)
        if (tw_text_equal(name, tw_text_of(names[*out])))
            return true;
    return false;
}

static bool find_list(const struct tw_templates *templates, struct tw_text name, uint32_t *out)
{
    for (*out = 0; *out < templates->list_count; (*out)++)
        if (tw_text_equal(name, templates->lists[*out].name))
            return true;
    return false;
}

static bool find_slot(const struct tw_templates *templates, struct tw_text name, struct tw_case_slot *out)
{
    out->which = 0;
    if (tw_text_equal(name, tw_text_of("text")))
        out->kind = TW_SLOT_TEXT;
    else if (find_name(name, tw_case_company_names, TW_CASE_COMPANIES, &out->which))
        out->kind = TW_SLOT_COMPANY;
    else if (find_name(name, tw_case_number_names, TW_CASE_NUMBER_KINDS, &out->which))
        out->kind = TW_SLOT_NUMBER;
    else if (find_list(templates, name, &out->which))
        out->kind = TW_SLOT_LIST;
    else
        return false;
    return true;
}

/* What stands before the byte is cut off and returned; without such a byte all of it, and nothing is left. */
static struct tw_text cut_off(struct tw_text *rest, char byte)
{
    const char *found = rest->length ? memchr(rest->bytes, byte, rest->length) : NULL;
    struct tw_text first = *rest;
    if (!found) {
        *rest = (struct tw_text){rest->bytes + rest->length, 0};
        return first;
    }
    first.length = (size_t)(found - rest->bytes);
    *rest = (struct tw_text){found + 1, rest->length - first.length - 1};
    return first;
}

bool tw_case_slot_read(
    const struct tw_templates *templates, struct tw_text inside, struct tw_case_slot *out, char what[160])
{
    struct tw_text modifier = inside;
    struct tw_text instance = cut_off(&modifier, '.');
    struct tw_text name = cut_off(&instance, ':');
    uint32_t number;
    *out = (struct tw_case_slot){.instance = instance};
    if (!find_slot(templates, name, out)) {
        snprintf(what, 160, "no list, number or company is called \"%.*s\"",
            name.length < 60 ? (int)name.length : 60, name.bytes);
        return false;
    }
    if (!find_name(modifier, modifier_names, TW_MODIFIERS, &number) ||
        (number != TW_MODIFIER_NONE && !(modifiers_of[out->kind] & 1U << number))) {
        snprintf(what, 160, "\".%.*s\" cannot follow \"%.*s\"",
            modifier.length < 40 ? (int)modifier.length : 40, modifier.bytes, (int)name.length, name.bytes);
        return false;
    }
    out->modifier = (enum tw_case_modifier)number;
    return true;
}

size_t tw_case_closing(struct tw_text text, size_t at)
{
    const char open = text.bytes[at], close = open == '[' ? ']' : '}';
    size_t depth = 0;
    for (; at < text.length; at++) {
        depth += text.bytes[at] == open;
        depth -= text.bytes[at] == close;
        if (depth == 0)
            return at;
    }
    return text.length;
}

/* ---- forms ---- */

/* A problem at a byte of a scalar's text. */
static bool form_problem(
    struct loader *loader, const struct tw_yaml_node *node, size_t at, const char *cure, const char *what)
{
    return tw_problem_add(loader->problems, node->source, node->line,
        node->column + (node->quoted ? 1 : 0) + (uint32_t)at, cure, "%s", what);
}

/* What a form holds. */
struct contents {
    uint32_t texts;     /* {text} */
    unsigned companies; /* a bit for each */
    uint32_t depth;     /* of the deepest list */
};

static bool check_slot(struct loader *loader, const struct tw_yaml_node *node, size_t at, size_t end,
    bool in_list, struct contents *out)
{
    struct tw_case_slot slot;
    char what[160];
    const struct tw_text inside = {node->text.bytes + at + 1, end - at - 1};
    if (!tw_case_slot_read(loader->set, inside, &slot, what))
        return form_problem(
            loader, node, at, "write it under `lists`, or see the head of config/cases.yaml", what);
    if (in_list && (slot.kind == TW_SLOT_COMPANY || slot.kind == TW_SLOT_TEXT))
        return form_problem(
            loader, node, at, "write it in a form", "an item of a list cannot name the text or a company");
    out->texts += slot.kind == TW_SLOT_TEXT;
    if (slot.kind == TW_SLOT_COMPANY)
        out->companies |= 1U << slot.which;
    if (slot.kind == TW_SLOT_LIST && loader->set->lists[slot.which].depth > out->depth)
        out->depth = loader->set->lists[slot.which].depth;
    return true;
}

/* Brackets, braces and slots of one form. */
static bool check_form(
    struct loader *loader, const struct tw_yaml_node *node, bool in_list, struct contents *out)
{
    *out = (struct contents){0};
    if (node->kind != TW_YAML_SCALAR)
        return tw_yaml_problem(loader->problems, node, "write it in quotes", "a form is no text");
    const struct tw_text text = node->text;
    if (text.length > TW_TEMPLATE_FORM_BYTES)
        return tw_yaml_problem(loader->problems, node, "write several forms",
            "a form of %zu bytes, %d are allowed", text.length, TW_TEMPLATE_FORM_BYTES);
    bool right = true;
    int open = 0;
    for (size_t at = 0; at < text.length; at++) {
        const char byte = text.bytes[at];
        const size_t end = byte == '[' || byte == '{' ? tw_case_closing(text, at) : at;
        if (end == text.length || byte == '}' || (byte == ']' && open == 0))
            return form_problem(
                loader, node, at, "close it, or leave it out", "a bracket without its other half");
        open += (byte == '[') - (byte == ']');
        if (byte == '{') {
            right = check_slot(loader, node, at, end, in_list, out) && right;
            at = end;
        }
    }
    return right;
}

static bool no_memory(struct tw_error *err)
{
    return tw_fail(err, TW_FULL, NULL, "split the file", "templates need too much memory");
}

static bool is_list(struct loader *loader, const struct tw_yaml_node *node, const char *of)
{
    if (node->kind == TW_YAML_LIST && node->count > 0)
        return true;
    return tw_yaml_problem(
        loader->problems, node, "write its items one a line, `- ...`", "\"%s\" is no list of forms", of);
}

/* The items' texts; their slots are checked later, when all lists are known. */
static bool copy_items(
    struct loader *loader, const struct tw_yaml_node *node, struct tw_case_list *out, struct tw_error *err)
{
    struct tw_text *items = tw_arena_array(&loader->set->arena, node->count, sizeof *items);
    for (uint32_t at = 0; items && at < node->count; at++) {
        items[at] = tw_arena_copy(&loader->set->arena, node->items[at]->text);
        if (!items[at].bytes)
            return no_memory(err);
    }
    out->items = items;
    out->count = node->count;
    return items ? true : no_memory(err);
}

/* ---- lists ---- */

static bool read_lists(struct loader *loader, const struct tw_yaml_node *map, struct tw_error *err)
{
    if (map->kind != TW_YAML_MAP || map->count > TW_TEMPLATE_LISTS)
        return tw_yaml_problem(loader->problems, map, "write `name: [form, form]`",
            "\"lists\" is no map of at most %d", TW_TEMPLATE_LISTS);
    bool right = true;
    for (uint32_t at = 0; at < map->count; at++) {
        struct tw_case_slot known;
        const struct tw_yaml_pair *pair = &map->pairs[at];
        if (!is_list(loader, pair->value, "lists")) {
            right = false;
            continue;
        }
        if (find_slot(loader->set, pair->key->text, &known))
            right = tw_yaml_problem(loader->problems, pair->key, "give the list another name",
                "\"%.*s\" is a slot's name already", (int)pair->key->text.length, pair->key->text.bytes);
        struct tw_case_list *list = &loader->set->lists[loader->set->list_count];
        list->name = tw_arena_copy(&loader->set->arena, pair->key->text);
        if (!list->name.bytes || !copy_items(loader, pair->value, list, err))
            return no_memory(err);
        loader->list_nodes[loader->set->list_count++] = pair->value;
    }
    return right;
}

/* Checks the items and finds how deep the list stands now; *deeper when it is more than it was. */
static bool measure_list(struct loader *loader, uint32_t number, bool *deeper)
{
    struct tw_case_list *list = &loader->set->lists[number];
    const struct tw_yaml_node *node = loader->list_nodes[number];
    uint32_t depth = 1;
    bool right = true;
    for (uint32_t at = 0; node && at < node->count; at++) {
        struct contents contents;
        right = check_form(loader, node->items[at], true, &contents) && right;
        if (contents.depth + 1 > depth)
            depth = contents.depth + 1;
    }
    *deeper = *deeper || depth > list->depth;
    list->depth = depth;
    return right;
}

/* A list's depth settles after as many rounds as there are lists, unless it stands in itself. */
static bool measure_lists(struct loader *loader)
{
    for (uint32_t round = 0; round <= loader->set->list_count; round++) {
        bool deeper = false, right = true;
        for (uint32_t at = 0; at < loader->set->list_count; at++)
            right = measure_list(loader, at, &deeper) && right;
        if (!right || !deeper)
            return right;
    }
    uint32_t deepest = 0;
    for (uint32_t at = 1; at < loader->set->list_count; at++)
        if (loader->set->lists[at].depth > loader->set->lists[deepest].depth)
            deepest = at;
    return tw_yaml_problem(loader->problems, loader->list_nodes[deepest], "take it out of its own items",
        "the list \"%.*s\" stands in itself", (int)loader->set->lists[deepest].name.length,
        loader->set->lists[deepest].name.bytes);
}

static bool read_companies(struct loader *loader, const struct tw_yaml_node *node, struct tw_error *err)
{
    struct contents contents;
    bool right = is_list(loader, node, "companies");
    for (uint32_t at = 0; right && at < node->count; at++)
        right = check_form(loader, node->items[at], true, &contents);
    return right && copy_items(loader, node, &loader->set->companies, err);
}

/* ---- frames ---- */

static bool read_frame(struct loader *loader, const struct tw_yaml_node *node, struct tw_error *err)
{
    struct tw_yaml_value values[FRAME_KEYS];
    struct contents contents;
    if (!tw_yaml_read_map(
            node, frame_keys, FRAME_KEYS, "a frame", loader->scratch, loader->problems, values) ||
        !check_form(loader, values[FRAME_FORM].node, false, &contents))
        return false;
    if (contents.texts != 1)
        return tw_yaml_problem(loader->problems, values[FRAME_FORM].node, "write {text} where the text goes",
            "a frame holds {text} once, not %u times", contents.texts);
    struct tw_case_frame *frame = &loader->set->frames[loader->set->frame_count++];
    *frame = (struct tw_case_frame){.text = tw_arena_copy(&loader->set->arena, values[FRAME_FORM].text),
        .weight = (double)values[FRAME_WEIGHT].number / FIXED_ONE,
        .names_company = contents.companies != 0};
    return frame->text.bytes ? true : no_memory(err);
}

static bool read_frames(struct loader *loader, const struct tw_yaml_node *node, struct tw_error *err)
{
    bool right = is_list(loader, node, "frames");
    if (!right)
        return false;
    loader->set->frames = tw_arena_array(&loader->set->arena, node->count, sizeof *loader->set->frames);
    if (!loader->set->frames)
        return no_memory(err);
    for (uint32_t at = 0; at < node->count; at++)
        right = read_frame(loader, node->items[at], err) && right;
    return right;
}

/* ---- groups ---- */

static bool read_label(
    struct loader *loader, const struct tw_yaml_node *node, struct tw_text text, int32_t *out)
{
    *out = tw_class_of(text);
    return *out >= 0 ? true
                     : tw_yaml_problem(loader->problems, node, "write negative, neutral or positive",
                           "\"%.*s\" is no label", (int)(text.length < 60 ? text.length : 60), text.bytes);
}

static bool read_company_labels(
    struct loader *loader, const struct tw_yaml_node *map, struct tw_case_group *group)
{
    if (map->kind != TW_YAML_MAP || map->count == 0)
        return tw_yaml_problem(loader->problems, map, "write {company: positive, other: negative}",
            "\"entities\" is no map of labels");
    bool right = true;
    for (uint32_t at = 0; at < map->count; at++) {
        uint32_t company;
        if (!find_name(map->pairs[at].key->text, tw_case_company_names, TW_CASE_COMPANIES, &company))
            right = tw_yaml_problem(loader->problems, map->pairs[at].key, "name company, other or third",
                "no company is called so");
        else
            right = read_label(
                        loader, map->pairs[at].value, map->pairs[at].value->text, &group->labels[company]) &&
                    right;
    }
    return right;
}

static uint64_t hash_of(const struct tw_case_form *form)
{
    return XXH3_64bits(form->text.bytes, form->text.length);
}

/* One form in ten; of a group of some size one at least, that of the lowest hash. */
static void hold_back(struct tw_case_form *forms, uint32_t count)
{
    enum { SOME = 4 };
    uint32_t lowest = 0, held = 0;
    for (uint32_t at = 0; at < count; at++) {
        forms[at].held = hash_of(&forms[at]) % HELD_OUT_OF == 0;
        held += forms[at].held;
        if (hash_of(&forms[at]) < hash_of(&forms[lowest]))
            lowest = at;
    }
    if (held == 0 && count >= SOME)
        forms[lowest].held = true;
}

static bool read_forms(
    struct loader *loader, const struct tw_yaml_node *node, struct tw_case_group *group, struct tw_error *err)
{
    bool right = is_list(loader, node, "forms");
    if (!right)
        return false;
    if (loader->form_count + node->count > MOST_FORMS)
        return tw_yaml_problem(loader->problems, node, "split the file", "more than %d forms", MOST_FORMS);
    struct tw_case_form *forms = tw_arena_array(&loader->set->arena, node->count, sizeof *forms);
    if (!forms)
        return no_memory(err);
    for (uint32_t at = 0; at < node->count; at++) {
        const struct tw_yaml_node *item = node->items[at];
        struct contents contents;
        right = check_form(loader, item, false, &contents) && right;
        if (contents.texts)
            right = form_problem(loader, item, 0, "leave it to the frames", "a form cannot hold {text}");
        forms[at] = (struct tw_case_form){.text = tw_arena_copy(&loader->set->arena, item->text),
            .line = item->line,
            .number = loader->form_count++};
        if (!forms[at].text.bytes)
            return no_memory(err);
    }
    hold_back(forms, node->count);
    group->forms = forms;
    group->count = node->count;
    return right;
}

static bool read_group(struct loader *loader, const struct tw_yaml_node *node, struct tw_error *err)
{
    struct tw_yaml_value values[GROUP_KEYS];
    struct tw_case_group *group = &loader->set->groups[loader->set->group_count++];
    *group = (struct tw_case_group){.label = -1, .labels = {-1, -1, -1}};
    if (!tw_yaml_read_map(node, group_keys, GROUP_KEYS, "a group", loader->scratch, loader->problems, values))
        return false;
    group->event = tw_arena_copy(&loader->set->arena, values[EVENT].text);
    group->kind = tw_arena_copy(&loader->set->arena, values[KIND].text);
    group->weight = (double)values[WEIGHT].number / FIXED_ONE;
    if (!group->event.bytes || !group->kind.bytes)
        return no_memory(err);
    bool right = true;
    if (values[LABEL].node)
        right = read_label(loader, values[LABEL].node, values[LABEL].text, &group->label);
    if (values[ENTITIES].node)
        right = read_company_labels(loader, values[ENTITIES].node, group) && right;
    else
        group->labels[TW_CASE_COMPANY] = group->label;
    if (!values[LABEL].node && !values[ENTITIES].node)
        right = tw_yaml_problem(
            loader->problems, node, "write `label: negative`, or `entities:`", "the group teaches no label");
    return read_forms(loader, values[FORMS].node, group, err) && right;
}

static bool read_groups(struct loader *loader, const struct tw_yaml_node *node, struct tw_error *err)
{
    bool right = is_list(loader, node, "cases");
    if (!right)
        return false;
    if (node->count > TW_TEMPLATE_GROUPS)
        return tw_yaml_problem(loader->problems, node, "put groups of one label together",
            "%u groups, %d are allowed", node->count, TW_TEMPLATE_GROUPS);
    for (uint32_t at = 0; at < node->count; at++)
        right = read_group(loader, node->items[at], err) && right;
    return right;
}

/* ---- the file ---- */

static bool read_file(struct loader *loader, const struct tw_text_file *source, struct tw_error *err)
{
    const struct tw_yaml_node *root;
    struct tw_yaml_value values[FILE_KEYS];
    bool right = tw_yaml_load(source, loader->scratch, loader->problems, &root);
    if (!root)
        return right ? tw_problem_add(loader->problems, source, 0, 0,
                           "write `version: 1`, `companies:` and `cases:`", "holds no templates")
                     : false;
    right = tw_yaml_read_map(root, file_keys, FILE_KEYS, "a file of templates", loader->scratch,
                loader->problems, values) &&
            right;
    if (values[LISTS].node)
        right = read_lists(loader, values[LISTS].node, err) && right;
    if (loader->problems->count > 0 || !right)
        return false;
    right = measure_lists(loader);
    right = read_companies(loader, values[COMPANIES].node, err) && right;
    if (values[FRAMES].node)
        right = read_frames(loader, values[FRAMES].node, err) && right;
    return read_groups(loader, values[CASES].node, err) && right;
}

static bool load(struct loader *loader, const struct tw_text_file *source, struct tw_error *err)
{
    if (read_file(loader, source, err) && loader->problems->count == 0)
        return true;
    return loader->problems->count > 0 ? tw_problems_fail(loader->problems, err) : false;
}

bool tw_templates_load(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_templates **out, struct tw_error *err)
{
    struct tw_arena scratch;
    *out = NULL;
    struct tw_templates *set = calloc(1, sizeof *set);
    struct loader *loader = calloc(1, sizeof *loader);
    bool loaded = false;
    if (!set || !loader)
        tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for templates");
    else if (tw_arena_begin(&set->arena, set_bytes, err) && tw_arena_begin(&scratch, scratch_bytes, err)) {
        *loader = (struct loader){.set = set, .scratch = &scratch, .problems = problems};
        loaded = load(loader, source, err);
        tw_arena_end(&scratch);
    }
    free(loader);
    if (loaded)
        *out = set;
    else
        tw_templates_free(set);
    return loaded;
}

bool tw_templates_read(
    const char *path, struct tw_arena *arena, struct tw_templates **out, struct tw_error *err)
{
    struct tw_text_file file = {path, {NULL, 0}};
    struct tw_problems problems;
    *out = NULL;
    if (!tw_file_read(path, TW_YAML_MOST_BYTES, arena, &file.bytes, err))
        return false;
    tw_problems_begin(&problems, arena);
    return tw_templates_load(&file, &problems, out, err);
}

void tw_templates_free(struct tw_templates *templates)
{
    if (!templates)
        return;
    tw_arena_end(&templates->arena);
    free(templates);
}
