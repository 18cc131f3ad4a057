#include "distill/own_answers.h"

#include <math.h>
#include <stdlib.h>

/* Logits whose softmax is `likelihood` for the label and what is left, in equal parts, for the others. */
static void answer_label(int32_t label, double likelihood, float *logits)
{
    for (int32_t class = 0; class < TW_CLASSES; class ++)
        logits[class] = (float)log(class == label ? likelihood : (1 - likelihood) / (TW_CLASSES - 1));
}

bool tw_own_answers_suffice(const struct tw_example *example, double likelihood)
{
    bool labelled = example->label >= 0;
    for (uint32_t entity = 0; entity < example->entity_count; entity++)
        labelled = labelled && example->entities[entity].label >= 0;
    return likelihood > 0 && example->learn_only && labelled;
}

void tw_own_answers_label(
    const struct tw_transfer *transfer, double likelihood, struct tw_teacher_logits *answers)
{
    const struct tw_dataset *dataset = transfer->records.dataset;
    if (likelihood <= 0)
        return;
    for (size_t at = 0; at < dataset->count; at++) {
        const struct tw_example *example = &dataset->examples[at];
        if (!example->learn_only)
            continue;
        if (example->label >= 0)
            answer_label(example->label, likelihood, answers->documents + at * TW_CLASSES);
        float *entities = answers->entities + answers->first_entity[at] * TW_CLASSES;
        for (uint32_t entity = 0; entity < example->entity_count; entity++)
            if (example->entities[entity].label >= 0)
                answer_label(example->entities[entity].label, likelihood, entities + entity * TW_CLASSES);
    }
}

/* ---- records and their copies ---- */

/* One that is learned, by what it was made from. */
struct member {
    uint64_t origin;
    size_t record;
};

static int by_origin(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    return (a->record > b->record) - (a->record < b->record);
}

static size_t list_members(const struct tw_labelled *records, struct member *members)
{
    size_t count = 0;
    for (size_t at = 0; at < records->training_count; at++) {
        const struct tw_example *example = &records->dataset->examples[records->training[at]];
        if (example->origin && !example->spliced)
            members[count++] = (struct member){example->origin, records->training[at]};
    }
    qsort(members, count, sizeof *members, by_origin);
    return count;
}

/* Adds the logarithms of the likelihoods of a row of logits to a sum. */
static void add_likelihoods(const float *row, double sum[TW_CLASSES])
{
    double most = row[0], whole = 0;
    for (int class = 1; class < TW_CLASSES; class ++)
        most = fmax(most, (double)row[class]);
    for (int class = 0; class < TW_CLASSES; class ++)
        whole += exp((double)row[class] - most);
    for (int class = 0; class < TW_CLASSES; class ++)
        sum[class] += (double)row[class] - most - log(whole);
}

/* The mean of these rows in the place of each of them. */
static void share_rows(float *const *rows, size_t count)
{
    double sum[TW_CLASSES] = {0};
    for (size_t at = 0; at < count; at++)
        add_likelihoods(rows[at], sum);
    for (size_t at = 0; at < count; at++)
        for (int class = 0; class < TW_CLASSES; class ++)
            rows[at][class] = (float)(sum[class] / (double)count);
}

/* Members of one origin: their texts, then each of their entities, which all of them have in one order. */
static void share_family(const struct tw_dataset *dataset, const struct member *members, size_t count,
    float **rows, struct tw_teacher_logits *answers)
{
    for (size_t at = 0; at < count; at++)
        rows[at] = answers->documents + members[at].record * TW_CLASSES;
    share_rows(rows, count);
    uint32_t entities = dataset->examples[members[0].record].entity_count;
    for (uint32_t entity = 0; entity < entities; entity++) {
        for (size_t at = 0; at < count; at++)
            rows[at] = answers->entities + (answers->first_entity[members[at].record] + entity) * TW_CLASSES;
        share_rows(rows, count);
    }
}

static bool belongs(const struct tw_dataset *dataset, const struct member *first, const struct member *other)
{
    return first->origin == other->origin &&
           dataset->examples[first->record].entity_count == dataset->examples[other->record].entity_count;
}

bool tw_own_answers_share(const struct tw_transfer *transfer, struct tw_arena *arena,
    struct tw_teacher_logits *answers, struct tw_error *err)
{
    const struct tw_labelled *records = &transfer->records;
    struct member *members = tw_arena_array(arena, records->training_count, sizeof *members);
    float **rows = tw_arena_array(arena, records->training_count, sizeof *rows);
    if (!members || !rows)
        return tw_arena_fail(arena, err);
    size_t count = list_members(records, members);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && belongs(records->dataset, &members[first], &members[end]);)
            end++;
        if (end - first > 1)
            share_family(records->dataset, members + first, end - first, rows, answers);
    }
    return true;
}
