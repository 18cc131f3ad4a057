/* story_keys: by which words documents are looked up, and which documents have each of them.
 *
 *     tw_story_keys_choose(&print, keys)                  up to TW_STORY_KEYS of a document's words
 *     tw_story_keys_sort(&index, keys, count)             those first that the fewest documents have
 *     slot = tw_story_keys_find(&index, key)              NULL: no document has it
 *     slot = tw_story_keys_enter(&index, key)             room was made before
 *
 * An index of one slot a key, by open addressing. A slot names the latest document that has the key; each
 * document names, for each key of its own, the one before it: so documents are walked through from the latest
 * on, and the latest is taken away as it came. Slots tell keys apart exactly, so that nothing that was in the
 * index once and is so no more changes an answer: an index that is built anew gives the same.
 *
 * Documents are sequences, from TW_STORY_FIRST on; a place says too which of the document's keys it is. */
#ifndef TW_STORY_KEYS_H
#define TW_STORY_KEYS_H

#include "stories/fingerprint.h"

enum { TW_STORY_KEYS = 8 };
enum { TW_STORY_NONE = 1, TW_STORY_FIRST = 2 }; /* a place that is none; the first sequence */

struct tw_story_slot {
    uint64_t newest; /* place in the latest document; TW_STORY_NONE: in none; 0: the slot is free */
    uint32_t key;
    uint32_t count; /* documents within the window that have it */
};

struct tw_story_keys {
    struct tw_story_slot *slots;
    uint32_t slot_count; /* a power of two */
    uint32_t taken;
};

/* The place of a document's key `at`. */
static inline uint64_t tw_story_place(uint64_t sequence, uint32_t at)
{
    return sequence * TW_STORY_KEYS + at;
}

/* The document of a place. */
static inline uint64_t tw_story_sequence(uint64_t place)
{
    return place / TW_STORY_KEYS;
}

/* The smallest elements that stand for a word that is not common; of common words alone, the smallest.
 * Returns how many. */
uint32_t tw_story_keys_choose(const struct tw_fingerprint *print, uint32_t keys[TW_STORY_KEYS]);

/* An empty index with room for so many keys; what it held before is freed. False for want of memory: then it
 * is as it was. */
TW_MUST_USE bool tw_story_keys_begin(struct tw_story_keys *index, size_t keys);
/* Frees it; a zeroed one is safe to end. */
void tw_story_keys_end(struct tw_story_keys *index);
/* Whether the keys of a document more have room. */
bool tw_story_keys_have_room(const struct tw_story_keys *index);

/* The slot of a key; NULL when no document ever had it. */
struct tw_story_slot *tw_story_keys_find(const struct tw_story_keys *index, uint32_t key);
/* The slot of a key, which is taken now. */
struct tw_story_slot *tw_story_keys_enter(struct tw_story_keys *index, uint32_t key);

/* Keys of the fewest documents first: they tell most. Of equals in the order of keys. */
void tw_story_keys_sort(const struct tw_story_keys *index, uint32_t *keys, uint32_t count);

#endif
