/* stories: which of the documents before it a document repeats.
 *   in    fingerprints in the order of event time, each with the caller's own number
 *   out   the story (the number of its first document), how new it is, how often it was told before
 *
 *     tw_stories_begin(&stories, &options, err)
 *     tw_stories_file(&stories, &fingerprint, time_us, number, &verdict, err)      each document, once
 *     tw_stories_end(&stories)
 *
 * A document belongs to the story of the one that it is most like, if they are alike by `alike` and no more
 * than `window_us` apart; of equals the earlier one decides. So a story goes on as long as copies keep
 * coming. Novelty is what is not alike: 10,000 (all new) less the likeness to the nearest within the window,
 * whether or not that is enough for the same story.
 *
 * The same documents in the same order get the same verdicts; a window that is built anew from the documents
 * of the last `window_us` gives the same stories, and counts of as much as it has seen.
 *
 * COST. Documents are looked up by TW_STORY_KEYS words of theirs that are not common, those first that the
 * fewest documents in the window have; the TW_STORY_LOOKS latest of these are compared. So it does not grow
 * with the window.
 *
 * MEMORY. About 100 bytes and 4 for each element a document within the window, 8 bytes for each copy within 7
 * days; with more than `most_documents` in the window the oldest are forgotten, and counted (`forgotten`).
 *
 * Not thread-safe. */
#ifndef TW_STORIES_H
#define TW_STORIES_H

#include "stories/fingerprint.h"

enum { TW_STORY_KEYS = 8, TW_STORY_LOOKS = 48 };

struct tw_stories_options {
    int64_t window_us;       /* 24 hours */
    int32_t alike;           /* 10,000ths, from which two documents tell one story */
    uint32_t most_documents; /* in the window */
};

/* Spans over which earlier copies are counted. */
enum tw_story_span { TW_STORY_12_H, TW_STORY_24_H, TW_STORY_3_D, TW_STORY_7_D, TW_STORY_SPANS };

struct tw_story_verdict {
    int64_t story;                   /* number of the story's first document; its own: a new story */
    int64_t nearest;                 /* number of the document that it is most like; its own: of none */
    int32_t novelty;                 /* 10,000ths */
    uint32_t copies[TW_STORY_SPANS]; /* documents of the story that came before, within each span */
};

struct tw_story_document; /* its own, as are the next two */
struct tw_story_times;
struct tw_story_slot;

struct tw_stories {
    struct tw_stories_options options;
    struct tw_story_document **documents; /* a ring, by sequence */
    uint64_t first, behind;               /* sequences within the window: [first, behind) */
    uint32_t ring;                        /* slots of the ring, a power of two */
    struct tw_story_slot *slots;          /* by key modulo `slot_count` */
    uint32_t slot_count;                  /* a power of two */
    int64_t latest_us;
    uint64_t forgotten; /* documents that left the window before their time */
};

/* The shipped values: 24 hours, the likeness that was measured best (deploy/docs/stories.md), a million
 * documents. */
struct tw_stories_options tw_stories_defaults(void);

/* Nothing filed yet. TW_CONFIG for options that make no sense, TW_INTERNAL for want of memory. Safe to end
 * afterwards either way. */
TW_MUST_USE bool tw_stories_begin(
    struct tw_stories *stories, const struct tw_stories_options *options, struct tw_error *err);
void tw_stories_end(struct tw_stories *stories);

/* Files one document. A time before the latest one counts as the latest. TW_INTERNAL for want of memory; then
 * it is not filed. */
TW_MUST_USE bool tw_stories_file(struct tw_stories *stories, const struct tw_fingerprint *fingerprint,
    int64_t time_us, int64_t number, struct tw_story_verdict *verdict, struct tw_error *err);

#endif
