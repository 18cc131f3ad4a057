#include "report/audit_page.h"

#include <inttypes.h>
#include <string.h>

#include "report/html.h"
#include "report/report_page.h"
#include "timestamps/time_text.h"

/* Sections are the first parts of names. */
static const struct {
    const char *begins, *title, *prose;
} sections[] = {
    {"cases.", "Cases where every reader agrees",
        "The share of cases that are right, with Wilson's interval of 95%; the first row of a kind is all of it."},
    {"swaps.", "One name for another",
        "By how much a group is judged better than all, with 1.96 standard errors; how far a single name moves a "
        "text; how many texts of a thousand change their label."},
    {"calibration.", "Calibration", "Expected calibration error over 15 bins."},
};

static void put_fact(FILE *out, const char *name, const char *value)
{
    fprintf(out, "<dt>%s</dt><dd>", name);
    tw_html_string(out, value);
    fputs("</dd>\n", out);
}

static void write_facts(FILE *out, const struct tw_audit_facts *facts)
{
    char time[TW_TIME_TEXT_BYTES];
    fputs("<dl class=\"facts\">\n", out);
    put_fact(out, "Model", facts->model);
    put_fact(out, "SHA-256", facts->model_sha256);
    put_fact(out, "Cases", facts->cases);
    put_fact(out, "Swaps", facts->swaps);
    put_fact(out, "Gate", facts->gate ? facts->gate : "none");
    put_fact(out, "Command", facts->command);
    tw_time_text(facts->made_us - facts->made_us % 1000000, time);
    put_fact(out, "Made", time);
    put_fact(out, "By tapewatch", facts->version);
    fputs("</dl>\n", out);
}

static void write_row(FILE *out, const struct tw_audit_row *row, size_t skip)
{
    fputs("<tr><th scope=\"row\">", out);
    tw_html_string(out, row->name + skip);
    fprintf(out, "</th><td>%" PRIu64 "</td><td>%.4f</td>", row->n, row->value);
    if (row->low < row->high)
        fprintf(out, "<td>%.4f to %.4f</td><td>", row->low, row->high);
    else
        fputs("<td></td><td>", out);
    tw_html_string(out, row->broken ? row->broken : "");
    fputs("</td></tr>\n", out);
}

static void begin_table(FILE *out)
{
    fputs(
        "<table>\n<thead><tr><th scope=\"col\">measure</th><th scope=\"col\">n</th><th scope=\"col\">value</th>"
        "<th scope=\"col\">interval</th><th scope=\"col\">limit broken</th></tr></thead>\n<tbody>\n",
        out);
}

static void end_table(FILE *out)
{
    fputs("</tbody>\n</table>\n", out);
}

static void write_broken(FILE *out, const struct tw_audit_rows *rows, bool gated)
{
    uint32_t broken = 0;
    for (uint32_t at = 0; at < rows->count; at++)
        broken += rows->items[at].broken != NULL;
    if (!gated)
        return;
    fprintf(out, "<section>\n<h2>Limits</h2>\n<p>%u broken.</p>\n", broken);
    if (broken)
        begin_table(out);
    for (uint32_t at = 0; at < rows->count; at++)
        if (rows->items[at].broken)
            write_row(out, &rows->items[at], 0);
    if (broken)
        end_table(out);
    fputs("</section>\n", out);
}

static void write_section(FILE *out, const struct tw_audit_rows *rows, size_t section)
{
    const size_t skip = strlen(sections[section].begins);
    fprintf(out, "<section>\n<h2>%s</h2>\n<p>%s</p>\n", sections[section].title, sections[section].prose);
    begin_table(out);
    for (uint32_t at = 0; at < rows->count; at++)
        if (strncmp(rows->items[at].name, sections[section].begins, skip) == 0)
            write_row(out, &rows->items[at], skip);
    end_table(out);
    fputs("</section>\n", out);
}

void tw_audit_page_write(FILE *out, const struct tw_audit_rows *rows, const struct tw_audit_facts *facts)
{
    fputs(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<title>Audit of ",
        out);
    tw_html_string(out, facts->model);
    fputs("</title>\n<style>\n", out);
    fputs(tw_report_style, out);
    fputs("</style>\n</head>\n<body>\n<main>\n<h1>Audit of ", out);
    tw_html_string(out, facts->model);
    fputs("</h1>\n", out);
    write_facts(out, facts);
    write_broken(out, rows, facts->gate != NULL);
    for (size_t section = 0; section < sizeof sections / sizeof sections[0]; section++)
        write_section(out, rows, section);
    fputs("</main>\n</body>\n</html>\n", out);
}
