#include "explain/explain_stored.h"

#include "link/relevance.h"
#include "tasks/record.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_WORD = 200 }; /* bytes */

bool tw_stored_read(const struct tw_stored *stored, const struct tw_river *river, struct tw_arena *arena,
    struct tw_document *document, struct tw_error *err)
{
    struct tw_river again = *river;
    struct tw_text *symbol = tw_arena_array(arena, 1, sizeof *symbol);
    if (!symbol)
        return tw_arena_fail(arena, err);
    *symbol = stored->symbol;
    again.raw = true; /* it was cleaned when it came */
    again.events = NULL;
    *document = (struct tw_document){.fate = TW_FATE_STORED,
        .title = stored->title,
        .body = stored->body,
        .symbols = symbol,
        .symbol_count = 1};
    if (!tw_river_prepare(&again, document, arena, err))
        return false;
    document->source_weight = stored->source_weight;
    if (document->fate == TW_FATE_STORED)
        return true;
    *err = *document->refusal;
    return false;
}

bool tw_stored_relevance(const struct tw_stored *stored, const struct tw_river *river,
    const struct tw_document *document, struct tw_arena *arena, int32_t *relevance, struct tw_error *err)
{
    const struct tw_relevance *relevances;
    uint32_t nth = tw_explain_entity(river->entities, document, stored->symbol, arena);
    if (!tw_relevance(document, arena, &relevances, err))
        return false;
    *relevance = nth == UINT32_MAX ? -1 : (int32_t)relevances[nth].relevance;
    return true;
}

/* -- words as JSON --------------------------------------------------------------------------------------- */

/* A character begins there, or the text ends. */
static bool is_boundary(struct tw_text text, uint32_t at)
{
    return at == text.length || (at < text.length && ((unsigned char)text.bytes[at] & 0xC0) != 0x80);
}

/* A word that nobody would read to its end (a text without spaces) is cut. */
static void write_word(FILE *out, struct tw_text text, uint32_t begin, uint32_t end)
{
    uint32_t shown = end - begin > LONGEST_WORD ? begin + LONGEST_WORD : end;
    while (shown > begin && !is_boundary(text, shown))
        shown--;
    fputs("{\"word\":", out);
    tw_record_write_json_text(out, (struct tw_text){text.bytes + begin, shown - begin});
    fprintf(out, ",\"begin\":%u,\"end\":%u", begin, end);
}

static void write_heaviest(FILE *out, struct tw_text text, const struct tw_explanation *explanation)
{
    uint32_t order[TW_STORED_WORDS];
    const uint32_t count = tw_explanation_top(explanation, TW_STORED_WORDS, order);
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_explained_word *word = &explanation->words[order[at]];
        fputs(at ? "," : "", out);
        write_word(out, text, word->begin, word->end);
        fprintf(out, ",\"weight\":%.4f}", word->weight);
    }
}

/* The words of the explanation, or, where there is none, bytes [begin, end), as a list in the arena. */
static bool list_words(struct tw_text text, const struct tw_explanation *explanation, uint32_t begin,
    uint32_t end, struct tw_arena *arena, struct tw_text *words, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    if (!out)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for words");
    fputc('[', out);
    if (explanation) {
        write_heaviest(out, text, explanation);
    } else {
        write_word(out, text, begin, end);
        fputc('}', out);
    }
    fputc(']', out);
    const bool written = fclose(out) == 0;
    if (written)
        *words = tw_arena_copy(arena, (struct tw_text){bytes, length});
    free(bytes);
    if (!written)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for words");
    return words->bytes || tw_arena_fail(arena, err);
}

/* -- why ------------------------------------------------------------------------------------------------- */

bool tw_stored_explain(const struct tw_stored *stored, const struct tw_river *river,
    const struct tw_explainer *explainer, struct tw_explain_workspace *workspace,
    const struct tw_document *document, struct tw_arena *arena, struct tw_stored_reason *reason,
    struct tw_error *err)
{
    uint32_t nth = tw_explain_entity(river->entities, document, stored->symbol, arena);
    *reason = (struct tw_stored_reason){.of_entity = nth != UINT32_MAX};
    return tw_explain(explainer, workspace, document, reason->of_entity ? nth : TW_EXPLAIN_DOCUMENT, arena,
               &reason->explanation, err) &&
           list_words(document->text, &reason->explanation, 0, 0, arena, &reason->words, err);
}

bool tw_stored_pattern(const struct tw_document *document, uint32_t begin, uint32_t end,
    struct tw_arena *arena, struct tw_text *words, struct tw_error *err)
{
    if (begin >= end || !is_boundary(document->text, begin) || !is_boundary(document->text, end))
        return tw_fail(err, TW_REFUSED, NULL, "none needed: the event stands as it is",
            "bytes %u to %u are no piece of a text of %zu", begin, end, document->text.length);
    return list_words(document->text, NULL, begin, end, arena, words, err);
}
