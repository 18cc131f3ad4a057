/* clean: a table of texts as they come and as they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <cmocka.h>

#include "clean/clean.h"
#include "sanitized.h"
#include "test_arena.h"

/* What linear time is, for texts of some MB: a sanitizer's build is some ten times slower. */
enum { MOST_SECONDS = SANITIZED ? 40 : 3 };

struct expected {
    const char *from, *to;
};

static void assert_all(const struct expected *cases, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        struct tw_text text = tw_clean_text(tw_text_of(cases[at].from), &arena);
        struct tw_text copy = tw_arena_copy(&arena, text);
        assert_string_equal(copy.bytes, cases[at].to);
    }
}

#define ASSERT_ALL(cases) assert_all(cases, sizeof cases / sizeof cases[0])

static void references_become_their_characters(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"AT&amp;T &lt;OM&gt; &quot;x&quot; &#39;y&#39;", "AT&T <OM> \"x\" 'y'"},
        {"&amp;lt;b&amp;gt;", "<b>"},
        {"&nbspVelquin&nbsprises &pound5bn &quotVelquin &quote &yenta &amp5",
            "Velquin rises \u00A35bn \"Velquin &quote &yenta &amp5"},
        {"&amp;amp;lt;b", "&lt;b"},
        {"write &lt;b&gt; for bold", "write <b> for bold"},
        {"a&nbsp;&ensp;b&shy;c", "a bc"},
        {"&euro;5 &#8364;5 &#x20AC;5 &#x20ac;5 &#128;5", "\u20AC"
                                                         "5 \u20AC"
                                                         "5 \u20AC"
                                                         "5 \u20AC"
                                                         "5 \u20AC"
                                                         "5"},
        {"&#0;&#xD800;&#x110000;&#99999999999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"&#1;&#127;x", "x"},
        {"AT&T R&D &unknown; &; &#; &#x; &#12x &&amp;", "AT&T R&D &unknown; &; &#; &#x; &#12x &&"},
        {"falls&nbsp again &amp &pound5 &pound, a=1&copy=2 &notit; &#8364 &#8364x",
            "falls again & \u00A35 \u00A3, a=1&copy=2 &notit; \u20AC &#8364x"},
        {"&CounterClockwiseContourIntegral;&nGt;", "\u2233\u226B\u20D2"},
    };
    ASSERT_ALL(cases);
}

static void tags_go_and_newswire_symbols_stay(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"<p>Outboard <b>Marine</b> <OM> rose</p><p>5 pct</p>", "Outboard Marine <OM> rose 5 pct"},
        {"one<br>two<br/>three<BR />four", "one two three four"},
        {"un<b>break</b>able", "unbreakable"},
        {"<B> <VOWG.F> <A.1>", "<B> <VOWG.F> <A.1>"},
        {"<a href=\"http://x.example/?a>b\">link</a> <img src='x'>", "link"},
        {"a < b > c <3 <- <= <Airbus Industrie> <Time Inc> <S and W>",
            "a < b > c <3 <- <= <Airbus Industrie> <Time Inc> <S and W>"},
        {"<unknown>x</unknown> <", "x <"},
        {"<unknown>x <Unknown y>", "<unknown>x <Unknown y>"},
        {"<table><tr><td nowrap>a</td><hr noshade><td nowrap align=left>b</table>", "a b"},
        {"a<script async>var record = 'strong growth';</script> b", "a b"},
        {"<![CDATA[a <b>b</b>]]>", "a b"},
        {"<?xml version=\"1.0\"?>a<o:p></o:p>b <media:content url=\"http://x.example/y.jpg\" medium=\"image\"/>c <g-emoji>d</g-emoji>",
            "ab c d"},
        {"<A> and <P> rise", "<A> and <P> rise"},
        {"<P>a</P><B>b</B> <OM>", "a b <OM>"},
        {"<Reuters: up> <a@b.example> <https://x.example/?a=b>", "<Reuters: up> <a@b.example>"},
        {"<b <b>x", "<b x"},
        {"a<!-- <b>hidden</b> -->b <!-- open", "ab <!-- open"},
        {"a<script type=\"x\">if (a<b) y()</script>b<style>p{}</STYLE>c", "a b c"},
        {"a<script>b", "a b"},
        {"a<style>b<p>c</p><script async>d", "a b c d"}, /* never closed: they hold nothing */
        {"<!DOCTYPE html><html>x</html>", "x"},
        {"<p class=don't>x</p>", "x"},
        {"<div contenteditable>a</div><p data-x aria-hidden>b</p><td valign>c</td> <Div Corp>",
            "a b c <Div Corp>"},
        {"<![if !supportLists]>a<![endif]> b<!--[if mso]>c<![endif]-->", "a b"},
        {"<![cdata[a]]>", "a"},
        {"a<iframe src=x></iframe>b<button>c</button>d<textarea>e</textarea>f", "a b c d e f"},
        {"<dc:creator>Jo</dc:creator><itunes:summary>Velquin</itunes:summary> <headline>a</headline><byline>b</byline>",
            "Jo Velquin a b"},
        {"<w:r><w:t>Vel</w:t></w:r><w:r><w:t>quin</w:t></w:r>", "Velquin"},
        {"cut off <a href=\"http://x.exa", "cut off"},
        {"cut off <br", "cut off"},
        {"cut off <img src=x ", "cut off"},
        {"a <b", "a <b"},
        {"a <time inc", "a <time inc"},
        {"a <a href=x <b>b</b>", "a <a href=x b"},
        {"<>", "<>"},
    };
    ASSERT_ALL(cases);
}

static void markup_that_was_escaped_once_too_often_is_read_again(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"&lt;p&gt;Velquin profit falls&lt;/p&gt;&lt;p&gt;after fire&lt;/p&gt;",
            "Velquin profit falls after fire"},
        {"Velquin&amp;#x27;s profit", "Velquin's profit"},
        {"&lt;b&gt;bold&lt;/b&gt;", "bold"},
        {"if a &lt; b and c &gt; d", "if a < b and c > d"},
        {"&lt;OM&gt; rises", "<OM> rises"},
        {"&lt;![CDATA[Velquin profit falls]]&gt;", "Velquin profit falls"},
    };
    ASSERT_ALL(cases);
}

static void text_that_was_decoded_by_the_wrong_table_is_put_right(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Velquin\xC2\x92s profit \xC2\x96 up\xC2\x85", "Velquin\u2019s profit \u2013 up\u2026"},
        {"Velquin\u00E2\xC2\x80\xC2\x99s", "Velquin\u2019s"},
        {"Velquin\u00E2\u20AC\u2122s", "Velquin\u2019s"},
        {"caf\u00C3\u00A9 \u00C2\u00A35 \u00F0\u0178\u02DC\u20AC", "caf\u00E9 \u00A35 \U0001F600"},
        {"AMANH\u00C3 \u201CMANH\u00C3\u201D \u00E2ge r\u00E9sum\u00E9\u201D \u00C2 la",
            "AMANH\u00C3 \u201CMANH\u00C3\u201D \u00E2ge r\u00E9sum\u00E9\u201D \u00C2 la"},
        {"\u00E3\xC2\x83\u00A8\u00E3\xC2\x82\u00BF\u00E3\xC2\x83\xC2\x9F \u00D0\xC2\x9F\u00D1\xC2\x80",
            "\u30E8\u30BF\u30DF \u041F\u0440"},
        {"the \u2018caf\u00E9\u2019\u201D and caf\u00E9\u2026\u00BB \u00C4\u201C \u00E3\u201A\u00BF",
            "the \u2018caf\u00E9\u2019\u201D and caf\u00E9\u2026\u00BB \u00C4\u201C \u00E3\u201A\u00BF"},
    };
    ASSERT_ALL(cases);
}

static void terminal_sequences_go_whole(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"\x1B[31mVelquin\x1B[0m falls", "Velquin falls"},
        {"\x1B(B\x1B[mVelquin (B", "Velquin (B"},
        {"\x1B]0;title\aVelquin\x1B falls \x1B[unterminated \x1B", "Velquin falls nterminated"},
    };
    ASSERT_ALL(cases);
}

static void addresses_go_and_their_punctuation_stays(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Carnival https://t.co/yGjpT2ReD3", "Carnival"},
        {"https://t.co/a Carnival", "Carnival"},
        {"see HTTP://x.example/a?b=c&amp;d, then go", "see , then go"},
        {"(www.example.com/x) www. wwww.x www.Y.z!", "() www. wwww.x !"},
        {"gluedhttps://t.co/abc\xE2\x80\xA6 rest", "glued\u2026 rest"},
        {"ftp://x.example sftp://x.example http:// http:/x", "sftp://x.example http:// http:/x"},
        {"<a href=x>https://t.co/abc</a>!", "!"},
        {"at 10:30: up", "at 10:30: up"},
        {"[url=http://x.example/a]falls[/url] http://[::1]/x", "falls"},
        {"falls pic.twitter.com/AbCdEf123 bit.ly/abcde, t.co/x.", "falls , ."},
        {"Amazon.com Amazon.com/x booking.com and/or u.s./china e.g. 24/7 3.5/4 a.b@c.example/x",
            "Amazon.com Amazon.com/x booking.com and/or u.s./china e.g. 24/7 3.5/4 a.b@c.example/x"},
    };
    ASSERT_ALL(cases);
}

static void white_space_and_what_is_not_seen(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"", ""},
        {" \t\r\n ", ""},
        {"  a \n\n b\t", "a b"},
        {"a\u00A0\u2003\u3000\u2028"
         "b",
            "a b"},
        {"Velquin\u3164 profit\uFFFC falls", "Velquin profit falls"},
        {"a\u200B\uFEFF\u202E\u2066\u00AD\x01\x7F"
         "b",
            "ab"},
        {"caf\u00E9 \u4E2D\u6587 \U0001F600 \u0915\u094D\u200D",
            "caf\u00E9 \u4E2D\u6587 \U0001F600 \u0915\u094D\u200D"},
        {"$AAPL $BRK.B #x @y", "$AAPL $BRK.B #x @y"},
    };
    ASSERT_ALL(cases);
}

static void title_one_space_body(void **state)
{
    (void)state;
    static const struct {
        const char *title, *body, *text, *raw;
        uint32_t title_length;
    } cases[] = {
        {" A <b>title</b> ", "\nbody ", "A title body", " A <b>title</b>  \nbody ", 7},
        {"", "body", "body", "body", 0},
        {"title", "", "title", "title", 5},
        {"<p>", "body", "body", "<p> body", 0},
        {"title", "http://x.example", "title", "title http://x.example", 5},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_document document = {
            .title = tw_text_of(cases[at].title), .body = tw_text_of(cases[at].body)};
        struct tw_error err;
        assert_true(tw_clean(&document, &arena, &err));
        assert_true(tw_text_equal(document.text, tw_text_of(cases[at].text)));
        assert_int_equal(document.title_length, cases[at].title_length);
        assert_true(tw_clean_raw(&document, &arena, &err));
        assert_true(tw_text_equal(document.text, tw_text_of(cases[at].raw)));
    }
}

/* Megabytes of what begins something and never ends it must not cost more than a pass. */
static void hostile_markup_takes_linear_time(void **state)
{
    (void)state;
    static const char *const seeds[] = {"<a ", "<a href=\"", "<!--", "<script>", "<style>", "&", "&#1", "&a",
        "www.", "http://", "<a b='<a b=\"", "<", "((http://"};
    size_t length = (size_t)4 << 20;
    char *hostile = malloc(length);
    assert_non_null(hostile);
    for (size_t seed = 0; seed < sizeof seeds / sizeof seeds[0]; seed++) {
        size_t step = strlen(seeds[seed]);
        for (size_t at = 0; at < length; at++)
            hostile[at] = seeds[seed][at % step];
        size_t mark = tw_arena_mark(&arena);
        clock_t start = clock();
        assert_non_null(tw_clean_text((struct tw_text){hostile, length}, &arena).bytes);
        assert_true(clock() - start < MOST_SECONDS * CLOCKS_PER_SEC);
        tw_arena_rewind(&arena, mark);
    }
    free(hostile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_become_their_characters),
        cmocka_unit_test(tags_go_and_newswire_symbols_stay),
        cmocka_unit_test(markup_that_was_escaped_once_too_often_is_read_again),
        cmocka_unit_test(text_that_was_decoded_by_the_wrong_table_is_put_right),
        cmocka_unit_test(terminal_sequences_go_whole),
        cmocka_unit_test(addresses_go_and_their_punctuation_stays),
        cmocka_unit_test(white_space_and_what_is_not_seen),
        cmocka_unit_test(title_one_space_body),
        cmocka_unit_test(hostile_markup_takes_linear_time),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
