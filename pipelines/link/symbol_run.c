#include "link/symbol_run.h"

#include "names/words.h"

void tw_symbol_run_read(struct tw_text text, size_t at, struct tw_symbol_run *run)
{
    size_t length = 1;
    *run = (struct tw_symbol_run){.length = 0};
    for (; at < text.length && run->length < sizeof run->bytes; at += length) {
        char byte = text.bytes[at];
        length = 1;
        if ((unsigned char)byte >= 0x80)
            byte = tw_word_ascii(text, at, &length);
        if (!tw_text_is_alphanumeric(byte) && !tw_symbol_run_is_mark(byte))
            break;
        run->bytes[run->length] = byte;
        run->ends[run->length++] = (uint32_t)(at + length);
    }
}

/* How many characters of the run from `from` on are letters and digits. */
size_t tw_symbol_run_alphanumerics(const struct tw_symbol_run *run, size_t from)
{
    size_t at = from;
    while (at < run->length && tw_text_is_alphanumeric(run->bytes[at]))
        at++;
    return at - from;
}

/* May a symbol end behind the first `count` characters of the run? */
bool tw_symbol_run_ends(const struct tw_symbol_run *run, struct tw_text text, size_t count)
{
    return count < run->length ? !tw_text_is_alphanumeric(run->bytes[count])
                               : !tw_word_joins(text, run->ends[count - 1]);
}

/* The longest listed symbol of the run that holds a mark: "M&M", "BAJAJ-AUTO", "BRK/B". Its characters, 0
 * when there is none. */
static size_t longest_listed(
    const struct tw_ticker_scan *scan, const struct tw_symbol_run *run, size_t base, int32_t *entity)
{
    for (size_t count = run->length; count > base + 1; count--) {
        if (!tw_text_is_alphanumeric(run->bytes[count - 1]) || !tw_symbol_run_ends(run, scan->text, count))
            continue;
        *entity = tw_entities_find_symbol(scan->entities, (struct tw_text){run->bytes, count});
        if (*entity != TW_NO_ENTITY)
            return count;
    }
    return 0;
}

/* Does a class of shares stand behind the mark at `mark`? Its characters, or 0. */
size_t tw_symbol_run_class(const struct tw_symbol_run *run, size_t mark)
{
    size_t count = mark < run->length ? tw_symbol_run_alphanumerics(run, mark + 1) : 0;
    if (count == 1 && tw_text_is_small(run->bytes[mark + 1]))
        return 1;
    if (count == 0 || count > 3 || !tw_text_is_capital(run->bytes[mark + 1]))
        return 0;
    for (size_t nth = 1; nth < count; nth++)
        if (tw_text_is_small(run->bytes[mark + 1 + nth]))
            return 0;
    return count;
}

/* ---- texts that were cut off ---- */

/* Was the text cut behind `end`? "…" anywhere says so, dots at the end of the text or of its title; a mark,
 * as of a class that is gone, may stand before them. */
enum tw_symbol_cut tw_symbol_run_cut(const struct tw_ticker_scan *scan, size_t end)
{
    struct tw_text text = scan->text;
    size_t at = end;
    if (tw_symbol_run_is_mark(tw_text_byte(text, at)) && tw_text_byte(text, at) != '.')
        at++;
    if (tw_text_byte(text, at) == '.' && tw_text_goes_on(text, at + 1, "\xE2\x80\xA6"))
        at++;
    if (tw_text_byte(text, at) == '[' || tw_text_byte(text, at) == '(')
        at++;
    size_t dots = at;
    bool typographic = tw_text_goes_on(text, at, "\xE2\x80\xA6");
    at += typographic ? 3 : 0;
    while (tw_text_byte(text, at) == '.')
        at++;
    if (!typographic && at - dots < 2)
        return TW_CUT_NOT;
    if (tw_text_byte(text, at) == ']' || tw_text_byte(text, at) == ')')
        at++;
    if (at == scan->title_length)
        return TW_CUT_AT_END;
    while (at < text.length && (unsigned char)text.bytes[at] <= ' ')
        at++;
    return at == text.length ? TW_CUT_AT_END : typographic ? TW_CUT_WITHIN : TW_CUT_NOT;
}

/* ---- a run's company ---- */

static enum tw_symbol_found found_listed(int32_t entity, struct tw_ticker *out)
{
    out->symbol = (struct tw_symbol){.entity = entity};
    return entity != TW_NO_ENTITY ? TW_SYMBOL_FOUND : TW_SYMBOL_NONE;
}

/* "$T-Mobile", "$T-bills", "$E-mini": a letter that begins a word with a hyphen is no symbol. */
static bool begins_word(const struct tw_symbol_run *run, size_t base)
{
    return base == 1 && run->length > 2 && run->bytes[1] == '-' && tw_text_is_letter(run->bytes[2]);
}

/* "VELQ" alone, or before a mark that has nothing to do with it. */
static enum tw_symbol_found find_base(
    const struct tw_ticker_scan *scan, const struct tw_symbol_run *run, size_t base, struct tw_ticker *out)
{
    struct tw_text symbol = {run->bytes, base};
    if (!tw_symbol_run_ends(run, scan->text, base) || begins_word(run, base) ||
        (base + 1 < run->length && run->bytes[base] == '_' && tw_text_is_alphanumeric(run->bytes[base + 1])))
        return TW_SYMBOL_NONE;
    out->end = run->ends[base - 1];
    enum tw_symbol_cut cut = tw_symbol_run_cut(scan, out->end);
    if (found_listed(tw_entities_find_symbol(scan->entities, symbol), out) == TW_SYMBOL_FOUND)
        return cut == TW_CUT_AT_END && tw_entities_continues(scan->entities, symbol) ? TW_SYMBOL_NONE
                                                                                     : TW_SYMBOL_FOUND;
    if (base > 2 && tw_text_is_digit(symbol.bytes[2]) && cut == TW_CUT_NOT && /* "$SH600999" */
        tw_symbol_resolve(scan->entities, symbol, false, scan->arena, &out->symbol) == TW_SYMBOL_FOUND)
        return TW_SYMBOL_FOUND;
    if (!scan->unlisted || cut != TW_CUT_NOT || !tw_symbol_is_plain(symbol) || tw_symbol_is_money(symbol))
        return TW_SYMBOL_NONE;
    out->symbol.symbol = tw_arena_copy(scan->arena, symbol);
    return out->symbol.symbol.bytes ? TW_SYMBOL_FOUND : TW_SYMBOL_FULL;
}

/* The company that a run begins with: its longest listed symbol, or the base with its class, or the base when
 * no class stands behind it. */
enum tw_symbol_found tw_symbol_run_find(
    const struct tw_ticker_scan *scan, const struct tw_symbol_run *run, size_t base, struct tw_ticker *out)
{
    int32_t entity;
    size_t listed = longest_listed(scan, run, base, &entity);
    if (listed) {
        out->end = run->ends[listed - 1];
        return found_listed(entity, out);
    }
    size_t class = tw_symbol_run_class(run, base), count = base + 1 + class;
    if (class == 0)
        return find_base(scan, run, base, out);
    out->end = run->ends[count - 1];
    if (run->bytes[base] == '&' || !tw_symbol_run_ends(run, scan->text, count) ||
        tw_symbol_run_cut(scan, out->end))
        return TW_SYMBOL_NONE;
    return tw_symbol_resolve_class(scan->entities, (struct tw_text){run->bytes, base}, run->bytes[base],
        (struct tw_text){run->bytes + base + 1, class}, scan->unlisted, scan->arena, &out->symbol);
}
