/* fuzz_river: any bytes through decode, clean, link and tokenize, with the promises that hold of every
 * result.
 *
 * The first byte chooses: bit 0 JSON message or plain title and body, bit 1 raw, bit 2 unlisted symbols. */
#include "promise.h"

#include <unistd.h>

#include "base/file.h"
#include "clean/clean.h"
#include "clean/utf8.h"
#include "names/entities.h"
#include "read/decode.h"
#include "river.h"
#include "score/classify.h"

enum { MOST_TOKENS = 64 };

static struct tw_automaton *entities;
static struct tw_classifier *classifier;
static struct tw_river_worker *worker;
static struct tw_decode_options decode;
static struct tw_arena arena;

/* A vocabulary of single characters, enough for words to be cut into. */
static void write_vocabulary(const char *folder)
{
    char file[8192], path[4096];
    struct tw_error err;
    size_t used =
        (size_t)snprintf(file, sizeof file, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nprofit\n##s\n\xC3\xA9\n");
    for (int byte = '!'; byte < 0x7F; byte++)
        if (byte < 'A' || byte > 'Z')
            used += (size_t)snprintf(
                file + used, sizeof file - used, byte == 's' ? "s\n" : "%c\n##%c\n", byte, byte);
    promise(tw_path_join(path, sizeof path, folder, "vocab.txt", &err) &&
                tw_file_write(path, (struct tw_text){file, used}, &err),
        "the vocabulary can be written");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static const char file[] =
        "{\"symbol\":\"OM\",\"names\":[\"Outboard Marine Corp.\",\"Outboard Marine\"]}\n"
        "{\"symbol\":\"DAL\",\"names\":[\"Delta Air\",\"Delta\"]}\n"
        "{\"symbol\":\"DLTA\",\"names\":[\"Delta\",\"GM\",\"a b a b a b\"],\"common\":[\"Delta\"]}\n";
    char folder[] = "/tmp/fuzz_river_XXXXXX", path[4096];
    struct tw_error err;
    promise(mkdtemp(folder) != NULL, "a folder can be made");
    write_vocabulary(folder);
    struct tw_classifier_options options = {.constant = true, .folder = folder, .max_tokens = MOST_TOKENS};
    decode = tw_decode_defaults();
    promise(tw_classifier_open(&options, &classifier, &err), err.what);
    promise(tw_entities_parse("e", tw_text_of(file), &entities, &err), err.what);
    promise(tw_arena_begin(&arena, (size_t)256 << 20, &err), err.what);
    struct tw_river river = {.classifier = classifier};
    promise(tw_river_worker_new(&river, &worker, &err), err.what);
    promise(
        tw_path_join(path, sizeof path, folder, "vocab.txt", &err) && unlink(path) == 0 && rmdir(folder) == 0,
        "the folder can be removed");
    return 0;
}

static void check_links(const struct tw_document *document)
{
    uint64_t mentions = 0;
    for (uint32_t at = 0; at < document->entity_count; at++) {
        promise(
            at == 0 || tw_text_compare(document->entities[at - 1].symbol, document->entities[at].symbol) < 0,
            "entities are sorted, each once");
        promise(document->entities[at].mentions > 0, "an entity is mentioned");
        mentions += document->entities[at].mentions;
    }
    promise(mentions == document->mention_count, "mentions add up");
    for (uint32_t at = 0; at < document->mention_count; at++) {
        const struct tw_mention *mention = &document->mentions[at];
        promise(mention->entity < document->entity_count, "a mention is of an entity");
        promise(mention->begin <= mention->end && mention->end <= document->text.length,
            "a mention is in the text");
        promise(at == 0 || document->mentions[at - 1].end <= mention->begin, "mentions do not overlap");
    }
}

static void check_stored(const struct tw_document *document, bool cleaned)
{
    promise(is_utf8_without_nul(document->text), "text is UTF-8 without NUL");
    promise(is_utf8_without_nul(document->id) && is_utf8_without_nul(document->source), "fields are UTF-8");
    promise(document->title_length <= document->text.length, "the title is part of the text");
    promise(
        document->token_count >= 2 && document->token_count <= MOST_TOKENS, "tokens are within their limit");
    if (cleaned && document->text.length) {
        promise(document->text.bytes[0] != ' ' && document->text.bytes[document->text.length - 1] != ' ',
            "no white space at the ends");
        promise(!memmem(document->text.bytes, document->text.length, "  ", 2), "no white space doubled");
    }
    check_links(document);
}

static void run_plain(const struct tw_river *river, struct tw_text text)
{
    struct tw_error err;
    uint32_t repairs = 0;
    struct tw_text mended = tw_text_repair(text, &arena, &repairs);
    struct tw_document document = {
        .title = {mended.bytes, 0}, .body = {mended.bytes, mended.length}, .id = {"", 0}, .source = {"", 0}};
    promise(mended.bytes != NULL || text.length == 0, "the arena suffices");
    promise(tw_river_prepare(river, &document, &arena, &err), "the arena suffices");
    if (document.fate == TW_FATE_STORED)
        check_stored(&document, !river->raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    /* A copy of its own, so that reading past the end is seen. */
    size_t length = size - 1;
    char *bytes = malloc(length ? length : 1);
    promise(bytes != NULL, "memory");
    memcpy(bytes, data + 1, length);
    struct tw_text text = {bytes, length};
    struct tw_river river = {.decode = &decode,
        .entities = entities,
        .classifier = classifier,
        .raw = data[0] & 2,
        .link_unlisted = data[0] & 4};
    tw_arena_reset(&arena, (size_t)16 << 20);
    if (data[0] & 1) {
        run_plain(&river, text);
    } else {
        struct tw_message message = {
            .stamp_us = INT64_C(1700000000000000), .payload = text, .has_value = true};
        struct tw_rows rows;
        struct tw_error err;
        promise(tw_river_run(&river, worker, &message, 1, &arena, &rows, &err), "the arena suffices");
        promise(rows.stored_count + rows.dead_count == 1, "a message has one fate");
        if (rows.stored_count)
            check_stored(&rows.documents[0], !river.raw);
        else
            promise(
                rows.documents[0].refusal && is_utf8_without_nul(tw_text_of(rows.documents[0].refusal->what)),
                "a refusal says what, in UTF-8");
    }
    free(bytes);
    return 0;
}
