#include "training/learn_vocabulary.h"

#include "base/file.h"
#include "base/folder.h"
#include "files/reader.h"
#include "files/texts.h"
#include "run/run_folder.h"
#include "tokenizer/wordpiece.h"
#include "vocabulary/pieces.h"

#include <jansson.h>

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)2 << 30) /* address space: paths, pieces, what finds them in a word */
enum { WORD_MOST_CHARACTERS = 100, RECORDS_BETWEEN_LOOKS = 256 };
enum { UNKNOWN_ID = 1 };

#define AT(member) offsetof(struct tw_learn_vocabulary_settings, member)

static const struct tw_setting rows[] = {
    {"output", TW_SETTING_TEXT, AT(output), 0, 0, NULL, "", "folder of the vocabulary, new or empty", 'o'},
    {"size", TW_SETTING_COUNT, AT(size), 8, TW_PIECES_MOST, NULL, "30522",
        "pieces in all, special tokens and single characters counted", 0},
    {"min_count", TW_SETTING_COUNT, AT(min_count), 1, 1e15, NULL, "2",
        "times that two pieces stand side by side before they become one", 0},
    {"cased", TW_SETTING_SWITCH, AT(cased), 0, 0, NULL, "false",
        "keep capitals and accents; --lowercase, the opposite, is what is done without it", 0},
    {"most_characters", TW_SETTING_COUNT, AT(most_characters), 1, 0x110000, NULL, "1000",
        "characters of the alphabet, the most frequent ones; a word with another is unknown", 0},
    {"max_positions", TW_SETTING_COUNT, AT(max_positions), 8, 65536, NULL, "512",
        "tokens of the longest text, as the model will have it", 0},
    {"raw", TW_SETTING_SWITCH, AT(raw), 0, 0, NULL, "false", "take texts as they are, without cleaning", 0},
    {"skip_refused", TW_SETTING_SWITCH, AT(skip_refused), 0, 0, NULL, "false",
        "go on without records that cannot be used", 0},
};

const struct tw_settings tw_learn_vocabulary_table = {"vocab", rows, sizeof rows / sizeof rows[0]};

/* By their ids. */
static const struct {
    const char *token, *key;
} specials[] = {{"[PAD]", "pad_token"}, {"[UNK]", "unk_token"}, {"[CLS]", "cls_token"},
    {"[SEP]", "sep_token"}, {"[MASK]", "mask_token"}};
enum { SPECIALS = sizeof specials / sizeof specials[0] };

struct making {
    const struct tw_learn_vocabulary_settings *settings;
    const struct tw_learn_vocabulary_call *call;
    struct tw_learn_vocabulary_result *result;
    struct tw_arena arena;
    struct tw_text special[SPECIALS];
    struct tw_added_token added[SPECIALS];
    struct tw_normalizer normalizer;
    struct tw_tally tally;
    struct tw_pieces pieces;
};

/* ---- words ---- */

/* As a tokenizer of the folder will have it. */
static void prepare_normalizer(struct making *making)
{
    bool lower = !making->settings->cased;
    for (int32_t id = 0; id < SPECIALS; id++) {
        making->special[id] = tw_text_of(specials[id].token);
        making->added[id] = (struct tw_added_token){.text = making->special[id], .id = id};
    }
    making->normalizer =
        (struct tw_normalizer){.form = {.lower_case = lower, .strip_accents = lower, .split_chinese = true},
            .most_characters = WORD_MOST_CHARACTERS};
    tw_added_index(making->added, SPECIALS, &making->normalizer.form, &making->normalizer.added);
    tw_normalizer_prepare(&making->normalizer);
}

static bool take_text(void *self, struct tw_text text, struct tw_arena *scratch, struct tw_error *err)
{
    struct making *making = self;
    const struct tw_learn_vocabulary_call *call = making->call;
    uint64_t before = making->tally.total;
    (void)scratch;
    if (!tw_tally_add(&making->tally, text, err))
        return false;
    making->result->records += making->tally.total > before;
    if (call->on_reading && making->result->records % RECORDS_BETWEEN_LOOKS == 0)
        call->on_reading(call->context, making->result->records, making->tally.total);
    return true;
}

static bool read_archive(struct making *making, const char *path, struct tw_error *err)
{
    const struct tw_learn_vocabulary_call *call = making->call;
    const struct tw_texts_options texts = {.decode = call->decode,
        .stamp_us = call->stamp_us,
        .raw = making->settings->raw,
        .intake = call->intake,
        .on_refused = making->settings->skip_refused ? call->on_refused : NULL,
        .context = call->context};
    uint64_t before = making->result->records;
    if (!tw_texts_read(path, &texts, take_text, making, &making->result->refused, err))
        return false;
    if (making->result->records == before)
        return tw_fail(err, TW_CONFIG, path, "give records with text, one a line", "no usable record");
    return true;
}

static bool read_archives(struct making *making, struct tw_error *err)
{
    const struct tw_learn_vocabulary_call *call = making->call;
    if (call->archive_count == 0)
        return tw_fail(
            err, TW_USAGE, NULL, "tapewatch vocab -o FOLDER FILE...", "no archive is named to learn from");
    for (size_t at = 0; at < call->archive_count; at++) {
        struct tw_reader_paths paths;
        if (!tw_reader_list(call->archives[at], &making->arena, &paths, err))
            return false;
        for (size_t file = 0; file < paths.count; file++)
            if (!read_archive(making, paths.items[file], err))
                return false;
    }
    making->result->words = making->tally.total;
    making->result->different = making->tally.word_count;
    return true;
}

/* ---- pieces ---- */

static void tell_piece(void *context, uint32_t pieces)
{
    const struct making *making = context;
    if (making->call->on_learning)
        making->call->on_learning(making->call->context, pieces, (uint32_t)making->settings->size);
}

static bool learn_pieces(struct making *making, struct tw_error *err)
{
    const struct tw_learn_vocabulary_settings *settings = making->settings;
    const struct tw_pieces_options options = {.first = making->special,
        .first_count = SPECIALS,
        .size = (uint32_t)settings->size,
        .least_count = settings->min_count,
        .most_characters = (uint32_t)settings->most_characters,
        .made = tell_piece,
        .context = making};
    if (!tw_pieces_learn(
            making->tally.words, making->tally.word_count, &options, &making->arena, &making->pieces, err))
        return false;
    making->result->pieces = making->pieces.count;
    making->result->characters = making->pieces.characters;
    return true;
}

/* What the vocabulary makes of the words that it was learned from. */
static bool cut_words(struct making *making, struct tw_error *err)
{
    struct tw_learn_vocabulary_result *result = making->result;
    struct tw_wordpiece wordpiece;
    uint32_t twice = 0, first = 0, ends[TW_WORD_MOST_BYTES];
    int32_t ids[TW_WORD_MOST_BYTES];
    if (!tw_wordpiece_build(
            making->pieces.items, making->pieces.count, &making->arena, &wordpiece, &twice, &first, err))
        return false;
    for (size_t at = 0; at < making->tally.word_count; at++) {
        const struct tw_tally_word *word = &making->tally.words[at];
        uint32_t pieces = tw_wordpiece_cut(
            &wordpiece, (const uint8_t *)word->text.bytes, (uint32_t)word->text.length, ids, ends);
        result->whole += pieces == 1 ? word->count : 0;
        result->unknown += pieces == 0 ? word->count : 0;
        result->cut += word->count * (pieces ? pieces : UNKNOWN_ID);
    }
    return true;
}

/* ---- the folder ---- */

static bool write_object(const char *folder, const char *name, json_t *object, struct tw_error *err)
{
    char path[PATH_MAX];
    char *text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
    json_decref(object);
    if (!text)
        return tw_fail(err, TW_INTERNAL, folder, "give the process more memory", "out of memory");
    bool written =
        tw_path_join(path, sizeof path, folder, name, err) && tw_file_write(path, tw_text_of(text), err);
    free(text);
    return written;
}

/* NULL when memory is refused. */
static json_t *special_names(void)
{
    json_t *names = json_object();
    for (size_t id = 0; names && id < SPECIALS; id++)
        if (json_object_set_new(names, specials[id].key, json_string(specials[id].token)) != 0) {
            json_decref(names);
            names = NULL;
        }
    return names;
}

static json_t *tokenizer_config(const struct tw_learn_vocabulary_settings *settings)
{
    json_t *names = special_names();
    json_t *config = json_pack("{s:s, s:b, s:b, s:b, s:I}", "tokenizer_class", "BertTokenizer",
        "do_lower_case", !settings->cased, "strip_accents", !settings->cased, "tokenize_chinese_chars", true,
        "model_max_length", (json_int_t)settings->max_positions);
    if (!names || !config || json_object_update(config, names) != 0) {
        json_decref(config);
        config = NULL;
    }
    json_decref(names);
    return config;
}

static bool write_vocabulary(const struct making *making, const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    size_t bytes = 0, used = 0;
    for (uint32_t piece = 0; piece < making->pieces.count; piece++)
        bytes += making->pieces.items[piece].length + 1;
    char *text = malloc(bytes);
    if (!text)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "out of memory");
    for (uint32_t piece = 0; piece < making->pieces.count; piece++) {
        struct tw_text item = making->pieces.items[piece];
        memcpy(text + used, item.bytes, item.length);
        used += item.length;
        text[used++] = '\n';
    }
    bool written = tw_path_join(path, sizeof path, folder, "vocab.txt", err) &&
                   tw_file_write(path, (struct tw_text){text, used}, err);
    free(text);
    return written;
}

static bool write_files(const struct making *making, const char *folder, struct tw_error *err)
{
    return write_object(folder, "tokenizer_config.json", tokenizer_config(making->settings), err) &&
           write_object(folder, "special_tokens_map.json", special_names(), err) &&
           write_vocabulary(making, folder, err);
}

static bool write_folder(const struct making *making, struct tw_error *err)
{
    char partial[TW_FOLDER_PATH];
    if (!tw_folder_begin(making->settings->output, partial, err))
        return false;
    if (write_files(making, partial, err) && tw_folder_finish(partial, making->settings->output, err))
        return true;
    tw_folder_remove(partial);
    return false;
}

/* ---- all of it ---- */

static bool make(struct making *making, struct tw_error *err)
{
    prepare_normalizer(making);
    return tw_run_folder_check_empty(making->settings->output, "name another folder", err) &&
           tw_arena_begin(&making->arena, ARENA_BYTES, err) &&
           tw_tally_begin(&making->tally, &making->normalizer, err) && read_archives(making, err) &&
           learn_pieces(making, err) && cut_words(making, err) && write_folder(making, err);
}

bool tw_learn_vocabulary(const struct tw_learn_vocabulary_settings *settings,
    const struct tw_learn_vocabulary_call *call, struct tw_learn_vocabulary_result *result,
    struct tw_error *err)
{
    struct making making = {.settings = settings, .call = call, .result = result};
    *result = (struct tw_learn_vocabulary_result){0};
    bool made = make(&making, err);
    tw_tally_end(&making.tally);
    tw_arena_end(&making.arena);
    return made;
}
