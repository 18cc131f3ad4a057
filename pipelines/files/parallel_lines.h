/* parallel_lines: an archive through N workers, in order.
 *
 *     archive --> chunks of lines --> workers (any order) --> emit (the order of the file)
 *
 * The caller's thread reads and emits; workers compute. A chunk belongs to one side at a time: FREE and DONE
 * ones to the caller, READY ones to whoever takes them first, BUSY ones to their worker. There are a few
 * chunks a worker, so memory is bounded whatever the file. With one worker no thread is started.
 * The first failure ends the run; what was emitted before it stays emitted. */
#ifndef TW_PARALLEL_LINES_H
#define TW_PARALLEL_LINES_H

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct tw_decode_options;

enum tw_input_form { TW_INPUT_AUTO, TW_INPUT_TEXT, TW_INPUT_JSON };

struct tw_line {
    struct tw_text text;
    uint64_t number;
    const struct tw_error *refusal; /* the archive refused it (too long): text is empty */
};

struct tw_chunk {
    struct tw_line *lines;
    uint32_t count;
    bool json;             /* what `auto` made of the file */
    const char *name;      /* of the archive, for errors */
    struct tw_arena arena; /* reset for each chunk */
    FILE *out;             /* a buffer in memory: the worker writes */
    char *out_bytes;       /* what was written; for emit */
    size_t out_length;
    void *results; /* the worker's, in the arena; for emit */
};

/* What is done with chunks. `context` is shared by all workers and read-only to them. */
struct tw_parallel_lines_job {
    void *context;
    bool (*begin)(void *context, void **worker, struct tw_error *err); /* a worker's own space */
    void (*end)(void *worker);
    bool (*work)(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err);
    bool (*emit)(void *context, struct tw_chunk *chunk, struct tw_error *err); /* caller's thread, in order */
};

struct tw_parallel_lines_options {
    const char *path; /* "-": standard input */
    /* AUTO: JSON when the first line that is not blank begins with '{', the file is an array of objects or a
     * table with a header, or the path says .json or .jsonl. */
    enum tw_input_form form;
    const struct tw_decode_options *decode; /* its names of texts make a table; how long a line may be */
    uint32_t workers;                       /* at least 1 */
};

/* Runs the job over the whole archive. Errors of the job's own functions, and those of archive.h. */
TW_MUST_USE bool tw_parallel_lines_run(const struct tw_parallel_lines_options *options,
    const struct tw_parallel_lines_job *job, struct tw_error *err);

#endif
