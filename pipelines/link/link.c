#include "link/link.h"

#include "link/hashtags.h"
#include "link/symbol_list.h"
#include "link/terminal.h"
#include "link/tickers.h"
#include "names/words.h"

#include <stdlib.h>
#include <string.h>

enum { HITS_AT_FIRST = 32, MOST_CODE = 2 }; /* letters of a market's code: a longer word is a label */

/* Something in the text that may be a mention. */
struct hit {
    uint32_t begin, end;
    int32_t entity;        /* of the file; TW_NO_ENTITY: `symbol` is not listed, or `name` is to be settled */
    bool by_symbol;        /* a cashtag, a newswire symbol, one of `symbols`, or the bare symbol */
    bool ambiguous;        /* `name` has several owners */
    bool doubtful;         /* an amount, unless another hit names the same company */
    struct tw_text symbol; /* unlisted */
    struct tw_name_match name;
};

struct linking {
    struct tw_ticker_scan scan;
    struct tw_document *document;
    struct tw_arena *arena;
    struct hit *hits;
    uint32_t count, room;
    bool full; /* the arena is, within something that has another answer */
};

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

/* What symbols.h or tickers.h found, as a hit. */
static bool take_symbol(
    struct linking *linking, enum tw_symbol_found found, const struct tw_symbol *symbol, struct hit *hit)
{
    linking->full = linking->full || found == TW_SYMBOL_FULL;
    if (found != TW_SYMBOL_FOUND)
        return false;
    hit->entity = symbol->entity;
    hit->symbol = symbol->symbol;
    return true;
}

static bool take_ticker(
    struct linking *linking, enum tw_symbol_found found, const struct tw_ticker *ticker, struct hit *hit)
{
    hit->begin = ticker->begin;
    hit->end = ticker->end;
    return take_symbol(linking, found, &ticker->symbol, hit);
}

static bool add_given_symbols(struct linking *linking)
{
    struct tw_document *document = linking->document;
    if (document->symbol_count > TW_LINK_ENTITIES)
        document->links_dropped += document->symbol_count - TW_LINK_ENTITIES;
    for (uint32_t at = 0; at < document->symbol_count && at < TW_LINK_ENTITIES; at++) {
        struct hit hit = {.by_symbol = true};
        struct tw_symbol symbol;
        enum tw_symbol_found found = tw_symbol_resolve(
            linking->scan.entities, document->symbols[at], linking->scan.unlisted, linking->arena, &symbol);
        bool known = take_symbol(linking, found, &symbol, &hit);
        document->symbols_unknown += !known;
        if (linking->full || (known && !add_hit(linking, hit)))
            return false;
    }
    return true;
}

/* ---- the pass over the text ---- */

/* A name; false when it is part of something else. */
static bool take_name(struct linking *linking, const struct tw_name_match *match, struct hit *hit)
{
    const struct tw_automaton *entities = linking->scan.entities;
    struct tw_text text = linking->scan.text;
    struct tw_text spelled = {text.bytes + match->begin, match->end - match->begin};
    struct tw_ticker ticker;
    *hit = (struct hit){.begin = match->begin, .end = match->end, .entity = TW_NO_ENTITY, .name = *match};
    enum tw_ticker_bare bare = tw_ticker_bare(&linking->scan, match->begin, match->end, &ticker);
    if (bare == TW_BARE_SYMBOL)
        hit->by_symbol = take_ticker(linking, TW_SYMBOL_FOUND, &ticker, hit);
    if (bare != TW_BARE_NAME)
        return bare == TW_BARE_SYMBOL;
    for (uint32_t at = 0, owner; tw_entities_owner(entities, text, match, &at, &owner);) {
        hit->entity = (int32_t)owner;
        hit->by_symbol = tw_text_equal(tw_entities_at(entities, owner)->symbol, spelled);
        if (hit->by_symbol)
            return true;
    }
    hit->ambiguous = match->owner_count > 1;
    if (hit->ambiguous)
        hit->entity = TW_NO_ENTITY;
    return true;
}

/* What the pass remembers of what it read. */
struct pass {
    struct tw_word_walk walk;
    size_t last_cashtag;        /* where the last one ended */
    size_t taken;               /* where the last hit ended */
    struct tw_symbol_list list; /* symbols that are to come; names do not reach into them */
};

/* A ':' behind an exchange's name, or before a terminal's code. */
static enum tw_symbol_found find_at_colon(
    const struct tw_ticker_scan *scan, struct pass *pass, size_t at, size_t bytes, struct tw_ticker *ticker)
{
    enum tw_symbol_found found = tw_symbol_list_begin(scan, at, bytes, &pass->list, ticker);
    return found != TW_SYMBOL_NONE || bytes > 1 ? found
                                                : tw_terminal_symbol(scan, pass->taken, at, at, ticker);
}

/* The symbol to which the mark at `at` belongs: a dollar sign, '#', '<', ':', a bracket, or the letters of
 * what may be a terminal's code or the label of a symbol. */
static enum tw_symbol_found find_at(const struct tw_ticker_scan *scan, struct pass *pass, size_t at,
    size_t bytes, char mark, struct tw_ticker *ticker)
{
    switch (mark) {
    case '$':
        return tw_ticker_cashtag(scan, at, bytes, at == pass->last_cashtag && at > 0, ticker);
    case '#':
        return tw_hashtag_find(scan, at, bytes, ticker);
    case '<':
        return tw_ticker_newswire(scan, at, ticker);
    case ':':
        return find_at_colon(scan, pass, at, bytes, ticker);
    case '(':
    case '[':
        return tw_symbol_list_bracketed(scan, at, bytes, &pass->list, ticker);
    default:
        return bytes > MOST_CODE ? tw_symbol_list_worded(scan, at, bytes, &pass->list, ticker)
                                 : tw_terminal_symbol(scan, pass->taken, at, at + bytes, ticker);
    }
}

/* A hashtag that is a name, its words pushed together. */
static bool take_tag(const struct linking *linking, size_t at, size_t hash, struct hit *hit)
{
    uint32_t end;
    int32_t entity = tw_hashtag_name(&linking->scan, at, hash, &end);
    if (entity == TW_NO_ENTITY)
        return false;
    *hit = (struct hit){.begin = (uint32_t)at, .end = end, .entity = entity};
    return true;
}

static size_t letters_at(struct tw_text text, size_t at)
{
    size_t end = at;
    while (tw_text_is_alphanumeric(tw_text_byte(text, end)))
        end++;
    return end - at;
}

/* What stands where the walk has stopped, which goes on behind it: a symbol, else the name that begins with
 * that mark. */
static bool take_stop(
    struct linking *linking, struct pass *pass, const struct tw_name_match *name, struct hit *hit)
{
    struct tw_word_walk *walk = &pass->walk;
    const struct tw_ticker_scan *scan = &linking->scan;
    struct tw_ticker ticker = {0};
    size_t at = walk->at, bytes;
    char mark = tw_word_ascii(walk->text, at, &bytes);
    if (tw_text_is_letter(mark))
        bytes = letters_at(walk->text, at); /* a code or a label */
    bool taken = take_ticker(linking, find_at(scan, pass, at, bytes, mark, &ticker), &ticker, hit);
    if (!taken && name->end && (!pass->list.next || name->end <= pass->list.next)) {
        bool named = take_name(linking, name, hit);
        walk->at = named ? hit->end : (uint32_t)(at + bytes);
        return named;
    }
    taken = taken || (mark == '#' && take_tag(linking, at, bytes, hit));
    walk->at = taken ? hit->end : (uint32_t)(at + bytes);
    if (taken && mark == '$') {
        pass->last_cashtag = hit->end;
        hit->doubtful = hit->entity != TW_NO_ENTITY && tw_ticker_is_doubtful(scan->text, &ticker);
        hit->by_symbol = !hit->doubtful;
    }
    return taken;
}

/* The next symbol of a list. The walk goes on behind it, or at it when it names nobody: it may be a name. */
static bool take_listed(struct linking *linking, struct pass *pass, struct hit *hit)
{
    struct tw_ticker ticker = {0};
    size_t at = pass->list.next;
    bool taken =
        take_ticker(linking, tw_symbol_list_next(&linking->scan, &pass->list, &ticker), &ticker, hit);
    pass->walk.at = taken ? hit->end : (uint32_t)at;
    return taken;
}

/* A name that is none, because a symbol is joined to it, may be the code of its market: "9901.T" where
 * somebody is called T. */
static bool take_market(
    struct linking *linking, const struct pass *pass, const struct tw_name_match *match, struct hit *hit)
{
    const struct tw_ticker_scan *scan = &linking->scan;
    struct tw_ticker ticker = {0};
    if (!tw_word_may_be_market(scan->text, match->begin, match->end))
        return false;
    *hit = (struct hit){.by_symbol = true};
    return take_ticker(
        linking, tw_terminal_symbol(scan, pass->taken, match->begin, match->end, &ticker), &ticker, hit);
}

static bool find_hits(struct linking *linking)
{
    struct tw_text text = linking->document->text;
    struct pass pass = {.walk = {.text = text}};
    struct tw_name_match match;
    bool stopped;
    for (;;) {
        struct hit hit = {.by_symbol = true};
        pass.walk.text.length = pass.list.next ? pass.list.next : text.length;
        if (tw_entities_next(linking->scan.entities, &pass.walk, &stopped, &match)) {
            if (!take_name(linking, &match, &hit) && !take_market(linking, &pass, &match, &hit))
                continue;
            pass.walk.at = hit.end;
            pass.taken = hit.end;
            if (!add_hit(linking, hit))
                return false;
            continue;
        }
        if (!stopped && !pass.list.next)
            return true;
        size_t mark = tw_arena_mark(linking->arena);
        bool has_room = linking->count < TW_LINK_MENTIONS;
        bool found = stopped ? take_stop(linking, &pass, &match, &hit) : take_listed(linking, &pass, &hit);
        if (linking->full || (found && !add_hit(linking, hit)))
            return false;
        pass.taken = found ? hit.end : pass.taken;
        if (!found || !has_room) /* what was written for it is kept by nobody */
            tw_arena_rewind(linking->arena, mark);
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
    uint32_t at = 0, owner;
    while (tw_entities_owner(linking->scan.entities, linking->document->text, name, &at, &owner)) {
        if (!stands_by_symbol(standing, (int32_t)owner))
            continue;
        if (settled != TW_NO_ENTITY)
            return TW_NO_ENTITY;
        settled = (int32_t)owner;
    }
    return settled;
}

/* Does something that leaves no doubt name the company? */
static bool is_named_elsewhere(const struct linking *linking, int32_t entity)
{
    for (uint32_t at = 0; at < linking->count; at++)
        if (linking->hits[at].entity == entity && !linking->hits[at].doubtful)
            return true;
    return false;
}

/* Companies whose symbols are units of money, and whether something that leaves no doubt names them. */
struct amounts {
    struct {
        int32_t entity;
        bool named;
    } items[64]; /* there are fewer units (tw_symbol_is_money) */
    uint32_t count;
};

static bool stays(const struct linking *linking, struct amounts *amounts, int32_t entity)
{
    uint32_t at = 0;
    while (at < amounts->count && amounts->items[at].entity != entity)
        at++;
    if (at == sizeof amounts->items / sizeof amounts->items[0])
        return false;
    if (at == amounts->count) {
        amounts->items[at].entity = entity;
        amounts->items[at].named = is_named_elsewhere(linking, entity);
        amounts->count++;
    }
    return amounts->items[at].named;
}

/* Cashtags that may be amounts stay where their company is named besides. */
static void drop_amounts(struct linking *linking)
{
    struct amounts amounts = {.count = 0};
    uint32_t kept = 0;
    for (uint32_t at = 0; at < linking->count; at++) {
        struct hit *hit = &linking->hits[at];
        if (!hit->doubtful || stays(linking, &amounts, hit->entity))
            linking->hits[kept++] = *hit;
    }
    linking->count = kept;
}

/* Settles or drops ambiguous names, and drops amounts. */
static void settle_names(struct linking *linking)
{
    struct standing standing;
    uint32_t kept = 0, doubtful = 0;
    gather_standing(linking, &standing);
    for (uint32_t at = 0; at < linking->count; at++) {
        struct hit hit = linking->hits[at];
        if (hit.ambiguous) {
            hit.entity = settle(linking, &standing, &hit.name);
            if (hit.entity == TW_NO_ENTITY)
                continue;
        }
        linking->hits[kept++] = hit;
        doubtful += hit.doubtful;
    }
    linking->count = kept;
    if (doubtful)
        drop_amounts(linking);
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
    const struct tw_entity *listed = tw_entities_at(linking->scan.entities, (uint32_t)hit->entity);
    made.entity = (struct tw_linked_entity){.symbol = listed->symbol, .name = listed->name, .listed = true};
    return made;
}

/* Numbers the entities of all hits; mentions get those numbers. A name of `symbols` that stands in the text
 * too is mentioned by the text alone. Returns how many entities there are. */
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
    struct linking linking = {.scan = {entities, unlisted, document->text, document->title_length, arena},
        .document = document,
        .arena = arena,
        .hits = first,
        .room = HITS_AT_FIRST};
    document->entities = NULL;
    document->entity_count = 0;
    document->mentions = NULL;
    document->mention_count = 0;
    document->links_dropped = 0;
    document->symbols_unknown = 0;
    if (!add_given_symbols(&linking) || !find_hits(&linking))
        return tw_arena_fail(arena, err);
    settle_names(&linking);
    if (linking.count == 0)
        return true;
    return build(&linking) ? true : tw_arena_fail(arena, err);
}
