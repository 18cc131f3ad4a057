#include "clean/shown_text.h"

#include <utf8proc.h>

#include "clean/utf8.h"

struct tw_shown_character tw_shown_character_at(struct tw_text text, size_t at)
{
    uint32_t point;
    size_t bytes = tw_utf8_read(text.bytes + at, text.length - at, &point);
    switch (utf8proc_category((utf8proc_int32_t)point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return (struct tw_shown_character){bytes, tw_text_of(" "), 1};
    case UTF8PROC_CATEGORY_CF:
        return (struct tw_shown_character){bytes, tw_text_of(""), 0};
    default:
        return (struct tw_shown_character){
            bytes, {text.bytes + at, bytes}, (uint32_t)utf8proc_charwidth((utf8proc_int32_t)point)};
    }
}

void tw_shown_write(FILE *out, struct tw_text text, size_t begin, size_t end)
{
    for (size_t at = begin; at < end;) {
        struct tw_shown_character character = tw_shown_character_at(text, at);
        fwrite(character.shown.bytes, 1, character.shown.length, out);
        at += character.bytes;
    }
}
