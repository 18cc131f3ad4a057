#include "format/labels.h"

#include <string.h>
#include <strings.h>

const char *tw_class_name(size_t class_index)
{
    static const char *const names[TW_CLASSES] = {
        [TW_NEGATIVE] = "negative", [TW_NEUTRAL] = "neutral", [TW_POSITIVE] = "positive"};
    return names[class_index];
}

int32_t tw_class_of(struct tw_text word)
{
    static const struct {
        const char *word;
        enum tw_class class_index;
    } words[] = {
        {"negative", TW_NEGATIVE},
        {"bearish", TW_NEGATIVE},
        {"neutral", TW_NEUTRAL},
        {"positive", TW_POSITIVE},
        {"bullish", TW_POSITIVE},
    };
    for (size_t row = 0; row < sizeof words / sizeof words[0]; row++) {
        if (strlen(words[row].word) == word.length &&
            strncasecmp(words[row].word, word.bytes, word.length) == 0)
            return (int32_t)words[row].class_index;
    }
    return -1;
}
