#include "files/json_records.h"

#include <stdio.h>
#include <string.h>

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static size_t skip_spaces(struct tw_text text, size_t at)
{
    while (at < text.length && is_space(text.bytes[at]))
        at++;
    return at;
}

bool tw_json_records_begin(struct tw_text first)
{
    size_t at = skip_spaces(first, tw_text_mark_bytes(first));
    if (at == first.length)
        return false;
    size_t next = skip_spaces(first, at + 1);
    if (first.bytes[at] == '[')
        return next < first.length &&
               (first.bytes[next] == '{' || first.bytes[next] == ']' || first.bytes[next] == '"');
    size_t line = at + 1;
    while (line < first.length && is_space(first.bytes[line]) && first.bytes[line] != '\n')
        line++;
    return first.bytes[at] == '{' && line < first.length && first.bytes[line] == '\n' &&
           next < first.length && (first.bytes[next] == '"' || first.bytes[next] == '}');
}

const char tw_json_records_cure[] =
    "write records as JSON, one a line; of a CSV table: python3 -c \"import pandas as p; "
    "p.read_csv('FILE').to_json('OUT.jsonl', orient='records', lines=True)\"";

struct tw_error tw_json_records_refusal(uint64_t line_number, struct tw_text line, const struct tw_error *why)
{
    struct tw_error refusal = *why;
    size_t at = skip_spaces(line, tw_text_mark_bytes(line));
    unsigned char first = at < line.length ? (unsigned char)line.bytes[at] : 0;
    bool is_text = first >= ' ' && first < 0xF8; /* bytes that begin no character are no table */
    if (strncmp(why->what, "the message is text", 19) == 0)
        snprintf(refusal.cure, sizeof refusal.cure,
            "make an object of each text, as with: jq -c '.[] | {text: .}' FILE | tapewatch ... -");
    else if (line_number == 1 && is_text && first != '{' && first != '[')
        snprintf(refusal.cure, sizeof refusal.cure, "%s", tw_json_records_cure);
    return refusal;
}

/* Over what stands between records. */
static size_t skip_between(struct tw_json_records *records, const char *bytes, size_t length)
{
    size_t at = tw_text_mark_bytes((struct tw_text){bytes, length});
    for (; at < length; at++) {
        if (bytes[at] == '[' && !records->in_array)
            records->in_array = true;
        else if (bytes[at] == ']' && records->in_array)
            records->in_array = false;
        else if (!is_space(bytes[at]) && !(bytes[at] == ',' && records->in_array))
            break;
    }
    return at;
}

static void begin_record(struct tw_json_records *records, char first)
{
    records->begun = true;
    records->depth = 0;
    records->in_text = records->escaped = false;
    records->bare = first != '{' && first != '[' && first != '"';
}

/* A byte within a text; true when the text ends with it. */
static bool take_in_text(struct tw_json_records *records, char byte)
{
    if (records->escaped)
        records->escaped = false;
    else if (byte == '\\')
        records->escaped = true;
    else if (byte == '"')
        records->in_text = false;
    return !records->in_text;
}

/* A byte outside of texts; true when the record may end with it. */
static bool take_outside(struct tw_json_records *records, char byte)
{
    bool opens = byte == '{' || byte == '[', closes = byte == '}' || byte == ']';
    records->in_text = byte == '"';
    records->depth += opens;
    if (!closes || records->depth == 0)
        return false;
    return --records->depth == 0;
}

size_t tw_json_records_take(
    struct tw_json_records *records, const char *bytes, size_t length, size_t *begin, bool *ended)
{
    size_t at = records->begun ? 0 : skip_between(records, bytes, length);
    *begin = at;
    *ended = false;
    if (at == length)
        return at;
    bool first = !records->begun;
    if (first)
        begin_record(records, bytes[at]);
    for (; at < length && !*ended; at++) {
        char byte = bytes[at];
        if (records->bare && !(first && at == *begin) && (is_space(byte) || byte == ',' || byte == ']')) {
            *ended = true;
            break;
        }
        *ended = (records->in_text ? take_in_text(records, byte) : take_outside(records, byte)) &&
                 records->depth == 0 && !records->bare;
    }
    records->begun = !*ended;
    return at;
}
