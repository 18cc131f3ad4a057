/* The tokenizer against Hugging Face's: every text of the corpora, every code point, 100,000 made strings.
 * The peer's answers stand as hashes in tests/interop/fixtures/tokenizer/hashes.txt; tokenizer_fixtures.py,
 * which made them, says what is hashed and holds the same generator as this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "tokenizer/normalize.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

#include <cmocka.h>
#include <jansson.h>

#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIXTURES TW_TESTS_DIR "/interop/fixtures/tokenizer"

/* --- Bytes to hash --- */

struct bytes {
    char *start;
    size_t length, capacity;
};

static void append(struct bytes *bytes, const void *piece, size_t length)
{
    if (bytes->length + length > bytes->capacity) {
        bytes->capacity = 2 * (bytes->length + length) + 4096;
        bytes->start = realloc(bytes->start, bytes->capacity);
        assert_non_null(bytes->start);
    }
    if (length > 0)
        memcpy(bytes->start + bytes->length, piece, length);
    bytes->length += length;
}

static void append_number(struct bytes *bytes, uint32_t number)
{
    append(bytes, &number, sizeof number);
}

static void short_hash(const struct bytes *bytes, char hash[17])
{
    char hex[65];
    struct tw_text text = {bytes->start ? bytes->start : "", bytes->length};
    assert_true(tw_sha256_hex(text, hex, NULL));
    memcpy(hash, hex, 16);
    hash[16] = '\0';
}

/* --- The peer's answers --- */

struct answer {
    char kind[8], setting[32], input[32];
    char most[12], chunk[12]; /* numbers as they are written */
    char ids[17], offsets[17];
};

struct peer {
    struct answer *answers;
    size_t count;
    struct tw_arena arena;
    struct bytes ids, offsets;
};

static bool read_lines(struct peer *peer, FILE *file)
{
    char line[256];
    while (fgets(line, sizeof line, file)) {
        struct answer answer = {0};
        if (sscanf(line, "%7s %31s %31s %11s %11s %16s %16s", answer.kind, answer.setting, answer.input,
                answer.most, answer.chunk, answer.ids, answer.offsets) != 7 ||
            line[0] == '#')
            continue;
        struct answer *larger = realloc(peer->answers, (peer->count + 1) * sizeof *larger);
        if (!larger)
            return false;
        peer->answers = larger;
        peer->answers[peer->count++] = answer;
    }
    return peer->count > 0;
}

static int read_answers(void **state)
{
    *state = calloc(1, sizeof(struct peer));
    FILE *file = fopen(FIXTURES "/hashes.txt", "r");
    bool read = *state && file && read_lines(*state, file);
    if (file)
        fclose(file);
    struct peer *peer = *state;
    return read && tw_arena_begin(&peer->arena, (size_t)256 << 20, NULL) ? 0 : -1;
}

static int forget_answers(void **state)
{
    struct peer *peer = *state;
    tw_arena_end(&peer->arena);
    free(peer->answers);
    free(peer->ids.start);
    free(peer->offsets.start);
    free(peer);
    return 0;
}

/* Compares what was gathered with the peer's answer, and begins anew. Returns 1 for an answer that is missing
 * or differs, so that a test can name every chunk that does. */
static size_t compare_chunk(struct peer *peer, const char *kind, const char *setting, const char *input,
    unsigned most, unsigned chunk)
{
    char ids[17], offsets[17], most_text[12], chunk_text[12];
    snprintf(most_text, sizeof most_text, "%u", most);
    snprintf(chunk_text, sizeof chunk_text, "%u", chunk);
    short_hash(&peer->ids, ids);
    short_hash(&peer->offsets, offsets);
    bool words = strcmp(kind, "words") == 0;
    peer->ids.length = peer->offsets.length = 0;
    for (size_t line = 0; line < peer->count; line++) {
        const struct answer *answer = &peer->answers[line];
        if (strcmp(answer->kind, kind) != 0 || strcmp(answer->setting, setting) != 0 ||
            strcmp(answer->input, input) != 0 || strcmp(answer->most, most_text) != 0 ||
            strcmp(answer->chunk, chunk_text) != 0)
            continue;
        if (strcmp(answer->ids, ids) == 0 && (words || strcmp(answer->offsets, offsets) == 0))
            return 0;
        print_error("%s %s %s most %u chunk %u: %s differ\n", kind, setting, input, most, chunk,
            strcmp(answer->ids, ids) != 0 ? "ids" : "offsets");
        return 1;
    }
    print_error("%s %s %s most %u chunk %u: no answer of the peer\n", kind, setting, input, most, chunk);
    return 1;
}

static size_t count_answers(
    const struct peer *peer, const char *kind, const char *setting, const char *input, unsigned most)
{
    size_t count = 0;
    char most_text[12];
    snprintf(most_text, sizeof most_text, "%u", most);
    for (size_t line = 0; line < peer->count; line++) {
        const struct answer *answer = &peer->answers[line];
        count += strcmp(answer->kind, kind) == 0 && strcmp(answer->setting, setting) == 0 &&
                 strcmp(answer->input, input) == 0 && strcmp(answer->most, most_text) == 0;
    }
    return count;
}

/* --- Tokenizers in each setting --- */

static const struct setting {
    const char *name;
    bool lower_case, strip_accents, split_chinese;
    const char *config;
} settings[] = {
    {"uncased", true, true, true, "{\"do_lower_case\": true, \"strip_accents\": null}"},
    {"cased", false, false, true, "{\"do_lower_case\": false}"},
    {"uncased-accents", true, false, true, "{\"strip_accents\": false}"},
    {"cased-stripped", false, true, true, "{\"do_lower_case\": false, \"strip_accents\": true}"},
    {"uncased-chinese", true, true, false, "{\"tokenize_chinese_chars\": false}"},
};
enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"vocab.txt", "tokenizer_config.json"};
    char path[PATH_MAX];
    for (size_t name = 0; name < 2; name++) {
        assert_true(tw_path_join(path, sizeof path, folder, names[name], NULL));
        unlink(path);
    }
    rmdir(folder);
}

static struct tw_tokenizer *given_tokenizer(const struct setting *setting)
{
    char folder[] = "/tmp/tw-tokenizer-XXXXXX", path[PATH_MAX];
    struct tw_error err = {0};
    assert_non_null(mkdtemp(folder));
    assert_true(tw_path_join(path, sizeof path, folder, "vocab.txt", NULL));
    assert_int_equal(symlink(FIXTURES "/vocab.txt", path), 0);
    assert_true(tw_path_join(path, sizeof path, folder, "tokenizer_config.json", NULL));
    assert_true(tw_file_write(path, tw_text_of(setting->config), &err));
    struct tw_tokenizer *tokenizer = NULL;
    bool loaded = tw_tokenizer_load(folder, &tokenizer, &err);
    remove_folder(folder);
    if (!loaded)
        fail_msg("%s: %s", err.where, err.what);
    return tokenizer;
}

/* --- What is gathered of one text --- */

/* Whether canonical ordering moves a mark: then offsets are not compared, see tokenizer_fixtures.py. */
static bool ordering_moves_a_mark(struct tw_text text)
{
    const uint8_t *bytes = (const uint8_t *)text.bytes;
    uint8_t rank_before = 0;
    for (size_t byte = 0; byte < text.length;) {
        uint32_t code_point, parts[4];
        byte += tw_unicode_decode(bytes + byte, text.length - byte, &code_point);
        if (tw_unicode_kind(code_point)->flags & TW_UNICODE_DROPPED)
            continue;
        uint32_t count = tw_unicode_decompose(code_point, parts);
        for (uint32_t part = 0; part < count; part++) {
            uint8_t rank = tw_unicode_kind(parts[part])->rank;
            if (rank > 0 && rank < rank_before)
                return true;
            rank_before = rank;
        }
    }
    return false;
}

static void gather_tokens(struct peer *peer, const struct tw_tokenizer *tokenizer, struct tw_text text,
    const struct tw_text *pair, uint32_t most)
{
    struct tw_error err = {0};
    struct tw_tokens tokens;
    size_t mark = tw_arena_mark(&peer->arena);
    if (!tw_tokenize(tokenizer, text, pair, most ? most : TW_TOKENS_UNLIMITED, &peer->arena, &tokens, &err))
        fail_msg("%s", err.what);
    append_number(&peer->ids, tokens.count);
    append_number(&peer->ids, tokens.first_length);
    append_number(&peer->ids, tokens.truncated);
    append(&peer->ids, tokens.ids, tokens.count * sizeof *tokens.ids);
    if (!ordering_moves_a_mark(text) && !(pair && ordering_moves_a_mark(*pair))) {
        append(&peer->offsets, tokens.begins, tokens.count * sizeof *tokens.begins);
        append(&peer->offsets, tokens.ends, tokens.count * sizeof *tokens.ends);
    }
    tw_arena_rewind(&peer->arena, mark);
}

static void gather_words(struct peer *peer, const struct tw_normalizer *normalizer, struct tw_text text)
{
    struct tw_words words;
    struct tw_word word;
    size_t count_at = peer->ids.length;
    uint32_t count = 0;
    append_number(&peer->ids, 0);
    tw_words_begin(&words, normalizer, text);
    while (tw_words_next(&words, &word)) {
        if (!word.overlong)
            append(&peer->ids, word.bytes, word.length);
        append(&peer->ids, "\n", 1);
        count++;
    }
    memcpy(peer->ids.start + count_at, &count, sizeof count);
}

/* --- The generator of strings: tokenizer_fixtures.py holds the same tables --- */

static const struct {
    uint32_t first, count, fewest, most;
} ranges[] = {
    {0x61, 26, 1, 8},
    {0x41, 26, 1, 4},
    {0x30, 10, 1, 6},
    {0x21, 15, 1, 2},
    {0x3A, 7, 1, 1},
    {0x5B, 6, 1, 1},
    {0x61, 26, 95, 105},
    {0xC0, 0x140, 1, 3},
    {0x300, 0x70, 1, 3},
    {0x370, 0x1C0, 1, 5},
    {0x590, 0x170, 1, 4},
    {0x900, 0x500, 1, 4},
    {0x1DC0, 0x40, 1, 2},
    {0x1E00, 0x200, 1, 3},
    {0x2000, 0x70, 1, 2},
    {0x20A0, 0x400, 1, 2},
    {0x3000, 0x100, 1, 3},
    {0x302A, 6, 1, 3},
    {0x4E00, 0x51A0, 1, 3},
    {0xA000, 0xC00, 1, 2},
    {0xAC00, 11172, 1, 3},
    {0xF900, 0x200, 1, 2},
    {0xFE00, 0x200, 1, 2},
    {0x1D100, 0x100, 1, 4},
    {0x1F300, 0x400, 1, 2},
    {0x16FE0, 0x20, 1, 2},
    {0x0, 0x20, 1, 2},
    {0x7F, 0x22, 1, 1},
    {0x0, 0xD800, 1, 2},
    {0xE000, 0x102000, 1, 2},
};
static const char *const literals[] = {"the ", "Company ", "profits", "unbelievable", "fell ", "Q3", "U.S.",
    "can't", "$AAPL ", "https://t.co/x1", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]", "[sep]", "[SE", "P]",
    "[[SEP]]", "##ing", "\u0130stanbul", "\u00e9\u0301", "\t", "\r\n", "\u00a0", "\u3000", "\u2028", "\ufffd",
    "\u200d", "\u2026", "\u1e9e", "\u03a3\u03c2"};
enum {
    RANGE_COUNT = sizeof ranges / sizeof ranges[0],
    LITERAL_COUNT = sizeof literals / sizeof literals[0],
    LITERAL_KINDS = 14
};

/* splitmix64 (Steele, Lea and Flood, 2014) */
static uint32_t below(uint64_t *state, uint32_t limit)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((mixed ^ mixed >> 31) % limit);
}

static void append_code_point(struct bytes *bytes, uint32_t code_point)
{
    uint8_t encoded[4];
    append(bytes, encoded, tw_unicode_encode(code_point, encoded));
}

static void make_string(uint64_t *random, struct bytes *out)
{
    out->length = 0;
    for (uint32_t left = below(random, 16); left > 0; left--) {
        uint32_t kind = below(random, RANGE_COUNT + LITERAL_KINDS);
        if (kind < RANGE_COUNT) {
            uint32_t spread = ranges[kind].most - ranges[kind].fewest + 1;
            for (uint32_t many = ranges[kind].fewest + below(random, spread); many > 0; many--)
                append_code_point(out, ranges[kind].first + below(random, ranges[kind].count));
        } else {
            const char *literal = literals[below(random, LITERAL_COUNT)];
            append(out, literal, strlen(literal));
        }
        if (below(random, 2))
            append(out, " ", 1);
    }
}

static struct tw_text text_in(const struct bytes *bytes)
{
    return (struct tw_text){bytes->start ? bytes->start : "", bytes->length};
}

static size_t tokenize_strings(struct peer *peer, const struct setting *setting)
{
    struct tw_tokenizer *tokenizer = given_tokenizer(setting);
    unsigned chunks = (unsigned)count_answers(peer, "tokens", setting->name, "strings", 0);
    struct bytes first = {0}, second = {0};
    size_t wrong = chunks == 0;
    for (unsigned chunk = 0; chunk < chunks; chunk++) {
        for (unsigned index = chunk * 1000; index < chunk * 1000 + 1000; index++) {
            uint64_t random = index;
            make_string(&random, &first);
            if (index % 4 == 3)
                make_string(&random, &second);
            uint32_t mosts[3] = {0, 512, 3 + below(&random, 40)};
            uint32_t most = mosts[below(&random, 3)];
            struct tw_text pair = text_in(&second);
            gather_tokens(peer, tokenizer, text_in(&first), index % 4 == 3 ? &pair : NULL, most);
        }
        wrong += compare_chunk(peer, "tokens", setting->name, "strings", 0, chunk);
    }
    free(first.start);
    free(second.start);
    tw_tokenizer_free(tokenizer);
    return wrong;
}

static void hundred_thousand_made_strings_and_pairs_have_the_ids_of_the_peer(void **state)
{
    assert_int_equal(count_answers(*state, "tokens", "uncased", "strings", 0), 100);
    assert_int_equal(tokenize_strings(*state, &settings[0]), 0);
}

static void a_cased_folder_has_the_ids_of_the_peer(void **state)
{
    assert_int_equal(tokenize_strings(*state, &settings[1]), 0);
}

/* --- Every code point, alone and between letters --- */

enum { CODE_POINT_CHUNKS = 0x110, CHUNK_SIZE = 0x1000 };

/* The texts <cp> and a<cp>b; 0 for a surrogate. */
static size_t code_point_texts(uint32_t code_point, struct tw_text texts[2], uint8_t bytes[6])
{
    if (code_point >= 0xD800 && code_point <= 0xDFFF)
        return 0;
    uint32_t size = tw_unicode_encode(code_point, bytes + 1);
    bytes[0] = 'a';
    bytes[1 + size] = 'b';
    texts[0] = (struct tw_text){(const char *)bytes + 1, size};
    texts[1] = (struct tw_text){(const char *)bytes, size + 2};
    return 2;
}

static void every_code_point_has_the_ids_of_the_peer(void **state)
{
    struct peer *peer = *state;
    struct tw_tokenizer *tokenizer = given_tokenizer(&settings[0]);
    size_t wrong = 0;
    for (uint32_t chunk = 0; chunk < CODE_POINT_CHUNKS; chunk++) {
        for (uint32_t code_point = chunk * CHUNK_SIZE; code_point < (chunk + 1) * CHUNK_SIZE; code_point++) {
            struct tw_text texts[2];
            uint8_t bytes[6];
            size_t count = code_point_texts(code_point, texts, bytes);
            for (size_t text = 0; text < count; text++)
                gather_tokens(peer, tokenizer, texts[text], NULL, 0);
        }
        wrong += compare_chunk(peer, "tokens", "uncased", "code_points", 0, chunk);
    }
    tw_tokenizer_free(tokenizer);
    assert_int_equal(wrong, 0);
}

static struct tw_normalizer given_normalizer(const struct setting *setting)
{
    struct tw_normalizer normalizer = {
        .form = {setting->lower_case, setting->strip_accents, setting->split_chinese},
        .most_characters = 100};
    tw_normalizer_prepare(&normalizer);
    return normalizer;
}

static size_t normalize_code_points(struct peer *peer, const struct setting *setting)
{
    struct tw_normalizer normalizer = given_normalizer(setting);
    size_t wrong = 0;
    for (uint32_t chunk = 0; chunk < CODE_POINT_CHUNKS; chunk++) {
        for (uint32_t code_point = chunk * CHUNK_SIZE; code_point < (chunk + 1) * CHUNK_SIZE; code_point++) {
            struct tw_text texts[2];
            uint8_t bytes[6];
            size_t count = code_point_texts(code_point, texts, bytes);
            for (size_t text = 0; text < count; text++)
                gather_words(peer, &normalizer, texts[text]);
        }
        wrong += compare_chunk(peer, "words", setting->name, "code_points", 0, chunk);
    }
    return wrong;
}

/* Ids hide what the vocabulary does not know; words do not. */
static void every_code_point_has_the_words_of_the_peer_in_each_setting(void **state)
{
    size_t wrong = 0;
    for (size_t setting = 0; setting < SETTING_COUNT; setting++)
        wrong += normalize_code_points(*state, &settings[setting]);
    assert_int_equal(wrong, 0);
}

static size_t normalize_strings(struct peer *peer, const struct setting *setting)
{
    struct tw_normalizer normalizer = given_normalizer(setting);
    unsigned chunks = (unsigned)count_answers(peer, "words", setting->name, "strings", 0);
    struct bytes text = {0};
    size_t wrong = chunks == 0;
    for (unsigned chunk = 0; chunk < chunks; chunk++) {
        for (unsigned index = chunk * 1000; index < chunk * 1000 + 1000; index++) {
            uint64_t random = index;
            make_string(&random, &text);
            for (size_t byte = 0; byte < text.length; byte++)
                if (text.start[byte] == '[')
                    text.start[byte] = '(';
            gather_words(peer, &normalizer, text_in(&text));
        }
        wrong += compare_chunk(peer, "words", setting->name, "strings", 0, chunk);
    }
    free(text.start);
    return wrong;
}

static void made_strings_have_the_words_of_the_peer_in_each_setting(void **state)
{
    size_t wrong = 0;
    for (size_t setting = 0; setting < SETTING_COUNT; setting++)
        wrong += normalize_strings(*state, &settings[setting]);
    assert_int_equal(wrong, 0);
}

/* --- The corpora --- */

static const struct {
    const char *name, *path;
} corpora[] = {
    {"reuters-21578", "reuters-21578/stream.jsonl.gz"},
    {"sentfin", "sentfin/train.jsonl"},
    {"twitter-financial-news", "twitter-financial-news/train.jsonl"},
    {"financial-phrasebank", "financial-phrasebank/train.jsonl"},
};
enum { CORPUS_COUNT = sizeof corpora / sizeof corpora[0] };

static void data_path(char *path, size_t size, const char *name)
{
    const char *data = getenv("TW_DATA");
    assert_true(tw_path_join(path, size, data ? data : TW_SOURCE_DIR "/../shared/data", name, NULL));
}

/* Reads lines through `gzip -dcf`, which passes on what is not compressed. */
static FILE *open_lines(char *path, pid_t *child)
{
    int ends[2];
    char program[] = "gzip", options[] = "-dcf";
    char *arguments[] = {program, options, path, NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    assert_int_equal(posix_spawnp(child, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    return fdopen(ends[0], "r");
}

/* The text that the model reads: `text`, or title, one space, body. */
static void append_text_of(const json_t *record, struct bytes *text)
{
    static const char *const keys[] = {"text", "title", "body"};
    text->length = 0;
    for (size_t key = 0; key < 3; key++) {
        const json_t *value = json_object_get(record, keys[key]);
        if (!value)
            continue;
        if (key == 2)
            append(text, " ", 1);
        append(text, json_string_value(value), json_string_length(value));
    }
}

static size_t tokenize_corpus(
    struct peer *peer, const struct tw_tokenizer *tokenizer, size_t corpus, unsigned most)
{
    char path[PATH_MAX], *line = NULL;
    size_t capacity = 0, wrong = 0;
    unsigned records = 0, chunks = 0;
    struct bytes text = {0};
    pid_t child;
    data_path(path, sizeof path, corpora[corpus].path);
    FILE *lines = open_lines(path, &child);
    assert_non_null(lines);
    for (ssize_t length; (length = getline(&line, &capacity, lines)) > 0;) {
        json_t *record = json_loadb(line, (size_t)length, 0, NULL);
        assert_non_null(record);
        append_text_of(record, &text);
        json_decref(record);
        gather_tokens(peer, tokenizer, text_in(&text), NULL, most);
        if (++records % 1000 == 0)
            wrong += compare_chunk(peer, "tokens", "uncased", corpora[corpus].name, most, chunks++);
    }
    if (records % 1000 != 0)
        wrong += compare_chunk(peer, "tokens", "uncased", corpora[corpus].name, most, chunks++);
    fclose(lines);
    waitpid(child, NULL, 0);
    free(line);
    free(text.start);
    assert_true(chunks > 0);
    assert_int_equal(chunks, count_answers(peer, "tokens", "uncased", corpora[corpus].name, most));
    return wrong;
}

static void all_text_of_the_corpora_has_the_ids_of_the_peer(void **state)
{
    struct peer *peer = *state;
    char path[PATH_MAX];
    data_path(path, sizeof path, corpora[0].path);
    if (access(path, R_OK) != 0) {
        print_message("SKIPPED: no corpora at TW_DATA (%s)\n", path);
        skip();
    }
    struct tw_tokenizer *tokenizer = given_tokenizer(&settings[0]);
    size_t wrong = 0;
    for (size_t corpus = 0; corpus < CORPUS_COUNT; corpus++)
        wrong += tokenize_corpus(peer, tokenizer, corpus, 512) + tokenize_corpus(peer, tokenizer, corpus, 0);
    tw_tokenizer_free(tokenizer);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundred_thousand_made_strings_and_pairs_have_the_ids_of_the_peer),
        cmocka_unit_test(a_cased_folder_has_the_ids_of_the_peer),
        cmocka_unit_test(every_code_point_has_the_ids_of_the_peer),
        cmocka_unit_test(every_code_point_has_the_words_of_the_peer_in_each_setting),
        cmocka_unit_test(made_strings_have_the_words_of_the_peer_in_each_setting),
        cmocka_unit_test(all_text_of_the_corpora_has_the_ids_of_the_peer),
    };
    return cmocka_run_group_tests(tests, read_answers, forget_answers);
}
