#include "audit/behaviour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "audit/ask.h"
#include "files/archive.h"
#include "measure/measures.h"
#include "score/score.h"

enum { MOST_LINE_BYTES = 1 << 20, MOST_TEXTS = 200000, MOST_EVENTS = 256, SAME_TEXTS_MOST = 64 };

enum kind { MUST, ENTITY, SAME, KINDS };
static const char *const kind_names[KINDS] = {"must", "entity", "same"};

struct one_case {
    enum kind kind;
    uint32_t event; /* index into events */
    size_t first;   /* its first text */
    uint32_t count; /* its texts */
    int32_t label, labels[TW_AUDIT_NAMES];
};

struct event {
    enum kind kind;
    const char *name;
    uint64_t right, n;
    struct tw_measures measures;
};

struct reading {
    const char *path;
    uint64_t line;
    struct tw_arena *arena;
    struct one_case *cases;
    size_t case_count, case_room;
    struct tw_audit_text *texts;
    size_t text_count, text_room;
    struct event *events; /* [MOST_EVENTS] */
    uint32_t event_count;
};

/* ---- reading ---- */

static bool broken(const struct reading *reading, const char *cure, const char *what, struct tw_error *err)
{
    char where[200];
    snprintf(where, sizeof where, "%.160s:%llu", reading->path, (unsigned long long)reading->line);
    return tw_fail(err, TW_CONFIG, where, cure, "%s", what);
}

/* One more element of a list that grows; NULL without memory. */
static void *grow(void *list, size_t count, size_t *room, size_t bytes, void **out)
{
    *out = list;
    if (count == *room) {
        const size_t more = *room ? *room * 2 : 1024;
        void *larger = realloc(list, more * bytes);
        if (!larger)
            return NULL;
        *out = larger;
        *room = more;
    }
    return (char *)*out + count * bytes;
}

static struct tw_text keep(const struct reading *reading, const json_t *value)
{
    return tw_arena_copy(
        reading->arena, (struct tw_text){json_string_value(value), json_string_length(value)});
}

static bool add_text(struct reading *reading, const json_t *text, struct tw_error *err)
{
    void *list;
    if (!json_is_string(text) || tw_text_is_blank(tw_text_of(json_string_value(text))))
        return broken(reading, "\"text\": \"...\", or \"texts\" of kind same", "the case holds no text", err);
    if (reading->text_count == MOST_TEXTS)
        return broken(reading, "split the file", "more than 200000 texts", err);
    struct tw_audit_text *added =
        grow(reading->texts, reading->text_count, &reading->text_room, sizeof *reading->texts, &list);
    reading->texts = list;
    if (!added)
        return tw_fail(err, TW_INTERNAL, reading->path, "split the file", "no memory for cases");
    *added = (struct tw_audit_text){.text = keep(reading, text)};
    reading->text_count++;
    return added->text.bytes ? true : tw_arena_fail(reading->arena, err);
}

static bool read_label(const struct reading *reading, const json_t *label, int32_t *out, struct tw_error *err)
{
    *out = json_is_string(label) ? tw_class_of(tw_text_of(json_string_value(label))) : -1;
    return *out >= 0
               ? true
               : broken(reading, "negative, neutral or positive", "the case carries no label of ours", err);
}

static bool read_texts(
    struct reading *reading, struct one_case *one, const json_t *texts, struct tw_error *err)
{
    size_t at;
    json_t *text;
    if (json_array_size(texts) < 2 || json_array_size(texts) > SAME_TEXTS_MOST)
        return broken(reading, "\"texts\": [\"...\", \"...\"]", "a case of kind same has 2 to 64 texts", err);
    json_array_foreach(texts, at, text) if (!add_text(reading, text, err)) return false;
    one->count = (uint32_t)json_array_size(texts);
    return true;
}

static bool read_entities(
    struct reading *reading, struct one_case *one, const json_t *entities, struct tw_error *err)
{
    struct tw_audit_text *text = &reading->texts[one->first];
    if (json_array_size(entities) == 0 || json_array_size(entities) > TW_AUDIT_NAMES)
        return broken(reading, "\"entities\": [{\"name\": ..., \"label\": ...}]",
            "a case of kind entity has 1 to 8 entities", err);
    for (uint32_t at = 0; at < json_array_size(entities); at++) {
        const json_t *entity = json_array_get(entities, at), *name = json_object_get(entity, "name");
        if (!json_is_string(name))
            return broken(reading, "\"name\": \"...\"", "an entity has no name", err);
        text->names[at] = keep(reading, name);
        if (!text->names[at].bytes)
            return tw_arena_fail(reading->arena, err);
        if (!read_label(reading, json_object_get(entity, "label"), &one->labels[at], err))
            return false;
        text->name_count++;
    }
    return true;
}

static bool find_event(
    struct reading *reading, struct one_case *one, const json_t *name, struct tw_error *err)
{
    const char *wanted = json_is_string(name) ? json_string_value(name) : "";
    if (!wanted[0])
        return broken(reading, "\"event\": \"bankruptcy\"", "the case names no event", err);
    for (one->event = 0; one->event < reading->event_count; one->event++)
        if (reading->events[one->event].kind == one->kind &&
            strcmp(reading->events[one->event].name, wanted) == 0)
            return true;
    if (reading->event_count == MOST_EVENTS)
        return broken(reading, "put events together", "more than 256 events", err);
    const char *kept = keep(reading, name).bytes;
    if (!kept)
        return tw_arena_fail(reading->arena, err);
    reading->events[reading->event_count++] = (struct event){.kind = one->kind, .name = kept};
    return true;
}

static bool read_kind(struct reading *reading, struct one_case *one, const json_t *kind, struct tw_error *err)
{
    const char *name = json_is_string(kind) ? json_string_value(kind) : "";
    for (one->kind = MUST; one->kind < KINDS; one->kind++)
        if (strcmp(name, kind_names[one->kind]) == 0)
            return true;
    return broken(reading, "must, entity or same", "the case's kind is not known", err);
}

static bool read_case(struct reading *reading, const json_t *record, struct tw_error *err)
{
    void *list;
    struct one_case *one =
        grow(reading->cases, reading->case_count, &reading->case_room, sizeof *reading->cases, &list);
    reading->cases = list;
    if (!one)
        return tw_fail(err, TW_INTERNAL, reading->path, "split the file", "no memory for cases");
    *one = (struct one_case){.first = reading->text_count, .count = 1, .label = -1};
    reading->case_count++;
    if (!read_kind(reading, one, json_object_get(record, "kind"), err) ||
        !find_event(reading, one, json_object_get(record, "event"), err))
        return false;
    if (one->kind == SAME)
        return read_texts(reading, one, json_object_get(record, "texts"), err);
    if (!add_text(reading, json_object_get(record, "text"), err))
        return false;
    return one->kind == MUST ? read_label(reading, json_object_get(record, "label"), &one->label, err)
                             : read_entities(reading, one, json_object_get(record, "entities"), err);
}

static bool read_line(struct reading *reading, struct tw_text line, struct tw_error *err)
{
    json_error_t why;
    if (tw_text_is_blank(line))
        return true;
    json_t *record = json_loadb(line.bytes, line.length, JSON_REJECT_DUPLICATES, &why);
    bool read = json_is_object(record)
                    ? read_case(reading, record, err)
                    : broken(reading, "one JSON object a line", "the line is no JSON object", err);
    json_decref(record);
    return read;
}

static bool read_file(struct reading *reading, struct tw_error *err)
{
    struct tw_archive *archive;
    struct tw_archive_line line;
    enum tw_read read = TW_READ_ITEM;
    if (!tw_archive_open(reading->path, MOST_LINE_BYTES, &archive, err))
        return false;
    bool right = true;
    while (right && (read = tw_archive_next(archive, &line, err)) == TW_READ_ITEM) {
        reading->line = line.number;
        right = read_line(reading, line.text, err);
    }
    tw_archive_close(archive);
    if (right && read == TW_READ_END && reading->case_count == 0)
        return tw_fail(err, TW_CONFIG, reading->path, "name a file of cases, one a line", "holds no cases");
    if (right && read == TW_READ_REFUSED)
        err->code = TW_CONFIG;
    return right && read == TW_READ_END;
}

/* ---- counting ---- */

static bool is_same(const struct tw_audit_text *texts, uint32_t count)
{
    int32_t least = texts[0].score.sentiment, most = least;
    for (uint32_t at = 1; at < count; at++) {
        const int32_t sentiment = texts[at].score.sentiment;
        least = sentiment < least ? sentiment : least;
        most = sentiment > most ? sentiment : most;
    }
    return most - least <= (int32_t)(TW_AUDIT_SAME_SPAN * 10000 + 0.5);
}

static void count_label(struct event *event, int32_t label, const struct tw_score *score)
{
    event->n++;
    event->right += tw_label_of(score) == (uint32_t)label;
    tw_measures_add(&event->measures, (uint32_t)label, score);
}

static void count_case(const struct reading *reading, const struct one_case *one)
{
    struct event *event = &reading->events[one->event];
    const struct tw_audit_text *text = &reading->texts[one->first];
    if (one->kind == MUST) {
        count_label(event, one->label, &text->score);
    } else if (one->kind == SAME) {
        event->n++;
        event->right += is_same(text, one->count);
    } else {
        for (uint32_t at = 0; at < text->name_count; at++)
            count_label(event, one->labels[at], &text->name_scores[at]);
    }
}

static void add_measures(struct tw_measures *all, const struct tw_measures *more)
{
    for (size_t label = 0; label < TW_CLASSES; label++)
        for (size_t said = 0; said < TW_CLASSES; said++)
            all->confusion[label][said] += more->confusion[label][said];
    for (size_t bin = 0; bin < TW_METRIC_BINS; bin++) {
        all->confidence[bin] += more->confidence[bin];
        all->counted[bin] += more->counted[bin];
        all->right[bin] += more->right[bin];
    }
}

static void add_event(struct tw_audit_rows *rows, const struct event *event)
{
    const char *kind = kind_names[event->kind];
    tw_audit_add_share(
        rows, (const char *const[4]){"cases", kind, event->name, "share"}, event->right, event->n);
    const struct tw_metric_report report = tw_measures_report(&event->measures);
    if (event->kind != SAME)
        tw_audit_add(
            rows, (const char *const[4]){"calibration", kind, event->name, "ece"}, report.n, report.ece);
}

/* A kind that no case is of has no row. */
static void add_rows(const struct reading *reading, struct tw_audit_rows *rows)
{
    for (enum kind kind = MUST; kind < KINDS; kind++) {
        struct event all = {.kind = kind, .name = ""};
        for (uint32_t at = 0; at < reading->event_count; at++) {
            const struct event *event = &reading->events[at];
            if (event->kind != kind)
                continue;
            all.right += event->right;
            all.n += event->n;
            add_measures(&all.measures, &event->measures);
        }
        if (all.n == 0)
            continue;
        add_event(rows, &all);
        for (uint32_t at = 0; at < reading->event_count; at++)
            if (reading->events[at].kind == kind)
                add_event(rows, &reading->events[at]);
    }
}

bool tw_audit_behaviour(const struct tw_river *river, const char *path, struct tw_arena *arena,
    struct tw_audit_rows *rows, struct tw_error *err)
{
    struct reading reading = {
        .path = path, .arena = arena, .events = tw_arena_array(arena, MOST_EVENTS, sizeof *reading.events)};
    bool done = reading.events ? read_file(&reading, err) : tw_arena_fail(arena, err);
    done = done && tw_audit_ask(river, reading.texts, reading.text_count, err);
    for (size_t at = 0; done && at < reading.case_count; at++)
        count_case(&reading, &reading.cases[at]);
    if (done)
        add_rows(&reading, rows);
    free(reading.cases);
    free(reading.texts);
    return done;
}
