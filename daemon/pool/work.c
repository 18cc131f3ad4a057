#include "pool/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "read/decode.h"
#include "source/message.h"

/* Room that a dead letter needs beside its raw bytes (twice: as it is, and in the statement's parameters). */
enum { LETTER_BYTES = 1024 * 1024 };

static bool begin(void *content, struct tw_pulse *pulse, void **state, struct tw_error *err)
{
    struct tw_work_shared *shared = content;
    struct tw_river_worker *worker = NULL;
    if (!tw_river_worker_new(&shared->river, &worker, err))
        return false;
    tw_river_watch(worker, pulse);
    *state = worker;
    return true;
}

static void end(void *state)
{
    tw_river_worker_free(state);
}

bool tw_work_messages(struct tw_batch *batch, struct tw_error *err)
{
    batch->messages = tw_arena_array(&batch->arena, batch->count, sizeof *batch->messages);
    if (!batch->messages)
        return tw_arena_fail(&batch->arena, err);
    for (uint32_t at = 0; at < batch->count; at++) {
        if (!tw_message_take(batch->held[at], &batch->messages[at], &batch->arena, err))
            return false;
        batch->messages[at].clock_us = batch->arrived_us;
    }
    return true;
}

static bool make_rows(struct tw_work_shared *shared, struct tw_river_worker *worker, struct tw_batch *batch,
    struct tw_error *err)
{
    return tw_work_messages(batch, err) &&
           tw_river_run(
               &shared->river, worker, batch->messages, batch->count, &batch->arena, &batch->rows, err) &&
           tw_encode_rows(&shared->encode, batch, 0, batch->count, &batch->arena, &batch->encoded, err);
}

/* One message alone does not fit: it is stored as a dead letter. Its raw bytes may be larger than the
 * arena; it gets one of their size, for good, since what came once may come again. */
static bool make_letter(struct tw_work_shared *shared, struct tw_batch *batch, struct tw_error *err)
{
    struct tw_error refusal = {0};
    char where[64];
    snprintf(where, sizeof where, "offset %" PRId64, batch->held[0]->offset);
    tw_fail(&refusal, TW_REFUSED, where, "raise batch.memory, or send less in one message",
        "needs more than the %zu bytes of memory of a batch", batch->arena.limit);
    size_t needed = batch->bytes * 4 + LETTER_BYTES;
    if (needed > batch->arena.limit) {
        tw_arena_end(&batch->arena);
        if (!tw_arena_begin(&batch->arena, needed, err))
            return false;
    } else {
        tw_arena_reset(&batch->arena, 0);
    }
    struct tw_rows *rows = &batch->rows;
    *rows = (struct tw_rows){.document_count = 1, .dead_count = 1, .highest_us = TW_NO_TIME};
    if (!tw_work_messages(batch, err))
        return false;
    rows->documents = tw_arena_array(&batch->arena, 1, sizeof *rows->documents);
    rows->latest_us = tw_arena_array(&batch->arena, 1, sizeof *rows->latest_us);
    if (!rows->documents || !rows->latest_us)
        return tw_arena_fail(&batch->arena, err);
    rows->latest_us[0] = TW_NO_TIME;
    rows->documents[0].message = &batch->messages[0];
    return tw_document_refuse(&rows->documents[0], &refusal, &batch->arena, err) &&
           tw_encode_rows(&shared->encode, batch, 0, 1, &batch->arena, &batch->encoded, err);
}

static void run(void *content, void *state, struct tw_batch *batch)
{
    uint64_t began_us = tw_now_us();
    struct tw_error err = {0};
    bool made = make_rows(content, state, batch, &err);
    if (!made && err.code == TW_FULL && batch->count == 1)
        made = make_letter(content, batch, &err);
    batch->failed = !made;
    batch->failure = err;
    batch->left_us[TW_STAGE_QUEUE] = began_us;
    batch->left_us[TW_STAGE_WORKER] = tw_now_us();
}

const struct tw_work tw_work_table = {.begin = begin, .end = end, .batch = run};
