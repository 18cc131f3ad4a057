/* pieces, pairs, tally: words to a vocabulary; worked out by hand, and against the same thing done the slow
 * way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "tokenizer/wordpiece.h"
#include "vocabulary/pieces.h"

#include "random_model.h"
#include "test_arena.h"
#include "vocabulary/tally.h"

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words of Sennrich et al. (2016). */
static const struct tw_tally_word few[] = {
    {{"low", 3}, 5}, {{"lower", 5}, 2}, {{"newest", 6}, 6}, {{"widest", 6}, 3}};
enum { FEW = sizeof few / sizeof few[0] };

static const struct tw_text first[] = {{"[PAD]", 5}, {"[UNK]", 5}};

static struct tw_pieces learned(
    const struct tw_tally_word *words, size_t count, uint32_t size, uint64_t least_count, uint32_t characters)
{
    const struct tw_pieces_options options = {.first = first,
        .first_count = 2,
        .size = size,
        .least_count = least_count,
        .most_characters = characters};
    struct tw_pieces pieces;
    struct tw_error err = {0};
    if (!tw_pieces_learn(words, count, &options, &arena, &pieces, &err))
        fail_msg("%s: %s", err.where, err.what);
    return pieces;
}

/* All pieces with a space behind each. */
static const char *joined(const struct tw_pieces *pieces)
{
    size_t room = 1, used = 0;
    for (uint32_t piece = 0; piece < pieces->count; piece++)
        room += pieces->items[piece].length + 1;
    char *text = tw_arena_take(&arena, room);
    assert_non_null(text);
    for (uint32_t piece = 0; piece < pieces->count; piece++)
        used += (size_t)snprintf(
            text + used, room - used, "%.*s ", (int)pieces->items[piece].length, pieces->items[piece].bytes);
    return text;
}

#define ALPHABET "[PAD] [UNK] d e i l n o r s t w ##d ##e ##i ##o ##r ##s ##t ##w "

static void pieces_come_as_worked_out_by_hand_ties_by_the_lower_piece(void **state)
{
    (void)state;
    struct tw_pieces pieces = learned(few, FEW, 100, 2, 1000);
    assert_string_equal(
        joined(&pieces), ALPHABET "##es ##est lo low ne ##west newest wi ##dest widest ##er lower ");
    assert_int_equal(pieces.characters, 10);
    assert_int_equal(pieces.left_out, 0);
}

static void it_ends_at_the_size_or_where_pairs_are_too_rare(void **state)
{
    (void)state;
    struct tw_pieces sized = learned(few, FEW, 24, 2, 1000);
    assert_string_equal(joined(&sized), ALPHABET "##es ##est lo low ");
    struct tw_pieces frequent = learned(few, FEW, 100, 3, 1000);
    assert_string_equal(joined(&frequent), ALPHABET "##es ##est lo low ne ##west newest wi ##dest widest ");
    struct tw_pieces bare = learned(few, FEW, 20, 2, 1000);
    assert_string_equal(joined(&bare), ALPHABET);
}

static void a_size_without_room_for_the_alphabet_is_refused(void **state)
{
    (void)state;
    const struct tw_pieces_options options = {
        .first = first, .first_count = 2, .size = 19, .least_count = 2, .most_characters = 1000};
    struct tw_pieces pieces;
    struct tw_error err = {0};
    assert_false(tw_pieces_learn(few, FEW, &options, &arena, &pieces, &err));
    assert_int_equal(err.code, TW_USAGE);
    assert_string_equal(
        err.what, "19 pieces have no room for special tokens and single characters, which are 20");
    assert_string_equal(err.cure, "ask for 20 at least, or for fewer characters");
}

static void words_with_a_character_outside_the_alphabet_teach_nothing(void **state)
{
    (void)state;
    /* w 16, e 17, .. r 2: without it "lower" cannot be spelled. */
    struct tw_pieces pieces = learned(few, FEW, 100, 2, 9);
    assert_string_equal(joined(&pieces),
        "[PAD] [UNK] d e i l n o s t w ##d ##e ##i ##o ##s ##t ##w ##es ##est ne ##west newest lo low wi ##dest "
        "widest ");
    assert_int_equal(pieces.characters, 9);
    assert_int_equal(pieces.left_out, 1);
    assert_int_equal(pieces.words_left_out, 2);
}

static void no_words_give_the_first_tokens_alone(void **state)
{
    (void)state;
    struct tw_pieces pieces = learned(few, 0, 100, 2, 1000);
    assert_string_equal(joined(&pieces), "[PAD] [UNK] ");
}

/* ---- many words ---- */

enum { MANY = 400, LONGEST = 12 };

static uint64_t drawn_below(uint64_t limit, uint64_t seed, uint64_t index)
{
    return tw_random_below(seed, TW_RANDOM_ORDER, 0, index, limit);
}

/* Different words over few letters, of one to four bytes, so that pairs overlap ("aaaa") and repeat within a
 * word. */
static struct tw_tally_word *many_words(uint64_t seed)
{
    static const char *const letters[] = {"a", "a", "b", "\xC3\xA9", "\xE4\xB8\xAD", "c", "\xF0\x9F\x93\x88"};
    struct tw_tally_word *words = tw_arena_array(&arena, MANY, sizeof *words);
    assert_non_null(words);
    uint64_t drawn = 0;
    for (size_t word = 0; word < MANY;) {
        char text[4 * LONGEST + 1] = "";
        uint64_t length = 1 + drawn_below(LONGEST, seed, drawn++);
        for (uint64_t letter = 0, used = 0; letter < length; letter++)
            used += (uint64_t)snprintf(
                text + used, sizeof text - used, "%s", letters[drawn_below(7, seed, drawn++)]);
        struct tw_text copy = tw_arena_copy(&arena, tw_text_of(text));
        bool known = false;
        for (size_t other = 0; other < word; other++)
            known = known || tw_text_equal(words[other].text, copy);
        if (known)
            continue;
        words[word++] = (struct tw_tally_word){copy, 1 + drawn_below(50, seed, drawn++)};
    }
    return words;
}

/* The same thing done anew in every round: all pairs of all words counted, the best one found by looking at
 * all. */
struct slow {
    uint32_t symbols[MANY][LONGEST];
    uint32_t lengths[MANY];
    struct tw_text pieces[4096];
    uint32_t count;
};

static uint32_t slow_id(struct slow *slow, struct tw_text text)
{
    for (uint32_t piece = 0; piece < slow->count; piece++)
        if (tw_text_equal(slow->pieces[piece], text))
            return piece;
    return UINT32_MAX;
}

static void slow_spell(struct slow *slow, const struct tw_tally_word *words)
{
    for (size_t word = 0; word < MANY; word++) {
        struct tw_text text = words[word].text;
        for (size_t at = 0, next; at < text.length; at = next) {
            char piece[8];
            for (next = at + 1; next < text.length && ((unsigned char)text.bytes[next] & 0xC0) == 0x80;)
                next++;
            snprintf(piece, sizeof piece, "%s%.*s", at ? "##" : "", (int)(next - at), text.bytes + at);
            slow->symbols[word][slow->lengths[word]++] = slow_id(slow, tw_text_of(piece));
        }
    }
}

static uint64_t slow_count(
    const struct slow *slow, const struct tw_tally_word *words, uint32_t left, uint32_t right)
{
    uint64_t count = 0;
    for (size_t word = 0; word < MANY; word++)
        for (uint32_t at = 0; at + 1 < slow->lengths[word]; at++)
            if (slow->symbols[word][at] == left && slow->symbols[word][at + 1] == right)
                count += words[word].count;
    return count;
}

static uint64_t slow_best(
    const struct slow *slow, const struct tw_tally_word *words, uint32_t *left, uint32_t *right)
{
    uint64_t best = 0;
    for (size_t word = 0; word < MANY; word++)
        for (uint32_t at = 0; at + 1 < slow->lengths[word]; at++) {
            uint32_t one = slow->symbols[word][at], other = slow->symbols[word][at + 1];
            uint64_t count = slow_count(slow, words, one, other);
            bool lower = one < *left || (one == *left && other < *right);
            if (count < best || (count == best && !lower))
                continue;
            best = count;
            *left = one;
            *right = other;
        }
    return best;
}

static void slow_merge(struct slow *slow, uint32_t left, uint32_t right)
{
    char text[256];
    snprintf(text, sizeof text, "%.*s%.*s", (int)slow->pieces[left].length, slow->pieces[left].bytes,
        (int)slow->pieces[right].length - 2, slow->pieces[right].bytes + 2);
    if (slow_id(slow, tw_text_of(text)) == UINT32_MAX)
        slow->pieces[slow->count++] = tw_arena_copy(&arena, tw_text_of(text));
    uint32_t piece = slow_id(slow, tw_text_of(text));
    for (size_t word = 0; word < MANY; word++) {
        uint32_t kept = 0, *symbols = slow->symbols[word];
        for (uint32_t at = 0; at < slow->lengths[word]; at++) {
            bool met = at + 1 < slow->lengths[word] && symbols[at] == left && symbols[at + 1] == right;
            symbols[kept++] = met ? piece : symbols[at];
            at += met;
        }
        slow->lengths[word] = kept;
    }
}

static void counts_kept_up_to_date_choose_what_counting_anew_chooses(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= (uint64_t)(SANITIZED ? 1 : 3); seed++) {
        struct tw_tally_word *words = many_words(seed);
        struct tw_pieces pieces = learned(words, MANY, 700, 1, 1000);
        struct slow *slow = tw_arena_array(&arena, 1, sizeof *slow);
        assert_non_null(slow);
        slow->count = 2 + 6 + 6; /* first tokens; six characters, each of which also continues */
        memcpy(slow->pieces, pieces.items, slow->count * sizeof *slow->pieces);
        slow_spell(slow, words);
        uint32_t left = 0, right = 0;
        while (slow->count < pieces.count) {
            left = right = UINT32_MAX;
            assert_true(slow_best(slow, words, &left, &right) > 0);
            slow_merge(slow, left, right);
        }
        assert_int_equal(pieces.count, 700);
        for (uint32_t piece = 0; piece < pieces.count; piece++)
            assert_true(tw_text_equal(pieces.items[piece], slow->pieces[piece]));
    }
}

static void the_order_of_words_plays_no_part(void **state)
{
    (void)state;
    struct tw_tally_word *words = many_words(4);
    struct tw_pieces one = learned(words, MANY, 600, 2, 1000);
    for (size_t at = 0; at < MANY / 2; at++) {
        struct tw_tally_word word = words[at];
        words[at] = words[MANY - 1 - at];
        words[MANY - 1 - at] = word;
    }
    struct tw_pieces other = learned(words, MANY, 600, 2, 1000);
    assert_string_equal(joined(&one), joined(&other));
}

static size_t character_count(struct tw_text text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.length; at++)
        count += ((unsigned char)text.bytes[at] & 0xC0) != 0x80;
    return count;
}

static void every_learned_word_is_cut_without_unknown_and_no_piece_spans_two(void **state)
{
    (void)state;
    struct tw_tally_word *words = many_words(5);
    struct tw_pieces pieces = learned(words, MANY, 300, 2, 1000);
    struct tw_wordpiece wordpiece;
    uint32_t twice, before, ends[64];
    int32_t ids[64];
    assert_true(tw_wordpiece_build(pieces.items, pieces.count, &arena, &wordpiece, &twice, &before, NULL));
    for (size_t word = 0; word < MANY; word++)
        assert_true(tw_wordpiece_cut(&wordpiece, (const uint8_t *)words[word].text.bytes,
                        (uint32_t)words[word].text.length, ids, ends) > 0);
    for (uint32_t piece = 2; piece < pieces.count; piece++) {
        struct tw_text text = pieces.items[piece];
        bool continues = text.length > 2 && memcmp(text.bytes, "##", 2) == 0, stands = false;
        struct tw_text bare = continues ? (struct tw_text){text.bytes + 2, text.length - 2} : text;
        bool single = character_count(bare) == 1; /* may be there for words to come */
        for (size_t word = 0; word < MANY && !stands; word++) {
            const char *place = words[word].text.bytes + (continues ? 1 : 0);
            stands = continues ? strstr(place, tw_arena_copy(&arena, bare).bytes) != NULL
                               : words[word].text.length >= bare.length &&
                                     memcmp(place, bare.bytes, bare.length) == 0;
        }
        assert_true(stands || single);
    }
}

/* ---- tally ---- */

static uint64_t count_of(const struct tw_tally *tally, const char *text)
{
    for (size_t word = 0; word < tally->word_count; word++)
        if (tw_text_equal(tally->words[word].text, tw_text_of(text)))
            return tally->words[word].count;
    return 0;
}

static struct tw_normalizer given_normalizer(struct tw_added_token *added, uint32_t count)
{
    struct tw_normalizer normalizer = {.form = {true, true, true}, .most_characters = 10};
    tw_added_index(added, count, &normalizer.form, &normalizer.added);
    tw_normalizer_prepare(&normalizer);
    return normalizer;
}

static void words_are_counted_as_the_tokenizer_will_cut_them(void **state)
{
    (void)state;
    struct tw_added_token added[] = {{.text = {"[SEP]", 5}, .id = 3}};
    struct tw_normalizer normalizer = given_normalizer(added, 1);
    struct tw_tally tally;
    assert_true(tw_tally_begin(&tally, &normalizer, NULL));
    assert_true(tw_tally_add(&tally, tw_text_of("Profits rise; profits FELL. Caf\xC3\xA9"), NULL));
    assert_true(tw_tally_add(&tally, tw_text_of("[SEP] cafe \xE4\xB8\xAD\xE4\xB8\xAD elevenletters"), NULL));
    assert_int_equal(count_of(&tally, "profits"), 2);
    assert_int_equal(count_of(&tally, ";"), 1);
    assert_int_equal(count_of(&tally, "cafe"), 2);
    assert_int_equal(count_of(&tally, "\xE4\xB8\xAD"), 2);
    assert_int_equal(count_of(&tally, "sep"), 0);
    assert_int_equal(tally.special, 1);
    assert_int_equal(tally.overlong, 1);
    assert_int_equal(tally.total, 10);
    assert_int_equal(tally.word_count, 7);
    tw_tally_end(&tally);
}

static void counts_stand_when_the_table_has_grown_many_times(void **state)
{
    (void)state;
    enum { DIFFERENT = 50000 };
    struct tw_normalizer normalizer = given_normalizer(NULL, 0);
    struct tw_tally tally;
    char text[32];
    assert_true(tw_tally_begin(&tally, &normalizer, NULL));
    for (int round = 0; round < 2; round++)
        for (int word = 0; word < DIFFERENT; word++) {
            snprintf(text, sizeof text, "w%d", word);
            assert_true(tw_tally_add(&tally, tw_text_of(text), NULL));
        }
    assert_int_equal(tally.word_count, DIFFERENT);
    for (size_t word = 0; word < DIFFERENT; word++)
        assert_int_equal(tally.words[word].count, 2);
    tw_tally_end(&tally);
}

static void more_different_words_than_memory_is_set_aside_for_are_refused(void **state)
{
    (void)state;
    struct tw_normalizer normalizer = given_normalizer(NULL, 0);
    struct tw_tally tally;
    struct tw_error err = {0};
    bool added = true;
    char text[32];
    assert_true(tw_tally_begin(&tally, &normalizer, NULL));
    for (size_t word = 0; added && word <= TW_TALLY_MOST_WORDS; word++) {
        snprintf(text, sizeof text, "w%zx", word);
        added = tw_tally_add(&tally, tw_text_of(text), &err);
    }
    assert_false(added);
    assert_int_equal(err.code, TW_FULL);
    assert_string_equal(err.what, "more than 4194304 different words, or more than 48 MiB of them");
    assert_int_equal(tally.word_count, TW_TALLY_MOST_WORDS);
    assert_true(tw_tally_add(&tally, tw_text_of("w0 wff"), NULL)); /* what is known is still counted */
    tw_tally_end(&tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_as_worked_out_by_hand_ties_by_the_lower_piece),
        cmocka_unit_test(it_ends_at_the_size_or_where_pairs_are_too_rare),
        cmocka_unit_test(a_size_without_room_for_the_alphabet_is_refused),
        cmocka_unit_test(words_with_a_character_outside_the_alphabet_teach_nothing),
        cmocka_unit_test(no_words_give_the_first_tokens_alone),
        cmocka_unit_test(counts_kept_up_to_date_choose_what_counting_anew_chooses),
        cmocka_unit_test(the_order_of_words_plays_no_part),
        cmocka_unit_test(every_learned_word_is_cut_without_unknown_and_no_piece_spans_two),
        cmocka_unit_test(words_are_counted_as_the_tokenizer_will_cut_them),
        cmocka_unit_test(counts_stand_when_the_table_has_grown_many_times),
        cmocka_unit_test(more_different_words_than_memory_is_set_aside_for_are_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
