#include "cases/expand.h"

#include <string.h>

enum {
    MOST_SEGMENTS = 64, /* open at once: alternatives in alternatives, lists in lists */
    MOST_STEPS = 4000,  /* segments in all: a list of lists of lists grows fast, and may put out nothing */
    MOST_MEMOS = 48,
    MOST_TRIES = 32, /* at a company that is not there yet */
    TICKER_LETTERS = 3
};

/* A value that a slot has had: it has it again. */
struct memo {
    struct tw_case_slot slot;
    char value[256];
    struct tw_case_number number;
};

/* A part of a form that is being read: the form, an alternative, an item of a list. */
struct segment {
    struct tw_text rest;
    struct memo *fills;             /* with what it puts out; NULL: nothing */
    enum tw_case_modifier modifier; /* of what it puts out */
    size_t began;                   /* where in the output */
    bool in_list;                   /* slots are drawn anew, and remembered nowhere */
    bool in_company;                /* draws are those of names */
};

struct expansion {
    const struct tw_templates *templates;
    struct tw_case_draws draws;
    struct tw_draws *words; /* those of the form, then those of the frame */
    char out[TW_CASE_TEXT_BYTES];
    size_t used;
    struct memo memos[MOST_MEMOS];
    uint32_t memo_count;
    struct segment segments[MOST_SEGMENTS];
    uint32_t depth, steps;
    bool overflows; /* sticky */
    struct tw_text names[TW_CASE_COMPANIES];
    bool named_in_full[TW_CASE_COMPANIES];
    /* Of a frame. */
    struct tw_text text;
    size_t text_begin, text_end;
    enum tw_case_modifier text_modifier;
};

struct tw_case_draws tw_case_draws(uint64_t seed, uint32_t number)
{
    return (struct tw_case_draws){.words = {seed, TW_DRAWS_WORDS, number, 0},
        .names = {seed, TW_DRAWS_NAMES, number, 0},
        .frame = {seed, TW_DRAWS_FRAMES, number, 0}};
}

/* ---- output ---- */

static void put(struct expansion *expansion, struct tw_text text)
{
    if (text.length > sizeof expansion->out - expansion->used) {
        expansion->overflows = true;
        return;
    }
    if (text.length)
        memcpy(expansion->out + expansion->used, text.bytes, text.length);
    expansion->used += text.length;
}

static void change_case(char *bytes, size_t length, enum tw_case_modifier modifier)
{
    for (size_t at = 0; at < length; at++) {
        if (modifier == TW_MODIFIER_UPPER && tw_text_is_small(bytes[at]))
            bytes[at] = (char)(bytes[at] - 'a' + 'A');
        else if (modifier == TW_MODIFIER_LOWER && tw_text_is_capital(bytes[at]))
            bytes[at] = (char)(bytes[at] - 'A' + 'a');
    }
}

/* What follows the last blank; the whole without one. */
static size_t last_word(const char *bytes, size_t length)
{
    size_t at = length;
    while (at > 0 && bytes[at - 1] != ' ')
        at--;
    return at;
}

/* What was put out since `began`, as the modifier wants it. */
static void modify(struct expansion *expansion, size_t began, enum tw_case_modifier modifier)
{
    char *bytes = expansion->out + began;
    const size_t length = expansion->used - began;
    if (modifier == TW_MODIFIER_LAST) {
        const size_t last = last_word(bytes, length);
        memmove(bytes, bytes + last, length - last);
        expansion->used -= last;
    } else {
        change_case(bytes, length, modifier);
    }
}

/* ---- memos ---- */

static struct memo *find_memo(struct expansion *expansion, const struct tw_case_slot *slot)
{
    for (uint32_t at = 0; at < expansion->memo_count; at++) {
        const struct tw_case_slot *had = &expansion->memos[at].slot;
        if (had->kind == slot->kind && had->which == slot->which &&
            tw_text_equal(had->instance, slot->instance))
            return &expansion->memos[at];
    }
    return NULL;
}

static struct memo *new_memo(struct expansion *expansion, const struct tw_case_slot *slot)
{
    if (expansion->memo_count == MOST_MEMOS) {
        expansion->overflows = true;
        return NULL;
    }
    struct memo *memo = &expansion->memos[expansion->memo_count++];
    *memo = (struct memo){.slot = *slot};
    return memo;
}

static void remember(struct expansion *expansion, struct memo *memo, size_t began)
{
    const size_t length = expansion->used - began;
    if (length >= sizeof memo->value) {
        expansion->overflows = true;
        return;
    }
    memcpy(memo->value, expansion->out + began, length);
    memo->value[length] = '\0';
}

/* ---- companies ---- */

/* $ and the first letters of the name; the name itself when it has fewer than two. */
static void spell_ticker(struct tw_text name, char out[64])
{
    const size_t most = TICKER_LETTERS + name.length % 2;
    size_t used = 1;
    out[0] = '$';
    for (size_t at = 0; at < name.length && used <= most; at++) {
        char byte = name.bytes[at];
        change_case(&byte, 1, TW_MODIFIER_UPPER);
        if (tw_text_is_capital(byte))
            out[used++] = byte;
    }
    out[used > 2 ? used : 0] = '\0';
}

/* The first word of a name of several; one with "&" in it, and one whose first word is short, is not cut. */
static size_t short_length(struct tw_text name)
{
    enum { SHORTEST = 4 };
    const char *blank = memchr(name.bytes, ' ', name.length);
    const size_t first = blank ? (size_t)(blank - name.bytes) : name.length;
    return first < SHORTEST || memchr(name.bytes, '&', name.length) ? name.length : first;
}

/* Puts the company out, and notes how the text has it. */
static void put_company(struct expansion *expansion, const struct memo *memo, enum tw_case_modifier modifier)
{
    char ticker[64] = "";
    struct tw_text spelled = tw_text_of(memo->value);
    if (modifier == TW_MODIFIER_TICKER) {
        spell_ticker(spelled, ticker);
        if (ticker[0])
            spelled = tw_text_of(ticker);
    } else if (modifier == TW_MODIFIER_SHORT) {
        spelled.length = short_length(spelled);
    }
    const uint32_t which = memo->slot.which;
    const bool in_full = modifier == TW_MODIFIER_NONE;
    const size_t began = expansion->used;
    put(expansion, spelled);
    if (expansion->overflows ||
        (expansion->names[which].bytes && (!in_full || expansion->named_in_full[which])))
        return;
    /* In the output, which is copied before it goes. */
    expansion->names[which] = (struct tw_text){expansion->out + began, spelled.length};
    expansion->named_in_full[which] = in_full;
}

static bool is_taken(const struct expansion *expansion, const struct memo *memo)
{
    for (uint32_t at = 0; at < expansion->memo_count; at++) {
        const struct memo *other = &expansion->memos[at];
        if (other != memo && other->slot.kind == TW_SLOT_COMPANY && strcmp(other->value, memo->value) == 0)
            return true;
    }
    return false;
}

/* ---- slots ---- */

static struct tw_draws *draws_of(struct expansion *expansion, const struct segment *segment)
{
    return segment->in_company ? &expansion->draws.names : expansion->words;
}

static void push(struct expansion *expansion, struct segment segment)
{
    if (expansion->depth == MOST_SEGMENTS || expansion->steps++ == MOST_STEPS) {
        expansion->overflows = true;
        return;
    }
    segment.began = expansion->used;
    expansion->segments[expansion->depth++] = segment;
}

static struct tw_text draw_item(const struct tw_case_list *list, struct tw_draws *draws)
{
    return list->items[tw_draws_below(draws, list->count)];
}

static void put_number(
    struct expansion *expansion, const struct segment *segment, const struct tw_case_slot *slot)
{
    struct tw_case_number drawn;
    const struct tw_case_number *number = &drawn;
    struct memo *memo = segment->in_list ? NULL : find_memo(expansion, slot);
    if (memo) {
        number = &memo->number;
    } else {
        tw_case_number_draw((enum tw_case_number_kind)slot->which, draws_of(expansion, segment), &drawn);
        memo = segment->in_list ? NULL : new_memo(expansion, slot);
        if (memo)
            memo->number = drawn;
    }
    put(expansion, tw_text_of(slot->modifier == TW_MODIFIER_HIGH ? number->high : number->low));
}

static void put_list(
    struct expansion *expansion, const struct segment *segment, const struct tw_case_slot *slot)
{
    const size_t began = expansion->used;
    struct memo *memo = segment->in_list ? NULL : find_memo(expansion, slot);
    if (memo) {
        put(expansion, tw_text_of(memo->value));
        modify(expansion, began, slot->modifier);
        return;
    }
    push(expansion, (struct segment){.rest = draw_item(&expansion->templates->lists[slot->which],
                                         draws_of(expansion, segment)),
                        .fills = segment->in_list ? NULL : new_memo(expansion, slot),
                        .modifier = slot->modifier,
                        .in_list = true,
                        .in_company = segment->in_company});
}

static void push_company(struct expansion *expansion, struct memo *memo, enum tw_case_modifier modifier)
{
    push(expansion,
        (struct segment){.rest = draw_item(&expansion->templates->companies, &expansion->draws.names),
            .fills = memo,
            .modifier = modifier,
            .in_list = true,
            .in_company = true});
}

static void put_text(struct expansion *expansion, enum tw_case_modifier modifier)
{
    expansion->text_begin = expansion->used;
    put(expansion, expansion->text);
    modify(expansion, expansion->text_begin, modifier);
    expansion->text_end = expansion->used;
    expansion->text_modifier = modifier;
}

static void put_slot(struct expansion *expansion, const struct segment *segment, struct tw_text inside)
{
    struct tw_case_slot slot;
    char what[160];
    struct memo *memo;
    if (!tw_case_slot_read(expansion->templates, inside, &slot, what)) /* it was checked when it was loaded */
        return;
    switch (slot.kind) {
    case TW_SLOT_TEXT:
        put_text(expansion, slot.modifier);
        break;
    case TW_SLOT_NUMBER:
        put_number(expansion, segment, &slot);
        break;
    case TW_SLOT_LIST:
        put_list(expansion, segment, &slot);
        break;
    case TW_SLOT_COMPANY:
        memo = find_memo(expansion, &slot);
        if (memo)
            put_company(expansion, memo, slot.modifier);
        else if ((memo = new_memo(expansion, &slot)))
            push_company(expansion, memo, slot.modifier);
        break;
    }
}

/* ---- alternatives ---- */

/* One of [a|b|c], without its bracket. */
static struct tw_text draw_alternative(struct tw_text inside, struct tw_draws *draws)
{
    size_t count = 1, open = 0, begin = 0, end = 0;
    for (size_t at = 0; at < inside.length; at++) {
        open += inside.bytes[at] == '[';
        open -= inside.bytes[at] == ']';
        count += inside.bytes[at] == '|' && open == 0;
    }
    size_t left = tw_draws_below(draws, count);
    for (; end < inside.length; end++) {
        open += inside.bytes[end] == '[';
        open -= inside.bytes[end] == ']';
        if (inside.bytes[end] != '|' || open > 0)
            continue;
        if (left-- == 0)
            break;
        begin = end + 1;
    }
    return (struct tw_text){inside.bytes + begin, end - begin};
}

/* ---- segments ---- */

/* A segment has come to its end: what it put out is a slot's value. */
static void finish(struct expansion *expansion, const struct segment *segment)
{
    if (!segment->fills) {
        modify(expansion, segment->began, segment->modifier);
        return;
    }
    remember(expansion, segment->fills, segment->began);
    if (segment->fills->slot.kind != TW_SLOT_COMPANY) {
        modify(expansion, segment->began, segment->modifier);
        return;
    }
    expansion->used = segment->began;
    if (is_taken(expansion, segment->fills) && expansion->steps + MOST_TRIES < MOST_STEPS)
        push_company(expansion, segment->fills, segment->modifier);
    else
        put_company(expansion, segment->fills, segment->modifier);
}

/* The next piece of the newest segment: a bracket, a slot, or letters up to one. */
static void step(struct expansion *expansion)
{
    struct segment *newest = &expansion->segments[expansion->depth - 1];
    const struct segment segment = *newest;
    struct tw_text rest = segment.rest;
    if (rest.length == 0) {
        expansion->depth--;
        finish(expansion, &segment);
        return;
    }
    const char first = rest.bytes[0];
    size_t length = 0;
    if (first == '[' || first == '{') {
        length = tw_case_closing(rest, 0) + 1;
    } else {
        while (length < rest.length && rest.bytes[length] != '[' && rest.bytes[length] != '{')
            length++;
    }
    newest->rest = (struct tw_text){rest.bytes + length, rest.length - length};
    if (first == '{') {
        put_slot(expansion, &segment, (struct tw_text){rest.bytes + 1, length - 2});
    } else if (first == '[') {
        const struct tw_text inside = {rest.bytes + 1, length - 2};
        push(expansion, (struct segment){.rest = draw_alternative(inside, draws_of(expansion, &segment)),
                            .in_list = segment.in_list,
                            .in_company = segment.in_company});
    } else {
        put(expansion, (struct tw_text){rest.bytes, length});
    }
}

static bool run(struct expansion *expansion, struct tw_text form)
{
    expansion->used = 0;
    push(expansion, (struct segment){.rest = form});
    while (expansion->depth > 0 && !expansion->overflows)
        step(expansion);
    return !expansion->overflows;
}

/* ---- mending ---- */

static bool is_blank_mark(char byte)
{
    return byte == ',' || byte == '.' || byte == ';' || byte == ':';
}

/* Is what follows "a " spoken with a vowel first? */
static bool wants_an(const char *next, const char *end)
{
    static const char *const not_vowels[] = {"eu", "Eu", "EU", "uni", "use", "usu", "one-", "once", "ut"};
    const size_t length = (size_t)(end - next);
    if (length == 0)
        return false;
    if (tw_text_is_digit(next[0]))
        return next[0] == '8' || (length > 2 && next[0] == '1' && (next[1] == '1' || next[1] == '8') &&
                                     !tw_text_is_digit(next[2]) && next[2] != ',');
    for (size_t at = 0; at < sizeof not_vowels / sizeof not_vowels[0]; at++)
        if (strlen(not_vowels[at]) <= length && memcmp(next, not_vowels[at], strlen(not_vowels[at])) == 0)
            return false;
    return strchr("aeiouAEIO", next[0]) != NULL;
}

/* Does the word "a" end at `at` (a blank) ? */
static bool ends_in_article(const char *text, size_t at)
{
    return at > 0 && (text[at - 1] == 'a' || text[at - 1] == 'A') && (at == 1 || text[at - 2] == ' ');
}

/* As print would have it; `out` has room for twice the text. */
static size_t mend(struct tw_text text, char *out)
{
    const char *end = text.bytes + text.length;
    size_t used = 0;
    for (const char *at = text.bytes; at < end; at++) {
        const char next = at + 1 < end ? at[1] : '\0';
        if (*at == ' ' && (used == 0 || next == ' ' || next == '\0' || is_blank_mark(next)))
            continue;
        if (*at == ' ' && ends_in_article(out, used) && wants_an(at + 1, end))
            out[used++] = 'n';
        if (*at == 's' && used > 1 && out[used - 1] == '\'' && out[used - 2] == 's' &&
            (next == ' ' || next == '\0'))
            continue;
        out[used++] = *at;
    }
    change_case(out, used > 0, TW_MODIFIER_UPPER);
    return used;
}

/* ---- the parts together ---- */

static void begin(struct expansion *expansion, const struct tw_templates *templates)
{
    expansion->templates = templates;
    expansion->words = &expansion->draws.words;
}

static bool too_long(const struct tw_case_form *form, struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, NULL, "write shorter alternatives, or fewer lists in lists",
        "the form of line %u grows beyond %d bytes", form ? form->line : 0, TW_CASE_TEXT_BYTES);
}

/* The names as they stand in the text, copied out of the output. */
static bool copy_names(
    const struct expansion *expansion, struct tw_arena *arena, struct tw_case_text *out, struct tw_error *err)
{
    for (uint32_t company = 0; company < TW_CASE_COMPANIES; company++) {
        if (!expansion->names[company].bytes || out->names[company].bytes)
            continue;
        out->names[company] = tw_arena_copy(arena, expansion->names[company]);
        if (!out->names[company].bytes)
            return tw_arena_fail(arena, err);
    }
    return true;
}

/* What run() put out becomes the text of `out`. */
static bool take_framed(
    const struct expansion *expansion, struct tw_arena *arena, struct tw_case_text *out, struct tw_error *err)
{
    out->text = tw_arena_copy(arena, (struct tw_text){expansion->out, expansion->used});
    out->begin = expansion->text_begin;
    out->end = expansion->text_end;
    return out->text.bytes ? true : tw_arena_fail(arena, err);
}

static bool put_frame(struct expansion *expansion, const struct tw_case_frame *frame, struct tw_arena *arena,
    struct tw_case_text *out, struct tw_error *err)
{
    expansion->text = out->text;
    expansion->words = &expansion->draws.frame;
    /* What the frame alone names is not the text's: only where the text names it, it has a label. */
    if (!run(expansion, frame->text) || !take_framed(expansion, arena, out, err))
        return tw_fail(err, TW_CONFIG, NULL, "write shorter frames", "a frame grows beyond %d bytes",
            TW_CASE_TEXT_BYTES);
    for (uint32_t company = 0; company < TW_CASE_COMPANIES; company++) {
        const struct tw_text name = out->names[company];
        char *framed = name.bytes ? tw_arena_take(arena, name.length) : NULL;
        if (!framed && name.bytes)
            return tw_arena_fail(arena, err);
        if (!framed)
            continue;
        memcpy(framed, name.bytes, name.length);
        change_case(framed, name.length, expansion->text_modifier);
        out->names[company] = (struct tw_text){framed, name.length};
    }
    return true;
}

bool tw_case_expand(const struct tw_templates *templates, const struct tw_case_form *form,
    const struct tw_case_frame *frame, const struct tw_case_draws *draws, struct tw_arena *arena,
    struct tw_case_text *out, struct tw_error *err)
{
    struct expansion expansion = {.draws = *draws};
    char *mended = tw_arena_take(arena, 2 * (size_t)TW_CASE_TEXT_BYTES);
    *out = (struct tw_case_text){0};
    if (!mended)
        return tw_arena_fail(arena, err);
    begin(&expansion, templates);
    if (!run(&expansion, form->text))
        return too_long(form, err);
    out->text = (struct tw_text){mended, mend((struct tw_text){expansion.out, expansion.used}, mended)};
    out->end = out->text.length;
    if (!copy_names(&expansion, arena, out, err))
        return false;
    return !frame || put_frame(&expansion, frame, arena, out, err);
}

bool tw_case_name(const struct tw_templates *templates, struct tw_draws *draws, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    struct expansion expansion = {.draws = {.names = *draws}};
    begin(&expansion, templates);
    if (!run(&expansion, tw_text_of("{company}")))
        return too_long(NULL, err);
    *draws = expansion.draws.names;
    *out = tw_arena_copy(arena, expansion.names[TW_CASE_COMPANY]);
    return out->bytes ? true : tw_arena_fail(arena, err);
}

bool tw_case_put_in_frame(const struct tw_templates *templates, const struct tw_case_frame *frame,
    struct tw_text text, struct tw_draws *draws, struct tw_arena *arena, struct tw_case_text *out,
    struct tw_error *err)
{
    struct expansion expansion = {.draws = {.frame = *draws}};
    *out = (struct tw_case_text){.text = text, .end = text.length};
    /* A long text is not copied through the output, and needs no frame. */
    if (text.length > TW_CASE_TEXT_BYTES / 2)
        return true;
    begin(&expansion, templates);
    return put_frame(&expansion, frame, arena, out, err);
}

const struct tw_case_frame *tw_case_draw_frame(
    const struct tw_templates *templates, bool named, struct tw_draws *draws)
{
    double all = 0;
    const struct tw_case_frame *last = NULL;
    for (uint32_t at = 0; at < templates->frame_count; at++)
        if (named || !templates->frames[at].names_company)
            all += templates->frames[at].weight;
    double left = tw_draws_uniform(draws) * all;
    for (uint32_t at = 0; at < templates->frame_count && left >= 0; at++)
        if (named || !templates->frames[at].names_company) {
            last = &templates->frames[at];
            left -= last->weight;
        }
    return last;
}
