#include "link/locate.h"

#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

enum fit { EXACT_WORD, ANY_CASE_WORD, ANY_CASE, FITS };

static unsigned char lower(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : byte;
}

static bool same(const char *left, const char *right, size_t length, bool any_case)
{
    if (!any_case)
        return memcmp(left, right, length) == 0;
    for (size_t at = 0; at < length; at++)
        if (lower((unsigned char)left[at]) != lower((unsigned char)right[at]))
            return false;
    return true;
}

/* Letters and digits of any script: bytes beyond ASCII belong to words. */
static bool in_word(unsigned char byte)
{
    unsigned char small = lower(byte);
    return (small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
}

/* Does no word go on across position `at`? */
static bool is_edge(struct tw_text text, size_t at)
{
    return at == 0 || at == text.length || !in_word((unsigned char)text.bytes[at - 1]) ||
           !in_word((unsigned char)text.bytes[at]);
}

static bool overlaps(size_t begin, size_t end, const struct tw_place *taken, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        if (begin < taken[at].end && taken[at].begin < end)
            return true;
    return false;
}

static bool find(struct tw_text text, struct tw_text name, enum fit fit, const struct tw_place *taken,
    uint32_t taken_count, struct tw_place *place)
{
    for (size_t begin = 0; begin + name.length <= text.length; begin++) {
        size_t end = begin + name.length;
        if (same(text.bytes + begin, name.bytes, name.length, fit != EXACT_WORD) &&
            (fit == ANY_CASE || (is_edge(text, begin) && is_edge(text, end))) &&
            !overlaps(begin, end, taken, taken_count)) {
            *place = (struct tw_place){(uint32_t)begin, (uint32_t)end};
            return true;
        }
    }
    return false;
}

static bool find_best(struct tw_text text, struct tw_text name, const struct tw_place *taken,
    uint32_t taken_count, struct tw_place *place)
{
    for (int fit = EXACT_WORD; fit < FITS; fit++)
        if (find(text, name, (enum fit)fit, taken, taken_count, place))
            return true;
    return false;
}

/* The longest name that has not chosen yet; the first of equals. */
static uint32_t next_to_choose(const struct tw_text *names, const bool *chosen, uint32_t count)
{
    uint32_t best = count;
    for (uint32_t at = 0; at < count; at++)
        if (!chosen[at] && (best == count || names[at].length > names[best].length))
            best = at;
    return best;
}

void tw_locate_names(
    struct tw_text text, const struct tw_text *names, uint32_t count, struct tw_place *places)
{
    struct tw_place taken[TW_LOCATE_MOST];
    bool chosen[TW_LOCATE_MOST] = {false};
    uint32_t apart = count < TW_LOCATE_MOST ? count : TW_LOCATE_MOST, taken_count = 0;
    memset(places, 0, count * sizeof *places);
    if (text.length >= UINT32_MAX)
        return;
    for (uint32_t turn = 0; turn < count; turn++) {
        uint32_t at = turn < apart ? next_to_choose(names, chosen, apart) : turn;
        if (turn < apart)
            chosen[at] = true;
        if (names[at].length == 0)
            continue;
        if (find_best(text, names[at], taken, taken_count, &places[at])) {
            if (turn < apart)
                taken[taken_count++] = places[at];
        } else {
            /* All mentions are taken: better a shared one than none. */
            (void)find_best(text, names[at], taken, 0, &places[at]);
        }
    }
}

/* In order of begin; of those that begin together, places before what was found again, then the longest. */
struct found {
    struct tw_mention mention;
    bool is_place;
};

static int by_begin(const void *left, const void *right)
{
    const struct found *one = left, *other = right;
    if (one->mention.begin != other->mention.begin)
        return one->mention.begin < other->mention.begin ? -1 : 1;
    if (one->is_place != other->is_place)
        return one->is_place ? -1 : 1;
    if (one->mention.end != other->mention.end)
        return one->mention.end > other->mention.end ? -1 : 1;
    return (one->mention.entity > other->mention.entity) - (one->mention.entity < other->mention.entity);
}

/* The same bytes as those at `place`, as whole words, behind it. Returns how many there are now. */
static uint32_t find_again(struct tw_text text, struct tw_place place, uint32_t name, struct found *all,
    uint32_t count, uint32_t most)
{
    const size_t length = place.end - place.begin;
    for (size_t at = place.end; count < most;) {
        const char *again = memmem(text.bytes + at, text.length - at, text.bytes + place.begin, length);
        if (!again)
            break;
        const size_t begin = (size_t)(again - text.bytes);
        at = begin + length;
        if (is_edge(text, begin) && is_edge(text, at))
            all[count++] = (struct found){.mention = {name, (uint32_t)begin, (uint32_t)at}};
    }
    return count;
}

/* Places stay; what was found again stays where it overlaps neither a place nor what stays before it. */
static uint32_t keep_apart(const struct found *all, uint32_t count, struct tw_mention *out)
{
    uint32_t kept = 0, end = 0;
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_mention *mention = &all[at].mention;
        uint32_t next_place = at + 1;
        while (
            next_place < count && all[next_place].mention.begin < mention->end && !all[next_place].is_place)
            next_place++;
        const bool meets_place = next_place < count && all[next_place].mention.begin < mention->end;
        if (!all[at].is_place && (mention->begin < end || meets_place))
            continue;
        out[kept++] = *mention;
        end = mention->end > end ? mention->end : end;
    }
    return kept;
}

bool tw_locate_mentions(struct tw_text text, const struct tw_text *names, uint32_t count,
    struct tw_arena *arena, const struct tw_mention **mentions, uint32_t *mention_count, struct tw_error *err)
{
    const uint32_t share = TW_LOCATE_MENTIONS / (count ? count : 1) + 1, most = count + count * share;
    struct tw_place *places = tw_arena_array(arena, count, sizeof *places);
    struct found *all = tw_arena_array(arena, most, sizeof *all);
    struct tw_mention *kept = tw_arena_array(arena, most, sizeof *kept);
    uint32_t found = 0;
    if (!places || !all || !kept)
        return tw_arena_fail(arena, err);
    tw_locate_names(text, names, count, places);
    for (uint32_t name = 0; name < count; name++)
        if (places[name].end > places[name].begin)
            all[found++] = (struct found){{name, places[name].begin, places[name].end}, true};
    for (uint32_t name = 0; name < count; name++)
        if (places[name].end > places[name].begin)
            found = find_again(text, places[name], name, all, found, found + share);
    qsort(all, found, sizeof *all, by_begin);
    *mentions = kept;
    *mention_count = keep_apart(all, found, kept);
    return true;
}

bool tw_locate_tokens(const struct tw_tokens *tokens, struct tw_place place, uint32_t *first, uint32_t *end)
{
    uint32_t begin = 0, stop = 0;
    for (uint32_t at = 0; at < tokens->count; at++) {
        if (tokens->ends[at] <= place.begin || tokens->begins[at] >= place.end)
            continue;
        if (stop == 0)
            begin = at;
        stop = at + 1;
    }
    bool found = stop > begin;
    *first = found ? begin : tokens->count > 2;
    *end = found ? stop : tokens->count > 2 ? tokens->count - 1 : 1;
    return found;
}
