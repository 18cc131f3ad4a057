/* link: texts, and the companies found in them as "SYMBOL*mentions", unlisted ones in lower brackets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <cmocka.h>

#include "linked.h"
#include "sanitized.h"

/* What linear time is, for so large a text: a sanitizer's build is ten times slower, and has a quarter. */
enum { HOSTILE_BYTES = (SANITIZED ? 1 : 4) << 20, MOST_SECONDS = SANITIZED ? 10 : 3 };

static const char file[] =
    "{\"symbol\":\"AAPL\",\"names\":[\"Apple Inc.\",\"Apple\",\"AAPL\"],\"common\":[\"Apple\"]}\n"
    "{\"symbol\":\"BRK.B\",\"names\":[\"Berkshire Hathaway\"]}\n"
    "{\"symbol\":\"OM\",\"names\":[\"Outboard Marine Corp\",\"Outboard Marine\"]}\n"
    "{\"symbol\":\"GM\",\"names\":[\"General Motors\",\"GM\"]}\n"
    "{\"symbol\":\"GE\",\"names\":[\"General Electric\",\"General Electric Credit\"]}\n"
    "{\"symbol\":\"M&M\",\"names\":[\"Mahindra & Mahindra\",\"Mahindra\"]}\n"
    "{\"symbol\":\"VENKEYS\",\"names\":[\"Venky's (India)\"]}\n"
    "{\"symbol\":\"DAL\",\"names\":[\"Delta Air Lines\",\"Delta\"]}\n"
    "{\"symbol\":\"DLTA\",\"names\":[\"Delta Apparel\",\"Delta\",\"DLTA\"]}\n"
    "{\"symbol\":\"NESN\",\"names\":[\"Nestl\\u00e9\"]}\n"
    "{\"symbol\":\"7203\",\"names\":[\"\\u30c8\\u30e8\\u30bf\",\"Toyota\"]}\n"
    "{\"symbol\":\"BRWK\",\"names\":[\"Bram-Wickel\"]}\n"
    "{\"symbol\":\"KQ1\",\"names\":[\"\uD55C\uBE5B\uC804\uC790\"]}\n"
    "{\"symbol\":\"TH1\",\"names\":[\"\u0E27\u0E34\u0E17\u0E22\u0E38\"]}\n"
    "{\"symbol\":\"BIG\",\"names\":[\"Big Lots\"],\"common\":true}\n"
    "{\"symbol\":\"X\",\"names\":[\"X\"]}\n"
    "{\"symbol\":\"BX\",\"names\":[\"BX\"]}\n"
    "{\"symbol\":\"BX.B\"}\n"
    "{\"symbol\":\"HAN\",\"names\":[\"\u91D1\"]}\n"
    "{\"symbol\":\"ATT\",\"names\":[\"AT&T\"]}\n";

static int begin(void **state)
{
    struct tw_error err;
    companies = slow_companies_new(tw_text_of(file));
    return open_arena(state) == 0 && tw_entities_parse("e.jsonl", tw_text_of(file), &entities, &err) ? 0 : -1;
}

static int end(void **state)
{
    slow_companies_free(companies);
    tw_entities_free(entities);
    return close_arena(state);
}

#define ASSERT_ALL(cases) assert_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void cashtags(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"$AAPL.", "AAPL*1"},
        {"$BRK.B, $BRK.B's", "BRK.B*2"},
        {"$AAPL$MSFT", "AAPL*1 [MSFT]*1"},
        {"($MSFT) \"$GOOG\" $F!", "[F]*1 [GOOG]*1 [MSFT]*1"},
        {"$100 $1.5M $ $$ $$X US$GE a$B $GEx $A\xC3\xA9 C$5 HK$1.2bn", ""},
        {"$ge and $Aapl fall, $msft too", "AAPL*1 GE*1"},
        {"revenue in $MM, capex in $BN, $K and $T, $B 5, ($M), $EUR", ""},
        {"$M&M up", "M&M*1"},
        {"$X-Men, $X-rays and $F-series; $F-150, $GE-based", "[F]*1 GE*1"},
        {"$MSFT-$GOOG $SPX/$VIX", "[GOOG]*1 [MSFT]*1 [SPX]*1 [VIX]*1"},
        {"$7203", "7203*1"},
        {"$\xE2\x80\x8E"
         "AAPL and \xEF\xBC\x84\xE2\x80\x8D"
         "GE, $\xE2\x80\x8E 5",
            "AAPL*1 GE*1"}, /* unseen marks */
        {"$AAPL\xEF\xBB\xBF"
         "AAPL up",
            "AAPL*1"}, /* one word to whoever reads it */
        {"$ABCDEFGHIJ $ABCDEFGHIJK", "[ABCDEFGHIJ]*1"},
        {"$A..B $RDS.A... up", "[A]*1 [RDS.A]*1"},
        {"$BRK-B $BRK/B $BRK_B", "BRK.B*3"},
        {"$GE-B, $GE/A, $GE.C and $OM&B", "[GE.A]*1 [GE.B]*1 [GE.C]*1"},
        {"$GE-based $GE-5 $GE/$OM $GE/BIG", "GE*3 [GE.BIG]*1 OM*1"},
        {"$GE.N $GE.OQ $GE.US $ge.n", "GE*4"},
        {"$GE-N $GE/L $GE_OQ $GE\u2013TO", "[GE.L]*1 [GE.N]*1 [GE.OQ]*1 [GE.TO]*1"},
        {"$ge-b $ge/a $GE-n $GE_HOME", ""},
        {"\uFF04AAPL \uFE69GM \uFF04\uFF27\uFF25", "AAPL*1 GE*1 GM*1"},
        {"chart of $AAPL $MS\u2026", "AAPL*1"},
        {"chart of $AAPL $S...", "AAPL*1"},
        {"chart of $AAPL\u2026", "AAPL*1"},
        {"chart of $G\u2026", ""},
        {"chart of $BX\u2026", ""},
        {"chart of $AAPL $MS[\u2026]", "AAPL*1"},
        {"$MS\u2026 and more, $RD-\u2026 $RD.\u2026", ""},
        {"$BRK-\u2026 $BRK.\u2026", ""},
        {"chart of $BRK/...", ""},
        {"$AAPL\u306F $MSFT\uB294", "AAPL*1 [MSFT]*1"},
    };
    ASSERT_ALL(cases);
}

static void newswire_symbols(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"OUTBOARD MARINE <OM> RAISES", "OM*2"},
        {"<VOWG.F><T>", "[T]*1 [VOWG.F]*1"},
        {"Outboard Marine <OM.N> and <GE.OQ>, <GE.B>", "GE*1 [GE.B]*1 OM*2"},
        {"<P> <B> <TT> <BIG>", "BIG*1"},
        {"<BRK-B> <BRK/B> <BRKb.N> <GE-N> <GE/L> <GEb.N>", "BRK.B*3"},
        {"<Airbus> <> < OM> <OM <1A> <om>", ""},
    };
    ASSERT_ALL(cases);
}

static void an_exchange_before_a_colon_names_a_symbol(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Orchard ( NASDAQ:AAPL ) cuts, (NYSE: GE), nyse: $OM.", "AAPL*1 GE*1 OM*1"},
        {"NYSE:ZZZZ NASDAQ: BRK-B", "BRK.B*1 [ZZZZ]*1"},
        {"NYSE:GE-N, (TSX:GE/L) NYSE: GE-B", "[GE.B]*1 [GE.L]*1 [GE.N]*1"},
        {"(NYSE: BRK/B) LSE:GE.L NASDAQ:GE/BIGX", "BRK.B*1 GE*2"},
        {"(NYSE American: GE) Nasdaq Global Select Market: AAPL, TSX-V:OM", "AAPL*1 GE*1 OM*1"},
        {"(Nasdaq symbol: AAPL), (NYSE ticker: GE)", "AAPL*1 GE*1"},
        {"(AIM: GE) AIM:OM EPA: US firms, Aim:GE, she: GE; some American: GE", "GE*1 OM*1"},
        {"note: GE at 10:GM, re:OM NYSE: the NYSE:GEx Nasdaq: up", "GM*1"},
    };
    ASSERT_ALL(cases);
}

/* Companies as quote services spell them, for lists and exchanges. */
static const char listed_abroad[] =
    "{\"symbol\":\"BRK.A\"}\n{\"symbol\":\"BRK.B\"}\n{\"symbol\":\"GE\",\"names\":[\"General Electric\"]}\n"
    "{\"symbol\":\"GOOG\"}\n{\"symbol\":\"GOOGL\"}\n{\"symbol\":\"V\"}\n{\"symbol\":\"MA\"}\n"
    "{\"symbol\":\"C\"}\n{\"symbol\":\"A\"}\n{\"symbol\":\"B\"}\n{\"symbol\":\"AI\"}\n{\"symbol\":\"CEO\"}\n"
    "{\"symbol\":\"UK\"}\n{\"symbol\":\"BBB\"}\n{\"symbol\":\"HSBA\",\"names\":[\"HSBC\"]}\n"
    "{\"symbol\":\"9901.T\"}\n{\"symbol\":\"9984.T\"}\n{\"symbol\":\"2024.T\"}\n{\"symbol\":\"1200.T\"}\n"
    "{\"symbol\":\"0700.HK\"}\n{\"symbol\":\"9988.HK\"}\n{\"symbol\":\"0005.HK\"}\n{\"symbol\":\"XHKG:0941\"}\n"
    "{\"symbol\":\"2500.KS\"}\n{\"symbol\":\"005930.KS\"}\n{\"symbol\":\"2330.TW\"}\n{\"symbol\":\"600519.SS\"}\n"
    "{\"symbol\":\"000001.SZ\"}\n{\"symbol\":\"BAJAJ-AUTO.NS\"}\n{\"symbol\":\"M&M.NS\"}\n"
    "{\"symbol\":\"500325.BO\"}\n{\"symbol\":\"VOD.L\"}\n{\"symbol\":\"VOD\"}\n{\"symbol\":\"BT.A.L\"}\n"
    "{\"symbol\":\"BMW.DE\"}\n{\"symbol\":\"OR.PA\"}\n{\"symbol\":\"RCI-B.TO\"}\n{\"symbol\":\"BHP.AX\"}\n"
    "{\"symbol\":\"NESN.SW\"}\n{\"symbol\":\"NYSE:TAP\"}\n{\"symbol\":\"MSFT.OQ\"}\n{\"symbol\":\"7203\"}\n";

static void assert_abroad(const struct expected *cases, size_t count)
{
    assert_listed(listed_abroad, cases, count);
}

static void an_exchange_may_have_a_list_of_symbols(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"(NYSE: BRK.A, BRK.B)", "BRK.A*1 BRK.B*1"},
        {"(NYSE: BRK.A and BRK.B) (NYSE:BRK.A/BRK.B) (NYSE: BRK.A & BRK.B)", "BRK.A*3 BRK.B*3"},
        {"(NASDAQ: GOOG,GOOGL), [NASDAQ: GOOG; GOOGL], (Nasdaq: GOOG | GOOGL)", "GOOG*3 GOOGL*3"},
        {"(NASDAQ:GOOG/GOOGL) (NASDAQ: GOOG / GOOGL)", "GOOG*2 GOOGL*2"},
        {"(NASDAQ: LBTYA/LBTYB/LBTYK)", "[LBTYA]*1 [LBTYB]*1 [LBTYK]*1"},
        {"(NASDAQ: $GOOG, $GOOGL)", "GOOG*1 GOOGL*1"},
        {"(NYSE: V, MA, C, and GE)", "C*1 GE*1 MA*1 V*1"},
        {"(NYSE: A, B)", "A*1 B*1"},
        {"(NYSE: GE; TSX: RCI.B)", "GE*1 RCI-B.TO*1"},
        {"(NYSE: GE, LBTYA, LBTYB; TSX: TPXA, TPXB)", "GE*1 [LBTYA]*1 [LBTYB]*1 [TPXA]*1 [TPXB]*1"},
        {"(NASDAQ: GOOG, GOOGL; \u201CAlphabet\u201D) (NASDAQ: FOXA, FOX, \"Fox\")",
            "[FOX]*1 [FOXA]*1 GOOG*1 GOOGL*1"},
        {"(NASDAQ: GOOG, GOOGL, the parent of a search engine)", "GOOG*1 GOOGL*1"},
        {"\uFF08NASDAQ\uFF1AGOOG\u3001GOOGL\uFF09 \uFF08NYSE\uFF1ABRK.A\uFF0CBRK.B\uFF09",
            "BRK.A*1 BRK.B*1 GOOG*1 GOOGL*1"},
        {"(NYSE: NOPE, HSBC, GE)", "GE*1 [HSBC]*1 [NOPE]*1"},
        {"(HKG: 0700, 9988; TYO: 9901, 9984)", "0700.HK*1 9901.T*1 9984.T*1 9988.HK*1"},
        {"(NYSE: TAP, TAPA)", "NYSE:TAP*1 [TAPA]*1"},
        {"(OTC: ABCD, ABCDF) (NYSE: Q, QQ)", "[ABCD]*1 [ABCDF]*1 [Q]*1 [QQ]*1"},
    };
    assert_abroad(cases, sizeof cases / sizeof cases[0]);
}

static void an_exchange_and_a_suffix_are_one(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"TYO:9901 up, (TSE: 9901), JPX:9901, $9901.T, <9901.T>", "9901.T*5"},
        {"HKG:0700, (HKG: 700), (SEHK: 00700) HKEX:700 <0700.HK> <00700.HK> $700.HK", "0700.HK*7"},
        {"(HKEX: 5) <0005.HK>, (HKG: 0941) <941.HK>", "0005.HK*2 XHKG:0941*2"},
        {"KRX:005930, TPE:2330, SHA:600519, SHE:000001 <600519.SH>",
            "000001.SZ*1 005930.KS*1 2330.TW*1 600519.SS*2"},
        {"NSE: BAJAJ-AUTO, NSE:M&M, BOM:500325", "500325.BO*1 BAJAJ-AUTO.NS*1 M&M.NS*1"},
        {"(LON: VOD) LSE:BT.A, ETR:BMW, XETRA: BMW, FRA:BMW", "BMW.DE*3 BT.A.L*1 VOD.L*1"},
        {"(NASDAQ: VOD; LSE: VOD)", "VOD*1 VOD.L*1"},
        {"EPA:OR, (TSX: RCI-B), (ASX: BHP), SWX:NESN, SIX:NESN", "BHP.AX*1 NESN.SW*2 OR.PA*1 RCI-B.TO*1"},
        {"NYSE: TAP, <TAP.N>, NASDAQ: MSFT, <MSFT.O>", "MSFT.OQ*2 NYSE:TAP*2"},
        {"TYO:7203, <7203.T>", "7203*2"},
    };
    assert_abroad(cases, sizeof cases / sizeof cases[0]);
}

static void symbols_of_the_message_by_their_exchange(void **state)
{
    (void)state;
    static const struct expected cases[] = {{"TYO:9901", "9901.T*1"}, {"9901 JP Equity", "9901.T*1"},
        {"9901:JP", "9901.T*1"}, {"JP:9901", "9901.T*1"}, {"9901:TYO", "9901.T*1"}, {"9901.T", "9901.T*1"},
        {"700 HK", "0700.HK*1"}, {"0700:HK", "0700.HK*1"}, {"HK:700", "0700.HK*1"}, {"00700.HK", "0700.HK*1"},
        {"VOD LN Equity", "VOD.L*1"}, {"VOD US Equity", "VOD*1"}, {"VOD:US", "VOD*1"}, {"UK:VOD", "VOD.L*1"},
        {"LON:VOD", "VOD.L*1"}, {"RCI/B CN Equity", "RCI-B.TO*1"}, {"005930 KS", "005930.KS*1"},
        {"005930.KQ", ""}, {"9901.HK", ""}, {"TAP.N", "NYSE:TAP*1"}, {"2330 TT", "2330.TW*1"},
        {"XHKG:00941", "XHKG:0941*1"}, {"9901-JP", "9901.T*1"}, {"VOD-US", "VOD*1"}, {"HK00700", "0700.HK*1"},
        {"SZ00700", ""}, {"VOD GR", "VOD*1"}, {"9901:US", ""}, {"US:9901", ""}, {"NYSE/VOD", "VOD*1"},
        {"NASDAQ - VOD", "VOD*1"}, {"LSE VOD", "VOD.L*1"}, {"NYSE-BRK.B", "BRK.B*1"}, {"VOD-LSE", "VOD.L*1"},
        {"VOD (LSE)", "VOD.L*1"}, {"VOD@XLON", "VOD.L*1"}, {"VOD/NYSE", "VOD*1"},
        {"NYSE American:GE", "GE*1"}, {"London:VOD", "VOD.L*1"}, {"Hong Kong:700", "0700.HK*1"},
        {"SH:600519", "600519.SS*1"}, {"600519:SH", "600519.SS*1"}, {"sh.600519", "600519.SS*1"},
        {"HK.00700", "0700.HK*1"}, {"US.VOD", "VOD*1"}, {"SHSE.600519", "600519.SS*1"}, {"NYSE-FOOX", ""},
        {"TSE.TO", ""}, {"NYSE", ""}, {"NYSE/", ""}, {"NYSE/TSX", ""}, {"(LSE)", ""}, {"JP.VOD", ""},
        {"ICE-VOD", ""}};
    struct tw_automaton *all = entities;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(listed_abroad), &entities, &err));
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_text symbol = tw_text_of(cases[at].text);
        struct tw_document document = {.text = tw_text_of("up"), .symbols = &symbol, .symbol_count = 1};
        char line[400];
        assert_true(tw_link(entities, false, &document, &arena, &err));
        describe(&document, line, sizeof line);
        if (strcmp(line, cases[at].entities) != 0)
            fail_msg("%s: %s, not %s", cases[at].text, line, cases[at].entities);
    }
    tw_entities_free(entities);
    entities = all;
}

/* What stands behind an exchange and is no company: "GE" is the list's first, when there is one. */
static void a_list_names_nobody_that_the_text_does_not(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"(NYSE: GE, CEO)", "GE*1"},
        {"(NYSE: GE, CEO Larry C said)", "GE*1"},
        {"(NYSE: GE, CEO: Larry)", "GE*1"},
        {"(NYSE: GE, BBB)", "GE*1"},
        {"(NYSE: GE, rated BBB)", "GE*1"},
        {"(NYSE: GE, A-)", "GE*1"},
        {"(NYSE: GE, A+)", "GE*1"},
        {"(NYSE: GE, BBB+)", "GE*1"},
        {"(NYSE: GE, UK)", "GE*1"},
        {"(NYSE: GE, UK and USA)", "GE*1"},
        {"(NYSE: GE, Boston, MA)", "GE*1"},
        {"(NYSE: GE, Boston, MA, V)", "GE*1"},
        {"(NYSE: GE, MA 02210)", "GE*1"},
        {"(NYSE: GE, AI and robots)", "GE*1"},
        {"(NYSE: GE, AI, robots)", "GE*1"},
        {"(NYSE: GE, V shares)", "GE*1"},
        {"(NYSE: GE, A, B)", "GE*1"},
        {"(NYSE: GE, A and B shares)", "GE*1"},
        {"(NYSE: BRK.A, B)", "BRK.A*1"},
        {"(NYSE: GE, TSX)", "GE*1"},
        {"(NYSE: GE, NASDAQ)", "GE*1"},
        {"(NYSE: GE, FSE: GEC)", "GE*1 [GEC]*1"},
        {"(NYSE: GE, Frankfurt: GEC)", "GE*1"},
        {"(NYSE: GE, ISIN US3696043013)", "GE*1"},
        {"(NYSE: GE, ISIN: US3696043013)", "GE*1"},
        {"(NYSE: GE, WKN A3CSML)", "GE*1"},
        {"(NYSE: GE, USD)", "GE*1"},
        {"(NYSE: GE, USD 12)", "GE*1"},
        {"(NYSE: GE, Q3)", "GE*1"},
        {"(NYSE: GE, Q3 2024, FY24, 3Q24)", "GE*1"},
        {"(NYSE: GE, FY24)", "GE*1"},
        {"(NYSE: GE, 2024)", "GE*1"},
        {"(NYSE: GE, 9901)", "GE*1"},
        {"(NYSE: GE, 12.5%)", "GE*1"},
        {"(NYSE: GE, BUY)", "GE*1"},
        {"(NYSE: GE, PLC)", "GE*1"},
        {"(NYSE: GE, ADR, ETF)", "GE*1"},
        {"(NYSE: GE, N/A)", "GE*1"},
        {"(NYSE: GE, SEC, DOJ)", "GE*1"},
        {"(NYSE: GE, SEC and DOJ probes)", "GE*1"},
        {"(NYSE: GE, S&P 500)", "GE*1"},
        {"(NYSE: GE, DAX, FTSE)", "GE*1"},
        {"(NYSE: GE, EST)", "GE*1"},
        {"(NYSE: GE, GEx, MA)", "GE*1"},
        {"(NYSE: GE, V\u2026", "GE*1"},
        {"(NYSE: GE, V", "GE*1"},
        {"(NYSE: GE, V\nMA)", "GE*1"},
        {"NYSE: GE, V, MA)", "GE*1"},
        {"NYSE: GE, MA and V", "GE*1"},
        {"(a) NYSE: GE, V, MA", "GE*1"},
        {"(NYSE: GE) V, MA)", "GE*1"},
        {"(NYSE: GE - MA, V)", "GE*1"},
        {"(NYSE: GE. V, MA)", "GE*1"},
        {"(NYSE: GE or V)", "GE*1"},
        {"(NYSE: GE/MA1)", "[GE.MA1]*1"},
        {"(NASDAQ: GOOG/MAIL)", "GOOG*1"},
        {"(NYSE: the V, MA) (NYSE: Ge, V)", ""},
        {"(note: GE, V, MA) (see: V, MA)", ""},
        {"(TYO: 9901, 2024) (TYO: 9901, MA)", "9901.T*2"},
        {"(TYO: 9901, 9,984 yen)", "9901.T*1"},
        {"TYO: 9901 points, TSE: 1200 GMT, (TSE: 1200 GMT)", ""},
        {"TYO:1,200, TYO:1200.5, TYO:1200%, TYO:12:00", ""},
        {"TYO:2024 and (TYO: 2024 results)", ""},
        {"HKEX: 5 companies, HKEX:5 new, (HKEX: 5 and 9988)", ""},
        {"HKEX: 700 listings, HKEX:700.5, HKEX:0700% ", ""},
        {"(KOSPI: 2500 points) KOSPI: 2500, KOSPI up to 2500.KSX", ""},
        {"HKG:9901, TYO:0700, TYO:700, KRX:2330, NYSE:9901", ""},
        {"LON:005930 SHA:000001 SHE:600519 BOM:BAJAJ", "[BAJAJ]*1"},
        {"9:00 AM: V, (9:30: MA)", ""},
        {"(HKG: 0700\u2026", ""},
        {"(HKG: 0700-9988) (HKG: 070)", ""},
        {"TYO:9901X TYO:99010 TYO:9901.5 XTYO:9901 TYOX:9901", ""},
    };
    assert_abroad(cases, sizeof cases / sizeof cases[0]);
}

/* A word of a list that is nobody's symbol may be a name of the file, and ends nothing. */
static void unlisted_symbols_of_a_list_may_be_left_out(void **state)
{
    (void)state;
    struct tw_document document = linked("(NYSE: QQQQ, AT&T, ZZZZ, GE, AAPL) General Motors", false);
    char line[400];
    describe(&document, line, sizeof line);
    assert_string_equal(line, "AAPL*1 ATT*1 GE*1 GM*1");
}

/* A name that is a symbol is part of what is joined to it. */
/* Companies whose symbols are units of money, or words. */
static const char listed_units[] =
    "{\"symbol\":\"T\",\"names\":[\"Telcora\",\"T\"]}\n{\"symbol\":\"M\",\"names\":[\"M\"]}\n"
    "{\"symbol\":\"BN\"}\n{\"symbol\":\"MM\",\"names\":[\"MM\"]}\n{\"symbol\":\"ALL\"}\n{\"symbol\":\"ON\"}\n"
    "{\"symbol\":\"VELQ\"}\n{\"symbol\":\"VELQ.B\"}\n{\"symbol\":\"ODNL\"}\n{\"symbol\":\"9901.T\"}\n"
    "{\"symbol\":\"0770.HK\"}\n{\"symbol\":\"HSVA.L\"}\n{\"symbol\":\"U\"}\n{\"symbol\":\"STL\",\"names\":[\"US Steel\"]}\n";

static void amounts_name_nobody(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"a $1.2 T debt, $5 M, 10-M and \u20AC2\u00A0MM, \u00A3M, US$ M, 5 T", ""},
        {"sales in $M and (in $BN), Revenue ($M) 5, cost ($T, unaudited), $M/year, $T 1.2", ""},
        {"$bn, $m and $mm", ""},
        {"$T falls, long $BN", "BN*1 T*1"},
        {"$T/$M, ($T, $VELQ)", "M*1 T*2 VELQ*1"},
        {"Telcora ($T) falls, why $t?", "T*3"},
        {"$M up; sales in $M", "M*2"},
        {"T rises, T's M: (M)", "M*2 T*2"},
    };
    assert_listed(listed_units, cases, sizeof cases / sizeof cases[0]);
}

static void terminals_write_a_market_behind_a_symbol(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"VELQ:US falls, (ODNL:US) and <VELQ:US>", "ODNL*1 VELQ*2"},
        {"Buy VELQ US Equity, 9901 JP Equity; VELQ/B UN Equity", "9901.T*1 VELQ*1 VELQ.B*1"},
        {"Velqin (VELQ US) falls, (ODNL US, VELQ UW; HSVA LN) too", "HSVA.L*1 ODNL*1 VELQ*2"},
        {"(770 HK), [HSVA:LN]", "0770.HK*1 HSVA.L*1"},
        {"VELQ US falls 3%, says ODNL US.", "ODNL*1 VELQ*1"},
        {"VELQ.N fell, (ODNL.OQ), VELQ.N.", "ODNL*1 VELQ*2"},
        {"Foo (FOOX:US) rises", "[FOOX]*1"},
        {"(VELQ:NASDAQ), [ODNL:NYSE; HSVA:LSE]", "HSVA.L*1 ODNL*1 VELQ*1"},
        {"VELQ:NASDAQ, (FOOX:NASDAQ), (VELQ:AIM), (VELQ:NASDAQS)", ""},
        {"ALL US BANKS, ALL US Equity, PRESSURE ON US, (ALL US), ON:US, ALL.N", ""},
        {"FELL VELQ US BANKS, VELQ US-based, VELQ USA, XVELQ US, VELQ IN talks, VELQ us", ""},
        {"770 HK dollars, the U.S. and U.N, X:VELQ, VELQ:USA, VELQ: US", ""},
        {"(EUR:US), (US:UK), 2:1, FOOX:US, FOOX US Equity, VELQ.NN, VELQ.N-x", ""},
        {"the VELQ US Steel deal", "STL*1"},
        {"$VELQ US Equity and $VELQ:US", "VELQ*2"},
        {"某公司（VELQ.N）跌,【ODNL.OQ】,东京9901.T公告,（VELQ US）,“VELQ.N”", "9901.T*1 ODNL*1 VELQ*3"},
        {"éVELQ.N, VELQ.Né, –VELQ.N, VELQ.N–x", ""},
        {"$NASDAQ:VELQ and $NYSE:ODNL fall, $TYO:9901", "9901.T*1 ODNL*1 VELQ*1"},
        {"$NYSE: a market, $NASDAQ falls", "[NASDAQ]*1 [NYSE]*1"},
    };
    assert_listed(listed_units, cases, sizeof cases / sizeof cases[0]);
}

/* Hebrew and Arabic are written with their vowel points or without. */
static void vowel_points_make_no_difference(void **state)
{
    (void)state;
    static const char listed[] = "{\"symbol\":\"MZN\",\"names\":[\"مزنكو\"]}\n"
                                 "{\"symbol\":\"QRS\",\"names\":[\"קוֹרְסָה\"]}\n";
    static const struct expected cases[] = {
        {"سهم مُزْنِكُو ينخفض", "MZN*1"},
        {"سهم مـــزنكو، وسهم مزنكو", "MZN*2"},
        {"מניית קורסה, קוֹרְסָה", "QRS*2"},
    };
    assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
}

/* Where a mark of symbols begins a name, a symbol comes first, and what names nobody by one is the name. */
static void a_name_may_begin_with_a_mark_of_symbols(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"VELQ\"}\n{\"symbol\":\"HASH\",\"names\":[\"#Odenil Media\"]}\n"
        "{\"symbol\":\"CASH\",\"names\":[\"$5 Bargains\"]}\n"
        "{\"symbol\":\"LESS\",\"names\":[\"<solutions> AG\",\":prosper\"]}\n"
        "{\"symbol\":\"BOTH\",\"names\":[\"#VELQ Fans\"]}\n";
    static const struct expected cases[] = {
        {"#Odenil Media defaults", "HASH*1"},
        {"Odenil Media and # Odenil Media", "HASH*1"},
        {"$5 Bargains for $5 at $5 Bargains", "CASH*2"},
        {"<Solutions> AG and (:prosper) merge", "LESS*2"},
        {"#VELQ Fans rejoice", "VELQ*1"},
    };
    assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
}

static void a_bare_symbol_is_read_to_its_end(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"GM, GM's, (GM) GM-backed Ford-GM GM/Ford GM: GM.", "GM*8"},
        {"GM-B GM/B GM.B GM.PR GM-b", ""},
        {"GM.N and AAPL.OQ", "AAPL*1 GM*1"},
        {"M&GM GM&T my_GM", ""},
        {"X-ray, X.com, A/X, S&X, D'X, M.X.", ""},
        {"X rises. X's X: (X)", "X*4"},
        {"US\uFF04X, US$X bn", ""},
        {"BX.B and BX", "BX*1 BX.B*1"},
        {"ir@apple.com apple.news@wire.com Apple@100", "AAPL*1"},
    };
    ASSERT_ALL(cases);
}

/* Somebody's account or site: who is meant, the text does not say. */
static void a_part_of_a_handle_or_a_host_names_nobody(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"@Apple_fan @the_toyota (@real_toyota_) hey", ""},
        {"RT @Toyota: a recall", "7203*1"},
        {"see toyota.com, toyota.co.jp or www-toyota.net.", ""},
        {"Toyota.com Apple.com toyota.it toyota.committee toyota. com", "7203*4 AAPL*1"},
        {"Toyota@3 a@b Toyota, @ Toyota", "7203*3"},
    };
    ASSERT_ALL(cases);
}

static void a_title_may_be_cut_off(void **state)
{
    (void)state;
    static const char text[] = "chart of $AAPL $MS... and then $OM";
    struct tw_document document = {
        .text = tw_text_of(text), .title_length = sizeof "chart of $AAPL $MS..." - 1};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "AAPL*1 OM*1");
}

/* An alef is written with its hamza or madda, or without. */
static void marks_on_an_alef_make_no_difference(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"ARM\",\"names\":[\"\u0623\u0631\u0627\u0645\u0643\u0648\u0646\"]}\n"
        "{\"symbol\":\"ALB\",\"names\":[\"\u0627\u0644\u0622\u0628\u0627\u0631\"]}\n";
    static const struct expected cases[] = {
        {"\u0627\u0631\u0627\u0645\u0643\u0648\u0646 \u0623\u0631\u0627\u0645\u0643\u0648\u0646 "
         "\u0627\u0654\u0631\u0627\u0645\u0643\u0648\u0646 \u0625\u0631\u0627\u0645\u0643\u0648\u0646",
            "ARM*4"},
        {"\u0627\u0644\u0627\u0628\u0627\u0631 \u0627\u0644\u0622\u0628\u0627\u0631", "ALB*2"},
        {"\u0648\u0654\u0631\u0627\u0645\u0643\u0648\u0646 \u0624\u0631\u0627\u0645\u0643\u0648\u0646", ""},
    };
    assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
}

/* The same name, by other code points. */
static void letters_with_a_stroke_and_marks_that_look_alike_are_the_same(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"ORS\",\"names\":[\"Ørvested A/S\"]}\n{\"symbol\":\"LDZ\",\"names\":[\"Lodzka Energia\"]}\n"
        "{\"symbol\":\"ISB\",\"names\":[\"Kırmızı İş\"]}\n{\"symbol\":\"AEG\",\"names\":[\"Ægirvik\"]}\n"
        "{\"symbol\":\"DOT\",\"names\":[\"ヨタ・ミ\",\"约塔·米\"]}\n";
    static const struct expected cases[] = {
        {"Ørvested A/S, Orvested A/S, ORVESTED A∕S, ØRVESTED A⁄S", "ORS*4"},
        {"Łódzka Energia, ŁÓDZKA ENERGIA", "LDZ*2"},
        {"Kirmizi Is, KIRMIZI İŞ, kırmızı iş", "ISB*3"},
        {"Aegirvik, AEGIRVIK, ægirvik", "AEG*3"},
        {"ヨタ･ミ, ヨタ·ミ, 约塔•米, 约塔・米", "DOT*4"},
    };
    assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
}

static void names_are_the_same_in_every_spelling(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Venky\u2018s (India), Venky\u02BCs (India), Venky\uFF07s \uFF08India\uFF09", "VENKEYS*3"},
        {"Nestle, nestle\u0301, NESTLE\u0301, Nest\u200Dl\u00E9, Nest\u00ADl\u034F\u00E9", "NESN*5"},
        {"\uFF34\uFF4F\uFF59\uFF4F\uFF54\uFF41", "7203*1"},
        {"\uFF84\uFF96\uFF80 \u30C8\u30E8\u30BF\u30B0\u30EB\u30FC\u30D7", "7203*2"},
        {"\u30C8\u30E8\u30BF\u30DE and \u30DE\u30C8\u30E8\u30BF", ""},
        {"Bram\u2010Wickel Bram\u2011Wickel Bram\u2013Wickel Bram\u2212Wickel Bram-Wickel", "BRWK*5"},
        {"\uD55C\uBE5B\uC804\uC790\uAC00 \uD55C\uBE5B\uC804\uC790 \uD55C\uBE5B\uC804\uC790\uC5D0\uC11C\uB294",
            "KQ1*3"},
        {"\uB300\uD55C\uBE5B\uC804\uC790 \uD55C\uBE5B\uC804\uC790\uC0C1\uC5C5", ""},
        {"한빛전자였다, 한빛전자에게서 한빛전자라며", "KQ1*3"},
        {"\u0E1A\u0E27\u0E34\u0E17\u0E22\u0E38\u0E01", "TH1*1"},
        {"\u0E40\u0E27\u0E34\u0E17\u0E22\u0E38 \u0E27\u0E34\u0E17\u0E22\u0E38\u0E32", ""},
        {"\u91D1 \u3067\u91D1\u3092 \u91D1\u878D \u8CC7\u91D1", "HAN*2"},
        {"AT&T, \uFF21\uFF34\uFF06\uFF34, at&t", "ATT*2"},
        {"Toyota\u2122 and Outboard\u00AE Marine, $GE\u2122", "7203*1 GE*1 OM*1"},
    };
    ASSERT_ALL(cases);
}

/* Chinese puts no space between words: two characters of a name may be the ends of two words. */
static void a_chinese_name_of_two_characters_is_not_cut_from_common_words(void **state)
{
    (void)state;
    static const char listed[] =
        "{\"symbol\":\"TFG\",\"names\":[\"同方\"]}\n{\"symbol\":\"JDC\",\"names\":[\"京东\"]}\n"
        "{\"symbol\":\"BCI\",\"names\":[\"北辰\"]}\n{\"symbol\":\"GML\",\"names\":[\"国美\"]}\n"
        "{\"symbol\":\"RLT\",\"names\":[\"日立\"]}\n{\"symbol\":\"BCH\",\"names\":[\"北辰重工\"]}\n";
    static const struct expected cases[] = {
        {"据悉同方发布公告,昨日北辰大跌,收购京东,与国美合作", "BCI*1 GML*1 JDC*1 TFG*1"}, {"同方", "TFG*1"},
        {"不同方面的问题", ""}, {"东北辰光,北京东路,中国美食,京东方科技,今日立ち上げ", ""},
        {"京东方面表示,华东北辰项目,日立製作所", "BCI*1 JDC*1 RLT*1"},
        {"东北辰重工人", "BCH*1"}, /* three and more are found anywhere */
    };
    assert_listed(listed, cases, sizeof cases / sizeof cases[0]);
}

static void names_are_whole_words_and_the_longest_wins(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"General Electric Credit and General Electric", "GE*2"},
        {"general ELECTRIC, General Electrics", "GE*1"},
        {"General General Motors", "GM*1"},
        {"Apple Inc said; Apple Inc. said; APPLE INC", "AAPL*3"},
        {"Pineapple Apple's Apples", "AAPL*1"},
        {"Venky's (India), Venky\xE2\x80\x99s (India)", "VENKEYS*2"},
        {"Mahindra & Mahindra; Mahindra&Mahindra; Mahindra", "M&M*3"},
        {"NESTL\xC3\x89 and nestl\xC3\xA9", "NESN*2"},
        {"\xE6\x97\xA5\xE6\x9C\xAC\xE3\x83\x88\xE3\x83\xA8\xE3\x82\xBF\xE8\x87\xAA\xE5\x8B\x95", "7203*1"},
        {"Outboard Marin Outboard", ""},
    };
    ASSERT_ALL(cases);
}

static void short_and_common_names_match_as_spelled(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"GM and gm and Gm", "GM*1"},
        {"an apple a day, Apple, APPLE", "AAPL*1"},
        {"big lots of, Big Lots", "BIG*1"},
        {"AT&T at&t AT & T", "ATT*2"},
    };
    ASSERT_ALL(cases);
}

static void an_ambiguous_name_needs_a_symbol_of_one_owner(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Delta rises", ""},
        {"Delta rises, $DAL", "DAL*2"},
        {"<DAL>: Delta Delta", "DAL*3"},
        {"Delta rises, $DAL $DLTA", "DAL*1 DLTA*1"},
        {"Delta Air Lines and Delta", "DAL*1"},
        {"DLTA: Delta", "DLTA*2"},
    };
    ASSERT_ALL(cases);
}

static void a_name_in_several_spellings_of_one_company_is_not_ambiguous(void **state)
{
    (void)state;
    static const char several[] =
        "{\"symbol\":\"DLQ\",\"names\":[\"Delquin\",\"DELQUIN\",\"delquin\"],\"common\":[\"Delquin\",\"DELQUIN\"]}\n";
    static const char *const texts[] = {"Delquin rises", "DELQUIN rises", "delquin rises", "dELQUIN rises"};
    struct tw_automaton *all = entities;
    struct tw_error err;
    assert_true(tw_entities_parse("e.jsonl", tw_text_of(several), &entities, &err));
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        struct tw_document document = linked(texts[at], false);
        assert_int_equal(document.mention_count, 1);
    }
    tw_entities_free(entities);
    entities = all;
}

static void symbols_of_the_message(void **state)
{
    (void)state;
    struct tw_text symbols[] = {tw_text_of("$MSFT"), tw_text_of("DAL"), tw_text_of("OM."),
        tw_text_of("not one"), tw_text_of("MSFT"), tw_text_of("")};
    struct tw_document document = {
        .text = tw_text_of("Delta and Outboard Marine"), .symbols = symbols, .symbol_count = 6};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "DAL*1 [MSFT]*1 OM*1");
    assert_int_equal(document.symbols_unknown, 2);
    assert_int_equal(document.mentions[0].end, 0);
    assert_int_equal(document.mentions[1].begin, 0);
    assert_int_equal(document.mentions[1].end, 5);
}

static void symbols_of_the_message_in_other_spellings(void **state)
{
    (void)state;
    static const char *const spellings[] = {"NYSE:GE", "GE US Equity", "GE UN", "GE Equity", "US:GE", "GE:UN",
        "GE.US", "GE.NYSE", "GE.XNYS", "(NYSE: GE)", "<GE.N>", "[GE]", "#GE", "ge", "GE.N", "GE:US",
        "XNYS:GE", "GE US", "$GE"};
    for (size_t at = 0; at < sizeof spellings / sizeof spellings[0]; at++) {
        struct tw_text symbol = tw_text_of(spellings[at]);
        struct tw_document document = {.text = tw_text_of("up"), .symbols = &symbol, .symbol_count = 1};
        struct tw_error err;
        char line[400];
        assert_true(tw_link(entities, true, &document, &arena, &err));
        describe(&document, line, sizeof line);
        if (strcmp(line, "GE*1") != 0)
            fail_msg("%s: %s", spellings[at], line);
    }
    struct tw_text others[] = {tw_text_of("BRK/B US Equity"), tw_text_of("GE-B"), tw_text_of("lower"),
        tw_text_of("FOO:GEX"), tw_text_of("GE-N"), tw_text_of("NYSE:GE/L")};
    struct tw_document document = {.text = tw_text_of("up"), .symbols = others, .symbol_count = 6};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "BRK.B*1 [GE.B]*1 [GE.L]*1 [GE.N]*1");
    assert_int_equal(document.symbols_unknown, 2);
}

/* Tables and databases write a word where there is no symbol; each would be a company of its own, with bars
 * and alerts. */
static void words_for_no_symbol_name_nobody(void **state)
{
    (void)state;
    struct tw_text symbols[] = {tw_text_of("N/A"), tw_text_of("NA"), tw_text_of("NaN"), tw_text_of("NULL"),
        tw_text_of("none"), tw_text_of("TBD"), tw_text_of("NASDAQ:NONE"), tw_text_of("GE")};
    struct tw_document document = {.text = tw_text_of("up"), .symbols = symbols, .symbol_count = 8};
    struct tw_error err;
    char line[400];
    assert_true(tw_link(entities, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "GE*1");
    assert_int_equal(document.symbols_unknown, 7);
}

static void unlisted_symbols_may_be_left_out(void **state)
{
    (void)state;
    struct tw_document document = linked("$MSFT <T> $AAPL", false);
    char line[400];
    describe(&document, line, sizeof line);
    assert_string_equal(line, "AAPL*1");
    struct tw_error err;
    document = (struct tw_document){.text = tw_text_of("$MSFT Apple Inc")};
    assert_true(tw_link(NULL, true, &document, &arena, &err));
    describe(&document, line, sizeof line);
    assert_string_equal(line, "[MSFT]*1");
}

static void hostile_texts_take_linear_time_and_bounded_room(void **state)
{
    (void)state;
    static const struct {
        const char *before, *unit;
    } seeds[] = {{"", "$A"}, {"", "$A "}, {"", "<A>"}, {"", "$"}, {"", "<"}, {"", "General "}, {"", "Delta "},
        {"", "$DAL Delta "}, {"", "\xC3"}, {"(NYSE: A", ", AB"}, {"", "(NYSE: A, AB, "}, {"(NYSE: A", "/AB"},
        {"(NYSE: A,", " "}, {"", "(HKG:700"}, {"(NYSE: GE", ", ge"}};
    const size_t length = HOSTILE_BYTES;
    char *hostile = malloc(length);
    assert_non_null(hostile);
    for (size_t seed = 0; seed < sizeof seeds / sizeof seeds[0]; seed++) {
        size_t step = strlen(seeds[seed].unit), head = strlen(seeds[seed].before),
               mark = tw_arena_mark(&arena);
        for (size_t at = 0; at < length; at++)
            hostile[at] = at < head ? seeds[seed].before[at] : seeds[seed].unit[(at - head) % step];
        struct tw_document document = {.text = {hostile, length}};
        struct tw_error err;
        clock_t start = clock();
        assert_true(tw_link(entities, true, &document, &arena, &err));
        if (clock() - start >= MOST_SECONDS * CLOCKS_PER_SEC)
            fail_msg("%s and %s: %.1f s", seeds[seed].before, seeds[seed].unit,
                (double)(clock() - start) / CLOCKS_PER_SEC);
        assert_true(document.mention_count <= TW_LINK_MENTIONS);
        assert_true(tw_arena_mark(&arena) - mark < (size_t)8 << 20);
        tw_arena_rewind(&arena, mark);
    }
    free(hostile);
}

static void entities_beyond_the_bound_are_counted_not_lost_in_silence(void **state)
{
    (void)state;
    enum { SYMBOLS = TW_LINK_ENTITIES + 76 };
    char *text = malloc(SYMBOLS * 8);
    struct tw_error err;
    size_t mark = tw_arena_mark(&arena), length = 0;
    assert_non_null(text);
    for (int at = 0; at < SYMBOLS; at++)
        length += (size_t)snprintf(text + length, 8, "$Q%d ", at);
    struct tw_document document = {.text = {text, length}};
    assert_true(tw_link(entities, true, &document, &arena, &err));
    assert_int_equal(document.entity_count, TW_LINK_ENTITIES);
    assert_int_equal(document.links_dropped, 76);
    document.text.length = 0;
    assert_true(tw_link(entities, true, &document, &arena, &err));
    assert_int_equal(document.links_dropped, 0);
    tw_arena_rewind(&arena, mark);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cashtags),
        cmocka_unit_test(entities_beyond_the_bound_are_counted_not_lost_in_silence),
        cmocka_unit_test(newswire_symbols),
        cmocka_unit_test(an_exchange_before_a_colon_names_a_symbol),
        cmocka_unit_test(an_exchange_may_have_a_list_of_symbols),
        cmocka_unit_test(an_exchange_and_a_suffix_are_one),
        cmocka_unit_test(symbols_of_the_message_by_their_exchange),
        cmocka_unit_test(a_list_names_nobody_that_the_text_does_not),
        cmocka_unit_test(unlisted_symbols_of_a_list_may_be_left_out),
        cmocka_unit_test(amounts_name_nobody),
        cmocka_unit_test(terminals_write_a_market_behind_a_symbol),
        cmocka_unit_test(vowel_points_make_no_difference),
        cmocka_unit_test(marks_on_an_alef_make_no_difference),
        cmocka_unit_test(a_name_may_begin_with_a_mark_of_symbols),
        cmocka_unit_test(a_bare_symbol_is_read_to_its_end),
        cmocka_unit_test(a_part_of_a_handle_or_a_host_names_nobody),
        cmocka_unit_test(a_title_may_be_cut_off),
        cmocka_unit_test(letters_with_a_stroke_and_marks_that_look_alike_are_the_same),
        cmocka_unit_test(names_are_the_same_in_every_spelling),
        cmocka_unit_test(a_chinese_name_of_two_characters_is_not_cut_from_common_words),
        cmocka_unit_test(names_are_whole_words_and_the_longest_wins),
        cmocka_unit_test(short_and_common_names_match_as_spelled),
        cmocka_unit_test(an_ambiguous_name_needs_a_symbol_of_one_owner),
        cmocka_unit_test(a_name_in_several_spellings_of_one_company_is_not_ambiguous),
        cmocka_unit_test(symbols_of_the_message),
        cmocka_unit_test(symbols_of_the_message_in_other_spellings),
        cmocka_unit_test(unlisted_symbols_may_be_left_out),
        cmocka_unit_test(words_for_no_symbol_name_nobody),
        cmocka_unit_test(hostile_texts_take_linear_time_and_bounded_room),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
