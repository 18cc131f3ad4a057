#include "link/relevance.h"

#include "link/source_weights.h"

enum { PLACE_PARTS = 6, SHARE_PARTS = 4, PARTS = PLACE_PARTS + SHARE_PARTS, BODY_MOST = 5000, TOPICS = 2 };

/* Bytes of the text that are its title. */
static size_t title_bytes(const struct tw_document *document)
{
    if (document->title_length > 0)
        return document->title_length;
    return document->text.length <= TW_RELEVANCE_TITLE ? document->text.length : 0;
}

/* Where each entity is named first. Mentions stand in the order of the text. */
static void find_first(const struct tw_document *document, struct tw_relevance *all)
{
    const size_t title = title_bytes(document);
    for (uint32_t at = 0; at < document->entity_count; at++)
        all[at] = (struct tw_relevance){.first = UINT32_MAX,
            .mentions = document->entities[at].mentions,
            .others = document->entity_count - 1};
    for (uint32_t at = document->mention_count; at-- > 0;) {
        const struct tw_mention *mention = &document->mentions[at];
        if (mention->end <= mention->begin)
            continue;
        all[mention->entity].first = mention->begin;
        all[mention->entity].in_title = mention->begin < title;
    }
}

/* A whole for up to TOPICS of them; thinned out from there on. */
static uint64_t thin_out(uint64_t whole, uint32_t count)
{
    return whole * TOPICS / (count > TOPICS ? count : TOPICS);
}

static uint32_t place_of(
    const struct tw_document *document, const struct tw_relevance *one, uint32_t named, uint32_t in_title)
{
    if (one->first == UINT32_MAX)
        return 0;
    if (one->in_title)
        return (uint32_t)thin_out(TW_RELEVANCE_WHOLE, in_title);
    const uint64_t length = document->text.length;
    return (uint32_t)thin_out(BODY_MOST * (length - one->first) / length, named);
}

bool tw_relevance(const struct tw_document *document, struct tw_arena *arena, const struct tw_relevance **out,
    struct tw_error *err)
{
    struct tw_relevance *all = tw_arena_array(arena, document->entity_count, sizeof *all);
    uint64_t mentions = 0;
    uint32_t named = 0, in_title = 0;
    *out = all;
    if (!all)
        return tw_arena_fail(arena, err);
    find_first(document, all);
    for (uint32_t at = 0; at < document->entity_count; at++) {
        mentions += all[at].mentions;
        named += all[at].first != UINT32_MAX;
        in_title += all[at].in_title;
    }
    for (uint32_t at = 0; at < document->entity_count; at++) {
        struct tw_relevance *one = &all[at];
        one->place = place_of(document, one, named, in_title);
        one->share = (uint32_t)((uint64_t)TW_RELEVANCE_WHOLE * one->mentions / mentions);
        one->source = document->source_weight;
        const uint64_t whole = (PLACE_PARTS * one->place + SHARE_PARTS * one->share) / PARTS;
        one->relevance = (uint32_t)(whole * one->source / TW_SOURCE_WHOLE);
    }
    return true;
}
