#include "run/run_log.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)256 << 20)

struct tw_run_log {
    char path[PATH_MAX];       /* metrics.jsonl */
    char state_path[PATH_MAX]; /* trainer_state.json */
    FILE *file;
    json_t *rows;
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the run's record");
}

/* Lines of a run before; one that is cut off (the process was killed) is no row. */
static bool read_rows(const char *path, json_t *rows, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_text text;
    if (access(path, F_OK) != 0)
        return true;
    if (!tw_arena_begin(&arena, MOST_BYTES, err))
        return false;
    bool read = tw_file_read(path, MOST_BYTES - 4096, &arena, &text, err);
    for (size_t at = 0; read && at < text.length;) {
        const char *end = memchr(text.bytes + at, '\n', text.length - at);
        size_t length = end ? (size_t)(end - text.bytes) - at : text.length - at;
        json_t *row = json_loadb(text.bytes + at, length, 0, NULL);
        if (row && json_array_append_new(rows, row) != 0)
            read = out_of_memory(err);
        at += length + 1;
    }
    tw_arena_end(&arena);
    return read;
}

static bool open_file(struct tw_run_log *log, struct tw_error *err)
{
    log->file = fopen(log->path, "ae");
    if (log->file)
        return true;
    return tw_fail_errno(
        err, TW_OUTPUT, log->path, "name a folder that can be written to", "cannot be created");
}

bool tw_run_log_open(const char *folder, struct tw_run_log **out, struct tw_error *err)
{
    struct tw_run_log *log = calloc(1, sizeof *log);
    *out = NULL;
    if (!log)
        return out_of_memory(err);
    log->rows = json_array();
    if (!(log->rows || out_of_memory(err)) ||
        !tw_path_join(log->path, sizeof log->path, folder, "metrics.jsonl", err) ||
        !tw_path_join(log->state_path, sizeof log->state_path, folder, "trainer_state.json", err) ||
        !read_rows(log->path, log->rows, err) || !open_file(log, err)) {
        tw_run_log_close(log);
        return false;
    }
    *out = log;
    return true;
}

bool tw_run_log_read(const char *folder, json_t **rows, struct tw_error *err)
{
    char path[PATH_MAX];
    *rows = json_array();
    if ((*rows || out_of_memory(err)) && tw_path_join(path, sizeof path, folder, "metrics.jsonl", err) &&
        read_rows(path, *rows, err))
        return true;
    json_decref(*rows);
    *rows = NULL;
    return false;
}

void tw_run_log_close(struct tw_run_log *log)
{
    if (!log)
        return;
    if (log->file)
        fclose(log->file);
    json_decref(log->rows);
    free(log);
}

const json_t *tw_run_log_rows(const struct tw_run_log *log)
{
    return log->rows;
}

static bool print_row(const json_t *row, FILE *file)
{
    return json_dumpf(row, file, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0 && fputc('\n', file) != EOF;
}

static json_int_t step_of(const json_t *row)
{
    return json_integer_value(json_object_get(row, "step"));
}

/* All rows as the file's new contents. */
static bool write_rows(const struct tw_run_log *log, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&bytes, &length);
    bool printed = memory != NULL;
    for (size_t at = 0; printed && at < json_array_size(log->rows); at++)
        printed = print_row(json_array_get(log->rows, at), memory);
    printed = memory && fclose(memory) == 0 && printed;
    bool written =
        printed ? tw_file_write(log->path, (struct tw_text){bytes, length}, err) : out_of_memory(err);
    free(bytes);
    return written;
}

bool tw_run_log_rewind(struct tw_run_log *log, uint64_t step, struct tw_error *err)
{
    for (size_t at = json_array_size(log->rows); at-- > 0;)
        if (step_of(json_array_get(log->rows, at)) > (json_int_t)step)
            json_array_remove(log->rows, at);
    fclose(log->file);
    log->file = NULL;
    return write_rows(log, err) && open_file(log, err);
}

bool tw_run_log_add(struct tw_run_log *log, json_t *row, struct tw_error *err)
{
    if (!row || json_array_append_new(log->rows, row) != 0)
        return out_of_memory(err);
    if (print_row(row, log->file) && fflush(log->file) == 0)
        return true;
    return tw_fail_errno(
        err, TW_IO, log->path, "free space on the disk, go on with --resume", "cannot be written");
}

bool tw_run_log_write_state(
    struct tw_run_log *log, const struct tw_run_log_facts *facts, struct tw_error *err)
{
    json_t *state = json_pack("{s:o, s:I, s:f, s:I, s:I, s:b, s:b, s:b, s:O, s:I, s:I, s:I, s:I, s:I}",
        "best_metric", facts->best_step ? json_real(facts->best_metric) : json_null(), "best_global_step",
        (json_int_t)facts->best_step, "epoch", facts->epoch, "eval_steps", (json_int_t)facts->eval_steps,
        "global_step", (json_int_t)facts->step, "is_hyper_param_search", 0, "is_local_process_zero", 1,
        "is_world_process_zero", 1, "log_history", log->rows, "logging_steps", (json_int_t)facts->log_steps,
        "max_steps", (json_int_t)facts->most_steps, "num_input_tokens_seen", (json_int_t)facts->tokens,
        "num_train_epochs", (json_int_t)facts->epochs, "train_batch_size", (json_int_t)facts->batch);
    char *text = state ? json_dumps(state, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    bool written = text ? tw_file_write(log->state_path, tw_text_of(text), err) : out_of_memory(err);
    free(text);
    json_decref(state);
    return written;
}
