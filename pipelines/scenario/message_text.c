#include "scenario/message_text.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#define MOST_BYTES (4L << 20) /* aliases within aliases grow beyond every bound */

/* A list or a map that is being written, and which of its parts comes next. */
struct level {
    const struct tw_yaml_node *node;
    uint32_t next;
    bool began; /* a part of it has been written */
};

struct writer {
    FILE *out;
    const struct tw_yaml_node *map;
    const char *without; /* a key of the outermost map */
    struct level levels[TW_MESSAGE_DEPTH];
    uint32_t depth;
};

static bool write_text(struct writer *writer, struct tw_text text)
{
    json_t *value = json_stringn(text.bytes, text.length);
    bool written = value && json_dumpf(value, writer->out, JSON_ENCODE_ANY) == 0;
    json_decref(value);
    return written;
}

/* A number, true, false or null as JSON has them. Numbers are written as they stand: they may be larger than
 * any of ours. */
static bool is_plain_value(struct tw_text text)
{
    json_error_t ignored;
    char first = text.length ? text.bytes[0] : '\0';
    bool may_be = first == '-' || tw_text_is_digit(first) || first == 't' || first == 'f' || first == 'n';
    json_t *value =
        may_be ? json_loadb(text.bytes, text.length, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &ignored)
               : NULL;
    bool is_value = value != NULL;
    json_decref(value);
    return is_value;
}

static bool write_scalar(struct writer *writer, const struct tw_yaml_node *node)
{
    if (node->quoted || !is_plain_value(node->text))
        return write_text(writer, node->text);
    return fwrite(node->text.bytes, 1, node->text.length, writer->out) == node->text.length;
}

/* Writes a scalar, or opens a list or a map: its parts come afterwards. */
static bool begin_node(struct writer *writer, const struct tw_yaml_node *node, struct tw_problems *problems)
{
    if (node->kind == TW_YAML_SCALAR)
        return write_scalar(writer, node);
    if (writer->depth == TW_MESSAGE_DEPTH)
        return tw_yaml_problem(
            problems, node, "write a flatter one", "the message is nested deeper than %d", TW_MESSAGE_DEPTH);
    writer->levels[writer->depth++] = (struct level){.node = node};
    return putc(node->kind == TW_YAML_LIST ? '[' : '{', writer->out) != EOF;
}

static bool is_left_out(const struct writer *writer, const struct tw_yaml_node *key)
{
    return writer->depth == 1 && tw_text_equal(key->text, tw_text_of(writer->without));
}

/* A key without a value is most often the end of a text that was cut at its comma. */
static bool has_value(const struct tw_yaml_pair *pair, struct tw_problems *problems)
{
    const struct tw_yaml_node *value = pair->value;
    if (value->kind != TW_YAML_SCALAR || value->quoted || value->text.length > 0)
        return true;
    return tw_yaml_problem(problems, pair->key, "put a text that holds a comma or a colon in quotes",
        "\"%.*s\" has no value", (int)(pair->key->text.length < 80 ? pair->key->text.length : 80),
        pair->key->text.bytes);
}

/* Goes on with the innermost list or map by one part, or closes it. */
static bool write_part(struct writer *writer, struct tw_problems *problems)
{
    if (ftell(writer->out) > MOST_BYTES)
        return tw_yaml_problem(problems, writer->map, "write it out, without aliases",
            "the message is longer than %ld bytes", MOST_BYTES);
    struct level *level = &writer->levels[writer->depth - 1];
    const struct tw_yaml_node *node = level->node;
    bool is_map = node->kind == TW_YAML_MAP;
    if (level->next == node->count) {
        writer->depth--;
        return putc(is_map ? '}' : ']', writer->out) != EOF;
    }
    uint32_t at = level->next++;
    if (is_map && is_left_out(writer, node->pairs[at].key))
        return true;
    if (is_map && !has_value(&node->pairs[at], problems))
        return false;
    if (level->began && putc(',', writer->out) == EOF)
        return false;
    level->began = true;
    if (is_map && (!write_text(writer, node->pairs[at].key->text) || putc(':', writer->out) == EOF))
        return false;
    return begin_node(writer, is_map ? node->pairs[at].value : node->items[at], problems);
}

bool tw_message_text(const struct tw_yaml_node *map, const char *without, struct tw_arena *arena,
    struct tw_problems *problems, struct tw_text *out)
{
    char *bytes = NULL;
    size_t length = 0;
    struct writer writer = {.out = open_memstream(&bytes, &length), .map = map, .without = without};
    uint32_t before = problems->count;
    bool written = writer.out && begin_node(&writer, map, problems);
    while (written && writer.depth > 0)
        written = write_part(&writer, problems);
    written = writer.out && fclose(writer.out) == 0 && written;
    *out = written ? tw_arena_copy(arena, (struct tw_text){bytes, length}) : (struct tw_text){NULL, 0};
    free(bytes);
    if (!out->bytes && problems->count == before)
        tw_yaml_problem(problems, map, NULL, "there is no memory for the message");
    return out->bytes != NULL;
}
