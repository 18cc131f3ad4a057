/* phrasings: the shipped patterns against phrasings that were written without knowing them (phrasings.jsonl:
 * which types answer a text; none: no event of the gravest may be told). What falls here was found before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "events/events.h"
#include "link/link.h"

enum { MOST_KINDS = 64, LEAST_PERCENT = 85, LEAST_PERCENT_OF_GRAVEST = 95 };

/* The eight gravest types, and texts that speak of such things where none has happened to a company. */
static const char *const gravest_kinds[] = {"bankruptcy", "default", "halt", "guidance cut", "fraud, probe",
    "recall, accident", "cyber", "management", "near miss"};

struct tally {
    char kind[40];
    uint32_t right, all;
};

static struct tw_arena arena;
static struct tw_taxonomy *taxonomy;
static struct tw_text phrasings;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_text bytes;
    struct tw_problems problems;
    if (!tw_arena_begin(&arena, (size_t)64 << 20, &err) ||
        !tw_file_read(TW_SOURCE_DIR "/config/events.yaml", (size_t)1 << 20, &arena, &bytes, &err) ||
        !tw_file_read(TW_SOURCE_DIR "/tests/unit/pipelines/events/phrasings.jsonl", (size_t)8 << 20, &arena,
            &phrasings, &err))
        return -1;
    struct tw_text_file file = {"events.yaml", bytes};
    tw_problems_begin(&problems, &arena);
    return tw_taxonomy_load(&file, &problems, &taxonomy, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_taxonomy_free(taxonomy);
    tw_arena_end(&arena);
    return 0;
}

static bool is_told(const struct tw_document *document, const char *type)
{
    uint32_t wanted = tw_taxonomy_find(taxonomy, tw_text_of(type));
    for (uint32_t at = 0; at < document->event_count; at++)
        if (document->events[at].type == wanted)
            return true;
    return false;
}

static bool is_right(const struct tw_document *document, const json_t *wanted)
{
    size_t at;
    json_t *type;
    json_array_foreach(wanted, at, type) if (is_told(document, json_string_value(type))) return true;
    if (json_array_size(wanted))
        return false;
    for (at = 0; at < document->event_count; at++)
        if (taxonomy->types[document->events[at].type].severity == TW_SEVERITY_CRITICAL)
            return false;
    return true;
}

static struct tally *tally_of(struct tally *tallies, const char *kind)
{
    struct tally *tally = tallies;
    while (tally->all && strcmp(tally->kind, kind) != 0)
        tally++;
    snprintf(tally->kind, sizeof tally->kind, "%s", kind);
    return tally;
}

static void count_line(const char *line, size_t length, struct tally *tallies)
{
    struct tw_error err;
    json_t *record = json_loadb(line, length, 0, NULL);
    const char *text = json_string_value(json_object_get(record, "text"));
    assert_non_null(text);
    struct tw_arena scratch;
    assert_true(tw_arena_begin(&scratch, (size_t)1 << 20, &err));
    struct tw_document document = {.text = tw_text_of(text)};
    assert_true(tw_link(NULL, false, &document, &scratch, &err));
    assert_true(tw_events_find(taxonomy, &document, &scratch, &err));
    struct tally *tally = tally_of(tallies, json_string_value(json_object_get(record, "kind")));
    bool right = is_right(&document, json_object_get(record, "events"));
    tally->all++;
    tally->right += right;
    if (!right)
        printf("missed  %-18s %s\n", tally->kind, text);
    tw_arena_end(&scratch);
    json_decref(record);
}

static void phrasings_of_others_are_understood(void **state)
{
    (void)state;
    struct tally tallies[MOST_KINDS] = {{{0}, 0, 0}};
    const char *at = phrasings.bytes, *behind = at + phrasings.length;
    for (const char *newline; (newline = memchr(at, '\n', (size_t)(behind - at))); at = newline + 1)
        count_line(at, (size_t)(newline - at), tallies);
    for (struct tally *tally = tallies; tally->all; tally++) {
        uint32_t least = LEAST_PERCENT;
        for (size_t kind = 0; kind < sizeof gravest_kinds / sizeof gravest_kinds[0]; kind++)
            if (strcmp(gravest_kinds[kind], tally->kind) == 0)
                least = LEAST_PERCENT_OF_GRAVEST;
        printf("%-20s %4u of %4u\n", tally->kind, tally->right, tally->all);
        if (tally->right * 100 < tally->all * least)
            fail_msg(
                "%s: %u of %u, at least %u percent are wanted", tally->kind, tally->right, tally->all, least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(phrasings_of_others_are_understood)};
    return cmocka_run_group_tests(tests, begin, end);
}
