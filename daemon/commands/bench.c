/* bench: how fast this model classifies a file on this machine, and with which kernels. Each row is the whole
 * way of a text: decode, clean, link, tokenize, classify, print; the file is read again for each row. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/file_command.h"
#include "cli/table.h"
#include "observe/processors.h"

#include "score/classify.h"

#include <stdio.h>
#include <string.h>

/* Of the model that is measured. */
static void print_kernels(const struct tw_classifier *classifier)
{
    char line[600];
    tw_classifier_gemm_report(classifier, line, sizeof line);
    printf("gemm %s\n", line);
}

static bool add_row(struct tw_table *table, uint32_t workers, const struct tw_task_counts *counts,
    double seconds, struct tw_error *err)
{
    char cells[4][32];
    const char *values[4] = {cells[0], cells[1], cells[2], cells[3]};
    snprintf(cells[0], sizeof cells[0], "%u", workers);
    snprintf(cells[1], sizeof cells[1], "%llu", (unsigned long long)counts->records);
    snprintf(cells[2], sizeof cells[2], "%.2f", seconds);
    snprintf(cells[3], sizeof cells[3], "%.0f", (double)counts->records / seconds);
    return tw_table_add(table, values, err);
}

/* One worker, then as many as were asked for. */
static bool run_rows(
    struct tw_offline_run *run, struct tw_table *table, struct tw_task_counts *counts, struct tw_error *err)
{
    uint32_t most = run->options.workers;
    for (uint32_t workers = 1; workers <= most; workers = workers < most ? most : most + 1) {
        uint64_t begin_us = tw_now_us();
        run->options.workers = workers;
        *counts = (struct tw_task_counts){0};
        if (!tw_task_classify(&run->options, counts, err) ||
            !add_row(table, workers, counts, (double)(tw_now_us() - begin_us) / 1e6, err))
            return false;
    }
    return true;
}

static bool measure(struct tw_offline_run *run, struct tw_task_counts *counts, struct tw_error *err)
{
    static const struct tw_column columns[] = {
        {"workers", true}, {"records", true}, {"seconds", true}, {"records/s", true}};
    FILE *nowhere = fopen("/dev/null", "we");
    if (!nowhere)
        return tw_fail_errno(err, TW_OUTPUT, "/dev/null", NULL, "cannot open");
    run->options.out = nowhere;
    struct tw_table *table = tw_table_new(columns, 4);
    bool done = table
                    ? run_rows(run, table, counts, err) && tw_table_print(table, TW_FORMAT_TABLE, stdout, err)
                    : tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    tw_table_free(table);
    fclose(nowhere);
    return done;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = line->options;
    if (strcmp(arguments->input, "-") == 0)
        return tw_command_usage("bench", err, "name a file of texts: it is read more than once");
    struct tw_offline_run run;
    struct tw_task_counts counts = {0};
    bool finished = tw_offline_open(line, false, &run, err);
    if (finished)
        print_kernels(run.classifier);
    finished = finished && measure(&run, &counts, err);
    return tw_offline_close(&run, finished, &counts, err);
}

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .required = true,
        .help = "texts or JSON records, as for classify"},
    TW_FILE_MODEL_ROW,
    TW_FILE_PRECISION_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_INPUT_FORM_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_LABELS_ROW,
    TW_FILE_RAW_ROW,
    TW_FILE_MAX_TOKENS_ROW,
    {"workers", 0, "N", TW_INTO_COUNT(struct tw_offline_arguments, workers), .most = 1024, .fallback = "0",
        .help = "threads: a row for 1, a row for N; 0: as many as processors"},
};

const struct tw_command tw_command_bench = {
    .name = "bench",
    .group = "models",
    .summary = "how fast a model classifies a file on this machine",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
