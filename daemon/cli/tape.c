#include "cli/tape.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "files/archive.h"
#include "files/reader.h"

enum { LINE_BYTES = 128 * 1024 * 1024, MARK_BYTES = 1024 };

static bool grow(struct tw_tape *tape, struct tw_error *err)
{
    size_t capacity = tape->capacity ? tape->capacity * 2 : 1024;
    struct tw_tape_line *records = realloc(tape->records, capacity * sizeof *records);
    if (!records)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory for %zu lines", capacity);
    tape->records = records;
    tape->capacity = capacity;
    return true;
}

/* Decodes the line in scratch memory; what is kept of it is copied into the tape's own arena. */
static bool read_facts(struct tw_tape *tape, const struct tw_decode_options *decode, struct tw_arena *scratch,
    struct tw_tape_line *record, struct tw_error *err)
{
    struct tw_message message = {
        .stamp_us = tw_wall_us(),
        .payload = record->line,
        .offset = (int64_t)record->number,
        .has_value = true,
    };
    struct tw_document document = {0};
    tw_arena_reset(scratch, scratch->limit);
    record->event_us = TW_NO_TIME;
    if (!tw_decode(decode, &message, scratch, &document, err))
        return err->code == TW_FULL; /* too large to look into: published all the same */
    if (document.fate == TW_FATE_DEAD_LETTER)
        tw_intake_refuse(&tape->intake, document.refusal);
    else
        tw_intake_take(&tape->intake, &document);
    if (document.fate != TW_FATE_STORED)
        return true;
    if (document.time_source != TW_TIME_KAFKA)
        record->event_us = document.event_us;
    record->id = tw_arena_copy(&tape->arena, document.id);
    if (document.symbol_count > 0)
        record->symbol = tw_arena_copy(&tape->arena, document.symbols[0]);
    return !tape->arena.full || tw_arena_fail(&tape->arena, err);
}

static bool add(struct tw_tape *tape, const struct tw_decode_options *decode, struct tw_arena *scratch,
    const struct tw_archive_line *line, struct tw_error *err)
{
    if (tape->count == tape->capacity && !grow(tape, err))
        return false;
    struct tw_tape_line *record = &tape->records[tape->count];
    *record = (struct tw_tape_line){.number = line->number, .line = tw_arena_copy(&tape->arena, line->text)};
    if (!record->line.bytes)
        return tw_arena_fail(&tape->arena, err);
    if (!read_facts(tape, decode, scratch, record, err))
        return false;
    if (record->event_us == TW_NO_TIME) {
        tape->timeless++;
        record->event_us = tape->count > 0 ? tape->records[tape->count - 1].event_us : TW_NO_TIME;
    } else if (tape->count > 0 && record->event_us < tape->records[tape->count - 1].event_us) {
        tape->moved++;
    }
    tape->count++;
    return true;
}

static int by_time(const void *left, const void *right)
{
    const struct tw_tape_line *one = left;
    const struct tw_tape_line *other = right;
    if (one->event_us != other->event_us)
        return one->event_us < other->event_us ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

static bool read_archive(struct tw_archive *archive, const struct tw_decode_options *decode,
    struct tw_arena *scratch, tw_tape_refused *refused, void *context, struct tw_tape *tape,
    struct tw_error *err)
{
    for (;;) {
        struct tw_archive_line line;
        switch (tw_archive_next(archive, &line, err)) {
        case TW_READ_ITEM:
            if (!add(tape, decode, scratch, &line, err))
                return tw_error_in(err, tw_archive_name(archive));
            break;
        case TW_READ_REFUSED:
            tape->refused++;
            tw_intake_refuse_line(&tape->intake, err);
            refused(context, tw_archive_name(archive), err);
            break;
        case TW_READ_END:
            return true;
        case TW_READ_FAILED:
            return false;
        }
    }
}

static void settle(struct tw_tape *tape)
{
    if (tape->moved > 0)
        qsort(tape->records, tape->count, sizeof *tape->records, by_time);
    tape->first_us = TW_NO_TIME;
    tape->last_us = tape->count > 0 ? tape->records[tape->count - 1].event_us : TW_NO_TIME;
    for (size_t at = 0; at < tape->count && tape->first_us == TW_NO_TIME; at++)
        tape->first_us = tape->records[at].event_us;
}

bool tw_tape_load(const char *path, const struct tw_decode_options *decode, size_t most_bytes,
    tw_tape_refused *refused, void *context, struct tw_tape *out, struct tw_error *err)
{
    struct tw_archive *archive = NULL;
    struct tw_arena scratch = {0};
    *out = (struct tw_tape){0};
    if (!tw_archive_open(path, LINE_BYTES, &archive, err))
        return false;
    const struct tw_table_columns columns = tw_reader_columns(decode);
    tw_archive_ask_for_records(archive, &columns);
    bool done = tw_arena_begin(&out->arena, most_bytes, err) &&
                tw_arena_begin(&scratch, (size_t)LINE_BYTES * 5, err) &&
                read_archive(archive, decode, &scratch, refused, context, out, err);
    tw_arena_end(&scratch);
    tw_archive_close(archive);
    if (!done) {
        tw_tape_free(out);
        return false;
    }
    settle(out);
    return true;
}

void tw_tape_free(struct tw_tape *tape)
{
    free(tape->records);
    tw_arena_end(&tape->arena);
    *tape = (struct tw_tape){0};
}

/* The name under which this object carries its id, or the first that it could. */
static const char *id_name(const json_t *object, const struct tw_decode_options *decode)
{
    for (uint32_t at = 0; at < decode->id.count; at++)
        if (json_object_get(object, decode->id.names[at]))
            return decode->id.names[at];
    return decode->id.count > 0 ? decode->id.names[0] : "id";
}

char *tw_tape_rename(
    const struct tw_tape_line *record, const struct tw_decode_options *decode, uint64_t round, size_t *length)
{
    char id[MARK_BYTES];
    json_error_t why;
    json_t *object = json_loadb(record->line.bytes, record->line.length, 0, &why);
    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    if (record->id.length > 0)
        snprintf(id, sizeof id, "%.*s-%" PRIu64, (int)(record->id.length < 900 ? record->id.length : 900),
            record->id.bytes, round);
    else
        snprintf(id, sizeof id, "%" PRIu64 "-%" PRIu64, record->number, round);
    char *text = NULL;
    if (json_object_set_new_nocheck(object, id_name(object, decode), json_string_nocheck(id)) == 0)
        text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(object);
    *length = text ? strlen(text) : 0;
    return text;
}
