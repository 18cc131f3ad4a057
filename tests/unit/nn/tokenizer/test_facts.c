/* facts: what one file says of a token is held against what another said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tokenizer/facts.h"

enum { TOKENS = 7, PLACES = 8 };

/* A vocabulary of seven tokens, and one place behind it that is free. */
struct story {
    struct tw_arena arena;
    struct tw_error err;
    struct tw_text tokens[PLACES];
    struct tw_tokenizer_facts facts;
    struct tw_gathering gathering;
};

static void given_a_vocabulary(struct story *story)
{
    static const char *const tokens[TOKENS] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rate", "$velq"};
    static const char *const named[TW_SPECIALS] = {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"};
    *story = (struct story){0};
    assert_true(tw_arena_begin(&story->arena, (size_t)1 << 20, &story->err));
    for (size_t id = 0; id < TOKENS; id++)
        story->tokens[id] = tw_text_of(tokens[id]);
    story->facts = (struct tw_tokenizer_facts){
        .tokens = story->tokens, .token_count = PLACES, .form = {.lower_case = true}};
    story->gathering = (struct tw_gathering){
        .folder = "model", .arena = &story->arena, .facts = &story->facts, .err = &story->err};
    for (size_t name = 0; name < TW_SPECIALS; name++)
        story->gathering.named[name] = tw_text_of(named[name]);
    assert_true(tw_facts_begin_added(&story->gathering));
}

static void expect_refusal(const struct story *story, const char *line)
{
    char shown[512];
    tw_error_line(&story->err, shown, sizeof shown);
    assert_int_equal(story->err.code, TW_CONFIG);
    assert_string_equal(shown, line);
}

static bool place(struct story *story, const char *text, double id, struct tw_added_way way)
{
    return tw_facts_place(&story->gathering, "added_tokens.json", tw_text_of(text), id, way);
}

static void special_tokens_become_ids_and_are_looked_for_whole(void **state)
{
    struct story story;
    (void)state;
    given_a_vocabulary(&story);
    story.gathering.named[TW_SPECIAL_MASK] = tw_text_of("<mask>");
    assert_true(tw_facts_settle(&story.gathering, "vocab.txt"));
    assert_int_equal(story.facts.special.unknown, 1);
    assert_int_equal(story.facts.special.classify, 2);
    assert_int_equal(story.facts.special.separator, 3);
    assert_int_equal(story.facts.special.padding, 0);
    assert_int_equal(story.facts.special.mask, -1); /* not in the vocabulary: the model has no row for it */
    assert_int_equal(story.facts.added_count, 4);
    tw_arena_end(&story.arena);
}

static void a_model_cannot_do_without_unk_cls_and_sep(void **state)
{
    struct story story;
    (void)state;
    given_a_vocabulary(&story);
    story.gathering.named[TW_SPECIAL_SEPARATOR] = tw_text_of("</s>");
    assert_false(tw_facts_settle(&story.gathering, "vocab.txt"));
    expect_refusal(&story,
        "model/vocab.txt: sep_token \"</s>\" is not in the vocabulary; cure: add it to the "
        "vocabulary, or name another in tokenizer_config.json");
    tw_arena_end(&story.arena);
}

static void an_added_token_has_its_place_or_a_free_one_behind_the_vocabulary(void **state)
{
    struct story story;
    (void)state;
    given_a_vocabulary(&story);
    assert_true(place(&story, "rate", 5, (struct tw_added_way){.single_word = true}));
    assert_true(place(&story, "$VELQ", 7, (struct tw_added_way){.normalized = true}));
    assert_true(place(&story, "rate", 5, (struct tw_added_way){0})); /* said again: nothing new */
    assert_int_equal(story.facts.added_count, 2);
    assert_false(story.facts.added[0].outside);
    assert_true(story.facts.added[0].single_word);
    assert_true(story.facts.added[1].outside);
    assert_true(tw_text_equal(story.facts.added[1].form, tw_text_of("$velq")));
    assert_int_equal(tw_facts_find(&story.facts, tw_text_of("$VELQ")), 7);
    tw_arena_end(&story.arena);
}

static void contradictions_are_refused_by_name(void **state)
{
    static const struct {
        const char *text;
        double id;
        const char *line;
    } cases[] = {
        {"rate", 8, "added token \"rate\" has no place in the vocabulary"},
        {"rate", -1, "added token \"rate\" has no place in the vocabulary"},
        {"rate", 6, "added token \"rate\" has id 6, which in the vocabulary is \"$velq\""},
        {"rate", 7, "added token \"rate\" has id 7, in the vocabulary 5"},
    };
    (void)state;
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char line[256];
        struct story story;
        given_a_vocabulary(&story);
        assert_false(place(&story, cases[at].text, cases[at].id, (struct tw_added_way){0}));
        snprintf(line, sizeof line,
            "model/added_tokens.json: %s; cure: give it the id that the vocabulary gives it", cases[at].line);
        expect_refusal(&story, line);
        tw_arena_end(&story.arena);
    }
}

static void one_token_has_one_id_whichever_file_says_so(void **state)
{
    struct story story;
    (void)state;
    given_a_vocabulary(&story);
    assert_true(
        tw_facts_add(&story.gathering, "tokenizer.json", tw_text_of("rate"), 5, (struct tw_added_way){0}));
    assert_false(tw_facts_add(
        &story.gathering, "tokenizer_config.json", tw_text_of("rate"), 6, (struct tw_added_way){0}));
    expect_refusal(&story,
        "model/tokenizer_config.json: token \"rate\" has two ids, 5 and 6; cure: copy the file again");
    tw_arena_end(&story.arena);
}

static void a_token_that_normalisation_takes_away_could_never_be_found(void **state)
{
    struct story story;
    const struct tw_added_way normalized = {.normalized = true};
    (void)state;
    given_a_vocabulary(&story);
    assert_false(place(&story, "\x01", 7, normalized));
    expect_refusal(
        &story, "model/added_tokens.json: added token with id 7 is nothing once normalized; cure: remove it");
    tw_arena_end(&story.arena);
    given_a_vocabulary(&story);
    assert_false(place(&story, "rate ", 7, normalized));
    expect_refusal(&story, "model/added_tokens.json: added token with id 7: white space at its end; cure: "
                           "use a BERT WordPiece tokenizer, as BertTokenizerFast saves it");
    tw_arena_end(&story.arena);
}

static void tokens_are_written_as_text_or_as_an_object_with_content(void **state)
{
    json_t *text = json_string("[CLS]"), *object = json_pack("{ss}", "content", "[SEP]");
    json_t *neither = json_integer(101);
    (void)state;
    assert_true(tw_text_equal(tw_facts_content(text), tw_text_of("[CLS]")));
    assert_true(tw_text_equal(tw_facts_content(object), tw_text_of("[SEP]")));
    assert_null(tw_facts_content(neither).bytes);
    assert_null(tw_facts_content(NULL).bytes);
    assert_true(tw_facts_says(text, "[CLS]"));
    assert_false(tw_facts_says(object, "[SEP]"));
    json_decref(text);
    json_decref(object);
    json_decref(neither);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_tokens_become_ids_and_are_looked_for_whole),
        cmocka_unit_test(a_model_cannot_do_without_unk_cls_and_sep),
        cmocka_unit_test(an_added_token_has_its_place_or_a_free_one_behind_the_vocabulary),
        cmocka_unit_test(contradictions_are_refused_by_name),
        cmocka_unit_test(one_token_has_one_id_whichever_file_says_so),
        cmocka_unit_test(a_token_that_normalisation_takes_away_could_never_be_found),
        cmocka_unit_test(tokens_are_written_as_text_or_as_an_object_with_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
