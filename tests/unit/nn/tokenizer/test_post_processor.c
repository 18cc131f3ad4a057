/* post_processor: the shapes that are done here are taken, each other one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tokenizer/post_processor.h"

#define SPECIAL(token, segment) "{\"SpecialToken\":{\"id\":\"" token "\",\"type_id\":" segment "}}"
#define SEQUENCE(name, segment) "{\"Sequence\":{\"id\":\"" name "\",\"type_id\":" segment "}}"
#define SINGLE "[" SPECIAL("<s>", "0") "," SEQUENCE("A", "0") "," SPECIAL("</s>", "0") "]"
#define PAIR(segment)                                                                                        \
    "[" SPECIAL("<s>", "0") "," SEQUENCE("A", "0") "," SPECIAL("</s>", "0") "," SEQUENCE(                    \
        "B", segment) "," SPECIAL("</s>", segment) "]"
#define TOKENS(separator)                                                                                    \
    "{\"<s>\":{\"id\":\"<s>\",\"ids\":[1]},\"</s>\":{\"id\":\"</s>\",\"ids\":" separator "}}"
#define TEMPLATE(single, pair, tokens)                                                                       \
    "{\"type\":\"TemplateProcessing\",\"single\":" single ",\"pair\":" pair ",\"special_tokens\":" tokens "}"

#define ONLY                                                                                                 \
    "post_processor: only [CLS] A [SEP] and [CLS] A [SEP] B [SEP] with segments 0 and 1 are supported"

/* Reads it over a vocabulary of three tokens; `what` NULL: it is taken. */
static void read_processor(const char *text, struct tw_tokenizer_facts *facts, const char *what)
{
    static struct tw_text tokens[] = {{"[UNK]", 5}, {"<s>", 3}, {"</s>", 4}};
    struct tw_error err = {0};
    struct tw_gathering gathering = {.folder = "model", .facts = facts, .err = &err};
    json_t *processor = json_loads(text, 0, NULL);
    assert_non_null(processor);
    *facts = (struct tw_tokenizer_facts){.tokens = tokens, .token_count = 3};
    bool taken = tw_post_processor_read(&gathering, processor);
    if (what) {
        assert_false(taken);
        assert_int_equal(err.code, TW_CONFIG);
        assert_string_equal(err.where, "model/tokenizer.json");
        assert_string_equal(err.what, what);
    } else {
        assert_true(taken);
        assert_true(tw_text_equal(gathering.named[TW_SPECIAL_CLASSIFY], tokens[1]));
        assert_true(tw_text_equal(gathering.named[TW_SPECIAL_SEPARATOR], tokens[2]));
    }
    json_decref(processor);
}

static void berts_template_and_both_kinds_of_ends_are_taken(void **state)
{
    struct tw_tokenizer_facts facts;
    (void)state;
    read_processor(TEMPLATE(SINGLE, PAIR("1"), TOKENS("[2]")), &facts, NULL);
    assert_false(facts.two_between);
    read_processor("{\"type\":\"BertProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\",1]}", &facts, NULL);
    assert_false(facts.two_between);
    read_processor("{\"type\":\"RobertaProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\",1]}", &facts, NULL);
    assert_true(facts.two_between);
}

static void what_would_give_other_ids_is_refused(void **state)
{
    struct tw_tokenizer_facts facts;
    (void)state;
    read_processor(TEMPLATE(SINGLE, PAIR("0"), TOKENS("[2]")), &facts, ONLY); /* segments */
    read_processor(
        TEMPLATE(SINGLE, SINGLE, TOKENS("[2]")), &facts, ONLY); /* a pair without its second text */
    read_processor(TEMPLATE("[]", PAIR("1"), TOKENS("[2]")), &facts, ONLY); /* nothing around a text */
    read_processor(
        TEMPLATE(SINGLE, PAIR("1"), TOKENS("[2,2]")), &facts, ONLY); /* one token that stands for two */
    read_processor(TEMPLATE(SINGLE, PAIR("1"), TOKENS("[0]")), &facts, ONLY); /* or for another */
    read_processor("{\"type\":\"BertProcessing\",\"sep\":[\"</s>\",1],\"cls\":[\"<s>\",1]}", &facts,
        "post_processor: sep is not a token and its id");
    read_processor("{\"type\":\"Sequence\"}", &facts,
        "post_processor \"Sequence\" is not supported, only TemplateProcessing");
    read_processor("{}", &facts, "post_processor \"(none)\" is not supported, only TemplateProcessing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(berts_template_and_both_kinds_of_ends_are_taken),
        cmocka_unit_test(what_would_give_other_ids_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
