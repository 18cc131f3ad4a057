#include "stories/stories.h"

#include <stdlib.h>

#define HOUR_US INT64_C(3600000000)

enum { FEWEST_SLOTS = 1024, MOST_DOCUMENTS = 1 << 28 };

static const int64_t spans_us[TW_STORY_SPANS] = {12 * HOUR_US, 24 * HOUR_US, 72 * HOUR_US, 168 * HOUR_US};

/* A story, as long as one of its documents is within the window. */
struct tw_story_times {
    int64_t number;
    uint32_t documents; /* of it within the window */
    uint32_t count, room;
    int64_t *times_us; /* of its documents within the longest span, ascending */
};

/* Documents that have one of the slot's keys, the latest first. */
struct tw_story_slot {
    uint64_t newest; /* sequence + 1; 0: none */
    uint32_t count;  /* of them within the window */
};

struct tw_story_document {
    struct tw_story_times *story;
    int64_t number;
    int64_t time_us;
    uint64_t looked; /* sequence + 1 of the document that was compared with it last */
    uint32_t key_count;
    uint32_t keys[TW_STORY_KEYS];
    uint64_t before[TW_STORY_KEYS]; /* by key: sequence + 1 of the document before it in the key's slot */
    struct tw_fingerprint print;
    uint32_t elements[]; /* of the print, and its names behind them */
};

struct tw_stories_options tw_stories_defaults(void)
{
    return (struct tw_stories_options){.window_us = 24 * HOUR_US, .alike = 6000, .most_documents = 1000000};
}

bool tw_stories_begin(
    struct tw_stories *stories, const struct tw_stories_options *options, struct tw_error *err)
{
    *stories = (struct tw_stories){.options = *options, .latest_us = TW_NO_TIME};
    if (options->window_us < 1 || options->window_us > spans_us[TW_STORY_7_D] || options->alike < 1 ||
        options->alike > 10000 || options->most_documents < 1 || options->most_documents > MOST_DOCUMENTS)
        return tw_fail(err, TW_CONFIG, NULL, "a window of 7 days at most, a likeness of 0.0001 to 1",
            "stories cannot be told apart by these options");
    stories->ring = stories->slot_count = FEWEST_SLOTS;
    stories->documents = calloc(stories->ring, sizeof(struct tw_story_document *));
    stories->slots = calloc(stories->slot_count, sizeof *stories->slots);
    if (stories->documents && stories->slots)
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for stories");
}

static struct tw_story_document **place_of(const struct tw_stories *stories, uint64_t sequence)
{
    return &stories->documents[sequence & (stories->ring - 1)];
}

static struct tw_story_slot *slot_of(const struct tw_stories *stories, uint32_t key)
{
    return &stories->slots[key >> 1 & (stories->slot_count - 1)];
}

static void forget_oldest(struct tw_stories *stories)
{
    struct tw_story_document **place = place_of(stories, stories->first++);
    struct tw_story_times *story = (*place)->story;
    for (uint32_t at = 0; at < (*place)->key_count; at++)
        slot_of(stories, (*place)->keys[at])->count--;
    if (--story->documents == 0) {
        free(story->times_us);
        free(story);
    }
    free(*place);
    *place = NULL;
}

void tw_stories_end(struct tw_stories *stories)
{
    while (stories->documents && stories->first < stories->behind)
        forget_oldest(stories);
    free(stories->documents);
    free(stories->slots);
    *stories = (struct tw_stories){.latest_us = TW_NO_TIME};
}

/* -- keys ------------------------------------------------------------------------------------------------ */

/* The smallest elements that stand for a word that is not common; of common words alone, the smallest. */
static uint32_t choose_keys(const struct tw_fingerprint *print, uint32_t keys[TW_STORY_KEYS])
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

static void enter_keys(struct tw_stories *stories, uint64_t sequence)
{
    struct tw_story_document *document = *place_of(stories, sequence);
    for (uint32_t at = 0; at < document->key_count; at++) {
        struct tw_story_slot *slot = slot_of(stories, document->keys[at]);
        document->before[at] = slot->newest;
        slot->newest = sequence + 1;
        slot->count++;
    }
}

/* Keys of the fewest documents first: they tell most. */
static void sort_keys(const struct tw_stories *stories, uint32_t *keys, uint32_t count)
{
    for (uint32_t at = 1; at < count; at++) {
        uint32_t key = keys[at], place = at;
        for (; place > 0 && slot_of(stories, keys[place - 1])->count > slot_of(stories, key)->count; place--)
            keys[place] = keys[place - 1];
        keys[place] = key;
    }
}

/* Where the chain of a key's slot goes on behind a document. Two keys of one document may share a slot: then
 * one of them leads to the document itself. */
static uint64_t next_of(const struct tw_stories *stories, const struct tw_story_document *document,
    uint64_t sequence, uint32_t key, bool *has_key)
{
    uint64_t next = 0;
    *has_key = false;
    for (uint32_t at = 0; at < document->key_count; at++) {
        *has_key |= document->keys[at] == key;
        if (slot_of(stories, document->keys[at]) == slot_of(stories, key) &&
            document->before[at] != sequence + 1)
            next = document->before[at];
    }
    return next;
}

/* -- growing --------------------------------------------------------------------------------------------- */

static bool grow_ring(struct tw_stories *stories)
{
    uint32_t ring = stories->ring * 2;
    struct tw_story_document **documents = calloc(ring, sizeof(struct tw_story_document *));
    if (!documents)
        return false;
    for (uint64_t at = stories->first; at < stories->behind; at++)
        documents[at & (ring - 1)] = *place_of(stories, at);
    free(stories->documents);
    stories->documents = documents;
    stories->ring = ring;
    return true;
}

/* Keys of all documents are entered anew, in their order. */
static bool grow_slots(struct tw_stories *stories)
{
    uint32_t count = stories->slot_count * 4;
    struct tw_story_slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(stories->slots);
    stories->slots = slots;
    stories->slot_count = count;
    for (uint64_t at = stories->first; at < stories->behind; at++)
        enter_keys(stories, at);
    return true;
}

static bool make_room(struct tw_stories *stories)
{
    uint64_t count = stories->behind - stories->first;
    if (count == stories->ring && !grow_ring(stories))
        return false;
    return count * TW_STORY_KEYS < stories->slot_count || grow_slots(stories);
}

/* -- filing ---------------------------------------------------------------------------------------------- */

struct nearest {
    struct tw_story_document *document;
    uint64_t sequence;
    int32_t alike;
};

/* Of those equally alike the earliest. */
static void look(struct tw_story_document *document, const struct tw_fingerprint *print, uint64_t sequence,
    struct nearest *nearest)
{
    uint32_t fewer = document->print.count < print->count ? document->print.count : print->count;
    uint32_t more = document->print.count < print->count ? print->count : document->print.count;
    if (document->print.whole && print->whole && (int64_t)fewer * 10000 / more < nearest->alike)
        return; /* it cannot be as alike as the nearest */
    int32_t alike = tw_fingerprint_alike(&document->print, print);
    if (alike > nearest->alike || (alike == nearest->alike && alike > 0 && sequence < nearest->sequence))
        *nearest = (struct nearest){document, sequence, alike};
}

static struct nearest find_nearest(
    const struct tw_stories *stories, const struct tw_fingerprint *print, uint32_t *keys, uint32_t key_count)
{
    struct nearest nearest = {0};
    uint32_t looks = 0;
    sort_keys(stories, keys, key_count);
    for (uint32_t at = 0; at < key_count && looks < TW_STORY_LOOKS; at++) {
        uint64_t next = slot_of(stories, keys[at])->newest;
        while (next > stories->first && looks < TW_STORY_LOOKS && nearest.alike < 10000) {
            bool has_key;
            uint64_t sequence = next - 1;
            struct tw_story_document *document = *place_of(stories, sequence);
            next = next_of(stories, document, sequence, keys[at], &has_key);
            if (!has_key || document->looked == stories->behind + 1)
                continue;
            document->looked = stories->behind + 1;
            look(document, print, sequence, &nearest);
            looks++;
        }
    }
    return nearest;
}

static struct tw_story_times *new_story(int64_t number)
{
    struct tw_story_times *story = calloc(1, sizeof *story);
    if (story)
        story->number = number;
    return story;
}

/* Room for one more time; what is older than the longest span goes. */
static bool trim_times(struct tw_story_times *story, int64_t time_us)
{
    uint32_t old = 0;
    while (old < story->count && story->times_us[old] <= time_us - spans_us[TW_STORY_7_D])
        old++;
    if (old > story->count / 2 || (old && story->count == story->room)) {
        memmove(story->times_us, story->times_us + old, (story->count - old) * sizeof *story->times_us);
        story->count -= old;
    }
    if (story->count < story->room)
        return true;
    uint32_t room = story->room ? story->room * 2 : 2;
    int64_t *times_us = realloc(story->times_us, room * sizeof *times_us);
    if (!times_us)
        return false;
    story->times_us = times_us;
    story->room = room;
    return true;
}

static void count_copies(
    const struct tw_story_times *story, int64_t time_us, struct tw_story_verdict *verdict)
{
    for (uint32_t span = 0; span < TW_STORY_SPANS; span++) {
        uint32_t low = 0, high = story->count;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (story->times_us[middle] <= time_us - spans_us[span])
                low = middle + 1;
            else
                high = middle;
        }
        verdict->copies[span] = story->count - low;
    }
}

static struct tw_story_document *new_document(const struct tw_fingerprint *print)
{
    size_t elements = print->count, names = print->name_count;
    struct tw_story_document *document =
        calloc(1, sizeof *document + (elements + names) * sizeof document->elements[0]);
    if (!document)
        return NULL;
    document->print = *print;
    document->print.elements = document->elements;
    document->print.names = document->elements + elements;
    for (size_t at = 0; at < elements; at++)
        document->elements[at] = print->elements[at];
    for (size_t at = 0; at < names; at++)
        document->elements[elements + at] = print->names[at];
    return document;
}

bool tw_stories_file(struct tw_stories *stories, const struct tw_fingerprint *fingerprint, int64_t time_us,
    int64_t number, struct tw_story_verdict *verdict, struct tw_error *err)
{
    if (time_us < stories->latest_us)
        time_us = stories->latest_us;
    while (stories->first < stories->behind &&
           (*place_of(stories, stories->first))->time_us <= time_us - stories->options.window_us)
        forget_oldest(stories);
    if (stories->behind - stories->first == stories->options.most_documents) {
        forget_oldest(stories);
        stories->forgotten++;
    }
    struct tw_story_document *document = new_document(fingerprint);
    if (!document || !make_room(stories)) {
        free(document);
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for stories");
    }
    document->number = number;
    document->time_us = stories->latest_us = time_us;
    document->key_count = choose_keys(fingerprint, document->keys);
    struct nearest nearest = find_nearest(stories, fingerprint, document->keys, document->key_count);
    bool is_copy = nearest.document && nearest.alike >= stories->options.alike;
    document->story = is_copy ? nearest.document->story : new_story(number);
    if (!document->story || !trim_times(document->story, time_us)) {
        if (!is_copy)
            free(document->story);
        free(document);
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for stories");
    }
    *verdict = (struct tw_story_verdict){.story = document->story->number,
        .nearest = nearest.document ? nearest.document->number : number,
        .novelty = 10000 - nearest.alike};
    count_copies(document->story, time_us, verdict);
    document->story->times_us[document->story->count++] = time_us;
    document->story->documents++;
    *place_of(stories, stories->behind) = document;
    enter_keys(stories, stories->behind++);
    return true;
}
