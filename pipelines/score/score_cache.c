#include "score/score_cache.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum {
    PARTS = 16,
    WAYS = 4,         /* slots in which an entry may be noted */
    SLOT_SHARE = 128, /* bytes of ring for each slot; an entry of a post takes some 200 */
    LEAST_BYTES = 64 << 10,
    MOST_SHARE = 8, /* of a ring: no entry takes more */
};

/* Where an entry begins, counted from the first byte ever written; it stands in the ring at `at` modulo the
 * ring's size. 0: none. */
struct slot {
    uint64_t hash, at;
};

/* What stands in a ring: this, then spans, scores (the document's first) and text, one behind the other. */
struct entry {
    uint32_t text_bytes, readings, spans;
};

struct span {
    uint32_t begin, end;
};

struct part {
    pthread_mutex_t mutex; /* guards all of it */
    struct slot *slots;    /* [slot_count], a power of two */
    size_t slot_count;
    char *ring; /* [ring_bytes] */
    size_t ring_bytes;
    uint64_t head; /* bytes ever written */
};

struct tw_score_cache {
    struct part parts[PARTS];
    uint64_t (*hash)(const struct tw_document *document);
    struct tw_arena arena;
};

/* --- keys ----------------------------------------------------------------------------------------------- */

/* What a score depends on beside the text: where its entities stand, how it is cut into windows, and which
 * window names which entity. */
static uint32_t count_spans(const struct tw_document *document)
{
    return document->reading_count + document->window_count + 2 * document->span_count;
}

static struct span span_at(const struct tw_document *document, uint32_t at)
{
    if (at < document->reading_count)
        return (struct span){document->readings[at].begin, document->readings[at].end};
    at -= document->reading_count;
    if (at < document->window_count)
        return (struct span){document->windows[at].begin, document->windows[at].end};
    at -= document->window_count;
    const struct tw_text_span *span = &document->spans[at / 2];
    return at % 2 ? (struct span){span->begin, span->end} : (struct span){span->window, span->reading};
}

static uint64_t hash_of(const struct tw_document *document)
{
    const uint32_t count = count_spans(document);
    uint64_t seed = document->reading_count;
    for (uint32_t at = 0; at < count; at++) {
        const struct span span = span_at(document, at);
        seed = XXH3_64bits_withSeed(&span, sizeof span, seed);
    }
    return XXH3_64bits_withSeed(document->text.bytes, document->text.length, seed);
}

static size_t entry_bytes(const struct tw_document *document)
{
    const size_t bytes = sizeof(struct entry) + count_spans(document) * sizeof(struct span) +
                         (1 + (size_t)document->reading_count) * sizeof(struct tw_score) +
                         document->text.length;
    return (bytes + 7) / 8 * 8;
}

static bool same_key(const char *at, const struct tw_document *document)
{
    struct entry entry;
    memcpy(&entry, at, sizeof entry);
    if (entry.text_bytes != document->text.length || entry.readings != document->reading_count ||
        entry.spans != count_spans(document))
        return false;
    at += sizeof entry;
    for (uint32_t number = 0; number < entry.spans; number++, at += sizeof(struct span)) {
        const struct span span = span_at(document, number);
        if (memcmp(at, &span, sizeof span) != 0)
            return false;
    }
    at += (1 + (size_t)entry.readings) * sizeof(struct tw_score);
    return entry.text_bytes == 0 || memcmp(at, document->text.bytes, entry.text_bytes) == 0;
}

/* --- a part --------------------------------------------------------------------------------------------- */

static struct slot *slots_of(const struct part *part, uint64_t hash)
{
    return &part->slots[(hash / PARTS & (part->slot_count / WAYS - 1)) * WAYS];
}

/* Is the entry still there, or has the ring come round to it? */
static bool lives(const struct part *part, const struct slot *slot)
{
    return slot->at != 0 && part->head <= slot->at + part->ring_bytes;
}

static const char *look_up(const struct part *part, uint64_t hash, const struct tw_document *document)
{
    const struct slot *slots = slots_of(part, hash);
    for (size_t way = 0; way < WAYS; way++) {
        const char *at = part->ring + slots[way].at % part->ring_bytes;
        if (slots[way].hash == hash && lives(part, &slots[way]) && same_key(at, document))
            return at;
    }
    return NULL;
}

/* Room for an entry in one piece: what is left at the ring's end is passed over when it does not suffice. */
static uint64_t make_room(struct part *part, size_t bytes)
{
    const size_t left = part->ring_bytes - (size_t)(part->head % part->ring_bytes);
    const uint64_t at = bytes <= left ? part->head : part->head + left;
    part->head = at + bytes;
    return at;
}

static char *write_piece(char *to, const void *from, size_t bytes)
{
    if (bytes)
        memcpy(to, from, bytes);
    return to + bytes;
}

static void write_entry(char *to, const struct tw_document *document)
{
    const struct entry entry = {
        (uint32_t)document->text.length, document->reading_count, count_spans(document)};
    to = write_piece(to, &entry, sizeof entry);
    for (uint32_t at = 0; at < entry.spans; at++) {
        const struct span span = span_at(document, at);
        to = write_piece(to, &span, sizeof span);
    }
    to = write_piece(to, &document->score, sizeof document->score);
    for (uint32_t at = 0; at < entry.readings; at++)
        to = write_piece(to, &document->readings[at].score, sizeof document->readings[at].score);
    (void)write_piece(to, document->text.bytes, document->text.length);
}

static void read_scores(const char *from, struct tw_document *document)
{
    from += sizeof(struct entry) + count_spans(document) * sizeof(struct span);
    memcpy(&document->score, from, sizeof document->score);
    for (uint32_t at = 0; at < document->reading_count; at++)
        memcpy(&document->readings[at].score, from + (1 + (size_t)at) * sizeof(struct tw_score),
            sizeof(struct tw_score));
}

/* The slot of none, or the one whose entry is oldest. */
static struct slot *slot_to_fill(const struct part *part, uint64_t hash)
{
    struct slot *slots = slots_of(part, hash), *oldest = slots;
    for (size_t way = 1; way < WAYS; way++)
        oldest = slots[way].at < oldest->at ? &slots[way] : oldest;
    return oldest;
}

/* --- the cache ------------------------------------------------------------------------------------------ */

bool tw_score_cache_find(struct tw_score_cache *cache, struct tw_document *document)
{
    const uint64_t hash = cache->hash(document);
    struct part *part = &cache->parts[hash % PARTS];
    pthread_mutex_lock(&part->mutex);
    const char *found = look_up(part, hash, document);
    if (found)
        read_scores(found, document);
    pthread_mutex_unlock(&part->mutex);
    return found != NULL;
}

void tw_score_cache_put(struct tw_score_cache *cache, const struct tw_document *document)
{
    const uint64_t hash = cache->hash(document);
    const size_t bytes = entry_bytes(document);
    struct part *part = &cache->parts[hash % PARTS];
    if (bytes > part->ring_bytes / MOST_SHARE)
        return;
    pthread_mutex_lock(&part->mutex);
    if (!look_up(part, hash, document)) {
        const uint64_t at = make_room(part, bytes);
        write_entry(part->ring + at % part->ring_bytes, document);
        *slot_to_fill(part, hash) = (struct slot){hash, at};
    }
    pthread_mutex_unlock(&part->mutex);
}

static size_t power_of_two_below(size_t number)
{
    size_t power = WAYS;
    while (2 * power <= number)
        power *= 2;
    return power;
}

static bool open_part(struct tw_score_cache *cache, struct part *part, size_t bytes, struct tw_error *err)
{
    part->slot_count = power_of_two_below(bytes / (SLOT_SHARE + sizeof(struct slot)));
    part->ring_bytes = (bytes - part->slot_count * sizeof(struct slot)) / 8 * 8;
    part->head = part->ring_bytes; /* so that no entry begins at 0 */
    pthread_mutex_init(&part->mutex, NULL);
    /* Fresh from the system, and so zero: nothing is touched before it is used. */
    part->slots = tw_arena_take(&cache->arena, part->slot_count * sizeof *part->slots);
    part->ring = tw_arena_take(&cache->arena, part->ring_bytes);
    return (part->slots && part->ring) || tw_arena_fail(&cache->arena, err);
}

static bool open_parts(struct tw_score_cache *cache, size_t bytes, struct tw_error *err)
{
    if (!tw_arena_begin(&cache->arena, bytes + (size_t)PARTS * 256, err))
        return false;
    for (size_t at = 0; at < PARTS; at++)
        if (!open_part(cache, &cache->parts[at], bytes / PARTS, err))
            return false;
    return true;
}

bool tw_score_cache_open(size_t bytes, uint64_t (*hash)(const struct tw_document *document),
    struct tw_score_cache **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_score_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return tw_fail(err, TW_INTERNAL, "score cache", "lower model.cache", "out of memory");
    cache->hash = hash ? hash : hash_of;
    if (!open_parts(cache, bytes < LEAST_BYTES ? LEAST_BYTES : bytes, err)) {
        tw_score_cache_close(cache);
        return false;
    }
    *out = cache;
    return true;
}

void tw_score_cache_close(struct tw_score_cache *cache)
{
    if (!cache)
        return;
    for (size_t at = 0; at < PARTS; at++)
        if (cache->parts[at].ring)
            pthread_mutex_destroy(&cache->parts[at].mutex);
    tw_arena_end(&cache->arena);
    free(cache);
}
