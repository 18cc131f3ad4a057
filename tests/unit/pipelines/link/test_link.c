/* link: texts, and the companies found in them as "SYMBOL*mentions", unlisted ones in lower brackets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <cmocka.h>

#include "link/link.h"
#include "slow_link.h"

/* What linear time is, for texts of some MB: a sanitizer's build is some ten times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MOST_SECONDS = 40 };
#else
enum { MOST_SECONDS = 3 };
#endif

static struct tw_arena arena;
static struct tw_automaton *entities;
static struct slow_companies *companies; /* of `file`, for the matcher that tries every name */

static const char file[] =
    "{\"symbol\":\"AAPL\",\"names\":[\"Apple Inc.\",\"Apple\",\"AAPL\"],\"common\":[\"Apple\"]}\n"
    "{\"symbol\":\"BRK.B\",\"names\":[\"Berkshire Hathaway\"]}\n"
    "{\"symbol\":\"OM\",\"names\":[\"Outboard Marine Corp\",\"Outboard Marine\"]}\n"
    "{\"symbol\":\"GM\",\"names\":[\"General Motors\",\"GM\"]}\n"
    "{\"symbol\":\"GE\",\"names\":[\"General Electric\",\"General Electric Credit\"]}\n"
    "{\"symbol\":\"M&M\",\"names\":[\"Mahindra & Mahindra\",\"Mahindra\"]}\n"
    "{\"symbol\":\"VENKEYS\",\"names\":[\"Venky's (India)\"]}\n"
    "{\"symbol\":\"DAL\",\"names\":[\"Delta Air Lines\",\"Delta\"]}\n"
    "{\"symbol\":\"DLTA\",\"names\":[\"Delta Apparel\",\"Delta\",\"DLTA\"]}\n"
    "{\"symbol\":\"NESN\",\"names\":[\"Nestl\\u00e9\"]}\n"
    "{\"symbol\":\"7203\",\"names\":[\"\\u30c8\\u30e8\\u30bf\",\"Toyota\"]}\n"
    "{\"symbol\":\"BRWK\",\"names\":[\"Bram-Wickel\"]}\n"
    "{\"symbol\":\"KQ1\",\"names\":[\"\uD55C\uBE5B\uC804\uC790\"]}\n"
    "{\"symbol\":\"TH1\",\"names\":[\"\u0E27\u0E34\u0E17\u0E22\u0E38\"]}\n"
    "{\"symbol\":\"BIG\",\"names\":[\"Big Lots\"],\"common\":true}\n"
    "{\"symbol\":\"X\",\"names\":[\"X\"]}\n"
    "{\"symbol\":\"BX\",\"names\":[\"BX\"]}\n"
    "{\"symbol\":\"BX.B\"}\n"
    "{\"symbol\":\"HAN\",\"names\":[\"\u91D1\"]}\n"
    "{\"symbol\":\"ATT\",\"names\":[\"AT&T\"]}\n";

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    companies = slow_companies_new(tw_text_of(file));
    return tw_arena_begin(&arena, (size_t)256 << 20, &err) &&
                   tw_entities_parse("e.jsonl", tw_text_of(file), &entities, &err)
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    slow_companies_free(companies);
    tw_entities_free(entities);
    tw_arena_end(&arena);
    return 0;
}

/* "AAPL*2 [MSFT]*1": what was linked, after checking what must hold of every result. */
static void describe(const struct tw_document *document, char *line, size_t size)
{
    size_t used = 0;
    uint32_t mentions = 0;
    line[0] = '\0';
    for (uint32_t at = 0; at < document->entity_count; at++) {
        const struct tw_linked_entity *entity = &document->entities[at];
        assert_true(at == 0 || tw_text_compare(document->entities[at - 1].symbol, entity->symbol) < 0);
        assert_true(entity->mentions >= 1);
        mentions += entity->mentions;
        used += (size_t)snprintf(line + used, size - used, "%s%s%.*s%s*%u", at ? " " : "",
            entity->listed ? "" : "[", (int)entity->symbol.length, entity->symbol.bytes,
            entity->listed ? "" : "]", entity->mentions);
    }
    assert_int_equal(mentions, document->mention_count);
    for (uint32_t at = 0; at < document->mention_count; at++) {
        const struct tw_mention *mention = &document->mentions[at];
        assert_true(mention->entity < document->entity_count);
        assert_true(mention->begin <= mention->end && mention->end <= document->text.length);
        assert_true(at == 0 || document->mentions[at - 1].end <= mention->begin);
    }
}

static struct tw_document linked(const char *text, bool unlisted)
{
    struct tw_document document = {.text = tw_text_of(text)};
    struct tw_error err;
    assert_true(tw_link(entities, unlisted, &document, &arena, &err));
    return document;
}

struct expected {
    const char *text, *entities;
};

static void assert_all(const struct expected *cases, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        struct tw_document document = linked(cases[at].text, true);
        char line[400];
        if (!slow_link_agrees(companies, entities, true, &document, &arena, line, sizeof line))
            fail_msg("%s, in: %s", line, cases[at].text);
        describe(&document, line, sizeof line);
        if (strcmp(line, cases[at].entities) != 0)
            print_error("text: %s\n", cases[at].text);
        assert_string_equal(line, cases[at].entities);
    }
}

#define ASSERT_ALL(cases) assert_all(cases, sizeof cases / sizeof cases[0])

static void cashtags(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"$AAPL.", "AAPL*1"},
        {"$BRK.B, $BRK.B's", "BRK.B*2"},
        {"$AAPL$MSFT", "AAPL*1 [MSFT]*1"},
        {"($MSFT) \"$GOOG\" $T!", "[GOOG]*1 [MSFT]*1 [T]*1"},
        {"$100 $1.5M $ $$ $$X US$GE a$B $GEx $A\xC3\xA9 C$5 HK$1.2bn", ""},
        {"$ge and $Aapl fall, $msft too", "AAPL*1 GE*1"},
        {"revenue in $MM, capex in $BN, $K and $T", "[K]*1 [T]*1"},
        {"$M&M up", "M&M*1"},
        {"$MSFT-$GOOG $SPX/$VIX", "[GOOG]*1 [MSFT]*1 [SPX]*1 [VIX]*1"},
        {"$7203", "7203*1"},
        {"$ABCDEFGHIJ $ABCDEFGHIJK", "[ABCDEFGHIJ]*1"},
        {"$A..B $RDS.A... up", "[A]*1 [RDS.A]*1"},
        {"$BRK-B $BRK/B $BRK_B", "BRK.B*3"},
        {"$GE-B, $GE/A, $GE.C and $OM&B", "[GE.A]*1 [GE.B]*1 [GE.C]*1"},
        {"$GE-based $GE-5 $GE/$OM $GE/BIG", "GE*3 [GE.BIG]*1 OM*1"},
        {"$GE.N $GE.OQ $GE.US $ge.n", "GE*4"},
        {"$GE-N $GE/L $GE_OQ $GE\u2013TO", "[GE.L]*1 [GE.N]*1 [GE.OQ]*1 [GE.TO]*1"},
        {"$ge-b $ge/a $GE-n $GE_HOME", ""},
        {"\uFF04AAPL \uFE69GM \uFF04\uFF27\uFF25", "AAPL*1 GE*1 GM*1"},
        {"chart of $AAPL $MS\u2026", "AAPL*1"},
        {"chart of $AAPL $S...", "AAPL*1"},
        {"chart of $AAPL\u2026", "AAPL*1"},
        {"chart of $G\u2026", ""},
        {"chart of $BX\u2026", ""},
        {"chart of $AAPL $MS[\u2026]", "AAPL*1"},
        {"$MS\u2026 and more, $RD-\u2026 $RD.\u2026", ""},
        {"$BRK-\u2026 $BRK.\u2026", ""},
        {"chart of $BRK/...", ""},
        {"$AAPL\u306F $MSFT\uB294", "AAPL*1 [MSFT]*1"},
    };
    ASSERT_ALL(cases);
}

static void newswire_symbols(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"OUTBOARD MARINE <OM> RAISES", "OM*2"},
        {"<VOWG.F><T>", "[T]*1 [VOWG.F]*1"},
        {"Outboard Marine <OM.N> and <GE.OQ>, <GE.B>", "GE*1 [GE.B]*1 OM*2"},
        {"<P> <B> <TT> <BIG>", "BIG*1"},
        {"<BRK-B> <BRK/B> <BRKb.N> <GE-N> <GE/L> <GEb.N>", "BRK.B*3"},
        {"<Airbus> <> < OM> <OM <1A> <om>", ""},
    };
    ASSERT_ALL(cases);
}

static void an_exchange_before_a_colon_names_a_symbol(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Orchard ( NASDAQ:AAPL ) cuts, (NYSE: GE), nyse: $OM.", "AAPL*1 GE*1 OM*1"},
        {"NYSE:ZZZZ NASDAQ: BRK-B", "BRK.B*1 [ZZZZ]*1"},
        {"NYSE:GE-N, (TSX:GE/L) NYSE: GE-B", "[GE.B]*1 [GE.L]*1 [GE.N]*1"},
        {"(NYSE: BRK/B) LSE:GE.L NASDAQ:GE/BIGX", "BRK.B*1 GE*2"},
        {"(NYSE American: GE) Nasdaq Global Select Market: AAPL, TSX-V:OM", "AAPL*1 GE*1 OM*1"},
        {"(AIM: GE) AIM:OM EPA: US firms, Aim:GE, she: GE; some American: GE", "GE*1 OM*1"},
        {"note: GE at 10:GM, re:OM NYSE: the NYSE:GEx Nasdaq: up", "GM*1"},
    };
    ASSERT_ALL(cases);
}

/* A name that is a symbol is part of what is joined to it. */
static void a_bare_symbol_is_read_to_its_end(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"GM, GM's, (GM) GM-backed Ford-GM GM/Ford GM: GM.", "GM*8"},
        {"GM-B GM/B GM.B GM.PR GM-b", ""},
        {"GM.N and AAPL.OQ", "AAPL*1 GM*1"},
        {"M&GM GM&T my_GM", ""},
        {"X-ray, X.com, A/X, S&X, D'X, M.X.", ""},
        {"X rises. X's X: (X)", "X*4"},
        {"US\uFF04X, US$X bn", ""},
        {"BX.B and BX", "BX*1 BX.B*1"},
        {"ir@apple.com apple.news@wire.com Apple@100", "AAPL*1"},
    };
    ASSERT_ALL(cases);
}

static void a_title_may_be_cut_off(void **state)
{
    (void)state;
    static const char text[] = "chart of $AAPL $MS... and then $OM";
    struct tw_document document = {
        .text = tw_text_of(text), .title_length = sizeof "chart of $AAPL $MS..." - 1};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "AAPL*1 OM*1");
}

/* The same name, by other code points. */
static void names_are_the_same_in_every_spelling(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Venky\u2018s (India), Venky\u02BCs (India), Venky\uFF07s \uFF08India\uFF09", "VENKEYS*3"},
        {"Nestle, nestle\u0301, NESTLE\u0301, Nest\u200Dl\u00E9, Nest\u00ADl\u034F\u00E9", "NESN*5"},
        {"\uFF34\uFF4F\uFF59\uFF4F\uFF54\uFF41", "7203*1"},
        {"\uFF84\uFF96\uFF80 \u30C8\u30E8\u30BF\u30B0\u30EB\u30FC\u30D7", "7203*2"},
        {"\u30C8\u30E8\u30BF\u30DE and \u30DE\u30C8\u30E8\u30BF", ""},
        {"Bram\u2010Wickel Bram\u2011Wickel Bram\u2013Wickel Bram\u2212Wickel Bram-Wickel", "BRWK*5"},
        {"\uD55C\uBE5B\uC804\uC790\uAC00 \uD55C\uBE5B\uC804\uC790 \uD55C\uBE5B\uC804\uC790\uC5D0\uC11C\uB294",
            "KQ1*3"},
        {"\uB300\uD55C\uBE5B\uC804\uC790 \uD55C\uBE5B\uC804\uC790\uC0C1\uC5C5", ""},
        {"\u0E1A\u0E27\u0E34\u0E17\u0E22\u0E38\u0E01", "TH1*1"},
        {"\u0E40\u0E27\u0E34\u0E17\u0E22\u0E38 \u0E27\u0E34\u0E17\u0E22\u0E38\u0E32", ""},
        {"\u91D1 \u3067\u91D1\u3092 \u91D1\u878D \u8CC7\u91D1", "HAN*2"},
        {"AT&T, \uFF21\uFF34\uFF06\uFF34, at&t", "ATT*2"},
        {"Toyota\u2122 and Outboard\u00AE Marine, $GE\u2122", "7203*1 GE*1 OM*1"},
    };
    ASSERT_ALL(cases);
}

static void names_are_whole_words_and_the_longest_wins(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"General Electric Credit and General Electric", "GE*2"},
        {"general ELECTRIC, General Electrics", "GE*1"},
        {"General General Motors", "GM*1"},
        {"Apple Inc said; Apple Inc. said; APPLE INC", "AAPL*3"},
        {"Pineapple Apple's Apples", "AAPL*1"},
        {"Venky's (India), Venky\xE2\x80\x99s (India)", "VENKEYS*2"},
        {"Mahindra & Mahindra; Mahindra&Mahindra; Mahindra", "M&M*3"},
        {"NESTL\xC3\x89 and nestl\xC3\xA9", "NESN*2"},
        {"\xE6\x97\xA5\xE6\x9C\xAC\xE3\x83\x88\xE3\x83\xA8\xE3\x82\xBF\xE8\x87\xAA\xE5\x8B\x95", "7203*1"},
        {"Outboard Marin Outboard", ""},
    };
    ASSERT_ALL(cases);
}

static void short_and_common_names_match_as_spelled(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"GM and gm and Gm", "GM*1"},
        {"an apple a day, Apple, APPLE", "AAPL*1"},
        {"big lots of, Big Lots", "BIG*1"},
        {"AT&T at&t AT & T", "ATT*2"},
    };
    ASSERT_ALL(cases);
}

static void an_ambiguous_name_needs_a_symbol_of_one_owner(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Delta rises", ""},
        {"Delta rises, $DAL", "DAL*2"},
        {"<DAL>: Delta Delta", "DAL*3"},
        {"Delta rises, $DAL $DLTA", "DAL*1 DLTA*1"},
        {"Delta Air Lines and Delta", "DAL*1"},
        {"DLTA: Delta", "DLTA*2"},
    };
    ASSERT_ALL(cases);
}

static void a_name_in_several_spellings_of_one_company_is_not_ambiguous(void **state)
{
    (void)state;
    static const char several[] =
        "{\"symbol\":\"DLQ\",\"names\":[\"Delquin\",\"DELQUIN\",\"delquin\"],\"common\":[\"Delquin\",\"DELQUIN\"]}\n";
    static const char *const texts[] = {"Delquin rises", "DELQUIN rises", "delquin rises", "dELQUIN rises"};
    struct tw_automaton *all = entities;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(several), &entities, &err));
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        struct tw_document document = linked(texts[at], false);
        assert_int_equal(document.mention_count, 1);
    }
    tw_entities_free(entities);
    entities = all;
}

static void symbols_of_the_message(void **state)
{
    (void)state;
    struct tw_text symbols[] = {tw_text_of("$MSFT"), tw_text_of("DAL"), tw_text_of("OM."),
        tw_text_of("not one"), tw_text_of("MSFT"), tw_text_of("")};
    struct tw_document document = {
        .text = tw_text_of("Delta and Outboard Marine"), .symbols = symbols, .symbol_count = 6};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "DAL*1 [MSFT]*1 OM*1");
    assert_int_equal(document.symbols_unknown, 2);
    assert_int_equal(document.mentions[0].end, 0);
    assert_int_equal(document.mentions[1].begin, 0);
    assert_int_equal(document.mentions[1].end, 5);
}

static void symbols_of_the_message_in_other_spellings(void **state)
{
    (void)state;
    static const char *const spellings[] = {"NYSE:GE", "GE US Equity", "GE UN", "GE Equity", "US:GE", "GE:UN",
        "GE.US", "GE.NYSE", "GE.XNYS", "(NYSE: GE)", "<GE.N>", "[GE]", "#GE", "ge", "GE.N", "GE:US",
        "XNYS:GE", "GE US", "$GE"};
    for (size_t at = 0; at < sizeof spellings / sizeof spellings[0]; at++) {
        struct tw_text symbol = tw_text_of(spellings[at]);
        struct tw_document document = {.text = tw_text_of("up"), .symbols = &symbol, .symbol_count = 1};
        struct tw_error err;
        char line[400];
        assert_true(tw_link(entities, true, &document, &arena, &err));
        describe(&document, line, sizeof line);
        if (strcmp(line, "GE*1") != 0)
            fail_msg("%s: %s", spellings[at], line);
    }
    struct tw_text others[] = {tw_text_of("BRK/B US Equity"), tw_text_of("GE-B"), tw_text_of("lower"),
        tw_text_of("FOO:GEX"), tw_text_of("GE-N"), tw_text_of("NYSE:GE/L")};
    struct tw_document document = {.text = tw_text_of("up"), .symbols = others, .symbol_count = 6};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "BRK.B*1 [GE.B]*1 [GE.L]*1 [GE.N]*1");
    assert_int_equal(document.symbols_unknown, 2);
}

static void unlisted_symbols_may_be_left_out(void **state)
{
    (void)state;
    struct tw_document document = linked("$MSFT <T> $AAPL", false);
    char line[400];
    describe(&document, line, sizeof line);
    assert_string_equal(line, "AAPL*1");
    struct tw_error err;
    document = (struct tw_document){.text = tw_text_of("$MSFT Apple Inc")};
    assert_true(tw_link(NULL, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "[MSFT]*1");
}

static void hostile_texts_take_linear_time_and_bounded_room(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "$A", "$A ", "<A>", "$", "<", "General ", "Delta ", "$DAL Delta ", "\xC3"};
    size_t length = (size_t)4 << 20;
    char *hostile = malloc(length);
    assert_non_null(hostile);
    for (size_t seed = 0; seed < sizeof seeds / sizeof seeds[0]; seed++) {
        size_t step = strlen(seeds[seed]), mark = tw_arena_mark(&arena);
        for (size_t at = 0; at < length; at++)
            hostile[at] = seeds[seed][at % step];
        struct tw_document document = {.text = {hostile, length}};
        struct tw_error err;
        clock_t start = clock();
        assert_true(tw_link(entities, true, &document, &arena, &err));
        assert_true(clock() - start < MOST_SECONDS * CLOCKS_PER_SEC);
        assert_true(document.mention_count <= TW_LINK_MENTIONS);
        assert_true(tw_arena_mark(&arena) - mark < (size_t)8 << 20);
        tw_arena_rewind(&arena, mark);
    }
    free(hostile);
}

static void entities_beyond_the_bound_are_counted_not_lost_in_silence(void **state)
{
    (void)state;
    enum { SYMBOLS = TW_LINK_ENTITIES + 76 };
    char *text = malloc(SYMBOLS * 8);
    struct tw_error err;
    size_t mark = tw_arena_mark(&arena), length = 0;
    assert_non_null(text);
    for (int at = 0; at < SYMBOLS; at++)
        length += (size_t)snprintf(text + length, 8, "$Q%d ", at);
    struct tw_document document = {.text = {text, length}};
    assert_true(tw_link(entities, true, &document, &arena, &err));
    assert_int_equal(document.entity_count, TW_LINK_ENTITIES);
    assert_int_equal(document.links_dropped, 76);
    document.text.length = 0;
    assert_true(tw_link(entities, true, &document, &arena, &err));
    assert_int_equal(document.links_dropped, 0);
    tw_arena_rewind(&arena, mark);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cashtags),
        cmocka_unit_test(entities_beyond_the_bound_are_counted_not_lost_in_silence),
        cmocka_unit_test(newswire_symbols),
        cmocka_unit_test(an_exchange_before_a_colon_names_a_symbol),
        cmocka_unit_test(a_bare_symbol_is_read_to_its_end),
        cmocka_unit_test(a_title_may_be_cut_off),
        cmocka_unit_test(names_are_the_same_in_every_spelling),
        cmocka_unit_test(names_are_whole_words_and_the_longest_wins),
        cmocka_unit_test(short_and_common_names_match_as_spelled),
        cmocka_unit_test(an_ambiguous_name_needs_a_symbol_of_one_owner),
        cmocka_unit_test(a_name_in_several_spellings_of_one_company_is_not_ambiguous),
        cmocka_unit_test(symbols_of_the_message),
        cmocka_unit_test(symbols_of_the_message_in_other_spellings),
        cmocka_unit_test(unlisted_symbols_may_be_left_out),
        cmocka_unit_test(hostile_texts_take_linear_time_and_bounded_room),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
