#include "explain/explain_text.h"

#include "clean/shown_text.h"
#include "explain/explain_shades.h"

enum { WORDS_SHOWN = 10 };

/* Grounds of a terminal of 256 colours, faint to strong. */
static const unsigned char blues[TW_EXPLAIN_SHADES] = {195, 153, 111, 75};
static const unsigned char oranges[TW_EXPLAIN_SHADES] = {230, 223, 216, 208};

static void write_word(FILE *out, struct tw_text text, const struct tw_explained_word *word, double most)
{
    const int shade = tw_explain_shade(word->weight, most);
    if (shade)
        fprintf(out, "\x1b[38;5;16;48;5;%dm", shade > 0 ? blues[shade - 1] : oranges[-shade - 1]);
    tw_shown_write(out, text, word->begin, word->end);
    if (shade)
        fputs("\x1b[0m", out);
}

static void write_coloured(FILE *out, const struct tw_explained *explained)
{
    const struct tw_explanation *explanation = explained->explanation;
    const struct tw_text text = explained->document->text;
    const double most = tw_explain_most(explanation);
    size_t at = 0;
    for (uint32_t nth = 0; nth < explanation->word_count; nth++) {
        tw_shown_write(out, text, at, explanation->words[nth].begin);
        write_word(out, text, &explanation->words[nth], most);
        at = explanation->words[nth].end;
    }
    tw_shown_write(out, text, at, text.length);
}

static void write_notes(FILE *out, const struct tw_explained *explained)
{
    if (explained->document->window_count)
        fprintf(out, "   read in %u windows; these words are of the one that speaks most\n",
            explained->document->window_count);
    if (explained->document->truncated)
        fprintf(out, "   the model read %u tokens of it, not all\n", explained->document->token_count);
    if (!explained->explanation->settled)
        fprintf(out, "   the weights leave %.3f of the difference untold\n", explained->explanation->error);
}

void tw_explain_text_write(FILE *out, bool colour, const struct tw_explained *explained)
{
    const struct tw_explanation *explanation = explained->explanation;
    const struct tw_text text = explained->document->text;
    uint32_t order[WORDS_SHOWN];
    fprintf(out, "%s for ", tw_class_name(explanation->label));
    tw_shown_write(out, explained->target, 0, explained->target.length);
    fprintf(
        out, ": logit %.3f, without the words %.3f\n", (double)explanation->logit, (double)explanation->base);
    if (explained->relevance)
        fprintf(out, "relevance %.4f, by a source of weight %.4f\n",
            explained->relevance->relevance / (double)TW_RELEVANCE_WHOLE,
            explained->relevance->source / (double)TW_RELEVANCE_WHOLE);
    if (colour)
        write_coloured(out, explained);
    else
        tw_shown_write(out, text, 0, text.length);
    fputc('\n', out);
    const uint32_t count = tw_explanation_top(explanation, WORDS_SHOWN, order);
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_explained_word *word = &explanation->words[order[at]];
        fprintf(out, "   %+.3f  ", word->weight);
        tw_shown_write(out, text, word->begin, word->end);
        fputc('\n', out);
    }
    write_notes(out, explained);
    fputc('\n', out);
}

void tw_explain_text_write_refusal(FILE *out, const struct tw_error *why)
{
    const struct tw_text what = tw_text_of(why->what);
    fputs("refused: ", out);
    tw_shown_write(out, what, 0, what.length);
    fputs("\n\n", out);
}
