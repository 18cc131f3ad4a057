/* peer_markup: parsers that others keep (gumbo, libxml2's HTML push parser) beside clean/clean, on markup
 * as feeds send it: which cases come out right, and how fast.
 *
 *     cmake --preset release -DTW_PEER_MARKUP=ON      (libgumbo-dev, libxml2-dev; nothing else needs them)
 *     ninja -C build/release peer_markup && build/release/tests/peer_markup
 *
 * Each parser is used as its manual says: text nodes of the tree, without script and style, a space where
 * an element breaks a line, white space made single. Prints cases right by kind, and MB/s of processor
 * time over all cases, each a document of its own, and over them joined to one document of 1 MB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gumbo.h>
#include <libxml/HTMLparser.h>

#include "base/arena.h"
#include "clean/clean.h"

enum kind { MARKUP, REFERENCES, ESCAPED, BRACKETS, OTHER, KINDS };
static const char *const kind_names[KINDS] = {"tags, comments, scripts", "references",
    "escaped once too often", "brackets that are no tags", "no markup"};

struct sample {
    enum kind kind;
    const char *sent, *right;
};

static const struct sample samples[] = {
    {MARKUP, "<p class=\"lead\">Ordanelle <b>profit</b> rises</p>", "Ordanelle profit rises"},
    {MARKUP, "Ordanelle rises<br>again<BR/>today", "Ordanelle rises again today"},
    {MARKUP, "<ul><li>Ordanelle<li>Velquin</ul>", "Ordanelle Velquin"},
    {MARKUP, "<table><tr><td nowrap>Sales</td><td nowrap>up</td></tr></table>", "Sales up"},
    {MARKUP, "<strong>Or</strong>danelle", "Ordanelle"},
    {MARKUP, "Sales up<script async>var a = '<p>strong</p>';</script> again", "Sales up again"},
    {MARKUP, "<style type=text/css>p { color: red }</style>Sales up", "Sales up"},
    {MARKUP, "Sales <!-- a note > here --> up", "Sales up"},
    {MARKUP, "Sales<o:p></o:p> up", "Sales up"},
    {MARKUP, "<media:content url=\"http://a.example/b.jpg\"/>Sales up", "Sales up"},
    {MARKUP, "<![CDATA[Sales up]]>", "Sales up"},
    {MARKUP, "<?xml version=\"1.0\"?><!DOCTYPE html><p>Sales up</p>", "Sales up"},
    {MARKUP, "<a href='x>y'>Sales</a> up", "Sales up"},
    {MARKUP, "<g-emoji alias=\"x\">!</g-emoji> Sales up", "! Sales up"},
    {MARKUP, "Sales <font color=red>up", "Sales up"},
    {MARKUP, "</p>Sales up</div>", "Sales up"},
    {MARKUP, "<div>Sales</div><div>up</div>", "Sales up"},
    {REFERENCES, "R&amp;D &#8364;5 &#x27;up&#x27;",
        "R&D \xE2\x82\xAC"
        "5 'up'"},
    {REFERENCES, "Sales&nbsp;up&nbsp again", "Sales up again"},
    {REFERENCES, "AT&T and S&P up", "AT&T and S&P up"},
    {REFERENCES, "Sales &#150; up &#x92;", "Sales \xE2\x80\x93 up \xE2\x80\x99"},
    {REFERENCES, "a=1&copy=2", "a=1&copy=2"},
    {REFERENCES, "Nestl&eacute; up", "Nestl\xC3\xA9 up"},
    {ESCAPED, "&lt;p&gt;Sales up&lt;/p&gt;&lt;p&gt;again&lt;/p&gt;", "Sales up again"},
    {ESCAPED, "Ordanelle&amp;#x27;s sales", "Ordanelle's sales"},
    {ESCAPED, "R&amp;amp;D up", "R&D up"},
    {BRACKETS, "Outboard Marine <OM> up", "Outboard Marine <OM> up"},
    {BRACKETS, "Volkswagen <VOWG.F> up", "Volkswagen <VOWG.F> up"},
    {BRACKETS, "Primerica <P> up", "Primerica <P> up"},
    {BRACKETS, "<Time Inc> sales up", "<Time Inc> sales up"},
    {BRACKETS, "<Airbus Industrie> sales up", "<Airbus Industrie> sales up"},
    {BRACKETS, "margin <3 pct, a < b", "margin <3 pct, a < b"},
    {BRACKETS, "profit <a year ago, up", "profit <a year ago, up"},
    {OTHER, "Sales up pic.twitter.com/AbC1", "Sales up"},
    {OTHER, "see https://a.example/b?c=d. Sales up", "see . Sales up"},
    {OTHER, "\x1b[31mSales\x1b[0m up", "Sales up"},
    {OTHER, "Sa\xC2\xADles up\xE2\x80\x8B", "Sales up"},
    {OTHER, "Nestl\xC3\x83\xC2\xA9 up", "Nestl\xC3\xA9 up"},
    {OTHER, "Sales \xC2\x96 up", "Sales \xE2\x80\x93 up"},
};
enum { SAMPLES = sizeof samples / sizeof samples[0], ROOM = 4 << 20 };

/* ---- what comes out, with single white space ---- */

struct out {
    char *bytes;
    size_t used;
    bool space;
};

static void write_text(struct out *out, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        bool wide = length - at >= 2 && memcmp(bytes + at, "\xC2\xA0", 2) == 0;
        if (wide || bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r')) {
            out->space = out->used > 0;
            at += wide;
            continue;
        }
        if (out->space)
            out->bytes[out->used++] = ' ';
        out->space = false;
        out->bytes[out->used++] = bytes[at];
    }
}

static bool breaks(const char *name)
{
    static const char *const names[] = {"address", "article", "blockquote", "body", "br", "caption", "dd",
        "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section",
        "table", "td", "th", "tr", "ul"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (strcmp(names[at], name) == 0)
            return true;
    return false;
}

static bool is_raw(const char *name)
{
    return strcmp(name, "script") == 0 || strcmp(name, "style") == 0;
}

/* ---- the three ---- */

static void walk(const GumboNode *node, struct out *out)
{
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA ||
        node->type == GUMBO_NODE_WHITESPACE)
        write_text(out, node->v.text.text, strlen(node->v.text.text));
    if (node->type != GUMBO_NODE_ELEMENT)
        return;
    const char *name = gumbo_normalized_tagname(node->v.element.tag);
    bool apart = breaks(name);
    if (is_raw(name))
        return;
    write_text(out, " ", apart);
    for (unsigned at = 0; at < node->v.element.children.length; at++)
        walk(node->v.element.children.data[at], out);
    write_text(out, " ", apart);
}

static void by_gumbo(const char *bytes, size_t length, struct out *out)
{
    GumboOutput *tree = gumbo_parse_with_options(&kGumboDefaultOptions, bytes, length);
    walk(tree->root, out);
    gumbo_destroy_output(&kGumboDefaultOptions, tree);
}

struct push {
    struct out *out;
    int raw; /* depth inside of script and style */
};

static void on_start(void *context, const xmlChar *name, const xmlChar **attributes)
{
    struct push *push = context;
    (void)attributes;
    push->raw += is_raw((const char *)name);
    write_text(push->out, " ", breaks((const char *)name));
}

static void on_end(void *context, const xmlChar *name)
{
    struct push *push = context;
    push->raw -= is_raw((const char *)name);
    write_text(push->out, " ", breaks((const char *)name));
}

static void on_text(void *context, const xmlChar *bytes, int length)
{
    struct push *push = context;
    if (push->raw == 0)
        write_text(push->out, (const char *)bytes, (size_t)length);
}

static void by_libxml2(const char *bytes, size_t length, struct out *out)
{
    struct push push = {.out = out};
    xmlSAXHandler handler = {.startElement = on_start, .endElement = on_end, .characters = on_text};
    htmlParserCtxtPtr parser =
        htmlCreatePushParserCtxt(&handler, &push, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    htmlParseChunk(parser, bytes, (int)length, 0);
    htmlParseChunk(parser, "", 0, 1);
    htmlFreeParserCtxt(parser);
}

static struct tw_arena arena;

static void by_clean(const char *bytes, size_t length, struct out *out)
{
    tw_arena_reset(&arena, ROOM);
    struct tw_text text = tw_clean_text((struct tw_text){bytes, length}, &arena);
    memcpy(out->bytes, text.bytes, text.length);
    out->used = text.length;
}

struct parser {
    const char *name;
    void (*run)(const char *bytes, size_t length, struct out *out);
};
static const struct parser parsers[] = {
    {"clean/clean", by_clean}, {"gumbo", by_gumbo}, {"libxml2", by_libxml2}};
enum { PARSERS = sizeof parsers / sizeof parsers[0] };

/* ---- cases and speed ---- */

static bool is_right(const struct parser *parser, const struct sample *sample, char *bytes)
{
    struct out out = {.bytes = bytes};
    parser->run(sample->sent, strlen(sample->sent), &out);
    return out.used == strlen(sample->right) && memcmp(out.bytes, sample->right, out.used) == 0;
}

static void show_cases(char *bytes)
{
    printf("%-28s", "cases right");
    for (size_t nth = 0; nth < PARSERS; nth++)
        printf(" %12s", parsers[nth].name);
    printf("\n");
    for (int kind = 0; kind < KINDS; kind++) {
        int all = 0, right[PARSERS] = {0};
        for (size_t at = 0; at < SAMPLES; at++) {
            all += samples[at].kind == (enum kind)kind;
            for (size_t nth = 0; nth < PARSERS && samples[at].kind == (enum kind)kind; nth++)
                right[nth] += is_right(&parsers[nth], &samples[at], bytes);
        }
        printf("%-28s", kind_names[kind]);
        for (size_t nth = 0; nth < PARSERS; nth++)
            printf(" %7d of %2d", right[nth], all);
        printf("\n");
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* MB/s over documents, repeated for two seconds. */
static double speed_of(const struct parser *parser, const char *const *documents, size_t count, char *bytes)
{
    double began = now(), done = 0;
    while (now() - began < 2)
        for (size_t at = 0; at < count; at++) {
            struct out out = {.bytes = bytes};
            size_t length = strlen(documents[at]);
            parser->run(documents[at], length, &out);
            done += (double)length;
        }
    return done / (now() - began) * 1e-6;
}

int main(void)
{
    struct tw_error err;
    char *bytes = malloc(ROOM), *joined = malloc(ROOM);
    const char *documents[SAMPLES];
    size_t used = 0;
    if (!bytes || !joined || !tw_arena_begin(&arena, (size_t)64 << 20, &err))
        return 1;
    for (size_t at = 0; at < SAMPLES; at++)
        documents[at] = samples[at].sent;
    for (size_t at = 0; used < 1000000; at = (at + 1) % SAMPLES)
        used += (size_t)snprintf(joined + used, ROOM - used, "%s. ", samples[at].sent);
    show_cases(bytes);
    printf("%-28s", "MB/s, a case a document");
    for (size_t nth = 0; nth < PARSERS; nth++)
        printf(" %12.1f", speed_of(&parsers[nth], documents, SAMPLES, bytes));
    printf("\n%-28s", "MB/s, one of 1 MB");
    for (size_t nth = 0; nth < PARSERS; nth++)
        printf(" %12.1f", speed_of(&parsers[nth], (const char *const *)&joined, 1, bytes));
    printf("\n");
    tw_arena_end(&arena);
    free(bytes);
    free(joined);
    return 0;
}
