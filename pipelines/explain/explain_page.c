#include "explain/explain_page.h"

#include <inttypes.h>

#include "explain/explain_shades.h"
#include "report/html.h"

enum { WORDS_SHOWN = 10 };

static const char style[] =
    ":root{color-scheme:light dark;--ground:#fdfdfc;--ink:#1d2328;--quiet:#5b6670;--rule:#dde1e4;"
    "--for:0 114 178;--against:230 159 0}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#15181b;--ink:#e3e6e9;--quiet:#9ba6b0;--rule:#31383e;"
    "--for:86 180 233}}\n"
    "body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.6 system-ui,-apple-system,'Segoe UI',"
    "'Liberation Sans',sans-serif;font-variant-numeric:tabular-nums}\n"
    "main{max-width:52rem;margin:0 auto;padding:2rem 1rem 3rem}\n"
    "h1{font-size:1.5rem;margin:0 0 .4rem;font-weight:600}\n"
    "h2{font-size:1.05rem;margin:0 0 .3rem;font-weight:600}\n"
    "h2 small,.quiet{font-weight:400;color:var(--quiet);font-size:.87rem}\n"
    "article{border-top:1px solid var(--rule);margin-top:1.4rem;padding-top:1.1rem}\n"
    ".text{overflow-wrap:anywhere;white-space:pre-wrap;margin:.3rem 0 .7rem}\n"
    "mark{color:inherit;border-radius:3px;padding:.05em .1em}\n"
    ".f1{background:rgb(var(--for)/.12)}.f2{background:rgb(var(--for)/.24)}"
    ".f3{background:rgb(var(--for)/.38)}.f4{background:rgb(var(--for)/.55)}\n"
    ".a1{background:rgb(var(--against)/.16)}.a2{background:rgb(var(--against)/.3)}"
    ".a3{background:rgb(var(--against)/.46)}.a4{background:rgb(var(--against)/.65)}\n"
    "table{border-collapse:collapse;font-size:.9rem}\n"
    "th,td{padding:.1rem 1.2rem .1rem 0;text-align:left;font-weight:400;overflow-wrap:anywhere}\n"
    "th{color:var(--quiet);font-size:.82rem}\n"
    ".n{text-align:right;white-space:nowrap}\n"
    "code{font-size:.86em;overflow-wrap:anywhere}\n"
    "@media print{mark{print-color-adjust:exact;-webkit-print-color-adjust:exact}article{break-inside:avoid}}\n";

void tw_explain_page_begin(FILE *out, const char *model, const char *sha256)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
          "<title>Why the model decided so</title>\n<style>\n",
        out);
    fputs(style, out);
    fputs("</style>\n</head>\n<body>\n<main>\n<h1>Why the model decided so</h1>\n"
          "<p class=\"quiet\">Model <code>",
        out);
    tw_html_string(out, model);
    fputs("</code>, SHA-256 <code>", out);
    tw_html_string(out, sha256);
    fputs("</code>. A word on <mark class=\"f3\">blue</mark> spoke for the label, one on "
          "<mark class=\"a3\">orange</mark> against it; the weights of all words add up to what the label's "
          "logit gained by them.</p>\n",
        out);
}

/* Bytes [begin, end) of a text. */
static void put_part(FILE *out, struct tw_text text, size_t begin, size_t end)
{
    tw_html_text(out, (struct tw_text){text.bytes + begin, end - begin});
}

static void put_words(FILE *out, const struct tw_explained *explained)
{
    const struct tw_explanation *explanation = explained->explanation;
    const struct tw_text text = explained->document->text;
    const double most = tw_explain_most(explanation);
    size_t at = 0;
    for (uint32_t nth = 0; nth < explanation->word_count; nth++) {
        const struct tw_explained_word *word = &explanation->words[nth];
        const int shade = tw_explain_shade(word->weight, most);
        if (!shade)
            continue;
        put_part(out, text, at, word->begin);
        fprintf(out, "<mark class=\"%c%d\" title=\"%+.3f\">", shade > 0 ? 'f' : 'a',
            shade > 0 ? shade : -shade, word->weight);
        put_part(out, text, word->begin, word->end);
        fputs("</mark>", out);
        at = word->end;
    }
    put_part(out, text, at, text.length);
}

static void put_table(FILE *out, const struct tw_explained *explained)
{
    const struct tw_explanation *explanation = explained->explanation;
    uint32_t order[WORDS_SHOWN];
    const uint32_t count = tw_explanation_top(explanation, WORDS_SHOWN, order);
    if (count == 0)
        return;
    fputs("<table>\n<thead><tr><th scope=\"col\" class=\"n\">weight</th><th scope=\"col\">word</th></tr>"
          "</thead>\n<tbody>\n",
        out);
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_explained_word *word = &explanation->words[order[at]];
        fprintf(out, "<tr><td class=\"n\">%+.3f</td><td dir=\"auto\">", word->weight);
        put_part(out, explained->document->text, word->begin, word->end);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody>\n</table>\n", out);
}

void tw_explain_page_write(FILE *out, const struct tw_explained *explained)
{
    const struct tw_explanation *explanation = explained->explanation;
    fprintf(out, "<article>\n<h2>%s for <bdi>", tw_class_name(explanation->label));
    tw_html_text(out, explained->target);
    fprintf(out, "</bdi> <small>logit %.3f, without the words %.3f", (double)explanation->logit,
        (double)explanation->base);
    if (explained->relevance)
        fprintf(out, "; relevance %.4f, by a source of weight %.4f",
            explained->relevance->relevance / (double)TW_RELEVANCE_WHOLE,
            explained->relevance->source / (double)TW_RELEVANCE_WHOLE);
    fputs("</small></h2>\n<p class=\"text\" dir=\"auto\">", out);
    put_words(out, explained);
    fputs("</p>\n", out);
    if (explained->document->window_count)
        fprintf(out,
            "<p class=\"quiet\">Read in %u windows; these words are of the one that speaks most.</p>\n",
            explained->document->window_count);
    if (explained->document->truncated)
        fprintf(out, "<p class=\"quiet\">The model read %u tokens of it, not all.</p>\n",
            explained->document->token_count);
    if (!explanation->settled)
        fprintf(out, "<p class=\"quiet\">The weights leave %.3f of the difference untold.</p>\n",
            explanation->error);
    put_table(out, explained);
    fputs("</article>\n", out);
}

void tw_explain_page_write_refusal(FILE *out, uint64_t line, const struct tw_error *why)
{
    fprintf(out, "<article>\n<p class=\"quiet\">Line %" PRIu64 " cannot be used: ", line);
    tw_html_string(out, why->what);
    fputs("</p>\n</article>\n", out);
}

void tw_explain_page_end(FILE *out)
{
    fputs("</main>\n</body>\n</html>\n", out);
}
