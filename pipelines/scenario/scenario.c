#include "scenario/scenario.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alert/simulation.h"
#include "base/growing.h"
#include "clean/shown_text.h"
#include "files/archive.h"
#include "files/reader.h"
#include "format/labels.h"
#include "read/decode.h"
#include "scenario/waiting.h"
#include "score/score.h"
#include "time/watermark.h"
#include "timestamps/time_text.h"

enum { MOST_LINE_BYTES = 64 << 20, KEPT_BYTES = 1 << 20, PATH_BYTES = 4096 };
#define MESSAGE_BYTES ((size_t)1 << 30) /* address space */
#define CASE_BYTES ((size_t)4 << 30)
/* Later than every event time: what a record's own stamp would forbid is allowed. */
#define STAMP_US (TW_TIMES_END_US - 1)

/* A message of whose story something is expected: it is known when the message is filed. */
struct expected_story {
    uint64_t number;
    const struct tw_expected_document *expected;
};

/* A case under way. */
struct trial {
    const struct tw_scenario_file *file;
    const struct tw_scenario_case *one;
    const struct tw_scenario_options *options;
    struct tw_expectations *expectations;
    struct tw_river_worker *worker;
    struct tw_simulation simulation;
    struct tw_watched_rules rules; /* by the watch lists of the case */
    struct tw_waiting waiting;
    struct tw_arena message; /* of one message */
    struct tw_arena kept;    /* of the case */
    struct tw_text *ids;     /* of messages, by their number */
    bool *met;               /* of the documents that are named by id */
    uint64_t messages, capacity, documents, refused;
    struct expected_story *expected_stories;
    size_t expected_count, expected_capacity;
    struct tw_found_step *steps;
    size_t step_count, step_capacity;
    int64_t clock_us;   /* event time of the last message; TW_NO_TIME: none had one */
    int64_t highest_us; /* that moved the watermark */
    int64_t watermark_us;
};

/* ---- what is found ---- */

enum { FIRST_STEPS = 64 };

static bool take_step(void *context, uint64_t number, const struct tw_alert *alert,
    const struct tw_alert_change *change, struct tw_error *err)
{
    struct trial *trial = context;
    (void)number;
    if (trial->step_count == trial->step_capacity) {
        struct tw_found_step *steps =
            tw_grow_heap(trial->steps, &trial->step_capacity, sizeof *steps, FIRST_STEPS);
        if (!steps)
            return tw_fail(err, TW_INTERNAL, "alerts", NULL, "out of memory");
        trial->steps = steps;
    }
    const struct tw_found_step step = {.rule = alert->rule,
        .entity = tw_arena_copy(&trial->kept, alert->symbol),
        .reason = tw_arena_copy(&trial->kept, change->reason),
        .step = change->step,
        .at_us = change->at_us};
    trial->steps[trial->step_count++] = step;
    return step.entity.bytes && step.reason.bytes ? true : tw_arena_fail(&trial->kept, err);
}

static bool advance(struct trial *trial, int64_t to_us, struct tw_error *err)
{
    const struct tw_simulation_sink sink = {trial, NULL, take_step};
    return !trial->options->river->rules || tw_simulation_advance(&trial->simulation, to_us, &sink, err);
}

static void show_text(FILE *out, struct tw_text text)
{
    tw_shown_write(out, text, 0, text.length);
}

static void show_document(FILE *out, const struct tw_found_document *found, uint64_t number)
{
    const struct tw_document *document = found->document;
    char time[TW_TIME_TEXT_BYTES];
    tw_time_text(document->event_us, time);
    fprintf(out, "  message %" PRIu64 " ", number);
    if (document->id.length > 0) {
        putc('(', out);
        show_text(out, document->id);
        fputs(") ", out);
    }
    fprintf(out, "at %s: %s %+.4f", time, tw_class_name(tw_label_of(&document->score)),
        document->score.sentiment / (double)TW_SENTIMENT_ONE);
    for (uint32_t at = 0; at < found->score_count; at++) {
        fputs(at ? ", " : "; entities ", out);
        show_text(out, found->scores[at].symbol);
        fprintf(out, " %+.4f (relevance %.4f)", found->scores[at].score.sentiment / (double)TW_SENTIMENT_ONE,
            found->scores[at].relevance.relevance / (double)TW_RELEVANCE_WHOLE);
    }
    for (uint32_t at = 0; found->taxonomy && at < document->event_count; at++) {
        const struct tw_event *event = &document->events[at];
        fputs(at ? ", " : "; events ", out);
        show_text(out, found->taxonomy->types[event->type].name);
        if (event->entity != TW_EVENT_OF_NOBODY) {
            fputs(" of ", out);
            show_text(out, document->entities[event->entity].symbol);
        }
    }
    putc('\n', out);
}

static void show_steps(const struct trial *trial)
{
    for (size_t at = 0; trial->options->show && at < trial->step_count; at++) {
        const struct tw_found_step *step = &trial->steps[at];
        char time[TW_TIME_TEXT_BYTES];
        tw_time_text(step->at_us, time);
        fprintf(
            trial->options->show, "  alert {rule: %.*s, entity: ", (int)step->rule.length, step->rule.bytes);
        show_text(trial->options->show, step->entity);
        fprintf(trial->options->show, ", state: %s, time: %s} (", tw_alert_step_names[step->step], time);
        show_text(trial->options->show, step->reason);
        fputs(")\n", trial->options->show);
    }
}

/* ---- one message ---- */

/* Its id, for those that are copies of it; a message without one is named by its number. */
static bool keep_id(struct trial *trial, const struct tw_document *document, struct tw_error *err)
{
    char number[32];
    if (trial->messages > trial->capacity) {
        uint64_t capacity = trial->messages * 2;
        struct tw_text *ids = reallocarray(trial->ids, capacity, sizeof *ids);
        if (!ids)
            return tw_fail(err, TW_INTERNAL, "messages", NULL, "out of memory");
        trial->ids = ids;
        trial->capacity = capacity;
    }
    snprintf(number, sizeof number, "message %" PRIu64, trial->messages);
    struct tw_text id = tw_arena_copy(&trial->kept, document->id.length ? document->id : tw_text_of(number));
    trial->ids[trial->messages - 1] = id;
    return id.bytes ? true : tw_arena_fail(&trial->kept, err);
}

/* Later, when it is filed. */
static bool expect_story(
    struct trial *trial, const struct tw_expected_document *expected, struct tw_error *err)
{
    if (!expected->copy_node)
        return true;
    if (trial->expected_count == trial->expected_capacity) {
        struct expected_story *larger =
            tw_grow_heap(trial->expected_stories, &trial->expected_capacity, sizeof *larger, FIRST_STEPS);
        if (!larger)
            return tw_fail(err, TW_INTERNAL, "stories", NULL, "out of memory");
        trial->expected_stories = larger;
    }
    trial->expected_stories[trial->expected_count++] = (struct expected_story){trial->messages, expected};
    return true;
}

/* Its story is known: the number of the first message of it. */
static void judge_story(void *context, uint64_t number, uint64_t story)
{
    struct trial *trial = context;
    FILE *show = trial->options->show;
    struct tw_text copy_of = story == number ? tw_text_of("") : trial->ids[story - 1];
    for (size_t at = 0; at < trial->expected_count; at++)
        if (trial->expected_stories[at].number == number)
            tw_expect_story(trial->expectations, trial->expected_stories[at].expected, copy_of);
    if (!show || copy_of.length == 0)
        return;
    fprintf(show, "  message %" PRIu64 " (", number);
    show_text(show, trial->ids[number - 1]);
    fputs(") is a copy of ", show);
    show_text(show, copy_of);
    putc('\n', show);
}

/* The document of `expect: documents:` that names this message, the first of its id. */
static const struct tw_expected_document *expected_by_id(
    struct trial *trial, const struct tw_document *document)
{
    for (uint32_t at = 0; at < trial->one->document_count; at++) {
        const struct tw_expected_document *expected = &trial->one->documents[at];
        if (trial->met[at] || !tw_text_equal(expected->id, document->id))
            continue;
        trial->met[at] = true;
        return expected;
    }
    return NULL;
}

static bool judge(struct trial *trial, const struct tw_scenario_message *message,
    const struct tw_found_document *found, struct tw_error *err)
{
    const struct tw_expected_document *expected = message ? message->expected : NULL;
    if (trial->options->show)
        show_document(trial->options->show, found, trial->messages);
    for (; expected || (expected = expected_by_id(trial, found->document)); expected = NULL) {
        tw_expect_document(trial->expectations, expected, found);
        if (!expect_story(trial, expected, err))
            return false;
    }
    return true;
}

/* A message that cannot be used fails, unless the case counts them. */
static void refuse(struct trial *trial, const struct tw_yaml_node *node, const char *where, const char *what)
{
    trial->refused++;
    if (!trial->one->refused_node)
        tw_expect_failed(trial->expectations, node, "message %" PRIu64 " is refused: %s%s%s", trial->messages,
            where, where[0] ? ": " : "", what);
}

/* Documents are filed up to the edge, then rules are evaluated: as the evaluator's turns go. */
static bool close_bars(struct trial *trial, int64_t edge_us, struct tw_error *err)
{
    const struct tw_waiting_sink sink = {trial, judge_story};
    return tw_waiting_file(&trial->waiting, edge_us, &sink, err) && advance(trial, edge_us, err);
}

/* Bars and events are put, and what has closed by now is evaluated. */
static bool pass_time(struct trial *trial, const struct tw_rows *rows, struct tw_error *err)
{
    if (!tw_waiting_add(&trial->waiting, rows, trial->messages, err))
        return false;
    if (rows->highest_us == TW_NO_TIME)
        return true;
    trial->highest_us = rows->highest_us > trial->highest_us ? rows->highest_us : trial->highest_us;
    trial->watermark_us =
        tw_watermark_of_partition(trial->watermark_us, rows->highest_us, trial->options->lateness_us);
    return close_bars(trial, tw_watermark_close(trial->waiting.filed_to_us, trial->watermark_us), err);
}

/* A record's own stamp: later than all times, or, of a message without a time, the clock. */
static bool stamp(
    const struct trial *trial, struct tw_message *message, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_document document;
    message->stamp_us = STAMP_US;
    if (!tw_decode(trial->options->river->decode, message, arena, &document, err))
        return false;
    if (document.fate == TW_FATE_STORED && document.time_source == TW_TIME_KAFKA)
        message->stamp_us = trial->clock_us;
    return true;
}

static bool take_document(struct trial *trial, const struct tw_scenario_message *message,
    const struct tw_rows *rows, struct tw_error *err)
{
    const struct tw_document *document = &rows->documents[0];
    struct tw_found_document found = {.document = document,
        .scores = rows->scores,
        .score_count = rows->score_count,
        .taxonomy = rows->taxonomy};
    trial->clock_us = document->event_us;
    trial->documents++;
    return keep_id(trial, document, err) && judge(trial, message, &found, err) && pass_time(trial, rows, err);
}

/* `node`: where it, or its tape, is named; `message`: NULL for one of a tape. */
static bool run_message(struct trial *trial, struct tw_text payload, const struct tw_yaml_node *node,
    const struct tw_scenario_message *message, struct tw_error *err)
{
    struct tw_message record = {.offset = (int64_t)++trial->messages, .payload = payload, .has_value = true};
    struct tw_rows rows;
    tw_arena_reset(&trial->message, KEPT_BYTES);
    if (!stamp(trial, &record, &trial->message, err))
        return false;
    if (record.stamp_us == TW_NO_TIME) {
        refuse(trial, node, "", "it has no time, and none has come before it");
        return true;
    }
    if (!tw_river_run(trial->options->river, trial->worker, &record, 1, &trial->message, &rows, err))
        return false;
    if (rows.stored_count == 1)
        return take_document(trial, message, &rows, err);
    if (rows.dead_count == 1)
        refuse(trial, node, rows.documents[0].refusal->where, rows.documents[0].refusal->what);
    return true;
}

/* ---- a case ---- */

/* The tape stands beside the file that names it. */
static bool tape_path(const struct trial *trial, char path[PATH_BYTES], struct tw_error *err)
{
    const char *file = trial->file->source->file;
    const char *slash = strrchr(file, '/');
    struct tw_text tape = trial->one->tape;
    int folder = slash && tape.bytes[0] != '/' ? (int)(slash + 1 - file) : 0;
    int length = snprintf(path, PATH_BYTES, "%.*s%.*s", folder, file, (int)tape.length, tape.bytes);
    return length < PATH_BYTES ||
           tw_fail(err, TW_CONFIG, file, "give a shorter one", "the tape's path is too long");
}

static bool run_tape(struct trial *trial, struct tw_error *err)
{
    char path[PATH_BYTES];
    struct tw_archive *archive;
    struct tw_archive_line line;
    enum tw_read read = TW_READ_END;
    bool right = true;
    if (trial->one->tape.length == 0)
        return true;
    if (!tape_path(trial, path, err) || !tw_archive_open(path, MOST_LINE_BYTES, &archive, err))
        return false;
    const struct tw_table_columns columns = tw_reader_columns(trial->options->river->decode);
    tw_archive_ask_for_records(archive, &columns);
    while (right && (read = tw_archive_next(archive, &line, err)) <= TW_READ_REFUSED) {
        if (read == TW_READ_REFUSED) {
            trial->messages++;
            refuse(trial, trial->one->node, err->where, err->what);
        } else if (!tw_text_is_blank(line.text)) {
            right = run_message(trial, line.text, trial->one->node, NULL, err);
        }
    }
    tw_archive_close(archive);
    return right && read == TW_READ_END;
}

static bool run_messages(struct trial *trial, struct tw_error *err)
{
    for (uint32_t at = 0; at < trial->one->message_count; at++) {
        const struct tw_scenario_message *message = &trial->one->messages[at];
        uint64_t documents = trial->documents;
        if (!run_message(trial, message->payload, message->node, message, err))
            return false;
        if (trial->documents == documents && message->expected)
            tw_expect_failed(
                trial->expectations, message->expected->node, "no document comes of the message");
    }
    return true;
}

/* The clock runs on: to the end of the newest bar, or further. */
static bool run_out(struct trial *trial, struct tw_error *err)
{
    int64_t end_us = trial->highest_us == TW_NO_TIME ? 0 : tw_bar_end(trial->highest_us);
    int64_t until_us = trial->one->until_us == TW_NO_TIME ? 0 : tw_bar_start(trial->one->until_us);
    if (trial->one->until_us != TW_NO_TIME && until_us < end_us)
        tw_expect_failed(
            trial->expectations, trial->one->node, "`until` lies before the end of the last bar");
    return close_bars(trial, until_us > end_us ? until_us : end_us, err);
}

static void judge_case(struct trial *trial)
{
    for (uint32_t at = 0; at < trial->one->document_count; at++) {
        const struct tw_expected_document *expected = &trial->one->documents[at];
        if (!trial->met[at])
            tw_expect_failed(trial->expectations, expected->node,
                "no message that can be used has the id \"%.*s\"",
                (int)(expected->id.length < 80 ? expected->id.length : 80), expected->id.bytes);
    }
    tw_expect_refused(trial->expectations, trial->one, trial->refused);
    tw_expect_alerts(trial->expectations, trial->one, trial->steps, trial->step_count);
}

/* A list that the case does not speak of is most likely misspelt, there or here: its rule would be silent. */
static bool lists_are_known(const struct trial *trial, const struct tw_rule *rule, struct tw_error *err)
{
    const struct tw_scenario_case *one = trial->one;
    for (uint32_t at = 0; at < rule->list_count; at++) {
        struct tw_text list = rule->lists[at];
        if (!tw_watched_times_have(one->watched, one->watched_count, list))
            return tw_fail(err, TW_CONFIG, trial->file->source->file,
                "write `watch: [{list: NAME, entity: SYMBOL}]` in the case",
                "line %u: rule \"%.*s\" is held to watch list \"%.*s\", and nobody of the case stands on it",
                one->node->line, (int)rule->name.length, rule->name.bytes,
                (int)(list.length < 80 ? list.length : 80), list.bytes);
    }
    return true;
}

static bool all_lists_are_known(const struct trial *trial, struct tw_error *err)
{
    const struct tw_rule_set *rules = trial->options->river->rules;
    for (uint32_t at = 0; at < rules->count; at++)
        if (tw_scenario_looks_at(trial->one, rules->rules[at].name) &&
            !lists_are_known(trial, &rules->rules[at], err))
            return false;
    return true;
}

static bool begin_rules(struct trial *trial, struct tw_error *err)
{
    const struct tw_scenario_options *options = trial->options;
    if (!all_lists_are_known(trial, err) ||
        !tw_watched_rules_make(
            &trial->rules, options->river->rules, trial->one->watched, trial->one->watched_count, err) ||
        !tw_simulation_begin(&trial->simulation, options->river->rules, options->memory_bytes, err))
        return false;
    tw_simulation_watch(&trial->simulation, trial->rules.spans, trial->rules.count);
    return true;
}

static bool begin_trial(struct trial *trial, struct tw_error *err)
{
    const struct tw_scenario_options *options = trial->options;
    const struct tw_waiting_options waiting = {.most_documents = options->most_documents,
        .counted = options->stories,
        .simulation = options->river->rules ? &trial->simulation : NULL};
    if (!tw_arena_begin(&trial->message, MESSAGE_BYTES, err) ||
        !tw_arena_begin(&trial->kept, CASE_BYTES, err) ||
        !tw_river_worker_new(options->river, &trial->worker, err) ||
        !tw_waiting_begin(&trial->waiting, &waiting, &trial->kept, err))
        return false;
    trial->met = tw_arena_array(&trial->kept, trial->one->document_count, sizeof *trial->met);
    if (!trial->met)
        return tw_arena_fail(&trial->kept, err);
    return !options->river->rules || begin_rules(trial, err);
}

static void end_trial(struct trial *trial)
{
    tw_simulation_end(&trial->simulation);
    tw_watched_rules_end(&trial->rules);
    tw_waiting_end(&trial->waiting);
    tw_river_worker_free(trial->worker);
    tw_arena_end(&trial->message);
    tw_arena_end(&trial->kept);
    free(trial->ids);
    free(trial->expected_stories);
    free(trial->steps);
}

static bool run_case(struct trial *trial, struct tw_error *err)
{
    if (trial->options->show)
        fprintf(trial->options->show, "%.*s\n", (int)trial->one->name.length, trial->one->name.bytes);
    bool right =
        begin_trial(trial, err) && run_tape(trial, err) && run_messages(trial, err) && run_out(trial, err);
    if (right) {
        show_steps(trial);
        judge_case(trial);
    }
    end_trial(trial);
    return right;
}

bool tw_scenario_run(const struct tw_scenario_file *file, const struct tw_scenario_options *options,
    struct tw_expectations *expectations, struct tw_error *err)
{
    const char *name = file->source->file;
    if (file->wants_alerts && !options->river->rules)
        return tw_fail(err, TW_CONFIG, name, "name them by --rules, or by rules.path",
            "alerts are expected, and there are no rules");
    if (file->wants_events && !options->river->events)
        return tw_fail(err, TW_CONFIG, name, "name it by --events, or by events.path",
            "events are expected, and there is no events file");
    for (uint32_t at = 0; at < file->case_count; at++) {
        struct trial trial = {.file = file,
            .one = &file->cases[at],
            .options = options,
            .expectations = expectations,
            .clock_us = TW_NO_TIME,
            .highest_us = TW_NO_TIME,
            .watermark_us = TW_NO_TIME};
        if (!run_case(&trial, err))
            return false;
    }
    return true;
}
