/* variants: a listed name in its other spellings, and what is none of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "linked.h"

#define ASSERT_LISTED(listed, cases) assert_listed(listed, cases, sizeof(cases) / sizeof((cases)[0]))

static void a_legal_form_has_several_spellings(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"HLX\",\"names\":[\"Halyx Corporation\"]}\n{\"symbol\":\"KSVN\",\"names\":[\"KESTRAVON MOTORS INC\"]}\n"
        "{\"symbol\":\"ORL\",\"names\":[\"Orlen Ltd.\"]}\n{\"symbol\":\"PQR\",\"names\":[\"P.Q. Rennick Co.\"]}\n"
        "{\"symbol\":\"BYD\",\"names\":[\"Bayard Electronics Co., Ltd.\"]}\n{\"symbol\":\"MRL\",\"names\":[\"Mirelle S.A.\"]}\n"
        "{\"symbol\":\"TLV\",\"names\":[\"Tolvane plc\"]}\n";
    static const struct expected cases[] = {
        {"Halyx Corp falls, Halyx Corp. falls, Halyx, Corp. and HALYX CORPORATION", "HLX*4"},
        {"Kestravon Motors, Inc. and Kestravon Motors Incorporated, Kestravon Motors, inc.", "KSVN*3"},
        {"Orlen Limited, Orlen, Ltd.", "ORL*2"},
        {"P.Q. Rennick Company, P.Q. Rennick Co", "PQR*2"},
        {"Bayard Electronics Co Ltd, Bayard Electronics Co. Ltd., Bayard Electronics Company Limited",
            "BYD*3"},
        {"Mirelle SA, Mirelle, S.A.; Tolvane P.L.C.", "MRL*2 TLV*1"},
        {"Halyx, Kestravon Motors, Orlen, Bayard Electronics and Mirelle", ""},
        {"Halyx Inc, Halyx Ltd, Orlen Inc, Bayard Electronics Ltd, Mirelle plc, Tolvane SA", ""},
    };
    ASSERT_LISTED(listed, cases);
}

static void the_name_that_the_file_lists_comes_first(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"ONE\",\"names\":[\"Velquin Corp\"]}\n{\"symbol\":\"TWO\",\"names\":[\"Velquin Corporation\"]}\n"
        "{\"symbol\":\"BARE\",\"names\":[\"Velquin\"]}\n{\"symbol\":\"LTD\",\"names\":[\"Velquin Ltd\"]}\n";
    static const struct expected cases[] = {
        {"Velquin Corp", "ONE*1"},
        {"Velquin Corporation", "TWO*1"},
        {"Velquin Limited", "LTD*1"},
        {"Velquin limited its losses", "BARE*1"},
        {"Velquin", "BARE*1"},
        {"Velquin, Corp.", ""}, /* of ONE and TWO, so of neither */
        {"Velquin, Corp. ($ONE)", "ONE*2"},
    };
    ASSERT_LISTED(listed, cases);
}

static void and_may_be_a_sign(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"ORT\",\"names\":[\"Orrin & Tael plc\",\"Orrin & Tael\"]}\n{\"symbol\":\"BRM\",\"names\":[\"Bram and Sons\"]}\n"
        "{\"symbol\":\"BNB\",\"names\":[\"Bread & Butter\"]}\n{\"symbol\":\"QT\",\"names\":[\"Q&T\"]}\n";
    static const struct expected cases[] = {
        {"Orrin and Tael PLC, Orrin And Tael, ORRIN AND TAEL and Orrin + Tael", "ORT*4"},
        {"Bram & Sons, Bram+Sons", "BRM*2"}, {"a slice of bread and butter, Bread and butter", ""},
        {"Bread and Butter opens, Bread & Butter", "BNB*2"},
        {"Q and T, Q+T", ""}, /* short names are as they are spelled */
    };
    ASSERT_LISTED(listed, cases);
}

static void an_article_may_be_left_out_where_two_words_stay(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"VELQ\",\"names\":[\"The Velquin Company\"]}\n{\"symbol\":\"HSD\",\"names\":[\"The Harvest Desk\"]}\n"
        "{\"symbol\":\"GAP\",\"names\":[\"The Gapp\"]}\n{\"symbol\":\"LMT\",\"names\":[\"The Limited\"]}\n"
        "{\"symbol\":\"COF\",\"names\":[\"National Coffee Co\"]}\n";
    static const struct expected cases[] = {
        {"Velquin Company falls, the Velquin Co. too; The Velquin Company", "VELQ*3"},
        {"Harvest Desk rises; at the harvest desk, a harvest desk", "HSD*2"},
        {"mind the gapp, Gapp, Limited, The Ltd", "GAP*1"},
        {"a national coffee company, National coffee company, the national Coffee company", ""},
        {"National Coffee Company, NATIONAL COFFEE COMPANY", "COF*2"},
    };
    ASSERT_LISTED(listed, cases);
}

/* Registers and terminals put a state or an article behind a slash. */
static void what_tables_put_behind_a_slash_may_be_left_out(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"TLV\",\"names\":[\"TOLVANE INC /DE/\"]}\n{\"symbol\":\"KSV\",\"names\":[\"Kestravon Co/The\"]}\n"
        "{\"symbol\":\"HLX\",\"names\":[\"HALYX CORP/\"]}\n{\"symbol\":\"INO\",\"names\":[\"Inlet/Outlet\"]}\n"
        "{\"symbol\":\"VST\",\"names\":[\"Vestrup A/S\"]}\n";
    static const struct expected cases[] = {
        {"Tolvane Inc. and Tolvane, Incorporated, TOLVANE INC /DE/", "TLV*3"},
        {"the Kestravon Company, Kestravon Co.; Halyx Corporation", "HLX*1 KSV*2"},
        {"Inlet, Tolvane, Kestravon, Halyx, Vestrup A, Vestrup", ""},
    };
    ASSERT_LISTED(listed, cases);
}

static void marks_within_a_name_may_be_left_out(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"MCD\",\"names\":[\"McDorvan's\"]}\n{\"symbol\":\"DORV\",\"names\":[\"D'Orv\u00e9a Inc\"]}\n"
        "{\"symbol\":\"BRWK\",\"names\":[\"Bram-Wickel\"]}\n{\"symbol\":\"SNA\",\"names\":[\"Snapp-on\"]}\n"
        "{\"symbol\":\"SNP\",\"names\":[\"Snapp\"]}\n";
    static const struct expected cases[] = {
        {"McDorvans falls, MCDORVANS' profit, McDorvan's and McDorvan\u2019s", "MCD*4"},
        {"DOrv\u00e9a Inc., DORVEA INCORPORATED", "DORV*2"},
        {"Bram Wickel, BramWickel, BRAM WICKEL, Bram-Wickel, Bram\u00ADWickel", "BRWK*5"},
        {"Snapp on Tuesday, Snapp-on Tuesday", "SNA*1 SNP*1"},
        {"mcdorvans, bramwickel, bram wickel, McDorvan", ""},
    };
    ASSERT_LISTED(listed, cases);
}

static void a_name_that_is_held_to_its_spelling_has_no_other(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"TGT\",\"names\":[\"Target Corp\",\"Target\"],\"common\":true}\n"
        "{\"symbol\":\"AIM\",\"names\":[\"Aimwell Corp\",\"Aim\"],\"common\":[\"Aim\"]}\n";
    static const struct expected cases[] = {
        {"Target Corp and Target Corporation", "TGT*2"},
        {"target corporation", ""},
        {"Aimwell Corporation", "AIM*1"},
    };
    ASSERT_LISTED(listed, cases);
}

/* ä, ö, ø, ü as ae, oe, ue where a keyboard lacks them. */
static void umlauts_may_be_pairs_of_letters(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"MUV\",\"names\":[\"M\u00fcnstener R\u00fcck\"]}\n"
        "{\"symbol\":\"UBL\",\"names\":[\"\u00dcberlahn Co\"]}\n"
        "{\"symbol\":\"FRU\",\"names\":[\"M\u00fcller Fr\u00fc\",\"M\u00fcller\"],\"common\":[\"M\u00fcller\"]}\n"
        "{\"symbol\":\"GRS\",\"names\":[\"Gro\u00dfbach\"]}\n"
        "{\"symbol\":\"BOE\",\"names\":[\"M\u00f6wing\"]}\n{\"symbol\":\"BOW\",\"names\":[\"Moewing\"]}\n";
    static const struct expected cases[] = {
        {"M\u00fcnstener R\u00fcck, Muenstener Rueck, MUENSTENER RUECK, muenstener rueck, Mu\u0308nstener Ru\u0308ck",
            "MUV*5"},
        {"Munstener Ruck as before", "MUV*1"},
        {"Ueberlahn Company, UEBERLAHN CO., Grossbach, Gro\u00dfbach, GRO\u1e9eBACH", "GRS*3 UBL*2"},
        {"Moewing and M\u00f6wing", "BOE*1 BOW*1"},
        {"Muenstener R\u00fcck, Mueller, ueberlahn company, Muensteneer Rueck", ""},
    };
    ASSERT_LISTED(listed, cases);
}

static void pairs_of_letters_may_be_umlauts(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"KOEN\",\"names\":[\"Koenigsfeld AG\",\"Koenigsfeld\"]}\n"
        "{\"symbol\":\"MRU\",\"names\":[\"Muenstener Rueck\"]}\n{\"symbol\":\"MLL\",\"names\":[\"Michael Muelbach\"]}\n"
        "{\"symbol\":\"BOEI\",\"names\":[\"Boeing\",\"Blue Queens\",\"Bauerle\"]}\n"
        "{\"symbol\":\"TWO\",\"names\":[\"Goeppler\"]}\n{\"symbol\":\"TOO\",\"names\":[\"Goeppler\"]}\n";
    static const struct expected cases[] = {
        {"K\u00f6nigsfeld, K\u00d6NIGSFELD AG, k\u00f6nigsfeld, Ko\u0308nigsfeld and Koenigsfeld", "KOEN*5"},
        {"M\u00fcnstener R\u00fcck, Michael M\u00fclbach", "MLL*1 MRU*1"},
        {"Konigsfeld, M\u00fcnstener Ruck, Munstener Ruck, K\u00f3nigsfeld", ""},
        {"B\u00f6ing Boing Bl\u00fc Qu\u00fcns Bl\u00fc Queens Ba\u00fcrle Baurle Mich\u00e4l Muelbach", ""},
        {"G\u00f6ppler", ""},
        {"$TOO: G\u00f6ppler", "TOO*2"},
    };
    ASSERT_LISTED(listed, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_legal_form_has_several_spellings),
        cmocka_unit_test(the_name_that_the_file_lists_comes_first),
        cmocka_unit_test(and_may_be_a_sign),
        cmocka_unit_test(an_article_may_be_left_out_where_two_words_stay),
        cmocka_unit_test(what_tables_put_behind_a_slash_may_be_left_out),
        cmocka_unit_test(marks_within_a_name_may_be_left_out),
        cmocka_unit_test(umlauts_may_be_pairs_of_letters),
        cmocka_unit_test(pairs_of_letters_may_be_umlauts),
        cmocka_unit_test(a_name_that_is_held_to_its_spelling_has_no_other),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
