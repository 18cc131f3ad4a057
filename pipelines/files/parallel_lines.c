#include "files/parallel_lines.h"

#include "files/archive.h"
#include "files/reader.h"
#include "read/decode.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_LINES = 128,
    CHUNKS_A_WORKER = 3,
    KEEP_BYTES = 4 << 20, /* of a chunk's arena, from one use to the next */
};
#define CHUNK_BYTES ((size_t)1 << 20)
#define ARENA_BYTES ((size_t)512 << 20) /* address space; pages are touched as lines need them */

enum state { FREE, READY, BUSY, DONE };

struct slot {
    struct tw_chunk chunk;
    enum state state;
};

struct run {
    const struct tw_parallel_lines_options *options;
    const struct tw_parallel_lines_job *job;
    struct tw_archive *archive;
    bool json;
    bool form_known;
    bool archive_spent;
    struct slot *slots; /* chunk n stands in slot n % slot_count */
    uint64_t slot_count;
    uint64_t filled, taken, emitted; /* chunks so far: emitted <= taken <= filled <= emitted + slot_count */
    /* The mutex guards slot states, the three counters, `stop` and `failure`. */
    pthread_mutex_t mutex;
    pthread_cond_t ready; /* a chunk became READY, or stop */
    pthread_cond_t done;  /* a chunk became DONE, or a worker failed */
    bool stop;
    bool failed;
    struct tw_error failure;
};

/* ---- reading ---- */

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && strcmp(path + length - tail, end) == 0;
}

static bool path_says_json(const char *path)
{
    static const char *const ends[] = {".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz", ".ndjson.gz",
        ".jsonl.zst", ".json.zst", ".ndjson.zst"};
    for (size_t at = 0; at < sizeof ends / sizeof ends[0]; at++)
        if (ends_in(path, ends[at]))
            return true;
    return false;
}

static void settle_form(struct run *run, struct tw_text line)
{
    size_t at = tw_text_mark_bytes(line);
    while (at < line.length && (unsigned char)line.bytes[at] <= ' ')
        at++;
    run->form_known = at < line.length;
    run->json = (at < line.length && line.bytes[at] == '{') || tw_archive_gives_records(run->archive);
}

static bool add_line(struct run *run, struct tw_chunk *chunk, const struct tw_archive_line *line,
    const struct tw_error *why, struct tw_error *err)
{
    struct tw_line *added = &chunk->lines[chunk->count++];
    added->number = line->number;
    added->refusal = NULL;
    if (why) {
        struct tw_error *refusal = tw_arena_take(&chunk->arena, sizeof *refusal);
        if (!refusal)
            return tw_arena_fail(&chunk->arena, err);
        *refusal = *why;
        added->refusal = refusal;
        added->text = (struct tw_text){"", 0};
        return true;
    }
    if (!run->form_known)
        settle_form(run, line->text);
    added->text = tw_arena_copy(&chunk->arena, line->text);
    return added->text.bytes ? true : tw_arena_fail(&chunk->arena, err);
}

/* Reads lines into an empty chunk. count = 0: the archive is at its end. */
static bool fill(struct run *run, struct tw_chunk *chunk, struct tw_error *err)
{
    tw_arena_reset(&chunk->arena, KEEP_BYTES);
    chunk->count = 0;
    chunk->results = NULL;
    chunk->lines = tw_arena_array(&chunk->arena, CHUNK_LINES, sizeof *chunk->lines);
    if (!chunk->lines)
        return tw_arena_fail(&chunk->arena, err);
    size_t bytes = 0;
    while (chunk->count < CHUNK_LINES && bytes < CHUNK_BYTES && !run->archive_spent) {
        struct tw_archive_line line = {{"", 0}, 0};
        struct tw_error why;
        enum tw_read read = tw_archive_next(run->archive, &line, &why);
        if (read == TW_READ_FAILED) {
            *err = why;
            return false;
        }
        run->archive_spent = read == TW_READ_END;
        if (!run->archive_spent && !add_line(run, chunk, &line, read == TW_READ_REFUSED ? &why : NULL, err))
            return false;
        bytes += line.text.length;
    }
    chunk->json = run->json;
    return true;
}

/* ---- working ---- */

static bool work_on(struct run *run, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    chunk->out = open_memstream(&chunk->out_bytes, &chunk->out_length);
    if (!chunk->out)
        return tw_fail_errno(
            err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the output");
    bool worked = run->job->work(run->job->context, worker, chunk, err);
    bool written = fclose(chunk->out) == 0;
    chunk->out = NULL;
    if (worked && !written)
        return tw_fail_errno(
            err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the output");
    return worked;
}

static void drop_output(struct tw_chunk *chunk)
{
    free(chunk->out_bytes);
    chunk->out_bytes = NULL;
    chunk->out_length = 0;
}

static bool emit_chunk(struct run *run, struct tw_chunk *chunk, struct tw_error *err)
{
    bool emitted = run->job->emit(run->job->context, chunk, err);
    drop_output(chunk);
    return emitted;
}

/* ---- one worker: no threads ---- */

static bool run_alone(struct run *run, struct tw_error *err)
{
    void *worker = NULL;
    struct tw_chunk *chunk = &run->slots[0].chunk;
    if (!run->job->begin(run->job->context, &worker, err))
        return false;
    bool going = true;
    do {
        going = fill(run, chunk, err);
        going =
            going && (chunk->count == 0 || (work_on(run, worker, chunk, err) && emit_chunk(run, chunk, err)));
    } while (going && !run->archive_spent);
    run->job->end(worker);
    return going;
}

/* ---- several ---- */

static void fail_run(struct run *run, const struct tw_error *err)
{
    pthread_mutex_lock(&run->mutex);
    if (!run->failed)
        run->failure = *err;
    run->failed = true;
    run->stop = true;
    pthread_cond_broadcast(&run->ready);
    pthread_cond_broadcast(&run->done);
    pthread_mutex_unlock(&run->mutex);
}

/* The next chunk to work on; NULL when the run stops. */
static struct slot *take_ready(struct run *run)
{
    struct slot *slot = NULL;
    pthread_mutex_lock(&run->mutex);
    while (!run->stop && run->taken == run->filled)
        pthread_cond_wait(&run->ready, &run->mutex);
    if (!run->stop) {
        slot = &run->slots[run->taken++ % run->slot_count];
        slot->state = BUSY;
    }
    pthread_mutex_unlock(&run->mutex);
    return slot;
}

static void mark_done(struct run *run, struct slot *slot)
{
    pthread_mutex_lock(&run->mutex);
    slot->state = DONE;
    pthread_cond_signal(&run->done);
    pthread_mutex_unlock(&run->mutex);
}

static void *worker_thread(void *argument)
{
    struct run *run = argument;
    struct tw_error err = {0};
    void *worker = NULL;
    if (!run->job->begin(run->job->context, &worker, &err)) {
        fail_run(run, &err);
        return NULL;
    }
    for (struct slot *slot = take_ready(run); slot; slot = take_ready(run)) {
        if (!work_on(run, worker, &slot->chunk, &err)) {
            fail_run(run, &err);
            break;
        }
        mark_done(run, slot);
    }
    run->job->end(worker);
    return NULL;
}

static void hand_out(struct run *run)
{
    pthread_mutex_lock(&run->mutex);
    run->slots[run->filled++ % run->slot_count].state = READY;
    pthread_cond_signal(&run->ready);
    pthread_mutex_unlock(&run->mutex);
}

/* The oldest chunk, when it is done; waits for it if `wait`. NULL: not done, or the run failed. */
static struct slot *oldest_done(struct run *run, bool wait)
{
    pthread_mutex_lock(&run->mutex);
    struct slot *slot = &run->slots[run->emitted % run->slot_count];
    while (wait && !run->failed && slot->state != DONE)
        pthread_cond_wait(&run->done, &run->mutex);
    bool done = !run->failed && slot->state == DONE;
    pthread_mutex_unlock(&run->mutex);
    return done ? slot : NULL;
}

static bool emit_oldest(struct run *run, bool wait, bool *emitted, struct tw_error *err)
{
    struct slot *slot = run->emitted < run->filled ? oldest_done(run, wait) : NULL;
    *emitted = slot != NULL;
    if (!slot)
        return true;
    bool fine = emit_chunk(run, &slot->chunk, err);
    pthread_mutex_lock(&run->mutex);
    slot->state = FREE;
    run->emitted++;
    pthread_mutex_unlock(&run->mutex);
    return fine;
}

/* The caller's part: read while there is room, emit what is done. */
static bool feed(struct run *run, struct tw_error *err)
{
    for (;;) {
        bool room = run->filled - run->emitted < run->slot_count && !run->archive_spent;
        bool emitted;
        if (room) {
            struct tw_chunk *chunk = &run->slots[run->filled % run->slot_count].chunk;
            if (!fill(run, chunk, err))
                return false;
            if (chunk->count)
                hand_out(run);
        }
        if (!room && run->emitted == run->filled)
            return true;
        if (!emit_oldest(run, !room, &emitted, err))
            return false;
        if (!room && !emitted) /* a worker failed */
            return true;
    }
}

static bool run_together(struct run *run, struct tw_error *err)
{
    pthread_t *threads = calloc(run->options->workers, sizeof *threads);
    uint32_t started = 0;
    if (!threads)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for workers");
    while (
        started < run->options->workers && pthread_create(&threads[started], NULL, worker_thread, run) == 0)
        started++;
    bool fine = started > 0 && feed(run, err);
    if (started == 0)
        tw_fail(err, TW_INTERNAL, NULL, "raise the limit of threads", "no worker thread can be started");
    pthread_mutex_lock(&run->mutex);
    run->stop = true;
    pthread_cond_broadcast(&run->ready);
    pthread_mutex_unlock(&run->mutex);
    for (uint32_t thread = 0; thread < started; thread++)
        pthread_join(threads[thread], NULL);
    free(threads);
    if (fine && run->failed) {
        *err = run->failure;
        return false;
    }
    return fine;
}

/* ---- the run ---- */

static bool begin_slots(struct run *run, struct tw_error *err)
{
    run->slot_count = run->options->workers > 1 ? (uint64_t)run->options->workers * CHUNKS_A_WORKER : 1;
    run->slots = calloc(run->slot_count, sizeof *run->slots);
    if (!run->slots)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for lines");
    for (uint64_t slot = 0; slot < run->slot_count; slot++) {
        run->slots[slot].chunk.name = tw_archive_name(run->archive);
        if (!tw_arena_begin(&run->slots[slot].chunk.arena, ARENA_BYTES, err))
            return false;
    }
    return true;
}

static void end_slots(struct run *run)
{
    for (uint64_t slot = 0; run->slots && slot < run->slot_count; slot++) {
        drop_output(&run->slots[slot].chunk);
        tw_arena_end(&run->slots[slot].chunk.arena);
    }
    free(run->slots);
}

bool tw_parallel_lines_run(const struct tw_parallel_lines_options *options,
    const struct tw_parallel_lines_job *job, struct tw_error *err)
{
    struct run run = {.options = options,
        .job = job,
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .ready = PTHREAD_COND_INITIALIZER,
        .done = PTHREAD_COND_INITIALIZER};
    run.form_known = options->form != TW_INPUT_AUTO || path_says_json(options->path);
    run.json = options->form == TW_INPUT_JSON || (options->form == TW_INPUT_AUTO && run.form_known);
    const struct tw_table_columns columns = tw_reader_columns(options->decode);
    if (!tw_archive_open(options->path, options->decode->max_payload_bytes, &run.archive, err))
        return false;
    if (options->form != TW_INPUT_TEXT)
        tw_archive_ask_for_records(run.archive, &columns);
    bool fine =
        begin_slots(&run, err) && (options->workers > 1 ? run_together(&run, err) : run_alone(&run, err));
    end_slots(&run);
    tw_archive_close(run.archive);
    return fine;
}
