#include "audit/ask.h"

#include "clean/clean.h"
#include "link/locate.h"
#include "score/classify.h"

enum { TEXTS_AT_ONCE = 64 };
#define ARENA_BYTES ((size_t)64 << 20)

static bool prepare(const struct tw_river *river, const struct tw_audit_text *asked,
    struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_text names[TW_AUDIT_NAMES];
    struct tw_text_mentions mentions = {.count = asked->name_count};
    *document = (struct tw_document){.fate = TW_FATE_STORED, .body = asked->text};
    if (!tw_river_prepare(river, document, arena, err))
        return false;
    for (uint32_t at = 0; at < asked->name_count; at++) {
        names[at] = river->raw ? asked->names[at] : tw_clean_text(asked->names[at], arena);
        if (!names[at].bytes)
            return tw_arena_fail(arena, err);
    }
    if (asked->name_count == 0)
        return true;
    return tw_locate_mentions(
               document->text, names, asked->name_count, arena, &mentions.items, &mentions.item_count, err) &&
           tw_classifier_read_entities(river->classifier, document, mentions, arena, err);
}

static bool ask_some(const struct tw_river *river, struct tw_river_worker *worker,
    struct tw_audit_text *texts, uint32_t count, struct tw_arena *arena, struct tw_error *err)
{
    static const struct tw_message message = {.has_value = true};
    struct tw_document documents[TEXTS_AT_ONCE];
    for (uint32_t at = 0; at < count; at++) {
        if (!prepare(river, &texts[at], &documents[at], arena, err))
            return false;
        documents[at].message = &message;
    }
    if (!tw_river_classify(river, worker, documents, count, arena, NULL, err))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        texts[at].score = documents[at].score;
        for (uint32_t name = 0; name < texts[at].name_count; name++)
            texts[at].name_scores[name] =
                name < documents[at].reading_count ? documents[at].readings[name].score : documents[at].score;
    }
    return true;
}

bool tw_audit_ask(
    const struct tw_river *river, struct tw_audit_text *texts, size_t count, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_river_worker *worker = NULL;
    bool asked = tw_arena_begin(&arena, ARENA_BYTES, err) && tw_river_worker_new(river, &worker, err);
    for (size_t at = 0; asked && at < count; at += TEXTS_AT_ONCE) {
        const size_t left = count - at;
        tw_arena_reset(&arena, ARENA_BYTES);
        asked = ask_some(
            river, worker, texts + at, (uint32_t)(left < TEXTS_AT_ONCE ? left : TEXTS_AT_ONCE), &arena, err);
    }
    tw_river_worker_free(worker);
    tw_arena_end(&arena);
    return asked;
}
