#include "tasks/tasks.h"

#include "clean/clean.h"
#include "read/decode.h"
#include "read/json_text.h"
#include "score/classify.h"
#include "tasks/record.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

#include <jansson.h>

struct tokenizing {
    const struct tw_task_options *options;
    struct tw_task_counts *counts;
};

static bool begin(void *context, void **worker, struct tw_error *err)
{
    (void)err;
    *worker = context; /* a tokenizer needs no space of its own */
    return true;
}

static void end(void *worker)
{
    (void)worker;
}

/* The record's second text; bytes == NULL when it has none. */
static bool read_pair(const struct tw_chunk *chunk, const struct tw_line *line, struct tw_arena *arena,
    struct tw_text *pair, struct tw_error *err)
{
    *pair = (struct tw_text){NULL, 0};
    if (!chunk->json || !memmem(line->text.bytes, line->text.length, "\"pair\"", 6))
        return true;
    uint32_t repairs = 0;
    struct tw_text mended = tw_json_repair(line->text, arena, &repairs);
    if (!mended.bytes)
        return tw_arena_fail(arena, err);
    json_t *object = json_loadb(mended.bytes, mended.length, 0, NULL);
    const json_t *value = json_object_get(object, "pair");
    bool fits = true;
    if (json_is_string(value)) {
        *pair = tw_arena_copy(arena, (struct tw_text){json_string_value(value), json_string_length(value)});
        fits = pair->bytes != NULL;
    }
    json_decref(object);
    return fits ? true : tw_arena_fail(arena, err);
}

static void write_ids(FILE *out, const struct tw_tokens *tokens)
{
    putc_unlocked('[', out);
    for (uint32_t at = 0; at < tokens->count; at++) {
        char digits[12];
        size_t used = sizeof digits;
        uint32_t value = (uint32_t)tokens->ids[at];
        do
            digits[--used] = (char)('0' + value % 10);
        while ((value /= 10) > 0);
        if (at)
            putc_unlocked(',', out);
        fwrite_unlocked(digits + used, 1, sizeof digits - used, out);
    }
    fputs("]\n", out);
}

static bool tokenize_line(const struct tw_task_options *options, struct tw_chunk *chunk, uint32_t at,
    struct tw_record *record, struct tw_error *err)
{
    struct tw_arena *arena = &chunk->arena;
    struct tw_text pair;
    struct tw_tokens tokens;
    if (!tw_clean_raw(&record->document, arena, err) ||
        !read_pair(chunk, &chunk->lines[at], arena, &pair, err) ||
        !tw_tokenize(tw_classifier_tokenizer(options->river->classifier), record->document.text,
            pair.bytes ? &pair : NULL, options->max_tokens, arena, &tokens, err))
        return false;
    write_ids(chunk->out, &tokens);
    return true;
}

static bool work(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    (void)worker;
    const struct tokenizing *tokenizing = context;
    struct tw_record *records;
    if (!tw_record_read_chunk(tokenizing->options, chunk, true, &records, err))
        return false;
    chunk->results = records;
    for (uint32_t at = 0; at < chunk->count; at++) {
        if (records[at].document.fate != TW_FATE_STORED)
            tw_record_write_refusal(chunk->out, chunk->lines[at].number, records[at].document.refusal);
        else if (!tokenize_line(tokenizing->options, chunk, at, &records[at], err))
            return false;
    }
    return true;
}

static bool emit(void *context, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct tokenizing *tokenizing = context;
    return tw_record_emit_chunk(tokenizing->options, chunk, chunk->results, tokenizing->counts, err);
}

bool tw_task_tokenize(
    const struct tw_task_options *options, struct tw_task_counts *counts, struct tw_error *err)
{
    *counts = (struct tw_task_counts){0};
    struct tokenizing tokenizing = {options, counts};
    struct tw_parallel_lines_job job = {&tokenizing, begin, end, work, emit};
    struct tw_parallel_lines_options lines = {
        options->path, options->form, options->river->decode, options->workers};
    return tw_parallel_lines_run(&lines, &job, err);
}
