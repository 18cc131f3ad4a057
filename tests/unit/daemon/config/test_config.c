/* config: one table; every error at once, with its place and its cure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config.h"
#include "config/config_print.h"
#include "files/problems.h"
#include "read/decode.h"

struct house {
    struct tw_arena arena;
    struct tw_config config;
    struct tw_problems problems;
    struct tw_error err;
    char folder[32];
    char path[64];
};

static int open_house(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    assert_true(tw_arena_begin(&house->arena, 64 << 20, &house->err));
    snprintf(house->folder, sizeof house->folder, "/tmp/tw_config_XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    snprintf(house->path, sizeof house->path, "%s/tapewatch.yaml", house->folder);
    *state = house;
    return 0;
}

static int close_house(void **state)
{
    struct house *house = *state;
    tw_arena_end(&house->arena);
    unlink(house->path);
    rmdir(house->folder);
    free(house);
    return 0;
}

static bool load(struct house *house, const char *file)
{
    assert_true(tw_file_write(house->path, tw_text_of(file), &house->err));
    tw_problems_begin(&house->problems, &house->arena);
    return tw_config_load(house->path, &house->arena, &house->config, &house->problems, &house->err);
}

static void assert_names_equal(struct tw_name_list left, struct tw_name_list right)
{
    assert_int_equal(left.count, right.count);
    for (uint32_t at = 0; at < left.count; at++)
        assert_string_equal(left.names[at], right.names[at]);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    struct house *house = *state;
    assert_true(load(house, ""));
    const struct tw_config *config = &house->config;
    assert_int_equal(config->watermark.lateness_us, 60 * 1000000LL);
    assert_int_equal(config->watermark.idle_after_us, 30 * 1000000LL);
    assert_int_equal(config->store.new_days_per_minute, 100);
    assert_true(config->link.unlisted);
    assert_false(config->dev);
    struct tw_decode_options decode = tw_decode_defaults();
    assert_names_equal(config->decode->id, decode.id);
    assert_names_equal(config->decode->time, decode.time);
    assert_names_equal(config->decode->title, decode.title);
    assert_names_equal(config->decode->body, decode.body);
    assert_names_equal(config->decode->source, decode.source);
    assert_names_equal(config->decode->language, decode.language);
    assert_names_equal(config->decode->symbols, decode.symbols);
    assert_int_equal(config->decode->time_unit, decode.time_unit);
    assert_int_equal(config->decode->max_ahead_us, decode.max_ahead_us);
    assert_int_equal(config->decode->max_payload_bytes, decode.max_payload_bytes);
    assert_int_equal(config->decode->watermark_ahead_us, decode.watermark_ahead_us);
}

static void watermark_max_ahead_follows_the_lateness_unless_set(void **state)
{
    struct house *house = *state;
    assert_true(load(house, "watermark: {lateness: 5m}\n"));
    assert_int_equal(house->config.decode->watermark_ahead_us, 300 * 1000000LL);
    assert_true(load(house, "watermark: {lateness: 5m, max_ahead: 0s}\n"));
    assert_int_equal(house->config.decode->watermark_ahead_us, 0);
}

static void values_have_units_and_kafka_properties_pass_untouched(void **state)
{
    struct house *house = *state;
    assert_true(load(house,
        "kafka:\n"
        "  topics: [a, b]\n"
        "  properties: {bootstrap.servers: \"k:9093\", security.protocol: SASL_SSL, statistics.interval.ms: 5000}\n"
        "  secrets: {sasl.password: kafka-password}\n"
        "batch: {age: 20ms, most_bytes: 512KiB}\n"
        "decode: {time: [when], time_unit: s}\n"));
    const struct tw_config *config = &house->config;
    assert_int_equal(config->kafka.topics.count, 2);
    assert_string_equal(config->kafka.topics.items[1], "b");
    assert_int_equal(config->kafka.properties.count, 3);
    assert_string_equal(config->kafka.properties.items[2].name, "statistics.interval.ms");
    assert_string_equal(config->kafka.properties.items[2].value, "5000");
    char secret[96];
    snprintf(secret, sizeof secret, "%s/kafka-password", house->folder);
    assert_string_equal(config->kafka.secrets.items[0].value, secret);
    assert_int_equal(config->batch.age_ms, 20);
    assert_int_equal(config->batch.most_bytes, 512 << 10);
    assert_int_equal(config->decode->time_unit, TW_UNIT_SECONDS);
}

static void paths_are_relative_to_the_file_they_stand_in(void **state)
{
    struct house *house = *state;
    char expected[96];
    assert_true(load(house, "rules: {path: rules.yaml}\nlink: {entities: /etc/entities.jsonl}\n"));
    snprintf(expected, sizeof expected, "%s/rules.yaml", house->folder);
    assert_string_equal(house->config.rules.path, expected);
    assert_string_equal(house->config.link.entities, "/etc/entities.jsonl");
}

static void every_error_is_reported_at_once_with_place_and_cure(void **state)
{
    struct house *house = *state;
    assert_false(load(house, "kafka:\n"
                             "  topcis: [a]\n"
                             "  properties:\n"
                             "    sasl.password: x\n"
                             "store: {conninfo: \"host=db password=secret\"}\n"
                             "flow:\n"
                             "  low: 5\n"
                             "http: {port: 99999}\n"));
    assert_int_equal(house->err.code, TW_CONFIG);
    assert_int_equal(house->problems.count, 5);
    struct tw_text text;
    assert_true(tw_problems_render(&house->problems, &house->arena, &text, &house->err));
    static const char *const expected[] = {
        ":2:3: \"topcis\" is no key of kafka; cure: did you mean \"topics\"?\n"
        "    2 |   topcis: [a]\n"
        "      |   ^\n",
        ":4:5: \"sasl.password\" is a secret and does not belong into this file; cure: put it into a file and name "
        "that under kafka.secrets\n",
        "    4 | (not shown: it may hold a secret)\n",
        ":5:19: a password does not belong into this file (libpq's option password); cure: put it into a file and name "
        "that as store.password_file\n"
        "    5 | (not shown: it may hold a secret)\n",
        ":7:8: \"low\" is a number without its unit: 5; cure: ",
        ":8:14: \"port\" is out of range: 99999; cure: write a value from 0 to 65535\n",
    };
    for (size_t at = 0; at < sizeof expected / sizeof expected[0]; at++)
        if (!memmem(text.bytes, text.length, expected[at], strlen(expected[at])))
            fail_msg("missing: %s\nin: %.*s", expected[at], (int)text.length, text.bytes);
}

static void sources_have_weights_and_what_is_wrong_with_them_is_told_at_its_place(void **state)
{
    struct house *house = *state;
    struct tw_text text;
    assert_true(load(house, ""));
    assert_int_equal(house->config.sources.weights.count, 0);
    assert_int_equal(house->config.sources.weights.others, TW_SOURCE_WHOLE);
    assert_true(load(house, "sources:\n  weights: {Reuters: 1, \"stocktwits*\": 0.25, a b: 0.0001}\n"
                            "  default_weight: 0.5\n"));
    const struct tw_source_list *list = &house->config.sources.weights;
    assert_int_equal(list->count, 3);
    assert_string_equal(list->names[1].name, "stocktwits*");
    assert_int_equal(list->names[0].weight, 10000);
    assert_int_equal(list->names[1].weight, 2500);
    assert_int_equal(list->names[2].weight, 1);
    assert_int_equal(list->others, 5000);
    assert_true(tw_config_print(&house->config, false, &house->arena, &text, &house->err));
    assert_non_null(memmem(text.bytes, text.length,
        "  weights: {Reuters: 1.0, \"stocktwits*\": 0.25, a b: 0.0001}\n  default_weight: 0.5\n", 80));
    assert_false(load(house, "sources:\n"
                             "  weights:\n"
                             "    Reuters: 1.5\n"
                             "    REUTERS: 1\n"
                             "    \"*\": 0.5\n"
                             "    \"a*b\": 0.5\n"
                             "    tass: 0.12345\n"
                             "    x: [1]\n"
                             "    y: high\n"
                             "    \"  \": 0.1\n"
                             "  default_weight: -1\n"));
    assert_true(tw_problems_render(&house->problems, &house->arena, &text, &house->err));
    static const char *const expected[] = {
        ":3:14: \"Reuters\" is out of range: 1.5; cure: write a value from 0.0 to 1.0\n"
        "    3 |     Reuters: 1.5\n"
        "      |              ^\n",
        ":4:5: \"REUTERS\" is the same source as \"Reuters\" in line 3; cure: write each source once\n",
        ":5:5: \"*\" stands for every source; cure: take it out and set default_weight\n",
        ":6:5: \"a*b\" has * elsewhere than at its end; cure: write one * at the end: the name begins so\n",
        ":7:11: \"tass\" ",
        ":8:8: \"x\" ",
        ":9:8: \"y\" ",
        ":10:5: \"  \" names no source; cure: write a source as messages name it\n",
        ":11:19: \"default_weight\" is out of range: -1; cure: write a value from 0.0 to 1.0\n",
    };
    assert_int_equal(house->problems.count, sizeof expected / sizeof expected[0]);
    for (size_t at = 0; at < sizeof expected / sizeof expected[0]; at++)
        if (!memmem(text.bytes, text.length, expected[at], strlen(expected[at])))
            fail_msg("missing: %s\nin: %.*s", expected[at], (int)text.length, text.bytes);
    assert_int_equal(house->config.sources.weights.count, 0); /* whole, or not at all */
    assert_false(tw_config_section_sound(&house->config, "sources"));
    assert_false(load(house, "sources: {weights: [Reuters]}\n"));
    assert_non_null(strstr(house->err.what, "sources.weights is not a map"));
}

/* Files that hold a secret where none may stand: whatever is said of them, the word is not in it. */
static void no_word_about_a_file_shows_a_secret(void **state)
{
    struct house *house = *state;
    static const char *const files[] = {
        "store: {conninfo: \"postgresql://writer:hunter2@db/news\"}\n",
        "store:\n  conninfo: host=db password = 'hunter2'\n",
        "store: {conninfo: \"postgresql://db/news?password=hunter2\"}\n",
        "store: {conninfo: \"host=db sslpassword=hunter2 sslkey=/k\"}\n",
        "store: {conninfo: \"postgresql://writer:hunter2%zz@db/news\"}\n",
        "store: {conninfo: \"host=db password=a hunter2\"}\n",
        "store: {password: hunter2}\n",
        "store:\n  pasword: hunter2\n",
        "kafka:\n  properties: {sasl.pasword: hunter2, linger.ms: [1]}\n",
        "stoer: {conninfo: \"host=db password=hunter2\", x: 1}\n",
        "kafka: {topics: [a], properties: {sasl.password: hunter2, linger.ms: [1]}}\n",
        "kafka:\n  properties:\n    sasl.oauthbearer.config: principal=hunter2\n",
        "kafka:\n  properties:\n    SSL.Key.Password: hunter2\n",
        "kafka:\n  properties:\n    ssl.truststore.password: hunter2\n",
        "kafka:\n  properties:\n    sasl.jaas.config: x password=hunter2;\n",
        "kafka:\n  properties:\n    ssl.key.pem: |\n      -----BEGIN PRIVATE KEY-----\n      hunter2\n",
        "kafka:\n  properties:\n    sasl.password: \"hunter2\n",
        "kafka:\n  properties:\n    ssl.key.pem: \"-----BEGIN PRIVATE KEY-----\n  hunter2\n",
        "store: {conninfo: {postgresql://writer:hunter2@db/news]}\n",
    };
    for (size_t at = 0; at < sizeof files / sizeof files[0]; at++) {
        struct tw_text text;
        if (load(house, files[at]))
            fail_msg("taken: %s", files[at]);
        assert_true(tw_problems_render(&house->problems, &house->arena, &text, &house->err));
        if (memmem(text.bytes, text.length, "hunter2", 7))
            fail_msg("shown: %.*s", (int)text.length, text.bytes);
        assert_null(strstr(house->err.what, "hunter2"));
    }
}

static void what_only_names_a_secret_s_place_is_none(void **state)
{
    struct house *house = *state;
    assert_true(
        load(house, "store:\n"
                    "  conninfo: host=db passfile=/etc/tapewatch/pgpass user=password\n"
                    "  password_file: password\n"
                    "kafka:\n"
                    "  properties: {ssl.ca.pem: \"-----BEGIN CERTIFICATE-----\", sasl.username: password}\n"
                    "  secrets: {sasl.password: /run/kafka}\n"));
}

static void a_variable_is_not_filled_in_and_said_to_be(void **state)
{
    struct house *house = *state;
    assert_false(
        load(house, "store: {conninfo: \"host=${PGHOST} dbname=news\"}\n"
                    "kafka: {topics: [\"${TOPIC}\"], properties: {bootstrap.servers: \"${BROKERS\"}}\n"));
    assert_int_equal(house->problems.count, 3);
    assert_non_null(strstr(house->err.what, "${PGHOST} stays as it is: variables are not filled in"));
}

/* Which parts of a refused file may still be believed. */
static void a_section_with_a_mistake_is_not_sound(void **state)
{
    struct house *house = *state;
    assert_false(load(house, "http: {port: 99999}\n"
                             "rules: {path: r.yaml, pth: x}\n"
                             "kafak: {topics: [x]}\n"
                             "model: {kind: constant}\n"
                             "store: {conninfo: \"password=x\"}\n"));
    static const char *const wrong[] = {"http", "rules", "kafka", "model", "store"};
    static const char *const sound[] = {"", "link", "log", "flow", "batch"};
    for (size_t at = 0; at < 5; at++) {
        assert_false(tw_config_section_sound(&house->config, wrong[at]));
        assert_true(tw_config_section_sound(&house->config, sound[at]));
    }
    assert_false(load(house, "no: [yaml"));
    assert_false(tw_config_section_sound(&house->config, "log"));
    assert_true(load(house, ""));
    assert_true(tw_config_section_sound(&house->config, "log"));
}

static void a_problem_found_later_has_its_place_too(void **state)
{
    struct house *house = *state;
    assert_true(load(house, "kafka:\n  properties:\n    a.b: 1\n    linger.ms: 2\n"));
    assert_false(tw_config_problem(
        &house->config, &house->problems, "kafka", "properties", "linger.ms", "cure", "%s", "one"));
    assert_false(tw_config_problem(
        &house->config, &house->problems, "kafka", "properties", "not.there", "cure", "two"));
    assert_false(
        tw_config_problem(&house->config, &house->problems, "store", "conninfo", NULL, "cure", "three"));
    const struct tw_problem *at = house->problems.first;
    assert_int_equal(at->line, 1); /* store is not there: the file */
    at = at->next;
    assert_int_equal(at->line, 3); /* the map */
    at = at->next;
    assert_int_equal(at->line, 4);
    assert_int_equal(at->column, 5);
    assert_string_equal(at->what.bytes, "one");
    /* Another list hides what the loader's did. */
    struct tw_text text;
    assert_true(load(house, "kafka: {secrets: {sasl.password: hunter2}, properties: {linger.ms: x}}\n"));
    tw_problems_begin(&house->problems, &house->arena);
    tw_config_problem(&house->config, &house->problems, "kafka", "properties", "linger.ms", "", "wrong");
    assert_true(tw_problems_render(&house->problems, &house->arena, &text, &house->err));
    assert_null(memmem(text.bytes, text.length, "hunter2", 7));
}

static void the_constant_model_needs_dev(void **state)
{
    struct house *house = *state;
    assert_false(load(house, "model: {kind: constant}\n"));
    assert_true(load(house, "dev: true\nmodel: {kind: constant}\n"));
}

static void limits_must_fit_together(void **state)
{
    struct house *house = *state;
    assert_false(load(house, "flow: {high: 1MiB, low: 2MiB}\n"));
    assert_false(load(house, "flow: {high: 1MiB, low: 512KiB}\nbatch: {most_bytes: 8MiB}\n"));
    assert_int_equal(house->problems.count, 1);
}

static void a_printed_configuration_reads_back_as_itself(void **state)
{
    struct house *house = *state;
    struct tw_text first;
    struct tw_text second;
    assert_true(load(house, "log: {level: debug}\nstore: {conninfo: \"host='a b' dbname=x\"}\n"));
    assert_true(tw_config_print(&house->config, true, &house->arena, &first, &house->err));
    assert_true(tw_file_write(house->path, first, &house->err));
    tw_problems_begin(&house->problems, &house->arena);
    assert_true(tw_config_load(house->path, &house->arena, &house->config, &house->problems, &house->err));
    assert_true(tw_config_print(&house->config, true, &house->arena, &second, &house->err));
    assert_true(tw_text_equal(first, second));
}

/* What a user does who starts from `config --defaults`. */
static void taking_the_mark_from_any_key_of_the_template_gives_a_valid_file(void **state)
{
    struct house *house = *state;
    struct tw_text text;
    uint32_t found = 0;
    assert_true(tw_config_defaults(&house->arena, &house->config, &house->err));
    assert_true(tw_config_print(&house->config, true, &house->arena, &text, &house->err));
    for (size_t at = 0; at + 1 < text.length; at++) {
        bool is_key = text.bytes[at] == '#' && text.bytes[at + 1] != ' ';
        if (!is_key)
            continue;
        char *file = tw_arena_take(&house->arena, text.length + 1);
        assert_non_null(file);
        memcpy(file, text.bytes, at);
        memcpy(file + at, text.bytes + at + 1, text.length - at - 1);
        file[text.length - 1] = '\0';
        if (!load(house, file))
            fail_msg("%s", house->err.what);
        struct tw_text again;
        assert_true(tw_config_print(&house->config, true, &house->arena, &again, &house->err));
        assert_false(tw_text_equal(again, text)); /* the key now has a value */
        found++;
    }
    assert_true(found >= 5);
}

static void a_section_whose_keys_are_all_comments_says_nothing(void **state)
{
    struct house *house = *state;
    assert_true(load(house, "rules:\n  #path: rules.yaml\nlink:\nhttp: {port: 0}\n"));
    assert_int_equal(house->config.http.port, 0);
    assert_false(load(house, "rules: ~\n"));
    assert_false(load(house, "nonsense:\n"));
}

static void assert_file_is(struct house *house, const char *name, struct tw_text text)
{
    char path[4096];
    struct tw_text file;
    snprintf(path, sizeof path, "%s/%s", TW_SOURCE_DIR, name);
    assert_true(tw_file_read(path, 1 << 20, &house->arena, &file, &house->err));
    if (!tw_text_equal(file, text))
        fail_msg("%s is not what the table says; make it anew with tapewatch config", name);
}

static void the_sample_file_and_the_reference_are_what_the_table_says(void **state)
{
    struct house *house = *state;
    struct tw_text text;
    assert_true(tw_config_defaults(&house->arena, &house->config, &house->err));
    assert_true(tw_config_print(&house->config, true, &house->arena, &text, &house->err));
    assert_file_is(house, "config/tapewatch.yaml", text);
    assert_true(tw_config_reference(&house->arena, &text, &house->err));
    assert_file_is(house, "deploy/docs/configuration.md", text);
}

static void a_missing_file_is_named(void **state)
{
    struct house *house = *state;
    tw_problems_begin(&house->problems, &house->arena);
    assert_false(
        tw_config_load("/no/such/file.yaml", &house->arena, &house->config, &house->problems, &house->err));
    assert_int_equal(house->err.code, TW_IO);
    assert_string_equal(house->err.where, "/no/such/file.yaml");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        STORY(an_empty_file_gives_the_defaults),
        STORY(watermark_max_ahead_follows_the_lateness_unless_set),
        STORY(values_have_units_and_kafka_properties_pass_untouched),
        STORY(paths_are_relative_to_the_file_they_stand_in),
        STORY(sources_have_weights_and_what_is_wrong_with_them_is_told_at_its_place),
        STORY(every_error_is_reported_at_once_with_place_and_cure),
        STORY(no_word_about_a_file_shows_a_secret),
        STORY(what_only_names_a_secret_s_place_is_none),
        STORY(a_variable_is_not_filled_in_and_said_to_be),
        STORY(a_section_with_a_mistake_is_not_sound),
        STORY(a_problem_found_later_has_its_place_too),
        STORY(taking_the_mark_from_any_key_of_the_template_gives_a_valid_file),
        STORY(a_section_whose_keys_are_all_comments_says_nothing),
        STORY(the_constant_model_needs_dev),
        STORY(limits_must_fit_together),
        STORY(a_printed_configuration_reads_back_as_itself),
        STORY(the_sample_file_and_the_reference_are_what_the_table_says),
        STORY(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
