/* text_windows: which parts of a long text the model reads, and what they cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random_model.h"
#include "score/text_windows.h"
#include "tiny_model.h"
#include "tokenizer/tokenizer.h"

static struct tw_arena arena;
static struct tw_tokenizer *tokenizer;
static char folder[64];

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    given_tiny_model(folder);
    return tw_tokenizer_load(folder, &tokenizer, &err) && tw_arena_begin(&arena, (size_t)64 << 20, &err) ? 0
                                                                                                         : -1;
}

static int end(void **state)
{
    (void)state;
    tw_tokenizer_free(tokenizer);
    remove_folder(folder);
    tw_arena_end(&arena);
    return 0;
}

static struct tw_text_windows_options limits(uint32_t tokens, uint32_t windows)
{
    return (struct tw_text_windows_options){.tokenizer = tokenizer,
        .window_tokens = tokens,
        .most_windows = windows,
        .most_tokens = tokens * windows};
}

/* Where `name` stands in the text, each time; mentions of `entity`. */
static uint32_t mention(
    struct tw_text text, const char *name, uint32_t entity, struct tw_mention *out, uint32_t count)
{
    const size_t length = strlen(name);
    for (size_t at = 0; at + length <= text.length; at++)
        if (memcmp(text.bytes + at, name, length) == 0)
            out[count++] = (struct tw_mention){entity, (uint32_t)at, (uint32_t)(at + length)};
    return count;
}

static void cut(
    struct tw_document *document, struct tw_text_windows_options options, struct tw_text_mentions mentions)
{
    struct tw_error err;
    assert_true(tw_text_windows_cut(&options, document, mentions, &arena, &err));
    assert_true(document->window_count >= 1 && document->window_count <= options.most_windows);
    assert_true(document->token_count <= options.most_tokens);
    uint32_t tokens = 0, bytes = 0;
    for (uint32_t at = 0; at < document->window_count; at++) {
        const struct tw_text_window *window = &document->windows[at];
        assert_true(window->begin >= bytes && window->end > window->begin);
        assert_int_equal(window->first_token, tokens);
        assert_true(window->token_count <= options.window_tokens);
        assert_int_equal(document->tokens[tokens], 2); /* [CLS] */
        tokens += window->token_count;
        assert_int_equal(document->tokens[tokens - 1], 3); /* [SEP] */
        assert_true(document->token_begins[window->first_token + 1] >= window->begin);
        assert_true(document->token_ends[tokens - 2] <= window->end);
        bytes = window->end;
    }
    assert_int_equal(document->token_count, tokens);
}

static void expect(const struct tw_document *document, const char *windows)
{
    char found[1024] = "";
    size_t used = 0;
    for (uint32_t at = 0; at < document->window_count; at++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", at ? "|" : "",
            (int)(document->windows[at].end - document->windows[at].begin),
            document->text.bytes + document->windows[at].begin);
    assert_string_equal(found, windows);
}

static const struct tw_text_mentions nobody = {NULL, 0, 0};

static void the_title_comes_first_then_whole_sentences(void **state)
{
    (void)state;
    struct tw_document document = {.text = tw_text_of("shares fell. the end The profit fell. The loss rose. "
                                                      "Marine shares fell to the loss. The end"),
        .title_length = 20};
    cut(&document, limits(12, 8), nobody);
    expect(&document, "shares fell. the end|The profit fell. The loss rose.|Marine shares fell to the loss.|"
                      "The end");
    assert_false(document.truncated);
    assert_int_equal(document.read_bytes, document.text.length);
}

static void without_a_title_the_first_sentences_are_it(void **state)
{
    (void)state;
    struct tw_document document = {
        .text = tw_text_of("Loss. The profit of general motors fell. The loss rose. The end")};
    cut(&document, limits(16, 8), nobody);
    expect(&document, "Loss. The profit of general motors fell.|The loss rose. The end");
}

static void a_sentence_that_is_too_long_is_cut_between_words(void **state)
{
    (void)state;
    struct tw_document document = {
        .text = tw_text_of("profit fell to the loss of the shares of general motors"), .title_length = 0};
    cut(&document, limits(6, 8), nobody);
    expect(&document, "profit fell to the|loss of the shares|of general motors");
    /* Within a word only when that is all there is. */
    document = (struct tw_document){.text = tw_text_of("abcdefghijklmno")};
    cut(&document, limits(6, 8), nobody);
    assert_false(document.truncated);
}

static void what_is_not_read_is_told(void **state)
{
    (void)state;
    struct tw_document document = {.text = tw_text_of("The profit of general motors. The loss rose. "
                                                      "The shares rose. The marine fell.")};
    cut(&document, limits(8, 2), nobody);
    expect(&document, "The profit of general motors.|The loss rose.");
    assert_true(document.truncated);
    assert_int_equal(document.read_bytes, strlen("The profit of general motors. The loss rose. "));
}

static void the_last_windows_are_for_companies_that_none_has_named(void **state)
{
    (void)state;
    struct tw_document document = {
        .text =
            tw_text_of("Profit fell. The loss of shares. Marine rose. The loss. The loss of shares. The end. "
                       "General rose. The loss."),
        .title_length = 12};
    struct tw_mention items[8];
    uint32_t count = mention(document.text, "Marine", 0, items, 0);
    count = mention(document.text, "General", 1, items, count);
    cut(&document, limits(8, 3), (struct tw_text_mentions){items, count, 2});
    expect(&document, "Profit fell.|Marine rose. The loss.|General rose. The loss.");
    assert_true(document.truncated);
    cut(&document, limits(8, 4), (struct tw_text_mentions){items, count, 2});
    expect(&document, "Profit fell.|The loss of shares.|Marine rose. The loss.|General rose. The loss.");
    cut(&document, limits(8, 16), (struct tw_text_mentions){items, count, 2});
    assert_false(document.truncated);
}

static void a_company_is_read_in_each_window_that_names_it(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_document document = {
        .text =
            tw_text_of("Marine rose. The loss. General fell, Marine rose, Marine fell. The end of shares."),
        .title_length = 12};
    struct tw_mention items[8];
    uint32_t count = mention(document.text, "Marine", 0, items, 0);
    items[3] = items[2];
    items[2] = items[1];
    (void)mention(document.text, "General", 1, items, 1);
    count++;
    const struct tw_text_mentions mentions = {items, count, 3}; /* the third is named nowhere */
    cut(&document, limits(16, 8), mentions);
    expect(&document, "Marine rose.|The loss. General fell, Marine rose, Marine fell.|The end of shares.");
    assert_true(tw_text_windows_place(&document, mentions, &arena, &err));
    static const struct tw_text_span wanted[] = {
        {0, 0, 1, 2}, {0, 2, 1, 4}, {1, 1, 4, 5}, {1, 0, 7, 8}, {1, 2, 1, 13}, {2, 2, 1, 8}};
    assert_int_equal(document.span_count, 6);
    for (size_t at = 0; at < 6; at++)
        assert_memory_equal(&document.spans[at], &wanted[at], sizeof wanted[at]);
}

static void a_giant_costs_no_more_than_its_windows(void **state)
{
    (void)state;
    static const char *const pieces[] = {"Shares fell. ", "profit ", "x", ".", ". ", "\xE3\x80\x82"};
    enum { BYTES = 8 << 20 };
    char *text = malloc(BYTES + 16);
    assert_non_null(text);
    for (size_t which = 0; which < sizeof pieces / sizeof pieces[0]; which++) {
        const size_t mark = tw_arena_mark(&arena), piece = strlen(pieces[which]);
        for (size_t used = 0; used < BYTES; used += piece)
            memcpy(text + used, pieces[which], piece);
        struct tw_document document = {.text = {text, BYTES - BYTES % piece}};
        const uint32_t length = (uint32_t)document.text.length;
        const struct tw_mention late = {0, length - 8, length - 6};
        cut(&document, limits(64, 16), (struct tw_text_mentions){&late, 1, 1});
        assert_true(tw_arena_mark(&arena) - mark < 64 << 10);
        assert_true(document.windows[document.window_count - 1].end > late.begin);
        assert_true(!document.truncated || document.read_bytes < 64 << 10);
        tw_arena_rewind(&arena, mark);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_title_comes_first_then_whole_sentences),
        cmocka_unit_test(without_a_title_the_first_sentences_are_it),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut_between_words),
        cmocka_unit_test(what_is_not_read_is_told),
        cmocka_unit_test(the_last_windows_are_for_companies_that_none_has_named),
        cmocka_unit_test(a_company_is_read_in_each_window_that_names_it),
        cmocka_unit_test(a_giant_costs_no_more_than_its_windows),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
