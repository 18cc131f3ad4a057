/* stories: which of the documents before it a document repeats.
 *   in    fingerprints in the order of event time, each with the caller's own number
 *   out   the story (the number of its first document), how new it is, how often it was told before, and of
 *         which of its entities
 *
 *     tw_stories_begin(&stories, &options, err)
 *     tw_stories_file(&stories, &telling, &verdict, told, err)    each document, once
 *     tw_stories_keep(&stories)                                   what was filed is stored: it counts, or
 *     tw_stories_undo(&stories)                                   it came to nothing: as if never filed
 *     tw_stories_end(&stories)
 *
 * A document belongs to the story of the one that it is most like, if they are alike by `alike` and no more
 * than `window_us` apart; of equals the earlier one decides. So a story goes on as long as copies keep
 * coming. Novelty is what is not alike: 10,000 (all new) less the likeness to the nearest within the window,
 * whether or not that is enough for the same story.
 *
 * A copy may be the first to name an entity ("chip maker files for bankruptcy", then who): for that entity it
 * is news. So each entity of a document is told apart: told before, if a document of the story within the
 * window named it.
 *
 * AGAIN. The same documents in the same order get the same verdicts. After a restart the window is built anew
 * from what was stored, and everything that follows is as if it had never been gone:
 *
 *     tw_stories_recall_time(&stories, &story, time_us, err)        documents before the window, of stories
 *                                                                   that go on within it, ascending
 *     tw_stories_recall(&stories, &telling, &story, err)            then documents of the window, in order
 *     tw_stories_keep(&stories)
 *
 * COST. Documents are looked up by TW_STORY_KEYS words of theirs that are not common, those first that the
 * fewest documents in the window have; the TW_STORY_LOOKS latest of these are compared. So it does not grow
 * with the window.
 *
 * MEMORY. About 180 bytes, 4 for each element and 16 for each entity a document within the window, 8 bytes
 * for each copy within 7 days; with more than `most_documents` in the window the oldest are forgotten, and
 * counted (`forgotten`). What leaves the window is freed by tw_stories_keep.
 *
 * Not thread-safe. */
#ifndef TW_STORIES_H
#define TW_STORIES_H

#include "stories/story_keys.h"

enum { TW_STORY_LOOKS = 48 };

struct tw_stories_options {
    int64_t window_us;       /* 24 hours */
    int32_t alike;           /* 10,000ths, from which two documents tell one story */
    uint32_t most_documents; /* in the window */
};

/* Spans over which earlier copies are counted. */
enum tw_story_span { TW_STORY_12_H, TW_STORY_24_H, TW_STORY_3_D, TW_STORY_7_D, TW_STORY_SPANS };

#define TW_STORY_LONGEST_US INT64_C(604800000000) /* the longest of the spans */

/* A document as it comes. */
struct tw_story_telling {
    const struct tw_fingerprint *print;
    int64_t time_us;
    int64_t number;
    const uint64_t *entities; /* hashes of the entities that it names, each once */
    uint32_t entity_count;
};

struct tw_story_verdict {
    int64_t story;                   /* number of the story's first document; its own: a new story */
    int64_t begun_us;                /* time of that document */
    int64_t nearest;                 /* number of the document that it is most like; its own: of none */
    int32_t novelty;                 /* 10,000ths */
    uint32_t copies[TW_STORY_SPANS]; /* documents of the story that came before, within each span */
};

/* A story that goes on: its first document. */
struct tw_story {
    int64_t number;
    int64_t begun_us;
};

struct tw_story_document; /* its own, as are the next three */
struct tw_story_links;
struct tw_story_times;
struct tw_story_map;

/* How far it had come. */
struct tw_stories_mark {
    uint64_t first, behind;
    int64_t latest_us;
    uint64_t forgotten;
};

struct tw_stories {
    struct tw_stories_options options;
    struct tw_story_document **documents; /* a ring, by sequence */
    struct tw_story_links *links;         /* a ring beside it */
    uint64_t oldest;                      /* [oldest, first) have left the window since it was kept */
    uint64_t first, behind;               /* sequences within the window: [first, behind) */
    uint32_t ring;                        /* slots of the ring, a power of two */
    struct tw_story_keys keys;
    int64_t latest_us;
    uint64_t forgotten; /* documents that left the window before their time */
    struct tw_stories_mark kept;
    struct tw_story_map *recalled; /* stories by number, while they are recalled; else NULL */
};

/* The shipped values: 24 hours, the likeness that was measured best (deploy/docs/stories.md), a million
 * documents. */
struct tw_stories_options tw_stories_defaults(void);

/* Nothing filed yet. TW_CONFIG for options that make no sense, TW_INTERNAL for want of memory. Safe to end
 * afterwards either way. */
TW_MUST_USE bool tw_stories_begin(
    struct tw_stories *stories, const struct tw_stories_options *options, struct tw_error *err);
/* Frees all; a zeroed one is safe to end. */
void tw_stories_end(struct tw_stories *stories);

/* Files one document. A time before the latest one counts as the latest. `told`, unless NULL, says of each of
 * its entities whether the story told of it before. TW_INTERNAL for want of memory; then it is not filed. */
TW_MUST_USE bool tw_stories_file(struct tw_stories *stories, const struct tw_story_telling *telling,
    struct tw_story_verdict *verdict, bool *told, struct tw_error *err);

/* What was filed since the last call stays, and what has left the window is freed. */
void tw_stories_keep(struct tw_stories *stories);
/* What was filed since the last tw_stories_keep never was. */
void tw_stories_undo(struct tw_stories *stories);

/* A document that was filed once, as told of `story`. TW_INTERNAL for want of memory. */
TW_MUST_USE bool tw_stories_recall(struct tw_stories *stories, const struct tw_story_telling *telling,
    const struct tw_story *story, struct tw_error *err);
/* That a document of the story came at that time. TW_INTERNAL for want of memory. */
TW_MUST_USE bool tw_stories_recall_time(
    struct tw_stories *stories, const struct tw_story *story, int64_t time_us, struct tw_error *err);

#endif
