#include "attribute/attribute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pulse.h"
#include "base/size.h"
#include "model/encoder.h"
#include "model/heads.h"
#include "train/backward.h"

/* Lobatto's rule of five points on [-1, 1]: exact for polynomials up to degree 7. */
enum { NODES = 5, NEW_NODES = NODES - 2, POINTS_OF_A_SPLIT = 2 * NEW_NODES };
static const double node_places[NODES] = {-1.0, -0.6546536707079771, 0.0, 0.6546536707079771, 1.0};
static const double node_weights[NODES] = {1.0 / 10.0, 49.0 / 90.0, 32.0 / 45.0, 49.0 / 90.0, 1.0 / 10.0};

/* The line begins as this many panels. Below the first limit errors are small, in parts of logit - base;
 * below the second they are small whatever that is: logits are sums of fp32. */
enum { FIRST_PANELS = 2, FIRST_POINTS = FIRST_PANELS * (NODES - 1) + 1 };
static const double small_share = 0.02, small_always = 2e-4;

enum { POINTS_MOST = 260, PANELS_MOST = (POINTS_MOST - FIRST_POINTS) / POINTS_OF_A_SPLIT + FIRST_PANELS };

/* One point of the line, 0: the baseline, 1: the text. */
struct point {
    double place;
    float logit;
};

struct panel {
    uint32_t nodes[NODES]; /* numbers of points */
    double error;          /* what the logit gains over it, less what the rule makes of the slopes */
};

struct tw_attributor {
    struct tw_model model; /* a view of the caller's, with a word embedding of our own rows */
    const float *words;    /* the caller's */
    struct tw_workspace workspace;
    struct tw_backward backward;
    struct tw_pulse *pulse; /* may be NULL */
    size_t budget;
    /* Of the points that are encoded together. */
    float *rows;                  /* [workspace.max_tokens, hidden]: the word embedding */
    int32_t *numbers;             /* [workspace.max_tokens]: 0, 1, 2, ...: the ids */
    uint32_t *starts;             /* [max_head_rows + 1] */
    struct tw_entity_span *spans; /* [max_head_rows] */
    float *d_logits;              /* [max_head_rows, labels] */
    /* Of the text. */
    struct point points[POINTS_MOST];
    float *slopes; /* [POINTS_MOST, max_sequence]: of each point, of each token */
    size_t point_count;
    struct panel panels[PANELS_MOST];
    size_t panel_count;
    struct tw_arena arena;
};

/* --- points --------------------------------------------------------------------------------------------- */

/* How many points of a text are encoded together. */
static size_t points_at_once(const struct tw_attributor *attributor, size_t tokens)
{
    size_t fitting = attributor->workspace.max_tokens / tokens;
    return fitting < attributor->workspace.max_head_rows ? fitting : attributor->workspace.max_head_rows;
}

/* The rows of `count` points from number `first` on, as a batch. */
static struct tw_packed blend(
    struct tw_attributor *attributor, const struct tw_attribute_call *call, size_t first, size_t count)
{
    const size_t hidden = attributor->model.config.hidden;
    float *row = attributor->rows;
    for (size_t point = 0; point < count; point++) {
        const float place = (float)attributor->points[first + point].place;
        attributor->starts[point] = (uint32_t)(point * call->count);
        attributor->spans[point] = (struct tw_entity_span){(uint32_t)point, call->begin, call->end};
        for (size_t token = 0; token < call->count; token++, row += hidden) {
            const float *from = attributor->words + (size_t)call->baseline[token] * hidden;
            const float *to = attributor->words + (size_t)call->ids[token] * hidden;
            for (size_t at = 0; at < hidden; at++)
                row[at] = (1.0f - place) * from[at] + place * to[at]; /* exact at both ends */
        }
    }
    attributor->starts[count] = (uint32_t)(count * call->count);
    return (struct tw_packed){.ids = attributor->numbers, .starts = attributor->starts, .count = count};
}

static bool refuse_numbers(const struct tw_attributor *attributor, const char *what, struct tw_error *err)
{
    const char *name = attributor->model.file_name;
    return tw_fail(err, TW_CONFIG, name ? name : TW_FILE_WEIGHTS, "take another checkpoint",
        "the weights make %s that are no numbers", what);
}

/* head_logits of a batch of points. */
static bool run_forward(struct tw_attributor *attributor, const struct tw_attribute_call *call,
    const struct tw_head *head, const struct tw_packed *batch, struct tw_error *err)
{
    struct tw_workspace *workspace = &attributor->workspace;
    const size_t labels = attributor->model.config.labels;
    if (!tw_pulse_beat(attributor->pulse))
        return tw_pulse_stopped(err);
    if (!tw_encode(&attributor->model, batch, workspace, err))
        return false;
    if (call->of_entity)
        tw_head_gather_entities(&attributor->model, batch, workspace, attributor->spans, batch->count);
    else
        tw_head_gather_documents(&attributor->model, batch, workspace, 0, batch->count);
    if (!tw_head_run(&attributor->model, head, workspace, NULL, batch->count, err))
        return false;
    for (size_t at = 0; at < batch->count * labels; at++)
        if (!isfinite(workspace->head_logits[at]))
            return refuse_numbers(attributor, "logits", err);
    return true;
}

/* The gradient of one logit of each point, by its rows. */
static bool run_back(struct tw_attributor *attributor, const struct tw_attribute_call *call,
    const struct tw_head *head, const struct tw_packed *batch, struct tw_error *err)
{
    const size_t labels = attributor->model.config.labels;
    memset(attributor->d_logits, 0, batch->count * labels * sizeof *attributor->d_logits);
    for (size_t point = 0; point < batch->count; point++)
        attributor->d_logits[point * labels + call->column] = 1.0f;
    tw_backward_begin(&attributor->backward, batch);
    return tw_backward_head(&attributor->backward, batch, head, call->of_entity ? attributor->spans : NULL, 0,
               NULL, batch->count, attributor->d_logits, err) &&
           tw_backward_encoder(&attributor->backward, batch, err);
}

/* A token's slope: its gradient along the line. */
static bool take_slopes(struct tw_attributor *attributor, const struct tw_attribute_call *call, size_t first,
    size_t count, struct tw_error *err)
{
    const size_t hidden = attributor->model.config.hidden;
    const float *gradient = attributor->backward.d_hidden;
    for (size_t point = 0; point < count; point++) {
        float *slopes = attributor->slopes + (first + point) * attributor->workspace.max_sequence;
        for (size_t token = 0; token < call->count; token++, gradient += hidden) {
            const float *from = attributor->words + (size_t)call->baseline[token] * hidden;
            const float *to = attributor->words + (size_t)call->ids[token] * hidden;
            double sum = 0.0;
            for (size_t at = 0; at < hidden; at++)
                sum += (double)gradient[at] * (double)(to[at] - from[at]);
            if (!isfinite(sum))
                return refuse_numbers(attributor, "gradients", err);
            slopes[token] = (float)sum;
        }
    }
    return true;
}

/* Logit and slopes of the points from number `first` on. */
static bool look_at_points(struct tw_attributor *attributor, const struct tw_attribute_call *call,
    size_t first, struct tw_error *err)
{
    const size_t labels = attributor->model.config.labels;
    const size_t most = points_at_once(attributor, call->count);
    const struct tw_head head =
        tw_head_of(&attributor->model, call->of_entity ? TW_PART_ENTITY : TW_PART_DOCUMENT);
    for (size_t count; first < attributor->point_count; first += count) {
        const size_t left = attributor->point_count - first;
        count = left < most ? left : most;
        const struct tw_packed batch = blend(attributor, call, first, count);
        if (!run_forward(attributor, call, &head, &batch, err) ||
            !run_back(attributor, call, &head, &batch, err) ||
            !take_slopes(attributor, call, first, count, err))
            return false;
        for (size_t point = 0; point < count; point++)
            attributor->points[first + point].logit =
                attributor->workspace.head_logits[point * labels + call->column];
    }
    return true;
}

/* --- panels --------------------------------------------------------------------------------------------- */

static double place_of(const struct tw_attributor *attributor, const struct panel *panel, size_t node)
{
    return attributor->points[panel->nodes[node]].place;
}

/* Half the panel's width times the weight of a node. */
static double factor_of(const struct tw_attributor *attributor, const struct panel *panel, size_t node)
{
    return node_weights[node] / 2.0 *
           (place_of(attributor, panel, NODES - 1) - place_of(attributor, panel, 0));
}

/* New points for all nodes that a panel does not share: at least those between its ends. */
static void add_points(struct tw_attributor *attributor, struct panel *panel, double begin, double end)
{
    for (size_t node = 1; node + 1 < NODES; node++) {
        panel->nodes[node] = (uint32_t)attributor->point_count;
        attributor->points[attributor->point_count++].place =
            (begin + end) / 2.0 + (end - begin) / 2.0 * node_places[node];
    }
}

static void begin_panels(struct tw_attributor *attributor)
{
    attributor->point_count = 0;
    attributor->panel_count = 0;
    for (size_t edge = 0; edge <= FIRST_PANELS; edge++)
        attributor->points[attributor->point_count++].place = (double)edge / FIRST_PANELS;
    for (size_t at = 0; at < FIRST_PANELS; at++) {
        struct panel *panel = &attributor->panels[attributor->panel_count++];
        panel->nodes[0] = (uint32_t)at;
        panel->nodes[NODES - 1] = (uint32_t)at + 1;
        add_points(attributor, panel, attributor->points[at].place, attributor->points[at + 1].place);
    }
}

/* Two panels in place of one: its middle becomes the end they share. */
static void split_panel(struct tw_attributor *attributor, struct panel *panel)
{
    struct panel *right = &attributor->panels[attributor->panel_count++];
    const double begin = place_of(attributor, panel, 0), end = place_of(attributor, panel, NODES - 1);
    const uint32_t middle = panel->nodes[NODES / 2];
    const double half = attributor->points[middle].place;
    right->nodes[0] = middle;
    right->nodes[NODES - 1] = panel->nodes[NODES - 1];
    panel->nodes[NODES - 1] = middle;
    add_points(attributor, panel, begin, half);
    add_points(attributor, right, half, end);
}

/* The errors of all panels; returns them added up, each for what it is, so that none undoes another. */
static double find_errors(struct tw_attributor *attributor, size_t tokens)
{
    double all = 0.0;
    for (size_t at = 0; at < attributor->panel_count; at++) {
        struct panel *panel = &attributor->panels[at];
        double sum = 0.0;
        for (size_t node = 0; node < NODES; node++) {
            const float *slopes =
                attributor->slopes + panel->nodes[node] * attributor->workspace.max_sequence;
            double slope = 0.0;
            for (size_t token = 0; token < tokens; token++)
                slope += (double)slopes[token];
            sum += factor_of(attributor, panel, node) * slope;
        }
        panel->error = (double)attributor->points[panel->nodes[NODES - 1]].logit -
                       (double)attributor->points[panel->nodes[0]].logit - sum;
        all += fabs(panel->error);
    }
    return all;
}

static int by_error(const void *left, const void *right)
{
    const double one = fabs(((const struct panel *)left)->error);
    const double other = fabs(((const struct panel *)right)->error);
    return (one < other) - (one > other);
}

/* Halves the worst panels, as many as must be and as the budget has points for. False: it has none. */
static bool split_worst(struct tw_attributor *attributor, double errors, double small, size_t points_most)
{
    const size_t panels = attributor->panel_count, before = attributor->point_count;
    qsort(attributor->panels, panels, sizeof *attributor->panels, by_error);
    for (size_t at = 0;
         at < panels && errors > small / 2.0 && attributor->point_count + POINTS_OF_A_SPLIT <= points_most;
         at++) {
        errors -= fabs(attributor->panels[at].error);
        split_panel(attributor, &attributor->panels[at]);
    }
    return attributor->point_count > before;
}

/* --- one text ------------------------------------------------------------------------------------------- */

static bool check_call(
    const struct tw_attributor *attributor, const struct tw_attribute_call *call, struct tw_error *err)
{
    const struct tw_model *model = &attributor->model;
    if (call->of_entity ? !model->has_entity_head : !model->has_head)
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "the model has no head for %s",
            call->of_entity ? "entities" : "documents");
    if (call->count == 0 || call->count > attributor->workspace.max_sequence)
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "a text of %zu tokens, where 1 to %zu are taken",
            call->count, attributor->workspace.max_sequence);
    if (call->of_entity && (call->begin >= call->end || call->end > call->count))
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "tokens [%u, %u) are not in a text of %zu",
            call->begin, call->end, call->count);
    if (call->column >= model->config.labels)
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "there is no logit %zu", call->column);
    for (size_t at = 0; at < call->count; at++) {
        const int32_t ids[] = {call->ids[at], call->baseline[at]};
        for (size_t which = 0; which < 2; which++)
            if (ids[which] < 0 || (size_t)ids[which] >= model->config.vocabulary)
                return tw_fail(
                    err, TW_INTERNAL, "attribute", NULL, "id %d is not in the vocabulary", ids[which]);
    }
    return true;
}

static size_t points_most(const struct tw_attributor *attributor, const struct tw_attribute_call *call)
{
    const size_t fitting = attributor->budget / call->count;
    return fitting < POINTS_MOST ? fitting : POINTS_MOST;
}

/* The rule over all panels; their order is that of their errors, which the text decides. */
static void add_up(const struct tw_attributor *attributor, size_t tokens, double *weights)
{
    for (size_t token = 0; token < tokens; token++)
        weights[token] = 0.0;
    for (size_t at = 0; at < attributor->panel_count; at++) {
        const struct panel *panel = &attributor->panels[at];
        for (size_t node = 0; node < NODES; node++) {
            const double factor = factor_of(attributor, panel, node);
            const float *slopes =
                attributor->slopes + panel->nodes[node] * attributor->workspace.max_sequence;
            for (size_t token = 0; token < tokens; token++)
                weights[token] += factor * (double)slopes[token];
        }
    }
}

void tw_attributor_watch(struct tw_attributor *attributor, struct tw_pulse *pulse)
{
    attributor->pulse = pulse;
}

bool tw_attribute_logits(struct tw_attributor *attributor, const struct tw_attribute_call *call,
    float *logits, struct tw_error *err)
{
    struct tw_attribute_call own = *call;
    own.baseline = call->ids;
    own.column = 0;
    if (!check_call(attributor, &own, err))
        return false;
    attributor->points[0].place = 1.0;
    const struct tw_packed batch = blend(attributor, &own, 0, 1);
    const struct tw_head head =
        tw_head_of(&attributor->model, own.of_entity ? TW_PART_ENTITY : TW_PART_DOCUMENT);
    if (!run_forward(attributor, &own, &head, &batch, err))
        return false;
    memcpy(logits, attributor->workspace.head_logits, attributor->model.config.labels * sizeof *logits);
    return true;
}

bool tw_attribute(struct tw_attributor *attributor, const struct tw_attribute_call *call, double *weights,
    struct tw_attribution *out, struct tw_error *err)
{
    if (!check_call(attributor, call, err))
        return false;
    const size_t most = points_most(attributor, call);
    double errors, small;
    begin_panels(attributor);
    for (size_t first = 0;;) {
        if (!look_at_points(attributor, call, first, err))
            return false;
        const double gain =
            (double)attributor->points[FIRST_PANELS].logit - (double)attributor->points[0].logit;
        errors = find_errors(attributor, call->count);
        small = small_share * fabs(gain) > small_always ? small_share * fabs(gain) : small_always;
        first = attributor->point_count;
        if (errors <= small || !split_worst(attributor, errors, small, most))
            break;
    }
    add_up(attributor, call->count, weights);
    *out = (struct tw_attribution){.base = attributor->points[0].logit,
        .logit = attributor->points[FIRST_PANELS].logit,
        .points = attributor->point_count,
        .settled = errors <= small};
    out->error = (double)out->logit - (double)out->base;
    for (size_t token = 0; token < call->count; token++)
        out->error -= weights[token];
    return true;
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool take_room(struct tw_attributor *attributor, struct tw_error *err)
{
    const struct tw_workspace *workspace = &attributor->workspace;
    const struct tw_model_config *config = &attributor->model.config;
    const size_t tokens = workspace->max_tokens, heads = workspace->max_head_rows;
    size_t rows, slopes, ids, logits, bytes;
    if (!tw_size_multiply(tokens, config->hidden * sizeof(float), &rows) ||
        !tw_size_multiply(workspace->max_sequence, POINTS_MOST * sizeof(float), &slopes) ||
        !tw_size_multiply(tokens, sizeof(int32_t), &ids) ||
        !tw_size_multiply(heads, config->labels * sizeof(float), &logits) ||
        !tw_size_add(rows, slopes, &bytes) || !tw_size_add(bytes, ids, &bytes) ||
        !tw_size_add(bytes, logits, &bytes) || !tw_size_add(bytes, heads * 16 + 4096, &bytes))
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "too large for this machine");
    if (!tw_arena_begin(&attributor->arena, bytes, err))
        return false;
    attributor->rows = tw_arena_aligned(&attributor->arena, rows);
    attributor->slopes = tw_arena_aligned(&attributor->arena, slopes);
    attributor->numbers = tw_arena_array(&attributor->arena, tokens, sizeof *attributor->numbers);
    attributor->starts = tw_arena_array(&attributor->arena, heads + 1, sizeof *attributor->starts);
    attributor->spans = tw_arena_array(&attributor->arena, heads, sizeof *attributor->spans);
    attributor->d_logits = tw_arena_aligned(&attributor->arena, logits);
    if (attributor->arena.full)
        return tw_arena_fail(&attributor->arena, err);
    for (size_t token = 0; token < tokens; token++)
        attributor->numbers[token] = (int32_t)token;
    return true;
}

static bool open_parts(
    struct tw_attributor *attributor, const struct tw_attributor_options *options, struct tw_error *err)
{
    const size_t longest =
        options->max_sequence ? options->max_sequence : attributor->model.config.max_positions;
    const struct tw_workspace_options workspace = {
        .max_tokens = longest, .max_sequence = longest, .compute = options->compute, .keep_layers = true};
    if (!tw_workspace_open(&attributor->model, &workspace, &attributor->workspace, err) ||
        !tw_backward_open_inputs(&attributor->model, &attributor->workspace, &attributor->backward, err) ||
        !take_room(attributor, err))
        return false;
    attributor->model.words = attributor->rows;
    return true;
}

bool tw_attributor_open(const struct tw_model *model, const struct tw_attributor_options *options,
    struct tw_attributor **out, struct tw_error *err)
{
    *out = NULL;
    if (model->int8)
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "8-bit weights have no gradients");
    struct tw_attributor *attributor = calloc(1, sizeof *attributor);
    if (!attributor)
        return tw_fail(err, TW_INTERNAL, "attribute", NULL, "out of memory");
    attributor->model = *model;
    attributor->words = model->words;
    attributor->budget = options->budget ? options->budget : TW_ATTRIBUTE_BUDGET;
    if (!open_parts(attributor, options, err)) {
        tw_attributor_close(attributor);
        return false;
    }
    *out = attributor;
    return true;
}

void tw_attributor_close(struct tw_attributor *attributor)
{
    if (!attributor)
        return;
    tw_backward_close(&attributor->backward);
    tw_workspace_close(&attributor->workspace);
    tw_arena_end(&attributor->arena);
    free(attributor);
}
