/* quantize: a model folder to one with 8-bit weights. Nothing is written before the end, so a signal ends it
 * as it ends any program. */
#include "cli/command.h"

#include "base/clock.h"
#include "config/classifier_options.h"
#include "config/config.h"
#include "observe/processors.h"
#include "quantise/quantise_folder.h"
#include "terminal/progress.h"

#include <stdio.h>

enum { ARENA_BYTES = 16 << 20, MOST_STATUS = 96 };

struct options {
    const char *config, *model, *output, *calibrate;
};

struct quantize {
    struct tw_arena arena;
    struct tw_config config;
    const struct options *options;
    struct tw_show show;
};

static void show_measuring(void *context, size_t done, size_t all)
{
    struct quantize *quantize = context;
    char text[MOST_STATUS];
    snprintf(text, sizeof text, "measuring: map %zu of %zu", done + 1, all);
    tw_show_status(&quantize->show, text);
}

static void show_refused(void *context, const struct tw_error *why)
{
    struct quantize *quantize = context;
    char line[1200], named[1300];
    tw_error_line(why, line, sizeof line);
    snprintf(named, sizeof named, "tapewatch quantize: %s", line);
    tw_show_line(&quantize->show, named);
}

static void print_result(
    const struct options *options, const struct tw_quantise_summary *summary, double seconds)
{
    char measured[256] =
        "nothing was measured (--calibrate FILE does), so model.precision: auto stays with fp32";
    if (summary->measured)
        snprintf(measured, sizeof measured,
            "%.2f%% of %zu labels of %zu texts as in fp32, a loss of %.2g nats", 100.0 * summary->agreement,
            summary->labels, summary->texts, summary->loss);
    fprintf(stderr, "%s: %.1f MB of weights to %.1f MB; %zu of %zu maps stay fp32; %s; %.1f s\n",
        options->output, (double)summary->bytes_before / 1e6, (double)summary->bytes_after / 1e6,
        summary->fp32_maps, summary->maps, measured, seconds);
}

static int quantise(struct quantize *quantize, struct tw_error *err)
{
    const struct options *options = quantize->options;
    const uint64_t began_us = tw_now_us();
    struct tw_quantise_summary summary;
    char why[64];
    struct tw_quantise_call call = {.model = options->model,
        .output = options->output,
        .calibration = options->calibrate,
        .decode = quantize->config.decode,
        .stamp_us = tw_wall_us(),
        .threads = tw_processors(why, sizeof why),
        .gemm = tw_gemm_choice_names[quantize->config.gemm.backend],
        .on_refused = show_refused,
        .on_measuring = show_measuring,
        .context = quantize};
    if (!call.model && !tw_config_model_folder(&quantize->config, &quantize->arena, &call.model, err))
        return tw_command_failed(err);
    tw_show_begin(&quantize->show, stderr);
    bool done = tw_quantise_folder(&call, &summary, err);
    tw_show_end(&quantize->show);
    if (!done)
        return tw_command_failed(err);
    print_result(options, &summary, (double)(tw_now_us() - began_us) / 1e6);
    return summary.refused ? tw_exit_status(TW_REFUSED) : 0;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct quantize quantize = {.options = line->options};
    bool ready =
        tw_arena_begin(&quantize.arena, ARENA_BYTES, err) &&
        tw_command_config_load(quantize.options->config, true, &quantize.arena, &quantize.config, err);
    int status = ready ? quantise(&quantize, err) : tw_command_failed(err);
    tw_arena_end(&quantize.arena);
    return status;
}

static const struct tw_option rows[] = {
    {"model", 'm', "FOLDER", TW_INTO_PATH(struct options, model),
        .help = "the model in fp32, a Hugging Face folder (default: that of the configuration)"},
    {"output", 'o', "FOLDER", TW_INTO_PATH(struct options, output), .required = true,
        .help = "the folder that is made, whole or not at all"},
    {"calibrate", 0, "FILE", TW_INTO_PATH(struct options, calibrate),
        .help =
            "texts or JSON records of the model's kind: what is lost is measured on them, and kept small"},
    TW_OPTION_CONFIG(struct options, config),
};

const struct tw_command tw_command_quantize = {
    .name = "quantize",
    .group = "make",
    .summary = "a model's weights in 8 bits: twice as fast or more, with what it costs measured",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
