#include "distill/prune_vocabulary.h"

#include "base/file.h"
#include "run/run_folder.h"
#include "tokenizer/tokenizer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_BYTES ((size_t)256 << 20)
#define KEEP_BYTES ((size_t)1 << 20)

struct pruning {
    const struct tw_tokenizer *tokenizer;
    const struct tw_prune_vocabulary_options *options;
    size_t size;      /* of the old vocabulary */
    uint64_t *counts; /* [size] */
    bool *kept;       /* [size] */
    size_t kept_count;
};

struct piece {
    uint64_t count;
    int32_t id;
};

static bool count_pieces(struct pruning *pruning, const struct tw_dataset *dataset, const size_t *records,
    size_t count, struct tw_error *err)
{
    struct tw_arena scratch;
    bool counted = tw_arena_begin(&scratch, SCRATCH_BYTES, err);
    for (size_t at = 0; counted && at < count; at++) {
        struct tw_tokens tokens;
        tw_arena_reset(&scratch, KEEP_BYTES);
        counted = tw_tokenize(pruning->tokenizer, dataset->examples[records[at]].text, NULL,
            pruning->options->most_tokens, &scratch, &tokens, err);
        for (uint32_t token = 0; counted && token < tokens.count; token++)
            pruning->counts[tokens.ids[token]]++;
    }
    tw_arena_end(&scratch);
    return counted;
}

static void keep(struct pruning *pruning, int32_t id)
{
    if (id < 0 || pruning->kept[id])
        return;
    pruning->kept[id] = true;
    pruning->kept_count++;
}

/* One character, or ## and one. */
static bool is_single(struct tw_text piece)
{
    size_t begin = piece.length > 2 && memcmp(piece.bytes, "##", 2) == 0 ? 2 : 0, characters = 0;
    for (size_t at = begin; at < piece.length; at++)
        characters += ((unsigned char)piece.bytes[at] & 0xC0) != 0x80;
    return characters == 1;
}

static bool is_placeholder(struct tw_text piece)
{
    return piece.length > 7 && memcmp(piece.bytes, "[unused", 7) == 0;
}

static bool keep_needed(struct pruning *pruning, struct tw_error *err)
{
    struct tw_special_ids special = tw_tokenizer_special_ids(pruning->tokenizer);
    const int32_t ids[] = {
        special.padding, special.unknown, special.classify, special.separator, special.mask};
    for (size_t at = 0; at < sizeof ids / sizeof ids[0]; at++)
        keep(pruning, ids[at]);
    for (size_t id = 0; id < pruning->size; id++) {
        struct tw_text piece = tw_tokenizer_token(pruning->tokenizer, (int32_t)id);
        if (piece.bytes && is_single(piece))
            keep(pruning, (int32_t)id);
    }
    if (pruning->kept_count <= pruning->options->most)
        return true;
    return tw_fail(err, TW_CONFIG, "vocabulary", "allow more words",
        "special tokens and single characters alone are %zu, %zu are allowed", pruning->kept_count,
        pruning->options->most);
}

static void keep_margin(struct pruning *pruning)
{
    size_t taken = 0;
    for (size_t id = 0; id < pruning->size && taken < pruning->options->margin; id++) {
        struct tw_text piece = tw_tokenizer_token(pruning->tokenizer, (int32_t)id);
        if (!piece.bytes || pruning->kept[id] || is_placeholder(piece) ||
            pruning->kept_count >= pruning->options->most)
            continue;
        keep(pruning, (int32_t)id);
        taken++;
    }
}

/* The most used first; of two as often used, the lower id. */
static int by_use(const void *left, const void *right)
{
    const struct piece *one = left, *other = right;
    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return (one->id > other->id) - (one->id < other->id);
}

static bool keep_used(struct pruning *pruning, struct tw_error *err)
{
    struct piece *pieces = calloc(pruning->size, sizeof *pieces);
    size_t used = 0;
    if (!pieces)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for a vocabulary");
    for (size_t id = 0; id < pruning->size; id++)
        if (pruning->counts[id])
            pieces[used++] = (struct piece){pruning->counts[id], (int32_t)id};
    qsort(pieces, used, sizeof *pieces, by_use);
    for (size_t at = 0; at < used && pruning->kept_count < pruning->options->most; at++)
        keep(pruning, pieces[at].id);
    free(pieces);
    return true;
}

static bool gather(const struct pruning *pruning, struct tw_arena *arena, struct tw_pruned_vocabulary *out,
    struct tw_error *err)
{
    size_t bytes = 0, used = 0;
    uint64_t all = 0, covered = 0;
    *out = (struct tw_pruned_vocabulary){
        .words = tw_arena_array(arena, pruning->kept_count, sizeof *out->words)};
    if (!out->words)
        return tw_arena_fail(arena, err);
    for (size_t id = 0; id < pruning->size; id++) {
        all += pruning->counts[id];
        if (!pruning->kept[id])
            continue;
        covered += pruning->counts[id];
        bytes += tw_tokenizer_token(pruning->tokenizer, (int32_t)id).length + 1;
        out->words[out->count++] = (int32_t)id;
    }
    char *text = tw_arena_take(arena, bytes + 1);
    if (!text)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < out->count; at++) {
        struct tw_text piece = tw_tokenizer_token(pruning->tokenizer, out->words[at]);
        memcpy(text + used, piece.bytes, piece.length);
        used += piece.length;
        text[used++] = '\n';
    }
    out->vocabulary = (struct tw_text){text, used};
    out->covered = all ? (double)covered / (double)all : 1;
    return true;
}

bool tw_prune_vocabulary(const struct tw_tokenizer *tokenizer, const struct tw_dataset *dataset,
    const size_t *records, size_t count, const struct tw_prune_vocabulary_options *options,
    struct tw_arena *arena, struct tw_pruned_vocabulary *out, struct tw_error *err)
{
    struct pruning pruning = {
        .tokenizer = tokenizer, .options = options, .size = tw_tokenizer_vocabulary_size(tokenizer)};
    pruning.counts = tw_arena_array(arena, pruning.size, sizeof *pruning.counts);
    pruning.kept = tw_arena_array(arena, pruning.size, sizeof *pruning.kept);
    if (!pruning.counts || !pruning.kept)
        return tw_arena_fail(arena, err);
    if (!count_pieces(&pruning, dataset, records, count, err) || !keep_needed(&pruning, err))
        return false;
    keep_margin(&pruning);
    return keep_used(&pruning, err) && gather(&pruning, arena, out, err);
}

static bool copy_file(const char *folder, const char *from, const char *name, struct tw_error *err)
{
    char source[PATH_MAX], target[PATH_MAX];
    struct tw_loaded_file file;
    if (!tw_path_join(source, sizeof source, from, name, err) ||
        !tw_path_join(target, sizeof target, folder, name, err))
        return false;
    if (access(source, F_OK) != 0)
        return true;
    if (!tw_file_load(source, &file, err))
        return false;
    bool written = tw_file_write(target, (struct tw_text){file.bytes, file.length}, err);
    tw_file_unload(&file);
    return written;
}

bool tw_prune_vocabulary_write(
    const char *folder, const char *from, const struct tw_pruned_vocabulary *pruned, struct tw_error *err)
{
    char path[PATH_MAX];
    return tw_run_folder_make(folder, (struct tw_text){"", 0}, err) &&
           tw_path_join(path, sizeof path, folder, "vocab.txt", err) &&
           tw_file_write(path, pruned->vocabulary, err) &&
           copy_file(folder, from, "tokenizer_config.json", err) &&
           copy_file(folder, from, "special_tokens_map.json", err);
}
