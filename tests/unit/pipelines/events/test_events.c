/* events: what is told of a text, and of whom, by the shipped patterns and by small ones; and what taxonomies
 * are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/file.h"
#include "events/events.h"
#include "link/link.h"
#include "names/entities.h"

static struct tw_arena arena;
static struct tw_automaton *entities;
static struct tw_taxonomy *shipped;

static bool load(const char *name, struct tw_text bytes, struct tw_taxonomy **out, char *shown, size_t size)
{
    struct tw_error err;
    struct tw_problems problems;
    struct tw_text_file file = {name, bytes};
    struct tw_text text = {"", 0};
    tw_problems_begin(&problems, &arena);
    bool loaded = tw_taxonomy_load(&file, &problems, out, &err);
    if (!loaded && problems.count)
        assert_true(tw_problems_render(&problems, &arena, &text, &err));
    snprintf(shown, size, "%.*s", (int)text.length, text.bytes);
    return loaded;
}

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_text bytes;
    char shown[4096];
    if (!tw_arena_begin(&arena, (size_t)64 << 20, &err) ||
        !tw_entities_parse("e.jsonl",
            tw_text_of("{\"symbol\":\"VELQ\",\"names\":[\"Velquin Chemicals\"]}\n"
                       "{\"symbol\":\"ORDF\",\"names\":[\"Ordanelle Foods\"]}\n"
                       "{\"symbol\":\"RCLL\",\"names\":[\"Recall Holdings\"]}\n"
                       "{\"symbol\":\"MCO\",\"names\":[\"Moody's\"]}\n"),
            &entities, &err) ||
        !tw_file_read(TW_SOURCE_DIR "/config/events.yaml", (size_t)1 << 20, &arena, &bytes, &err))
        return -1;
    bool loaded = load("events.yaml", bytes, &shipped, shown, sizeof shown);
    fputs(shown, stderr);
    return loaded ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_taxonomy_free(shipped);
    tw_entities_free(entities);
    tw_arena_end(&arena);
    return 0;
}

/* "bankruptcy VELQ [files for Chapter 11]; ..." of a text; its title, when there is one, before it. */
static void assert_told(
    const struct tw_taxonomy *taxonomy, const char *title, const char *body, const char *wanted)
{
    char text[1024], got[1024] = "";
    size_t used = 0, title_length = strlen(title);
    struct tw_error err;
    snprintf(text, sizeof text, "%s%s%s", title, title[0] && body[0] ? " " : "", body);
    struct tw_document document = {.text = tw_text_of(text), .title_length = (uint32_t)title_length};
    assert_true(tw_link(entities, true, &document, &arena, &err));
    assert_true(tw_events_find(taxonomy, &document, &arena, &err));
    for (uint32_t at = 0; at < document.event_count; at++) {
        const struct tw_event *event = &document.events[at];
        struct tw_text type = taxonomy->types[event->type].name, symbol = {"nobody", 6};
        if (event->entity != TW_EVENT_OF_NOBODY)
            symbol = document.entities[event->entity].symbol;
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%.*s %.*s [%.*s]", at ? "; " : "",
            (int)type.length, type.bytes, (int)symbol.length, symbol.bytes, (int)(event->end - event->begin),
            text + event->begin);
    }
    assert_string_equal(got, wanted);
}

static void grave_events_are_told_with_their_company(void **state)
{
    (void)state;
    assert_told(
        shipped, "Velquin Chemicals files for Chapter 11", "", "bankruptcy VELQ [files for Chapter 11]");
    assert_told(
        shipped, "", "VELQUIN CHEMICALS FILES FOR CHAPTER 11", "bankruptcy VELQ [FILES FOR CHAPTER 11]");
    assert_told(shipped, "Regulator opens probe into Ordanelle Foods", "", "probe ORDF [opens probe into]");
}

static void a_company_is_found_where_the_pattern_says(void **state)
{
    (void)state;
    assert_told(shipped, "Moody's downgrades Ordanelle Foods to junk", "", "rating_cut ORDF [downgrades]");
    assert_told(shipped, "Trading in Ordanelle Foods suspended", "",
        "halt ORDF [Trading in Ordanelle Foods suspended]");
    assert_told(shipped, "Velquin Chemicals wins contract that Ordanelle Foods lost", "",
        "contract_won VELQ [wins contract]; contract_lost ORDF [contract that Ordanelle Foods lost]");
}

/* "VELQUIN HALTED" is a whole headline; in other sentences the word alone may be about anything. */
static void a_word_may_be_an_event_where_only_a_company_stands_beside_it(void **state)
{
    (void)state;
    assert_told(shipped, "VELQUIN CHEMICALS HALTED", "", "halt VELQ [HALTED]");
    assert_told(shipped, "", "Velquin Chemicals halted. It made paint.", "halt VELQ [halted]");
    assert_told(shipped, "", "$VELQ HALT", "halt VELQ [HALT]");
    assert_told(shipped, "Halted: Ordanelle Foods", "", "halt ORDF [Halted]");
    assert_told(shipped, "HALTED", "", "");
    assert_told(shipped, "QUORLAN STEEL HALTED", "", "");
    assert_told(shipped, "Velquin Chemicals halted production", "", "");
    assert_told(shipped, "Paint line of Velquin Chemicals halted", "", "");
}

static void exceptions_take_away_and_turn(void **state)
{
    (void)state;
    assert_told(shipped, "Velquin Chemicals avoids bankruptcy after deal with lenders", "", "");
    assert_told(shipped, "Velquin Chemicals denies it is insolvent", "", "");
    assert_told(shipped, "Court dismisses lawsuit against Velquin Chemicals", "",
        "litigation_won VELQ [lawsuit against]");
    assert_told(shipped, "Regulator closes its probe into Velquin Chemicals", "",
        "probe_closed VELQ [closes its probe]");
}

static void a_name_says_nothing_and_a_title_ends_a_sentence(void **state)
{
    (void)state; /* the body names nobody: the document's only company is meant */
    assert_told(shipped, "Recall Holdings names a site for its offices", "", "");
    assert_told(
        shipped, "Velquin Chemicals files", "for bankruptcy is a word", "bankruptcy VELQ [for bankruptcy]");
}

static void what_shares_a_word_with_a_grave_event_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"Velquin Chemicals hires a bankruptcy lawyer",
        "Week ahead in bankruptcy", "Velquin Chemicals is ready to exit bankruptcy",
        "Europe's shares halt a two-week selloff", "Cost cuts help Velquin Chemicals lift its outlook",
        "European shares edge lower on gloomy outlook",
        "Velquin Chemicals introduces protection against cyber attacks",
        "Chief executive denies plans to resign", "Velquin Chemicals and its workers strike a new deal"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        struct tw_error err;
        struct tw_document document = {.text = tw_text_of(texts[at])};
        assert_true(tw_link(entities, true, &document, &arena, &err));
        assert_true(tw_events_find(shipped, &document, &arena, &err));
        for (uint32_t event = 0; event < document.event_count; event++)
            if (shipped->types[document.events[event].type].severity == TW_SEVERITY_CRITICAL)
                fail_msg("\"%s\" tells of %.*s", texts[at],
                    (int)shipped->types[document.events[event].type].name.length,
                    shipped->types[document.events[event].type].name.bytes);
    }
}

static const char small[] = "version: 1\n"
                            "sets:\n"
                            "  cuts: [cut, cuts]\n"
                            "off: [deni* ..2 ^]\n"
                            "events:\n"
                            "  - type: cut\n"
                            "    polarity: -0.5\n"
                            "    severity: warning\n"
                            "    patterns: [<cuts>|halves .. <number>|jobs]\n"
                            "    off: [budget]\n"
                            "    turns:\n"
                            "      - into: kept\n"
                            "        when: [^ ..1 reversed]\n"
                            "  - type: kept\n"
                            "    polarity: 0.5\n"
                            "    severity: info\n"
                            "    patterns: [keeps jobs]\n";

static void a_small_taxonomy_does_what_it_says(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("small.yaml", tw_text_of(small), &taxonomy, shown, sizeof shown));
    assert_int_equal(taxonomy->type_count, 2);
    assert_int_equal(taxonomy->types[0].polarity, -5000);
    assert_told(taxonomy, "", "$VELQ cuts 1,200 posts", "cut VELQ [cuts 1,200]");
    assert_told(taxonomy, "", "$VELQ halves the number of jobs", "cut VELQ [halves the number of jobs]");
    assert_told(taxonomy, "", "$VELQ halves the very great number of jobs", "");
    assert_told(taxonomy, "", "$VELQ denies it cuts jobs", "");
    assert_told(taxonomy, "", "$VELQ denies it. Then cuts jobs", "cut VELQ [cuts jobs]");
    assert_told(taxonomy, "", "$VELQ cuts jobs in its budget", "");
    assert_told(taxonomy, "", "$VELQ cuts jobs, reversed", "kept VELQ [cuts jobs]");
    assert_told(
        taxonomy, "", "$VELQ cuts jobs; $ORDF keeps jobs", "cut VELQ [cuts jobs]; kept ORDF [keeps jobs]");
    assert_told(taxonomy, "", "$VELQ cuts jobs. $VELQ cuts 5 jobs.", "cut VELQ [cuts jobs]");
    tw_taxonomy_free(taxonomy);
}

static const char either_order[] = "version: 1\n"
                                   "sets:\n"
                                   "  ends: [~withdraw, ~cancel]\n"
                                   "events:\n"
                                   "  - type: withdrawn\n"
                                   "    polarity: -0.5\n"
                                   "    severity: warning\n"
                                   "    patterns: [<ends> &2 outlook|~target]\n"
                                   "  - type: sinking\n"
                                   "    polarity: -0.5\n"
                                   "    severity: warning\n"
                                   "    patterns: [ferry ..6 ~sink]\n";

static void words_are_known_in_all_forms_and_either_order(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("order.yaml", tw_text_of(either_order), &taxonomy, shown, sizeof shown));
    assert_told(taxonomy, "", "$VELQ withdrew its outlook", "withdrawn VELQ [withdrew its outlook]");
    assert_told(taxonomy, "", "$VELQ is cancelling targets", "withdrawn VELQ [cancelling targets]");
    assert_told(taxonomy, "", "$VELQ targets were canceled", "withdrawn VELQ [targets were canceled]");
    assert_told(taxonomy, "", "$VELQ withdrawals", "");
    tw_taxonomy_free(taxonomy);
}

/* Both say something in the same words; the comma tells which of them is meant. */
static void an_event_that_crosses_a_comma_gives_way(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("order.yaml", tw_text_of(either_order), &taxonomy, shown, sizeof shown));
    assert_told(taxonomy, "", "Ferry builder $VELQ withdraws outlook, shares sink",
        "withdrawn VELQ [withdraws outlook]");
    assert_told(taxonomy, "", "Ferry of $VELQ sinks", "sinking VELQ [Ferry of $VELQ sinks]");
    tw_taxonomy_free(taxonomy);
}

static const char names[] = "version: 1\n"
                            "names: [oil, steel]\n"
                            "events:\n"
                            "  - type: halt\n"
                            "    polarity: -0.5\n"
                            "    severity: warning\n"
                            "    patterns: [suspend* .. trading]\n"
                            "    off: [oil|steel]\n";

static void a_word_of_an_unknown_companys_name_is_no_exception(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("names.yaml", tw_text_of(names), &taxonomy, shown, sizeof shown));
    assert_told(
        taxonomy, "", "Exchange suspends Quorlan Oil trading", "halt nobody [suspends Quorlan Oil trading]");
    assert_told(taxonomy, "", "QUORLAN STEEL SUSPENDED FROM TRADING", "halt nobody [SUSPENDED FROM TRADING]");
    assert_told(taxonomy, "", "Exchange suspends oil trading", "");
    assert_told(taxonomy, "", "Oil exchange suspends trading", "");
    assert_told(taxonomy, "", "Exchange suspends Quorlan trading, Oil falls", "");
    tw_taxonomy_free(taxonomy);
    static const char broken[] = "version: 1\n"
                                 "names: [oil, \"a|b\", Steel]\n"
                                 "events:\n"
                                 "  - {type: halt, polarity: 0, severity: info, patterns: [halts]}\n";
    assert_false(load("names.yaml", tw_text_of(broken), &taxonomy, shown, sizeof shown));
    assert_non_null(strstr(shown, "names.yaml:2:14: \"a|b\" is no word"));
    assert_non_null(strstr(shown, "names.yaml:2:21: \"Steel\" is no word"));
}

static const char named[] = "version: 1\n"
                            "sets: {nations: [greek, us]}\n"
                            "nobody: [<nations>, monday, wsj]\n"
                            "events:\n"
                            "  - type: cyber\n"
                            "    polarity: -0.5\n"
                            "    severity: critical\n"
                            "    named: true\n"
                            "    patterns: [hackers .. sites, ~hack, files probe]\n";

static void an_event_may_want_somebody_to_whom_it_happened(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("named.yaml", tw_text_of(named), &taxonomy, shown, sizeof shown));
    assert_told(taxonomy, "", "Hackers attack Greek sites", "");
    assert_told(taxonomy, "", "Hackers attack 1.2M U.S. sites on Monday: WSJ", "");
    assert_told(taxonomy, "", "Hackers attack Quorlan sites", "cyber nobody [Hackers attack Quorlan sites]");
    assert_told(taxonomy, "", "3M hacked on Monday", "cyber nobody [hacked]");
    assert_told(taxonomy, "", "Files hacked", "cyber nobody [hacked]"); /* no word of the event, so a name */
    assert_told(taxonomy, "", "\xc3\x89lan hacked", "cyber nobody [hacked]");
    /* A text without capitals does not say whom it names, and one sentence may name whom another means. */
    assert_told(taxonomy, "", "quorlan hacked", "cyber nobody [hacked]");
    assert_told(taxonomy, "Quorlan falls", "Hackers attack sites", "cyber nobody [Hackers attack sites]");
    assert_told(taxonomy, "Hackers attack sites", "Monday was Greek", "");
    assert_told(taxonomy, "", "hackers attack sites of $VELQ", "cyber VELQ [hackers attack sites]");
    tw_taxonomy_free(taxonomy);
    static const char broken[] =
        "version: 1\n"
        "nobody: [<nations>, Monday]\n"
        "events:\n"
        "  - {type: halt, polarity: 0, severity: info, named: maybe, patterns: [halts]}\n";
    assert_false(load("named.yaml", tw_text_of(broken), &taxonomy, shown, sizeof shown));
    assert_non_null(strstr(shown, "named.yaml:2:21: \"Monday\" is no word"));
    assert_non_null(strstr(shown, "named.yaml:4:54: "));
    static const char unknown[] = "version: 1\n"
                                  "nobody: [<nations>]\n"
                                  "events:\n"
                                  "  - {type: halt, polarity: 0, severity: info, patterns: [halts]}\n";
    assert_false(load("named.yaml", tw_text_of(unknown), &taxonomy, shown, sizeof shown));
    assert_non_null(strstr(shown, "no set is called \"nations\""));
}

static const char reported[] = "version: 1\n"
                               "persons: [minister, banker]\n"
                               "nobody: [guilty, us]\n"
                               "off: [not ..2 ^]\n"
                               "events:\n"
                               "  - type: probe\n"
                               "    polarity: -0.5\n"
                               "    severity: critical\n"
                               "    named: true\n"
                               "    patterns: [~probe, guilty plea, breach, staff ..2 fined]\n"
                               "    off: [probes ..8 merger]\n";

static void a_person_and_who_reports_are_no_company(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("reported.yaml", tw_text_of(reported), &taxonomy, shown, sizeof shown));
    assert_told(taxonomy, "", "Guilty plea of the former banker Jane Roe", "");
    assert_told(
        taxonomy, "", "Guilty plea of the former Quorlan banker Jane Roe", "probe nobody [Guilty plea]");
    assert_told(taxonomy, "", "US probes opaque loan sales - Quorlan Weekly", "");
    assert_told(taxonomy, "", "US probes opaque loan sales-Quorlan", "");
    assert_told(taxonomy, "", "US probes opaque loan sales by Hale-Quorlan", "probe nobody [probes]");
    assert_told(taxonomy, "", "US probes $120M loan sales of 1.2B", "");
    /* Behind a colon may stand who tells of himself, unless another is named. */
    assert_told(taxonomy, "", "Notice of a data breach: Velquin Chemicals", "probe VELQ [breach]");
    assert_told(
        taxonomy, "", "Notice of a data breach at Quorlan: Velquin Chemicals", "probe nobody [breach]");
    assert_told(taxonomy, "US probes loan sales of Quorlan - Velquin Chemicals", "Nothing more",
        "probe nobody [probes]");
    tw_taxonomy_free(taxonomy);
}

static void an_event_is_of_whom_it_is_told_at(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("reported.yaml", tw_text_of(reported), &taxonomy, shown, sizeof shown));
    assert_told(taxonomy, "", "Ordanelle Foods replaces cards after breach at Velquin Chemicals",
        "probe VELQ [breach]");
    assert_told(taxonomy, "", "Ordanelle Foods tells of breach", "probe ORDF [breach]");
    /* A denial in a gap of the event counts, and names in a list end no clause. */
    assert_told(taxonomy, "", "Quorlan staff fined", "probe nobody [staff fined]");
    assert_told(taxonomy, "", "Quorlan staff not fined", "");
    assert_told(taxonomy, "", "US probes Quorlan, Hale merger", "");
    assert_told(taxonomy, "", "US probes Quorlan, shares of merger fall", "probe nobody [probes]");
    tw_taxonomy_free(taxonomy);
}

static const char parties[] = "version: 1\n"
                              "nobody: [us, sec, update]\n"
                              "openers: [freight, rescue]\n"
                              "persons: [sen, hacker]\n"
                              "others: [supplier, account]\n"
                              "events:\n"
                              "  - type: recall_accident\n"
                              "    polarity: -0.5\n"
                              "    severity: critical\n"
                              "    named: true\n"
                              "    patterns: [~recall .. cars, derails, ~hack, bankrupt, probes]\n";

/* "Freight" bears a capital because the sentence begins with it. */
static void a_capital_at_a_sentences_beginning_may_say_nothing(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("parties.yaml", tw_text_of(parties), &taxonomy, shown, sizeof shown));
    assert_told(taxonomy, "", "Freight train derails", "");
    assert_told(taxonomy, "", "UPDATE 1-Freight train derails", "");
    assert_told(taxonomy, "", "Us: Rescue on as train derails", "");
    assert_told(taxonomy, "", "Train of Quorlan Freight derails", "recall_accident nobody [derails]");
    assert_told(taxonomy, "", "Rescue on as Quorlan train derails", "recall_accident nobody [derails]");
    /* A person's title may end in a point, his nickname stand in quotes. */
    assert_told(taxonomy, "", "SEC probes U.S. Sen. Roe", "");
    assert_told(taxonomy, "", "SEC probes Quorlan of Sen. Roe", "recall_accident nobody [probes]");
    assert_told(taxonomy, "", "US probes hacker \"Quorl\"", "");
    assert_told(
        taxonomy, "", "SEC probes him as a U.S. hacker. Quorlan fell", "recall_accident nobody [probes]");
    tw_taxonomy_free(taxonomy);
}

/* A company's name may say only of what kind another is, or whom another had to do with. */
static void an_event_of_another_party_is_not_the_companys(void **state)
{
    (void)state;
    struct tw_taxonomy *taxonomy;
    char shown[4096];
    assert_true(load("parties.yaml", tw_text_of(parties), &taxonomy, shown, sizeof shown));
    assert_told(
        taxonomy, "", "Velquin Chemicals supplier recalls cars", "recall_accident nobody [recalls cars]");
    assert_told(
        taxonomy, "", "Velquin Chemicals\xe2\x80\x99 supplier bankrupt", "recall_accident nobody [bankrupt]");
    assert_told(taxonomy, "", "Velquin Chemicals supplier Ordanelle Foods recalls cars",
        "recall_accident ORDF [recalls cars]");
    assert_told(taxonomy, "", "Ordanelle Foods says its Velquin Chemicals account was hacked",
        "recall_accident ORDF [hacked]");
    assert_told(taxonomy, "", "Velquin Chemicals Account Services hacked", "recall_accident VELQ [hacked]");
    assert_told(taxonomy, "", "A Quorlan supplier recalls cars", ""); /* no entities know him either */
    assert_told(taxonomy, "", "Quorlan recalls cars over Velquin Chemicals parts",
        "recall_accident nobody [recalls cars]");
    assert_told(
        taxonomy, "", "US recalls cars over Velquin Chemicals parts", "recall_accident VELQ [recalls cars]");
    assert_told(taxonomy, "", "A bankrupt rival called Quorlan sues large Velquin Chemicals",
        "recall_accident nobody [bankrupt]");
    assert_told(taxonomy, "", "SEC probes large stakes in Quorlan that Velquin Chemicals bought",
        "recall_accident VELQ [probes]");
    assert_told(
        taxonomy, "", "SEC probes large rivals Quorlan, Velquin Chemicals", "recall_accident VELQ [probes]");
    tw_taxonomy_free(taxonomy);
}

static void an_exception_says_so_within_a_clause(void **state)
{
    (void)state;
    assert_told(shipped, "Velquin Chemicals beats estimates, cuts 2027 forecast", "",
        "earnings_beat VELQ [beats estimates]; guidance_cut VELQ [cuts 2027 forecast]");
}

static void all_mistakes_are_told_with_their_place(void **state)
{
    (void)state;
    static const char broken[] = "version: 1\n"
                                 "events:\n"
                                 "  - type: cut\n"
                                 "    polarity: -2\n"
                                 "    severity: grave\n"
                                 "    patterns: [cuts jobs]\n"
                                 "  - type: kept\n"
                                 "    polarity: 0\n"
                                 "    severity: info\n"
                                 "    patterns: [\"<nobody> jobs\", \"its?\", Jobs]\n"
                                 "    turns:\n"
                                 "      - into: unknown\n"
                                 "        when: [not ^]\n"
                                 "  - type: kept\n"
                                 "    polarity: 0\n"
                                 "    severity: info\n"
                                 "    patterns: []\n";
    static const char *const wanted[] = {
        "b.yaml:4:15: ", "b.yaml:5:15: ", "b.yaml:10:16: no set is called \"nobody\"",
        "b.yaml:10:33: a pattern that matches everything", "b.yaml:10:41: not a word",
        "b.yaml:12:15: no type is called \"unknown\"", "b.yaml:14:11: a second type is called \"kept\""};
    struct tw_taxonomy *taxonomy;
    char shown[8192];
    assert_false(load("b.yaml", tw_text_of(broken), &taxonomy, shown, sizeof shown));
    assert_null(taxonomy);
    for (size_t at = 0; at < sizeof wanted / sizeof wanted[0]; at++)
        if (!strstr(shown, wanted[at]))
            fail_msg("\"%s\" is not told in\n%s", wanted[at], shown);
    assert_false(load("b.yaml", tw_text_of(""), &taxonomy, shown, sizeof shown));
    assert_non_null(strstr(shown, "holds no events"));
}

static void a_long_sentence_and_many_events_are_bounded(void **state)
{
    (void)state;
    struct tw_text text = {tw_arena_take(&arena, 400000), 400000};
    struct tw_error err;
    char *bytes = (char *)(uintptr_t)text.bytes;
    for (size_t at = 0; at < text.length; at++)
        bytes[at] = "Velquin defaults on debt and files for bankruptcy $A "[at % 53];
    struct tw_document document = {.text = text};
    assert_true(tw_link(entities, true, &document, &arena, &err));
    assert_true(tw_events_find(shipped, &document, &arena, &err));
    assert_in_range(document.event_count, 1, TW_EVENTS_MOST);
}

/* What an exception among them would have said is not known: whoever reads the counter should hear of it. */
static void matches_beyond_what_a_sentence_holds_are_counted(void **state)
{
    static const char every_word[] = "version: 1\n"
                                     "events:\n"
                                     "  - {type: cut, polarity: -1, severity: info, patterns: [cuts]}\n";
    enum { MATCHES = TW_EVENT_SENTENCE, HELD = 64 };
    char bytes[MATCHES * 5 + 1], shown[4096];
    struct tw_taxonomy *taxonomy;
    struct tw_error err;
    (void)state;
    assert_true(load("every_word.yaml", tw_text_of(every_word), &taxonomy, shown, sizeof shown));
    for (size_t at = 0; at < MATCHES; at++)
        memcpy(bytes + at * 5, "cuts ", 6);
    struct tw_document document = {.text = tw_text_of(bytes)};
    assert_true(tw_events_find(taxonomy, &document, &arena, &err));
    assert_int_equal(document.event_count, 1);
    assert_int_equal(document.events_dropped, MATCHES - HELD);
    document.text.length = (size_t)HELD * 5;
    assert_true(tw_events_find(taxonomy, &document, &arena, &err));
    assert_int_equal(document.events_dropped, 0);
    tw_taxonomy_free(taxonomy);
}

static double processor_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Going through all mentions for each event took three seconds here; a sanitizer's build is ten times slower
 * than the 20 ms that it takes. */
static void many_mentions_and_events_take_linear_time(void **state)
{
    (void)state;
    static const char sentence[] = "$AAA defaults on debt. ";
    enum { TIMES = 60000, LENGTH = sizeof sentence - 1 };
    char *bytes = tw_arena_take(&arena, (size_t)TIMES * LENGTH);
    struct tw_error err;
    assert_non_null(bytes);
    for (size_t at = 0; at < TIMES; at++)
        memcpy(bytes + at * LENGTH, sentence, LENGTH);
    struct tw_document document = {.text = {bytes, (size_t)TIMES * LENGTH}};
    assert_true(tw_link(entities, true, &document, &arena, &err));
    double begun = processor_seconds();
    assert_true(tw_events_find(shipped, &document, &arena, &err));
    assert_true(processor_seconds() - begun < 1.5);
    assert_int_equal(document.event_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grave_events_are_told_with_their_company),
        cmocka_unit_test(a_company_is_found_where_the_pattern_says),
        cmocka_unit_test(a_word_may_be_an_event_where_only_a_company_stands_beside_it),
        cmocka_unit_test(exceptions_take_away_and_turn),
        cmocka_unit_test(a_name_says_nothing_and_a_title_ends_a_sentence),
        cmocka_unit_test(what_shares_a_word_with_a_grave_event_is_none),
        cmocka_unit_test(a_small_taxonomy_does_what_it_says),
        cmocka_unit_test(words_are_known_in_all_forms_and_either_order),
        cmocka_unit_test(an_event_that_crosses_a_comma_gives_way),
        cmocka_unit_test(a_word_of_an_unknown_companys_name_is_no_exception),
        cmocka_unit_test(an_event_may_want_somebody_to_whom_it_happened),
        cmocka_unit_test(a_person_and_who_reports_are_no_company),
        cmocka_unit_test(an_event_is_of_whom_it_is_told_at),
        cmocka_unit_test(a_capital_at_a_sentences_beginning_may_say_nothing),
        cmocka_unit_test(an_event_of_another_party_is_not_the_companys),
        cmocka_unit_test(an_exception_says_so_within_a_clause),
        cmocka_unit_test(all_mistakes_are_told_with_their_place),
        cmocka_unit_test(a_long_sentence_and_many_events_are_bounded),
        cmocka_unit_test(matches_beyond_what_a_sentence_holds_are_counted),
        cmocka_unit_test(many_mentions_and_events_take_linear_time),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
