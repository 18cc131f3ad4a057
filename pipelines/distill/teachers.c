#include "distill/teachers.h"

#include "base/file.h"
#include "distill/compatible.h"
#include "examples/fold.h"
#include "run/precision.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Every fold once: `folds[n]` is the folder that left out fold n + 1. */
static bool sort_folds(
    const struct tw_teachers *teachers, const char *folds[TW_FOLDS_MOST], struct tw_error *err)
{
    size_t count = teachers->folds->count;
    for (size_t at = 0; at < count; at++) {
        const char *folder = teachers->folds->items[at];
        struct tw_fold fold;
        if (!tw_fold_of_model(folder, &fold, err))
            return false;
        if (fold.of == 0)
            return tw_fail(err, TW_CONFIG, folder, "train it with finetune --leave-out 1/2, another with 2/2",
                "left no fold out");
        if (fold.of != count)
            return tw_fail(err, TW_CONFIG, folder, "name one teacher for each fold",
                "left out fold %u of %u, but %zu fold teachers are named", fold.number, fold.of, count);
        if (folds[fold.number - 1])
            return tw_fail(err, TW_CONFIG, folder, "name one teacher for each fold",
                "left out fold %u, as %s did", fold.number, folds[fold.number - 1]);
        folds[fold.number - 1] = folder;
    }
    return true;
}

bool tw_teachers_check(const struct tw_teachers *teachers, struct tw_error *err)
{
    const char *folds[TW_FOLDS_MOST] = {NULL};
    if (teachers->folds->count > TW_FOLDS_MOST)
        return tw_fail(err, TW_USAGE, NULL, "name one teacher for each fold", "more than %d fold teachers",
            TW_FOLDS_MOST);
    return sort_folds(teachers, folds, err) && tw_compatible_check_teachers(teachers->teacher,
                                                   teachers->folds->items, teachers->folds->count, err);
}

/* Of the records, those that the teacher of this fold answers for; of = 0: those that none of `folds`
 * does. */
static size_t choose(const struct tw_dataset *dataset, const size_t *records, size_t count,
    struct tw_fold fold, bool has_folds, size_t *out)
{
    size_t chosen = 0;
    for (size_t at = 0; at < count; at++) {
        uint64_t origin = dataset->examples[records[at]].origin;
        bool own = fold.of ? origin && tw_fold_holds(fold, origin) : !has_folds || !origin;
        if (own)
            out[chosen++] = records[at];
    }
    return chosen;
}

static bool ask_one(const struct tw_teachers *teachers, const char *teacher, const char *name,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct tw_arena *arena,
    struct tw_teacher_logits *out, struct tw_error *err)
{
    char cache[PATH_MAX];
    bool rounded = tw_run_precision_is_bf16(teachers->precision);
    const struct tw_teacher_logits_options options = {.teacher = teacher,
        .backend = rounded ? TW_GEMM_NAME_BF16 : teachers->gemm,
        .most_tokens = teachers->most_tokens,
        .threads = teachers->threads,
        .cache = cache,
        .watch = teachers->watch};
    return count == 0 || (tw_path_join(cache, sizeof cache, teachers->folder, name, err) &&
                             tw_teacher_logits_predict(&options, dataset, records, count, arena, out, err));
}

bool tw_teachers_predict(const struct tw_teachers *teachers, const struct tw_dataset *dataset,
    const size_t *records, size_t count, struct tw_arena *arena, struct tw_teacher_logits *out,
    struct tw_error *err)
{
    const char *folds[TW_FOLDS_MOST] = {NULL};
    uint32_t fold_count = (uint32_t)teachers->folds->count;
    size_t *chosen = tw_arena_array(arena, count, sizeof *chosen);
    if (!chosen)
        return tw_arena_fail(arena, err);
    if (!tw_teacher_logits_begin(dataset, arena, out, err) || !sort_folds(teachers, folds, err))
        return false;
    size_t own = choose(dataset, records, count, (struct tw_fold){0}, fold_count > 0, chosen);
    if (!ask_one(
            teachers, teachers->teacher, "teacher-logits.safetensors", dataset, chosen, own, arena, out, err))
        return false;
    for (uint32_t number = 1; number <= fold_count; number++) {
        char name[64];
        snprintf(name, sizeof name, "fold-%u-logits.safetensors", number);
        size_t held = choose(dataset, records, count, (struct tw_fold){number, fold_count}, true, chosen);
        if (!ask_one(teachers, folds[number - 1], name, dataset, chosen, held, arena, out, err))
            return false;
    }
    return true;
}
