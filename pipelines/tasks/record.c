#include "tasks/record.h"

#include "clean/clean.h"
#include "clean/utf8.h"
#include "files/json_records.h"
#include "link/locate.h"
#include "read/decode.h"
#include "score/classify.h"

#include <string.h>

/* A line of plain text. `tokenize` takes an empty one too: it has ids all the same. */
static bool read_text(const struct tw_message *message, bool may_be_empty, struct tw_arena *arena,
    struct tw_document *document, struct tw_error *err)
{
    *document = (struct tw_document){.message = message,
        .fate = TW_FATE_STORED,
        .event_us = message->stamp_us,
        .time_source = TW_TIME_KAFKA};
    document->body = tw_text_repair(message->payload, arena, &document->repairs);
    if (!document->body.bytes)
        return tw_arena_fail(arena, err);
    struct tw_error why;
    bool readable = document->repairs == 0 || tw_text_check_readable(document->body, &why);
    if (readable && (may_be_empty || !tw_text_is_blank(document->body)))
        return true;
    if (readable)
        tw_fail(&why, TW_REFUSED, NULL, "one text a line", "the line holds no text");
    return tw_document_refuse(document, &why, arena, err);
}

static bool read_json(const struct tw_task_options *options, const struct tw_message *message,
    struct tw_arena *arena, struct tw_record *record, struct tw_error *err)
{
    struct tw_annotating annotating = {
        .numbers = &options->label_numbers, .needs_labels = options->needs_labels};
    const struct tw_decode_witness witness = tw_annotations_witness(&annotating);
    if (!tw_decode_witnessed(options->river->decode, message, &witness, arena, &record->document, err))
        return false;
    struct tw_error why;
    record->annotations = annotating.out;
    if (record->document.fate == TW_FATE_DEAD_LETTER) {
        why = tw_json_records_refusal((uint64_t)message->offset, message->payload, record->document.refusal);
        return tw_document_refuse(&record->document, &why, arena, err);
    }
    if (record->document.fate != TW_FATE_TOMBSTONE)
        return true;
    tw_fail(&why, TW_REFUSED, NULL, "leave it out", "the record says that something was deleted: no text");
    return tw_document_refuse(&record->document, &why, arena, err);
}

/* The entities that the record names are the ones to be scored, each where the text speaks of it. */
static bool read_named(
    const struct tw_river *river, struct tw_record *record, struct tw_arena *arena, struct tw_error *err)
{
    uint32_t count = record->annotations.entity_count;
    struct tw_text *names = tw_arena_array(arena, count, sizeof *names);
    struct tw_text_mentions mentions = {.count = count};
    if (!names)
        return tw_arena_fail(arena, err);
    if (record->document.fate != TW_FATE_STORED)
        return true;
    for (uint32_t at = 0; at < count; at++) {
        names[at] = record->annotations.entities[at].name;
        if (!river->raw)
            names[at] = tw_clean_text(names[at], arena);
        if (!names[at].bytes)
            return tw_arena_fail(arena, err);
    }
    return tw_locate_mentions(
               record->document.text, names, count, arena, &mentions.items, &mentions.item_count, err) &&
           tw_classifier_read_entities(river->classifier, &record->document, mentions, arena, err);
}

static bool read_line(const struct tw_task_options *options, const struct tw_chunk *chunk,
    const struct tw_line *line, struct tw_message *message, bool raw_only, struct tw_arena *arena,
    struct tw_record *record, struct tw_error *err)
{
    *message = (struct tw_message){.offset = (int64_t)line->number,
        .stamp_us = options->stamp_us,
        .payload = line->text,
        .has_value = true};
    record->annotations = tw_annotations_none();
    if (line->refusal)
        return tw_document_refuse(&record->document, line->refusal, arena, err);
    if (!(chunk->json ? read_json(options, message, arena, record, err)
                      : read_text(message, raw_only, arena, &record->document, err)))
        return false;
    if (raw_only || record->document.fate != TW_FATE_STORED)
        return true;
    return tw_river_prepare(options->river, &record->document, arena, err) &&
           (!record->annotations.names_entities || read_named(options->river, record, arena, err));
}

bool tw_record_read_chunk(const struct tw_task_options *options, struct tw_chunk *chunk, bool raw_only,
    struct tw_record **out, struct tw_error *err)
{
    struct tw_arena *arena = &chunk->arena;
    struct tw_record *records = tw_arena_array(arena, chunk->count, sizeof *records);
    struct tw_message *messages = tw_arena_array(arena, chunk->count, sizeof *messages);
    if (!records || !messages)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < chunk->count; at++)
        if (!read_line(options, chunk, &chunk->lines[at], &messages[at], raw_only, arena, &records[at], err))
            return false;
    *out = records;
    return true;
}

void tw_record_write_json_text(FILE *out, struct tw_text text)
{
    putc_unlocked('"', out);
    size_t begin = 0;
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F)
            continue;
        fwrite(text.bytes + begin, 1, at - begin, out);
        begin = at + 1;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else
            fprintf(out, "\\u%04x", byte);
    }
    fwrite(text.bytes + begin, 1, text.length - begin, out);
    putc_unlocked('"', out);
}

void tw_record_write_refusal(FILE *out, uint64_t line, const struct tw_error *why)
{
    char text[1200];
    size_t length = tw_error_line(why, text, sizeof text);
    fprintf(out, "{\"line\":%llu,\"error\":", (unsigned long long)line);
    tw_record_write_json_text(out, (struct tw_text){text, length});
    fputs("}\n", out);
}

/* "file:17" before the place within the record; an archive's own refusals say it already. */
static struct tw_error placed(
    const struct tw_chunk *chunk, const struct tw_line *line, const struct tw_error *why)
{
    struct tw_error refusal = *why;
    char where[200];
    snprintf(where, sizeof where, "%.160s:%llu", chunk->name, (unsigned long long)line->number);
    if (!line->refusal)
        tw_error_in(&refusal, where);
    return refusal;
}

bool tw_record_emit_chunk(const struct tw_task_options *options, const struct tw_chunk *chunk,
    const struct tw_record *records, struct tw_task_counts *counts, struct tw_error *err)
{
    for (uint32_t at = 0; at < chunk->count; at++) {
        const struct tw_document *document = &records[at].document;
        counts->records++;
        if (document->fate != TW_FATE_DEAD_LETTER) {
            tw_intake_take(&counts->intake, document);
            continue;
        }
        counts->refused++;
        if (chunk->lines[at].refusal)
            tw_intake_refuse_line(&counts->intake, document->refusal);
        else
            tw_intake_refuse(&counts->intake, document->refusal);
        struct tw_error refusal = placed(chunk, &chunk->lines[at], records[at].document.refusal);
        if (options->on_refused)
            options->on_refused(options->on_refused_context, &refusal);
    }
    if (chunk->out_length &&
        fwrite(chunk->out_bytes, 1, chunk->out_length, options->out) != chunk->out_length)
        return tw_fail_errno(err, TW_IO, "output", "free space on the disk", "cannot be written");
    return true;
}
