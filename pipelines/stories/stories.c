#include "stories/stories.h"

#include <stddef.h>
#include <stdlib.h>

#define HOUR_US INT64_C(3600000000)

enum { FEWEST_DOCUMENTS = 1024, FEWEST_STORIES = 1024, MOST_DOCUMENTS = 1 << 28 };

static const int64_t spans_us[TW_STORY_SPANS] = {
    12 * HOUR_US, 24 * HOUR_US, 72 * HOUR_US, TW_STORY_LONGEST_US};

/* Which document of a story named an entity last. */
struct told {
    uint64_t entity; /* its hash */
    uint64_t last;   /* a sequence; below TW_STORY_FIRST: none */
};

/* A story, as long as one of its documents is held. */
struct tw_story_times {
    int64_t number;
    int64_t begun_us;
    uint32_t documents;   /* of it that are held */
    uint32_t count, room; /* of times */
    int64_t *times_us;    /* of its documents within the longest span, ascending */
    uint32_t told_count, told_room;
    struct told *told;
};

/* By key, how many places before it the document before it has the key; 0: none that is held. Apart from the
 * documents and close together: who walks through documents waits for memory at each step. */
struct tw_story_links {
    uint32_t back[TW_STORY_KEYS];
};

struct tw_story_document {
    struct tw_fingerprint print; /* all that most looks read */
    uint32_t key_count;
    uint32_t entity_count;
    uint32_t keys[TW_STORY_KEYS];
    struct tw_story_times *story;
    int64_t number;
    int64_t time_us;
    struct told *entities; /* behind the document; `last`: who named it before this one */
    uint64_t room[];       /* of its entities, the print's elements, and names */
};

/* Stories by number, open addressing, at most half full. */
struct tw_story_map {
    struct tw_story_times **stories;
    uint32_t slots; /* a power of two */
    uint32_t count;
};

struct tw_stories_options tw_stories_defaults(void)
{
    return (struct tw_stories_options){.window_us = 24 * HOUR_US, .alike = 6000, .most_documents = 1000000};
}

static bool no_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for stories");
}

static void mark(struct tw_stories *stories)
{
    stories->kept =
        (struct tw_stories_mark){stories->first, stories->behind, stories->latest_us, stories->forgotten};
}

bool tw_stories_begin(
    struct tw_stories *stories, const struct tw_stories_options *options, struct tw_error *err)
{
    *stories = (struct tw_stories){.options = *options,
        .oldest = TW_STORY_FIRST,
        .first = TW_STORY_FIRST,
        .behind = TW_STORY_FIRST,
        .latest_us = TW_NO_TIME};
    mark(stories);
    if (options->window_us < 1 || options->window_us > TW_STORY_LONGEST_US || options->alike < 1 ||
        options->alike > 10000 || options->most_documents < 1 || options->most_documents > MOST_DOCUMENTS)
        return tw_fail(err, TW_CONFIG, NULL, "a window of 7 days at most, a likeness of 0.0001 to 1",
            "stories cannot be told apart by these options");
    stories->ring = FEWEST_DOCUMENTS;
    stories->documents = calloc(stories->ring, sizeof(struct tw_story_document *));
    stories->links = calloc(stories->ring, sizeof(struct tw_story_links));
    return (stories->documents && stories->links && tw_story_keys_begin(&stories->keys, 0)) || no_memory(err);
}

static struct tw_story_document **place_of(const struct tw_stories *stories, uint64_t sequence)
{
    return &stories->documents[sequence & (stories->ring - 1)];
}

static struct tw_story_links *links_of(const struct tw_stories *stories, uint64_t sequence)
{
    return &stories->links[sequence & (stories->ring - 1)];
}

/* Where the document before it has the key that one has at this place. */
static uint64_t place_before(const struct tw_stories *stories, uint64_t place)
{
    uint32_t back = links_of(stories, tw_story_sequence(place))->back[place % TW_STORY_KEYS];
    return back ? place - back : TW_STORY_NONE;
}

/* -- leaving, and coming back ---------------------------------------------------------------------------- */

static void free_story(struct tw_story_times *story)
{
    free(story->times_us);
    free(story->told);
    free(story);
}

static void free_document(struct tw_stories *stories, uint64_t sequence)
{
    struct tw_story_document **place = place_of(stories, sequence);
    if (--(*place)->story->documents == 0)
        free_story((*place)->story);
    free(*place);
    *place = NULL;
}

/* How many documents within the window have its keys. */
static void count_keys(struct tw_stories *stories, uint64_t sequence, bool enters)
{
    const struct tw_story_document *document = *place_of(stories, sequence);
    for (uint32_t at = 0; at < document->key_count; at++) {
        struct tw_story_slot *slot = tw_story_keys_find(&stories->keys, document->keys[at]);
        slot->count += enters ? 1 : UINT32_MAX;
    }
}

static void leave_window(struct tw_stories *stories, int64_t time_us)
{
    while (stories->first < stories->behind &&
           (*place_of(stories, stories->first))->time_us <= time_us - stories->options.window_us)
        count_keys(stories, stories->first++, false);
    if (stories->behind - stories->first == stories->options.most_documents) {
        count_keys(stories, stories->first++, false);
        stories->forgotten++;
    }
}

static struct told *find_told(const struct tw_story_times *story, uint64_t entity)
{
    for (uint32_t at = 0; at < story->told_count; at++)
        if (story->told[at].entity == entity)
            return &story->told[at];
    return NULL;
}

/* The latest document goes as it came. */
static void take_back(struct tw_stories *stories)
{
    struct tw_story_document *document = *place_of(stories, --stories->behind);
    for (uint32_t at = 0; at < document->key_count; at++)
        tw_story_keys_find(&stories->keys, document->keys[at])->newest =
            place_before(stories, tw_story_place(stories->behind, at));
    if (stories->behind >= stories->first)
        count_keys(stories, stories->behind, false);
    else
        stories->first = stories->behind;
    for (uint32_t at = 0; at < document->entity_count; at++)
        find_told(document->story, document->entities[at].entity)->last = document->entities[at].last;
    document->story->count--;
    free_document(stories, stories->behind);
}

void tw_stories_undo(struct tw_stories *stories)
{
    while (stories->behind > stories->kept.behind)
        take_back(stories);
    while (stories->first > stories->kept.first)
        count_keys(stories, --stories->first, true);
    stories->latest_us = stories->kept.latest_us;
    stories->forgotten = stories->kept.forgotten;
}

/* Stories of which times alone were recalled go with the map. */
static void end_recall(struct tw_stories *stories)
{
    struct tw_story_map *map = stories->recalled;
    for (uint32_t at = 0; map && at < map->slots; at++)
        if (map->stories[at] && map->stories[at]->documents == 0)
            free_story(map->stories[at]);
    if (map)
        free(map->stories);
    free(map);
    stories->recalled = NULL;
}

void tw_stories_keep(struct tw_stories *stories)
{
    end_recall(stories);
    while (stories->oldest < stories->first)
        free_document(stories, stories->oldest++);
    mark(stories);
}

void tw_stories_end(struct tw_stories *stories)
{
    end_recall(stories);
    while (stories->documents && stories->oldest < stories->behind)
        free_document(stories, stories->oldest++);
    free(stories->documents);
    free(stories->links);
    tw_story_keys_end(&stories->keys);
    *stories = (struct tw_stories){.latest_us = TW_NO_TIME};
}

/* -- growing --------------------------------------------------------------------------------------------- */

static bool grow_ring(struct tw_stories *stories)
{
    uint32_t ring = stories->ring * 2;
    struct tw_story_document **documents = calloc(ring, sizeof(struct tw_story_document *));
    struct tw_story_links *links = calloc(ring, sizeof *links);
    bool grows = documents && links;
    for (uint64_t at = stories->oldest; grows && at < stories->behind; at++) {
        documents[at & (ring - 1)] = *place_of(stories, at);
        links[at & (ring - 1)] = *links_of(stories, at);
    }
    free(grows ? stories->documents : documents);
    free(grows ? stories->links : links);
    if (!grows)
        return false;
    stories->documents = documents;
    stories->links = links;
    stories->ring = ring;
    return true;
}

static void enter_keys(struct tw_stories *stories, uint64_t sequence)
{
    const struct tw_story_document *document = *place_of(stories, sequence);
    struct tw_story_links *links = links_of(stories, sequence);
    for (uint32_t at = 0; at < document->key_count; at++) {
        struct tw_story_slot *slot = tw_story_keys_enter(&stories->keys, document->keys[at]);
        uint64_t place = tw_story_place(sequence, at);
        bool is_held = tw_story_sequence(slot->newest) >= stories->oldest;
        links->back[at] = is_held ? (uint32_t)(place - slot->newest) : 0;
        slot->newest = place;
        slot->count += sequence >= stories->first;
    }
}

/* Keys of all documents are entered anew, in their order. */
static bool renew_keys(struct tw_stories *stories)
{
    if (!tw_story_keys_begin(&stories->keys, (stories->behind - stories->oldest + 1) * TW_STORY_KEYS))
        return false;
    for (uint64_t at = stories->oldest; at < stories->behind; at++)
        enter_keys(stories, at);
    return true;
}

static bool make_room(struct tw_stories *stories)
{
    if (stories->behind - stories->oldest == stories->ring && !grow_ring(stories))
        return false;
    return tw_story_keys_have_room(&stories->keys) || renew_keys(stories);
}

/* -- the nearest ----------------------------------------------------------------------------------------- */

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

/* A document is somewhere in memory: it is fetched before it is looked at. */
static void fetch(const struct tw_stories *stories, uint64_t sequence)
{
    const struct tw_fingerprint *print = &(*place_of(stories, sequence))->print;
    __builtin_prefetch(print);
    __builtin_prefetch((const char *)(print + 1) - 1);
}

static bool is_among(const uint64_t *sequences, uint32_t count, uint64_t sequence)
{
    for (uint32_t at = 0; at < count; at++)
        if (sequences[at] == sequence)
            return true;
    return false;
}

/* The documents that are looked at, key by key from the latest on, each once. All are found before the first
 * is looked at, so that memory is waited for once and not for each. */
static uint32_t gather(const struct tw_stories *stories, const uint32_t *keys, uint32_t key_count,
    uint64_t sequences[TW_STORY_LOOKS])
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < key_count && count < TW_STORY_LOOKS; at++) {
        const struct tw_story_slot *slot = tw_story_keys_find(&stories->keys, keys[at]);
        uint64_t place = slot ? slot->newest : TW_STORY_NONE;
        uint32_t of_other_keys = count;
        while (count < TW_STORY_LOOKS && tw_story_sequence(place) >= stories->first) {
            uint64_t sequence = tw_story_sequence(place);
            place = place_before(stories, place);
            if (is_among(sequences, of_other_keys, sequence))
                continue;
            fetch(stories, sequence);
            sequences[count++] = sequence;
        }
    }
    return count;
}

static struct nearest find_nearest(const struct tw_stories *stories, const struct tw_fingerprint *print,
    const uint32_t *keys, uint32_t key_count)
{
    struct nearest nearest = {0};
    uint64_t sequences[TW_STORY_LOOKS];
    uint32_t count = gather(stories, keys, key_count, sequences);
    for (uint32_t at = 0; at < count && nearest.alike < 10000; at++)
        look(*place_of(stories, sequences[at]), print, sequences[at], &nearest);
    return nearest;
}

/* -- a story's times and entities ------------------------------------------------------------------------ */

static struct tw_story_times *new_story(int64_t number, int64_t begun_us)
{
    struct tw_story_times *story = calloc(1, sizeof *story);
    if (story)
        *story = (struct tw_story_times){.number = number, .begun_us = begun_us};
    return story;
}

/* Room for one more time; what is older than the longest span, and will be, whatever is undone, goes. */
static bool trim_times(const struct tw_stories *stories, struct tw_story_times *story)
{
    uint32_t old = 0;
    int64_t kept_us = stories->kept.latest_us;
    while (
        kept_us != TW_NO_TIME && old < story->count && story->times_us[old] <= kept_us - TW_STORY_LONGEST_US)
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

/* Room for so many entities more. */
static bool make_told_room(struct tw_story_times *story, uint32_t more)
{
    uint32_t room = story->told_room;
    while (room - story->told_count < more)
        room = room ? room * 2 : 2;
    if (room == story->told_room)
        return true;
    struct told *told = realloc(story->told, room * sizeof *told);
    if (!told)
        return false;
    story->told = told;
    story->told_room = room;
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

/* The document names its entities; `told`, unless NULL: which of them the story named before. */
static void tell(struct tw_stories *stories, struct tw_story_document *document, bool *told)
{
    struct tw_story_times *story = document->story;
    for (uint32_t at = 0; at < document->entity_count; at++) {
        struct told *entity = find_told(story, document->entities[at].entity);
        if (!entity) {
            entity = &story->told[story->told_count++];
            *entity = (struct told){document->entities[at].entity, TW_STORY_NONE};
        }
        if (told)
            told[at] = entity->last >= stories->first;
        document->entities[at].last = entity->last;
        entity->last = stories->behind;
    }
}

/* -- filing ---------------------------------------------------------------------------------------------- */

static struct tw_story_document *new_document(const struct tw_story_telling *telling, int64_t time_us)
{
    const struct tw_fingerprint *print = telling->print;
    size_t elements = print->count, names = print->name_count, entities = telling->entity_count;
    struct tw_story_document *document = calloc(
        1, sizeof *document + entities * sizeof(struct told) + (elements + names + 1) / 2 * sizeof(uint64_t));
    if (!document)
        return NULL;
    document->number = telling->number;
    document->time_us = time_us;
    document->entity_count = telling->entity_count;
    document->entities = (struct told *)document->room;
    for (size_t at = 0; at < entities; at++)
        document->entities[at].entity = telling->entities[at];
    uint32_t *words = (uint32_t *)(document->entities + entities);
    document->print = *print;
    document->print.elements = words;
    document->print.names = words + elements;
    for (size_t at = 0; at < elements; at++)
        words[at] = print->elements[at];
    for (size_t at = 0; at < names; at++)
        words[elements + at] = print->names[at];
    document->key_count = tw_story_keys_choose(print, document->keys);
    return document;
}

/* The document is the story's, and the latest of all. False for want of memory: then nothing has changed. */
static bool enter(
    struct tw_stories *stories, struct tw_story_document *document, struct tw_story_times *story, bool *told)
{
    if (!story || !trim_times(stories, story) || !make_told_room(story, document->entity_count))
        return false;
    document->story = story;
    story->documents++;
    story->times_us[story->count++] = document->time_us;
    tell(stories, document, told);
    *place_of(stories, stories->behind) = document;
    enter_keys(stories, stories->behind++);
    stories->latest_us = document->time_us;
    return true;
}

/* Room for a document at that time, and the document; NULL for want of memory. */
static struct tw_story_document *prepare(struct tw_stories *stories, const struct tw_story_telling *telling)
{
    int64_t time_us = telling->time_us < stories->latest_us ? stories->latest_us : telling->time_us;
    leave_window(stories, time_us);
    return make_room(stories) ? new_document(telling, time_us) : NULL;
}

bool tw_stories_file(struct tw_stories *stories, const struct tw_story_telling *telling,
    struct tw_story_verdict *verdict, bool *told, struct tw_error *err)
{
    struct tw_story_document *document = prepare(stories, telling);
    if (!document)
        return no_memory(err);
    tw_story_keys_sort(&stories->keys, document->keys, document->key_count);
    struct nearest nearest = find_nearest(stories, &document->print, document->keys, document->key_count);
    bool is_copy = nearest.document && nearest.alike >= stories->options.alike;
    struct tw_story_times *story =
        is_copy ? nearest.document->story : new_story(telling->number, telling->time_us);
    *verdict =
        (struct tw_story_verdict){.nearest = nearest.document ? nearest.document->number : telling->number,
            .novelty = 10000 - nearest.alike};
    if (story) {
        verdict->story = story->number;
        verdict->begun_us = story->begun_us;
        count_copies(story, document->time_us, verdict);
    }
    if (enter(stories, document, story, told))
        return true;
    if (story && !is_copy)
        free_story(story);
    free(document);
    return no_memory(err);
}

/* -- what was filed once --------------------------------------------------------------------------------- */

/* Where a story of that number stands, or could. */
static struct tw_story_times **slot_of(const struct tw_story_map *map, int64_t number)
{
    uint32_t mask = map->slots - 1;
    uint32_t at = (uint32_t)((uint64_t)number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
    while (map->stories[at] && map->stories[at]->number != number)
        at = (at + 1) & mask;
    return &map->stories[at];
}

/* A map, and room in it for one more. */
static bool make_map_room(struct tw_stories *stories)
{
    struct tw_story_map *map = stories->recalled;
    if (!map)
        map = stories->recalled = calloc(1, sizeof *map);
    if (!map)
        return false;
    if (map->count < map->slots / 2)
        return true;
    struct tw_story_map larger = {.slots = map->slots ? map->slots * 2 : FEWEST_STORIES, .count = map->count};
    larger.stories = calloc(larger.slots, sizeof(struct tw_story_times *));
    if (!larger.stories)
        return false;
    for (uint32_t at = 0; at < map->slots; at++)
        if (map->stories[at])
            *slot_of(&larger, map->stories[at]->number) = map->stories[at];
    free(map->stories);
    *map = larger;
    return true;
}

/* The story of that number, which may be new; NULL for want of memory. */
static struct tw_story_times *recall_story(struct tw_stories *stories, const struct tw_story *story)
{
    if (!make_map_room(stories))
        return NULL;
    struct tw_story_times **slot = slot_of(stories->recalled, story->number);
    if (!*slot) {
        *slot = new_story(story->number, story->begun_us);
        stories->recalled->count += *slot != NULL;
    }
    return *slot;
}

bool tw_stories_recall(struct tw_stories *stories, const struct tw_story_telling *telling,
    const struct tw_story *story, struct tw_error *err)
{
    struct tw_story_document *document = prepare(stories, telling);
    if (document && enter(stories, document, recall_story(stories, story), NULL))
        return true;
    free(document);
    return no_memory(err);
}

bool tw_stories_recall_time(
    struct tw_stories *stories, const struct tw_story *story, int64_t time_us, struct tw_error *err)
{
    struct tw_story_times *times = recall_story(stories, story);
    if (!times || !trim_times(stories, times))
        return no_memory(err);
    times->times_us[times->count++] = time_us;
    return true;
}
