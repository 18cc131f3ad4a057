/* sketch: a document's fingerprint and entities come back as they were; what is no sketch is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stories/sketch.h"
#include "test_arena.h"

static struct tw_linked_entity entities[] = {{.symbol = {"ODNL", 4}}, {.symbol = {"VELQ", 4}}};
static struct tw_reading readings[] = {{.score = {.sentiment = -7300}}};

static struct tw_text sketch_of(const char *text, struct tw_fingerprint *print)
{
    static struct tw_fingerprint_room room;
    struct tw_document document = {.text = tw_text_of(text),
        .entities = entities,
        .entity_count = 2,
        .readings = readings,
        .reading_count = 1,
        .score = {.sentiment = 1200}};
    struct tw_text bytes;
    struct tw_error err;
    *print = tw_fingerprint_of(&document, &room);
    assert_true(tw_sketch_write(&document, &arena, &bytes, &err));
    return bytes;
}

static void it_comes_back_as_it_was(void **state)
{
    (void)state;
    struct tw_fingerprint print;
    struct tw_text bytes = sketch_of("Velquin Chemicals to close its Tarmond plant", &print);
    struct tw_sketch sketch;
    struct tw_error err;
    assert_true(tw_sketch_read(bytes, &arena, &sketch, &err));
    assert_int_equal(sketch.print.entities, print.entities);
    assert_int_equal(sketch.print.whole, print.whole);
    assert_int_equal(sketch.print.count, print.count);
    assert_memory_equal(sketch.print.elements, print.elements, print.count * sizeof *print.elements);
    assert_int_equal(sketch.print.name_count, print.name_count);
    assert_memory_equal(sketch.print.names, print.names, print.name_count * sizeof *print.names);
    assert_int_equal(sketch.entity_count, 2);
    assert_true(tw_text_equal(sketch.entities[0].symbol, tw_text_of("ODNL")));
    assert_int_equal(sketch.entities[0].sentiment, -7300);
    assert_true(tw_text_equal(sketch.entities[1].symbol, tw_text_of("VELQ")));
    assert_int_equal(sketch.entities[1].sentiment, 1200); /* the document's: it has no reading of its own */
}

static void what_is_no_sketch_is_refused(void **state)
{
    (void)state;
    struct tw_fingerprint print;
    struct tw_text bytes = sketch_of("Velquin Chemicals to close its Tarmond plant", &print);
    struct tw_sketch sketch;
    struct tw_error err;
    for (size_t length = 0; length < bytes.length; length++) { /* a copy, so that reads beyond it are seen */
        char *cut = malloc(length + 1);
        assert_non_null(cut);
        memcpy(cut, bytes.bytes, length);
        cut = realloc(cut, length ? length : 1);
        assert_false(tw_sketch_read((struct tw_text){cut, length}, &arena, &sketch, &err));
        assert_int_equal(err.code, TW_CONFIG);
        free(cut);
    }
    char *other = tw_arena_take(&arena, bytes.length + 1);
    memcpy(other, bytes.bytes, bytes.length);
    other[bytes.length] = 0;
    assert_false(tw_sketch_read((struct tw_text){other, bytes.length + 1}, &arena, &sketch, &err));
    other[0] = 2;
    assert_false(tw_sketch_read((struct tw_text){other, bytes.length}, &arena, &sketch, &err));
    assert_int_equal(err.code, TW_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_comes_back_as_it_was, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_no_sketch_is_refused, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
