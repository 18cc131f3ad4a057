#include "learning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "random_model.h"
#include "tiny_model.h"
#include "training/finetune.h"

void given_records(const struct learning *learning)
{
    static const char *const labels[] = {"negative", "neutral", "positive"};
    static const char *const verbs[] = {"fell", "of", "rose"};
    char lines[12000];
    size_t used = 0;
    for (int at = 0; at < 48; at++)
        used += (size_t)snprintf(lines + used, sizeof lines - used,
            "{\"text\":\"shares %s to %d\",\"label\":\"%s\"}\n", verbs[at % 3], at, labels[at % 3]);
    given_file(learning->work, "texts.jsonl", lines, used);
    used = 0;
    for (int at = 0; at < 24; at++)
        used += (size_t)snprintf(lines + used, sizeof lines - used,
            "{\"text\":\"marine %s %d, general motors %s\",\"entities\":[{\"name\":\"Marine\",\"label\":\"%s\"},"
            "{\"name\":\"General Motors\",\"label\":\"%s\"}]}\n",
            verbs[at % 3], at, verbs[(at + 1) % 3], labels[at % 3], labels[(at + 1) % 3]);
    given_file(learning->work, "companies.jsonl", lines, used);
}

bool learning_begin(struct learning *learning)
{
    struct tw_error err;
    learning->decode = tw_decode_defaults();
    given_folder(learning->work);
    given_tiny_model(learning->base);
    given_records(learning);
    return tw_arena_begin(&learning->arena, 64 << 20, &err);
}

int learning_end(struct learning *learning)
{
    tw_arena_end(&learning->arena);
    remove_folder(learning->base);
    remove_folder(learning->work);
    return 0;
}

static bool stopped(void *context)
{
    const struct seen *seen = context;
    return seen->stop_at && seen->steps >= seen->stop_at;
}

static void note_progress(void *context, const struct tw_run_progress *progress)
{
    struct seen *seen = context;
    seen->steps = progress->step;
}

static void note_evaluation(void *context, const struct tw_run_validated *evaluation)
{
    struct seen *seen = context;
    if (seen->evaluations++ == 0) {
        seen->first_loss = evaluation->loss;
        seen->first_step = evaluation->step;
    }
    seen->last_loss = evaluation->loss;
}

static void note_line(void *context, const char *line)
{
    struct seen *seen = context;
    (void)line;
    seen->lines++;
}

const char *in_work(struct learning *learning, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", learning->work, name);
    return tw_arena_copy(&learning->arena, tw_text_of(path)).bytes;
}

struct tw_run_call run_of(const struct learning *learning, struct seen *seen)
{
    return (struct tw_run_call){.decode = &learning->decode,
        .command = "tapewatch",
        .watch = {.context = seen,
            .stopped = stopped,
            .on_progress = note_progress,
            .on_validated = note_evaluation,
            .on_report_line = note_line}};
}

struct tw_text read_file(struct learning *learning, const char *folder, const char *name)
{
    char path[256];
    struct tw_text text;
    struct tw_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(tw_file_read(path, 1 << 24, &learning->arena, &text, &err));
    return text;
}

bool is_there(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

void set_setting(struct learning *learning, const struct tw_settings *table, void *settings, const char *name,
    const char *value)
{
    struct tw_error err;
    if (!tw_settings_set(table, &learning->arena, settings, name, value, &err))
        fail_msg("%s: %s", name, err.what);
}

void given_teacher(struct learning *learning, const char *name)
{
    given_fold_teacher(learning, name, "");
}

void given_fold_teacher(struct learning *learning, const char *name, const char *left_out)
{
    struct tw_finetune_settings settings;
    struct seen seen = {0};
    struct tw_run_call call = run_of(learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    assert_true(tw_settings_defaults(&tw_finetune_table, &learning->arena, &settings, &err));
    const char *const assignments[][2] = {{"model", learning->base}, {"output", in_work(learning, name)},
        {"data", in_work(learning, "texts.jsonl")}, {"data", in_work(learning, "companies.jsonl")},
        {"epochs", "4"}, {"lr", "5e-3"}, {"threads", "1"}, {"validation_share", "0.2"},
        {"leave_out", left_out}};
    for (size_t at = 0; at < sizeof assignments / sizeof assignments[0]; at++)
        set_setting(learning, &tw_finetune_table, &settings, assignments[at][0], assignments[at][1]);
    if (!tw_finetune(&settings, &call, &result, &err))
        fail_msg("%s: %s", err.where, err.what);
}
