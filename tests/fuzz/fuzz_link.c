/* fuzz_link: any text and any small list of companies: the linker finds what slow_link.h finds the slow
 * and obvious way.
 *
 * First byte: bit 0 unlisted symbols count, bit 1 the text is cleaned first. Then lines of companies until
 * an empty one, "SYMBOL|name|*common name"; then a line of `symbols`, parted by "|"; the rest is the text. */
#include "promise.h"

#include <jansson.h>

#include "clean/clean.h"
#include "clean/utf8.h"
#include "link/link.h"
#include "slow_link.h"

enum { MOST_LINES = 12, MOST_PARTS = 8, MOST_TEXT = 2048 };

static struct tw_arena arena;

static struct tw_text mended(struct tw_text text)
{
    uint32_t repairs = 0;
    struct tw_text out = tw_text_repair(text, &arena, &repairs);
    promise(out.bytes || text.length == 0, "the arena suffices");
    return text.length ? out : (struct tw_text){"", 0};
}

/* "SYMBOL|name|*common name" as a line of an entities file. */
static json_t *company_of(struct tw_text line)
{
    struct input input = {(const uint8_t *)line.bytes, line.length};
    json_t *object = json_object(), *names = json_array(), *common = json_array();
    struct tw_text symbol = take_until(&input, '|');
    json_object_set_new(object, "symbol", json_stringn(symbol.bytes, symbol.length));
    for (int part = 0; part < MOST_PARTS && input.length; part++) {
        struct tw_text name = take_until(&input, '|');
        bool is_common = name.length > 1 && name.bytes[0] == '*';
        json_t *text = json_stringn(name.bytes + is_common, name.length - is_common);
        if (is_common)
            json_array_append(common, text);
        json_array_append_new(names, text);
    }
    json_object_set_new(object, "names", names);
    json_object_set_new(object, "common", common);
    return object;
}

/* The entities file that the input's first lines stand for; the caller frees it. */
static struct tw_text file_of(struct input *input)
{
    char *file = calloc(1, 1);
    size_t used = 0;
    for (int nth = 0; nth < MOST_LINES; nth++) {
        struct tw_text line = mended(take_until(input, '\n'));
        if (line.length == 0)
            break;
        json_t *company = company_of(line);
        char *text = json_dumps(company, JSON_COMPACT);
        size_t length = strlen(text);
        file = realloc(file, used + length + 1);
        promise(file != NULL, "there is memory");
        memcpy(file + used, text, length);
        file[used + length] = '\n';
        used += length + 1;
        free(text);
        json_decref(company);
    }
    return (struct tw_text){file, used};
}

static uint32_t symbols_of(struct tw_text line, struct tw_text symbols[MOST_PARTS])
{
    struct input input = {(const uint8_t *)line.bytes, line.length};
    uint32_t count = 0;
    while (count < MOST_PARTS && input.length) {
        struct tw_text symbol = take_until(&input, '|');
        if (symbol.length)
            symbols[count++] = symbol;
    }
    return count;
}

/* What stands behind each dollar sign, and the text's own beginning, as symbols. */
static void check_symbols(
    const struct slow_companies *companies, const struct tw_automaton *entities, struct tw_text text)
{
    char what[256];
    for (size_t at = 0; at < text.length; at++) {
        struct tw_text rest = {text.bytes + at, text.length - at};
        bool begins = at == 0 || text.bytes[at - 1] == '$';
        if (begins && !slow_symbols_agree(companies, entities, rest, what, sizeof what))
            promise(false, what);
    }
}

static void link_both(
    const struct tw_automaton *entities, struct tw_text file, unsigned choice, struct input *input)
{
    struct tw_text symbols[MOST_PARTS];
    struct tw_error err;
    char what[256];
    struct tw_document document = {.symbols = symbols};
    document.symbol_count = symbols_of(mended(take_until(input, '\n')), symbols);
    size_t length = input->length < MOST_TEXT ? input->length : MOST_TEXT;
    struct tw_text text = mended((struct tw_text){(const char *)input->bytes, length});
    if (choice & 2)
        text = tw_clean_text(text, &arena);
    document.text = own_copy(text);
    struct slow_companies *companies = slow_companies_new(file);
    promise(tw_link(entities, choice & 1, &document, &arena, &err), "the arena suffices");
    if (!slow_link_agrees(companies, entities, choice & 1, &document, &arena, what, sizeof what))
        promise(false, what);
    check_symbols(companies, entities, document.text);
    slow_companies_free(companies);
    free((void *)(uintptr_t)document.text.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct tw_automaton *entities = NULL;
    struct tw_error err;
    unsigned choice = take_byte(&input);
    if (!arena.base)
        promise(tw_arena_begin(&arena, (size_t)64 << 20, &err), "address space is there");
    tw_arena_reset(&arena, (size_t)4 << 20);
    struct tw_text file = file_of(&input);
    if (tw_entities_parse("entities.jsonl", file, &entities, &err))
        link_both(entities, file, choice, &input);
    tw_entities_free(entities);
    free((void *)(uintptr_t)file.bytes);
    return 0;
}
