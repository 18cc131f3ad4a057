#include "clean/markup.h"

#include <string.h>

/* ---- names ---- */

enum element_kind { INLINE, BREAKS, SCRIPT, STYLE };

struct element {
    const char *name;
    enum element_kind kind;
};

/* Element names of the HTML standard, obsolete ones included (sections 4 and 16.2), in byte order. */
static const struct element elements[] = {
    {"a", INLINE},
    {"abbr", INLINE},
    {"acronym", INLINE},
    {"address", BREAKS},
    {"applet", INLINE},
    {"area", INLINE},
    {"article", BREAKS},
    {"aside", BREAKS},
    {"audio", BREAKS},
    {"b", INLINE},
    {"base", INLINE},
    {"basefont", INLINE},
    {"bdi", INLINE},
    {"bdo", INLINE},
    {"big", INLINE},
    {"blink", INLINE},
    {"blockquote", BREAKS},
    {"body", BREAKS},
    {"br", BREAKS},
    {"button", BREAKS},
    {"canvas", BREAKS},
    {"caption", BREAKS},
    {"center", BREAKS},
    {"cite", INLINE},
    {"code", INLINE},
    {"col", INLINE},
    {"colgroup", INLINE},
    {"data", INLINE},
    {"datalist", INLINE},
    {"dd", BREAKS},
    {"del", INLINE},
    {"details", BREAKS},
    {"dfn", INLINE},
    {"dialog", BREAKS},
    {"dir", BREAKS},
    {"div", BREAKS},
    {"dl", BREAKS},
    {"dt", BREAKS},
    {"em", INLINE},
    {"embed", BREAKS},
    {"fieldset", BREAKS},
    {"figcaption", BREAKS},
    {"figure", BREAKS},
    {"font", INLINE},
    {"footer", BREAKS},
    {"form", BREAKS},
    {"frame", INLINE},
    {"frameset", BREAKS},
    {"h1", BREAKS},
    {"h2", BREAKS},
    {"h3", BREAKS},
    {"h4", BREAKS},
    {"h5", BREAKS},
    {"h6", BREAKS},
    {"head", BREAKS},
    {"header", BREAKS},
    {"hgroup", BREAKS},
    {"hr", BREAKS},
    {"html", BREAKS},
    {"i", INLINE},
    {"iframe", BREAKS},
    {"img", INLINE},
    {"input", INLINE},
    {"ins", INLINE},
    {"kbd", INLINE},
    {"label", INLINE},
    {"legend", BREAKS},
    {"li", BREAKS},
    {"link", INLINE},
    {"main", BREAKS},
    {"map", INLINE},
    {"mark", INLINE},
    {"marquee", BREAKS},
    {"menu", BREAKS},
    {"meta", INLINE},
    {"meter", INLINE},
    {"nav", BREAKS},
    {"nobr", INLINE},
    {"noframes", BREAKS},
    {"noscript", BREAKS},
    {"object", BREAKS},
    {"ol", BREAKS},
    {"optgroup", BREAKS},
    {"option", BREAKS},
    {"output", INLINE},
    {"p", BREAKS},
    {"param", INLINE},
    {"picture", INLINE},
    {"pre", BREAKS},
    {"progress", INLINE},
    {"q", INLINE},
    {"rb", INLINE},
    {"rp", INLINE},
    {"rt", INLINE},
    {"rtc", INLINE},
    {"ruby", INLINE},
    {"s", INLINE},
    {"samp", INLINE},
    {"script", SCRIPT},
    {"search", BREAKS},
    {"section", BREAKS},
    {"select", BREAKS},
    {"slot", INLINE},
    {"small", INLINE},
    {"source", INLINE},
    {"span", INLINE},
    {"strike", INLINE},
    {"strong", INLINE},
    {"style", STYLE},
    {"sub", INLINE},
    {"summary", BREAKS},
    {"sup", INLINE},
    {"svg", INLINE},
    {"table", BREAKS},
    {"tbody", BREAKS},
    {"td", BREAKS},
    {"template", INLINE},
    {"textarea", BREAKS},
    {"tfoot", BREAKS},
    {"th", BREAKS},
    {"thead", BREAKS},
    {"time", INLINE},
    {"title", BREAKS},
    {"tr", BREAKS},
    {"track", INLINE},
    {"tt", INLINE},
    {"u", INLINE},
    {"ul", BREAKS},
    {"var", INLINE},
    {"video", BREAKS},
    {"wbr", INLINE},
};

/* Attributes that need no value (HTML standard, boolean attributes, obsolete ones and those included whose
 * value may be left out), in byte order. */
static const char *const boolean_attributes[] = {"allowfullscreen", "async", "autofocus", "autoplay",
    "checked", "compact", "contenteditable", "controls", "crossorigin", "declare", "default", "defer",
    "disabled", "download", "formnovalidate", "hidden", "inert", "ismap", "itemscope", "loop", "multiple",
    "muted", "nohref", "nomodule", "noresize", "noshade", "novalidate", "nowrap", "open", "playsinline",
    "readonly", "required", "reversed", "seamless", "selected", "typemustmatch"};

/* Elements whose names are no words: in small letters nobody's name begins so, whatever follows. */
static const char *const no_words[] = {"br", "colgroup", "dd", "div", "dl", "dt", "fieldset", "figcaption",
    "h1", "h2", "h3", "h4", "h5", "h6", "hgroup", "hr", "html", "iframe", "img", "li", "nobr", "noscript",
    "ol", "optgroup", "svg", "tbody", "td", "textarea", "tfoot", "th", "thead", "tr", "ul", "wbr"};
enum { NO_WORDS = sizeof no_words / sizeof no_words[0] };

/* Namespaces in which an element stands within a word: Office's and inline XBRL's. */
static const char *const within_words[] = {"ix:", "m:", "o:", "st1:", "v:", "w:"};

enum { NAME_LONGEST = 16 };

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* The name in small letters; length 0 when it is too long for any that is known. */
static struct tw_text lowered(struct tw_text name, char lower[NAME_LONGEST])
{
    if (name.length > NAME_LONGEST)
        return (struct tw_text){lower, 0};
    for (size_t at = 0; at < name.length; at++)
        lower[at] = (char)(tw_text_is_letter(name.bytes[at]) ? name.bytes[at] | 0x20 : name.bytes[at]);
    return (struct tw_text){lower, name.length};
}

static bool begins(struct tw_text text, size_t at, const char *with)
{
    size_t length = strlen(with);
    return text.length - at >= length && memcmp(text.bytes + at, with, length) == 0;
}

/* Byte for byte: what is looked for stands in small letters. */
static bool is_one_of(struct tw_text name, const char *const *names, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (tw_text_equal(name, tw_text_of(names[at])))
            return true;
    return false;
}

static const char cdata[] = "<![CDATA[";

/* The mark before CDATA; titles that were put in small letters have it so. */
static bool is_cdata(struct tw_text text, size_t at)
{
    return begins(text, at, cdata) || begins(text, at, "<![cdata[");
}

static const struct element *find_element(struct tw_text name)
{
    char lower[NAME_LONGEST];
    name = lowered(name, lower);
    size_t low = 0, high = sizeof elements / sizeof elements[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tw_text_compare(name, tw_text_of(elements[middle].name));
        if (order == 0)
            return &elements[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool tw_markup_is_element(struct tw_text name)
{
    return name.length > 0 && find_element(name) != NULL;
}

/* "nowrap"; and names with the prefixes of pages and their frameworks: "data-x", "aria-hidden". */
static bool is_boolean_attribute(struct tw_text name)
{
    char lower[NAME_LONGEST];
    static const char *const prefixes[] = {"aria-", "data-", "ng-", "v-", "xml:"};
    for (size_t at = 0; at < sizeof prefixes / sizeof prefixes[0]; at++)
        if (name.length > strlen(prefixes[at]) && memcmp(name.bytes, prefixes[at], strlen(prefixes[at])) == 0)
            return true;
    name = lowered(name, lower);
    for (size_t at = 0; name.length && at < sizeof boolean_attributes / sizeof boolean_attributes[0]; at++)
        if (tw_text_equal(name, tw_text_of(boolean_attributes[at])))
            return true;
    return false;
}

/* The name of a tag at `at`: a letter, then letters, digits, ":", "-", "_", and "." before a small letter,
 * as in NITF's "<body.content>"; a mark at its end is not part of it. */
static struct tw_text name_at(struct tw_text text, size_t at)
{
    size_t end = at;
    while (end < text.length &&
           (tw_text_is_letter(text.bytes[end]) ||
               (end > at && (tw_text_is_digit(text.bytes[end]) || strchr(":-_", text.bytes[end])) &&
                   text.bytes[end]) ||
               (end > at && text.bytes[end] == '.' && tw_text_is_small(tw_text_byte(text, end + 1)))))
        end++;
    while (end > at && strchr(":-_", text.bytes[end - 1]))
        end--;
    return (struct tw_text){text.bytes + at, end - at};
}

/* "o:p", "media:content", "g-emoji": no company is written so in small letters. */
static bool is_namespaced(struct tw_text name)
{
    bool mark = false;
    for (size_t at = 0; at < name.length; at++) {
        if (name.bytes[at] == ':')
            return true;
        if (tw_text_is_capital(name.bytes[at]))
            return false;
        mark = mark || name.bytes[at] == '-';
    }
    return mark;
}

size_t tw_markup_symbol(struct tw_text text, size_t at)
{
    size_t end = at + 1;
    while (end < text.length && (tw_text_is_capital(text.bytes[end]) || tw_text_is_digit(text.bytes[end]) ||
                                    text.bytes[end] == '.'))
        end++;
    return end > at + 1 && end < text.length && text.bytes[end] == '>' ? end + 1 - at : 0;
}

/* ---- attributes ---- */

struct attributes {
    size_t close;     /* where the '>' stands; text.length when there is none before the next '<' */
    bool any;         /* something stands between name and '>' */
    bool equals;      /* one of them has a value */
    bool quotes;      /* one of them has a value in quotes */
    bool all_boolean; /* all without a value are HTML's boolean ones */
};

/* Reads attributes from behind the name to the '>' that ends the tag. Quotes may hold a '>'; where one is
 * never closed, the first '>' ends the tag. */
static struct attributes read_attributes(struct tw_text text, size_t at)
{
    struct attributes read = {.close = text.length, .all_boolean = true};
    size_t first_close = text.length, word = at;
    char quote = 0;
    bool value = false; /* the word at hand is a value or has one */
    for (; at < text.length && text.bytes[at] != '<'; at++) {
        char byte = text.bytes[at];
        if (byte == '>' && first_close == text.length)
            first_close = at;
        if (quote) {
            quote = byte == quote ? 0 : quote;
            continue;
        }
        bool ends = byte == '>' || byte == '/' || is_space(byte);
        if (ends && at > word && !value)
            read.all_boolean =
                read.all_boolean && is_boolean_attribute((struct tw_text){text.bytes + word, at - word});
        if (byte == '>')
            break;
        read.any = read.any || !ends;
        if (ends) {
            word = at + 1;
            value = value && byte == '/'; /* a path goes on */
        } else if (byte == '=') {
            read.equals = value = true;
        } else if ((byte == '"' || byte == '\'') && value) {
            quote = byte;
            read.quotes = true;
        }
    }
    read.close = at < text.length && text.bytes[at] == '>' ? at : first_close;
    return read;
}

/* ---- what the rest of the text says ---- */

static uint64_t hash_of(struct tw_text name)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a, of the name in small letters */
    for (size_t at = 0; at < name.length; at++)
        hash = (hash ^ (unsigned char)(name.bytes[at] | 0x20)) * 0x100000001B3u;
    return hash ^ hash >> 29;
}

/* Is the start tag at `at` markup by itself: an element in small letters that breaks a line or has an
 * attribute with a value? */
static bool is_certain_start(struct tw_text text, size_t at)
{
    struct tw_text name = name_at(text, at + 1);
    const struct element *element = name.length ? find_element(name) : NULL;
    size_t end = at + 1 + name.length;
    if (!element || end >= text.length || tw_text_is_capital(name.bytes[0]))
        return false;
    char next = text.bytes[end];
    if (next != '>' && next != '/' && !is_space(next))
        return false;
    struct attributes read = read_attributes(text, end);
    return read.close < text.length && (read.any ? read.equals : element->kind == BREAKS);
}

/* One walk over the text, once. */
static void survey(struct tw_markup_scan *scan)
{
    struct tw_text text = scan->text;
    scan->surveyed = true;
    for (size_t at = 0; at < text.length; at++) {
        const char *next = memchr(text.bytes + at, '<', text.length - at);
        if (!next)
            return;
        at = (size_t)(next - text.bytes);
        if (at + 1 < text.length && text.bytes[at + 1] == '/') {
            struct tw_text name = name_at(text, at + 2);
            uint64_t hash = hash_of(name);
            if (name.length == 0)
                continue;
            scan->end_tags[hash / 64 % 64] |= UINT64_C(1) << hash % 64;
            scan->has_markup = true;
        } else if (!scan->has_markup) {
            scan->has_markup = is_certain_start(text, at) || begins(text, at, "<!--") || is_cdata(text, at);
        }
    }
}

static bool has_end_tag(struct tw_markup_scan *scan, struct tw_text name)
{
    if (!scan->surveyed)
        survey(scan);
    uint64_t hash = hash_of(name);
    return scan->end_tags[hash / 64 % 64] >> hash % 64 & 1;
}

static bool has_markup(struct tw_markup_scan *scan)
{
    if (!scan->surveyed)
        survey(scan);
    return scan->has_markup;
}

bool tw_markup_is_plain(struct tw_text text)
{
    struct tw_markup_scan scan = {.text = text};
    return has_markup(&scan);
}

/* ---- what is no tag ---- */

/* Position after `needle` (in small letters) from `at` on, case of letters ignored; 0 when it does not
 * come. */
static size_t find_after(struct tw_text text, size_t at, const char *needle)
{
    size_t length = strlen(needle);
    for (; at + length <= text.length; at++) {
        const char *next = memchr(text.bytes + at, needle[0], text.length - at - length + 1);
        if (!next)
            return 0;
        at = (size_t)(next - text.bytes);
        size_t same = 1;
        while (same < length &&
               (tw_text_is_letter(next[same]) ? (next[same] | 0x20) : next[same]) == needle[same])
            same++;
        if (same == length)
            return at + length;
    }
    return 0;
}

/* From `at` to behind the next '>', when that comes before a '<'; 0 otherwise. */
static size_t to_close(struct tw_text text, size_t at)
{
    size_t end = at + 1;
    while (end < text.length && text.bytes[end] != '>' && text.bytes[end] != '<')
        end++;
    return end < text.length && text.bytes[end] == '>' ? end + 1 - at : 0;
}

/* "<!-- ... -->", "<!DOCTYPE ...>", "<![CDATA[", "<?xml ...?>". */
static size_t declaration_at(struct tw_markup_scan *scan, size_t at)
{
    struct tw_text text = scan->text;
    if (begins(text, at, "<!--")) {
        size_t end = scan->no_comment_end ? 0 : find_after(text, at + 4, "-->");
        scan->no_comment_end = end == 0;
        return end ? end - at : 0;
    }
    if (is_cdata(text, at))
        return sizeof cdata - 1;
    if (begins(text, at, "<![if ") || begins(text, at, "<![endif")) /* Office's, for old browsers */
        return to_close(text, at);
    bool instruction =
        text.length - at > 2 && text.bytes[at + 1] == '?' && tw_text_is_letter(text.bytes[at + 2]);
    if (instruction || begins(text, at, "<!DOCTYPE") || begins(text, at, "<!doctype"))
        return to_close(text, at);
    return 0;
}

/* ---- tags ---- */

/* Skips what a script or style holds, its end tag left for the next step. */
static size_t end_of_raw(struct tw_markup_scan *scan, enum element_kind kind, size_t after_tag)
{
    bool *none = &scan->no_raw_end[kind == STYLE];
    const char *end_tag = kind == STYLE ? "</style" : "</script";
    size_t end = *none ? 0 : find_after(scan->text, after_tag, end_tag);
    *none = end == 0;
    return end ? end - strlen(end_tag) : after_tag;
}

static bool is_tag(struct tw_markup_scan *scan, size_t at, struct tw_text name, const struct element *element,
    const struct attributes *read)
{
    if (tw_markup_symbol(scan->text, at))
        return element && has_markup(scan);
    if (element)
        return !read->any || read->equals || read->all_boolean || is_one_of(name, no_words, NO_WORDS);
    return is_namespaced(name) || read->quotes || (!read->any && has_end_tag(scan, name));
}

/* A text that was cut to a length may end within a tag: `<a href="http://x`, "<br". So much of it goes. */
static size_t cut_off_bytes(struct tw_text text, size_t at, struct tw_text name,
    const struct element *element, const struct attributes *read)
{
    enum { MOST = 512 };
    bool ends_here = !memchr(text.bytes + at + 1, '<', text.length - at - 1);
    bool is_one = element && (read->equals || (!read->any && is_one_of(name, no_words, NO_WORDS)));
    return is_one && ends_here && text.length - at <= MOST ? text.length - at : 0;
}

static size_t start_tag_at(struct tw_markup_scan *scan, size_t at, bool *breaks)
{
    struct tw_text text = scan->text, name = name_at(text, at + 1);
    size_t end = at + 1 + name.length;
    if (name.length == 0 ||
        (end < text.length && text.bytes[end] != '>' && text.bytes[end] != '/' && !is_space(text.bytes[end])))
        return 0;
    const struct element *element = find_element(name);
    struct attributes read = read_attributes(text, end);
    if (read.close == text.length)
        return cut_off_bytes(text, at, name, element, &read);
    if (!is_tag(scan, at, name, element, &read))
        return 0;
    enum element_kind kind = element ? element->kind : INLINE;
    *breaks = kind != INLINE;
    end = read.close + 1;
    if (kind == SCRIPT || kind == STYLE)
        end = end_of_raw(scan, kind, end);
    return end - at;
}

/* "</headline><byline>": an end tag before another tag that HTML does not know stands between parts of a
 * message, unless its namespace is one of those that stand within words. */
static bool parts_fields(struct tw_text text, struct tw_text name, size_t end)
{
    if (text.length - end < 2 || text.bytes[end] != '<' || !tw_text_is_letter(text.bytes[end + 1]))
        return false;
    for (size_t at = 0; at < sizeof within_words / sizeof within_words[0]; at++)
        if (begins(name, 0, within_words[at]))
            return false;
    return true;
}

static size_t end_tag_at(struct tw_text text, size_t at, bool *breaks)
{
    struct tw_text name = name_at(text, at + 2);
    size_t end = at + 2 + name.length;
    if (name.length == 0)
        return 0;
    while (end < text.length && is_space(text.bytes[end]))
        end++;
    if (end >= text.length || text.bytes[end] != '>')
        return 0;
    const struct element *element = find_element(name);
    *breaks = element ? element->kind != INLINE : parts_fields(text, name, end + 1);
    return end + 1 - at;
}

size_t tw_markup_at(struct tw_markup_scan *scan, size_t at, bool *breaks)
{
    struct tw_text text = scan->text;
    *breaks = false;
    if (text.bytes[at] == ']')
        return begins(text, at, "]]>") ? 3 : 0;
    if (at + 1 >= text.length)
        return 0;
    char next = text.bytes[at + 1];
    if (next == '!' || next == '?')
        return declaration_at(scan, at);
    return next == '/' ? end_tag_at(text, at, breaks) : start_tag_at(scan, at, breaks);
}
