#include "link/exchange_label.h"

enum { MOST_LETTERS = 16, MOST_WORDS = 4 };

/* Labels in capitals, and a suffix of the exchanges that are meant. */
struct label {
    const char *words;
    size_t length;
    const char *suffix;
};

#define LABEL(words, suffix)                                                                                 \
    {                                                                                                        \
        words, sizeof(words) - 1, suffix                                                                     \
    }

static const struct label places[] = {LABEL("NEW YORK", "N"), LABEL("TORONTO", "TO"), LABEL("LONDON", "L"),
    LABEL("PARIS", "PA"), LABEL("AMSTERDAM", "AS"), LABEL("BRUSSELS", "BR"), LABEL("LISBON", "LS"),
    LABEL("FRANKFURT", "DE"), LABEL("MILAN", "MI"), LABEL("MADRID", "MC"), LABEL("ZURICH", "SW"),
    LABEL("STOCKHOLM", "ST"), LABEL("COPENHAGEN", "CO"), LABEL("HELSINKI", "HE"), LABEL("OSLO", "OL"),
    LABEL("REYKJAVIK", "IC"), LABEL("VIENNA", "VI"), LABEL("WARSAW", "WA"), LABEL("ISTANBUL", "IS"),
    LABEL("MOSCOW", "ME"), LABEL("SYDNEY", "AX"), LABEL("AUSTRALIAN", "AX"), LABEL("HONG KONG", "HK"),
    LABEL("SHANGHAI", "SS"), LABEL("SHENZHEN", "SZ"), LABEL("TOKYO", "T"), LABEL("SEOUL", "KS"),
    LABEL("SEOUL", "KQ"), LABEL("TAIPEI", "TW"), LABEL("TAIPEI", "TWO"), LABEL("TAIWAN", "TW"),
    LABEL("TAIWAN", "TWO"), LABEL("SINGAPORE", "SI"), LABEL("KUALA LUMPUR", "KL"), LABEL("BANGKOK", "BK"),
    LABEL("JAKARTA", "JK"), LABEL("MANILA", "PS"), LABEL("MUMBAI", "NS"), LABEL("MUMBAI", "BO"),
    LABEL("BOMBAY", "BO"), LABEL("JOHANNESBURG", "JO"), LABEL("TEL AVIV", "TA"), LABEL("RIYADH", "SR"),
    LABEL("MEXICO", "MX"), LABEL("SAO PAULO", "SA"), LABEL("S\u00E3O PAULO", "SA"), LABEL("SANTIAGO", "SN"),
    LABEL("上交所", "SS"), LABEL("上海证券交易所", "SS"), LABEL("沪市", "SS"), LABEL("深交所", "SZ"),
    LABEL("深圳证券交易所", "SZ"), LABEL("深市", "SZ"), LABEL("港交所", "HK"), LABEL("联交所", "HK"),
    LABEL("聯交所", "HK"), LABEL("港股", "HK"), LABEL("東証", "T"), LABEL("東証プライム", "T"),
    LABEL("東証スタンダード", "T"), LABEL("東証グロース", "T"), LABEL("코스피", "KS"), LABEL("코스닥", "KQ"),
    LABEL("纽交所", "N"), LABEL("紐交所", "N"), LABEL("纳斯达克", "N"), LABEL("納斯達克", "N"),
    LABEL("美股", "N"), LABEL("ナスダック", "N"), LABEL("나스닥", "N"), LABEL("科创板", "SS"),
    LABEL("创业板", "SZ"), LABEL("東証1部", "T"), LABEL("東証一部", "T"), LABEL("マザーズ", "T"),
    LABEL("SH", "SS"), LABEL("SZ", "SZ"), LABEL("HK", "HK")};

/* Words for a stock's number. */
static const struct label codes[] = {LABEL("股票代码", "SS"), LABEL("股票代码", "SZ"),
    LABEL("股票代码", "HK"), LABEL("证券代码", "SS"), LABEL("证券代码", "SZ"), LABEL("股份代号", "HK"),
    LABEL("股份代號", "HK"), LABEL("股票代号", "HK"), LABEL("股票代號", "HK"), LABEL("股票代號", "TW"),
    LABEL("股票代號", "TWO"), LABEL("股票代碼", "HK"), LABEL("股票代碼", "TW"), LABEL("股票代碼", "TWO"),
    LABEL("證券代號", "TW"), LABEL("證券代號", "TWO"), LABEL("證券代碼", "TW"), LABEL("證券代碼", "TWO"),
    LABEL("証券コード", "T"), LABEL("銘柄コード", "T"), LABEL("コード番号", "T"), LABEL("종목코드", "KS"),
    LABEL("종목코드", "KQ"), LABEL("종목번호", "KS"), LABEL("종목번호", "KQ"), LABEL("STOCK CODE", "HK"),
    LABEL("STOCK CODE", "SS"), LABEL("STOCK CODE", "SZ"), LABEL("STOCK CODE", "KL"),
    LABEL("SECURITIES CODE", "T"), LABEL("SCRIP CODE", "BO")};

/* The word of letters and digits that ends before `end`. */
static struct tw_text word_before(struct tw_text text, size_t end)
{
    size_t begin = end;
    while (begin > 0 && end - begin < MOST_LETTERS && tw_text_is_alphanumeric(text.bytes[begin - 1]))
        begin--;
    return (struct tw_text){text.bytes + begin, end - begin};
}

/* The exchange whose name ends before `end`, in several words at times; length 0: none. "Pink" is one by
 * itself, and a part of "OTC Pink". */
static struct tw_text exchange_before(struct tw_text text, size_t end)
{
    struct tw_text found = {text.bytes + end, 0};
    for (int nth = 0; nth < MOST_WORDS; nth++) {
        struct tw_text word = word_before(text, end);
        size_t begin = (size_t)(word.bytes - text.bytes);
        bool known = tw_exchange_find(TW_EXCHANGE_NAME, word) != 0, part = tw_exchange_is_part(word);
        if (known && (!part || found.length == 0))
            found = word;
        if (!part || begin == 0 || (text.bytes[begin - 1] != ' ' && text.bytes[begin - 1] != '-'))
            break;
        end = begin - 1;
    }
    return found;
}

/* Does the text end before `end` with this label, which stands apart there? Most end in another byte. */
static bool ends_with(struct tw_text text, size_t end, const struct label *label)
{
    size_t begin = end - label->length;
    if (label->length > end || ((text.bytes[end - 1] ^ label->words[label->length - 1]) & ~0x20) != 0 ||
        !tw_exchange_same_word((struct tw_text){text.bytes + begin, label->length}, label->words))
        return false;
    return begin == 0 || (unsigned char)label->words[0] >= 0x80 ||
           !tw_text_is_alphanumeric(text.bytes[begin - 1]);
}

/* The longest label of the list that ends before `end`. */
static bool find_before(
    struct tw_text text, size_t end, const struct label *labels, size_t count, struct tw_exchange_label *out)
{
    size_t longest = 0;
    for (size_t at = 0; at < count; at++) {
        size_t length = labels[at].length;
        if (length < longest || !ends_with(text, end, &labels[at]))
            continue;
        out->exchanges = length > longest ? 0 : out->exchanges;
        out->exchanges |= tw_exchange_find(TW_EXCHANGE_SUFFIX, tw_text_of(labels[at].suffix));
        longest = length;
    }
    out->words = (struct tw_text){text.bytes + end - longest, longest};
    return longest > 0;
}

/* Where "Paris" ends in "Paris Stock Exchange", which ends before `end`. */
static size_t place_end(struct tw_text text, size_t end)
{
    static const char words[] = " STOCK EXCHANGE";
    size_t length = sizeof words - 1;
    bool named =
        end > length && tw_exchange_same_word((struct tw_text){text.bytes + end - length, length}, words);
    return named ? end - length : end;
}

/* Where a label may end before a colon at `end`: French puts a blank between. */
static size_t before_blank(struct tw_text text, size_t end)
{
    static const char *const blanks[] = {" ", "\u00A0", "\u202F"};
    for (size_t nth = 0; nth < sizeof blanks / sizeof blanks[0]; nth++) {
        size_t length = strlen(blanks[nth]);
        if (end > length && memcmp(text.bytes + end - length, blanks[nth], length) == 0)
            return end - length;
    }
    return end;
}

struct tw_exchange_label tw_exchange_label_before(struct tw_text text, size_t end)
{
    size_t colon = end;
    end = before_blank(text, end);
    struct tw_exchange_label label = {
        .kind = TW_LABEL_EXCHANGE, .apart = end < colon, .words = exchange_before(text, end)};
    if (label.words.length) {
        label.exchanges = tw_exchange_find(TW_EXCHANGE_NAME, label.words);
        return label;
    }
    label.kind = TW_LABEL_WORD;
    label.words = word_before(text, end);
    if (tw_exchange_same_word(label.words, "TICKER") || tw_exchange_same_word(label.words, "SYMBOL"))
        return label;
    label.kind = end && tw_text_is_digit(text.bytes[end - 1]) ? TW_LABEL_NONE : TW_LABEL_CODE;
    if (label.kind == TW_LABEL_NONE) /* a time of day */
        return label;
    if (find_before(text, end, codes, sizeof codes / sizeof codes[0], &label))
        return label;
    label.kind = TW_LABEL_PLACE;
    if (find_before(text, place_end(text, end), places, sizeof places / sizeof places[0], &label))
        return label;
    return (struct tw_exchange_label){.kind = TW_LABEL_NONE, .words = {text.bytes + end, 0}};
}

static struct tw_text word_at(struct tw_text text, size_t at)
{
    size_t end = at;
    while (end - at < MOST_LETTERS && tw_text_is_alphanumeric(tw_text_byte(text, end)))
        end++;
    return (struct tw_text){text.bytes + at, end - at};
}

struct tw_exchange_label tw_exchange_label_at(struct tw_text text, size_t at)
{
    struct tw_exchange_label label = {.kind = TW_LABEL_NONE, .words = word_at(text, at)};
    label.exchanges = tw_exchange_find(TW_EXCHANGE_NAME, label.words);
    if (!label.exchanges || tw_exchange_is_word(label.words))
        return label;
    label.kind = TW_LABEL_EXCHANGE;
    for (int nth = 1; nth < MOST_WORDS; nth++) {
        size_t end = at + label.words.length;
        struct tw_text word =
            tw_text_byte(text, end) == ' ' ? word_at(text, end + 1) : (struct tw_text){"", 0};
        if (!tw_exchange_is_part(word))
            break;
        label.words.length += 1 + word.length;
    }
    return label;
}
