#include "events/pattern.h"

#include <stdio.h>
#include <string.h>

enum { USUAL_GAP = 3, MOST_OPTIONAL = 3, LEAST_STEM = 2 };

/* What is being read: the pattern so far, and what the next step must know. */
struct reading {
    struct tw_pattern pattern;
    bool optional[TW_PATTERN_STEPS];
    uint8_t gap; /* words that may stand before the next step */
    bool exception;
    bool gap_is_open; /* `..` was the last item */
    char *what, *cure;
};

static bool refuse(struct reading *reading, const char *cure, const char *what, struct tw_text item)
{
    snprintf(reading->what, 256, "%s: \"%.*s\"", what, item.length < 80 ? (int)item.length : 80, item.bytes);
    snprintf(reading->cure, 256, "%s", cure);
    return false;
}

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

bool tw_pattern_next_word(struct tw_text item, size_t *at, struct tw_text *word, bool *stem, bool *set)
{
    if (*at >= item.length)
        return false;
    const char *bar = memchr(item.bytes + *at, '|', item.length - *at);
    size_t end = bar ? (size_t)(bar - item.bytes) : item.length;
    *word = (struct tw_text){item.bytes + *at, end - *at};
    *at = end + 1;
    *set = word->length >= 2 && word->bytes[0] == '<' && word->bytes[word->length - 1] == '>';
    *stem = !*set && word->length > 0 && word->bytes[word->length - 1] == '*';
    if (*set)
        *word = (struct tw_text){word->bytes + 1, word->length - 2};
    else if (*stem)
        word->length--;
    return true;
}

/* Is each of an item's words one that a text can hold? */
static bool check_words(struct reading *reading, struct tw_text item)
{
    static const char cure[] =
        "write words of small letters and digits, stems as `bankrupt*`, sets as `<name>`";
    struct tw_text word;
    bool stem, set;
    if (item.length == 0 || item.bytes[item.length - 1] == '|')
        return refuse(reading, cure, "an item without a word", item);
    for (size_t at = 0; tw_pattern_next_word(item, &at, &word, &stem, &set);) {
        if (word.length == 0)
            return refuse(reading, cure, "an item without a word", item);
        for (size_t byte = 0; byte < word.length; byte++)
            if (!is_plain(word.bytes[byte]) && !(set && (word.bytes[byte] == '-' || word.bytes[byte] == '_')))
                return refuse(reading, cure, "not a word", item);
        if (stem && word.length < LEAST_STEM)
            return refuse(reading, "write more of its letters", "a stem that is nearly every word", item);
    }
    return true;
}

static bool take_step(struct reading *reading, struct tw_text item)
{
    struct tw_pattern *pattern = &reading->pattern;
    bool optional = item.length > 1 && item.bytes[item.length - 1] == '?';
    struct tw_text words = {item.bytes, item.length - optional};
    if (pattern->count == TW_PATTERN_STEPS)
        return refuse(reading, "12 words are allowed; split it", "a pattern with too many words", item);
    if (!check_words(reading, words))
        return false;
    reading->optional[pattern->count] = optional;
    pattern->steps[pattern->count++] = (struct tw_pattern_step){.item = words, .gap = reading->gap};
    reading->gap = 0;
    reading->gap_is_open = false;
    return true;
}

/* `..` or `..N`. */
static bool take_gap(struct reading *reading, struct tw_text item)
{
    uint32_t words = USUAL_GAP;
    if (item.length == 3 && item.bytes[2] >= '1' && item.bytes[2] <= '0' + TW_PATTERN_GAP)
        words = (uint32_t)(item.bytes[2] - '0');
    else if (item.length != 2)
        return refuse(reading, "write .. (up to 3 words) or ..1 to ..8", "not a gap", item);
    if (reading->gap_is_open)
        return refuse(reading, "write one gap", "a gap behind a gap", item);
    reading->gap = (uint8_t)words;
    reading->gap_is_open = true;
    return true;
}

static bool take_company(struct reading *reading, struct tw_text item)
{
    if (reading->pattern.company != TW_PATTERN_PLACE_NONE)
        return refuse(reading, "write @ once", "a second company", item);
    reading->pattern.company = reading->pattern.count;
    reading->gap = TW_PATTERN_GAP;
    reading->gap_is_open = false;
    return true;
}

static bool take_event(struct reading *reading, struct tw_text item)
{
    if (!reading->exception)
        return refuse(reading, "^ stands in exceptions alone", "an event inside of its own pattern", item);
    if (reading->pattern.event != TW_PATTERN_PLACE_NONE)
        return refuse(reading, "write ^ once", "a second event", item);
    reading->pattern.event = reading->pattern.count;
    reading->pattern.event_gap_before = reading->gap;
    reading->gap = 0;
    reading->gap_is_open = false;
    return true;
}

static bool take_item(struct reading *reading, struct tw_text item)
{
    if (tw_text_equal(item, tw_text_of("@")))
        return take_company(reading, item);
    if (tw_text_equal(item, tw_text_of("^")))
        return take_event(reading, item);
    if (item.length >= 2 && item.bytes[0] == '.' && item.bytes[1] == '.')
        return take_gap(reading, item);
    return take_step(reading, item);
}

static bool finish(struct reading *reading, struct tw_text text)
{
    struct tw_pattern *pattern = &reading->pattern;
    uint32_t required = 0;
    for (uint32_t step = 0; step < pattern->count; step++)
        required += !reading->optional[step];
    if (required == 0)
        return refuse(reading, "write a word that must be there", "a pattern that matches everything", text);
    /* The gap behind ^ stands before the step that follows it. */
    if (pattern->event != TW_PATTERN_PLACE_NONE && pattern->event < pattern->count) {
        pattern->event_gap_behind = pattern->steps[pattern->event].gap;
        pattern->steps[pattern->event].gap = pattern->event ? TW_PATTERN_GAP : 0;
    }
    if ((pattern->steps[0].gap && pattern->company != 0) || reading->gap_is_open)
        return refuse(reading, "begin and end with a word, @ or ^", "a gap with nothing on one side", text);
    if (pattern->company == 0)
        pattern->steps[0].gap = 0;
    return true;
}

/* The pattern without the optional steps that `left_out` names. A gap of a step left out goes to the next. */
static struct tw_pattern without(const struct reading *reading, uint32_t left_out)
{
    const struct tw_pattern *whole = &reading->pattern;
    struct tw_pattern pattern = *whole;
    uint8_t gap = 0, optional = 0;
    pattern.count = 0;
    for (uint8_t step = 0; step < whole->count; step++) {
        bool is_out = reading->optional[step] && (left_out >> optional & 1);
        optional = (uint8_t)(optional + reading->optional[step]);
        if (step == whole->company)
            pattern.company = pattern.count;
        if (step == whole->event)
            pattern.event = pattern.count;
        if (is_out) {
            gap = whole->steps[step].gap > gap ? whole->steps[step].gap : gap;
            continue;
        }
        pattern.steps[pattern.count] = whole->steps[step];
        if (gap > pattern.steps[pattern.count].gap && pattern.count > 0)
            pattern.steps[pattern.count].gap = gap;
        pattern.count++;
        gap = 0;
    }
    if (whole->company == whole->count)
        pattern.company = pattern.count;
    if (whole->event == whole->count)
        pattern.event = pattern.count;
    return pattern;
}

bool tw_pattern_read(struct tw_text text, bool exception, struct tw_pattern readings[TW_PATTERN_READINGS],
    uint32_t *count, char what[256], char cure[256])
{
    struct reading reading = {.exception = exception, .what = what, .cure = cure};
    reading.pattern.company = reading.pattern.event = TW_PATTERN_PLACE_NONE;
    *count = 0;
    for (size_t at = 0; at < text.length;) {
        size_t begin = at;
        while (at < text.length && text.bytes[at] != ' ')
            at++;
        if (at > begin && !take_item(&reading, (struct tw_text){text.bytes + begin, at - begin}))
            return false;
        at += at < text.length;
    }
    if (!finish(&reading, text))
        return false;
    uint32_t optional = 0;
    for (uint32_t step = 0; step < reading.pattern.count; step++)
        optional += reading.optional[step];
    if (optional > MOST_OPTIONAL)
        return refuse(&reading, "split it", "more than three words that may be left out", text);
    for (uint32_t left_out = 0; left_out < UINT32_C(1) << optional; left_out++)
        readings[(*count)++] = without(&reading, left_out);
    return true;
}
