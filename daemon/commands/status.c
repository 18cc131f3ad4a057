#include "cli/command.h"
#include "config/config.h"
#include "observe/control.h"
#include "observe/metrics.h"
#include "terminal/table.h"

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

/* ---- for people: a headline, why it is not ready, what it is, what it has done ---- */

static long long number_of(const json_t *status, const char *key)
{
    return (long long)json_integer_value(json_object_get(status, key));
}

static const char *string_of(const json_t *status, const char *key)
{
    const char *text = json_string_value(json_object_get(status, key));
    return text ? text : "";
}

/* 1,204,331 */
static const char *grouped(long long number, char text[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", number < 0 ? 0 : number), used = 0;
    for (int at = 0; at < length; at++) {
        if (at > 0 && (length - at) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[at];
    }
    text[used] = '\0';
    return text;
}

/* The two largest units: "3 d 4 h", "12 min 5 s". */
static const char *span(long long seconds, char text[64])
{
    static const struct {
        const char *name;
        long long seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    enum { UNITS = sizeof units / sizeof units[0] };
    size_t first = 0;
    while (first + 1 < UNITS && seconds < units[first].seconds)
        first++;
    int used = snprintf(text, 64, "%lld %s", seconds / units[first].seconds, units[first].name);
    if (first + 1 < UNITS && seconds % units[first].seconds / units[first + 1].seconds > 0)
        snprintf(text + used, 64 - (size_t)used, " %lld %s",
            seconds % units[first].seconds / units[first + 1].seconds, units[first + 1].name);
    return text;
}

static void print_reasons(const char *why)
{
    for (; *why; why += strcspn(why, "\n"), why += *why == '\n')
        printf("  %.*s\n", (int)strcspn(why, "\n"), why);
}

/* Whom alerts are told to, a line each. */
static void print_told(const json_t *status)
{
    for (size_t target = 0; target < TW_TELL_TARGETS; target++) {
        char name[64];
        snprintf(name, sizeof name, "told_%s", tw_tell_target_names[target]);
        if (json_is_string(json_object_get(status, name)))
            printf("told          %s: %s\n", tw_tell_target_names[target], string_of(status, name));
    }
}

static void print_glance(const json_t *status)
{
    char text[64], number[32];
    bool ready = json_is_true(json_object_get(status, "ready"));
    printf("tapewatch %s, up %s: %s\n", string_of(status, "version"),
        span(number_of(status, "up_seconds"), text), ready ? "ready" : "NOT READY");
    print_reasons(string_of(status, "why"));
    printf("\nmodel         %s (%.8s)\n", string_of(status, "model"), string_of(status, "sha256"));
    printf("rules         %lld, entities %s\n", number_of(status, "rules"),
        grouped(number_of(status, "entities"), number));
    if (string_of(status, "events_sha256")[0])
        printf("events        version %lld (%.8s)\n", number_of(status, "events_version"),
            string_of(status, "events_sha256"));
    else
        printf("events        none\n");
    printf("lag           %s records\n", grouped(number_of(status, tw_gauge_name(TW_GAUGE_LAG)), number));
    printf("documents     %s", grouped(number_of(status, tw_counter_name(TW_COUNT_DOCUMENTS)), number));
    printf(" stored, %s/s\n", grouped(number_of(status, "documents_a_second"), number));
    printf("dead letters  %s\n", grouped(number_of(status, tw_counter_name(TW_COUNT_DEAD_LETTERS)), number));
    printf(
        "late          %s documents\n", grouped(number_of(status, tw_counter_name(TW_COUNT_LATE)), number));
    printf("alerts        %s opened since the start\n",
        grouped(number_of(status, tw_counter_name(TW_COUNT_ALERTS_OPENED)), number));
    if (json_is_string(json_object_get(status, "slowest_batch")))
        printf("slowest       %s (of the last minute)\n", string_of(status, "slowest_batch"));
    print_told(status);
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
    bool shown = true;
    if (format == TW_FORMAT_TABLE)
        print_glance(status);
    else
        shown = print_numbers(status, format, err);
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
