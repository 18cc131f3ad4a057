/* markdown: what people and bots mark in texts, and what only looks so. Read through clean.h, whose pass
 * asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clean/clean.h"
#include "test_arena.h"

struct row {
    const char *text, *cleaned; /* NULL: as it is */
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        struct tw_text cleaned = tw_clean_text(tw_text_of(rows[at].text), &arena);
        const char *wanted = rows[at].cleaned ? rows[at].cleaned : rows[at].text;
        if (!tw_text_equal(cleaned, tw_text_of(wanted)))
            fail_msg("%s: \"%.*s\"", rows[at].text, (int)cleaned.length, cleaned.bytes);
    }
}

static void marks_go_and_what_they_mark_stays(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[Velquin falls](https://x.y/z) after fire", "Velquin falls after fire"},
        {"[Velquin](https://x.y/z_(a) \"Title\"), [b](/w/b) and [c](#c)", "Velquin, b and c"},
        {"![chart](https://x.y/z.png) Velquin [![c](https://x.y/c.png)](https://x.y) falls", "Velquin falls"},
        {"[**Velquin**](https://x.y) falls", "Velquin falls"},
        {"**Velquin** profit __falls__, *so* _it is_, ***really*** ~~no~~ `code`",
            "Velquin profit falls, so it is, really no code"},
        {"**Vel**quin and (*Velquin*) \"_Velquin_\"", "Velquin and (Velquin) \"Velquin\""},
        {"**a *b* c** _**d**_", "a b c d"},
        {"# Velquin falls\n\n## after fire\n> said they\n> > and we",
            "Velquin falls after fire said they and we"},
        {"- Velquin\n* Ordanelle\n+ others\n---\nend", "Velquin Ordanelle others end"},
        {"Velquin\\_x 5\\*3 \\#1", "Velquin_x 5*3 #1"},
        {"[b]Velquin[/b] [url=http://x.y]falls[/url] [I]so[/I]", "Velquin falls so"},
        {"<https://x.y/z|Velquin> falls <https://x.y> <mailto:a@b.co|now>", "Velquin falls now"},
        {"**$VELQ** [$ODNL](https://x.y)", "$VELQ $ODNL"},
    };
    assert_rows(rows, sizeof rows / sizeof rows[0]);
}

static void what_only_looks_like_marks_stays(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Revenue* rose 5*3*2, a_b_c, 2 ** 3, ** note, 3 * 4 * 5", NULL},
        {"*Velquin cuts outlook; sees Q3 loss", NULL},
        {"[Velquin] (profit) falls, f[0](x), [1](see) [sic]", NULL},
        {"[/b] is closed first, [b] is open, [i] too", NULL},
        {"@_john_doe_ and #_x_ say C:\\path", NULL},
        {"- 5% on the day, > 5, #1 pick, a > b -> c", NULL},
        {"*** VELQ UP ***, ~5% ~ 6%, D`Orvea `94", NULL},
        {"$ES_F and $BTC_F", NULL},
        {"a!b! what?! !important", NULL},
        {"<Time Inc> and <OM>", NULL},
    };
    assert_rows(rows, sizeof rows / sizeof rows[0]);
}

static void a_megabyte_of_marks_takes_no_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {"*a ", "_a ", "`a ", "[", "![", "[a](", "[b]", "<https://x|",
        "**a* ", "[a](http://", "\n> ", "\n# ", "[![", "~~a ", "**a **a** "};
    enum { BYTES = 1 << 20 };
    for (size_t piece = 0; piece < sizeof pieces / sizeof pieces[0]; piece++) {
        size_t mark = tw_arena_mark(&arena), length = strlen(pieces[piece]);
        char *text = tw_arena_take(&arena, BYTES);
        for (size_t at = 0; at < BYTES; at++)
            text[at] = pieces[piece][at % length];
        clock_t before = clock();
        assert_non_null(tw_clean_text((struct tw_text){text, BYTES}, &arena).bytes);
        double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
        if (seconds > 4)
            fail_msg("\"%s\": %.2f s", pieces[piece], seconds);
        tw_arena_rewind(&arena, mark);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_go_and_what_they_mark_stays),
        cmocka_unit_test(what_only_looks_like_marks_stays),
        cmocka_unit_test(a_megabyte_of_marks_takes_no_time),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
