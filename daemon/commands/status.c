#include "cli/command.h"
#include "cli/table.h"
#include "config/config.h"
#include "observe/control.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 8 << 20, TIMEOUT_MS = 10000 };

static const char *text_of(const json_t *value, char *buffer, size_t size)
{
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        snprintf(buffer, size, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(buffer, size, "%.6g", json_real_value(value));
    else
        snprintf(buffer, size, "%s", json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "");
    return buffer;
}

/* A row for each line of the text: the reasons why a daemon is not ready are several. */
static bool add_lines(struct tw_table *table, const char *key, const char *text, struct tw_error *err)
{
    do {
        char line[512];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        const char *cells[] = {key, line};
        if (!tw_table_add(table, cells, err))
            return false;
        text += length + (text[length] == '\n');
    } while (*text);
    return true;
}

/* The daemon's numbers, a row each; what is nested is shown by --format json alone. */
static bool print_numbers(const json_t *status, enum tw_format format, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"what", false}, {"value", true}};
    struct tw_table *table = tw_table_new(columns, 2);
    bool added = table != NULL || tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)status, key, value)
    {
        char buffer[64];
        if (!added || json_is_object(value) || json_is_array(value))
            continue;
        added = add_lines(table, key, text_of(value, buffer, sizeof buffer), err);
    }
    added = added && tw_table_print(table, format, stdout, err);
    tw_table_free(table);
    return added;
}

static bool print_partitions(const json_t *partitions, enum tw_format format, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"topic", false}, {"partition", true}, {"state", false},
        {"next_offset", true}, {"lag", true}, {"watermark", false}};
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    struct tw_table *table = tw_table_new(columns, COLUMNS);
    bool added = table != NULL || tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    for (size_t at = 0; added && at < json_array_size(partitions); at++) {
        char buffers[COLUMNS][64];
        const char *cells[COLUMNS];
        for (size_t column = 0; column < COLUMNS; column++)
            cells[column] = text_of(json_object_get(json_array_get(partitions, at), columns[column].name),
                buffers[column], sizeof buffers[column]);
        added = tw_table_add(table, cells, err);
    }
    added = added && tw_table_print(table, format, stdout, err);
    tw_table_free(table);
    return added;
}

static bool show(const char *answer, enum tw_format format, const char *socket, struct tw_error *err)
{
    if (format == TW_FORMAT_JSON)
        return fputs(answer, stdout) >= 0;
    json_error_t why;
    json_t *status = json_loads(answer, 0, &why);
    if (!json_is_object(status)) {
        json_decref(status);
        return tw_fail(err, TW_IO, socket, "use the tapewatch that the daemon runs",
            "answer not understood: %s", why.text);
    }
    bool shown = print_numbers(status, format, err);
    const json_t *partitions = json_object_get(status, "partitions");
    if (shown && json_array_size(partitions) > 0)
        shown = fputc('\n', stdout) != EOF && print_partitions(partitions, format, err);
    json_decref(status);
    return shown;
}

struct options {
    const char *path;
    bool config;
    enum tw_format format;
};

static int ask_and_show(const struct options *options, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_config config;
    char *text = NULL;
    int status = 0;
    const char *verb = options->config ? "config" : "status";
    if (!tw_command_config_load(options->path, true, arena, &config, err) ||
        !tw_control_ask(config.control.socket, verb, TIMEOUT_MS, &status, &text, err))
        return tw_command_failed(err);
    bool plain = options->config || status != 0;
    bool shown = plain ? fputs(text, status == 0 ? stdout : stderr) >= 0
                       : show(text, options->format, config.control.socket, err);
    free(text);
    return shown ? status : tw_command_failed(err);
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    int status = ask_and_show(options, &arena, err);
    tw_arena_end(&arena);
    return status;
}

static const struct tw_option rows[] = {
    /* No long name, as elsewhere: --config asks for the daemon's. */
    {NULL, 'c', "FILE", TW_INTO_PATH(struct options, path),
        .help = "the configuration (default /etc/tapewatch/tapewatch.yaml)"},
    {"config", 0, NULL, TW_INTO_FLAG(struct options, config),
        .help = "every key with the value that the daemon runs with"},
    TW_OPTION_FORMAT(struct options, format),
};

const struct tw_command tw_command_status = {
    .name = "status",
    .group = "run",
    .summary = "what a running daemon is doing",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
