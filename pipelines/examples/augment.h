/* augment: a record told a little differently each epoch, its labels still true.
 *   in    an example (dataset.h), the kinds switched on, (seed, epoch, record)
 *   out   another text with its entities' places; or other token ids
 *
 *   entity-swap     an entity's mention becomes the name of an entity of another record, so that no company
 *                   has a sentiment of its own; labels stay with the place (all its mentions in that text are
 *                   exchanged alike). With templates every other name is drawn from them, so that none comes
 *                   often
 *   number-jitter   all numbers of a text are multiplied by one factor between 0.8 and 1.25, so that what
 *                   grew still grew; years, and numbers within an entity's name or a word, stay
 *   frames          what may stand around a text (a wire's prefix, a link, capitals), from templates
 *   token-dropout   each token that is not special becomes [MASK] ([UNK] where there is none) with
 *                   probability `token_rate`; an entity keeps one token at least
 *
 * A record is changed by the first three with probability `text_rate` each. Every draw is a function of
 * (seed, epoch, record), so that a run that is resumed reads what the unbroken one would have read. */
#ifndef TW_AUGMENT_H
#define TW_AUGMENT_H

#include "cases/templates.h"
#include "examples/dataset.h"

enum tw_augmentation {
    TW_AUGMENT_ENTITY_SWAP = 1,
    TW_AUGMENT_NUMBER_JITTER = 2,
    TW_AUGMENT_TOKEN_DROPOUT = 4,
    TW_AUGMENT_FRAMES = 8
};
/* Their names, in the order of their bits, ended by NULL. */
extern const char *const tw_augmentation_names[];

struct tw_augment {
    unsigned kinds;
    double text_rate, token_rate;
    uint64_t seed;
    const struct tw_text *names; /* entities to swap in: tw_augment_names */
    size_t name_count;
    const struct tw_templates *templates; /* of names and frames; NULL: none of either */
};

/* The distinct names of entities that training examples name and that stand in their text, in the order of
 * their bytes, into the arena. */
TW_MUST_USE bool tw_augment_names(const struct tw_dataset *dataset, struct tw_arena *arena,
    struct tw_augment *augment, struct tw_error *err);

/* The example as this epoch reads it; what is new lies in the arena. `record` is its index. TW_FULL. */
TW_MUST_USE bool tw_augment_text(const struct tw_augment *augment, uint32_t epoch, uint64_t record,
    const struct tw_example *example, struct tw_arena *arena, struct tw_example *out, struct tw_error *err);

/* Token ranges that must keep one token at least. */
struct tw_token_range {
    uint32_t begin, end;
};

/* Drops tokens of ids[0 .. count), the first and the last excepted. `mask` is what they become. */
void tw_augment_tokens(const struct tw_augment *augment, uint32_t epoch, uint64_t record, int32_t mask,
    const struct tw_token_range *kept, uint32_t kept_count, int32_t *ids, uint32_t count);

#endif
