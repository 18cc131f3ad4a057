#include "tasks/classify_table.h"

#include "clean/shown_text.h"
#include "format/labels.h"
#include "score/classify.h"
#include "score/score.h"
#include "tasks/predict_lines.h"

#include <string.h>

enum { LABEL = 8, SENTIMENT = 9, COMPANY = 22, GAP = 2, TEXT = LABEL + SENTIMENT + COMPANY + 3 * GAP };

void tw_classify_table_write_heading(FILE *out)
{
    fprintf(out, "%-*s  %*s  %-*s  text\n", LABEL, "label", SENTIMENT, "sentiment", COMPANY, "company");
}

/* How many bytes from the beginning fit into `most` columns; *columns receives how many these take. */
static size_t fitting_bytes(struct tw_text text, uint32_t most, uint32_t *columns)
{
    size_t at = 0;
    *columns = 0;
    while (at < text.length) {
        const struct tw_shown_character character = tw_shown_character_at(text, at);
        if (*columns + character.columns > most)
            break;
        *columns += character.columns;
        at += character.bytes;
    }
    return at;
}

/* Returns the columns written: all of the text, or what fits with an ellipsis. */
static uint32_t write_cut(FILE *out, struct tw_text text, uint32_t most)
{
    uint32_t columns;
    size_t length = fitting_bytes(text, most, &columns);
    bool is_cut = length < text.length;
    if (is_cut)
        length = fitting_bytes(text, most - 1, &columns);
    tw_shown_write(out, text, 0, length);
    if (is_cut)
        fputs("\xE2\x80\xA6", out); /* an ellipsis, one column */
    return columns + is_cut;
}

/* Two decimals with their sign; what rounds to nothing has none. */
static void print_sentiment(const struct tw_score *score, char *text, size_t size)
{
    snprintf(text, size, "%+.2f", (double)(score->positive - score->negative));
    if (strcmp(text + 1, "0.00") == 0)
        snprintf(text, size, "0.00");
}

static void write_line(
    FILE *out, uint32_t width, const struct tw_score *score, struct tw_text company, struct tw_text text)
{
    char sentiment[16] = "";
    if (score)
        print_sentiment(score, sentiment, sizeof sentiment);
    fprintf(out, "%-*s  %*s  ", LABEL, score ? tw_class_name(tw_label_of(score)) : "refused", SENTIMENT,
        sentiment);
    uint32_t used = write_cut(out, company, COMPANY);
    fprintf(out, "%*s", (int)(COMPANY - used + GAP), "");
    write_cut(out, text, width - TEXT);
    fputc('\n', out);
}

void tw_classify_table_write_record(FILE *out, uint32_t width, const struct tw_record *record)
{
    const struct tw_document *document = &record->document;
    const struct tw_annotations *named = &record->annotations;
    uint32_t count = named->names_entities ? named->entity_count : document->entity_count;
    for (uint32_t at = 0; at < count; at++)
        write_line(out, width, tw_predict_lines_entity_score(record, at),
            named->names_entities ? named->entities[at].name : document->entities[at].name, document->text);
    if (count == 0)
        write_line(out, width, &document->score, (struct tw_text){0}, document->text);
}

void tw_classify_table_write_refusal(FILE *out, uint32_t width, const struct tw_error *why)
{
    write_line(out, width, NULL, (struct tw_text){0}, tw_text_of(why->what));
}
