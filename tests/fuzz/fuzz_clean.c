/* fuzz_clean: any text cleaned: what comes out is UTF-8 without control characters, its white space single,
 * within its memory; words without markup come out as they are.
 *
 * The first byte chooses where title and body part. */
#include "promise.h"

#include "clean/clean.h"
#include "clean/markup.h"
#include "clean/utf8.h"

static struct tw_arena arena;

static bool is_clean(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        unsigned char next = at + 1 < text.length ? (unsigned char)text.bytes[at + 1] : 0;
        if (byte < ' ' || byte == 0x7F || (byte == ' ' && next == ' '))
            return false;
        if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) /* C1, of which five are nothing in windows-1252 */
            return false;
    }
    return text.length == 0 || (text.bytes[0] != ' ' && text.bytes[text.length - 1] != ' ');
}

/* The obvious way for words: bytes that ask for nothing, and ASCII white space between them. False when the
 * text holds anything else. */
static bool clean_words(struct tw_text text, char *out, size_t *used)
{
    bool space = false;
    *used = 0;
    for (size_t at = 0; at < text.length; at++) {
        char byte = text.bytes[at];
        if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            space = *used > 0;
            continue;
        }
        if (byte < ' ' || byte > '~' || strchr("&<]:.*_~`[!\\#>-+=", byte)) /* markup and Markdown's marks */
            return false;
        if (space)
            out[(*used)++] = ' ';
        space = false;
        out[(*used)++] = byte;
    }
    return true;
}

static struct tw_text clean_alone(struct tw_text text)
{
    size_t before = arena.used;
    size_t highest = arena.highest;
    arena.highest = arena.used;
    struct tw_text cleaned = tw_clean_text(text, &arena);
    promise(cleaned.bytes != NULL, "the arena suffices");
    size_t most = arena.highest > arena.used ? arena.highest : arena.used;
    promise(most - before <= 3 * text.length + 128, "memory is within its bound");
    arena.highest = highest > most ? highest : most;
    promise(is_utf8_without_nul(cleaned) && is_clean(cleaned), "a cleaned text is clean");
    return cleaned;
}

static void check_words(struct tw_text text, struct tw_text cleaned)
{
    char *words = malloc(text.length + 1);
    size_t length;
    promise(words != NULL, "there is memory");
    if (clean_words(text, words, &length))
        promise(tw_text_equal(cleaned, (struct tw_text){words, length}), "words come out as they are");
    free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct tw_error err;
    uint32_t repairs = 0;
    unsigned choice = take_byte(&input);
    if (!arena.base)
        promise(tw_arena_begin(&arena, (size_t)64 << 20, &err), "address space is there");
    tw_arena_reset(&arena, (size_t)4 << 20);
    struct tw_text mended =
        tw_text_repair((struct tw_text){(const char *)input.bytes, input.length}, &arena, &repairs);
    promise(mended.bytes || input.length == 0, "the arena suffices");
    struct tw_text title = {mended.bytes, 0};
    size_t cut = mended.length * (choice % 16) / 16;
    while (cut > 0 && cut < mended.length && ((unsigned char)mended.bytes[cut] & 0xC0) == 0x80)
        cut--;
    title = own_copy((struct tw_text){mended.bytes, cut});
    struct tw_text body =
        own_copy((struct tw_text){mended.bytes ? mended.bytes + cut : "", mended.length - cut});
    struct tw_text clean_title = clean_alone(title), clean_body = clean_alone(body);
    check_words(title, clean_title);
    check_words(body, clean_body);
    struct tw_document document = {.title = title, .body = body};
    promise(tw_clean(&document, &arena, &err), "the arena suffices");
    promise(is_clean(document.text), "title and body together are clean");
    promise(document.title_length == clean_title.length &&
                document.text.length ==
                    clean_title.length + clean_body.length + (clean_title.length && clean_body.length) &&
                tw_text_equal((struct tw_text){document.text.bytes, clean_title.length}, clean_title) &&
                tw_text_equal((struct tw_text){document.text.bytes + document.text.length - clean_body.length,
                                  clean_body.length},
                    clean_body),
        "a document's text is its title, a space, its body");
    free((void *)(uintptr_t)title.bytes);
    free((void *)(uintptr_t)body.bytes);
    return 0;
}
