#include "link/link.h"

#include "link/words.h"

#include <stdlib.h>
#include <string.h>

enum { HITS_AT_FIRST = 32 };

/* Something in the text that may be a mention. */
struct hit {
    uint32_t begin, end;
    int32_t entity;        /* of the file; TW_NO_ENTITY: `symbol` is not listed, or `name` is to be settled */
    bool by_symbol;        /* a cashtag, a newswire symbol, one of `symbols`, or the bare symbol */
    bool ambiguous;        /* `name` has several owners */
    struct tw_text symbol; /* unlisted */
    struct tw_name_match name;
};

struct linking {
    const struct tw_automaton *entities;
    bool unlisted;
    struct tw_document *document;
    struct tw_arena *arena;
    struct hit *hits;
    uint32_t count, room;
};

/* ---- symbols ---- */

static bool is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

bool tw_symbol_is_plain(struct tw_text symbol)
{
    if (symbol.length == 0 || symbol.length > 10 || !is_capital(symbol.bytes[0]) ||
        symbol.bytes[symbol.length - 1] == '.')
        return false;
    for (size_t at = 1; at < symbol.length; at++)
        if (!is_capital(symbol.bytes[at]) && !is_digit(symbol.bytes[at]) && symbol.bytes[at] != '.')
            return false;
    return true;
}

static struct tw_text without_end(struct tw_text symbol, const char *marks)
{
    while (symbol.length && strchr(marks, symbol.bytes[symbol.length - 1]))
        symbol.length--;
    return symbol;
}

static bool add_hit(struct linking *linking, struct hit hit)
{
    if (linking->count >= TW_LINK_MENTIONS) {
        linking->document->links_dropped++;
        return true;
    }
    if (linking->count == linking->room) {
        struct hit *grown = tw_arena_take(linking->arena, linking->room * (size_t)2 * sizeof *grown);
        if (!grown)
            return false;
        memcpy(grown, linking->hits, linking->count * sizeof *grown);
        linking->hits = grown;
        linking->room *= 2;
    }
    linking->hits[linking->count++] = hit;
    return true;
}

/* Is this a symbol that we may link? Listed ones first. */
static bool knows_symbol(const struct linking *linking, struct tw_text symbol, struct hit *hit)
{
    if (symbol.length == 0)
        return false;
    hit->entity = tw_entities_find(linking->entities, symbol);
    hit->symbol = symbol;
    return hit->entity != TW_NO_ENTITY || (linking->unlisted && tw_symbol_is_plain(symbol));
}

/* Length of the run of capitals, digits and `marks` at `at`. */
static size_t symbol_run(struct tw_text text, size_t at, const char *marks)
{
    size_t begin = at;
    while (at < text.length && (is_capital(text.bytes[at]) || is_digit(text.bytes[at]) ||
                                   (text.bytes[at] && strchr(marks, text.bytes[at]))))
        at++;
    return at - begin;
}

/* "$AAPL" whose '$' stands at `at`. Symbols like "M&M" and "BAJAJ-AUTO" count when they are listed. */
static bool take_cashtag(const struct linking *linking, size_t at, size_t last_end, struct hit *hit)
{
    static const char *const marks[] = {".&-_", "."};
    struct tw_text text = linking->document->text;
    bool after_cashtag = at == last_end && at > 0;
    if (!after_cashtag && (tw_word_before(text, at) || (at > 0 && text.bytes[at - 1] == '$')))
        return false;
    for (size_t form = 0; form < 2; form++) {
        struct tw_text run = {text.bytes + at + 1, symbol_run(text, at + 1, marks[form])};
        run = without_end(run, marks[form]);
        size_t end = at + 1 + run.length;
        if (tw_word_at(text, end) || !knows_symbol(linking, run, hit) ||
            (form == 0 && hit->entity == TW_NO_ENTITY))
            continue;
        hit->begin = (uint32_t)at;
        hit->end = (uint32_t)end;
        return true;
    }
    return false;
}

/* "<OM>" whose '<' stands at `at`. */
static bool take_newswire(const struct linking *linking, size_t at, struct hit *hit)
{
    struct tw_text text = linking->document->text;
    size_t length = symbol_run(text, at + 1, ".");
    size_t end = at + 1 + length;
    if (length == 0 || end >= text.length || text.bytes[end] != '>')
        return false;
    hit->begin = (uint32_t)at;
    hit->end = (uint32_t)end + 1;
    return knows_symbol(linking, without_end((struct tw_text){text.bytes + at + 1, length}, "."), hit);
}

static bool add_given_symbols(struct linking *linking)
{
    struct tw_document *document = linking->document;
    if (document->symbol_count > TW_LINK_ENTITIES)
        document->links_dropped += document->symbol_count - TW_LINK_ENTITIES;
    for (uint32_t at = 0; at < document->symbol_count && at < TW_LINK_ENTITIES; at++) {
        struct tw_text symbol = document->symbols[at];
        if (symbol.length && symbol.bytes[0] == '$') {
            symbol.bytes++;
            symbol.length--;
        }
        struct hit hit = {.by_symbol = true};
        if (knows_symbol(linking, symbol, &hit) || knows_symbol(linking, without_end(symbol, "."), &hit))
            if (!add_hit(linking, hit))
                return false;
    }
    return true;
}

/* ---- the pass over the text ---- */

static struct hit hit_of_name(const struct linking *linking, const struct tw_name_match *match)
{
    struct tw_text text = linking->document->text;
    struct tw_text spelled = {text.bytes + match->begin, match->end - match->begin};
    struct hit hit = {.begin = match->begin, .end = match->end, .entity = TW_NO_ENTITY, .name = *match};
    for (uint32_t nth = 0; nth < match->owner_count; nth++) {
        uint32_t owner = tw_entities_owner(linking->entities, text, match, nth);
        if (tw_text_equal(tw_entities_at(linking->entities, owner)->symbol, spelled)) {
            hit.entity = (int32_t)owner;
            hit.by_symbol = true;
            return hit;
        }
    }
    hit.ambiguous = match->owner_count > 1;
    if (!hit.ambiguous)
        hit.entity = (int32_t)tw_entities_owner(linking->entities, text, match, 0);
    return hit;
}

static bool find_hits(struct linking *linking)
{
    struct tw_word_walk walk = {linking->document->text, 0};
    struct tw_name_match match;
    size_t last_cashtag = 0;
    bool stopped;
    for (;;) {
        if (tw_entities_next(linking->entities, &walk, &stopped, &match)) {
            if (!add_hit(linking, hit_of_name(linking, &match)))
                return false;
            continue;
        }
        if (!stopped)
            return true;
        struct hit hit = {.by_symbol = true};
        bool cashtag = walk.text.bytes[walk.at] == '$';
        bool found = cashtag ? take_cashtag(linking, walk.at, last_cashtag, &hit)
                             : take_newswire(linking, walk.at, &hit);
        if (found && !add_hit(linking, hit))
            return false;
        walk.at = found ? hit.end : walk.at + 1;
        if (found && cashtag)
            last_cashtag = hit.end;
    }
}

/* ---- names with several owners ---- */

/* The listed entities whose symbols stand in the text, each once. */
struct standing {
    int32_t entities[TW_LINK_ENTITIES];
    uint32_t count;
};

static bool stands_by_symbol(const struct standing *standing, int32_t entity)
{
    for (uint32_t at = 0; at < standing->count; at++)
        if (standing->entities[at] == entity)
            return true;
    return false;
}

static void gather_standing(const struct linking *linking, struct standing *standing)
{
    standing->count = 0;
    for (uint32_t at = 0; at < linking->count && standing->count < TW_LINK_ENTITIES; at++) {
        const struct hit *hit = &linking->hits[at];
        if (hit->by_symbol && hit->entity != TW_NO_ENTITY && !stands_by_symbol(standing, hit->entity))
            standing->entities[standing->count++] = hit->entity;
    }
}

/* The one owner whose symbol stands in the text; TW_NO_ENTITY when there is none, or a second. */
static int32_t settle(
    const struct linking *linking, const struct standing *standing, const struct tw_name_match *name)
{
    int32_t settled = TW_NO_ENTITY;
    for (uint32_t nth = 0; nth < name->owner_count; nth++) {
        int32_t owner = (int32_t)tw_entities_owner(linking->entities, linking->document->text, name, nth);
        if (!stands_by_symbol(standing, owner))
            continue;
        if (settled != TW_NO_ENTITY)
            return TW_NO_ENTITY;
        settled = owner;
    }
    return settled;
}

/* Settles or drops ambiguous names. */
static void settle_names(struct linking *linking)
{
    struct standing standing;
    uint32_t kept = 0;
    gather_standing(linking, &standing);
    for (uint32_t at = 0; at < linking->count; at++) {
        struct hit hit = linking->hits[at];
        if (hit.ambiguous) {
            hit.entity = settle(linking, &standing, &hit.name);
            if (hit.entity == TW_NO_ENTITY)
                continue;
        }
        linking->hits[kept++] = hit;
    }
    linking->count = kept;
}

/* ---- entities and mentions ---- */

struct numbered {
    struct tw_linked_entity entity;
    int32_t listed_as;
    uint32_t number; /* in order of first appearance */
    bool in_text;
};

static int by_symbol(const void *left, const void *right)
{
    return tw_text_compare(
        ((const struct numbered *)left)->entity.symbol, ((const struct numbered *)right)->entity.symbol);
}

static struct numbered *find_entity(struct numbered *found, uint32_t count, const struct hit *hit)
{
    for (uint32_t at = 0; at < count; at++)
        if (hit->entity != TW_NO_ENTITY
                ? found[at].listed_as == hit->entity
                : found[at].listed_as == TW_NO_ENTITY && tw_text_equal(found[at].entity.symbol, hit->symbol))
            return &found[at];
    return NULL;
}

static struct numbered entity_of(const struct linking *linking, const struct hit *hit, uint32_t number)
{
    struct numbered made = {.listed_as = hit->entity, .number = number};
    if (hit->entity == TW_NO_ENTITY) {
        made.entity = (struct tw_linked_entity){.symbol = hit->symbol, .name = hit->symbol};
        return made;
    }
    const struct tw_entity *listed = tw_entities_at(linking->entities, (uint32_t)hit->entity);
    made.entity = (struct tw_linked_entity){.symbol = listed->symbol, .name = listed->name, .listed = true};
    return made;
}

/* Numbers the entities of all hits; mentions get those numbers. A name of `symbols` that stands in the text too is
 * mentioned by the text alone. Returns how many entities there are. */
static uint32_t number_entities(const struct linking *linking, struct numbered *found,
    struct tw_mention *mentions, uint32_t *mention_count)
{
    uint32_t count = 0;
    *mention_count = 0;
    for (uint32_t at = 0; at < linking->count; at++) {
        const struct hit *hit = &linking->hits[at];
        struct numbered *entity = find_entity(found, count, hit);
        if (!entity && count == TW_LINK_ENTITIES) {
            linking->document->links_dropped++;
            continue;
        }
        if (!entity) {
            entity = &found[count];
            *entity = entity_of(linking, hit, count++);
        }
        entity->in_text = entity->in_text || hit->end > hit->begin;
        mentions[(*mention_count)++] = (struct tw_mention){entity->number, hit->begin, hit->end};
    }
    return count;
}

/* Keeps mentions in the text, and one of no bytes for each entity that has none there. */
static uint32_t prune_mentions(struct numbered *found, struct tw_mention *mentions, uint32_t mention_count)
{
    uint32_t kept = 0;
    for (uint32_t at = 0; at < mention_count; at++) {
        struct tw_mention mention = mentions[at];
        struct numbered *entity = &found[mention.entity];
        bool given = mention.begin == mention.end;
        if (given && (entity->in_text || entity->entity.mentions > 0))
            continue;
        entity->entity.mentions++;
        mentions[kept++] = mention;
    }
    return kept;
}

static bool place(const struct linking *linking, struct numbered *found, uint32_t count,
    struct tw_mention *mentions, uint32_t mention_count)
{
    struct tw_linked_entity *entities = tw_arena_take(linking->arena, count * sizeof *entities);
    uint32_t *rank = tw_arena_take(linking->arena, count * sizeof *rank);
    if (!entities || !rank)
        return false;
    qsort(found, count, sizeof *found, by_symbol);
    for (uint32_t at = 0; at < count; at++) {
        entities[at] = found[at].entity;
        rank[found[at].number] = at;
    }
    for (uint32_t at = 0; at < mention_count; at++)
        mentions[at].entity = rank[mentions[at].entity];
    struct tw_document *document = linking->document;
    document->entities = entities;
    document->entity_count = count;
    document->mentions = mentions;
    document->mention_count = mention_count;
    return true;
}

static bool build(struct linking *linking)
{
    uint32_t most = linking->count < TW_LINK_ENTITIES ? linking->count : TW_LINK_ENTITIES;
    struct tw_mention *mentions = tw_arena_take(linking->arena, linking->count * sizeof *mentions);
    struct numbered *found = tw_arena_take(linking->arena, most * sizeof *found);
    if (!mentions || !found)
        return false;
    uint32_t mention_count;
    uint32_t count = number_entities(linking, found, mentions, &mention_count);
    mention_count = prune_mentions(found, mentions, mention_count);
    return place(linking, found, count, mentions, mention_count);
}

bool tw_link(const struct tw_automaton *entities, bool unlisted, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err)
{
    struct hit first[HITS_AT_FIRST];
    struct linking linking = {entities, unlisted, document, arena, first, 0, HITS_AT_FIRST};
    document->entities = NULL;
    document->entity_count = 0;
    document->mentions = NULL;
    document->mention_count = 0;
    document->links_dropped = 0;
    if (!add_given_symbols(&linking) || !find_hits(&linking))
        return tw_arena_fail(arena, err);
    settle_names(&linking);
    if (linking.count == 0)
        return true;
    return build(&linking) ? true : tw_arena_fail(arena, err);
}
