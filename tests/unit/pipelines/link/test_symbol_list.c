/* symbol_list: symbols behind an exchange's name in other forms than "NYSE: VELQ", as news has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "linked.h"

static const char listed[] =
    "{\"symbol\":\"VELQ\"}\n{\"symbol\":\"VELQ.B\"}\n{\"symbol\":\"HLX\"}\n{\"symbol\":\"ODNL\"}\n"
    "{\"symbol\":\"MRL.PA\"}\n{\"symbol\":\"UBM.DE\"}\n{\"symbol\":\"ORT.L\"}\n{\"symbol\":\"9901.T\"}\n"
    "{\"symbol\":\"600999.SS\",\"names\":[\"\u5317\u8fb0\u91cd\u5de5\"]}\n{\"symbol\":\"000001.SZ\"}\n"
    "{\"symbol\":\"000001.SS\"}\n{\"symbol\":\"0700.HK\"}\n{\"symbol\":\"2024.HK\"}\n{\"symbol\":\"9902.KS\"}\n"
    "{\"symbol\":\"V\"}\n{\"symbol\":\"UP\"}\n{\"symbol\":\"GOLD\"}\n{\"symbol\":\"CEO\"}\n{\"symbol\":\"FANG\"}\n"
    "{\"symbol\":\"DUO.AS\"}\n{\"symbol\":\"DUO.PA\"}\n";

#define ASSERT_LISTED(cases) assert_listed(listed, cases, sizeof(cases) / sizeof((cases)[0]))

static void an_exchange_in_brackets_needs_no_colon(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Velqin (NYSE/VELQ) falls", "VELQ*1"},
        {"Halix (Nasdaq - HLX), (Nasdaq HLX), (NASDAQ-HLX), (Nasdaq \u2013 HLX), [NYSE American HLX]",
            "HLX*5"},
        {"\uFF08NYSE/VELQ\uFF09 and (NYSE/VELQ.B; OTC Pink - ODNL)", "VELQ*1 VELQ.B*1"},
        {"(NYSE - VELQ, ODNL) (TYO 9901) (LSE ORT)", "9901.T*1 ODNL*1 ORT.L*1 VELQ*1"},
        {"(Nasdaq : HLX), (TSX-V: ODNL), (OTC Pink: VELQ)", "HLX*1 ODNL*1 VELQ*1"},
    };
    ASSERT_LISTED(cases);
}

/* "UP", "GOLD", "V" are listed, and stand in brackets behind an exchange that is meant itself. */
static void an_exchange_in_brackets_may_be_followed_by_words(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"(NASDAQ UP) (NASDAQ UP, DOW DOWN) (NYSE - UP 2%) (MCX GOLD) (NYSE CEO) (TSX V) (TSX-V)", ""},
        {"(NYSE FANG+) (NYSE FANG index) (NYSE, VELQ) (NYSE and VELQ) NYSE/VELQ, NYSE VELQ", ""},
        {"(NYSE velq) (nyse VELQ) (NYSE FOOX) (NYSE - FOOX) (XYZ VELQ) (AIM ORT) (SIX HLX)", ""},
        {"(HKEX 700) (HKEX 2024) (TYO 9901 yen) (NYSE VELQ\u2026", ""},
    };
    ASSERT_LISTED(cases);
}

static void a_place_is_its_exchange_in_brackets(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Mirelle (Paris: MRL), (PARIS:MRL), (Frankfurt: UBM; London: ORT)", "MRL.PA*2 ORT.L*1 UBM.DE*1"},
        {"(New York: VELQ) (New York Stock Exchange: VELQ, HLX) (Hong Kong: 700)", "0700.HK*1 HLX*1 VELQ*2"},
        {"\uFF08\u4E0A\u4EA4\u6240\uFF1A600999\uFF09 \uFF08\u6771\u8A3C\uFF1A9901\uFF09 (SH: 600999)",
            "600999.SS*2 9901.T*1"},
        {"（纽交所：VELQ）,（纳斯达克：HLX）", "HLX*1 VELQ*1"},
        {"Paris: MRL (London: MRL) (Paris: FOOX) (Paris: CEO) (New York: UP) (Paris: MRL said)", ""},
        {"(Euronext: MRL) (Euronext: DUO)", "[DUO]*1 MRL.PA*1"}, /* neither that of Paris nor of Amsterdam */
    };
    ASSERT_LISTED(cases);
}

static void a_label_of_numbers_has_one_behind_it(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"\u5317\u8FB0\uFF08\u80A1\u7968\u4EE3\u7801\uFF1A600999\uFF09\u516C\u544A", "600999.SS*1"},
        {"\u8BC1\u5238\u4EE3\u7801\uFF1A600999 \u8BC1\u5238\u7B80\u79F0\uFF1A\u5317\u8FB0\u91CD\u5DE5",
            "600999.SS*2"},
        {"\u8A3C\u5238\u30B3\u30FC\u30C9:9901, \uC885\uBAA9\uCF54\uB4DC: 9902, (Stock code: 0700)",
            "0700.HK*1 9901.T*1 9902.KS*1"},
        {"\u80A1\u7968\u4EE3\u7801\uFF1A000001", ""}, /* of Shanghai or Shenzhen? */
        {"(Stock code: 2024) stock code: 2024 results", "2024.HK*1"},
        {"QR\u30B3\u30FC\u30C9\uFF1A9901, stock code: VELQ, code: 0700, 10:0700", ""},
        {"SH600999 falls, sh600999\u8DCC, $SH600999; HK00700 and HK0700", "0700.HK*2 600999.SS*3"},
        {"SZ600999 SH60099 SH6009990 XSH600999 SH600999A HK000700", ""},
    };
    ASSERT_LISTED(cases);
}

static void several_dollar_signs_before_a_listed_symbol_are_a_cashtag(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"$$VELQ to the moon, $$$$HLX! ($$VELQ.B)", "HLX*1 VELQ*1 VELQ.B*1"},
        {"$$V $$velq $$FOOX $$BN US$$VELQ a$$VELQ $$", ""},
    };
    ASSERT_LISTED(cases);
}

/* "(NYSE, VELQ)" is a list of places and words, as often as not. */
static void an_exchange_may_stand_behind_the_symbol_in_brackets(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Velqin (VELQ, NYSE) fell, (VELQ - NYSE), (VELQ; NYSE American), [VELQ, Nasdaq], (VELQ NYSE)",
            "VELQ*5"},
        {"(V, NYSE) (VELQ.B, NYSE) (MRL, Euronext Paris) (9901, TSE) \uFF08HLX, NASDAQ\uFF09",
            "9901.T*1 HLX*1 MRL.PA*1 V*1 VELQ.B*1"},
        {"(UP, NYSE) (CEO, NYSE) (GOLD, MCX) (FOOX, NYSE) (TSX, NYSE) (2024, TSE) (velq, NYSE)", ""},
        {"(VELQ, NYSE member) (VELQ, Paris) (VELQ, Six) (VELQ, of NYSE) (VELQ,NYSE said) (VELQ)", ""},
    };
    ASSERT_LISTED(cases);
}

static void a_symbol_may_stand_behind_a_word_for_it(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"It trades under the symbol VELQ, under the ticker HLX on Nasdaq", "HLX*1 VELQ*1"},
        {"ticker symbol: VELQ; stock symbol VELQ.B. The ticker is \u201CHLX\u201D (symbol VELQ)",
            "HLX*1 VELQ*2 VELQ.B*1"},
        {"under the symbols VELQ and VELQ.B, tickers HLX, ODNL", "HLX*1 ODNL*1 VELQ*1 VELQ.B*1"},
        {"under the symbol V; ticker 'V'; UNDER THE SYMBOL HLX; ticker: \"ODNL\"", "HLX*1 ODNL*1 V*2"},
        {"a symbol V of hope, TICKER VELQ, symbol UP, ticker CEO, symbol 2024, the symbol FOOX, ticker Velq",
            ""},
        {"symbolic VELQ, tickertape VELQ, symbol velq, symbol of VELQ, symbol\nof VELQ-Z, ticker VELQ_x", ""},
    };
    ASSERT_LISTED(cases);
}

static void an_exchange_behind_another_is_no_symbol(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Firms (TSX:NYSE) rose (NYSE: TSX) and NASDAQ:LSE, (NYSE/TSX: VELQ), (TSX, NYSE: HLX)",
            "HLX*1 VELQ*1"},
        {"(NYSE: ICE) (ASX: ASX) (BATS: CBOE) (NYSE: IEX)", "[ASX]*1 [CBOE]*1 [ICE]*1 [IEX]*1"},
    };
    ASSERT_LISTED(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_in_brackets_needs_no_colon),
        cmocka_unit_test(an_exchange_in_brackets_may_be_followed_by_words),
        cmocka_unit_test(a_place_is_its_exchange_in_brackets),
        cmocka_unit_test(a_label_of_numbers_has_one_behind_it),
        cmocka_unit_test(an_exchange_may_stand_behind_the_symbol_in_brackets),
        cmocka_unit_test(a_symbol_may_stand_behind_a_word_for_it),
        cmocka_unit_test(an_exchange_behind_another_is_no_symbol),
        cmocka_unit_test(several_dollar_signs_before_a_listed_symbol_are_a_cashtag),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
