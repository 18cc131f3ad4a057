#include "events/pattern.h"

#include <stdio.h>
#include <string.h>

#include "events/forms.h"

enum { USUAL_GAP = 3, MOST_OPTIONAL = 3, LEAST_STEM = 2, MOST_FORMED = TW_FORM_LETTERS - 4 };

/* What is being read: the pattern so far, and what the next step must know. */
struct reading {
    struct tw_pattern pattern;
    bool optional[TW_PATTERN_STEPS];
    uint8_t gap;   /* words that may stand before the next step */
    uint8_t pivot; /* the step before which & stands; TW_PATTERN_PLACE_NONE: nowhere */
    bool exception;
    bool gap_is_open; /* `..` or `&` was the last item */
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
    return tw_text_is_small(byte) || tw_text_is_digit(byte);
}

bool tw_pattern_next_word(
    struct tw_text item, size_t *at, struct tw_text *word, enum tw_pattern_word *stands_for)
{
    if (*at >= item.length)
        return false;
    const char *bar = memchr(item.bytes + *at, '|', item.length - *at);
    size_t end = bar ? (size_t)(bar - item.bytes) : item.length;
    *word = (struct tw_text){item.bytes + *at, end - *at};
    *at = end + 1;
    *stands_for = TW_PATTERN_WORD;
    if (word->length >= 2 && word->bytes[0] == '<' && word->bytes[word->length - 1] == '>') {
        *stands_for = TW_PATTERN_SET;
        *word = (struct tw_text){word->bytes + 1, word->length - 2};
    } else if (word->length > 0 && word->bytes[0] == '~') {
        *stands_for = TW_PATTERN_FORMS;
        *word = (struct tw_text){word->bytes + 1, word->length - 1};
    } else if (word->length > 0 && word->bytes[word->length - 1] == '*') {
        *stands_for = TW_PATTERN_STEM;
        word->length--;
    }
    return true;
}

/* Is each of an item's words one that a text can hold? */
static bool check_words(struct reading *reading, struct tw_text item)
{
    static const char cure[] =
        "write words of small letters and digits, stems as `bankrupt*`, all forms as `~cut`, sets as `<name>`";
    struct tw_text word;
    enum tw_pattern_word stands_for;
    if (item.length == 0 || item.bytes[item.length - 1] == '|')
        return refuse(reading, cure, "an item without a word", item);
    for (size_t at = 0; tw_pattern_next_word(item, &at, &word, &stands_for);) {
        bool set = stands_for == TW_PATTERN_SET;
        if (word.length == 0)
            return refuse(reading, cure, "an item without a word", item);
        for (size_t byte = 0; byte < word.length; byte++)
            if (!is_plain(word.bytes[byte]) && !(set && (word.bytes[byte] == '-' || word.bytes[byte] == '_')))
                return refuse(reading, cure, "not a word", item);
        if (stands_for == TW_PATTERN_STEM && word.length < LEAST_STEM)
            return refuse(reading, "write more of its letters", "a stem that is nearly every word", item);
        if (stands_for == TW_PATTERN_FORMS && word.length > MOST_FORMED)
            return refuse(reading, "write its forms out", "a word too long to have forms", item);
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

/* `..` or `..N`, `&` or `&N`: a mark and how many words. */
static bool take_gap(struct reading *reading, struct tw_text item, size_t mark)
{
    uint32_t words = USUAL_GAP;
    if (item.length == mark + 1 && item.bytes[mark] >= '1' && item.bytes[mark] <= '0' + TW_PATTERN_GAP)
        words = (uint32_t)(item.bytes[mark] - '0');
    else if (item.length != mark)
        return refuse(reading, "write .. or & (up to 3 words), ..1 to ..8 or &1 to &8", "not a gap", item);
    if (reading->gap_is_open)
        return refuse(reading, "write one gap", "a gap behind a gap", item);
    reading->gap = (uint8_t)words;
    reading->gap_is_open = true;
    return true;
}

static bool take_either_order(struct reading *reading, struct tw_text item)
{
    if (reading->pivot != TW_PATTERN_PLACE_NONE)
        return refuse(reading, "write & once", "a second place where the order may change", item);
    if (!take_gap(reading, item, 1))
        return false;
    reading->pivot = reading->pattern.count;
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

static bool take_alone(struct reading *reading, struct tw_text item)
{
    if (reading->pattern.count == 0 || reading->pattern.event != TW_PATTERN_PLACE_NONE)
        return refuse(reading, "write it behind the words of an event", "a ! without an event", item);
    reading->pattern.alone = true;
    return true;
}

static bool take_item(struct reading *reading, struct tw_text item)
{
    if (reading->pattern.alone)
        return refuse(reading, "write ! last", "an item behind !", item);
    if (tw_text_equal(item, tw_text_of("!")))
        return take_alone(reading, item);
    if (tw_text_equal(item, tw_text_of("@")))
        return take_company(reading, item);
    if (tw_text_equal(item, tw_text_of("^")))
        return take_event(reading, item);
    if (item.length >= 2 && item.bytes[0] == '.' && item.bytes[1] == '.')
        return take_gap(reading, item, 2);
    if (item.length >= 1 && item.bytes[0] == '&')
        return take_either_order(reading, item);
    return take_step(reading, item);
}

/* Must either half of a pattern with & be there? @ and ^ would be on the wrong side in the other order. */
static bool check_halves(struct reading *reading, struct tw_text text)
{
    uint32_t before = 0, behind = 0;
    for (uint32_t step = 0; step < reading->pattern.count; step++)
        *(step < reading->pivot ? &before : &behind) += !reading->optional[step];
    if (before == 0 || behind == 0)
        return refuse(reading, "write a word that must be there on both its sides",
            "an & with nothing on one side", text);
    if (reading->pattern.company != TW_PATTERN_PLACE_NONE || reading->pattern.event != TW_PATTERN_PLACE_NONE)
        return refuse(reading, "write both orders out", "an & beside @ or ^", text);
    return true;
}

static bool finish(struct reading *reading, struct tw_text text)
{
    struct tw_pattern *pattern = &reading->pattern;
    uint32_t required = 0;
    for (uint32_t step = 0; step < pattern->count; step++)
        required += !reading->optional[step];
    if (required == 0)
        return refuse(reading, "write a word that must be there", "a pattern that matches everything", text);
    if (reading->pivot != TW_PATTERN_PLACE_NONE && !check_halves(reading, text))
        return false;
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

/* The same words with what stands behind & first. */
static struct reading turned(const struct reading *reading)
{
    struct reading other = *reading;
    uint32_t count = reading->pattern.count, pivot = reading->pivot;
    for (uint32_t step = 0; step < count; step++) {
        uint32_t from = (step + pivot) % count;
        other.pattern.steps[step] = reading->pattern.steps[from];
        other.optional[step] = reading->optional[from];
    }
    other.pattern.steps[0].gap = 0;
    other.pattern.steps[count - pivot].gap = reading->pattern.steps[pivot].gap;
    return other;
}

/* All that a reading stands for: with and without the words that may be left out. */
static void write_out(const struct reading *reading, struct tw_pattern *readings, uint32_t *count)
{
    uint32_t optional = 0;
    for (uint32_t step = 0; step < reading->pattern.count; step++)
        optional += reading->optional[step];
    for (uint32_t left_out = 0; left_out < UINT32_C(1) << optional; left_out++)
        readings[(*count)++] = without(reading, left_out);
}

bool tw_pattern_read(struct tw_text text, bool exception, struct tw_pattern readings[TW_PATTERN_READINGS],
    uint32_t *count, char what[256], char cure[256])
{
    struct reading reading = {.exception = exception, .what = what, .cure = cure};
    reading.pattern.company = reading.pattern.event = reading.pivot = TW_PATTERN_PLACE_NONE;
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
    write_out(&reading, readings, count);
    if (reading.pivot != TW_PATTERN_PLACE_NONE) {
        struct reading other = turned(&reading);
        write_out(&other, readings, count);
    }
    return true;
}
