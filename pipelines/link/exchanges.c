#include "link/exchanges.h"

#include <string.h>

/* A row an exchange: names; suffixes; terminals' codes; countries. */
/* clang-format off */
static const struct tw_exchange_row exchanges[] = {
    {.spellings = {{"NYSE", "NASDAQ", "NASDAQGS", "NASDAQGM", "NASDAQCM", "AMEX", "NYSEAMERICAN", "NYSEARCA", "NYSEMKT", "CBOE",
       "BATS", "IEX", "OTC", "OTCMKTS", "OTCQB", "OTCQX", "OTCBB", "OTCPK", "PINK", "XNYS", "XNAS", "XASE", "ARCX"},
      {"N", "O", "OQ", "OB", "K", "P", "PK", "PH", "US"},
      {"US", "UN", "UW", "UQ", "UR", "UA", "UP", "UV"}, {"US"}}, .plain = true},
    {.spellings = {{"TSX", "TSE", "XTSE"}, {"TO"}, {"CN", "CT"}, {"CA"}}},
    {.spellings = {{"TSXV", "CVE", "XTSX"}, {"V"}, {"CN", "CV"}, {"CA"}}},
    {.spellings = {{"CNSX", "CSE", "XCNQ"}, {"CN"}, {"CN"}, {"CA"}}},
    {.spellings = {{"NEO"}, {"NE"}, {"CN"}, {"CA"}}},
    {.spellings = {{"LSE", "LON", "AIM", "XLON"}, {"L", "IL"}, {"LN", "LI"}, {"UK", "GB"}}},
    {.spellings = {{"EPA", "XPAR", "EURONEXT", "ENX"}, {"PA"}, {"FP"}, {"FR"}}},
    {.spellings = {{"AMS", "XAMS", "EURONEXT", "ENX"}, {"AS"}, {"NA"}, {"NL"}}},
    {.spellings = {{"EBR", "XBRU", "EURONEXT", "ENX"}, {"BR"}, {"BB"}, {"BE"}}},
    {.spellings = {{"ELI", "XLIS", "EURONEXT", "ENX"}, {"LS"}, {"PL"}, {"PT"}}},
    {.spellings = {{"ETR", "XETRA", "XETR"}, {"DE"}, {"GR", "GY"}, {"DE"}}},
    {.spellings = {{"FRA", "FWB", "FSE", "GETTEX", "XFRA"}, {"F", "DE"}, {"GR", "GF"}, {"DE"}}},
    {.spellings = {{"BIT", "XMIL", "EURONEXT"}, {"MI"}, {"IM"}, {"IT"}}},
    {.spellings = {{"BME", "MCE", "XMAD"}, {"MC"}, {"SM"}, {"ES"}}},
    {.spellings = {{"SWX", "SIX", "VTX", "XSWX"}, {"SW", "S", "VX"}, {"SW", "SE", "VX"}, {"CH"}}},
    {.spellings = {{"STO", "OMX", "XSTO"}, {"ST"}, {"SS"}, {"SE"}}},
    {.spellings = {{"CPH", "OMX", "XCSE"}, {"CO"}, {"DC"}, {"DK"}}},
    {.spellings = {{"HEL", "OMX", "XHEL"}, {"HE"}, {"FH"}, {"FI"}}},
    {.spellings = {{"OSL", "OSE", "XOSL", "EURONEXT"}, {"OL"}, {"NO"}, {"NO"}}},
    {.spellings = {{"ICE"}, {"IC"}, {"IR"}, {"IS"}}},
    {.spellings = {{"VIE", "XWBO"}, {"VI"}, {"AV"}, {"AT"}}},
    {.spellings = {{"WSE", "XWAR"}, {"WA"}, {"PW"}, {"PL"}}},
    {.spellings = {{"BIST", "IST", "XIST"}, {"IS"}, {"TI"}, {"TR"}}},
    {.spellings = {{"MCX", "MOEX"}, {"MM", "ME"}, {"RM"}, {"RU"}}},
    {.spellings = {{"ASX", "XASX"}, {"AX"}, {"AU", "AT"}, {"AU"}}},
    {.spellings = {{"NZX", "NZE"}, {"NZ"}, {"NZ"}, {"NZ"}}},
    {.spellings = {{"HKEX", "HKG", "SEHK", "HKSE", "XHKG"}, {"HK"}, {"HK"}, {"HK"}}, .zeros = true},
    {.spellings = {{"SSE", "SHSE", "SHA", "XSHG"}, {"SS", "SH"}, {"CH", "CG", "C1"}, {"CN"}}},
    {.spellings = {{"SZSE", "SHE", "XSHE"}, {"SZ"}, {"CH", "CS", "C2"}, {"CN"}}},
    {.spellings = {{"TYO", "TSE", "JPX", "XTKS"}, {"T"}, {"JP", "JT"}, {"JP"}}},
    {.spellings = {{"KRX", "KOSPI", "XKRX"}, {"KS"}, {"KS", "KP"}, {"KR"}}},
    {.spellings = {{"KOSDAQ", "KRX", "XKOS"}, {"KQ"}, {"KS", "KQ"}, {"KR"}}},
    {.spellings = {{"TWSE", "TPE", "XTAI"}, {"TW"}, {"TT"}, {"TW"}}},
    {.spellings = {{"TPEX", "TWO", "ROCO"}, {"TWO"}, {"TT"}, {"TW"}}},
    {.spellings = {{"SGX", "XSES"}, {"SI"}, {"SP"}, {"SG"}}},
    {.spellings = {{"KLSE", "XKLS"}, {"KL"}, {"MK"}, {"MY"}}},
    {.spellings = {{"SET", "BKK", "XBKK"}, {"BK"}, {"TB"}, {"TH"}}},
    {.spellings = {{"IDX", "XIDX"}, {"JK"}, {"IJ"}, {"ID"}}},
    {.spellings = {{"PSE"}, {"PS"}, {"PM"}, {"PH"}}},
    {.spellings = {{"NSE", "XNSE"}, {"NS"}, {"IN", "IS"}, {"IN"}}},
    {.spellings = {{"BSE", "BOM", "XBOM"}, {"BO"}, {"IN", "IB"}, {"IN"}}},
    {.spellings = {{"JSE", "XJSE"}, {"JO"}, {"SJ"}, {"ZA"}}},
    {.spellings = {{"TASE", "TLV", "XTAE"}, {"TA"}, {"IT"}, {"IL"}}},
    {.spellings = {{"TADAWUL", "XSAU"}, {"SR", "SE"}, {"AB"}, {"SA"}}},
    {.spellings = {{"BMV", "XMEX"}, {"MX"}, {"MM"}, {"MX"}}},
    {.spellings = {{"BOVESPA", "B3", "BVMF"}, {"SA"}, {"BS", "BZ"}, {"BR"}}},
    {.spellings = {{NULL}, {"SN"}, {"CI"}, {"CL"}}},
    {.spellings = {{NULL}, {"HN"}, {"VN"}, {"VN"}}},
};
/* clang-format on */

enum { EXCHANGES = sizeof exchanges / sizeof exchanges[0] };
_Static_assert(EXCHANGES <= 64, "a set of exchanges is 64 bits");

static char capital(char byte)
{
    return tw_text_is_small(byte) ? (char)(byte & ~0x20) : byte;
}

bool tw_exchange_same_word(struct tw_text text, const char *capitals)
{
    size_t at = 0;
    while (at < text.length && capitals[at] && capital(text.bytes[at]) == capitals[at])
        at++;
    return at == text.length && !capitals[at];
}

bool tw_exchange_is_one_of(struct tw_text text, const char *const *list, size_t count)
{
    char first = text.length ? capital(text.bytes[0]) : '\0'; /* most words of a list begin otherwise */
    for (size_t at = 0; at < count && list[at]; at++)
        if (list[at][0] == first && tw_exchange_same_word(text, list[at]))
            return true;
    return false;
}

tw_exchange_set tw_exchange_find(enum tw_exchange_spelling spelling, struct tw_text text)
{
    tw_exchange_set found = 0;
    for (unsigned row = 0; text.length && row < EXCHANGES; row++)
        if (tw_exchange_is_one_of(text, exchanges[row].spellings[spelling], TW_EXCHANGE_SPELLINGS))
            found |= (tw_exchange_set)1 << row;
    return found;
}

const struct tw_exchange_row *tw_exchange_at(unsigned row)
{
    return row < EXCHANGES ? &exchanges[row] : NULL;
}

bool tw_exchange_is_part(struct tw_text text)
{
    static const char *const parts[] = {"AMERICAN", "ARCA", "MKT", "MARKET", "MARKETS", "GLOBAL", "SELECT",
        "CAPITAL", "GS", "GM", "CM", "NMS", "NM", "PINK", "VENTURE", "V", "PARIS", "AMSTERDAM", "BRUSSELS",
        "LISBON", "MILAN", "OSLO", "DUBLIN", "GROWTH", "SYMBOL", "TICKER", "NATIONAL"};
    return tw_exchange_is_one_of(text, parts, sizeof parts / sizeof parts[0]);
}

bool tw_exchange_is_another(struct tw_text label, struct tw_text symbol)
{
    static const char *const shares[] = {"IEX", "CBOE", "BSE", "MCX"};
    bool same = label.length == symbol.length;
    for (size_t at = 0; same && at < label.length; at++)
        same = capital(label.bytes[at]) == capital(symbol.bytes[at]);
    return !same && tw_exchange_find(TW_EXCHANGE_NAME, symbol) && !tw_exchange_is_word(symbol) &&
           !tw_exchange_is_one_of(symbol, shares, sizeof shares / sizeof shares[0]);
}

bool tw_exchange_is_word(struct tw_text text)
{
    static const char *const words[] = {"ICE", "SET", "AIM", "BIT", "SIX", "NEO", "PINK", "BATS", "SHE",
        "EPA", "ELI", "AMS", "FRA", "IST", "VIE", "HEL", "STO", "TWO"};
    return tw_exchange_is_one_of(text, words, sizeof words / sizeof words[0]);
}
