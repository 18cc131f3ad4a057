/* river: messages in, rows out; the rows add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events/taxonomy.h"
#include "link/source_weights.h"
#include "names/entities.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "river.h"
#include "score/classify.h"
#include "time/bars.h"

#define STAMP_US INT64_C(561652200000000) /* 1987-10-19T14:30:00Z */

static struct tw_arena arena;
static struct tw_automaton *entities;
static struct tw_classifier *classifier;
static struct tw_decode_options decode;
static struct tw_river river;
static struct tw_river_worker *worker;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_classifier_options options = {.constant = true};
    tw_json_memory_install();
    decode = tw_decode_defaults();
    if (!tw_arena_begin(&arena, (size_t)64 << 20, &err) ||
        !tw_entities_parse("e.jsonl",
            tw_text_of("{\"symbol\":\"OM\",\"names\":[\"Outboard Marine\"]}\n{\"symbol\":\"GM\",\"names\":"
                       "[\"General Motors\"]}\n"),
            &entities, &err) ||
        !tw_classifier_open(&options, &classifier, &err))
        return -1;
    river = (struct tw_river){
        .decode = &decode, .entities = entities, .classifier = classifier, .link_unlisted = true};
    return tw_river_worker_new(&river, &worker, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_river_worker_free(worker);
    tw_classifier_free(classifier);
    tw_entities_free(entities);
    tw_arena_end(&arena);
    return 0;
}

static struct tw_header tick_header[] = {{{"tw-time", 7}, {"561652260000000", 15}}};

/* Six records: two good ones, one dead, a tick, one from the past, one without entities. */
static const char *const payloads[] = {
    "{\"ts\":\"1987-10-19T14:30:00Z\",\"title\":\"Outboard Marine &lt;OM&gt;\",\"body\":\"fell, <IBM> too\"}",
    "{\"ts\":\"1987-10-19T14:30:05Z\",\"text\":\"General Motors and $OM\"}", "[]", NULL,
    "{\"ts\":\"1987-10-19T14:29:59Z\",\"text\":\"<OM>\"}",
    "{\"ts\":\"1987-10-19T14:31:30Z\",\"text\":\"weather\"}"};
enum { RECORDS = sizeof payloads / sizeof payloads[0] };

static void given_messages(struct tw_message messages[RECORDS])
{
    for (uint32_t at = 0; at < RECORDS; at++)
        messages[at] = (struct tw_message){.offset = 100 + at,
            .stamp_us = STAMP_US,
            .payload = tw_text_of(payloads[at]),
            .headers = tick_header,
            .header_count = payloads[at] == NULL,
            .has_value = payloads[at] != NULL};
}

static void each_record_has_its_row_and_its_fate(void **state)
{
    (void)state;
    struct tw_message messages[RECORDS];
    struct tw_rows rows;
    struct tw_error err;
    given_messages(messages);
    assert_true(tw_river_run(&river, worker, messages, RECORDS, &arena, &rows, &err));
    assert_int_equal(rows.document_count, RECORDS);
    assert_int_equal(rows.stored_count, 4);
    assert_int_equal(rows.dead_count, 1);
    assert_int_equal(rows.tick_count, 1);
    assert_int_equal(rows.score_count, 5);
    static const char *const symbols[] = {"IBM", "OM", "GM", "OM", "OM"};
    static const uint32_t documents[] = {0, 0, 1, 1, 4}, mentions[] = {1, 2, 1, 1, 1};
    for (uint32_t at = 0; at < 5; at++) {
        assert_true(tw_text_equal(rows.scores[at].symbol, tw_text_of(symbols[at])));
        assert_int_equal(rows.scores[at].document, documents[at]);
        assert_int_equal(rows.scores[at].relevance.mentions, mentions[at]);
        assert_in_range(rows.scores[at].relevance.relevance, 1, TW_RELEVANCE_WHOLE);
        assert_int_equal(rows.scores[at].relevance.others, documents[at] < 4 ? 1 : 0);
        assert_int_equal(rows.scores[at].listed, at != 0);
        assert_true(rows.scores[at].from_document);
        assert_int_equal(rows.scores[at].score.sentiment, rows.documents[documents[at]].score.sentiment);
    }
    assert_true(rows.tokens > 0);
}

static void sources_weigh_in_relevance_alone_and_are_counted_by_name(void **state)
{
    (void)state;
    static const struct tw_named_weight names[] = {{"never*", 9000}, {"reuters", 5000}};
    static const char *const texts[] = {"{\"text\":\"$OM fell\",\"source\":\"REUTERS\"}",
        "{\"text\":\"$OM fell\",\"source\":\"Town\"}", "{\"text\":\"$OM fell\"}",
        "{\"source\":\"reuters\"}" /* no text: a dead letter */};
    const struct tw_source_list list = {names, 2, 10000};
    struct tw_source_weights *weights;
    struct tw_message messages[4];
    struct tw_rows plain, weighed;
    struct tw_error err;
    for (uint32_t at = 0; at < 4; at++)
        messages[at] = (struct tw_message){
            .offset = at, .stamp_us = STAMP_US, .payload = tw_text_of(texts[at]), .has_value = true};
    assert_true(tw_source_weights_new(&list, &weights, &err));
    assert_true(tw_river_run(&river, worker, messages, 4, &arena, &plain, &err));
    assert_null(plain.source_counts);
    river.sources = weights;
    assert_true(tw_river_run(&river, worker, messages, 4, &arena, &weighed, &err));
    river.sources = NULL;
    assert_int_equal(weighed.score_count, 3);
    static const uint32_t relevances[] = {5000, 10000, 10000};
    for (uint32_t at = 0; at < 3; at++) {
        assert_int_equal(plain.scores[at].relevance.relevance, 10000);
        assert_int_equal(weighed.scores[at].relevance.relevance, relevances[at]);
        assert_int_equal(weighed.scores[at].relevance.source, relevances[at]);
    }
    static const uint32_t counts[] = {0, 1, 2};
    assert_memory_equal(weighed.source_counts, counts, sizeof counts);
    assert_ptr_equal(weighed.sources, weights);
    assert_int_equal(plain.bar_count, 1); /* sums do not know of weights */
    assert_int_equal(weighed.bars[0].count, plain.bars[0].count);
    assert_int_equal(weighed.bars[0].sum, plain.bars[0].sum);
    tw_source_weights_free(weights);
}

static void bars_are_the_sums_of_the_scores(void **state)
{
    (void)state;
    struct tw_message messages[RECORDS];
    struct tw_rows rows;
    struct tw_error err;
    given_messages(messages);
    assert_true(tw_river_run(&river, worker, messages, RECORDS, &arena, &rows, &err));
    assert_int_equal(rows.bar_count, 4); /* GM; IBM; OM twice: 14:29:50 and 14:30:00 */
    int64_t count = 0, sum = 0;
    for (uint32_t at = 0; at < rows.bar_count; at++) {
        count += rows.bars[at].count;
        sum += rows.bars[at].sum;
    }
    for (uint32_t at = 0; at < rows.score_count; at++)
        sum -= rows.scores[at].score.sentiment;
    assert_int_equal(count, 5);
    assert_int_equal(sum, 0);
    assert_int_equal(rows.bars[3].bar_us, STAMP_US);
    assert_int_equal(rows.bars[3].count, 2);
}

static void lateness_is_seen_against_what_came_before(void **state)
{
    (void)state;
    struct tw_message messages[RECORDS];
    struct tw_rows rows;
    struct tw_error err;
    given_messages(messages);
    assert_true(tw_river_run(&river, worker, messages, RECORDS, &arena, &rows, &err));
    const int64_t seconds = 1000000;
    const int64_t latest[] = {TW_NO_TIME, STAMP_US, STAMP_US + 5 * seconds, STAMP_US + 5 * seconds,
        STAMP_US + 60 * seconds, STAMP_US + 60 * seconds};
    for (uint32_t at = 0; at < RECORDS; at++)
        assert_true(rows.latest_us[at] == latest[at]);
    assert_true(rows.highest_us == STAMP_US + 60 * seconds);
    assert_int_equal(rows.ahead_count, 1); /* the last one, 90 s ahead of its stamp */
    rows.documents[4].moves_watermark = false;
    rows.documents[3].moves_watermark = false;
    tw_rows_mark_times(&rows);
    assert_true(rows.latest_us[5] == STAMP_US + 5 * seconds);
    assert_true(rows.highest_us == STAMP_US + 5 * seconds);
}

static void an_event_has_a_row_when_its_document_is_stored(void **state)
{
    (void)state;
    struct tw_message messages[RECORDS];
    struct tw_rows rows;
    struct tw_error err;
    struct tw_problems problems;
    struct tw_taxonomy *events;
    const struct tw_text_file source = {"e.yaml",
        tw_text_of(
            "version: 1\nevents:\n  - {type: fall, polarity: -0.5, severity: warning, patterns: [fell]}\n")};
    struct tw_river with = river;
    given_messages(messages);
    tw_problems_begin(&problems, &arena);
    assert_true(tw_taxonomy_load(&source, &problems, &events, &err));
    with.events = events;
    assert_true(tw_river_run(&with, worker, messages, RECORDS, &arena, &rows, &err));
    assert_ptr_equal(rows.taxonomy, events);
    assert_int_equal(rows.event_count, 1);
    assert_int_equal(rows.events[0].document, 0);
    const struct tw_event *event = &rows.documents[0].events[rows.events[0].event];
    assert_true(tw_text_equal(events->types[event->type].name, tw_text_of("fall")));
    assert_true(tw_text_equal(rows.documents[0].entities[event->entity].symbol, tw_text_of("IBM")));
    assert_true(tw_river_run(&river, worker, messages, RECORDS, &arena, &rows, &err));
    assert_int_equal(rows.event_count, 0);
    tw_taxonomy_free(events);
}

static void rows_do_not_depend_on_how_messages_are_batched(void **state)
{
    (void)state;
    struct tw_message messages[RECORDS];
    struct tw_rows all, one;
    struct tw_error err;
    given_messages(messages);
    assert_true(tw_river_run(&river, worker, messages, RECORDS, &arena, &all, &err));
    for (uint32_t at = 0; at < RECORDS; at++) {
        assert_true(tw_river_run(&river, worker, &messages[at], 1, &arena, &one, &err));
        assert_int_equal(one.documents[0].fate, all.documents[at].fate);
        assert_true(tw_text_equal(one.documents[0].text, all.documents[at].text));
        assert_memory_equal(&one.documents[0].score, &all.documents[at].score, sizeof(struct tw_score));
    }
}

static void no_messages_make_no_rows(void **state)
{
    (void)state;
    struct tw_rows rows;
    struct tw_error err;
    assert_true(tw_river_run(&river, worker, NULL, 0, &arena, &rows, &err));
    assert_int_equal(rows.document_count + rows.score_count + rows.bar_count + rows.headline_count, 0);
    assert_true(rows.highest_us == TW_NO_TIME);
}

static void an_arena_too_small_is_told(void **state)
{
    (void)state;
    struct tw_message messages[RECORDS];
    struct tw_rows rows;
    struct tw_error err;
    given_messages(messages);
    bool done = false;
    for (size_t limit = 4096; !done; limit += 4096) {
        struct tw_arena small;
        assert_true(tw_arena_begin(&small, limit, &err));
        done = tw_river_run(&river, worker, messages, RECORDS, &small, &rows, &err);
        if (!done)
            assert_int_equal(err.code, TW_FULL);
        tw_arena_end(&small);
        assert_true(limit < (size_t)1 << 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_has_its_row_and_its_fate),
        cmocka_unit_test(sources_weigh_in_relevance_alone_and_are_counted_by_name),
        cmocka_unit_test(bars_are_the_sums_of_the_scores),
        cmocka_unit_test(lateness_is_seen_against_what_came_before),
        cmocka_unit_test(an_event_has_a_row_when_its_document_is_stored),
        cmocka_unit_test(rows_do_not_depend_on_how_messages_are_batched),
        cmocka_unit_test(no_messages_make_no_rows),
        cmocka_unit_test(an_arena_too_small_is_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
