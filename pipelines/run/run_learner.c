#include "run/run_learner.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- opening ---- */

bool tw_run_learner_plan(struct tw_run_learner *learner, const size_t *items, size_t count,
    struct tw_arena *arena, struct tw_error *err)
{
    const struct tw_run_settings *settings = learner->settings;
    struct tw_run_plan *plan = &learner->plan;
    learner->items = tw_arena_array(arena, count, sizeof *learner->items);
    learner->order = tw_arena_array(arena, count, sizeof *learner->order);
    if (!learner->items || !learner->order)
        return tw_arena_fail(arena, err);
    memcpy(learner->items, items, count * sizeof *items);
    learner->count = count;
    plan->step_items = settings->batch * settings->accumulate;
    plan->epoch_steps = (count + plan->step_items - 1) / plan->step_items;
    plan->most_steps = settings->steps ? settings->steps : plan->epoch_steps * settings->epochs;
    uint64_t warmup = settings->warmup < 1 ? (uint64_t)(settings->warmup * (double)plan->most_steps)
                                           : (uint64_t)settings->warmup;
    learner->adamw = tw_adamw_defaults();
    learner->adamw.decay = settings->weight_decay;
    learner->adamw.most_norm = settings->clip;
    return tw_schedule_make(settings->schedule, plan->most_steps, warmup, &learner->schedule, err);
}

static bool has_own_precision(const struct tw_run_learner *learner)
{
    return tw_run_precision_is_bf16(learner->settings->precision);
}

/* What was opened to settle the precision serves the run. */
static bool open_compute(
    struct tw_run_learner *learner, const struct tw_run_precision *settled, struct tw_error *err)
{
    if (has_own_precision(learner) && !tw_compute_open(TW_GEMM_NAME_BF16, &learner->step_compute, err))
        return false;
    if (!settled || !settled->is_open)
        return tw_run_precision_open_fp32(learner->settings, &learner->compute, err);
    learner->compute = settled->compute;
    return true;
}

bool tw_run_learner_open_state(struct tw_run_learner *learner, const struct tw_run_precision *settled,
    const struct tw_state_options *options, struct tw_error *err)
{
    struct tw_state_options seeded = *options;
    seeded.seed = learner->settings->seed;
    seeded.averaged = learner->settings->average > 0;
    seeded.keeps_base = learner->settings->keep_base > 0;
    return open_compute(learner, settled, err) && tw_state_open(&seeded, &learner->state, err);
}

bool tw_run_learner_open_trainer(
    struct tw_run_learner *learner, const struct tw_trainer_options *options, struct tw_error *err)
{
    const struct tw_run_settings *settings = learner->settings;
    float dropout = (float)settings->dropout;
    struct tw_trainer_options filled = *options;
    filled.threads = settings->threads;
    filled.seed = settings->seed;
    filled.compute = has_own_precision(learner) ? &learner->step_compute : &learner->compute;
    filled.validation_compute = &learner->compute;
    filled.dropout = (struct tw_dropout_rates){dropout, dropout, dropout};
    return tw_trainer_open(learner->state, &filled, &learner->trainer, err);
}

void tw_run_learner_close(struct tw_run_learner *learner)
{
    tw_trainer_close(learner->trainer);
    tw_state_close(learner->state);
}

void tw_run_learner_name_machine(const struct tw_run_learner *learner, struct tw_progress *progress)
{
    /* Of steps, then of validations, which decide what is kept. */
    snprintf(progress->backend, sizeof progress->backend, "%s%s%s",
        has_own_precision(learner) ? tw_gemm_backend_name(learner->step_compute.gemm.backend) : "",
        has_own_precision(learner) ? "+" : "", tw_gemm_backend_name(learner->compute.gemm.backend));
    snprintf(progress->kernels, sizeof progress->kernels, "%s", learner->compute.kernels->name);
}

/* ---- steps ---- */

bool tw_run_learner_set_rates(struct tw_run_learner *learner, uint64_t step, size_t lowest)
{
    bool changed = lowest != learner->lowest;
    tw_state_set_rates(learner->state, learner->settings->layer_decay, lowest);
    learner->lowest = lowest;
    learner->adamw.rate = learner->settings->lr * tw_schedule_factor(&learner->schedule, step);
    return changed;
}

/* Every epoch has its own order, whatever was read before. */
static void order_items(struct tw_run_learner *learner, uint64_t epoch)
{
    if (learner->ordered_epoch == epoch + 1)
        return;
    memcpy(learner->order, learner->items, learner->count * sizeof *learner->order);
    tw_random_shuffle(
        learner->settings->seed, TW_RANDOM_ORDER, (uint32_t)epoch, learner->order, learner->count);
    learner->ordered_epoch = epoch + 1;
}

const size_t *tw_run_learner_items(struct tw_run_learner *learner, uint64_t step, size_t *count)
{
    const struct tw_run_plan *plan = &learner->plan;
    size_t first = (size_t)((step % plan->epoch_steps) * plan->step_items), left = learner->count - first;
    order_items(learner, step / plan->epoch_steps);
    *count = left < plan->step_items ? left : (size_t)plan->step_items;
    return learner->order + first;
}

void tw_run_learner_average(struct tw_run_learner *learner, uint64_t steps)
{
    if (learner->state->averages && steps % TW_RUN_AVERAGE_STEPS == 0)
        tw_state_average(learner->state, pow(learner->settings->average, TW_RUN_AVERAGE_STEPS),
            steps / TW_RUN_AVERAGE_STEPS);
}

void tw_run_learner_try(struct tw_run_learner *learner)
{
    tw_state_try(learner->state, learner->settings->keep_base);
}

void tw_run_learner_go_on(struct tw_run_learner *learner)
{
    tw_state_go_on(learner->state);
}

/* ---- writing ---- */

static enum tw_dtype dtype_of(const char *name)
{
    static const struct {
        const char *name;
        enum tw_dtype dtype;
    } dtypes[] = {{"f32", TW_F32}, {"f16", TW_F16}, {"bf16", TW_BF16}};
    for (size_t at = 0; at < sizeof dtypes / sizeof dtypes[0]; at++)
        if (strcmp(dtypes[at].name, name) == 0)
            return dtypes[at].dtype;
    return TW_F32;
}

static struct tw_save_options save_options(const struct tw_run_learner *learner)
{
    return (struct tw_save_options){.dtype = dtype_of(learner->settings->dtype),
        .tokenizer_folder = learner->origin.tokenizer_folder,
        .vocabulary = learner->origin.vocabulary,
        .keep = 1,
        .hidden_dropout = (float)learner->settings->dropout,
        .attention_dropout = (float)learner->settings->dropout};
}

/* The model is read-only to others; here its values are written, by their place in the state. */
static float *bias_of(const struct tw_run_learner *learner, const struct tw_linear *head)
{
    return learner->state->values + (head->bias - learner->state->values);
}

/* The heads have their class biases for as long as the model is written: training goes on without. */
static bool save_calibrated(const struct tw_run_learner *learner,
    const struct tw_run_publication *publication, const struct tw_save_options *options, struct tw_error *err)
{
    const struct tw_model *model = learner->state->model;
    const struct {
        bool there;
        const struct tw_linear *head;
        const float *class_biases;
    } heads[] = {{model->has_head, &model->classifier, publication->document_class_biases},
        {model->has_entity_head, &model->entity_classifier, publication->entity_class_biases}};
    enum { HEADS = sizeof heads / sizeof heads[0] };
    float kept[HEADS][TW_CLASSES];
    for (size_t at = 0; at < HEADS; at++)
        for (size_t class = 0; heads[at].there && class < TW_CLASSES; class ++) {
            float *bias = bias_of(learner, heads[at].head) + model->config.class_at[class];
            kept[at][class] = *bias;
            *bias += heads[at].class_biases[class];
        }
    bool saved = tw_model_save(learner->settings->output, learner->state, options, err);
    for (size_t at = 0; at < HEADS; at++)
        for (size_t class = 0; heads[at].there && class < TW_CLASSES; class ++)
            bias_of(learner, heads[at].head)[model->config.class_at[class]] = kept[at][class];
    return saved;
}

bool tw_run_learner_save_model(
    const struct tw_run_learner *learner, const struct tw_run_publication *publication, struct tw_error *err)
{
    struct tw_save_options options = save_options(learner);
    options.own_json = publication->own_json;
    options.card = publication->card;
    options.temperature = publication->temperature;
    return save_calibrated(learner, publication, &options, err);
}

bool tw_run_learner_save_checkpoint(const struct tw_run_learner *learner, const struct tw_progress *progress,
    const char *run_json, struct tw_error *err)
{
    struct tw_save_options options = save_options(learner);
    options.run_json = run_json;
    return tw_checkpoint_save(learner->settings->output, learner->state, progress, &options, err);
}
