#include "clean/misread.h"

#include <string.h>

#include "clean/references.h"
#include "clean/utf8.h"

/* ---- windows-1252 ---- */

/* How many bytes the UTF-8 sequence has that a byte leads, of those kinds that nobody writes as single
 * characters; 0: none. */
static size_t led_bytes(int lead)
{
    return lead == 0xC2 || lead == 0xC3 ? 2 : lead == 0xE2 || lead == 0xEF ? 3 : lead == 0xF0 ? 4 : 0;
}

/* The same for bytes that may be letters of somebody's language. A control character behind one proves that
 * they are none, since no text has any; and so do others like it behind it. */
static size_t led_bytes_if_proven(int lead)
{
    return lead >= 0xC4 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xED ? 3 : 0;
}

/* Quotes, dashes and dots of windows-1252 may stand behind a letter by themselves ("MANH\u00C3\u201D"): they
 * prove nothing. */
static bool proves_nothing(uint32_t point)
{
    return (point >= 0x2013 && point <= 0x201E) || point == 0x2022 || point == 0x2026;
}

/* One sequence that was misread. */
struct sequence {
    char original[4]; /* the bytes that it was */
    size_t count;     /* of them; 0: it is none */
    size_t end;       /* where it ends in the text */
    bool latin;       /* of those kinds that nobody writes as single characters */
    bool control;     /* a control character stands in it */
};

static size_t read_once(struct tw_text text, size_t at, uint32_t *point);

/* The sequence whose first byte `lead` stands for; the others begin at `at`. `twice`: they may have been
 * misread before. */
static struct sequence sequence_at(struct tw_text text, size_t at, int lead, bool twice)
{
    struct sequence sequence = {.count = led_bytes(lead), .end = at, .latin = led_bytes(lead) > 0};
    if (sequence.count == 0 && !twice)
        sequence.count = led_bytes_if_proven(lead);
    sequence.original[0] = (char)lead;
    for (size_t nth = 1; nth < sequence.count; nth++) {
        uint32_t point = 0;
        size_t bytes = 0;
        if (sequence.end < text.length)
            bytes = twice ? read_once(text, sequence.end, &point)
                          : tw_utf8_read(text.bytes + sequence.end, text.length - sequence.end, &point);
        int byte = bytes ? tw_windows_1252_byte(point) : -1;
        sequence.control = sequence.control || (point >= 0x80 && point <= 0x9F);
        if (byte < 0x80 || byte > 0xBF || (sequence.latin && sequence.count == 2 && proves_nothing(point)))
            return (struct sequence){.count = 0};
        sequence.original[nth] = (char)byte;
        sequence.end += bytes;
    }
    size_t broken;
    struct tw_text original = {sequence.original, sequence.count};
    if (sequence.count && tw_utf8_sequence(original, 0, &broken) != sequence.count)
        sequence.count = 0;
    if (lead == 0xEF && sequence.count && memcmp(sequence.original, "\xEF\xBB\xBF", 3) != 0 &&
        memcmp(sequence.original, "\xEF\xBF\xBD", 3) !=
            0) /* a byte order mark or U+FFFD: the two that are met */
        sequence.count = 0;
    return sequence;
}

/* The byte that the character at `at` stands for, and where it ends. */
static int byte_at(struct tw_text text, size_t at, size_t *end)
{
    uint32_t point;
    if (at >= text.length || (unsigned char)text.bytes[at] < 0x80)
        return -1;
    *end = at + tw_utf8_read(text.bytes + at, text.length - at, &point);
    return point <= 0xFF ? (int)point : -1;
}

/* Do so many letters of other scripts stand in a row behind this one that nothing else can be meant? */
static bool is_run(struct tw_text text, struct sequence first)
{
    size_t more = first.count == 2 ? 2 : 1, end = first.end, behind = 0;
    for (; more > 0; more--) {
        int lead = byte_at(text, end, &behind);
        struct sequence next = {.count = 0};
        if (lead >= 0 && led_bytes(lead) == 0)
            next = sequence_at(text, behind, lead, false);
        if (next.count != first.count)
            return false;
        end = next.end;
    }
    return true;
}

/* The misread sequence at a character of U+0080 to U+00FF that ends at `end`, when nothing else can be meant.
 * `before`: one of its script stands before it. */
static struct sequence certain_at(struct tw_text text, size_t end, uint32_t point, bool twice, bool before)
{
    struct sequence sequence = sequence_at(text, end, (int)point, twice);
    bool certain = sequence.latin || sequence.control || before;
    if (sequence.count && !certain && !is_run(text, sequence)) /* "caf\u00E9\u2019\u201D" is no U+9494 */
        sequence.count = 0;
    return sequence;
}

/* The character at `at`, and its bytes; what was misread once is read rightly. */
static size_t read_once(struct tw_text text, size_t at, uint32_t *point)
{
    size_t length = tw_utf8_read(text.bytes + at, text.length - at, point);
    if (*point < 0x80 || *point > 0xFF)
        return length;
    struct sequence sequence = sequence_at(text, at + length, (int)*point, false);
    if (!sequence.count || (!sequence.latin && !sequence.control))
        return length;
    tw_utf8_read(sequence.original, sequence.count, point);
    return sequence.end - at;
}

/* Of U+201D, E2 80 9D, windows-1252 has no third byte: whoever read it by that table often left it out, and
 * "\u00E2\u20AC" before ASCII is what remains. Its bytes; 0 when it does not stand here. */
static size_t half_quote_bytes(struct tw_text text, size_t at)
{
    static const char half[] = "\xC3\xA2\xE2\x82\xAC";
    size_t length = sizeof half - 1;
    bool ends = tw_text_goes_on(text, at, half) &&
                (text.length == at + length || (unsigned char)text.bytes[at + length] < 0x80);
    return ends ? length : 0;
}

/* ---- Mac Roman ---- */

static const uint16_t mac_roman[64] = {0xC4, 0xC5, 0xC7, 0xC9, 0xD1, 0xD6, 0xDC, 0xE1, 0xE0, 0xE2, 0xE4, 0xE3,
    0xE5, 0xE7, 0xE9, 0xE8, 0xEA, 0xEB, 0xED, 0xEC, 0xEE, 0xEF, 0xF1, 0xF3, 0xF2, 0xF4, 0xF6, 0xF5, 0xFA,
    0xF9, 0xFB, 0xFC, 0x2020, 0xB0, 0xA2, 0xA3, 0xA7, 0x2022, 0xB6, 0xDF, 0xAE, 0xA9, 0x2122, 0xB4, 0xA8,
    0x2260, 0xC6, 0xD8, 0x221E, 0xB1, 0x2264, 0x2265, 0xA5, 0xB5, 0x2202, 0x2211, 0x220F, 0x3C0, 0x222B, 0xAA,
    0xBA, 0x3A9, 0xE6, 0xF8};

/* The byte from 0x80 to 0xBF that the character at *at stands for; -1: none. *at moves behind it. */
static int mac_byte(struct tw_text text, size_t *at)
{
    uint32_t point;
    if (*at >= text.length || (unsigned char)text.bytes[*at] < 0x80)
        return -1;
    *at += tw_utf8_read(text.bytes + *at, text.length - *at, &point);
    for (int byte = 0; byte < 64; byte++)
        if (mac_roman[byte] == point)
            return 0x80 + byte;
    return -1;
}

static bool letter_at(struct tw_text text, size_t at)
{
    return at < text.length && tw_text_is_letter(text.bytes[at]);
}

/* "‚Äô" (E2 80 99), "‚Ç¨" (E2 82 AC), "√©" (C3 A9) beside a letter, "¬£" (C2 A3). The bytes that they take; 0
 * when it is none of them. */
static size_t read_mac(struct tw_text text, size_t at, uint32_t first, uint32_t *point)
{
    size_t end = at;
    tw_utf8_read(text.bytes + end, text.length - end, point);
    end += first == 0xAC ? 2 : 3;
    int second = mac_byte(text, &end), third = first == 0x201A && second >= 0 ? mac_byte(text, &end) : 0;
    if (second < 0 || third < 0 || (first == 0x201A && second > 0x84))
        return 0;
    if (first == 0x221A && !(at > 0 && letter_at(text, at - 1)) && !letter_at(text, end))
        return 0;
    if (first == 0xAC && second != 0xA0 && second != 0xA3 && second != 0xA9 && second != 0xAE)
        return 0;
    *point = first == 0x201A ? 0x2000u + (uint32_t)(second & 0x3F) * 64 + (uint32_t)(third & 0x3F)
             : first == 0xAC ? (uint32_t)second
                             : (uint32_t)second + 0x40;
    return end - at;
}

/* ---- the whole ---- */

size_t tw_misread_read(struct tw_text text, size_t at, struct tw_misread_scan *scan, uint32_t *point)
{
    size_t length = tw_utf8_read(text.bytes + at, text.length - at, point), mac = 0;
    if (*point == 0x201A || *point == 0x221A || *point == 0xAC) {
        uint32_t meant;
        mac = read_mac(text, at, *point, &meant);
        *point = mac ? meant : *point;
    }
    if (mac || *point > 0xFF)
        return mac ? mac : length;
    bool behind = scan->proven_end &&
                  (scan->proven_end == at || (scan->proven_end + 1 == at && text.bytes[at - 1] == ' '));
    struct sequence sequence = certain_at(text, at + length, *point, false, behind);
    size_t half = *point == 0xE2 && !sequence.count ? half_quote_bytes(text, at) : 0;
    if (half) {
        *point = 0x201D;
        return half;
    }
    if (!sequence.count) {
        *point = tw_windows_1252(*point);
        return length;
    }
    if (!sequence.latin)
        scan->proven_end = sequence.end;
    tw_utf8_read(sequence.original, sequence.count, point);
    struct sequence again = {.count = 0};
    if (*point <= 0xFF)
        again = certain_at(text, sequence.end, *point, true, false);
    if (!again.count) {
        *point = tw_windows_1252(*point);
        return sequence.end - at;
    }
    tw_utf8_read(again.original, again.count, point);
    return again.end - at;
}

bool tw_misread_holds(struct tw_text text)
{
    struct tw_misread_scan scan = {0};
    for (size_t at = 0; at < text.length;) {
        uint32_t as_it_stands, meant;
        if ((unsigned char)text.bytes[at] < 0x80) {
            at++;
            continue;
        }
        tw_utf8_read(text.bytes + at, text.length - at, &as_it_stands);
        at += tw_misread_read(text, at, &scan, &meant);
        if (meant != as_it_stands)
            return true;
    }
    return false;
}
