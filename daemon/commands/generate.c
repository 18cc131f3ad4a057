/* generate: templates to records of labelled cases, for finetune and audit. A file named by -o appears whole
 * or not at all. */
#include "cases/generate.h"
#include "base/file.h"
#include "cli/command.h"
#include "config/own_files.h"
#include "files/yaml_tree.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 16 << 20 };

struct options {
    const char *templates, *output;
    int64_t seed, count;
    struct tw_setting_texts events, kinds;
    unsigned part;
    bool plain;
};

/* All that is wrong with the file is shown, with its lines. */
static bool load_templates(
    const char *path, struct tw_arena *arena, struct tw_templates **out, struct tw_error *err)
{
    struct tw_text_file file = {path, {NULL, 0}};
    struct tw_problems problems;
    if (!tw_file_read(path, TW_YAML_MOST_BYTES, arena, &file.bytes, err))
        return false;
    tw_problems_begin(&problems, arena);
    if (tw_templates_load(&file, &problems, out, err))
        return true;
    if (problems.count > 1)
        tw_command_show_problems(&problems, arena);
    return false;
}

/* Into memory first: what cannot be made to its end is not written. */
static bool write_whole(struct tw_generate_options *options, const char *path, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    options->out = open_memstream(&bytes, &length);
    if (!options->out)
        return tw_fail_errno(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for records");
    bool generated = tw_generate(options, err);
    bool kept = fclose(options->out) == 0;
    if (generated && !kept)
        generated = tw_fail_errno(err, TW_INTERNAL, NULL, "ask for fewer", "no memory for records");
    bool written = generated && tw_file_write(path, (struct tw_text){bytes, length}, err);
    free(bytes);
    return written;
}

static unsigned kinds_of(const struct tw_setting_texts *kinds)
{
    unsigned bits = 0;
    for (size_t at = 0; at < kinds->count; at++)
        for (unsigned kind = 0; kind < TW_GENERATE_KINDS; kind++)
            if (strcmp(kinds->items[at], tw_generate_kind_names[kind]) == 0)
                bits |= 1U << kind;
    return kinds->count ? bits : 1U << TW_GENERATE_MUST | 1U << TW_GENERATE_ENTITY;
}

static bool kinds_exist(const struct options *options, struct tw_error *err)
{
    for (size_t at = 0; at < options->kinds.count; at++) {
        const struct tw_setting_texts one = {options->kinds.items + at, 1};
        if (kinds_of(&one) == 0)
            return tw_command_usage("generate", err, "--kind \"%s\": must, entity or same is wanted",
                       options->kinds.items[at]) == 0;
    }
    return true;
}

static bool generate(const struct options *options, struct tw_arena *arena, struct tw_error *err)
{
    const char *path;
    struct tw_templates *templates = NULL;
    if (!kinds_exist(options, err) ||
        !tw_own_file_or(options->templates, "cases.yaml", "templates", arena, &path, err) ||
        !load_templates(path, arena, &templates, err))
        return false;
    struct tw_generate_options call = {.templates = templates,
        .seed = (uint64_t)options->seed,
        .count = (uint64_t)options->count,
        .kinds = kinds_of(&options->kinds),
        .part = (enum tw_generate_part)options->part,
        .events = &options->events,
        .plain = options->plain,
        .out = stdout};
    bool generated = options->output ? write_whole(&call, options->output, err) : tw_generate(&call, err);
    tw_templates_free(templates);
    return generated;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    bool generated = generate(line->options, &arena, err);
    tw_arena_end(&arena);
    return generated ? 0 : tw_command_failed(err);
}

static const struct tw_option rows[] = {
    {"output", 'o', "FILE", TW_INTO_PATH(struct options, output),
        .help = "where the records go (default: standard output)"},
    {"count", 'n', "N", TW_INTO_COUNT(struct options, count), .least = 1, .most = 1000000, .fallback = "1000",
        .help = "how many"},
    {"seed", 0, "N", TW_INTO_COUNT(struct options, seed), .most = INT32_MAX, .fallback = "1",
        .help = "of every draw: the same seed gives the same bytes"},
    {"kind", 0, "KIND", TW_INTO_TEXTS(struct options, kinds),
        .help = "must, entity or same; once for each (default: must and entity)"},
    {"event", 0, "EVENT", TW_INTO_TEXTS(struct options, events),
        .help = "only this event, such as bankruptcy; once for each"},
    {"part", 0, "PART", TW_INTO_CHOICE(struct options, part, tw_generate_part_names), .fallback = "all",
        .help = "phrasings to learn, those held back for measuring (one in ten), or all"},
    {"plain", 0, NULL, TW_INTO_FLAG(struct options, plain),
        .help = "without frames: prefixes, links, capitals"},
    {"templates", 0, "FILE", TW_INTO_PATH(struct options, templates),
        .help = "forms, lists and companies (default: cases.yaml that came with the program)"},
};

const struct tw_command tw_command_generate = {
    .name = "generate",
    .group = "make",
    .summary = "labelled cases from templates: events, negations, arithmetic, two companies",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
