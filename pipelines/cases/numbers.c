#include "cases/numbers.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *const tw_case_number_names[TW_CASE_NUMBER_KINDS] = {"money", "figure", "percent", "points",
    "pershare", "price", "count", "thousands", "year", "day", "digit", "code"};

#define PICK(draws, list) ((list)[tw_draws_below((draws), sizeof(list) / sizeof(list)[0])])

enum { HIGHEST_IN_WORDS = 999, SPELT_BYTES = 48 };
static const double share_in_words = 0.1, share_wide_apart = 0.3;

/* ---- one number ---- */

static size_t put_below_hundred(unsigned number, char *text, size_t size)
{
    static const char *const ones[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
        "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
        "eighteen", "nineteen"};
    static const char *const tens[] = {
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
    if (number < 20)
        return (size_t)snprintf(text, size, "%s", ones[number]);
    if (number % 10 == 0)
        return (size_t)snprintf(text, size, "%s", tens[number / 10]);
    return (size_t)snprintf(text, size, "%s-%s", tens[number / 10], ones[number % 10]);
}

static void put_words(unsigned number, char text[SPELT_BYTES])
{
    size_t used = 0;
    if (number >= 100) {
        used = put_below_hundred(number / 100, text, SPELT_BYTES);
        used +=
            (size_t)snprintf(text + used, SPELT_BYTES - used, number % 100 ? " hundred and " : " hundred");
    }
    if (number < 100 || number % 100)
        put_below_hundred(number % 100, text + used, SPELT_BYTES - used);
}

/* How a pair of numbers is written: both alike. */
struct spelling {
    int decimals;
    bool in_words;
    const char *before, *after;
};

/* With commas between groups of three digits. */
static void put_digits(double value, int decimals, char text[SPELT_BYTES])
{
    char plain[SPELT_BYTES];
    int length = snprintf(plain, sizeof plain, "%.*f", decimals, value);
    size_t whole = strcspn(plain, "."), used = 0;
    for (size_t at = 0; at < (size_t)length && used + 2 < SPELT_BYTES; at++) {
        if (at > 0 && at < whole && (whole - at) % 3 == 0)
            text[used++] = ',';
        text[used++] = plain[at];
    }
    text[used] = '\0';
}

static void put(const struct spelling *spelling, double value, char out[TW_CASE_NUMBER_BYTES])
{
    char number[SPELT_BYTES];
    if (spelling->in_words && value <= HIGHEST_IN_WORDS)
        put_words((unsigned)value, number);
    else
        put_digits(value, spelling->decimals, number);
    snprintf(out, TW_CASE_NUMBER_BYTES, "%.5s%.34s%.20s", spelling->before, number, spelling->after);
}

/* ---- a pair ---- */

static double round_to(double value, int decimals)
{
    const double scale = pow(10, decimals);
    return round(value * scale) / scale;
}

/* What a pair of numbers may be. */
struct spread {
    double least, most; /* of the lower, evenly by size */
    double widest;      /* how many times the lower a higher one may be, where three in ten are wide apart */
};

/* Two numbers in a range, the higher 1.04 to 3.5 times the lower, or more where the range has it. */
static void put_pair(
    const struct spelling *spelling, struct spread range, struct tw_draws *draws, struct tw_case_number *out)
{
    double low = range.least * pow(range.most / range.least, tw_draws_uniform(draws));
    double ratio = 1.04 + 2.5 * pow(tw_draws_uniform(draws), 1.5);
    if (tw_draws_uniform(draws) < share_wide_apart && range.widest > ratio)
        ratio *= pow(range.widest / ratio, tw_draws_uniform(draws));
    double high = round_to(low * ratio, spelling->decimals);
    low = round_to(low, spelling->decimals);
    if (high < low + pow(10, -spelling->decimals))
        high = low + pow(10, -spelling->decimals);
    put(spelling, low, out->low);
    put(spelling, high, out->high);
}

/* Of amounts with a unit: small ones have decimals, now and then one has thousands. */
static struct spread draw_amounts(const struct spelling *spelling, struct tw_draws *draws)
{
    const bool thousands = !spelling->in_words && tw_draws_below(draws, 6) == 0;
    return (struct spread){
        spelling->decimals > 0 ? 0.2 : 2, thousands ? 9000 : 300, spelling->in_words ? 3 : 12};
}

static struct spelling draw_spelling(struct tw_draws *draws)
{
    static const int decimals[] = {0, 1, 1, 2};
    struct spelling spelling = {.decimals = PICK(draws, decimals), .before = "", .after = ""};
    spelling.in_words = tw_draws_uniform(draws) < share_in_words;
    if (spelling.in_words)
        spelling.decimals = 0;
    return spelling;
}

static void draw_money(struct tw_draws *draws, struct tw_case_number *out)
{
    static const char *const currencies[] = {
        "$", "$", "$", "$", "€", "€", "£", "US$", "C$", "A$", "EUR ", "EUR", "USD ", "Rs ", "INR ", "SEK "};
    static const char *const units[] = {" million", " million", " million", " billion", " billion", " mln",
        " bln", "m", "bn", "mn", " mn", " bn", "M", "B"};
    static const char *const rupees[] = {"Rs ", "Rs. ", "INR ", "Rs"}, *const rupee_units[] = {" crore",
                                                                           " cr", " lakh", " crore"};
    static const char *const words[] = {" million euros", " million dollars", " million pounds",
        " billion yen", " million crowns", " million euro", " billion dollars", " billion euros",
        " crore rupees", " million francs", " million yuan", " million kronor"};
    struct spelling spelling = draw_spelling(draws);
    if (spelling.in_words || tw_draws_below(draws, 4) == 0) {
        spelling.after = PICK(draws, words);
    } else if (tw_draws_below(draws, 10) == 0) {
        spelling.before = PICK(draws, rupees);
        spelling.after = PICK(draws, rupee_units);
    } else {
        spelling.before = PICK(draws, currencies);
        spelling.after = PICK(draws, units);
    }
    put_pair(&spelling, draw_amounts(&spelling, draws), draws, out);
}

static void draw_figure(struct tw_draws *draws, struct tw_case_number *out)
{
    static const char *const units[] = {
        " million", " million", " million", "m", " mln", " billion", " thousand", " mn"};
    static const char *const words[] = {" million", " billion", " thousand"};
    struct spelling spelling = draw_spelling(draws);
    spelling.after = spelling.in_words ? PICK(draws, words) : PICK(draws, units);
    put_pair(&spelling, draw_amounts(&spelling, draws), draws, out);
}

static void draw_percent(double most, struct tw_draws *draws, struct tw_case_number *out)
{
    static const char *const units[] = {"%", "%", "%", "%", " percent", " per cent", " pct", " pc"};
    static const char *const words[] = {" percent", " per cent"};
    struct spelling spelling = draw_spelling(draws);
    spelling.after = spelling.in_words ? PICK(draws, words) : PICK(draws, units);
    put_pair(&spelling, (struct spread){1.5, most, 0}, draws, out);
}

static void draw_per_share(struct tw_draws *draws, struct tw_case_number *out)
{
    static const char *const currencies[] = {"$", "$", "", "", "€", "EUR ", "Rs "};
    struct spelling spelling = {.decimals = 2, .before = "", .after = ""};
    if (tw_draws_below(draws, 5) == 0) {
        spelling.decimals = 0;
        spelling.after = " cents";
        put_pair(&spelling, (struct spread){2, 40, 8}, draws, out);
        return;
    }
    spelling.before = PICK(draws, currencies);
    put_pair(&spelling, (struct spread){0.02, 6, 10}, draws, out);
}

static void draw_price(struct tw_draws *draws, struct tw_case_number *out)
{
    static const char *const currencies[] = {"$", "$", "€", "£", "Rs "};
    struct spelling spelling = {.decimals = 0, .before = PICK(draws, currencies), .after = ""};
    if (tw_draws_below(draws, 3) == 0)
        spelling.decimals = 2;
    put_pair(&spelling, (struct spread){3, 400, 0}, draws, out);
}

/* ---- numbers without an order ---- */

static void put_both(struct tw_case_number *out, const char *text)
{
    snprintf(out->low, sizeof out->low, "%s", text);
    snprintf(out->high, sizeof out->high, "%s", text);
}

static void put_whole(struct tw_case_number *out, size_t least, size_t most, struct tw_draws *draws)
{
    char text[SPELT_BYTES];
    snprintf(text, sizeof text, "%zu", least + tw_draws_below(draws, most - least + 1));
    put_both(out, text);
}

static void draw_count(struct tw_draws *draws, struct tw_case_number *out)
{
    char text[SPELT_BYTES];
    const unsigned count = 2 + (unsigned)tw_draws_below(draws, 11);
    if (tw_draws_below(draws, 5) < 3)
        put_words(count, text);
    else
        snprintf(text, sizeof text, "%u", count);
    put_both(out, text);
}

static void draw_thousands(struct tw_draws *draws, struct tw_case_number *out)
{
    char text[SPELT_BYTES];
    const bool large = tw_draws_below(draws, 2) == 0;
    const size_t number =
        large ? 1000 + 100 * tw_draws_below(draws, 890) : 50 + 10 * tw_draws_below(draws, 94);
    put_digits((double)number, 0, text);
    put_both(out, text);
}

static void draw_code(struct tw_draws *draws, struct tw_case_number *out)
{
    static const char letters[] = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
    char text[11] = {0};
    for (size_t at = 0; at + 1 < sizeof text; at++)
        text[at] = letters[tw_draws_below(draws, sizeof letters - 1)];
    put_both(out, text);
}

void tw_case_number_draw(enum tw_case_number_kind kind, struct tw_draws *draws, struct tw_case_number *out)
{
    switch (kind) {
    case TW_CASE_MONEY:
        draw_money(draws, out);
        break;
    case TW_CASE_FIGURE:
        draw_figure(draws, out);
        break;
    case TW_CASE_PERCENT:
        draw_percent(60, draws, out);
        break;
    case TW_CASE_POINTS:
        draw_percent(25, draws, out);
        break;
    case TW_CASE_PER_SHARE:
        draw_per_share(draws, out);
        break;
    case TW_CASE_PRICE:
        draw_price(draws, out);
        break;
    case TW_CASE_COUNT:
        draw_count(draws, out);
        break;
    case TW_CASE_THOUSANDS:
        draw_thousands(draws, out);
        break;
    case TW_CASE_YEAR:
        put_whole(out, 1998, 2032, draws);
        break;
    case TW_CASE_DAY:
        put_whole(out, 1, 28, draws);
        break;
    case TW_CASE_DIGIT:
        put_whole(out, 1, 9, draws);
        break;
    case TW_CASE_CODE:
        draw_code(draws, out);
        break;
    case TW_CASE_NUMBER_KINDS:
        break;
    }
}
