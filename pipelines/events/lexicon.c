#include "events/lexicon.h"

#include <string.h>

/* Where each letter leads from a node; 0: nowhere. Small, for a text's walk meets them all over. */
struct tw_lexicon_node {
    uint16_t next[TW_LEXICON_LETTERS];
    bool ends_stem; /* its meaning has a stem */
};

/* What a word that ends at a node is, and what every word is that goes on from it. Terms are the node's own
 * while words are added; closed, they are joined with those of the nodes above. */
struct tw_lexicon_meaning {
    const struct tw_term_set *word, *stem;
    uint64_t *word_terms, *stem_terms;
};

/* a-z to 0-25, A-Z alike, 0-9 to 26-35; what ends a word is OTHER, what is a letter of no word here is
 * FOREIGN. */
enum { FIRST_DIGIT = 26, OTHER = 255, FOREIGN = 254 };

static uint8_t letter_of(unsigned char byte)
{
    unsigned char folded = byte | 0x20;
    if (folded >= 'a' && folded <= 'z')
        return (uint8_t)(folded - 'a');
    if (byte >= '0' && byte <= '9')
        return (uint8_t)(byte - '0' + FIRST_DIGIT);
    return byte >= 0x80 ? FOREIGN : OTHER;
}

bool tw_lexicon_begin(
    struct tw_lexicon *lexicon, size_t letters, uint32_t terms, struct tw_arena *arena, struct tw_error *err)
{
    *lexicon = (struct tw_lexicon){.arena = arena, .term_words = terms / 64 + 1};
    /* Words share their beginnings: few need a node for each of their letters. */
    lexicon->node_room = letters < UINT16_MAX ? (uint32_t)letters + 1 : UINT16_MAX;
    lexicon->nodes = tw_arena_array(arena, lexicon->node_room, sizeof *lexicon->nodes);
    lexicon->meanings = tw_arena_array(arena, lexicon->node_room, sizeof *lexicon->meanings);
    lexicon->node_count = 1; /* the root */
    for (uint32_t byte = 0; byte < sizeof lexicon->letters; byte++)
        lexicon->letters[byte] = letter_of((unsigned char)byte);
    return lexicon->nodes && lexicon->meanings ? true : tw_arena_fail(arena, err);
}

static bool put(const struct tw_lexicon *lexicon, uint64_t **set, uint32_t term, struct tw_error *err)
{
    if (!*set)
        *set = tw_arena_array(lexicon->arena, lexicon->term_words, sizeof **set);
    if (!*set)
        return tw_arena_fail(lexicon->arena, err);
    (*set)[term / 64] |= UINT64_C(1) << term % 64;
    return true;
}

bool tw_lexicon_add(
    struct tw_lexicon *lexicon, struct tw_text word, bool stem, uint32_t term, struct tw_error *err)
{
    uint32_t node = 0;
    for (size_t at = 0; at < word.length; at++) {
        uint16_t *next = &lexicon->nodes[node].next[letter_of((unsigned char)word.bytes[at])];
        if (!*next) {
            if (lexicon->node_count == lexicon->node_room)
                return tw_fail(
                    err, TW_CONFIG, NULL, "use stems, or drop some", "the patterns have too many words");
            *next = (uint16_t)lexicon->node_count++;
        }
        node = *next;
    }
    struct tw_lexicon_meaning *last = &lexicon->meanings[node];
    return put(lexicon, stem ? &last->stem_terms : &last->word_terms, term, err);
}

bool tw_lexicon_add_numbers(struct tw_lexicon *lexicon, uint32_t term, struct tw_error *err)
{
    return put(lexicon, &lexicon->number_terms, term, err);
}

/* *set becomes itself and `more`; shared where it has nothing of its own. */
static bool join(const struct tw_lexicon *lexicon, uint64_t **set, uint64_t *more, struct tw_error *err)
{
    if (!more)
        return true;
    if (!*set) {
        *set = more;
        return true;
    }
    uint64_t *both = tw_arena_array(lexicon->arena, lexicon->term_words, sizeof *both);
    if (!both)
        return tw_arena_fail(lexicon->arena, err);
    for (uint32_t at = 0; at < lexicon->term_words; at++)
        both[at] = (*set)[at] | more[at];
    *set = both;
    return true;
}

/* A number that a pattern names ("chapter 11") is any number too. A node's number is higher than that of the
 * node above it, so one pass in order finds the nodes that are reached by digits alone. */
static bool join_numbers(const struct tw_lexicon *lexicon, struct tw_error *err)
{
    bool *digits = tw_arena_array(lexicon->arena, lexicon->node_count, sizeof *digits);
    if (!digits)
        return tw_arena_fail(lexicon->arena, err);
    digits[0] = true;
    for (uint32_t above = 0; above < lexicon->node_count; above++) {
        for (uint32_t letter = FIRST_DIGIT; digits[above] && letter < TW_LEXICON_LETTERS; letter++)
            if (lexicon->nodes[above].next[letter])
                digits[lexicon->nodes[above].next[letter]] = true;
        struct tw_lexicon_meaning *node = &lexicon->meanings[above];
        if (digits[above] && node->word_terms &&
            !join(lexicon, &node->word_terms, lexicon->number_terms, err))
            return false;
    }
    return true;
}

/* Numbers of the terms that are in both sets, *count of them; NULL when memory is wanting. */
static const uint32_t *list_terms(
    const struct tw_lexicon *lexicon, const uint64_t *terms, const uint64_t *among, uint32_t *count)
{
    *count = 0;
    for (uint32_t at = 0; at < lexicon->term_words; at++)
        *count += (uint32_t)__builtin_popcountll(terms[at] & among[at]);
    uint32_t *list = tw_arena_array(lexicon->arena, *count, sizeof *list), *next = list;
    for (uint32_t at = 0; list && at < lexicon->term_words; at++)
        for (uint64_t left = terms[at] & among[at]; left; left &= left - 1)
            *next++ = at * 64 + (uint32_t)__builtin_ctzll(left);
    return list;
}

/* The set of these terms, themselves and its anchors listed; NULL when memory is wanting. */
static const struct tw_term_set *make_set(
    const struct tw_lexicon *lexicon, const uint64_t *terms, const uint64_t *anchors)
{
    struct tw_term_set *set = tw_arena_array(lexicon->arena, 1, sizeof *set);
    if (!set)
        return NULL;
    set->terms = terms;
    set->listed = list_terms(lexicon, terms, terms, &set->count);
    set->anchors = list_terms(lexicon, terms, anchors, &set->anchor_count);
    return set->listed && set->anchors ? set : NULL;
}

/* A node's own terms and those of stems that it goes on from; its set is shared with the node above where it
 * adds nothing. */
static bool close_node(const struct tw_lexicon *lexicon, struct tw_lexicon_meaning *node,
    const struct tw_lexicon_meaning *above, const uint64_t *anchors, struct tw_error *err)
{
    if (!join(lexicon, &node->stem_terms, above ? above->stem_terms : NULL, err) ||
        !join(lexicon, &node->word_terms, node->stem_terms, err))
        return false;
    if (node->stem_terms)
        node->stem = above && node->stem_terms == above->stem_terms
                         ? above->stem
                         : make_set(lexicon, node->stem_terms, anchors);
    if (node->word_terms)
        node->word =
            node->word_terms == node->stem_terms ? node->stem : make_set(lexicon, node->word_terms, anchors);
    if ((node->stem_terms && !node->stem) || (node->word_terms && !node->word))
        return tw_arena_fail(lexicon->arena, err);
    lexicon->nodes[node - lexicon->meanings].ends_stem = node->stem != NULL;
    return true;
}

/* A node's number is higher than that of the node above it, so one pass in order is enough. */
bool tw_lexicon_close(struct tw_lexicon *lexicon, const uint64_t *anchors, struct tw_error *err)
{
    if (lexicon->number_terms)
        lexicon->numbers = make_set(lexicon, lexicon->number_terms, anchors);
    if (lexicon->number_terms && !lexicon->numbers)
        return tw_arena_fail(lexicon->arena, err);
    if (!join_numbers(lexicon, err))
        return false;
    if (!close_node(lexicon, &lexicon->meanings[0], NULL, anchors, err))
        return false;
    for (uint32_t above = 0; above < lexicon->node_count; above++)
        for (uint32_t letter = 0; letter < TW_LEXICON_LETTERS; letter++) {
            uint32_t next = lexicon->nodes[above].next[letter];
            if (next &&
                !close_node(lexicon, &lexicon->meanings[next], &lexicon->meanings[above], anchors, err))
                return false;
        }
    return true;
}

/* ---- a text ---- */

/* Bytes of an apostrophe at `at`: ' or ’; 0 when none stands there. */
static uint32_t apostrophe_bytes(struct tw_text text, uint32_t at)
{
    if (at < text.length && text.bytes[at] == '\'')
        return 1;
    return text.length - at >= 3 && memcmp(text.bytes + at, "\xE2\x80\x99", 3) == 0 ? 3 : 0;
}

/* Bytes of a sign of General Punctuation (U+2000 to U+206F: dashes, quotes, spaces) or of U+00A0; 0 when
 * none. */
static uint32_t sign_bytes(struct tw_text text, uint32_t at)
{
    const char *bytes = text.bytes + at;
    if (text.length - at >= 3 && bytes[0] == '\xE2' && (bytes[1] == '\x80' || bytes[1] == '\x81'))
        return 3;
    return text.length - at >= 2 && bytes[0] == '\xC2' && bytes[1] == '\xA0' ? 2 : 0;
}

static uint8_t letter_at(const struct tw_lexicon *lexicon, struct tw_text text, uint32_t at)
{
    if (at >= text.length)
        return OTHER;
    uint8_t letter = lexicon->letters[(unsigned char)text.bytes[at]];
    return letter == FOREIGN && sign_bytes(text, at) ? OTHER : letter;
}

/* Does 's end here: an s behind the apostrophe and no letter behind it? */
static bool is_possessive(const struct tw_lexicon *lexicon, struct tw_text text, uint32_t behind)
{
    return letter_at(lexicon, text, behind) == 's' - 'a' && letter_at(lexicon, text, behind + 1) == OTHER &&
           !apostrophe_bytes(text, behind + 1);
}

static inline bool is_digit(uint8_t letter)
{
    return letter >= FIRST_DIGIT && letter < TW_LEXICON_LETTERS;
}

/* Behind the digits that end before `at`: points and commas with more digits. */
static uint32_t end_of_number(const struct tw_lexicon *lexicon, struct tw_text text, uint32_t at)
{
    while (at < text.length && (text.bytes[at] == '.' || text.bytes[at] == ',') &&
           is_digit(letter_at(lexicon, text, at + 1)))
        for (at++; is_digit(letter_at(lexicon, text, at));)
            at++;
    return at;
}

/* One word's walk: where it ends, what it is, whether it is of digits alone. */
struct walk {
    uint32_t end;
    const struct tw_term_set *set;
    bool digits;
};

/* Where a walk over a word's letters stands. */
struct steps {
    uint32_t at;
    uint32_t node; /* 0 once the word has fallen out of the trie */
    uint32_t stem; /* the last node passed that ends a stem, or 0 */
    bool inside;   /* of the trie */
};

/* Through the letters that stand at steps.at; a word that has fallen out is only skipped. */
static struct steps walk_letters(const struct tw_lexicon *lexicon, struct tw_text text, struct steps steps)
{
    const struct tw_lexicon_node *nodes = lexicon->nodes;
    const uint8_t *letters = lexicon->letters;
    const unsigned char *here = (const unsigned char *)text.bytes + steps.at;
    const unsigned char *end = (const unsigned char *)text.bytes + text.length;
    while (steps.inside && here < end && letters[*here] < TW_LEXICON_LETTERS) {
        steps.node = nodes[steps.node].next[letters[*here++]];
        steps.inside = steps.node != 0;
        if (nodes[steps.node].ends_stem)
            steps.stem = steps.node;
    }
    while (here < end && letters[*here] < TW_LEXICON_LETTERS)
        here++;
    steps.at = (uint32_t)(here - (const unsigned char *)text.bytes);
    return steps;
}

static bool is_number(const struct tw_lexicon *lexicon, struct tw_text text, uint32_t begin, uint32_t end)
{
    while (begin < end && is_digit(letter_at(lexicon, text, begin)))
        begin++;
    return begin == end;
}

/* Where the next letter of "U.S." or "S&P" stands: behind the sign at `at`, alone as the one before it was; 0
 * when the word ends here. */
static uint32_t next_initial(const struct tw_lexicon *lexicon, struct tw_text text, uint32_t at)
{
    if (at >= text.length || (text.bytes[at] != '.' && text.bytes[at] != '&'))
        return 0;
    uint8_t next = letter_at(lexicon, text, at + 1);
    return next < FIRST_DIGIT && letter_at(lexicon, text, at + 2) == OTHER && !apostrophe_bytes(text, at + 2)
               ? at + 1
               : 0;
}

static struct walk walk_word(const struct tw_lexicon *lexicon, struct tw_text text, uint32_t begin)
{
    struct steps steps = {.at = begin, .inside = true};
    for (uint32_t piece = begin;;) {
        steps = walk_letters(lexicon, text, steps);
        uint32_t initial = steps.at - piece == 1 ? next_initial(lexicon, text, steps.at) : 0;
        if (initial) {
            steps.at = piece = initial;
            continue;
        }
        uint8_t letter = letter_at(lexicon, text, steps.at);
        uint32_t apostrophe = letter == OTHER ? apostrophe_bytes(text, steps.at) : 0;
        if (letter == FOREIGN) {
            steps.inside = false;
            steps.at++;
        } else if (apostrophe && letter_at(lexicon, text, steps.at + apostrophe) != OTHER &&
                   !is_possessive(lexicon, text, steps.at + apostrophe))
            steps.at += apostrophe;
        else
            break;
    }
    const struct tw_term_set *set =
        steps.inside ? lexicon->meanings[steps.node].word : lexicon->meanings[steps.stem].stem;
    return (struct walk){steps.at, set, is_number(lexicon, text, begin, steps.at)};
}

bool tw_lexicon_next(
    const struct tw_lexicon *lexicon, struct tw_text text, uint32_t *at, struct tw_event_word *word)
{
    uint32_t begin = *at;
    while (begin < text.length && letter_at(lexicon, text, begin) == OTHER) {
        uint32_t sign = sign_bytes(text, begin);
        begin += sign ? sign : 1;
    }
    *at = begin;
    if (begin >= text.length)
        return false;
    struct walk walk = walk_word(lexicon, text, begin);
    uint32_t end = walk.digits ? end_of_number(lexicon, text, walk.end) : walk.end;
    bool is_whole = end == walk.end; /* the "1" of "1.2" is no word */
    *word = (struct tw_event_word){begin, end, is_whole ? walk.set : NULL};
    if (walk.digits && !word->set)
        word->set = lexicon->numbers;
    uint32_t apostrophe = apostrophe_bytes(text, end);
    *at = apostrophe && is_possessive(lexicon, text, end + apostrophe) ? end + apostrophe + 1 : end;
    return true;
}
