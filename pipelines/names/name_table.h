/* name_table: every name of the entities file, found by its words; for automaton.h alone.
 *
 *     tw_name_table_begin(&names, err);
 *     tw_name_table_add(&names, &name, entity, err);     // each name of each company
 *     tw_name_table_add_number(&names, word, entity, err);   // behind all names: SH600999
 *     tw_name_table_seal(&names, err);    // adds other spellings (variants.h, umlauts.h); no more comes
 *     tw_name_table_beginnings(&names, words, count);   // a bit for each word that may begin a name: if so,
 *     tw_name_table_find(&names, text, &words[nth], &match);
 *
 * Names stand in one hash table, by a number made of their words (skim.h), and are compared by their words in
 * the one form. Before it stand two filters, because almost no word of a text begins a name, but with a
 * million names almost every common one begins some:
 *
 *     words     is it a whole name, the first of several, the second? As texts repeat their words, the lines
 *               that they need stay in the nearest cache.
 *     phrases   for a first word before a second one: are they a name, or with the third the
 *               beginning of one? One line of the cache a pair; none is looked at for others.
 *
 * Both are Bloom filters of 16 and 24 bits a name. What is a name they let through; what they let through by
 * mistake, five words of a thousand, is found to be none. Words are asked for sixteen at a time and without a
 * branch, so that what is far away is fetched for all of them at once. Memory: about 60 bytes a name or other
 * spelling of one (none for most names, three for one that ends in Inc), and its words.
 * Errors: TW_INTERNAL for memory. */
#ifndef TW_NAME_TABLE_H
#define TW_NAME_TABLE_H

#include "names/entities.h"
#include "names/skim.h"
#include "names/words.h"

struct tw_name_record;
struct tw_name_in_pairs;

struct tw_name_table {
    char *bytes; /* words in the one form, each behind its length; spellings */
    size_t bytes_room, bytes_used;
    struct tw_name_record *records;
    size_t record_room;
    uint32_t record_count;
    uint64_t *slots; /* upper half of a name's number, and its first record's index + 1; 0: free */
    size_t slot_count;
    uint64_t *words; /* the filter over words */
    uint64_t word_blocks;
    uint64_t *phrases; /* the filter over phrases; its first line is empty */
    uint64_t phrase_lines;
    uint64_t count;                    /* names that were added */
    struct tw_name_in_pairs *in_pairs; /* names with umlauts as pairs of letters, until it is sealed */
    size_t in_pairs_room;
    uint32_t in_pairs_count;
};

/* A name as it comes in. */
struct tw_name_given {
    const struct tw_name_word *words;
    uint32_t word_count;
    struct tw_text spelled;
    bool exact; /* it matches as spelled only */
};

/* No names. tw_name_table_end frees them, also half-filled or zeroed ones. */
TW_MUST_USE bool tw_name_table_begin(struct tw_name_table *names, struct tw_error *err);
/* Frees all of it. */
void tw_name_table_end(struct tw_name_table *names);

/* Adds a name of that entity: once, and by the weaker condition. All names of an entity come before those of
 * the next one. */
TW_MUST_USE bool tw_name_table_add(
    struct tw_name_table *names, const struct tw_name_given *name, uint32_t entity, struct tw_error *err);

/* Adds a number with its exchange, as one word in the one form, in any case; nothing where it is a name. */
TW_MUST_USE bool tw_name_table_add_number(
    struct tw_name_table *names, struct tw_text word, uint32_t entity, struct tw_error *err);

/* Adds the other spellings of names that match in any case, where they are no name themselves; makes the
 * filters. */
TW_MUST_USE bool tw_name_table_seal(struct tw_name_table *names, struct tw_error *err);

/* The longest name that begins with `first`; false when there is none. */
bool tw_name_table_find(const struct tw_name_table *names, struct tw_text text,
    const struct tw_skimmed_word *first, struct tw_name_match *match);

/* The entities that own what was found (tw_entities_owner). */
bool tw_name_table_owner(const struct tw_name_table *names, struct tw_text text,
    const struct tw_name_match *match, uint32_t *at, uint32_t *entity);

/* How many names texts can spell so that several entities own them. Of one of them, always the same of a
 * file, its words go to `shown`, blanks between, and two owners to `owners`; `shown` is empty when there is
 * none. */
uint64_t tw_name_table_shared(
    const struct tw_name_table *names, char *shown, size_t size, uint32_t owners[2]);

/* Bytes that they hold. */
size_t tw_name_table_bytes(const struct tw_name_table *names);

/* Which of the first `count` words may begin a name, a bit each? Two more words stand behind them, of which
 * those behind the end of the text have any number. */
uint32_t tw_name_table_beginnings(
    const struct tw_name_table *names, const struct tw_skimmed_word *words, uint32_t count);

/* Fetches what the filters know of a word that will be asked for. */
void tw_name_table_prefetch(const struct tw_name_table *names, uint64_t number);

#endif
