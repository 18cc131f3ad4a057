#include "stories/story_keys.h"

#include <stdlib.h>

enum { FEWEST_SLOTS = 1024 };

uint32_t tw_story_keys_choose(const struct tw_fingerprint *print, uint32_t keys[TW_STORY_KEYS])
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < print->count && count < TW_STORY_KEYS; at++)
        if (print->elements[at] & 1)
            keys[count++] = print->elements[at];
    for (uint32_t at = 0; count == 0 && at < print->count && at < TW_STORY_KEYS; at++)
        keys[at] = print->elements[at];
    if (count == 0)
        count = print->count < TW_STORY_KEYS ? print->count : TW_STORY_KEYS;
    return count;
}

bool tw_story_keys_begin(struct tw_story_keys *index, size_t keys)
{
    uint32_t count = FEWEST_SLOTS;
    while (count < keys * 4 && count < UINT32_MAX / 2)
        count *= 2;
    struct tw_story_slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(index->slots);
    *index = (struct tw_story_keys){.slots = slots, .slot_count = count};
    return true;
}

void tw_story_keys_end(struct tw_story_keys *index)
{
    free(index->slots);
    *index = (struct tw_story_keys){0};
}

bool tw_story_keys_have_room(const struct tw_story_keys *index)
{
    return index->taken + TW_STORY_KEYS <= index->slot_count / 2;
}

/* Where the key stands, or could. Elements are hashes already, but their low bit says what word it is. */
static struct tw_story_slot *place_of(const struct tw_story_keys *index, uint32_t key)
{
    uint32_t mask = index->slot_count - 1;
    uint32_t at = key >> 1 & mask;
    while (index->slots[at].newest != 0 && index->slots[at].key != key)
        at = (at + 1) & mask;
    return &index->slots[at];
}

struct tw_story_slot *tw_story_keys_find(const struct tw_story_keys *index, uint32_t key)
{
    struct tw_story_slot *slot = place_of(index, key);
    return slot->newest ? slot : NULL;
}

struct tw_story_slot *tw_story_keys_enter(struct tw_story_keys *index, uint32_t key)
{
    struct tw_story_slot *slot = place_of(index, key);
    if (slot->newest)
        return slot;
    *slot = (struct tw_story_slot){.newest = TW_STORY_NONE, .key = key};
    index->taken++;
    return slot;
}

static uint32_t count_of(const struct tw_story_keys *index, uint32_t key)
{
    const struct tw_story_slot *slot = tw_story_keys_find(index, key);
    return slot ? slot->count : 0;
}

void tw_story_keys_sort(const struct tw_story_keys *index, uint32_t *keys, uint32_t count)
{
    uint32_t counts[TW_STORY_KEYS];
    for (uint32_t at = 0; at < count; at++) {
        uint32_t key = keys[at], of_key = count_of(index, key), place = at;
        for (; place > 0 && counts[place - 1] > of_key; place--) {
            keys[place] = keys[place - 1];
            counts[place] = counts[place - 1];
        }
        keys[place] = key;
        counts[place] = of_key;
    }
}
