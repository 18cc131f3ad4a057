#include "config.h"

#include "decode.h"
#include "problems.h"
#include "yamlfile.h"

#include "base/file.h"
#include "base/size.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a value of the file becomes a field of struct tw_config. */
enum field {
    FIELD_BOOL,
    FIELD_INT,        /* int64_t, the number divided by `divide` */
    FIELD_SIZE,       /* size_t */
    FIELD_STRING,     /* const char * */
    FIELD_PATH,       /* const char *, relative to the file's folder */
    FIELD_STRINGS,    /* struct tw_strings */
    FIELD_NAMES,      /* struct tw_name_list */
    FIELD_PROPERTIES, /* struct tw_properties */
    FIELD_UNIT,       /* enum tw_time_unit, by the choice's index */
};

enum owner { OWNER_CONFIG, OWNER_DECODE };

struct row {
    const char *section; /* "" for a key of the file's top */
    struct tw_yaml_key key;
    const char *standard; /* the default, as YAML; "" for none */
    enum field field;
    enum owner owner;
    size_t offset;
    int64_t divide;
    bool reloadable;
};

static const char *const out_of_range_choices[] = {"stop", "earliest", "latest", NULL};
static const char *const kind_choices[] = {"folder", "constant", NULL};
static const char *const backend_choices[] = {"auto", "onednn", "openblas", "portable", NULL};
static const char *const level_choices[] = {"debug", "info", "notice", "warning", "error", NULL};
static const char *const format_choices[] = {"auto", "logfmt", "journal", NULL};
static const char *const unit_choices[] = {"ms", "s", "us", NULL};

#define AT(member) OWNER_CONFIG, offsetof(struct tw_config, member)
#define DECODE_AT(member) OWNER_DECODE, offsetof(struct tw_decode_options, member)
#define SECONDS(number) ((int64_t)(number)*1000000)
#define MIB(number) ((int64_t)(number) << 20)
#define ANY_TEXT 0, 65536

/* clang-format off */
static const struct row rows[] = {
    {"", {"dev", TW_YAML_BOOL, 0, 1, NULL, "",
        "Allows what must never run in production, such as model.kind: constant."},
        "false", FIELD_BOOL, AT(dev), 1, false},

    {"kafka", {"topics", TW_YAML_TEXTS, 1, 1000, NULL, "", "Topics to read."},
        "[news]", FIELD_STRINGS, AT(kafka.topics), 1, false},
    {"kafka", {"group", TW_YAML_TEXT, 1, 249, NULL, "", "Consumer group; daemons of one group share the partitions."},
        "tapewatch", FIELD_STRING, AT(kafka.group), 1, false},
    {"kafka", {"properties", TW_YAML_NODE, 0, 0, NULL, "",
        "Properties of librdkafka by its own names, passed on untouched: bootstrap.servers, TLS, SASL. Those that the daemon's promises rest on are refused by name."},
        "{bootstrap.servers: \"localhost:9092\"}", FIELD_PROPERTIES, AT(kafka.properties), 1, false},
    {"kafka", {"secrets", TW_YAML_NODE, 0, 0, NULL, "",
        "Properties whose value stands in a file, such as sasl.password: a path, or the name of a systemd credential."},
        "{}", FIELD_PROPERTIES, AT(kafka.secrets), 1, false},
    {"kafka", {"out_of_range", TW_YAML_CHOICE, 0, 2, out_of_range_choices, "",
        "What to do when the stored offset is no longer in the topic: stop that partition and say so, or go on at the earliest or latest record there is (records between are lost, and counted)."},
        "stop", FIELD_STRING, AT(kafka.out_of_range), 1, false},

    {"store", {"conninfo", TW_YAML_TEXT, 1, 4096, NULL, "", "How to reach PostgreSQL: libpq's connection string or URI, untouched. Without a password."},
        "dbname=tapewatch", FIELD_STRING, AT(store.conninfo), 1, false},
    {"store", {"password_file", TW_YAML_TEXT, ANY_TEXT, NULL, "", "File that holds the password on its first line, or the name of a systemd credential."},
        "", FIELD_PATH, AT(store.password_file), 1, false},
    {"store", {"new_days_per_minute", TW_YAML_COUNT, 1, 100000, NULL, "", "Most days of tables made in a minute; beyond that commits wait, loudly."},
        "100", FIELD_INT, AT(store.new_days_per_minute), 1, false},
    {"store", {"rows_per_statement", TW_YAML_COUNT, 1, 100000, NULL, "", "Rows sent in one statement."},
        "1000", FIELD_INT, AT(store.rows_per_statement), 1, false},
    {"store", {"lock_timeout", TW_YAML_DURATION, 1000, SECONDS(3600), NULL, "", "How long a takeover waits for a lock before it ends the backend that holds it."},
        "2s", FIELD_INT, AT(store.lock_timeout_ms), 1000, false},
    {"store", {"retry_most", TW_YAML_DURATION, 1000, SECONDS(3600), NULL, "", "Longest pause between two tries of a commit or a connection."},
        "5s", FIELD_INT, AT(store.retry_most_ms), 1000, false},

    {"model", {"path", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Folder of the model (config.json, vocab.txt, model.safetensors). None: the model that came with the program."},
        "", FIELD_PATH, AT(model.path), 1, false},
    {"model", {"kind", TW_YAML_CHOICE, 0, 1, kind_choices, "", "constant replaces the encoder by a hash of the token ids, to measure everything else; needs dev: true."},
        "folder", FIELD_STRING, AT(model.kind), 1, false},
    {"model", {"max_tokens", TW_YAML_COUNT, 3, 100000, NULL, "", "Most tokens of a text that the model reads; its own limits hold too."},
        "512", FIELD_INT, AT(model.max_tokens), 1, false},
    {"model", {"labels", TW_YAML_TEXTS, 0, 16, NULL, "", "Labels in the model's order, for a checkpoint that does not name them."},
        "", FIELD_STRINGS, AT(model.labels), 1, false},

    {"gemm", {"backend", TW_YAML_CHOICE, 0, 3, backend_choices, "", "Which library multiplies matrices; auto takes the faster one that keeps rows bit-stable, by a short probe."},
        "auto", FIELD_STRING, AT(gemm.backend), 1, false},

    {"decode", {"id", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the message's id; the first present wins."},
        "[id]", FIELD_NAMES, DECODE_AT(id), 1, false},
    {"decode", {"time", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the event time."},
        "[ts, time, timestamp]", FIELD_NAMES, DECODE_AT(time), 1, false},
    {"decode", {"title", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the title."},
        "[title, headline]", FIELD_NAMES, DECODE_AT(title), 1, false},
    {"decode", {"body", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the body."},
        "[body, text]", FIELD_NAMES, DECODE_AT(body), 1, false},
    {"decode", {"source", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the source."},
        "[source]", FIELD_NAMES, DECODE_AT(source), 1, false},
    {"decode", {"language", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the language."},
        "[language, lang]", FIELD_NAMES, DECODE_AT(language), 1, false},
    {"decode", {"symbols", TW_YAML_TEXTS, 1, 32, NULL, "", "Field names of the list of symbols."},
        "[symbols]", FIELD_NAMES, DECODE_AT(symbols), 1, false},
    {"decode", {"time_unit", TW_YAML_CHOICE, 0, 2, unit_choices, "", "Unit of an event time written as an integer."},
        "ms", FIELD_UNIT, DECODE_AT(time_unit), 1, false},
    {"decode", {"most_bytes", TW_YAML_SIZE, 1024, MIB(256), NULL, "", "Longest payload that is decoded; a longer one becomes a dead letter."},
        "4MiB", FIELD_SIZE, DECODE_AT(max_payload_bytes), 1, false},

    {"time", {"max_ahead", TW_YAML_DURATION, 0, SECONDS(366 * 86400LL), NULL, "", "How far an event time may lie beyond the record's Kafka stamp; later ones become dead letters and do not move the watermark."},
        "1d", FIELD_INT, DECODE_AT(max_ahead_us), 1, false},

    {"link", {"entities", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Entities file, JSON Lines. None: symbols alone are linked."},
        "", FIELD_PATH, AT(link.entities), 1, true},
    {"link", {"unlisted", TW_YAML_BOOL, 0, 1, NULL, "", "Symbols that the entities file does not list become entities of their own."},
        "true", FIELD_BOOL, AT(link.unlisted), 1, true},

    {"rules", {"path", TW_YAML_TEXT, ANY_TEXT, NULL, "", "Rules file. None: no alerts."},
        "", FIELD_PATH, AT(rules.path), 1, true},

    {"watermark", {"lateness", TW_YAML_DURATION, 0, SECONDS(7 * 86400LL), NULL, "", "How long a document may be overtaken by others in event time and still be in time."},
        "60s", FIELD_INT, AT(watermark.lateness_us), 1, false},
    {"watermark", {"idle_after", TW_YAML_DURATION, SECONDS(1), SECONDS(86400), NULL, "", "A partition that is read to its end and silent for this long does not hold the watermark back."},
        "30s", FIELD_INT, AT(watermark.idle_after_us), 1, false},

    {"batch", {"most_bytes", TW_YAML_SIZE, 1024, MIB(64), NULL, "", "A batch is cut at this many payload bytes, whatever its age."},
        "1MiB", FIELD_INT, AT(batch.most_bytes), 1, false},
    {"batch", {"most_documents", TW_YAML_COUNT, 1, 100000, NULL, "", "A batch is cut at this many messages."},
        "2000", FIELD_INT, AT(batch.most_documents), 1, false},
    {"batch", {"age", TW_YAML_DURATION, 1000, SECONDS(60), NULL, "", "A batch is cut when its first message has waited this long."},
        "50ms", FIELD_INT, AT(batch.age_ms), 1000, false},
    {"batch", {"memory", TW_YAML_SIZE, MIB(1), MIB(4096), NULL, "", "Most memory of one batch: its documents, rows and parameters."},
        "256MiB", FIELD_INT, AT(batch.memory_bytes), 1, false},
    {"batch", {"micro_tokens", TW_YAML_COUNT, 16, 1000000, NULL, "", "Tokens of one pass through the encoder."},
        "2048", FIELD_INT, AT(batch.micro_tokens), 1, false},

    {"flow", {"high", TW_YAML_SIZE, MIB(1), MIB(65536), NULL, "", "Reading pauses when this many payload bytes are read and not yet committed."},
        "64MiB", FIELD_INT, AT(flow.high_bytes), 1, false},
    {"flow", {"low", TW_YAML_SIZE, 1024, MIB(65536), NULL, "", "Reading goes on below this many."},
        "16MiB", FIELD_INT, AT(flow.low_bytes), 1, false},

    {"workers", {"count", TW_YAML_COUNT, 0, 1024, NULL, "", "Worker threads; 0: as many as the processors that affinity and CPU quota allow."},
        "0", FIELD_INT, AT(workers.count), 1, false},

    {"evaluate", {"interval", TW_YAML_DURATION, 10000, SECONDS(60), NULL, "", "How often closed bars are looked for."},
        "500ms", FIELD_INT, AT(evaluate.interval_ms), 1000, false},
    {"evaluate", {"idle_session", TW_YAML_DURATION, SECONDS(1), SECONDS(3600), NULL, "", "A stopped evaluator loses its shards after this long."},
        "15s", FIELD_INT, AT(evaluate.idle_session_ms), 1000, false},

    {"http", {"address", TW_YAML_TEXT, 1, 64, NULL, "", "Address of /metrics, /healthz and /readyz."},
        "127.0.0.1", FIELD_STRING, AT(http.address), 1, false},
    {"http", {"port", TW_YAML_COUNT, 0, 65535, NULL, "", "Their port; 0: none."},
        "9187", FIELD_INT, AT(http.port), 1, false},

    {"control", {"socket", TW_YAML_TEXT, 0, 107, NULL, "", "Unix socket for reload and status. None: SIGHUP alone reloads."},
        "/run/tapewatch/control", FIELD_PATH, AT(control.socket), 1, false},

    {"log", {"level", TW_YAML_CHOICE, 0, 4, level_choices, "", "Quieter events are not logged."},
        "info", FIELD_STRING, AT(log.level), 1, false},
    {"log", {"format", TW_YAML_CHOICE, 0, 2, format_choices, "", "logfmt on stderr, native journal fields, or whichever fits where stderr goes."},
        "auto", FIELD_STRING, AT(log.format), 1, false},

    {"shutdown", {"drain", TW_YAML_DURATION, SECONDS(1), SECONDS(3600), NULL, "", "How long SIGTERM waits for batches in flight; what is not stored by then is read again at the next start."},
        "20s", FIELD_INT, AT(shutdown.drain_ms), 1000, false},
};
/* clang-format on */

enum {
    ROWS = sizeof rows / sizeof rows[0],
    MOST_KEYS = 16,
    MOST_FILE_BYTES = 1 << 20,
    TEXT_BYTES = 64 << 10
};

static bool starts_section(size_t row)
{
    return row == 0 || strcmp(rows[row].section, rows[row - 1].section) != 0;
}

static size_t section_end(size_t first)
{
    size_t end = first + 1;
    while (end < ROWS && strcmp(rows[end].section, rows[first].section) == 0)
        end++;
    return end;
}

/* ---- values to fields ---- */

static const char *string_in(struct tw_arena *arena, struct tw_text text)
{
    return tw_arena_copy(arena, text).bytes;
}

static bool put_strings(
    const struct tw_yaml_value *value, struct tw_arena *arena, const char *const **items, uint32_t *count)
{
    const char **list = tw_arena_array(arena, value->text_count + 1, sizeof *list);
    if (!list)
        return false;
    for (uint32_t at = 0; at < value->text_count; at++)
        if (!(list[at] = string_in(arena, value->texts[at])))
            return false;
    *items = list;
    *count = value->text_count;
    return true;
}

static bool put_properties(const struct tw_yaml_node *node, struct tw_arena *arena, struct tw_properties *out)
{
    struct tw_property *list = tw_arena_array(arena, node->count + 1, sizeof *list);
    if (!list)
        return false;
    for (uint32_t at = 0; at < node->count; at++) {
        list[at].name = string_in(arena, node->pairs[at].key->text);
        list[at].value = string_in(arena, node->pairs[at].value->text);
        if (!list[at].name || !list[at].value)
            return false;
    }
    out->items = list;
    out->count = node->count;
    return true;
}

/* A path relative to the folder of the file it stands in, so that a configuration can be moved with its rules. */
static const char *path_in(struct tw_arena *arena, const char *file, struct tw_text text)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    bool keeps = text.length == 0 || text.bytes[0] == '/' || !slash;
    if (keeps)
        return string_in(arena, text);
    size_t folder = (size_t)(slash - file) + 1;
    char *joined = tw_arena_take(arena, folder + text.length + 1);
    if (!joined)
        return NULL;
    memcpy(joined, file, folder);
    memcpy(joined + folder, text.bytes, text.length);
    joined[folder + text.length] = '\0';
    return joined;
}

static void *field_of(struct tw_config *config, const struct row *row)
{
    char *owner = row->owner == OWNER_CONFIG ? (char *)config : (char *)config->decode;
    return owner + row->offset;
}

static bool put_value(struct tw_config *config, const struct row *row, const struct tw_yaml_value *value,
    const char *file, struct tw_arena *arena)
{
    void *field = field_of(config, row);
    switch (row->field) {
    case FIELD_BOOL:
        *(bool *)field = value->number != 0;
        return true;
    case FIELD_INT:
        *(int64_t *)field = value->number / row->divide;
        return true;
    case FIELD_SIZE:
        *(size_t *)field = (size_t)value->number;
        return true;
    case FIELD_UNIT:
        *(enum tw_time_unit *)field = (enum tw_time_unit)value->number;
        return true;
    case FIELD_STRING:
        return (*(const char **)field = string_in(arena, value->text)) != NULL;
    case FIELD_PATH:
        return (*(const char **)field = path_in(arena, file, value->text)) != NULL;
    case FIELD_STRINGS: {
        struct tw_strings *strings = field;
        return put_strings(value, arena, &strings->items, &strings->count);
    }
    case FIELD_NAMES: {
        struct tw_name_list *names = field;
        return put_strings(value, arena, &names->names, &names->count);
    }
    case FIELD_PROPERTIES:
        return put_properties(value->node, arena, field);
    }
    return false;
}

/* ---- checks that no single row can make ---- */

/* Properties whose value is a secret: a configuration is read by more people than a password should be. */
static const char *const secret_properties[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password",
    "sasl.oauthbearer.client.secret", "ssl.key.pem"};

static bool is_secret(struct tw_text name)
{
    for (size_t at = 0; at < sizeof secret_properties / sizeof secret_properties[0]; at++)
        if (tw_text_equal(name, tw_text_of(secret_properties[at])))
            return true;
    return false;
}

static bool check_properties(
    const struct row *row, const struct tw_yaml_node *node, struct tw_problems *problems)
{
    if (node->kind != TW_YAML_MAP)
        return tw_yaml_problem(problems, node, "write name: value pairs below it", "%s.%s is not a map",
            row->section, row->key.name);
    bool right = true;
    for (uint32_t at = 0; at < node->count; at++) {
        const struct tw_yaml_pair *pair = &node->pairs[at];
        if (pair->value->kind != TW_YAML_SCALAR)
            right = tw_yaml_problem(problems, pair->value, "write one value",
                "the property \"%.*s\" holds a list or a map", (int)pair->key->text.length,
                pair->key->text.bytes);
        else if (strcmp(row->key.name, "properties") == 0 && is_secret(pair->key->text))
            right =
                tw_yaml_problem(problems, pair->key, "put it into a file and name that under kafka.secrets",
                    "\"%.*s\" is a secret and does not belong into this file", (int)pair->key->text.length,
                    pair->key->text.bytes);
    }
    return right;
}

static bool check_conninfo(const struct tw_yaml_node *node, struct tw_problems *problems)
{
    const char *found = memmem(node->text.bytes, node->text.length, "password", strlen("password"));
    if (!found)
        return true;
    return tw_yaml_problem(problems, node, "put it into a file and name that as store.password_file",
        "a password does not belong into this file");
}

static const struct tw_yaml_node *place_of(
    const struct tw_yaml_node *root, const char *section, const char *key)
{
    const struct tw_yaml_node *map = tw_yaml_find(root, section);
    const struct tw_yaml_node *node = map ? tw_yaml_find(map, key) : NULL;
    return node ? node : map ? map : root;
}

static bool check_together(
    const struct tw_config *config, const struct tw_yaml_node *root, struct tw_problems *problems)
{
    bool right = true;
    if (config->flow.low_bytes >= config->flow.high_bytes)
        right = tw_yaml_problem(problems, place_of(root, "flow", "low"),
            "a quarter of flow.high is a good value", "flow.low is not below flow.high");
    if (config->batch.most_bytes > config->flow.high_bytes)
        right = tw_yaml_problem(problems, place_of(root, "batch", "most_bytes"), "raise flow.high",
            "batch.most_bytes is more than flow.high");
    if (strcmp(config->model.kind, "constant") == 0 && !config->dev)
        right = tw_yaml_problem(problems, place_of(root, "model", "kind"),
            "use model.kind: folder, or set dev: true on a machine that serves nobody",
            "the constant model invents its scores");
    return right;
}

/* ---- reading ---- */

static bool read_row(const struct row *row, const struct tw_yaml_value *value, const char *file,
    struct tw_arena *arena, struct tw_problems *problems, struct tw_config *config)
{
    if (row->field == FIELD_PROPERTIES && !check_properties(row, value->node, problems))
        return false;
    if (row->offset == offsetof(struct tw_config, store.conninfo) && row->owner == OWNER_CONFIG &&
        !check_conninfo(value->node, problems))
        return false;
    return put_value(config, row, value, file, arena);
}

/* Reads the keys of one section from `map`; what it does not give stays as it was. */
static bool read_section(size_t first, const struct tw_yaml_node *map, const char *file,
    struct tw_arena *arena, struct tw_problems *problems, struct tw_config *config)
{
    struct tw_yaml_key keys[MOST_KEYS];
    struct tw_yaml_value values[MOST_KEYS];
    char of[64];
    size_t count = section_end(first) - first;
    for (size_t at = 0; at < count; at++)
        keys[at] = rows[first + at].key;
    memset(values, 0, sizeof values);
    snprintf(of, sizeof of, "%s", rows[first].section);
    bool right = tw_yaml_read_map(map, keys, count, of, arena, problems, values);
    for (size_t at = 0; at < count; at++)
        if (values[at].node && values[at].has_value)
            right = read_row(&rows[first + at], &values[at], file, arena, problems, config) && right;
    return right;
}

/* Top keys: the sections, each a map, and the keys of section "". */
static bool read_root(const struct tw_yaml_node *root, const char *file, struct tw_arena *arena,
    struct tw_problems *problems, struct tw_config *config)
{
    struct tw_yaml_key keys[ROWS];
    struct tw_yaml_value values[ROWS];
    size_t firsts[ROWS];
    size_t count = 0;
    memset(values, 0, sizeof values);
    for (size_t at = 0; at < ROWS; at++) {
        bool top = rows[at].section[0] == '\0';
        if (!top && !starts_section(at))
            continue;
        firsts[count] = at;
        keys[count] =
            top ? rows[at].key : (struct tw_yaml_key){rows[at].section, TW_YAML_NODE, 0, 0, NULL, "", ""};
        count++;
    }
    bool right = tw_yaml_read_map(root, keys, count, "the configuration", arena, problems, values);
    for (size_t at = 0; at < count; at++) {
        if (!values[at].node || !values[at].has_value)
            continue;
        const struct row *row = &rows[firsts[at]];
        if (row->section[0] == '\0')
            right = read_row(row, &values[at], file, arena, problems, config) && right;
        else if (values[at].node->kind != TW_YAML_MAP)
            right = tw_yaml_problem(problems, values[at].node, "write its keys below it",
                "%s is a section, not a value", row->section);
        else
            right = read_section(firsts[at], values[at].node, file, arena, problems, config) && right;
    }
    return right;
}

/* ---- the table as text ---- */

/* Where a text of the configuration is written, bounded; `full` instead of growing. */
struct page {
    char *bytes;
    size_t used;
    size_t size;
};

static TW_PRINTF(2, 3) void page_print(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(page->bytes + page->used, page->size - page->used, format, arguments);
    va_end(arguments);
    size_t room = page->size - page->used - 1;
    page->used += wrote < 0 ? 0 : (size_t)wrote < room ? (size_t)wrote : room;
}

static bool page_begin(struct page *page, struct tw_arena *arena, struct tw_error *err)
{
    page->bytes = tw_arena_take(arena, TEXT_BYTES);
    page->used = 0;
    page->size = TEXT_BYTES;
    return page->bytes ? true : tw_arena_fail(arena, err);
}

/* Prose as comment lines of at most 100 columns. */
static void print_comment(struct page *page, const char *indent, const char *prose)
{
    size_t column = 0;
    for (const char *word = prose; *word;) {
        size_t length = strcspn(word, " ");
        if (column > 0 && column + 1 + length > 98) {
            page_print(page, "\n");
            column = 0;
        }
        if (column == 0) {
            page_print(page, "%s#", indent);
            column = strlen(indent) + 1;
        }
        page_print(page, " %.*s", (int)length, word);
        column += 1 + length;
        word += length + (word[length] == ' ');
    }
    page_print(page, "\n");
}

/* `text` as a YAML scalar: plain where that is safe, else in double quotes. */
static void print_scalar(struct page *page, const char *text)
{
    static const char unsafe[] = "#:{}[],&*?|<>=!%@`'\"\\\n\t";
    bool plain = text[0] != '\0' && text[0] != '-' && text[0] != ' ' && !strpbrk(text, unsafe) &&
                 text[strlen(text) - 1] != ' ';
    if (plain) {
        page_print(page, "%s", text);
        return;
    }
    page_print(page, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            page_print(page, "\\%c", *text);
        else if (*text == '\n')
            page_print(page, "\\n");
        else
            page_print(page, "%c", *text);
    }
    page_print(page, "\"");
}

static void print_list(struct page *page, const char *const *items, uint32_t count)
{
    page_print(page, "[");
    for (uint32_t at = 0; at < count; at++) {
        page_print(page, at ? ", " : "");
        print_scalar(page, items[at]);
    }
    page_print(page, "]");
}

/* The value that a configuration has, as a file would write it. */
static void print_value(struct page *page, const struct tw_config *config, const struct row *row)
{
    struct tw_config *unqualified = (struct tw_config *)(uintptr_t)config;
    const void *field = field_of(unqualified, row);
    char number[64];
    switch (row->field) {
    case FIELD_BOOL:
        page_print(page, *(const bool *)field ? "true" : "false");
        return;
    case FIELD_INT:
        tw_yaml_print(&row->key, *(const int64_t *)field * row->divide, number, sizeof number);
        page_print(page, "%s", number);
        return;
    case FIELD_SIZE:
        tw_yaml_print(&row->key, (int64_t) * (const size_t *)field, number, sizeof number);
        page_print(page, "%s", number);
        return;
    case FIELD_UNIT:
        page_print(page, "%s", row->key.choices[*(const enum tw_time_unit *)field]);
        return;
    case FIELD_STRING:
    case FIELD_PATH:
        print_scalar(page, *(const char *const *)field);
        return;
    case FIELD_STRINGS: {
        const struct tw_strings *strings = field;
        print_list(page, strings->items, strings->count);
        return;
    }
    case FIELD_NAMES: {
        const struct tw_name_list *names = field;
        print_list(page, names->names, names->count);
        return;
    }
    case FIELD_PROPERTIES: {
        const struct tw_properties *properties = field;
        page_print(page, "{");
        for (uint32_t at = 0; at < properties->count; at++) {
            page_print(page, at ? ", " : "");
            print_scalar(page, properties->items[at].name);
            page_print(page, ": ");
            print_scalar(page, properties->items[at].value);
        }
        page_print(page, "}");
        return;
    }
    }
}

/* True when the field holds nothing that a file could write: an empty path or list. */
static bool is_empty(const struct tw_config *config, const struct row *row)
{
    struct tw_config *unqualified = (struct tw_config *)(uintptr_t)config;
    const void *field = field_of(unqualified, row);
    if (row->field == FIELD_STRING || row->field == FIELD_PATH)
        return (*(const char *const *)field)[0] == '\0';
    return row->field == FIELD_STRINGS && ((const struct tw_strings *)field)->count == 0;
}

/* A section none of whose keys has a value is written as a comment: YAML would read nothing as a value. */
static bool section_is_empty(const struct tw_config *config, size_t first)
{
    for (size_t at = first; at < section_end(first); at++)
        if (!is_empty(config, &rows[at]))
            return false;
    return true;
}

static bool print_file(const struct tw_config *config, bool prose, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    for (size_t at = 0; at < ROWS; at++) {
        const struct row *row = &rows[at];
        const char *indent = row->section[0] ? "  " : "";
        if (starts_section(at) && row->section[0])
            page_print(&page, "%s%s%s:\n", prose ? "\n" : "", section_is_empty(config, at) ? "# " : "",
                row->section);
        if (prose)
            print_comment(&page, indent, row->key.prose);
        page_print(&page, "%s%s%s: ", indent, is_empty(config, row) ? "# " : "", row->key.name);
        if (!is_empty(config, row))
            print_value(&page, config, row);
        page_print(&page, "\n");
    }
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

bool tw_config_print(const struct tw_config *config, bool prose, struct tw_arena *arena, struct tw_text *out,
    struct tw_error *err)
{
    return print_file(config, prose, arena, out, err);
}

static void print_range(struct page *page, const struct tw_yaml_key *key)
{
    char least[64];
    char most[64];
    if (key->type == TW_YAML_CHOICE) {
        for (size_t at = 0; key->choices[at]; at++)
            page_print(page, "%s`%s`", at ? ", " : "", key->choices[at]);
        return;
    }
    if (key->type != TW_YAML_COUNT && key->type != TW_YAML_DURATION && key->type != TW_YAML_SIZE) {
        page_print(page, " ");
        return;
    }
    tw_yaml_print(key, key->least, least, sizeof least);
    tw_yaml_print(key, key->most, most, sizeof most);
    page_print(page, "%s to %s", least, most);
}

bool tw_config_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    page_print(&page,
        "# Configuration: every key\n\nMade by `tapewatch config --reference`. Keys marked *reload* take "
        "effect on `tapewatch reload` or SIGHUP; the others at the next start.\n");
    for (size_t at = 0; at < ROWS; at++) {
        const struct row *row = &rows[at];
        if (starts_section(at))
            page_print(&page,
                "\n## %s\n\n| key | value | range | default | |\n| --- | --- | --- | --- | --- |\n",
                row->section[0] ? row->section : "at the top");
        page_print(&page, "| `%s` | %s | ", row->key.name,
            row->key.type == TW_YAML_NODE ? "name: value pairs" : tw_yaml_type_prose(row->key.type));
        print_range(&page, &row->key);
        page_print(&page, " | %s%s%s | %s%s |\n", row->standard[0] ? "`" : "",
            row->standard[0] ? row->standard : "none", row->standard[0] ? "`" : "", row->key.prose,
            row->reloadable ? " *reload*" : "");
    }
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

/* ---- the doors ---- */

/* The table's defaults as a file, so that they pass the same checks as anybody's. */
static bool standard_file(struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    const char *section = "";
    for (size_t at = 0; at < ROWS; at++) {
        const struct row *row = &rows[at];
        if (!row->standard[0])
            continue;
        if (strcmp(section, row->section) != 0)
            page_print(&page, "%s:\n", row->section);
        section = row->section;
        page_print(&page, "%s%s: %s\n", section[0] ? "  " : "", row->key.name, row->standard);
    }
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

/* Strings are never NULL: a key without default is the empty string. */
static void empty_strings(struct tw_config *config)
{
    for (size_t at = 0; at < ROWS; at++)
        if (rows[at].field == FIELD_STRING || rows[at].field == FIELD_PATH)
            *(const char **)field_of(config, &rows[at]) = "";
}

bool tw_config_defaults(struct tw_arena *arena, struct tw_config *out, struct tw_error *err)
{
    struct tw_source *source = tw_arena_array(arena, 1, sizeof *source);
    struct tw_problems problems;
    const struct tw_yaml_node *root;
    memset(out, 0, sizeof *out);
    out->decode = tw_arena_array(arena, 1, sizeof *out->decode);
    if (!source || !out->decode)
        return tw_arena_fail(arena, err);
    empty_strings(out);
    source->file = "defaults";
    if (!standard_file(arena, &source->bytes, err))
        return false;
    tw_problems_begin(&problems, arena);
    if (!tw_yaml_load(source, arena, &problems, &root) || !read_root(root, NULL, arena, &problems, out))
        return problems.count ? tw_problems_fail(&problems, err) : tw_arena_fail(arena, err);
    return true;
}

bool tw_config_load(const char *path, struct tw_arena *arena, struct tw_config *out,
    struct tw_problems *problems, struct tw_error *err)
{
    struct tw_source *source = tw_arena_array(arena, 1, sizeof *source);
    const struct tw_yaml_node *root = NULL;
    if (!tw_config_defaults(arena, out, err))
        return false;
    out->path = source ? string_in(arena, tw_text_of(path)) : NULL;
    if (!out->path)
        return tw_arena_fail(arena, err);
    source->file = out->path;
    if (!tw_file_read(path, MOST_FILE_BYTES, arena, &source->bytes, err))
        return false;
    bool right = tw_yaml_load(source, arena, problems, &root);
    if (root && root->kind != TW_YAML_MAP)
        right =
            tw_yaml_problem(problems, root, "begin with a section such as kafka:", "not a map of sections");
    else if (root)
        right = read_root(root, out->path, arena, problems, out) && right;
    if (root && root->kind == TW_YAML_MAP)
        right = check_together(out, root, problems) && right;
    if (problems->count > 0)
        return tw_problems_fail(problems, err);
    return right ? true : tw_arena_fail(arena, err);
}

bool tw_config_labels(
    const struct tw_config *config, struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    page.bytes[0] = '\0';
    for (uint32_t at = 0; at < config->model.labels.count; at++)
        page_print(&page, "%s%s", at ? "," : "", config->model.labels.items[at]);
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

bool tw_config_needs_restart(const struct tw_config *before, const struct tw_config *after, const char **key)
{
    char left_bytes[4096] = "";
    char right_bytes[4096] = "";
    for (size_t at = 0; at < ROWS; at++) {
        struct page left = {left_bytes, 0, sizeof left_bytes};
        struct page right = {right_bytes, 0, sizeof right_bytes};
        if (rows[at].reloadable)
            continue;
        print_value(&left, before, &rows[at]);
        print_value(&right, after, &rows[at]);
        if (left.used == right.used && memcmp(left.bytes, right.bytes, left.used) == 0)
            continue;
        *key = rows[at].key.name;
        return true;
    }
    return false;
}
