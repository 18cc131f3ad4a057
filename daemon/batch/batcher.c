#include "batch/batcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch/pace.h"
#include "source/message.h"

/* Pages of an arena that stay resident when its batch goes back; one giant must not stay for ever. */
enum { KEEP_BYTES = 1024 * 1024 };

struct tw_batcher {
    struct tw_batcher_options options;
    uint64_t most_tokens;
    struct tw_batch *open; /* oldest first, linked by next */
    struct tw_batch *idle; /* the free list */
    uint32_t open_count;
};

bool tw_batcher_begin(const struct tw_batcher_options *options, struct tw_batcher **out, struct tw_error *err)
{
    struct tw_batcher *batcher = calloc(1, sizeof *batcher);
    if (!batcher)
        return tw_fail(err, TW_INTERNAL, "batcher", NULL, "out of memory");
    batcher->options = *options;
    batcher->most_tokens = UINT64_MAX;
    *out = batcher;
    return true;
}

static void free_batch(struct tw_batch *batch)
{
    tw_arena_end(&batch->arena);
    free(batch->held);
    free(batch);
}

const struct tw_batcher_options *tw_batcher_options_of(const struct tw_batcher *batcher)
{
    return &batcher->options;
}

void tw_batcher_limit_tokens(struct tw_batcher *batcher, uint64_t most_tokens)
{
    batcher->most_tokens = most_tokens;
}

void tw_batcher_end(struct tw_batcher *batcher)
{
    if (!batcher)
        return;
    while (batcher->open) {
        struct tw_batch *batch = batcher->open;
        batcher->open = batch->next;
        tw_batcher_free(batcher, batch);
    }
    while (batcher->idle) {
        struct tw_batch *batch = batcher->idle;
        batcher->idle = batch->next;
        free_batch(batch);
    }
    free(batcher);
}

static struct tw_batch *make_batch(const struct tw_batcher *batcher, struct tw_error *err)
{
    struct tw_batch *batch = calloc(1, sizeof *batch);
    if (batch)
        batch->held = calloc(batcher->options.most_documents, sizeof *batch->held);
    if (!batch || !batch->held) {
        free(batch);
        tw_fail(err, TW_INTERNAL, "batcher", "give the process more memory", "out of memory for a batch");
        return NULL;
    }
    batch->capacity = batcher->options.most_documents;
    if (!tw_arena_begin(&batch->arena, batcher->options.memory_bytes, err)) {
        free_batch(batch);
        return NULL;
    }
    return batch;
}

/* An empty batch of this partition, beginning where the last one was cut. */
static struct tw_batch *take_batch(
    struct tw_batcher *batcher, struct tw_partition *partition, struct tw_error *err)
{
    struct tw_batch *batch = batcher->idle;
    if (batch)
        batcher->idle = batch->next;
    else
        batch = make_batch(batcher, err);
    if (!batch)
        return NULL;
    batch->partition = partition;
    batch->assignment = partition->assignment;
    batch->begin_offset = partition->cut_offset;
    batch->end_offset = partition->cut_offset;
    batch->next = NULL;
    return batch;
}

static struct tw_batch **find_open(struct tw_batcher *batcher, const struct tw_partition *partition)
{
    struct tw_batch **link = &batcher->open;
    while (*link && (*link)->partition != partition)
        link = &(*link)->next;
    return link;
}

/* Takes a batch off the open list and makes it immutable. */
static struct tw_batch *cut(struct tw_batcher *batcher, struct tw_batch **link, uint64_t now_ms)
{
    struct tw_batch *batch = *link;
    *link = batch->next;
    batcher->open_count--;
    batch->next = NULL;
    batch->cut_ms = now_ms;
    batch->arrived_us = tw_wall_us();
    batch->left_us[TW_STAGE_GATHER] = tw_now_us();
    batch->partition->cut_offset = batch->end_offset;
    return batch;
}

static uint64_t guess_tokens(const struct tw_batcher *batcher, const rd_kafka_message_t *message)
{
    return tw_pace_guess(message->len, batcher->options.tokens_of_a_text);
}

static bool is_full(const struct tw_batcher *batcher, const struct tw_batch *batch)
{
    return batch->count == batcher->options.most_documents || batch->bytes >= batcher->options.most_bytes ||
           batch->tokens >= batcher->most_tokens;
}

bool tw_batcher_add(struct tw_batcher *batcher, struct tw_partition *partition, rd_kafka_message_t *message,
    size_t bytes, uint64_t now_ms, struct tw_batch **full, struct tw_error *err)
{
    struct tw_batch **link = find_open(batcher, partition);
    *full = NULL;
    if (!*link) {
        struct tw_batch *batch = take_batch(batcher, partition, err);
        if (!batch) {
            rd_kafka_message_destroy(message);
            return false;
        }
        batch->cut_ms = now_ms; /* until it is cut: when it was opened */
        batch->left_us[TW_STAGE_KAFKA] = tw_now_us();
        *link = batch; /* find_open ended at the list's end, so the oldest stays first */
        batcher->open_count++;
    }
    struct tw_batch *batch = *link;
    batch->held[batch->count++] = message;
    batch->bytes += bytes;
    batch->tokens += guess_tokens(batcher, message);
    batch->end_offset = message->offset + 1;
    if (is_full(batcher, batch))
        *full = cut(batcher, link, now_ms);
    return true;
}

struct tw_batch *tw_batcher_cut(struct tw_batcher *batcher, uint64_t now_ms, bool at_once)
{
    if (!batcher->open)
        return NULL;
    if (!at_once && now_ms < batcher->open->cut_ms + batcher->options.age_ms)
        return NULL;
    return cut(batcher, &batcher->open, now_ms);
}

uint64_t tw_batcher_due_ms(const struct tw_batcher *batcher, uint64_t now_ms)
{
    if (!batcher->open)
        return UINT64_MAX;
    uint64_t due = batcher->open->cut_ms + batcher->options.age_ms;
    return due > now_ms ? due - now_ms : 0;
}

size_t tw_batcher_drop(struct tw_batcher *batcher, struct tw_partition *partition)
{
    struct tw_batch **link = find_open(batcher, partition);
    struct tw_batch *batch = *link;
    if (!batch)
        return 0;
    size_t bytes = batch->bytes;
    *link = batch->next;
    batcher->open_count--;
    tw_batcher_free(batcher, batch);
    return bytes;
}

/* What the river made of it is void; the messages stay. */
static void forget_results(struct tw_batch *batch)
{
    tw_arena_reset(&batch->arena, KEEP_BYTES);
    tw_shared_leave(batch->shared);
    batch->shared = NULL;
    batch->messages = NULL;
    batch->rows = (struct tw_rows){0};
    batch->encoded = NULL;
    batch->failed = false;
    batch->failure = (struct tw_error){0};
    batch->left_us[TW_STAGE_QUEUE] = batch->left_us[TW_STAGE_WORKER] = 0;
    batch->back = false;
    batch->order = NULL;
    batch->next = NULL;
}

struct tw_batch *tw_batcher_split(struct tw_batcher *batcher, struct tw_batch *batch)
{
    if (batch->count < 2)
        return NULL;
    struct tw_error refused; /* out of memory: the caller sees NULL */
    struct tw_batch *second = take_batch(batcher, batch->partition, &refused);
    if (!second)
        return NULL;
    uint32_t kept = batch->count / 2;
    second->assignment = batch->assignment;
    second->cut_ms = batch->cut_ms;
    memcpy(second->left_us, batch->left_us, sizeof second->left_us);
    second->arrived_us = batch->arrived_us;
    second->end_offset = batch->end_offset;
    for (uint32_t at = kept; at < batch->count; at++) {
        second->held[second->count++] = batch->held[at];
        second->bytes += tw_message_bytes(batch->held[at]);
        second->tokens += guess_tokens(batcher, batch->held[at]);
        batch->held[at] = NULL;
    }
    batch->count = kept;
    batch->bytes -= second->bytes;
    batch->tokens -= second->tokens;
    batch->end_offset = batch->held[kept - 1]->offset + 1;
    second->begin_offset = batch->end_offset;
    forget_results(batch);
    return second;
}

void tw_batcher_free(struct tw_batcher *batcher, struct tw_batch *batch)
{
    for (uint32_t at = 0; at < batch->count; at++)
        rd_kafka_message_destroy(batch->held[at]);
    forget_results(batch);
    batch->partition = NULL;
    batch->count = 0;
    batch->bytes = 0;
    batch->made_bytes = 0;
    batch->tokens = 0;
    batch->next = batcher->idle;
    batcher->idle = batch;
}

uint32_t tw_batcher_open(const struct tw_batcher *batcher)
{
    return batcher->open_count;
}
