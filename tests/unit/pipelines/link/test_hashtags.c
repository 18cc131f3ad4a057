/* hashtags: what people post behind a hash, and whom it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link/hashtags.h"
#include "linked.h"

static const char listed_tags[] =
    "{\"symbol\":\"VELQ\",\"names\":[\"Velquin\"]}\n{\"symbol\":\"VELQ.B\"}\n{\"symbol\":\"ODNL\"}\n"
    "{\"symbol\":\"AMD\"}\n{\"symbol\":\"GAP\"}\n{\"symbol\":\"ABOUT\"}\n{\"symbol\":\"ZOOM\"}\n"
    "{\"symbol\":\"AI\"}\n{\"symbol\":\"TSX\"}\n{\"symbol\":\"EUR\"}\n{\"symbol\":\"7203\"}\n"
    "{\"symbol\":\"GM\",\"names\":[\"GM\"]}\n{\"symbol\":\"BRK.B\"}\n";

static void a_hashtag_is_a_symbol_where_it_can_be_nothing_else(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"#VELQ cuts outlook", "VELQ*1"},
        {"(#VELQ) and #ODNL, #AMD.", "AMD*1 ODNL*1 VELQ*1"},
        {"\uFF03VELQ falls", "VELQ*1"},
        {"#Velquin loses #GM", "GM*1 VELQ*1"},
        {"#VELQ-B falls, #BRK.B rises", "BRK.B*1 VELQ.B*1"},
        {"#VELQ-C falls", ""},
        {"#velq #Velq #VELQ2026 #VELQ_falls #VELQfalls #XVELQ", ""},
        {"mind the #GAP #ABOUT #ZOOM #AI #TSX #EUR #7203", ""},
        {"#FOOX falls", ""},
        {"C#VELQ &#VELQ ##VELQ https://x.example/#VELQ a=#VELQ $#VELQ", ""},
        {"#VEL\u2026 #", ""},
    };
    assert_listed(listed_tags, cases, sizeof cases / sizeof cases[0]);
    assert_true(tw_hashtag_is_word(tw_text_of("OPEN")));
    assert_false(tw_hashtag_is_word(tw_text_of("VELQ")));
}

/* People push the words of a name together, each with its capital, or join them by "_". */
static void a_hashtag_is_a_name_whose_words_are_pushed_together(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"ODNL\",\"names\":[\"Ordanelle Foods\"]}\n"
        "{\"symbol\":\"ORT\",\"names\":[\"Orrin & Tael\"]}\n{\"symbol\":\"MRL\",\"names\":[\"Soci\u00e9t\u00e9 Mirelle\"]}\n"
        "{\"symbol\":\"HVLM\",\"names\":[\"Harvest Loom\"],\"common\":true}\n"
        "{\"symbol\":\"DLA\",\"names\":[\"Delta Sand\"]}\n{\"symbol\":\"DLB\",\"names\":[\"Delta Sand\"]}\n";
    static const struct expected cases[] = {
        {"#OrdanelleFoods cuts its outlook", "ODNL*1"},
        {"(#OrdanelleFoods), \uFF03OrdanelleFoods: #Ordanelle_Foods!", "ODNL*3"},
        {"#OrrinAndTael and #Soci\u00e9t\u00e9Mirelle", "MRL*1 ORT*1"},
        {"#HarvestLoom #harvest_loom #HARVEST_LOOM", "HVLM*1"},
        {"#ordanellefoods #ORDANELLEFOODS #OrdanelleFoodsFire #TheOrdanelleFoods #OrdanelleFoods2026", ""},
        {"#Ordanelle_Foods_ #Ordanelle__Foods #OrdanelleFire #OrdanelleFoods_Fire", ""},
        {"C#OrdanelleFoods &#OrdanelleFoods ##OrdanelleFoods https://x.example/#OrdanelleFoods", ""},
        {"#DeltaSand falls", ""},
        {"#DeltaSand falls, $DLA", "DLA*1"},
    };
    assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hashtag_is_a_symbol_where_it_can_be_nothing_else),
        cmocka_unit_test(a_hashtag_is_a_name_whose_words_are_pushed_together),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
