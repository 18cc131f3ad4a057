#include "tokenizer/added.h"

#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

/* ---- the form of one character ---- */

enum { MOST_PARTS = 10 };

/* What the normalizer makes of a code point; none when it drops it. */
static uint32_t form_of(const struct tw_normal_form *form, uint32_t code_point, uint32_t parts[MOST_PARTS])
{
    uint8_t flags = tw_unicode_kind(code_point)->flags;
    uint32_t decomposed[4] = {code_point}, count = 1, made = 0;
    if (flags & TW_UNICODE_DROPPED)
        return 0;
    if (flags & TW_UNICODE_SPACE) {
        parts[0] = ' ';
        return 1;
    }
    bool apart = flags & TW_UNICODE_CJK && form->split_chinese;
    if (form->strip_accents && flags & (TW_UNICODE_DECOMPOSES | TW_UNICODE_MARK))
        count = tw_unicode_decompose(code_point, decomposed);
    if (apart)
        parts[made++] = ' ';
    for (uint32_t part = 0; part < count; part++) {
        if (form->strip_accents && tw_unicode_kind(decomposed[part])->flags & TW_UNICODE_MARK)
            continue;
        parts[made] = decomposed[part];
        made += form->lower_case ? tw_unicode_lower(decomposed[part], parts + made) : 1;
    }
    if (apart)
        parts[made++] = ' ';
    return made;
}

bool tw_added_normalize(
    const struct tw_normal_form *form, struct tw_added_token *token, struct tw_arena *arena)
{
    enum { MOST_GROWTH = 12 }; /* a byte becomes at most a space, three parts of four bytes, a space */
    const uint8_t *text = (const uint8_t *)token->text.bytes;
    if (!token->normalized)
        return true;
    uint8_t *bytes = tw_arena_take(arena, token->text.length * MOST_GROWTH + 1);
    size_t used = 0;
    if (!bytes)
        return false;
    for (size_t at = 0; at < token->text.length;) {
        uint32_t code_point, parts[MOST_PARTS];
        at += tw_unicode_decode(text + at, token->text.length - at, &code_point);
        uint32_t count = form_of(form, code_point, parts);
        for (uint32_t part = 0; part < count; part++)
            used += tw_unicode_encode(parts[part], bytes + used);
    }
    token->form = (struct tw_text){(char *)bytes, used};
    return true;
}

/* ---- the index ---- */

static int longest_first(const void *left, const void *right)
{
    const struct tw_added_token *one = left, *other = right;
    if (one->form.length != other->form.length)
        return one->form.length < other->form.length ? 1 : -1;
    return (one->id > other->id) - (one->id < other->id);
}

/* Bytes of the source with which a character may begin that is, in its form, `first` or has it first. */
static void mark_beginnings(struct tw_added *added, uint8_t first)
{
    added->may_begin[first] = true;
    if (added->form.lower_case && first >= 'a' && first <= 'z')
        added->may_begin[first & ~0x20] = true;
    for (unsigned byte = 0; first == ' ' && byte < 0x80; byte++)
        added->may_begin[byte] |= (tw_unicode_kind(byte)->flags & TW_UNICODE_SPACE) != 0;
    for (unsigned byte = 0x80; byte < 0x100; byte++) /* accents come off, and other letters become these */
        added->may_begin[byte] = true;
}

void tw_added_index(
    struct tw_added_token *tokens, uint32_t count, const struct tw_normal_form *form, struct tw_added *out)
{
    *out = (struct tw_added){.tokens = tokens, .form = *form};
    for (uint32_t at = 0; at < count; at++)
        if (!tokens[at].normalized)
            tokens[at].form = tokens[at].text;
    if (count)
        qsort(tokens, count, sizeof *tokens, longest_first);
    for (uint32_t at = count; at-- > 0;) {
        if (tokens[at].form.length == 0)
            continue;
        uint8_t first = (uint8_t)tokens[at].form.bytes[0];
        uint32_t *chain = tokens[at].normalized ? &out->normal[first] : &out->raw[first];
        tokens[at].next = *chain;
        *chain = at + 1;
        out->any_normal = out->any_normal || tokens[at].normalized;
        if (tokens[at].normalized)
            mark_beginnings(out, first);
        else
            out->may_begin[first] = true;
    }
}

/* ---- single words ---- */

/* What Rust's \w takes: letters, marks, decimal digits, connectors, joiners. */
static bool is_word(uint32_t code_point)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code_point);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) ||
           category == UTF8PROC_CATEGORY_PC || code_point == 0x200C || code_point == 0x200D;
}

/* Where the character that ends before `at` begins. */
static uint32_t back(const struct tw_added_scan *scan, uint32_t at)
{
    uint32_t begin = at - 1;
    while (begin > 0 && at - begin < 4 && (scan->text[begin] & 0xC0) == 0x80)
        begin--;
    return begin;
}

static uint32_t code_point_at(const struct tw_added_scan *scan, uint32_t at, uint32_t *end)
{
    uint32_t code_point;
    *end = at + tw_unicode_decode(scan->text + at, scan->length - at, &code_point);
    return code_point;
}

static bool stands_alone(const struct tw_added_scan *scan, uint32_t begin, uint32_t end)
{
    uint32_t next;
    return !(begin > 0 && is_word(code_point_at(scan, back(scan, begin), &next))) &&
           !(end < scan->length && is_word(code_point_at(scan, end, &next)));
}

/* ---- looking ---- */

/* The longest token of the raw text at `at`; NULL: none. */
static const struct tw_added_token *raw_at(const struct tw_added_scan *scan, uint32_t at)
{
    const struct tw_added *added = scan->added;
    for (uint32_t next = added->raw[scan->text[at]]; next; next = added->tokens[next - 1].next) {
        const struct tw_added_token *token = &added->tokens[next - 1];
        if (token->form.length <= scan->length - at &&
            memcmp(token->form.bytes, scan->text + at, token->form.length) == 0)
            return token;
    }
    return NULL;
}

static bool is_raw_boundary(const struct tw_added_scan *scan, uint32_t at)
{
    const struct tw_added_token *token = at >= scan->raw_from ? raw_at(scan, at) : NULL;
    return token && (!token->single_word || stands_alone(scan, at, at + (uint32_t)token->form.length));
}

/* The same in what the normalizer makes of the text between two tokens of the raw text. Characters that it
 * drops are looked past, not farther than anybody writes. */
static bool stands_alone_in_form(const struct tw_added_scan *scan, uint32_t begin, uint32_t end)
{
    enum { MOST_DROPPED = 64 };
    uint32_t parts[MOST_PARTS], count = 0, next;
    for (int nth = 0; nth < MOST_DROPPED && count == 0 && begin > scan->piece; nth++) {
        begin = back(scan, begin);
        count = form_of(&scan->added->form, code_point_at(scan, begin, &next), parts);
    }
    if (count && is_word(parts[count - 1]))
        return false;
    count = 0;
    for (int nth = 0; nth < MOST_DROPPED && count == 0; nth++, end = next) {
        if (end >= scan->length || is_raw_boundary(scan, end))
            return true;
        count = form_of(&scan->added->form, code_point_at(scan, end, &next), parts);
    }
    return !(count && is_word(parts[0]));
}

/* Where a normalized token ends that begins at `at`; 0 when it does not. */
static uint32_t end_of_form(const struct tw_added_scan *scan, const struct tw_added_token *token, uint32_t at)
{
    size_t met = 0;
    const uint8_t *form = (const uint8_t *)token->form.bytes;
    for (uint32_t begin = at; met < token->form.length; begin = at) {
        uint32_t parts[MOST_PARTS];
        if (begin >= scan->length || (met > 0 && is_raw_boundary(scan, begin)))
            return 0;
        uint32_t count = form_of(&scan->added->form, code_point_at(scan, begin, &at), parts);
        if (met == 0 && count == 0)
            return 0;
        for (uint32_t part = 0; part < count; part++) {
            uint8_t bytes[4];
            if (met == token->form.length) /* within a character: only its leading space may be gone */
                return part == 1 && parts[0] == ' ' ? begin : 0;
            uint32_t size = tw_unicode_encode(parts[part], bytes);
            if (size > token->form.length - met || memcmp(form + met, bytes, size) != 0)
                return 0;
            met += size;
        }
    }
    return at;
}

/* The first byte of the form of the character at `at`; 0: it is dropped. */
static uint8_t first_of_form(const struct tw_added_scan *scan, uint32_t at)
{
    uint32_t parts[MOST_PARTS], end;
    uint8_t bytes[4] = {0};
    if (form_of(&scan->added->form, code_point_at(scan, at, &end), parts))
        tw_unicode_encode(parts[0], bytes);
    return bytes[0];
}

static const struct tw_added_token *normal_at(struct tw_added_scan *scan, uint32_t at, uint32_t *end)
{
    const struct tw_added *added = scan->added;
    bool looked_for = added->any_normal && at >= scan->normal_from;
    uint32_t next = looked_for ? added->normal[first_of_form(scan, at)] : 0;
    for (; next; next = added->tokens[next - 1].next) {
        const struct tw_added_token *token = &added->tokens[next - 1];
        *end = end_of_form(scan, token, at);
        if (*end <= at)
            continue;
        if (!token->single_word || stands_alone_in_form(scan, at, *end))
            return token;
        scan->normal_from = *end;
        return NULL;
    }
    return NULL;
}

const struct tw_added_token *tw_added_at(struct tw_added_scan *scan, uint32_t position, uint32_t *end)
{
    const struct tw_added_token *token = position >= scan->raw_from ? raw_at(scan, position) : NULL;
    if (!token)
        return normal_at(scan, position, end);
    *end = position + (uint32_t)token->form.length;
    if (!token->single_word || stands_alone(scan, position, *end)) {
        scan->piece = *end;
        return token;
    }
    scan->raw_from = *end;
    return normal_at(scan, position, end);
}
