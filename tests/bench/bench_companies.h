/* bench_companies: companies that nobody has, as many as are wanted, with names that look like real ones.
 *   in    a seed, a company's number, the words of ordinary texts in order of their frequency
 *   out   its symbol, its name, a line of an entities file with two aliases
 *
 *     companies_write(&words, seed, few, count, stream)     // `few` of `count` are companies 0 to few - 1
 *
 * Names have one to four words, the legal form included. As in registers of companies, four first words of
 * ten are words of any text, the commonest most often ("First", "American"), the others are names, a few
 * shared by hundreds of companies and most by one or two. Each name holds one invented word at least, by
 * which no ordinary text holds it. */
#ifndef TW_BENCH_COMPANIES_H
#define TW_BENCH_COMPANIES_H

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

enum { COMPANY_WORDS = 4000, COMPANY_WORD_BYTES = 16, COMPANY_NAME_BYTES = 128, COMPANY_FILLER = 1 << 20 };

struct company_words {
    char words[COMPANY_WORDS][COMPANY_WORD_BYTES];
    uint32_t count;
};

/* Draw number `nth` of a company. */
static inline uint64_t company_draw(uint64_t seed, uint32_t company, uint32_t nth, uint64_t limit)
{
    return tw_random_below(seed, TW_RANDOM_FREE, company, nth, limit);
}

/* A number below `limit`, each decade as often as the next: few are drawn often, most seldom. */
static inline uint32_t company_rank(uint64_t seed, uint32_t company, uint32_t nth, uint32_t limit)
{
    double power = tw_random_uniform(seed, TW_RANDOM_FREE, company, nth);
    uint32_t rank = (uint32_t)pow((double)limit, power);
    return rank < limit ? rank : limit - 1;
}

/* The number of a company's own word. A name of one word is seldom another's; of others one of a hundred
 * begins with the commonest. */
static inline uint32_t company_brand(uint64_t seed, uint32_t company, uint32_t words)
{
    double place = tw_random_uniform(seed, TW_RANDOM_FREE, company, 10);
    return (uint32_t)((words == 1 ? place : place * place * place) * (COMPANY_FILLER - 1));
}

/* An invented word; different for different numbers. */
static inline void company_invent(uint32_t number, char word[COMPANY_WORD_BYTES])
{
    static const char syllables[32][4] = {"vel", "qui", "dor", "mak", "tez", "lun", "bro", "sia", "gon",
        "fer", "hax", "pil", "nov", "cra", "zim", "tau", "rez", "kol", "dex", "mur", "yas", "plo", "wen",
        "jur", "bel", "oxa", "tri", "cyn", "gal", "hem", "var", "sko"};
    size_t length = 0;
    for (uint32_t left = number + 1024; left; left /= 32, length += 3)
        memcpy(word + length, syllables[left % 32], 3);
    word[length] = '\0';
    word[0] = (char)toupper((unsigned char)word[0]);
}

static inline void company_symbol(uint32_t company, char symbol[COMPANY_WORD_BYTES])
{
    size_t length = 0;
    symbol[length++] = 'Q';
    for (uint32_t left = company, nth = 0; nth < 5; nth++, left /= 26)
        symbol[length++] = (char)('A' + left % 26);
    symbol[length] = '\0';
}

/* A name without its legal form: one to three words. */
static inline void company_name(
    const struct company_words *words, uint64_t seed, uint32_t company, char name[COMPANY_NAME_BYTES])
{
    static const char endings[24][12] = {"Holdings", "Group", "Bank", "Energy", "Systems", "Industries",
        "Capital", "Resources", "Partners", "Foods", "Chemicals", "Motors", "Steel", "Insurance", "Pharma",
        "Oil", "Mining", "Airlines", "Media", "Software", "Power", "Trust", "Services", "Technologies"};
    uint32_t shape = (uint32_t)company_draw(seed, company, 0, 100);
    uint32_t count = shape < 25 ? 1 : shape < 70 ? 2 : 3;
    uint32_t own = count == 1 || company_draw(seed, company, 1, 10) >= 4 ? 0 : 1; /* the invented word */
    char part[COMPANY_WORD_BYTES];
    size_t length = 0;
    for (uint32_t at = 0; at < count; at++) {
        if (at == own && company < COMPANY_FILLER)
            company_invent(COMPANY_FILLER + company, part); /* one of the few: nobody else has the word */
        else if (at == own)
            company_invent(company_brand(seed, company, count), part);
        else if (at > own && company_draw(seed, company, 20 + at, 10) < 7)
            snprintf(part, sizeof part, "%s", endings[company_draw(seed, company, 30 + at, 24)]);
        else
            snprintf(
                part, sizeof part, "%s", words->words[company_rank(seed, company, 40 + at, words->count)]);
        part[0] = (char)toupper((unsigned char)part[0]);
        length += (size_t)snprintf(name + length, COMPANY_NAME_BYTES - length, at ? " %s" : "%s", part);
    }
}

static inline void company_write_line(
    const struct company_words *words, uint64_t seed, uint32_t company, FILE *stream)
{
    static const char forms[8][8] = {"Inc", "Corp", "Ltd", "PLC", "AG", "SA", "LLC", "Co Ltd"};
    char symbol[COMPANY_WORD_BYTES], name[COMPANY_NAME_BYTES];
    company_symbol(company, symbol);
    company_name(words, seed, company, name);
    fprintf(stream, "{\"symbol\": \"%s\", \"names\": [\"%s %s\", \"%s\"], \"exchange\": \"NYSE\"}\n", symbol,
        name, forms[company_draw(seed, company, 50, 8)], name);
}

/* `count` companies, the few spread among them. */
static inline void companies_write(
    const struct company_words *words, uint64_t seed, uint32_t few, uint32_t count, FILE *stream)
{
    uint32_t apart = count / few;
    for (uint32_t at = 0; at < count; at++) {
        bool is_few = at % apart == 0 && at / apart < few;
        company_write_line(words, seed, is_few ? at / apart : COMPANY_FILLER + at, stream);
    }
}

#endif
