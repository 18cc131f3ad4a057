/* backtest: rules over stored bars, events and scores: the alerts that would have opened, and how they stand
 * to those that did. */
#include "backtest/backtest.h"

#include "backtest/outcome.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/database.h"
#include "names/entities.h"
#include "timestamps/time_text.h"

#include <inttypes.h>
#include <stdio.h>

enum { MOST_RULES_BYTES = 4 << 20, CELL_BYTES = 64 };

struct options {
    struct tw_database_choice database;
    const char *rules;      /* NULL: rules.path */
    const char *events;     /* NULL: events.path */
    int64_t from_us, to_us; /* 0: not given */
    bool compare, summary;
    bool lists_now;
    enum tw_format format;
};

struct run {
    const struct options *options;
    struct tw_database database;
    struct tw_arena arena;
    struct tw_problems problems;
    struct tw_text_file source;
    struct tw_automaton *entities;
    struct tw_taxonomy *events;
    struct tw_rule_set *rules;
    struct tw_history history;
    struct tw_backtest backtest;
    bool judged; /* some alert is */
};

/* ---- what is needed ---- */

static bool load_events(struct run *run, struct tw_error *err)
{
    const char *path = run->options->events ? run->options->events : run->database.config.events.path;
    return !path[0] || tw_taxonomy_read(path, &run->problems, &run->events, err);
}

static bool load_rules(struct run *run, struct tw_error *err)
{
    const struct tw_rule_bounds bounds = {
        .events = run->events, .entities = run->entities, .stories = run->database.config.stories.enabled};
    const char *path = run->options->rules ? run->options->rules : run->database.config.rules.path;
    if (!path[0])
        return tw_fail(err, TW_USAGE, NULL, "--rules FILE", "no rules are given, and rules.path is not set");
    run->source.file = path;
    return tw_file_read(path, MOST_RULES_BYTES, &run->arena, &run->source.bytes, err) &&
           tw_rules_load(&run->source, &bounds, &run->problems, &run->rules, err);
}

/* All that is wrong with a file is shown, with its lines; one thing alone is told by main. */
static bool load_files(struct run *run, struct tw_error *err)
{
    const char *entities = run->database.config.link.entities;
    tw_problems_begin(&run->problems, &run->arena);
    bool right = (!entities[0] || tw_entities_load(entities, &run->entities, err)) && load_events(run, err) &&
                 load_rules(run, err);
    if (!right && run->problems.count > 1)
        tw_command_show_problems(&run->problems, &run->arena);
    return right;
}

static bool evaluate(struct run *run, struct tw_error *err)
{
    const struct options *options = run->options;
    struct tw_history_wanted wanted = tw_backtest_wants(run->rules);
    wanted.from_us = options->from_us ? options->from_us : TW_NO_TIME;
    wanted.to_us = options->to_us ? options->to_us : TW_NO_TIME;
    return tw_history_begin(&run->history, run->database.connection, &wanted, err) &&
           tw_backtest_begin(&run->backtest, run->rules, run->events,
               (size_t)run->database.config.evaluate.memory_bytes, err) &&
           tw_backtest_watch(&run->backtest, &run->history, options->lists_now, err) &&
           tw_backtest_run(&run->backtest, &run->history, err) &&
           (!options->compare || tw_outcome_compare(&run->backtest, &run->history, err)) &&
           tw_outcome_judge(&run->backtest, &run->history, err);
}

/* ---- what is printed ---- */

static const char *const compared_names[] = {[TW_COMPARED_NOT] = NULL,
    [TW_COMPARED_SAME] = "same",
    [TW_COMPARED_MOVED] = "moved",
    [TW_COMPARED_GAINED] = "gained",
    [TW_COMPARED_LOST] = "lost"};

/* Columns that say nothing are left out: `compared` stands first, labels last. */
static const struct tw_column alert_columns[] = {{"compared", false}, {"severity", false}, {"rule", false},
    {"entity", false}, {"opened", false}, {"resolved", false}, {"worst", true}, {"documents", true},
    {"reason", false}, {"labelled", true}, {"wrong", true}};
enum { ALERT_COLUMNS = sizeof alert_columns / sizeof alert_columns[0], LABEL_COLUMNS = 2 };

static const char *time_cell(int64_t time_us, char cell[CELL_BYTES])
{
    if (time_us == TW_NO_TIME)
        return NULL;
    tw_time_text(time_us, cell);
    return cell;
}

static const char *count_cell(uint64_t count, char cell[CELL_BYTES])
{
    snprintf(cell, CELL_BYTES, "%" PRIu64, count);
    return cell;
}

/* A copy that ends; NULL without memory. */
static const char *text_cell(struct run *run, struct tw_text text)
{
    return tw_arena_copy(&run->arena, text).bytes;
}

static bool add_alert(
    struct run *run, struct tw_table *table, const struct tw_backtest_alert *alert, struct tw_error *err)
{
    char opened[CELL_BYTES], resolved[CELL_BYTES], worst[CELL_BYTES], numbers[3][CELL_BYTES];
    snprintf(worst, sizeof worst, "%.4f", (double)alert->worst / TW_SENTIMENT_ONE);
    const char *cells[ALERT_COLUMNS] = {compared_names[alert->compared], alert->severity,
        text_cell(run, alert->rule), text_cell(run, alert->entity), time_cell(alert->opened_us, opened),
        time_cell(alert->resolved_us, resolved), worst, count_cell((uint64_t)alert->documents, numbers[0]),
        text_cell(run, alert->reason), count_cell(alert->labelled, numbers[1]),
        count_cell(alert->wrong, numbers[2])};
    return tw_table_add(table, cells + !run->options->compare, err);
}

static bool fill_alerts(struct run *run, struct tw_table *table, struct tw_error *err)
{
    size_t mark = tw_arena_mark(&run->arena);
    for (size_t at = 0; at < run->backtest.alert_count; at++) {
        if (!add_alert(run, table, &run->backtest.alerts[at], err))
            return false;
        tw_arena_rewind(&run->arena, mark);
    }
    return true;
}

static const struct tw_column rule_columns[] = {{"rule", false}, {"alerts", true}, {"judged", true},
    {"wrong", true}, {"precision", true}, {"same", true}, {"moved", true}, {"gained", true}, {"lost", true}};
enum { RULE_COLUMNS = sizeof rule_columns / sizeof rule_columns[0], COMPARED_COLUMNS = 4 };

static bool add_rule(
    struct run *run, struct tw_table *table, const struct tw_rule_outcome *rule, struct tw_error *err)
{
    char numbers[RULE_COLUMNS][CELL_BYTES], precision[CELL_BYTES];
    snprintf(precision, sizeof precision, "%.4f",
        rule->judged ? 1.0 - (double)rule->wrong / (double)rule->judged : 0.0);
    const char *cells[RULE_COLUMNS] = {text_cell(run, rule->rule), count_cell(rule->alerts, numbers[1]),
        count_cell(rule->judged, numbers[2]), count_cell(rule->wrong, numbers[3]),
        rule->judged ? precision : NULL, count_cell(rule->same, numbers[5]),
        count_cell(rule->moved, numbers[6]), count_cell(rule->gained, numbers[7]),
        count_cell(rule->lost, numbers[8])};
    return tw_table_add(table, cells, err);
}

static bool fill_rules(struct run *run, struct tw_table *table, struct tw_error *err)
{
    struct tw_rule_outcomes rules;
    if (!tw_outcome_rules(&run->backtest, &rules, err))
        return false;
    for (size_t at = 0; at < rules.count; at++)
        if (!add_rule(run, table, &rules.items[at], err))
            return false;
    return true;
}

static bool print(struct run *run, struct tw_error *err)
{
    const struct options *options = run->options;
    for (size_t at = 0; at < run->backtest.alert_count; at++)
        run->judged = run->judged || run->backtest.alerts[at].labelled > 0;
    size_t first = !options->compare, left_out = first + (run->judged ? 0 : LABEL_COLUMNS);
    struct tw_table *table = options->summary ? tw_table_new(rule_columns,
                                                    RULE_COLUMNS - (options->compare ? 0 : COMPARED_COLUMNS))
                                              : tw_table_new(alert_columns + first, ALERT_COLUMNS - left_out);
    bool printed = table || tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    printed = printed && (options->summary ? fill_rules(run, table, err) : fill_alerts(run, table, err)) &&
              tw_table_print(table, options->format, stdout, err);
    tw_table_free(table);
    return printed;
}

/* Such a rule could say nothing, and silence would look like calm. */
static void tell_empty_lists(const struct run *run, const struct tw_rule *rule)
{
    const struct tw_watch_times *times = &run->backtest.watch_times;
    for (uint32_t at = 0; at < rule->list_count; at++)
        if (!tw_watched_times_have(times->items, times->count, rule->lists[at]))
            fprintf(stderr, "tapewatch backtest: rule %.*s: nobody %s on watch list \"%.*s\"%s\n",
                (int)rule->name.length, rule->name.bytes, run->options->lists_now ? "stands" : "stood",
                (int)rule->lists[at].length, rule->lists[at].bytes,
                run->options->lists_now ? "" : " in this time; --lists-now tries those who stand there now");
}

/* What was done, and what must be known to read it. */
static void tell(const struct run *run)
{
    const struct tw_history *history = &run->history;
    const struct tw_backtest *backtest = &run->backtest;
    char from[TW_TIME_TEXT_BYTES], to[TW_TIME_TEXT_BYTES];
    uint64_t counts[TW_COMPARED_LOST + 1] = {0};
    tw_time_text(history->from_us, from);
    tw_time_text(history->to_us, to);
    for (size_t at = 0; at < backtest->alert_count; at++)
        counts[backtest->alerts[at].compared]++;
    fprintf(stderr,
        "tapewatch backtest: %" PRIu64 " alerts from %s to %s, of %" PRIu64 " bars and %" PRIu64 " scores",
        (uint64_t)backtest->alert_count - counts[TW_COMPARED_LOST], from, to, backtest->bars,
        backtest->scores);
    if (run->options->compare)
        fprintf(stderr, ": %" PRIu64 " same, %" PRIu64 " moved, %" PRIu64 " gained, %" PRIu64 " lost",
            counts[TW_COMPARED_SAME], counts[TW_COMPARED_MOVED], counts[TW_COMPARED_GAINED],
            counts[TW_COMPARED_LOST]);
    putc('\n', stderr);
    for (uint32_t at = 0; at < run->rules->count; at++)
        tell_empty_lists(run, &run->rules->rules[at]);
    if (history->late > 0)
        fprintf(stderr,
            "tapewatch backtest: %" PRIu64
            " documents came late: what was lived through may have been decided without them\n",
            history->late);
    if (backtest->unknown_relevance > 0)
        fprintf(stderr,
            "tapewatch backtest: %" PRIu64
            " scores are older than schema version 27, which brought relevance: they count as wholly relevant\n",
            backtest->unknown_relevance);
    if (backtest->unknown_types > 0)
        fprintf(stderr,
            "tapewatch backtest: %" PRIu64 " stored events are of types that the events file does not have\n",
            backtest->unknown_types);
}

/* ---- the command ---- */

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct run run = {.options = options};
    bool done = tw_arena_begin(&run.arena, (size_t)64 << 20, err) &&
                tw_database_open(&run.database, "backtest", &options->database, err) &&
                load_files(&run, err) && evaluate(&run, err) && print(&run, err);
    if (done)
        tell(&run);
    tw_backtest_end(&run.backtest);
    tw_history_end(&run.history);
    tw_rules_free(run.rules);
    tw_taxonomy_free(run.events);
    tw_entities_free(run.entities);
    tw_database_close(&run.database);
    tw_arena_end(&run.arena);
    return done ? 0 : tw_command_failed(err);
}

static const struct tw_option rows[] = {
    {"rules", 0, "FILE", TW_INTO_PATH(struct options, rules),
        .help = "rules that are tried (default: rules.path)"},
    {"from", 0, "TIME", TW_INTO_TIME(struct options, from_us),
        .help = "alerts that open after this event time (default: from the first day that stands)"},
    {"to", 0, "TIME", TW_INTO_TIME(struct options, to_us),
        .help = "and no later than this (default: as far as rules have been evaluated)"},
    {"compare", 0, NULL, TW_INTO_FLAG(struct options, compare),
        .help = "say how each stands to the alerts that opened, and name those that are lost"},
    {"summary", 0, NULL, TW_INTO_FLAG(struct options, summary),
        .help = "print a row a rule, with its precision by people's labels, in place of the alerts"},
    {"lists-now", 0, NULL, TW_INTO_FLAG(struct options, lists_now),
        .help = "take watch lists as they stand now (default: as they stood when the documents came)"},
    TW_OPTION_FORMAT(struct options, format),
    {"events", 0, "FILE", TW_INTO_PATH(struct options, events),
        .help = "the events file (default: events.path)"},
    TW_OPTION_CONFIG(struct options, database.config),
};

const struct tw_command tw_command_backtest = {
    .name = "backtest",
    .group = "rules",
    .summary = "other rules over what is stored: the alerts that would have opened",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
