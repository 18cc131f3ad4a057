/* dataset: records cleaned, entities found, the split by text alone; one clear line for what cannot be
 * used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "examples/dataset.h"
#include "random_model.h"
#include "read/decode.h"

static char folder[64];

static int begin(void **state)
{
    (void)state;
    given_folder(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static const char *path_of(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* Reads one file of these lines into the dataset. */
static bool read_lines(struct tw_dataset *dataset, const char *name, const char *lines, bool validation,
    const struct tw_decode_options *decode, struct tw_error *err)
{
    char path[128];
    struct tw_dataset_source source;
    const struct tw_dataset_reading reading = {.decode = decode};
    given_file(folder, name, lines, strlen(lines));
    assert_true(tw_dataset_file(path_of(name, path, sizeof path), &reading, &source, err));
    source.validation = validation;
    return tw_dataset_read(dataset, &source, err);
}

static struct tw_dataset *given_dataset(double share)
{
    struct tw_dataset *dataset;
    struct tw_error err;
    assert_true(tw_dataset_new(
        &(struct tw_dataset_options){.validation_share = share, .limit_bytes = 1 << 24}, &dataset, &err));
    return dataset;
}

static void a_record_is_cleaned_and_its_entities_are_found(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_dataset *dataset = given_dataset(0);
    struct tw_error err;
    assert_true(read_lines(dataset, "a.jsonl",
        "{\"title\":\"<b>AT&amp;T</b>\",\"body\":\"beats https://x.y/z HDFC\",\"label\":\"bullish\","
        "\"entities\":[{\"name\":\"AT&amp;T\",\"label\":\"negative\"},{\"name\":\"Nobody\",\"label\":\"neutral\"}]}\n\n",
        false, &decode, &err));
    assert_int_equal(dataset->count, 1);
    const struct tw_example *example = &dataset->examples[0];
    assert_memory_equal(example->text.bytes, "AT&T beats HDFC", 15);
    assert_int_equal(example->label, 2);
    assert_int_equal(example->entity_count, 2);
    assert_int_equal(example->entities[0].place.begin, 0);
    assert_int_equal(example->entities[0].place.end, 4);
    assert_int_equal(example->entities[0].label, 0);
    assert_int_equal(example->entities[1].place.end, 0);
    tw_dataset_free(dataset);
}

static void the_longer_name_chooses_first_and_words_come_before_parts(void **state)
{
    (void)state;
    const struct tw_text names[] = {
        tw_text_of("HDFC"), tw_text_of("hdfc bank"), tw_text_of("Maruti"), tw_text_of("it")};
    struct tw_place places[4];
    tw_locate_names(tw_text_of("HDFC Bank sues HDFC; Marutis split it"), names, 4, places);
    assert_int_equal(places[0].begin, 15);
    assert_int_equal(places[1].begin, 0);
    assert_int_equal(places[1].end, 9);
    assert_int_equal(places[2].begin, 21);
    assert_int_equal(places[3].begin, 35);
}

static void the_split_depends_on_the_text_alone(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_dataset *one = given_dataset(0.3), *other = given_dataset(0.3);
    struct tw_error err;
    char lines[20000], turned[20000];
    size_t used = 0, held = 0, used_turned = 0;
    for (int at = 0; at < 200; at++)
        used += (size_t)snprintf(
            lines + used, sizeof lines - used, "{\"text\":\"text %d\",\"label\":\"neutral\"}\n", at);
    for (int at = 199; at >= 0; at--)
        used_turned += (size_t)snprintf(turned + used_turned, sizeof turned - used_turned,
            "{\"text\":\" text  %d \",\"label\":\"positive\"}\n", at);
    assert_true(read_lines(one, "one.jsonl", lines, false, &decode, &err));
    assert_true(read_lines(other, "other.jsonl", turned, false, &decode, &err));
    for (size_t at = 0; at < 200; at++) {
        assert_int_equal(one->examples[at].validation, other->examples[199 - at].validation);
        held += one->examples[at].validation;
    }
    assert_in_range(held, 40, 80);
    tw_dataset_free(one);
    tw_dataset_free(other);
}

/* What a file of these bytes is refused with. */
static void check_refusal(const char *lines, enum tw_code code, const char *words)
{
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_dataset *dataset = given_dataset(0);
    struct tw_error err;
    char line[1200];
    assert_false(read_lines(dataset, "bad.jsonl", lines, false, &decode, &err));
    tw_error_line(&err, line, sizeof line);
    assert_int_equal(err.code, code);
    if (!strstr(line, words))
        fail_msg("\"%s\" does not say \"%s\"", line, words);
    tw_dataset_free(dataset);
}

static void what_cannot_be_used_is_told_with_file_and_record(void **state)
{
    (void)state;
    check_refusal("{\"text\":\"a\",\"label\":\"neutral\"}\n{\"text\":\"x\",\"label\":\"postive\"}\n",
        TW_REFUSED, "bad.jsonl:2: field label: the label \"postive\" is not one of ours");
    check_refusal("{\"label\":\"neutral\"}\n", TW_REFUSED, "bad.jsonl:1: no text");
    check_refusal("{\"text\":\"x\"}\n", TW_REFUSED, "bad.jsonl:1: the record has no label");
    check_refusal("\n\n{oops\n", TW_REFUSED, "bad.jsonl:3: ");
    check_refusal("", TW_CONFIG, "bad.jsonl: no usable record");
    /* A zstd frame's first bytes, and no more. */
    check_refusal("\x28\xb5\x2f\xfd\x24\x80", TW_IO, "bad.jsonl: the file ends in the middle of its data");
}

static void note(void *context, const struct tw_error *why)
{
    (void)why;
    ++*(int *)context;
}

static void refusals_are_counted_when_somebody_listens(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_dataset *dataset;
    struct tw_error err;
    int told = 0;
    assert_true(tw_dataset_new(
        &(struct tw_dataset_options){.limit_bytes = 1 << 24, .on_refused = note, .on_refused_context = &told},
        &dataset, &err));
    assert_true(read_lines(dataset, "some.jsonl",
        "{\"text\":\"x\"}\n{\"text\":\"y\",\"label\":\"neutral\"}\n{\"text\":\"z\",\"label\":3}\n", false,
        &decode, &err));
    assert_int_equal(told, 2);
    assert_int_equal(dataset->refused, 2);
    assert_int_equal(dataset->count, 1);
    assert_int_equal(dataset->examples[0].number, 2);
    tw_dataset_free(dataset);
}

static void a_look_finds_repeats_contradictions_and_texts_on_both_sides(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_dataset *dataset = given_dataset(0);
    struct tw_dataset_facts facts;
    struct tw_error err;
    size_t dropped;
    assert_true(read_lines(dataset, "train.jsonl",
        "{\"text\":\"A rose 5%\",\"label\":\"positive\"}\n{\"text\":\"A rose 5%\",\"label\":\"negative\"}\n"
        "{\"text\":\"B fell\",\"label\":\"negative\",\"entities\":[{\"name\":\"C\",\"label\":\"neutral\"}]}\n"
        "{\"text\":\"B FELL 7!\",\"label\":\"negative\"}\n",
        false, &decode, &err));
    assert_true(read_lines(
        dataset, "held.jsonl", "{\"text\":\"B fell\",\"label\":\"negative\"}\n", true, &decode, &err));
    assert_true(tw_dataset_inspect(dataset, NULL, 128, &facts, &err));
    assert_int_equal(facts.records, 5);
    assert_int_equal(facts.training, 4);
    assert_int_equal(facts.validation, 1);
    assert_int_equal(facts.repeated, 2);
    assert_int_equal(facts.contradicting, 2); /* other labels, and labels of entities on one side only */
    assert_int_equal(facts.across, 1);
    assert_int_equal(facts.nearly_across, 2);
    assert_int_equal(facts.lost_entities, 1);
    assert_int_equal(facts.labels[0], 3);
    assert_true(tw_dataset_keep_apart(dataset, &dropped, &err));
    assert_int_equal(dropped, 1);
    assert_int_equal(dataset->count, 4);
    tw_dataset_free(dataset);
}

static void entities_of_one_mind_label_their_text_when_asked_and_only_to_learn(void **state)
{
    (void)state;
    static const char lines[] =
        "{\"text\":\"A and B fall\",\"entities\":[{\"name\":\"A\",\"label\":\"negative\"},{\"name\":\"B\",\"label\":\"negative\"}]}\n"
        "{\"text\":\"A beats B\",\"entities\":[{\"name\":\"A\",\"label\":\"positive\"},{\"name\":\"B\",\"label\":\"negative\"}]}\n"
        "{\"text\":\"C stays\",\"label\":\"positive\",\"entities\":[{\"name\":\"C\",\"label\":\"neutral\"}]}\n";
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_dataset *dataset;
    struct tw_error err;
    assert_true(tw_dataset_new(
        &(struct tw_dataset_options){.agreed_labels = true, .limit_bytes = 1 << 24}, &dataset, &err));
    assert_true(read_lines(dataset, "agreed.jsonl", lines, false, &decode, &err));
    assert_true(read_lines(dataset, "held.jsonl", lines, true, &decode, &err));
    assert_int_equal(dataset->examples[0].label, 0);
    assert_int_equal(dataset->examples[1].label, -1);
    assert_int_equal(dataset->examples[2].label, 2);
    assert_int_equal(dataset->examples[3].label, -1);
    tw_dataset_free(dataset);
}

static void a_file_may_carry_its_weight(void **state)
{
    (void)state;
    char path[64];
    double weight;
    struct tw_error err;
    assert_true(tw_dataset_argument("sets/a.jsonl:0.25", path, sizeof path, &weight, &err));
    assert_string_equal(path, "sets/a.jsonl");
    assert_true(weight == 0.25);
    assert_true(tw_dataset_argument("sets/a.jsonl", path, sizeof path, &weight, &err));
    assert_true(weight == 1);
    assert_true(tw_dataset_argument("sets/a:b.jsonl", path, sizeof path, &weight, &err));
    assert_string_equal(path, "sets/a:b.jsonl");
    assert_false(tw_dataset_argument("sets/a.jsonl:-1", path, sizeof path, &weight, &err));
    assert_int_equal(err.code, TW_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_cleaned_and_its_entities_are_found),
        cmocka_unit_test(the_longer_name_chooses_first_and_words_come_before_parts),
        cmocka_unit_test(the_split_depends_on_the_text_alone),
        cmocka_unit_test(what_cannot_be_used_is_told_with_file_and_record),
        cmocka_unit_test(refusals_are_counted_when_somebody_listens),
        cmocka_unit_test(a_look_finds_repeats_contradictions_and_texts_on_both_sides),
        cmocka_unit_test(entities_of_one_mind_label_their_text_when_asked_and_only_to_learn),
        cmocka_unit_test(a_file_may_carry_its_weight),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
