#include "cli/manual.h"
#include "base/file.h"
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROSE_BYTES = 1 << 20, ARENA_BYTES = 2 << 20, PATH_BYTES = 4096 };

struct options {
    const char *prose;
    const char *output;
};

/* The page as bytes, malloc'ed. */
static bool make_page(
    const struct tw_manual_page *page, struct tw_text prose, struct tw_text *out, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);
    if (!stream)
        return tw_fail(err, TW_INTERNAL, page->name, NULL, "out of memory");
    bool done = tw_manual_print(page, prose, stream, err);
    if (fclose(stream) != 0 && done)
        done = tw_fail(err, TW_INTERNAL, page->name, NULL, "out of memory");
    *out = (struct tw_text){bytes, length};
    if (!done)
        free(bytes);
    return done;
}

static bool write_page(const struct options *options, const struct tw_manual_page *page, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_text prose, text;
    char name[sizeof page->name + sizeof ".1.scd"], path[PATH_BYTES];
    snprintf(name, sizeof name, "%s.scd", page->name);
    bool done = tw_arena_begin(&arena, ARENA_BYTES, err) &&
                tw_path_join(path, sizeof path, options->prose, name, err) &&
                tw_file_read(path, PROSE_BYTES, &arena, &prose, err);
    snprintf(name, sizeof name, "%s.%d.scd", page->name, page->section);
    done = done && tw_path_join(path, sizeof path, options->output, name, err) &&
           make_page(page, prose, &text, err);
    if (done) {
        done = tw_file_write(path, text, err);
        free((char *)(uintptr_t)text.bytes);
    }
    tw_arena_end(&arena);
    return done;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_manual_page page;
    for (size_t at = 0; tw_manual_page(at, &page); at++)
        if (!write_page(line->options, &page, err))
            return tw_command_failed(err);
    return 0;
}

static const struct tw_option rows[] = {
    {"prose", 0, "FOLDER", TW_INTO_PATH(struct options, prose), .required = true,
        .help = "what the tables do not say, a file a page: deploy/man of the source"},
    {"output", 'o', "FOLDER", TW_INTO_PATH(struct options, output), .required = true,
        .help = "where the pages go, as scdoc reads them"},
};

const struct tw_command tw_command_dev_manual = {
    .name = "dev manual",
    .group = "dev",
    .summary = "manual pages from the tables of options and keys",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
