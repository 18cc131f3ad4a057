#include "link/link.h"

#include "link/symbols.h"
#include "link/words.h"
#include "read/markup.h"

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
    bool full; /* the arena is, within something that has another answer */
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

/* A symbol as symbols.h found it; *full when the arena is. */
static bool take_symbol(
    enum tw_symbol_found found, const struct tw_symbol *symbol, struct hit *hit, bool *full)
{
    *full = *full || found == TW_SYMBOL_FULL;
    if (found != TW_SYMBOL_FOUND)
        return false;
    hit->entity = symbol->entity;
    hit->symbol = symbol->symbol;
    return true;
}

static bool resolve(struct linking *linking, struct tw_text spelled, struct hit *hit)
{
    struct tw_symbol symbol;
    return take_symbol(
        tw_symbol_resolve(linking->entities, spelled, linking->unlisted, linking->arena, &symbol), &symbol,
        hit, &linking->full);
}

static bool resolve_class(struct linking *linking, struct tw_text base, struct tw_text class, struct hit *hit)
{
    struct tw_symbol symbol;
    return take_symbol(
        tw_symbol_resolve_class(linking->entities, base, class, linking->unlisted, linking->arena, &symbol),
        &symbol, hit, &linking->full);
}

/* The characters behind a dollar sign that a symbol may have, as ASCII, and where each ends in the text. */
struct run {
    char bytes[TW_SYMBOL_BYTES];
    uint32_t ends[TW_SYMBOL_BYTES];
    size_t length;
};

static bool is_alphanumeric(char byte)
{
    return is_digit(byte) || is_capital((char)(byte & ~0x20));
}

static bool is_run_byte(char byte)
{
    return is_alphanumeric(byte) || byte == '.' || byte == '-' || byte == '/' || byte == '&' || byte == '_';
}

static void read_run(struct tw_text text, size_t at, struct run *run)
{
    size_t length = 1;
    run->length = 0;
    for (; at < text.length && run->length < sizeof run->bytes; at += length) {
        char byte = text.bytes[at];
        length = 1;
        if ((unsigned char)byte >= 0x80)
            byte = tw_word_ascii(text, at, &length);
        if (!is_run_byte(byte))
            break;
        run->bytes[run->length] = byte;
        run->ends[run->length++] = (uint32_t)(at + length);
    }
}

/* How many characters of the run from `from` on are letters and digits. */
static size_t alphanumerics(const struct run *run, size_t from)
{
    size_t at = from;
    while (at < run->length && is_alphanumeric(run->bytes[at]))
        at++;
    return at - from;
}

/* May a symbol end behind the nth character of the run? */
static bool ends_symbol(const struct run *run, struct tw_text text, size_t count)
{
    return count < run->length ? !is_alphanumeric(run->bytes[count])
                               : !tw_word_joins(text, run->ends[count - 1]);
}

/* The longest listed symbol of the run that holds a mark: "M&M", "BAJAJ-AUTO", "BRK/B". Its characters, 0
 * when there is none. */
static size_t longest_listed(
    const struct linking *linking, const struct run *run, size_t base, int32_t *entity)
{
    for (size_t count = run->length; count > base + 1; count--) {
        if (!is_alphanumeric(run->bytes[count - 1]) || !ends_symbol(run, linking->document->text, count))
            continue;
        *entity = tw_entities_find_symbol(linking->entities, (struct tw_text){run->bytes, count});
        if (*entity != TW_NO_ENTITY)
            return count;
    }
    return 0;
}

/* What stands behind a mark as a class of shares would: one to three capitals or digits, a capital first. */
static bool looks_like_class(const struct run *run, size_t at, size_t count)
{
    for (size_t nth = 0; nth < count; nth++)
        if (!is_capital(run->bytes[at + nth]) && !is_digit(run->bytes[at + nth]))
            return false;
    return count >= 1 && count <= 3 && is_capital(run->bytes[at]);
}

/* Was the text cut at `end`, by an ellipsis that is its last character? */
static bool is_cut_off(struct tw_text text, size_t end)
{
    while (text.length > end && (unsigned char)text.bytes[text.length - 1] <= ' ')
        text.length--;
    struct tw_text rest = {text.bytes + end, text.length - end};
    return tw_text_equal(rest, tw_text_of("\xE2\x80\xA6")) || tw_text_equal(rest, tw_text_of("..."));
}

/* "$AAPL" alone, or before a mark that has nothing to do with it. */
static bool take_base(struct linking *linking, const struct run *run, size_t base, struct hit *hit)
{
    struct tw_text text = linking->document->text, symbol = {run->bytes, base};
    if (!ends_symbol(run, text, base))
        return false;
    size_t end = run->ends[base - 1];
    hit->end = (uint32_t)end;
    hit->entity = tw_entities_find_symbol(linking->entities, symbol);
    if (hit->entity != TW_NO_ENTITY)
        return !is_cut_off(text, end) || !tw_entities_continues(linking->entities, symbol);
    if (!linking->unlisted || !tw_symbol_is_plain(symbol) || tw_symbol_is_unit(symbol) ||
        is_cut_off(text, end))
        return false;
    hit->symbol = tw_arena_copy(linking->arena, symbol);
    linking->full = linking->full || !hit->symbol.bytes;
    return hit->symbol.bytes != NULL;
}

/* "$AAPL" whose dollar sign, of `sign` bytes, stands at `at`. */
static bool take_cashtag(struct linking *linking, size_t at, size_t sign, size_t last_end, struct hit *hit)
{
    struct tw_text text = linking->document->text;
    bool after_cashtag = at == last_end && at > 0;
    if (!after_cashtag && (tw_word_before(text, at) || (at > 0 && text.bytes[at - 1] == '$')))
        return false;
    struct run run;
    read_run(text, at + sign, &run);
    size_t base = alphanumerics(&run, 0);
    hit->begin = (uint32_t)at;
    if (base == 0)
        return false;
    size_t listed = longest_listed(linking, &run, base, &hit->entity);
    if (listed) {
        hit->end = run.ends[listed - 1];
        return true;
    }
    size_t class = base < run.length ? alphanumerics(&run, base + 1) : 0;
    if (!class || !looks_like_class(&run, base + 1, class))
        return take_base(linking, &run, base, hit);
    /* A class, or a Reuters code: never the company before the mark alone. */
    size_t count = base + 1 + class;
    struct tw_text class_text = {run.bytes + base + 1, class};
    hit->end = run.ends[count - 1];
    if (run.bytes[base] == '&' || !ends_symbol(&run, text, count) || is_cut_off(text, hit->end) ||
        (run.bytes[base] != '.' && tw_symbol_is_reuters(class_text) && class > 1))
        return false;
    return resolve_class(linking, (struct tw_text){run.bytes, base}, class_text, hit);
}

/* Length of the run of capitals, digits and full stops at `at`. */
static size_t symbol_run(struct tw_text text, size_t at)
{
    size_t begin = at;
    while (
        at < text.length && (is_capital(text.bytes[at]) || is_digit(text.bytes[at]) || text.bytes[at] == '.'))
        at++;
    return at - begin;
}

/* "<OM>" whose '<' stands at `at`. */
static bool take_newswire(struct linking *linking, size_t at, struct hit *hit)
{
    struct tw_text text = linking->document->text;
    size_t length = symbol_run(text, at + 1);
    size_t end = at + 1 + length;
    if (length == 0 || end >= text.length || text.bytes[end] != '>')
        return false;
    struct tw_text symbol = {text.bytes + at + 1, length};
    hit->begin = (uint32_t)at;
    hit->end = (uint32_t)end + 1;
    return resolve(linking, symbol, hit) && (hit->entity != TW_NO_ENTITY || !tw_markup_is_element(symbol));
}

/* "NASDAQ: ODNL" whose ':' stands at `at`: the exchange has been read, the symbol is ahead. */
static bool take_exchange(struct linking *linking, size_t at, struct hit *hit)
{
    struct tw_text text = linking->document->text;
    size_t name = at, begin = at + 1;
    while (name > 0 && at - name < 16 && is_alphanumeric(text.bytes[name - 1]))
        name--;
    if (name == at || !tw_symbol_is_exchange((struct tw_text){text.bytes + name, at - name}))
        return false;
    begin += begin < text.length && text.bytes[begin] == ' ';
    begin += begin < text.length && text.bytes[begin] == '$';
    size_t length = symbol_run(text, begin);
    while (length && text.bytes[begin + length - 1] == '.')
        length--;
    if (length == 0 || tw_word_joins(text, begin + length))
        return false;
    hit->begin = (uint32_t)begin;
    hit->end = (uint32_t)(begin + length);
    return resolve(linking, (struct tw_text){text.bytes + begin, length}, hit);
}

static bool add_given_symbols(struct linking *linking)
{
    struct tw_document *document = linking->document;
    if (document->symbol_count > TW_LINK_ENTITIES)
        document->links_dropped += document->symbol_count - TW_LINK_ENTITIES;
    for (uint32_t at = 0; at < document->symbol_count && at < TW_LINK_ENTITIES; at++) {
        struct hit hit = {.by_symbol = true};
        bool known = resolve(linking, document->symbols[at], &hit);
        document->symbols_unknown += !known;
        if (linking->full || (known && !add_hit(linking, hit)))
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

/* What stands where the walk has stopped: a dollar sign, '<' or ':'. The walk goes on behind it. */
static bool take_stop(
    struct linking *linking, struct tw_word_walk *walk, size_t *last_cashtag, struct hit *hit)
{
    size_t at = walk->at, bytes;
    char mark = tw_word_ascii(walk->text, at, &bytes);
    bool found = mark == '$'   ? take_cashtag(linking, at, bytes, *last_cashtag, hit)
                 : mark == '<' ? take_newswire(linking, at, hit)
                               : take_exchange(linking, at, hit);
    walk->at = found ? hit->end : (uint32_t)(at + bytes);
    if (found && mark == '$')
        *last_cashtag = hit->end;
    return found;
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
        size_t mark = tw_arena_mark(linking->arena);
        bool has_room = linking->count < TW_LINK_MENTIONS;
        bool found = take_stop(linking, &walk, &last_cashtag, &hit);
        if (linking->full || (found && !add_hit(linking, hit)))
            return false;
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
    struct linking linking = {entities, unlisted, document, arena, first, 0, HITS_AT_FIRST, false};
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
