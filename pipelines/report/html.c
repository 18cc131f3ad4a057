#include "report/html.h"

#include <stdint.h>
#include <utf8proc.h>

static const char *reference_of(int32_t character)
{
    static const struct {
        int32_t character;
        const char *reference;
    } references[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t at = 0; at < sizeof references / sizeof references[0]; at++)
        if (references[at].character == character)
            return references[at].reference;
    return NULL;
}

static bool may_stand(int32_t character)
{
    if (character < 0x20)
        return character == '\t' || character == '\n';
    return !(character >= 0x7F && character <= 0x9F) && character != 0xFFFE && character != 0xFFFF;
}

void tw_html_text(FILE *out, struct tw_text text)
{
    for (size_t at = 0; at < text.length;) {
        const uint8_t *bytes = (const uint8_t *)text.bytes + at;
        int32_t character = -1;
        utf8proc_ssize_t length = utf8proc_iterate(bytes, (utf8proc_ssize_t)(text.length - at), &character);
        const char *reference = length > 0 ? reference_of(character) : NULL;
        if (reference)
            fputs(reference, out);
        else if (length > 0 && may_stand(character))
            fwrite(bytes, 1, (size_t)length, out);
        else
            fputs("\xEF\xBF\xBD", out);
        at += length > 0 ? (size_t)length : 1;
    }
}

void tw_html_string(FILE *out, const char *string)
{
    tw_html_text(out, tw_text_of(string));
}
