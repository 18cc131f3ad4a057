/* fuzz_river: any bytes through decode, clean, link and tokenize, with the promises that hold of every
 * result.
 *
 * The first byte chooses: bit 0 JSON message or plain title and body, bit 1 raw, bit 2 unlisted symbols. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utf8proc.h>

#include "base/file.h"
#include "link/entities.h"
#include "read/clean.h"
#include "read/decode.h"
#include "read/utf8.h"
#include "river.h"
#include "score/classify.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_TOKENS = 64 };

static struct tw_automaton *entities;
static struct tw_classifier *classifier;
static struct tw_river_worker *worker;
static struct tw_decode_options decode;
static struct tw_arena arena;

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_river: broken promise: %s\n", what);
    abort();
}

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
    must(tw_path_join(path, sizeof path, folder, "vocab.txt", &err) &&
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
    must(mkdtemp(folder) != NULL, "a folder can be made");
    write_vocabulary(folder);
    struct tw_classifier_options options = {.constant = true, .folder = folder, .max_tokens = MOST_TOKENS};
    decode = tw_decode_defaults();
    must(tw_classifier_open(&options, &classifier, &err), err.what);
    must(tw_entities_parse("e", tw_text_of(file), &entities, &err), err.what);
    must(tw_arena_begin(&arena, (size_t)256 << 20, &err), err.what);
    struct tw_river river = {.classifier = classifier};
    must(tw_river_worker_new(&river, &worker, &err), err.what);
    must(
        tw_path_join(path, sizeof path, folder, "vocab.txt", &err) && unlink(path) == 0 && rmdir(folder) == 0,
        "the folder can be removed");
    return 0;
}

static bool is_utf8_without_nul(struct tw_text text)
{
    for (size_t at = 0; at < text.length;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t length = utf8proc_iterate(
            (const utf8proc_uint8_t *)text.bytes + at, (utf8proc_ssize_t)(text.length - at), &point);
        if (length <= 0 || point == 0)
            return false;
        at += (size_t)length;
    }
    return true;
}

static void check_links(const struct tw_document *document)
{
    uint64_t mentions = 0;
    for (uint32_t at = 0; at < document->entity_count; at++) {
        must(at == 0 || tw_text_compare(document->entities[at - 1].symbol, document->entities[at].symbol) < 0,
            "entities are sorted, each once");
        must(document->entities[at].mentions > 0, "an entity is mentioned");
        mentions += document->entities[at].mentions;
    }
    must(mentions == document->mention_count, "mentions add up");
    for (uint32_t at = 0; at < document->mention_count; at++) {
        const struct tw_mention *mention = &document->mentions[at];
        must(mention->entity < document->entity_count, "a mention is of an entity");
        must(mention->begin <= mention->end && mention->end <= document->text.length,
            "a mention is in the text");
        must(at == 0 || document->mentions[at - 1].end <= mention->begin, "mentions do not overlap");
    }
}

static void check_stored(const struct tw_document *document, bool cleaned)
{
    must(is_utf8_without_nul(document->text), "text is UTF-8 without NUL");
    must(is_utf8_without_nul(document->id) && is_utf8_without_nul(document->source), "fields are UTF-8");
    must(document->title_length <= document->text.length, "the title is part of the text");
    must(document->token_count >= 2 && document->token_count <= MOST_TOKENS, "tokens are within their limit");
    if (cleaned && document->text.length) {
        must(document->text.bytes[0] != ' ' && document->text.bytes[document->text.length - 1] != ' ',
            "no white space at the ends");
        must(!memmem(document->text.bytes, document->text.length, "  ", 2), "no white space doubled");
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
    must(mended.bytes != NULL || text.length == 0, "the arena suffices");
    must(tw_river_prepare(river, &document, &arena, &err), "the arena suffices");
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
    must(bytes != NULL, "memory");
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
        must(tw_river_run(&river, worker, &message, 1, &arena, &rows, &err), "the arena suffices");
        must(rows.stored_count + rows.dead_count == 1, "a message has one fate");
        if (rows.stored_count)
            check_stored(&rows.documents[0], !river.raw);
        else
            must(
                rows.documents[0].refusal && is_utf8_without_nul(tw_text_of(rows.documents[0].refusal->what)),
                "a refusal says what, in UTF-8");
    }
    free(bytes);
    return 0;
}
