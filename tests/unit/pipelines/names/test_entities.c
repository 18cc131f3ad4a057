/* entities: the file, its errors, its size; how names match is told in test_link.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <time.h>

#include <cmocka.h>

#include "names/entities.h"
#include "sanitized.h"

static void assert_refused(const char *file, const char *line)
{
    struct tw_automaton *automaton;
    struct tw_error err;
    char got[1200];
    assert_false(tw_entities_parse("e.jsonl", tw_text_of(file), &automaton, &err));
    assert_null(automaton);
    assert_int_equal(err.code, TW_CONFIG);
    tw_error_line(&err, got, sizeof got);
    assert_string_equal(got, line);
}

static void a_file_is_loaded_with_its_names_and_hash(void **state)
{
    (void)state;
    static const char file[] =
        "{\"symbol\":\"OM\",\"names\":[\"Outboard Marine Corp\",\"Outboard Marine\"],\"exchange\":\"NYSE\"}\n"
        "\n"
        "{\"symbol\":\"M&M\",\"names\":[],\"kind\":\"company\",\"sector\":null,\"other\":[1]}\r\n";
    struct tw_automaton *automaton;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(file), &automaton, &err));
    assert_int_equal(tw_entities_count(automaton), 2);
    assert_int_equal(tw_entities_name_count(automaton), 2);
    assert_int_equal(tw_entities_find(automaton, tw_text_of("M&M")), 1);
    assert_int_equal(tw_entities_find(automaton, tw_text_of("IBM")), TW_NO_ENTITY);
    assert_int_equal(tw_entities_find(NULL, tw_text_of("IBM")), TW_NO_ENTITY);
    const struct tw_entity *first = tw_entities_at(automaton, 0), *second = tw_entities_at(automaton, 1);
    assert_true(tw_text_equal(first->name, tw_text_of("Outboard Marine Corp")));
    assert_true(tw_text_equal(first->exchange, tw_text_of("NYSE")));
    assert_true(tw_text_equal(second->name, tw_text_of("M&M")));
    assert_true(tw_text_equal(second->kind, tw_text_of("company")));
    assert_int_equal(second->sector.length, 0);
    assert_int_equal(strlen(tw_entities_sha256(automaton)), 64);
    tw_entities_free(automaton);
    tw_entities_free(NULL);
}

/* Such a file is right, and its names name nobody: whoever wrote it should hear of it. */
static void shared_names_and_companies_without_a_name_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *file, *shown;
        uint64_t shared;
        uint32_t nameless;
    } cases[] = {
        {"{\"symbol\":\"A\",\"names\":[\"Velquin\",\"Velquin Foods\"]}\n{\"symbol\":\"B\",\"names\":[\"Ordanelle\"]}\n",
            "", 0, 0},
        {"{\"symbol\":\"A\",\"names\":[\"Velquin Foods\"]}\n{\"symbol\":\"B\",\"names\":[\"VELQUIN FOODS.\"]}\n",
            "velquin foods", 1, 0},
        {"{\"symbol\":\"A\",\"names\":[\"Velquin\",\"velquin\"]}\n", "", 0, 0}, /* twice its own */
        {"{\"symbol\":\"A\",\"names\":[\"VQ\"]}\n{\"symbol\":\"B\",\"names\":[\"Vq\"]}\n", "", 0,
            0}, /* as spelled */
        {"{\"symbol\":\"A\",\"names\":[\"VQ\"]}\n{\"symbol\":\"B\",\"names\":[\"VQ\",\"Ord\"]}\n"
         "{\"symbol\":\"C\",\"names\":[\"Ord\"]}\n{\"symbol\":\"D\"}\n",
            "vq", 2, 1},
        {"{\"symbol\":\"A\",\"names\":[\"A\"]}\n{\"symbol\":\"B\",\"designation\":\"Velquin\"}\n", "", 0, 1},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_automaton *automaton;
        struct tw_error err;
        struct tw_shared_names shared;
        assert_true(tw_entities_parse("e.jsonl", tw_text_of(cases[at].file), &automaton, &err));
        tw_entities_shared_names(automaton, &shared);
        if (shared.count != cases[at].shared || strcmp(shared.shown, cases[at].shown) != 0)
            fail_msg("%s: %llu, %s", cases[at].file, (unsigned long long)shared.count, shared.shown);
        assert_int_equal(tw_entities_nameless(automaton), cases[at].nameless);
        tw_entities_free(automaton);
    }
}

static void an_empty_file_is_a_file_without_entities(void **state)
{
    (void)state;
    struct tw_automaton *automaton;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(""), &automaton, &err));
    assert_int_equal(tw_entities_count(automaton), 0);
    assert_string_equal(
        tw_entities_sha256(automaton), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tw_entities_free(automaton);
}

#define LINE_CURE                                                                                            \
    "cure: one company a line, as {\"symbol\": \"AAPL\", \"names\": [\"Apple Inc\", \"Apple\"], \"common\": [\"Apple\"]}"

static void every_error_names_file_line_and_cure(void **state)
{
    (void)state;
    static const struct {
        const char *file, *line;
    } cases[] = {
        {"{\"symbol\":\"A\"}\n{\"symbol\":\"A\"}\n",
            "e.jsonl:2: symbol A stands in the file twice; cure: put all its names into one line"},
        {"\n\n{\"symbol\"}\n", "e.jsonl:3: column 10: not JSON: ':' expected; cure: one JSON object a line"},
        {"[1]\n", "e.jsonl:1: the line is no JSON object; " LINE_CURE},
        {"{\"names\":[\"x\"]}", "e.jsonl:1: field symbol is not there as text; " LINE_CURE},
        {"{\"code\":\"A\",\"name\":\"x\"}",
            "e.jsonl:1: field symbol is not there, but field code is; " LINE_CURE},
        {"{\"0\":{\"ticker\":\"A\",\"title\":\"x\"}}",
            "e.jsonl:1: the line is an object of companies, not a company; cure: one company a line, as with: jq -c '.[]' FILE"},
        {"{\"A\":{\"names\":[\"x\"]}}",
            "e.jsonl:1: the line is an object of companies, not a company; cure: one company a line, as with: jq -c 'to_entries[] | {symbol: .key} + .value' FILE"},
        {"{\"symbol\":\"A\",\"names\":[\"Nestl\xE9\"]}",
            "e.jsonl:1: column 29: bytes that are no UTF-8; cure: save it in UTF-8, as with: iconv -f WINDOWS-1252 -t UTF-8 FILE >OTHER"},
        {"symbol,names\nA,x\n", "e.jsonl:1: column 6: not JSON: '[' or '{' expected; " LINE_CURE},
        {"{\"symbol\":\"\"}",
            "e.jsonl:1: a symbol has 1 to 64 bytes, this one 0; cure: give each company a short symbol of its own"},
        {"{\"symbol\":\" AB\"}", "e.jsonl:1: symbol \" AB\" has white space at its end; cure: remove it"},
        {"{\"symbol\":\"A\",\"aliases\":7}", "e.jsonl:1: field aliases is not an array of texts; " LINE_CURE},
        {"{\"symbol\":\"A\",\"names\":[\"x\",1]}",
            "e.jsonl:1: field names is not an array of texts; " LINE_CURE},
        {"{\"symbol\":\"A\",\"names\":[\"--\"]}",
            "e.jsonl:1: name \"--\" has no letter or digit; cure: remove it"},
        {"{\"symbol\":\"A\",\"names\":[\"a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a\"]}",
            "e.jsonl:1: name \"a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a \" has more than 32 words and marks; cure: shorten it"},
        {"{\"symbol\":\"A\",\"names\":[\"Target\"],\"common\":[\"target\"]}",
            "e.jsonl:1: name \"target\" is marked common but is not among the names; cure: write it as it stands in names"},
        {"{\"symbol\":\"A\",\"common\":1}",
            "e.jsonl:1: field common is not true, false or an array of names; " LINE_CURE},
        {"{\"symbol\":\"A\",\"sector\":1}", "e.jsonl:1: field sector is not text; " LINE_CURE},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_refused(cases[at].file, cases[at].line);
    struct tw_automaton *automaton;
    struct tw_error err;
    assert_false(tw_entities_load("/nonexistent/e.jsonl", &automaton, &err));
    assert_int_equal(err.code, TW_IO);
    assert_string_equal(err.where, "/nonexistent/e.jsonl");
}

/* Three names for each of 100,000 companies, out of a few thousand syllable words, as names are. */
static char *hundred_thousand(size_t *length)
{
    static const char *const syllables[] = {"al", "ber", "cor", "dan", "el", "fin", "gor", "hal", "in", "jor",
        "kal", "lum", "mar", "nor", "ol", "par", "quin", "ros", "sel", "tor"};
    char *file = malloc((size_t)32 << 20);
    size_t used = 0;
    assert_non_null(file);
    for (uint32_t entity = 0; entity < 100000; entity++) {
        const char *one = syllables[entity % 20], *two = syllables[entity / 20 % 20],
                   *three = syllables[entity / 400 % 20], *four = syllables[entity / 8000 % 20];
        used += (size_t)snprintf(file + used, 400,
            "{\"symbol\":\"S%u\",\"names\":[\"%s%s %s%s Holdings Ltd\",\"%s%s %s%s\",\"%s%s%s%s\"]}\n",
            entity, one, two, three, four, one, two, three, four, one, two, three, four);
    }
    *length = used;
    return file;
}

static void a_hundred_thousand_companies_load_and_match_in_no_time(void **state)
{
    (void)state;
    size_t length;
    char *file = hundred_thousand(&length);
    struct tw_automaton *automaton;
    struct tw_error err;
    clock_t start = clock();
    assert_true(tw_entities_parse("big.jsonl", (struct tw_text){file, length}, &automaton, &err));
    double load_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(tw_entities_name_count(automaton), 300000);
    /* The whole file is a text full of names, and text whose words begin names but are none. */
    struct tw_word_walk walk = {.text = {file, length}};
    struct tw_name_match match;
    bool stopped;
    uint64_t found = 0;
    start = clock();
    while (tw_entities_next(automaton, &walk, &stopped, &match) || stopped) {
        walk.at += stopped;
        found += !stopped;
    }
    double match_seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("loaded in %.2f s; %.1f MB searched in %.2f s, %llu names\n", load_seconds,
        (double)length / 1e6, match_seconds, (unsigned long long)found);
    assert_true(found >= 300000);
    assert_true(load_seconds < 10);
    assert_true(match_seconds < 10);
    tw_entities_free(automaton);
    free(file);
}

/* Words are read and judged many at once: wherever these batches meet, a name of one, two, three and five
 * words is found, with stops between and without. */
static void names_are_found_wherever_they_stand(void **state)
{
    (void)state;
    static const char file[] =
        "{\"symbol\":\"V\",\"names\":[\"Velquin\",\"Velquin Trust\",\"First Velquin Trust\","
        "\"First Velquin Trust of Odenil\"]}\n";
    static const char *const names[] = {
        "Velquin", "Velquin Trust", "First Velquin Trust", "First Velquin Trust of Odenil"};
    struct tw_automaton *automaton;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(file), &automaton, &err));
    for (uint32_t nth = 0; nth < 4 * 40 * 2; nth++) {
        char text[600] = "";
        size_t length = 0;
        for (uint32_t before = 0; before < nth / 8; before++)
            length +=
                (size_t)snprintf(text + length, sizeof text - length, nth % 2 ? "first $ " : "first of ");
        snprintf(text + length, sizeof text - length, "%s of", names[nth / 2 % 4]);
        struct tw_word_walk walk = {.text = tw_text_of(text)};
        struct tw_name_match match;
        bool stopped;
        while (!tw_entities_next(automaton, &walk, &stopped, &match)) {
            assert_true(stopped);
            walk.at++;
        }
        assert_int_equal(match.begin, length);
        assert_int_equal(match.end, length + strlen(names[nth / 2 % 4]));
    }
    tw_entities_free(automaton);
}

/* One name, common to so many companies that a look at all others for each of them would take minutes. */
static void a_name_of_many_companies_takes_linear_time(void **state)
{
    (void)state;
    enum { COMPANIES = 100000 };
    char *file = malloc((size_t)COMPANIES * 64);
    size_t length = 0;
    struct tw_automaton *automaton;
    struct tw_error err;
    assert_non_null(file);
    for (uint32_t entity = 0; entity < COMPANIES; entity++)
        length += (size_t)snprintf(
            file + length, 64, "{\"symbol\":\"S%u\",\"names\":[\"Velquin Trust\"]}\n", entity);
    clock_t start = clock();
    assert_true(tw_entities_parse("shared.jsonl", (struct tw_text){file, length}, &automaton, &err));
    struct tw_word_walk walk = {.text = tw_text_of("Velquin Trust")};
    struct tw_name_match match;
    bool stopped;
    assert_true(tw_entities_next(automaton, &walk, &stopped, &match));
    assert_int_equal(match.owner_count, COMPANIES);
    uint32_t count = 0;
    for (uint32_t at = 0, owner; tw_entities_owner(automaton, walk.text, &match, &at, &owner);)
        count += owner < COMPANIES;
    assert_int_equal(count, COMPANIES);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
    /* A sanitizer's arenas leave gaps between what they hold. */
    assert_true(tw_entities_bytes(automaton) < (size_t)COMPANIES * (SANITIZED ? 1000 : 400));
    tw_entities_free(automaton);
    free(file);
}

static void a_single_name_may_be_a_text(void **state)
{
    (void)state;
    struct tw_automaton *automaton;
    struct tw_error err;
    static const char lines[] =
        "{\"symbol\":\"A\",\"name\":\"Alpha Works\"}\n{\"symbol\":\"B\",\"name\":\"Beta Works\",\"names\":null}\n"
        "{\"symbol\":\"C\",\"names\":[\"Gamma\"],\"name\":\"Gamma Works\"}\n{\"symbol\":\"D\",\"name\":7}\n"
        "{\"symbol\":\"E\",\"company_name\":\"Epsilon Works\"}\n{\"symbol\":\"F\",\"title\":\"Zeta Works\",\"name\":\"\"}\n";
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(lines), &automaton, &err));
    assert_int_equal(tw_entities_name_count(automaton), 5);
    assert_true(tw_text_equal(tw_entities_at(automaton, 4)->name, tw_text_of("Epsilon Works")));
    assert_true(tw_text_equal(tw_entities_at(automaton, 0)->name, tw_text_of("Alpha Works")));
    assert_true(tw_text_equal(tw_entities_at(automaton, 1)->name, tw_text_of("Beta Works")));
    tw_entities_free(automaton);
}

static bool finds(const struct tw_automaton *automaton, const char *text)
{
    struct tw_word_walk walk = {.text = tw_text_of(text)};
    struct tw_name_match match;
    bool stopped;
    while (!tw_entities_next(automaton, &walk, &stopped, &match)) {
        if (!stopped)
            return false;
        walk.at++;
    }
    return match.begin == 0;
}

/* Files as exports write them: no name that stands in a line is lost. */
/* What a table was exported by decides how its columns are written, and each name that nobody finds is silent
 * for ever. */
static void names_are_read_out_of_exports(void **state)
{
    (void)state;
    struct tw_automaton *automaton;
    struct tw_error err;
    static const char lines[] =
        "{\"SYMBOL\":\"A\",\"NAMES\":[\"Alpha Works\"],\"Aliases\":[\"Alphaworks\"],\"SECTOR\":\"Steel\"}\n"
        "{\"Ticker\":\"B\",\"NAME\":\"Beta &amp; Sons\"}\n"
        "{\"symbol\":\"C\",\"names\":\"[\\\"Gamma Works\\\", \\\"Gamma\\\"]\"}\n"
        "{\"symbol\":\"D\",\"names\":[\"Del&#233;a\"],\"common\":[\"Del&#233;a\"]}\n";
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(lines), &automaton, &err));
    static const char *const names[] = {
        "Alpha Works", "Alphaworks", "Beta & Sons", "Gamma Works", "Gamma", "Del\u00E9a"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (!finds(automaton, names[at]))
            fail_msg("%s is not found", names[at]);
    assert_false(finds(automaton, "del\u00E9a"));
    assert_true(tw_text_equal(tw_entities_at(automaton, 0)->sector, tw_text_of("Steel")));
    assert_true(tw_text_equal(tw_entities_at(automaton, 1)->name, tw_text_of("Beta & Sons")));
    tw_entities_free(automaton);
    static const char python[] = "{\"symbol\":\"C\",\"names\":\"['Gamma Works']\"}\n";
    assert_false(tw_entities_parse("e.jsonl", tw_text_of(python), &automaton, &err));
    assert_string_equal(err.what, "field names is not an array of texts");
}

static void names_are_read_however_a_table_writes_them(void **state)
{
    (void)state;
    struct tw_automaton *automaton;
    struct tw_error err;
    static const char lines[] =
        "{\"ticker\":\"A\",\"name\":\"Alpha Works\",\"aliases\":[\"Alphaworks\"]}\n"
        "{\"symbol\":\"B\",\"names\":\"Beta, Inc.; Beta Works |Betaworks;\"}\n"
        "{\"Symbol\":7203,\"names\":[\"Gamma Works\"],\"aliases\":\"Gammaworks\",\"common\":[\"Gammaworks\"]}\n";
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(lines), &automaton, &err));
    static const char *const names[] = {
        "Alpha Works", "Alphaworks", "Beta, Inc.", "Beta Works", "Betaworks", "Gamma Works", "Gammaworks"};
    assert_int_equal(tw_entities_name_count(automaton), sizeof names / sizeof names[0]);
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (!finds(automaton, names[at]))
            fail_msg("%s is not found", names[at]);
    assert_false(finds(automaton, "gammaworks"));
    assert_true(tw_text_equal(tw_entities_at(automaton, 0)->name, tw_text_of("Alpha Works")));
    assert_true(tw_text_equal(tw_entities_at(automaton, 2)->symbol, tw_text_of("7203")));
    tw_entities_free(automaton);
}

static void count_wrong(void *context, const struct tw_error *why)
{
    uint32_t *count = context;
    assert_int_equal(why->code, TW_CONFIG);
    assert_non_null(strstr(why->where, *count == 0 ? ":2" : ":3"));
    ++*count;
}

static void all_that_is_wrong_with_a_file_is_told(void **state)
{
    (void)state;
    char path[] = "/tmp/tapewatch-entities-XXXXXX";
    int file = mkstemp(path);
    static const char lines[] =
        "\xEF\xBB\xBF{\"symbol\":\"A\",\"aliases\":[\"Alpha Works\"]}\r\n{\"symbol\":\"A\"}\nno json\n"
        "{\"symbol\":\"B\"}\n";
    assert_true(file >= 0);
    assert_int_equal(write(file, lines, sizeof lines - 1), sizeof lines - 1);
    close(file);
    uint32_t count = 0;
    const struct tw_entities_watch watch = {&count, count_wrong};
    struct tw_automaton *automaton;
    struct tw_error err;
    assert_false(tw_entities_load_watched(path, &watch, &automaton, &err));
    assert_int_equal(count, 2);
    assert_non_null(strstr(err.what, "twice"));
    assert_null(automaton);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_name_may_be_a_text),
        cmocka_unit_test(names_are_read_however_a_table_writes_them),
        cmocka_unit_test(names_are_read_out_of_exports),
        cmocka_unit_test(all_that_is_wrong_with_a_file_is_told),
        cmocka_unit_test(a_file_is_loaded_with_its_names_and_hash),
        cmocka_unit_test(shared_names_and_companies_without_a_name_are_counted),
        cmocka_unit_test(an_empty_file_is_a_file_without_entities),
        cmocka_unit_test(every_error_names_file_line_and_cure),
        cmocka_unit_test(a_hundred_thousand_companies_load_and_match_in_no_time),
        cmocka_unit_test(a_name_of_many_companies_takes_linear_time),
        cmocka_unit_test(names_are_found_wherever_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
