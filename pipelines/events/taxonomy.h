/* taxonomy: events.yaml to a checked, immutable set of event types and their patterns.
 *
 *     version: 1
 *     sets:
 *       cuts: [cut, cuts, lowers, lowered]
 *     names: [oil, steel]                        words of companies' names: "Quorlan Oil" is no oil
 *     nobody: [monday, wsj, <nations>]           words with a capital that are no company's name
 *     openers: [freight, rescue]                 no name where a sentence begins with them
 *     persons: [minister, banker]                behind them stands a person's name (naming.h)
 *     others: [supplier, account]                "a Quorlan supplier" is not Quorlan (naming.h)
 *     off:                                       exceptions to every type
 *       - deni* ..5 ^
 *     events:
 *       - type: guidance_cut
 *         polarity: -0.8                         -1.0 to 1.0: what it means for the company
 *         severity: critical                     info, warning, critical
 *         named: true                            only where the text names somebody
 *         patterns: [<cuts> .. guidance|outlook, profit warning]
 *         off: [^ ..2 unlikely]                  exceptions to this type
 *         turns:                                 exceptions that make it another
 *           - into: guidance_raise
 *             when: [no longer ..2 ^]
 *
 * How patterns are written stands in pattern.h. An exception with ^ counts where its words stand beside the
 * event, one without it anywhere in the event's sentence. A file is taken whole or not at all; all that is
 * wrong with it is reported at once, with line and column (files/problems.h).
 *
 * Immutable after load, shared by threads. `hash` names the set: the SHA-256 of the file's bytes. */
#ifndef TW_TAXONOMY_H
#define TW_TAXONOMY_H

#include "events/lexicon.h"
#include "events/pattern.h"
#include "files/problems.h"
#include "severity.h"

struct tw_event_type {
    struct tw_text name;
    int32_t polarity; /* 10,000ths */
    enum tw_severity severity;
    bool named; /* told only where the text names somebody */
};

enum tw_pattern_use {
    TW_PATTERN_EVENT, /* says that an event of its type is told */
    TW_PATTERN_OFF,   /* an exception: none is told */
    TW_PATTERN_TURN   /* an exception: another is told */
};

#define TW_TAXONOMY_NO_WORDS UINT32_MAX

/* `terms`: different items of patterns that a file may have. */
enum {
    TW_EVENT_ANY_TYPE = 0xFFFF,
    TW_EVENT_TYPES = 64,
    TW_EVENT_TERMS = 4000,
    TW_EVENT_TERM_WORDS = TW_EVENT_TERMS / 64 + 1
};

/* A pattern in its set. */
struct tw_event_pattern {
    struct tw_pattern pattern;
    enum tw_pattern_use use;
    uint16_t type;   /* TW_EVENT_ANY_TYPE: an exception to all */
    uint16_t into;   /* of a turn */
    uint8_t anchor;  /* the step from which it is matched: the one with the rarest word */
    uint32_t second; /* the term of its second rarest step, which most texts with the anchor lack */
    uint32_t next; /* one more than the number of the next pattern with the same anchor's term; 0: the last */
};

struct tw_taxonomy {
    struct tw_event_type *types; /* as in the file */
    uint32_t type_count;
    struct tw_event_pattern *patterns; /* as in the file, optional words written out */
    uint32_t pattern_count;
    struct tw_lexicon lexicon;
    uint32_t names;    /* the term of words that are often part of a name; TW_TAXONOMY_NO_WORDS */
    uint32_t nobody;   /* the term of words with a capital that are no name; TW_TAXONOMY_NO_WORDS */
    uint32_t openers;  /* the term of words that are no name where a sentence begins; TW_TAXONOMY_NO_WORDS */
    uint32_t persons;  /* the term of words behind which a person is named; TW_TAXONOMY_NO_WORDS */
    uint32_t others;   /* the term of words before which a name means another; TW_TAXONOMY_NO_WORDS */
    uint64_t *anchors; /* the terms that are an anchor: a set of lexicon.term_words words */
    uint32_t *first;   /* by term: one more than the number of the first pattern anchored there */
    int64_t version;
    char hash[65];
    struct tw_arena arena;
};

/* Loads a set from a file's bytes. On failure *out is NULL, problems holds all that is wrong, err the first
 * of it (TW_CONFIG; TW_FULL and TW_INTERNAL for want of memory). The source is not needed afterwards. */
TW_MUST_USE bool tw_taxonomy_load(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_taxonomy **out, struct tw_error *err);

/* The same from the file of that name, which must outlive the problems. What is wrong with the file as such
 * (TW_IO, TW_PERMISSION) is in err alone. */
TW_MUST_USE bool tw_taxonomy_read(
    const char *path, struct tw_problems *problems, struct tw_taxonomy **out, struct tw_error *err);

/* Gives the set back; NULL is none. */
void tw_taxonomy_free(struct tw_taxonomy *taxonomy);

/* The number of the type of that name; TW_EVENT_ANY_TYPE when there is none. */
uint32_t tw_taxonomy_find(const struct tw_taxonomy *taxonomy, struct tw_text name);

#endif
