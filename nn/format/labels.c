#include "format/labels.h"

#include <string.h>
#include <strings.h>

const char *tw_class_name(size_t class_index)
{
    static const char *const names[TW_CLASSES] = {
        [TW_NEGATIVE] = "negative", [TW_NEUTRAL] = "neutral", [TW_POSITIVE] = "positive"};
    return names[class_index];
}

const char *tw_labels_count_fault(size_t count)
{
    static const char *const faults[] = {"no labels, three are needed", "one label, three are needed",
        "two labels, three are needed", NULL, "four labels, three are needed",
        "five labels, three are needed"};
    return count < sizeof faults / sizeof faults[0] && faults[count] ? faults[count]
                                                                     : "many labels, three are needed";
}

int32_t tw_class_of(struct tw_text word)
{
    static const struct {
        const char *word;
        enum tw_class class_index;
    } words[] = {
        {"negative", TW_NEGATIVE},
        {"neg", TW_NEGATIVE},
        {"bearish", TW_NEGATIVE},
        {"bear", TW_NEGATIVE},
        {"neutral", TW_NEUTRAL},
        {"neu", TW_NEUTRAL},
        {"neut", TW_NEUTRAL},
        {"positive", TW_POSITIVE},
        {"pos", TW_POSITIVE},
        {"bullish", TW_POSITIVE},
        {"bull", TW_POSITIVE},
    };
    while (word.length && word.bytes[0] == ' ') {
        word.bytes++;
        word.length--;
    }
    while (word.length && word.bytes[word.length - 1] == ' ')
        word.length--;
    for (size_t row = 0; row < sizeof words / sizeof words[0]; row++) {
        if (strlen(words[row].word) == word.length &&
            strncasecmp(words[row].word, word.bytes, word.length) == 0)
            return (int32_t)words[row].class_index;
    }
    return -1;
}
