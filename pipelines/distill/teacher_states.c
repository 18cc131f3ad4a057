#include "distill/teacher_states.h"

#include "tokenizer/tokenizer.h"

#include <string.h>

enum { WORD_BYTES = 512, SAMPLE = 2000 };
#define SCRATCH_BYTES ((size_t)64 << 20)

/* Embeddings to embeddings, then layer n of N to layer n M / N of M (Jiao et al. 2020, "uniform"). */
static bool pair_layers(
    struct tw_teacher_states *states, size_t student_layers, struct tw_arena *arena, struct tw_error *err)
{
    size_t pairs = student_layers + 1, theirs = states->model->config.layers;
    size_t *student = tw_arena_array(arena, pairs, sizeof *student);
    size_t *teacher = tw_arena_array(arena, pairs, sizeof *teacher);
    if (!student || !teacher)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < pairs; at++) {
        student[at] = at;
        teacher[at] = student_layers ? at * theirs / student_layers : 0;
    }
    states->teacher = (struct tw_teacher){
        .model = states->model, .student_layers = student, .teacher_layers = teacher, .pairs = pairs};
    return true;
}

bool tw_teacher_states_open(const char *folder, size_t student_layers, struct tw_arena *arena,
    struct tw_teacher_states *out, struct tw_error *err)
{
    const struct tw_model_options options = {.need_head = true};
    *out = (struct tw_teacher_states){0};
    return tw_tokenizer_load(folder, &out->tokenizer, err) &&
           tw_model_open(folder, &options, &out->model, err) && pair_layers(out, student_layers, arena, err);
}

void tw_teacher_states_close(struct tw_teacher_states *states)
{
    tw_model_close(states->model);
    tw_tokenizer_free(states->tokenizer);
    *states = (struct tw_teacher_states){0};
}

/* ---- words and their pieces ---- */

/* One word put together again: the first piece, then those that go on with ##. */
struct word {
    char bytes[WORD_BYTES + 2]; /* two before it, for ## */
    size_t length;
};

static bool goes_on(struct tw_text piece)
{
    return piece.length > 2 && memcmp(piece.bytes, "##", 2) == 0;
}

/* The id of the longest piece of the teacher's that the word has at `at`, or -1; its end. */
static int32_t longest_piece(
    const struct tw_tokenizer *teacher, const struct word *word, size_t at, size_t *end)
{
    char text[WORD_BYTES + 2] = "##";
    size_t mark = at > 0 ? 2 : 0;
    memcpy(text + mark, word->bytes + at, word->length - at);
    for (size_t length = word->length - at; length > 0; length--) {
        int32_t id = tw_tokenizer_id(teacher, (struct tw_text){text, mark + length});
        *end = at + length;
        if (id >= 0)
            return id;
    }
    return -1;
}

/* The teacher's ids for the pieces [first, last) of one word; false when it would cut it otherwise. */
static bool match_word(const struct tw_teacher_states *states, const struct tw_tokenizer *student,
    const int32_t *ids, size_t first, size_t last, int32_t *teacher_ids)
{
    struct word word = {.length = 0};
    size_t begin = 0;
    for (size_t at = first; at < last; at++) {
        struct tw_text piece = tw_tokenizer_token(student, ids[at]);
        size_t mark = at > first ? 2 : 0;
        if (!piece.bytes || word.length + piece.length > WORD_BYTES)
            return false;
        memcpy(word.bytes + word.length, piece.bytes + mark, piece.length - mark);
        word.length += piece.length - mark;
    }
    for (size_t at = first; at < last; at++) {
        size_t end, wanted = tw_tokenizer_token(student, ids[at]).length - (at > first ? 2 : 0);
        teacher_ids[at] = longest_piece(states->tokenizer, &word, begin, &end);
        if (teacher_ids[at] < 0 || end - begin != wanted)
            return false;
        begin = end;
    }
    return true;
}

/* The teacher's special token of the same part, or -1. */
static int32_t special_of(struct tw_special_ids ours, struct tw_special_ids theirs, int32_t id)
{
    const int32_t pairs[][2] = {{ours.classify, theirs.classify}, {ours.separator, theirs.separator},
        {ours.padding, theirs.padding}, {ours.mask, theirs.mask}};
    for (size_t at = 0; at < sizeof pairs / sizeof pairs[0]; at++)
        if (id == pairs[at][0])
            return pairs[at][1];
    return -1;
}

static bool match_sequence(const struct tw_teacher_states *states, const struct tw_tokenizer *student,
    const int32_t *ids, size_t count, int32_t *teacher_ids)
{
    const struct tw_special_ids ours = tw_tokenizer_special_ids(student);
    const struct tw_special_ids theirs = tw_tokenizer_special_ids(states->tokenizer);
    for (size_t first = 0, last; first < count; first = last) {
        last = first + 1;
        teacher_ids[first] = special_of(ours, theirs, ids[first]);
        if (teacher_ids[first] >= 0)
            continue;
        while (last < count && goes_on(tw_tokenizer_token(student, ids[last])))
            last++;
        if (ids[first] == ours.unknown || !match_word(states, student, ids, first, last, teacher_ids))
            return false;
    }
    return count <= states->model->config.max_positions;
}

bool tw_teacher_states_add(const struct tw_teacher_states *states, const struct tw_tokenizer *student,
    const struct tw_packed *batch, struct tw_arena *arena, struct tw_targets *targets, struct tw_error *err)
{
    int32_t *ids = tw_arena_array(arena, batch->starts[batch->count], sizeof *ids);
    bool *matched = tw_arena_array(arena, batch->count, sizeof *matched);
    if (!ids || !matched)
        return tw_arena_fail(arena, err);
    int32_t unknown = tw_tokenizer_special_ids(states->tokenizer).unknown;
    for (size_t sequence = 0; sequence < batch->count; sequence++) {
        size_t first = batch->starts[sequence], count = tw_packed_length(batch, sequence);
        matched[sequence] = match_sequence(states, student, batch->ids + first, count, ids + first);
        /* The teacher reads it all the same; nobody looks at what it makes of it. */
        for (size_t at = 0; !matched[sequence] && at < count; at++)
            ids[first + at] = unknown;
    }
    targets->teacher_ids = ids;
    targets->matched = matched;
    return true;
}

double tw_teacher_states_matched_share(const struct tw_teacher_states *states,
    const struct tw_tokenizer *student, const struct tw_dataset *dataset, const size_t *records, size_t count,
    uint32_t most_tokens)
{
    struct tw_arena scratch;
    struct tw_error ignored;
    size_t matched = 0, looked = count < SAMPLE ? count : SAMPLE;
    if (looked == 0 || !tw_arena_begin(&scratch, SCRATCH_BYTES, &ignored))
        return 0;
    for (size_t at = 0; at < looked; at++) {
        struct tw_tokens tokens;
        tw_arena_reset(&scratch, SCRATCH_BYTES);
        if (!tw_tokenize(
                student, dataset->examples[records[at]].text, NULL, most_tokens, &scratch, &tokens, &ignored))
            continue;
        int32_t *ids = tw_arena_array(&scratch, tokens.count, sizeof *ids);
        matched += ids && match_sequence(states, student, tokens.ids, tokens.count, ids);
    }
    tw_arena_end(&scratch);
    return (double)matched / (double)looked;
}
