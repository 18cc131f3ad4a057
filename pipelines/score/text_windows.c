#include "score/text_windows.h"

#include "link/locate.h"
#include "score/sentences.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

enum {
    LEAST_TOKENS = 16, /* a last window that may hold fewer is not worth its pass */
    BEYOND_BYTES = 64, /* looked at behind a window's tokens, to know whether a sentence ends there */
    WORD_BYTES = 64,   /* how far back the beginning of a cut word is looked for */
    FAR_BYTES = 144,   /* a company further on than that in its sentence may be beyond a window: */
    BEFORE_BYTES = 48, /* so many before it are read then, and what belongs to a word that is cut */
};

struct cutter {
    const struct tw_text_windows_options *options;
    struct tw_document *document;
    struct tw_text_mentions mentions;
    struct tw_arena *arena;
    struct tw_text_window *windows; /* [most_windows] */
    int32_t *ids;                   /* [most_tokens], as the next two */
    uint32_t *begins, *ends;
    uint32_t window_count, token_count;
    bool *shown;           /* [mentions.count]: a window names it */
    uint32_t waiting;      /* those that are named and that no window has shown */
    uint32_t next_mention; /* the first that does not begin before `at` */
    uint32_t at;           /* byte where the next window begins */
    uint32_t skipped;      /* bytes passed over */
};

/* --- one window ----------------------------------------------------------------------------------------- */

static struct tw_text part_of(struct tw_text text, uint32_t begin, uint32_t end)
{
    return (struct tw_text){text.bytes + begin, end - begin};
}

static uint32_t room_of(const struct cutter *cutter)
{
    const uint32_t left = cutter->options->most_tokens - cutter->token_count;
    return left < cutter->options->window_tokens ? left : cutter->options->window_tokens;
}

/* The byte up to which one window reads from cutter->at, no further than `limit`. */
static bool find_reach(const struct cutter *cutter, uint32_t limit, uint32_t *reach, struct tw_error *err)
{
    const struct tw_text text = part_of(cutter->document->text, cutter->at, limit);
    const size_t mark = tw_arena_mark(cutter->arena);
    struct tw_tokens tokens;
    if (!tw_tokenize(cutter->options->tokenizer, text, NULL, room_of(cutter), cutter->arena, &tokens, err))
        return false;
    *reach = limit;
    if (tokens.truncated)
        *reach = tokens.count > 2 ? cutter->at + tokens.ends[tokens.count - 2] : limit;
    tw_arena_rewind(cutter->arena, mark);
    return true;
}

static bool is_space(char byte)
{
    return (unsigned char)byte <= ' ';
}

/* Back to white space, when a word is cut there and begins not far before; else on to a whole character. */
static uint32_t before_word(struct tw_text text, uint32_t begin, uint32_t cut)
{
    for (uint32_t at = cut; at > begin && cut - at < WORD_BYTES; at--)
        if (is_space(text.bytes[at]))
            return at;
    while (cut < text.length && ((unsigned char)text.bytes[cut] & 0xC0) == 0x80)
        cut++;
    return cut;
}

/* The end of the sentences that are read as far as `reach`: of as many as there are, or of the first ones
 * that make `least` bytes. */
static uint32_t end_of_sentences(const struct cutter *cutter, uint32_t reach, uint32_t limit, uint32_t least)
{
    const struct tw_text text = cutter->document->text;
    const uint32_t seen = limit - reach > BEYOND_BYTES ? reach + BEYOND_BYTES : limit;
    struct tw_sentence sentence;
    uint32_t at = cutter->at, end = 0;
    while (tw_sentence_next(part_of(text, 0, seen), &at, &sentence) && sentence.end <= reach) {
        end = sentence.end;
        if (least && end - cutter->at >= least)
            return end;
    }
    if (end)
        return end;
    return reach < limit ? before_word(text, cutter->at, reach) : reach;
}

/* Companies that the window names have been shown. */
static void mark_shown(struct cutter *cutter, uint32_t end)
{
    const struct tw_text_mentions *all = &cutter->mentions;
    for (; cutter->next_mention < all->item_count && all->items[cutter->next_mention].begin < end;
         cutter->next_mention++) {
        const struct tw_mention *mention = &all->items[cutter->next_mention];
        if (mention->end <= mention->begin || mention->begin < cutter->at || cutter->shown[mention->entity])
            continue;
        cutter->shown[mention->entity] = true;
        cutter->waiting--;
    }
}

/* Puts the tokens of [cutter->at, end) behind the others. What has none (nothing but what the tokenizer
 * drops) has nothing to say, and is no window unless it is the first. */
static bool put_window(struct cutter *cutter, uint32_t end, struct tw_error *err)
{
    const size_t mark = tw_arena_mark(cutter->arena);
    const uint32_t first = cutter->token_count;
    struct tw_tokens tokens;
    if (!tw_tokenize(cutter->options->tokenizer, part_of(cutter->document->text, cutter->at, end), NULL,
            room_of(cutter), cutter->arena, &tokens, err))
        return false;
    const bool is_window = tokens.count > 2 || cutter->window_count == 0;
    for (uint32_t token = 0; is_window && token < tokens.count; token++) {
        const uint32_t shift = tokens.ends[token] > tokens.begins[token] ? cutter->at : 0;
        cutter->ids[first + token] = tokens.ids[token];
        cutter->begins[first + token] = tokens.begins[token] + shift;
        cutter->ends[first + token] = tokens.ends[token] + shift;
    }
    if (is_window) {
        cutter->token_count += tokens.count;
        cutter->windows[cutter->window_count++] =
            (struct tw_text_window){cutter->at, end, first, tokens.count};
    }
    tw_arena_rewind(cutter->arena, mark);
    mark_shown(cutter, end);
    cutter->at = end;
    return true;
}

static void skip_space(struct cutter *cutter)
{
    const struct tw_text text = cutter->document->text;
    while (cutter->at < text.length && is_space(text.bytes[cutter->at]))
        cutter->at++;
}

static bool cut_window(struct cutter *cutter, uint32_t limit, uint32_t least, struct tw_error *err)
{
    uint32_t reach;
    return find_reach(cutter, limit, &reach, err) &&
           put_window(cutter, end_of_sentences(cutter, reach, limit, least), err);
}

/* --- which windows -------------------------------------------------------------------------------------- */

/* The first mention from cutter->at on of a company that waits; UINT32_MAX when there is none. */
static uint32_t next_waiting(struct cutter *cutter)
{
    const struct tw_text_mentions *all = &cutter->mentions;
    for (uint32_t at = cutter->next_mention; at < all->item_count; at++)
        if (all->items[at].end > all->items[at].begin && all->items[at].begin >= cutter->at &&
            !cutter->shown[all->items[at].entity])
            return all->items[at].begin;
    return UINT32_MAX;
}

/* Moves on to the sentence that holds byte `wanted`. */
static void pass_over(struct cutter *cutter, uint32_t wanted)
{
    const uint32_t from = cutter->at;
    const struct tw_text text = cutter->document->text;
    struct tw_sentence sentence = {from, from};
    uint32_t at = from;
    while (tw_sentence_next(text, &at, &sentence) && sentence.end <= wanted)
        ;
    cutter->at = sentence.begin;
    if (wanted > sentence.begin && wanted - sentence.begin > FAR_BYTES)
        cutter->at = before_word(text, sentence.begin, wanted - BEFORE_BYTES);
    skip_space(cutter);
    cutter->skipped += cutter->at - from;
}

/* When as many companies wait as windows are left, the next one is for the next of them. */
static void choose_begin(struct cutter *cutter)
{
    skip_space(cutter);
    if (cutter->waiting < cutter->options->most_windows - cutter->window_count)
        return;
    const uint32_t wanted = next_waiting(cutter);
    if (wanted != UINT32_MAX)
        pass_over(cutter, wanted);
}

static bool is_full(const struct cutter *cutter)
{
    const uint32_t least =
        cutter->options->window_tokens < LEAST_TOKENS ? cutter->options->window_tokens : LEAST_TOKENS;
    return cutter->window_count == cutter->options->most_windows || room_of(cutter) < least;
}

static bool cut_all(struct cutter *cutter, struct tw_error *err)
{
    const struct tw_document *document = cutter->document;
    const uint32_t length = (uint32_t)document->text.length, title = document->title_length;
    if (!cut_window(cutter, title ? title : length, title ? 0 : TW_TITLE_BYTES, err))
        return false;
    for (skip_space(cutter); cutter->at < length && !is_full(cutter); skip_space(cutter)) {
        choose_begin(cutter);
        if (!cut_window(cutter, length, 0, err))
            return false;
    }
    return true;
}

/* --- the document --------------------------------------------------------------------------------------- */

static bool take_room(struct cutter *cutter, struct tw_error *err)
{
    const struct tw_text_windows_options *options = cutter->options;
    struct tw_arena *arena = cutter->arena;
    cutter->windows = tw_arena_array(arena, options->most_windows, sizeof *cutter->windows);
    cutter->ids = tw_arena_array(arena, options->most_tokens, sizeof *cutter->ids);
    cutter->begins = tw_arena_array(arena, options->most_tokens, sizeof *cutter->begins);
    cutter->ends = tw_arena_array(arena, options->most_tokens, sizeof *cutter->ends);
    cutter->shown = tw_arena_array(arena, cutter->mentions.count, sizeof *cutter->shown);
    return arena->full ? tw_arena_fail(arena, err) : true;
}

/* Companies that have a mention with bytes wait. */
static void count_waiting(struct cutter *cutter)
{
    const struct tw_text_mentions *all = &cutter->mentions;
    for (uint32_t at = 0; at < all->item_count; at++)
        if (all->items[at].end > all->items[at].begin)
            cutter->shown[all->items[at].entity] = true;
    for (uint32_t at = 0; at < all->count; at++) {
        cutter->waiting += cutter->shown[at];
        cutter->shown[at] = false;
    }
}

bool tw_text_windows_cut(const struct tw_text_windows_options *options, struct tw_document *document,
    struct tw_text_mentions mentions, struct tw_arena *arena, struct tw_error *err)
{
    struct cutter cutter = {.options = options, .document = document, .mentions = mentions, .arena = arena};
    if (document->text.length >= UINT32_MAX)
        return tw_fail(err, TW_REFUSED, NULL, "cut it", "a text of 4 GiB or more");
    if (!take_room(&cutter, err))
        return false;
    count_waiting(&cutter);
    if (!cut_all(&cutter, err))
        return false;
    document->windows = cutter.windows;
    document->window_count = cutter.window_count;
    document->tokens = cutter.ids;
    document->token_begins = cutter.begins;
    document->token_ends = cutter.ends;
    document->token_count = cutter.token_count;
    document->read_bytes = cutter.at - cutter.skipped;
    document->truncated = document->read_bytes < document->text.length;
    return true;
}

/* --- companies in windows ------------------------------------------------------------------------------- */

struct placer {
    const struct tw_document *document;
    struct tw_text_span *spans;
    uint32_t count;
    uint32_t *last; /* [mentions.count]: one past the last window with a span of it; 0: none */
};

static void put_span(struct placer *placer, uint32_t window, uint32_t reading, struct tw_place place)
{
    const struct tw_document *document = placer->document;
    const struct tw_text_window *at = &document->windows[window];
    uint32_t *begins, *ends;
    memcpy(&begins, &document->token_begins, sizeof begins);
    memcpy(&ends, &document->token_ends, sizeof ends);
    const struct tw_tokens tokens = {
        .begins = begins + at->first_token, .ends = ends + at->first_token, .count = at->token_count};
    struct tw_text_span *span = &placer->spans[placer->count++];
    *span = (struct tw_text_span){.window = window, .reading = reading};
    (void)tw_locate_tokens(&tokens, place, &span->begin, &span->end);
}

/* Which companies windows name; how many spans there can be. */
static size_t count_spans(const struct tw_document *document, struct tw_text_mentions mentions, bool *named)
{
    size_t most = 0;
    uint32_t at = 0;
    for (uint32_t window = 0; window < document->window_count; window++)
        for (; at < mentions.item_count && mentions.items[at].begin < document->windows[window].end; at++)
            if (mentions.items[at].end > mentions.items[at].begin &&
                mentions.items[at].begin >= document->windows[window].begin) {
                named[mentions.items[at].entity] = true;
                most++;
            }
    for (uint32_t reading = 0; reading < mentions.count; reading++)
        most += named[reading] ? 0 : document->window_count;
    return most;
}

static void place_in(struct placer *placer, uint32_t window, struct tw_text_mentions mentions, uint32_t *at)
{
    const struct tw_text_window *here = &placer->document->windows[window];
    for (; *at < mentions.item_count && mentions.items[*at].begin < here->end; ++*at) {
        const struct tw_mention *mention = &mentions.items[*at];
        if (mention->end <= mention->begin || mention->begin < here->begin ||
            placer->last[mention->entity] == window + 1)
            continue;
        placer->last[mention->entity] = window + 1;
        put_span(placer, window, mention->entity, (struct tw_place){mention->begin, mention->end});
    }
}

bool tw_text_windows_place(struct tw_document *document, struct tw_text_mentions mentions,
    struct tw_arena *arena, struct tw_error *err)
{
    bool *named = tw_arena_array(arena, mentions.count, sizeof *named);
    struct placer placer = {
        .document = document, .last = tw_arena_array(arena, mentions.count, sizeof *placer.last)};
    if (!named || !placer.last)
        return tw_arena_fail(arena, err);
    placer.spans = tw_arena_array(arena, count_spans(document, mentions, named), sizeof *placer.spans);
    if (!placer.spans)
        return tw_arena_fail(arena, err);
    uint32_t at = 0;
    for (uint32_t window = 0; window < document->window_count; window++) {
        place_in(&placer, window, mentions, &at);
        for (uint32_t reading = 0; reading < mentions.count; reading++)
            if (!named[reading])
                put_span(&placer, window, reading, (struct tw_place){0, 0});
    }
    document->spans = placer.spans;
    document->span_count = placer.count;
    return true;
}
