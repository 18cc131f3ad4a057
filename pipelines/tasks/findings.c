#include "tasks/findings.h"

#include "format/labels.h"
#include "score/score.h"
#include "tasks/predict_lines.h"
#include "tasks/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tw_slice_kind_names[TW_SLICE_KINDS] = {
    [TW_SLICE_SOURCE] = "source", [TW_SLICE_LENGTH] = "length", [TW_SLICE_AGREEMENT] = "agreement"};

static const struct {
    const char *name;
    uint32_t most_tokens;
} lengths[] = {{"1-16", 16}, {"17-32", 32}, {"33-64", 64}, {"65-128", 128}, {"129-256", 256},
    {"257-512", 512}, {"over 512", UINT32_MAX}};

/* Values of each kind; two more for `not given` and `others`. */
static const uint32_t most_values[TW_SLICE_KINDS] = {[TW_SLICE_SOURCE] = TW_FINDINGS_SOURCES,
    [TW_SLICE_LENGTH] = sizeof lengths / sizeof lengths[0],
    [TW_SLICE_AGREEMENT] = 101};

/* ---- slices ---- */

struct key {
    enum tw_slice_what what;
    uint32_t rank;
    struct tw_text name;
};

static int compare_key(const struct key *key, const struct tw_slice *slice)
{
    if (key->what != slice->what)
        return key->what < slice->what ? -1 : 1;
    if (key->rank != slice->rank)
        return key->rank < slice->rank ? -1 : 1;
    return tw_text_compare(key->name, tw_text_of(slice->name));
}

static struct tw_slice *insert_slice(struct tw_slices *slices, uint32_t at, const struct key *key)
{
    struct tw_slice *slice = &slices->items[at];
    memmove(slice + 1, slice, (slices->count - at) * sizeof *slice);
    *slice = (struct tw_slice){.what = key->what, .rank = key->rank};
    memcpy(slice->name, key->name.bytes, key->name.length); /* zeroed, and shorter than its room */
    slices->count++;
    slices->given = slices->given || key->what != TW_SLICE_NOT_GIVEN;
    return slice;
}

static uint32_t values_of(const struct tw_slices *slices)
{
    uint32_t values = 0;
    while (values < slices->count && slices->items[values].what == TW_SLICE_VALUE)
        values++;
    return values;
}

/* The slice of that key, made if it is new; that of `others` when there are as many as may be. */
static struct tw_slice *find_slice(struct tw_findings *findings, enum tw_slice_kind kind, struct key key)
{
    struct tw_slices *slices = &findings->slices[kind];
    for (;;) {
        uint32_t at = 0;
        int order = 1;
        while (at < slices->count && (order = compare_key(&key, &slices->items[at])) > 0)
            at++;
        if (at < slices->count && order == 0)
            return &slices->items[at];
        if (key.what != TW_SLICE_VALUE || values_of(slices) < most_values[kind])
            return insert_slice(slices, at, &key);
        key = (struct key){.what = TW_SLICE_OTHERS, .name = tw_text_of("")};
    }
}

static struct key source_key(const struct tw_record *record)
{
    struct tw_text source = record->document.source;
    if (source.length == 0)
        return (struct key){.what = TW_SLICE_NOT_GIVEN, .name = tw_text_of("")};
    if (source.length >= TW_SLICE_NAME_BYTES)
        return (struct key){.what = TW_SLICE_OTHERS, .name = tw_text_of("")};
    return (struct key){.name = source};
}

static struct key length_key(const struct tw_record *record)
{
    uint32_t rank = 0;
    while (record->document.token_count > lengths[rank].most_tokens)
        rank++;
    return (struct key){.rank = rank, .name = tw_text_of(lengths[rank].name)};
}

static struct tw_slice *agreement_slice(struct tw_findings *findings, const struct tw_record *record)
{
    char name[16];
    struct key key = {.what = TW_SLICE_NOT_GIVEN, .name = tw_text_of("")};
    if (record->annotations.agreement >= 0) {
        snprintf(name, sizeof name, "%d", record->annotations.agreement);
        key = (struct key){.rank = (uint32_t)record->annotations.agreement, .name = tw_text_of(name)};
    }
    return find_slice(findings, TW_SLICE_AGREEMENT, key);
}

void tw_findings_slice_title(enum tw_slice_kind kind, const struct tw_slice *slice, char *title, size_t size)
{
    static const char *const units[TW_SLICE_KINDS] = {
        [TW_SLICE_SOURCE] = "", [TW_SLICE_LENGTH] = " tokens", [TW_SLICE_AGREEMENT] = "%"};
    if (slice->what == TW_SLICE_VALUE)
        snprintf(title, size, "%s%s", slice->name, units[kind]);
    else
        snprintf(title, size, "%s", slice->what == TW_SLICE_OTHERS ? "others" : "not given");
}

/* ---- the worst errors ---- */

/* Cut to fit where a character begins, and then said so by an ellipsis. */
static void copy_cut(char *to, size_t size, struct tw_text text)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t length = text.length;
    if (length >= size) {
        length = size - sizeof ellipsis;
        while (length > 0 && ((unsigned char)text.bytes[length] & 0xC0) == 0x80)
            length--;
    }
    if (length)
        memcpy(to, text.bytes, length);
    snprintf(to + length, size - length, "%s", length < text.length ? ellipsis : "");
}

static float confidence_of(const struct tw_score *score)
{
    const float probabilities[TW_CLASSES] = {score->negative, score->neutral, score->positive};
    return probabilities[tw_label_of(score)];
}

/* Where it would stand among the worst; `most` when it does not belong there. */
static uint32_t place_among(const struct tw_worst *worst, float confidence)
{
    uint32_t at = worst->count;
    while (at > 0 && confidence > confidence_of(&worst->items[at - 1].score))
        at--;
    return at;
}

static void note_error(struct tw_worst *worst, const struct tw_record *record, struct tw_text entity,
    int32_t label, const struct tw_score *score)
{
    const struct tw_document *document = &record->document;
    uint32_t predicted = tw_label_of(score);
    if ((uint32_t)label == predicted)
        return;
    uint32_t at = place_among(worst, confidence_of(score));
    if (at >= worst->most)
        return;
    uint32_t kept = worst->count < worst->most ? worst->count : worst->most - 1;
    struct tw_worst_error *error = &worst->items[at];
    memmove(error + 1, error, (kept - at) * sizeof *error);
    worst->count = kept + 1;
    *error = (struct tw_worst_error){.line = (uint64_t)document->message->offset,
        .label = (uint32_t)label,
        .predicted = predicted,
        .score = *score};
    copy_cut(error->text, sizeof error->text, document->text);
    copy_cut(error->id, sizeof error->id, document->id);
    copy_cut(error->entity, sizeof error->entity, entity);
}

/* ---- counting ---- */

static bool conflicts(const struct tw_record *record)
{
    bool seen[TW_CLASSES] = {false};
    for (uint32_t at = 0; at < record->annotations.entity_count; at++)
        if (record->annotations.entities[at].label >= 0)
            seen[record->annotations.entities[at].label] = true;
    return seen[0] && seen[2];
}

static void add_document(
    struct tw_findings *findings, struct tw_slice *const *slices, const struct tw_record *record)
{
    const struct tw_score *score = &record->document.score;
    uint32_t label = (uint32_t)record->annotations.label;
    tw_measures_add(&findings->documents, label, score);
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++)
        tw_measures_add(&slices[kind]->documents, label, score);
    note_error(&findings->worst_documents, record, tw_text_of(""), record->annotations.label, score);
}

static void add_entity(struct tw_findings *findings, struct tw_slice *const *slices,
    const struct tw_record *record, uint32_t nth)
{
    const struct tw_annotated_entity *entity = &record->annotations.entities[nth];
    const struct tw_score *score = tw_predict_lines_entity_score(record, nth);
    uint32_t label = (uint32_t)entity->label;
    tw_measures_add(&findings->entities, label, score);
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++)
        tw_measures_add(&slices[kind]->entities, label, score);
    note_error(&findings->worst_entities, record, entity->name, entity->label, score);
}

static void add_conflicts(struct tw_conflicts *found, const struct tw_record *record)
{
    bool conflicting = conflicts(record);
    bool right = true;
    for (uint32_t at = 0; at < record->annotations.entity_count; at++) {
        const struct tw_score *score = tw_predict_lines_entity_score(record, at);
        if (record->annotations.entities[at].label < 0)
            continue;
        tw_measures_add(conflicting ? &found->entities : &found->other_entities,
            (uint32_t)record->annotations.entities[at].label, score);
        right = right && tw_label_of(score) == (uint32_t)record->annotations.entities[at].label;
    }
    found->records += conflicting;
    found->wholly_right += conflicting && right;
}

void tw_findings_add(struct tw_findings *findings, const struct tw_record *record)
{
    struct tw_slice *const slices[TW_SLICE_KINDS] = {
        [TW_SLICE_SOURCE] = find_slice(findings, TW_SLICE_SOURCE, source_key(record)),
        [TW_SLICE_LENGTH] = find_slice(findings, TW_SLICE_LENGTH, length_key(record)),
        [TW_SLICE_AGREEMENT] = agreement_slice(findings, record)};
    findings->records++;
    if (record->annotations.label >= 0)
        add_document(findings, slices, record);
    for (uint32_t at = 0; at < record->annotations.entity_count; at++)
        if (record->annotations.entities[at].label >= 0)
            add_entity(findings, slices, record, at);
    add_conflicts(&findings->conflicts, record);
}

/* ---- life ---- */

static bool worst_begin(struct tw_worst *worst, uint32_t most)
{
    worst->most = most;
    worst->items = calloc((size_t)most + 1, sizeof *worst->items);
    return worst->items != NULL;
}

bool tw_findings_new(uint32_t most_worst, struct tw_findings **out, struct tw_error *err)
{
    struct tw_findings *findings = calloc(1, sizeof *findings);
    bool made = findings && worst_begin(&findings->worst_documents, most_worst) &&
                worst_begin(&findings->worst_entities, most_worst);
    for (int kind = 0; made && kind < TW_SLICE_KINDS; kind++) {
        findings->slices[kind].items = calloc((size_t)most_values[kind] + 2, sizeof(struct tw_slice));
        made = findings->slices[kind].items != NULL;
    }
    *out = made ? findings : NULL;
    if (made)
        return true;
    tw_findings_free(findings);
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for an evaluation");
}

void tw_findings_free(struct tw_findings *findings)
{
    if (!findings)
        return;
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++)
        free(findings->slices[kind].items);
    free(findings->worst_documents.items);
    free(findings->worst_entities.items);
    free(findings);
}

/* ---- as JSON ---- */

/* A number, or null when nothing was counted (or the model gave none). */
static void write_number(FILE *out, const char *name, double value, uint64_t n)
{
    if (n && isfinite(value))
        fprintf(out, "\"%s\":%.9g", name, value);
    else
        fprintf(out, "\"%s\":null", name);
}

static void write_measure(FILE *out, const char *name, double value, uint64_t n)
{
    fputc(',', out);
    write_number(out, name, value, n);
}

static void write_class(FILE *out, uint32_t class, const struct tw_class_report *report)
{
    struct tw_class_rate rates[TW_CLASS_RATES];
    tw_measures_rates(report, rates);
    fprintf(out, "%s\"%s\":{", class ? "," : "", tw_class_name(class));
    for (size_t at = 0; at < TW_CLASS_RATES; at++) {
        write_number(out, rates[at].name, rates[at].value, rates[at].n);
        fputc(',', out);
    }
    fprintf(out, "\"n\":%llu}", (unsigned long long)report->support);
}

static void write_measures(FILE *out, const struct tw_metric_report *report)
{
    fprintf(out, "\"n\":%llu", (unsigned long long)report->n);
    write_measure(out, "accuracy", report->accuracy, report->n);
    write_measure(out, "macro_f1", report->macro_f1, report->n);
    write_measure(out, "ece", report->ece, report->n);
}

static void write_whole(FILE *out, const char *level, const struct tw_measures *measures)
{
    struct tw_metric_report report = tw_measures_report(measures);
    fprintf(out, "\"%s\":{", level);
    write_measures(out, &report);
    fputs(",\"per_class\":{", out);
    for (uint32_t class = 0; class < TW_CLASSES; class ++)
        write_class(out, class, &report.classes[class]);
    fputs("},\"confusion\":[", out);
    for (uint32_t label = 0; label < TW_CLASSES; label++)
        fprintf(out, "%s[%llu,%llu,%llu]", label ? "," : "",
            (unsigned long long)measures->confusion[label][0],
            (unsigned long long)measures->confusion[label][1],
            (unsigned long long)measures->confusion[label][2]);
    fputs("]}", out);
}

static void write_part(FILE *out, const char *level, const struct tw_measures *measures)
{
    struct tw_metric_report report = tw_measures_report(measures);
    fprintf(out, ",\"%s\":{", level);
    write_measures(out, &report);
    fputc('}', out);
}

static void write_slice(FILE *out, const struct tw_slice *slice)
{
    fputs("{\"value\":", out);
    if (slice->what == TW_SLICE_VALUE)
        tw_record_write_json_text(out, tw_text_of(slice->name));
    else
        fputs(slice->what == TW_SLICE_OTHERS ? "null,\"others\":true" : "null", out);
    write_part(out, "documents", &slice->documents);
    write_part(out, "entities", &slice->entities);
    fputc('}', out);
}

static void write_slices(FILE *out, const char *name, const struct tw_slices *slices)
{
    fprintf(out, "\"%s\":[", name);
    for (uint32_t at = 0; slices->given && at < slices->count; at++) {
        fputs(at ? "," : "", out);
        write_slice(out, &slices->items[at]);
    }
    fputc(']', out);
}

void tw_findings_json(const struct tw_findings *findings, FILE *out)
{
    const struct tw_conflicts *found = &findings->conflicts;
    fputc('{', out);
    write_whole(out, "documents", &findings->documents);
    fputc(',', out);
    write_whole(out, "entities", &findings->entities);
    fprintf(out, ",\"conflicting\":{\"records\":%llu,\"wholly_right\":%llu,",
        (unsigned long long)found->records, (unsigned long long)found->wholly_right);
    write_whole(out, "entities", &found->entities);
    fputc(',', out);
    write_whole(out, "other_entities", &found->other_entities);
    fputs("},\"slices\":{", out);
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++) {
        fputs(kind ? "," : "", out);
        write_slices(out, tw_slice_kind_names[kind], &findings->slices[kind]);
    }
    fputs("}}\n", out);
}
