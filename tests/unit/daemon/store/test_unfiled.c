/* unfiled: which documents stand together in a row, and that they are read back as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/unfiled.h"
#include "test_arena.h"

#define BAR_US (INT64_C(1795000000) * 1000000)
#define SECOND_US INT64_C(1000000)
enum { MOST = 64, FIRST_OFFSET = 700 };

/* Documents that came one after another: of each its event time, in seconds from the beginning of a bar. */
struct scene {
    struct tw_message messages[MOST];
    struct tw_document documents[MOST];
    uint32_t chosen[MOST];
    uint32_t count;
};

static const char sketches[8192];

static void comes(struct scene *scene, int64_t second, size_t sketch_bytes)
{
    uint32_t at = scene->count++;
    scene->messages[at] = (struct tw_message){.offset = FIRST_OFFSET + at};
    scene->documents[at] = (struct tw_document){.message = &scene->messages[at],
        .event_us = BAR_US + second * SECOND_US,
        .sketch = {sketches, sketch_bytes}};
    scene->chosen[at] = at;
}

static uint32_t gather(const struct scene *scene, struct tw_unfiled_run **runs)
{
    uint32_t run_count;
    assert_true(tw_unfiled_gather(scene->documents, scene->chosen, scene->count, &arena, runs, &run_count));
    return run_count;
}

static struct tw_unfiled_document next(struct tw_text *rest)
{
    struct tw_error err;
    struct tw_unfiled_document document;
    assert_true(tw_unfiled_next(rest, &document, &err));
    return document;
}

static void documents_of_a_bar_stand_in_a_row_in_order_of_event_time(void **state)
{
    (void)state;
    struct scene scene = {.count = 0};
    struct tw_unfiled_run *runs;
    comes(&scene, 5, 30);
    comes(&scene, 10, 31); /* of the bar that follows */
    comes(&scene, 2, 32);
    comes(&scene, 5, 33);
    assert_int_equal(gather(&scene, &runs), 2);
    assert_int_equal(runs[0].documents, 3);
    assert_int_equal(runs[0].first_us, BAR_US + 2 * SECOND_US);
    assert_int_equal(runs[0].first_offset, FIRST_OFFSET + 2);
    struct tw_text rest = runs[0].bytes;
    const size_t lengths[] = {32, 30, 33};
    const int64_t offsets[] = {FIRST_OFFSET + 2, FIRST_OFFSET, FIRST_OFFSET + 3};
    for (int at = 0; at < 3; at++) {
        struct tw_unfiled_document document = next(&rest);
        assert_int_equal(document.offset, offsets[at]);
        assert_int_equal(document.event_us, BAR_US + (at == 0 ? 2 : 5) * SECOND_US);
        assert_int_equal(document.sketch.length, lengths[at]);
    }
    assert_int_equal(rest.length, 0);
    assert_int_equal(runs[1].documents, 1);
    assert_int_equal(runs[1].first_offset, FIRST_OFFSET + 1);
}

static void a_row_is_short_and_holds_few_documents(void **state)
{
    (void)state;
    struct scene scene = {.count = 0};
    struct tw_unfiled_run *runs;
    comes(&scene, 0, TW_UNFILED_BYTES); /* longer than a row: alone in one */
    comes(&scene, 1, TW_UNFILED_BYTES / 2);
    comes(&scene, 1, TW_UNFILED_BYTES / 2); /* both are too long for one */
    for (int more = 0; more < TW_UNFILED_DOCUMENTS + 1; more++)
        comes(&scene, 2, 16);
    assert_int_equal(gather(&scene, &runs), 4);
    assert_int_equal(runs[0].documents, 1);
    assert_int_equal(runs[1].documents, 1);
    assert_int_equal(runs[2].documents, TW_UNFILED_DOCUMENTS);
    assert_true(runs[2].bytes.length <= TW_UNFILED_BYTES);
    assert_int_equal(runs[3].documents, 2);
}

static void of_a_part_of_a_batch_none_but_its_documents_wait(void **state)
{
    (void)state;
    struct scene scene = {.count = 0};
    struct tw_unfiled_run *runs;
    for (int more = 0; more < 4; more++)
        comes(&scene, more, 16);
    scene.chosen[0] = 1;
    scene.chosen[1] = 3;
    scene.count = 2;
    assert_int_equal(gather(&scene, &runs), 1);
    struct tw_text rest = runs[0].bytes;
    assert_int_equal(next(&rest).offset, FIRST_OFFSET + 1);
    assert_int_equal(next(&rest).offset, FIRST_OFFSET + 3);
    scene.count = 0;
    assert_int_equal(gather(&scene, &runs), 0);
}

static void bytes_that_end_within_a_document_are_refused(void **state)
{
    (void)state;
    struct scene scene = {.count = 0};
    struct tw_unfiled_run *runs;
    comes(&scene, 0, 16);
    assert_int_equal(gather(&scene, &runs), 1);
    for (size_t length = 1; length < runs[0].bytes.length; length++) {
        struct tw_error err;
        struct tw_unfiled_document document;
        struct tw_text rest = {runs[0].bytes.bytes, length};
        assert_false(tw_unfiled_next(&rest, &document, &err));
        assert_int_equal(err.code, TW_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_of_a_bar_stand_in_a_row_in_order_of_event_time),
        cmocka_unit_test(a_row_is_short_and_holds_few_documents),
        cmocka_unit_test(of_a_part_of_a_batch_none_but_its_documents_wait),
        cmocka_unit_test(bytes_that_end_within_a_document_are_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
