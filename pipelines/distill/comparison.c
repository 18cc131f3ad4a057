#include "distill/comparison.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#define CARD_BYTES ((size_t)4 << 20)

static const char results_name[] = "distill_results.json";
static const char heading[] = "## Against its teacher\n";
static const char next_heading[] = "## Limits\n";

/* ---- rows ---- */

struct line {
    const char *name;
    double teacher, student;
    int decimals;
    bool share; /* changes by points */
};

static struct tw_comparison_row row_of(const struct line *line)
{
    struct tw_comparison_row row = {.name = line->name};
    snprintf(row.teacher, sizeof row.teacher, "%.*f", line->decimals, line->teacher);
    snprintf(row.student, sizeof row.student, "%.*f", line->decimals, line->student);
    if (line->share)
        snprintf(row.change, sizeof row.change, "%+.2f points", 100 * (line->student - line->teacher));
    else if (line->teacher > 0)
        snprintf(row.change, sizeof row.change, "x %.3g", line->student / line->teacher);
    return row;
}

static size_t add_report(const char *const names[3], const struct tw_metric_report *teacher,
    const struct tw_metric_report *student, struct tw_comparison_row *rows)
{
    const struct line lines[] = {{names[0], teacher->accuracy, student->accuracy, 4, true},
        {names[1], teacher->macro_f1, student->macro_f1, 4, true},
        {names[2], teacher->ece, student->ece, 4, true}};
    const size_t count = sizeof lines / sizeof lines[0];
    if (teacher->n == 0 || student->n == 0)
        return 0;
    for (size_t at = 0; at < count; at++)
        rows[at] = row_of(&lines[at]);
    return count;
}

size_t tw_comparison_rows(const struct tw_folder_measures *teacher, const struct tw_folder_measures *student,
    struct tw_comparison_row rows[TW_COMPARISON_ROWS])
{
    static const char *const texts[] = {"texts: accuracy", "texts: macro F1", "texts: calibration error"};
    static const char *const entities[] = {
        "entities: accuracy", "entities: macro F1", "entities: calibration error"};
    const struct line lines[] = {
        {"parameters", (double)teacher->parameters, (double)student->parameters, 0, false},
        {"weights on disk, MiB", (double)teacher->file_bytes / 1048576, (double)student->file_bytes / 1048576,
            1, false},
        {"documents/s, one thread", teacher->documents_per_s, student->documents_per_s, 1, false},
        {"tokens/s, one thread", teacher->tokens_per_s, student->tokens_per_s, 0, false}};
    size_t count = 0;
    for (; count < sizeof lines / sizeof lines[0]; count++)
        rows[count] = row_of(&lines[count]);
    count += add_report(texts, &teacher->documents, &student->documents, rows + count);
    return count + add_report(entities, &teacher->entities, &student->entities, rows + count);
}

/* ---- distill_results.json ---- */

static json_t *report_json(const struct tw_metric_report *report)
{
    if (report->n == 0)
        return json_null();
    return json_pack("{s:I, s:f, s:f, s:f}", "n", (json_int_t)report->n, "accuracy", report->accuracy,
        "macro_f1", report->macro_f1, "ece", report->ece);
}

static json_t *compared_json(const struct tw_folder_measures *compared)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:o, s:o}", "parameters", (json_int_t)compared->parameters,
        "file_bytes", (json_int_t)compared->file_bytes, "documents_per_s", compared->documents_per_s,
        "tokens_per_s", compared->tokens_per_s, "documents", report_json(&compared->documents), "entities",
        report_json(&compared->entities));
}

static bool write_results(const char *folder, const struct tw_folder_measures *teacher,
    const struct tw_folder_measures *student, struct tw_error *err)
{
    char path[PATH_MAX];
    json_t *object =
        json_pack("{s:o, s:o}", "teacher", compared_json(teacher), "student", compared_json(student));
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (!text)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the results");
    bool written = tw_path_join(path, sizeof path, folder, results_name, err) &&
                   tw_file_write(path, tw_text_of(text), err);
    free(text);
    return written;
}

/* ---- the card ---- */

static void write_section(
    FILE *out, const struct tw_folder_measures *teacher, const struct tw_folder_measures *student)
{
    struct tw_comparison_row rows[TW_COMPARISON_ROWS];
    size_t count = tw_comparison_rows(teacher, student, rows);
    fprintf(out,
        "%s\nOn the records held back, both models as they are on disk; speed in fp32 on one thread of the machine "
        "that made this model.\n\n| measure | teacher | student | change |\n| --- | --- | --- | --- |\n",
        heading);
    for (size_t at = 0; at < count; at++)
        fprintf(out, "| %s | %s | %s | %s |\n", rows[at].name, rows[at].teacher, rows[at].student,
            rows[at].change);
    fputc('\n', out);
}

/* The new card, for free(): what stood before the section, the section, what comes after it. NULL without
 * memory. */
static char *put_section(
    const char *card, const struct tw_folder_measures *teacher, const struct tw_folder_measures *student)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    const char *after = strstr(card, next_heading), *before = strstr(card, heading);
    after = after ? after : card + strlen(card);
    before = before && before < after ? before : after;
    fprintf(out, "%.*s", (int)(before - card), card);
    write_section(out, teacher, student);
    fputs(after, out);
    return fclose(out) == 0 ? text : NULL;
}

static bool write_card(const char *folder, const struct tw_folder_measures *teacher,
    const struct tw_folder_measures *student, struct tw_error *err)
{
    char path[PATH_MAX];
    struct tw_arena arena;
    struct tw_text card;
    if (!tw_path_join(path, sizeof path, folder, "README.md", err) ||
        !tw_arena_begin(&arena, 2 * CARD_BYTES, err))
        return false;
    bool written = tw_file_read(path, CARD_BYTES, &arena, &card, err);
    char *text = written ? put_section(card.bytes, teacher, student) : NULL;
    if (written && !text)
        written = tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the card");
    written = written && tw_file_write(path, tw_text_of(text), err);
    free(text);
    tw_arena_end(&arena);
    return written;
}

bool tw_comparison_write(const char *folder, const struct tw_folder_measures *teacher,
    const struct tw_folder_measures *student, struct tw_error *err)
{
    return write_card(folder, teacher, student, err) && write_results(folder, teacher, student, err);
}

bool tw_comparison_is_written(const char *folder)
{
    char path[PATH_MAX];
    struct tw_error ignored;
    return tw_path_join(path, sizeof path, folder, results_name, &ignored) && access(path, F_OK) == 0;
}
