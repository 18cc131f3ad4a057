#include "tokenizer/wordpiece.h"

#include <stdlib.h>

enum {
    ROOT = 0,
    BLOCK = 256, /* nodes are added by blocks, so that base ^ byte never leaves the array */
    MOST_TRIES =
        256 /* free places looked at before a new block is taken: bounds the time, costs some space */
};

/* --- Cutting --- */

static inline uint32_t step(const struct tw_wordpiece_node *nodes, uint32_t node, uint8_t byte)
{
    uint32_t next = (nodes[node].base_and_label >> 8) ^ byte;
    return (uint8_t)nodes[next].base_and_label == byte ? next : ROOT;
}

uint32_t tw_wordpiece_cut(
    const struct tw_wordpiece *vocabulary, const uint8_t *word, uint32_t length, int32_t *ids, uint32_t *ends)
{
    const struct tw_wordpiece_node *nodes = vocabulary->nodes;
    uint32_t node = ROOT, count = 0, position = 0;
    while (position < length) {
        int32_t longest = -1;
        uint32_t end = position;
        for (uint32_t byte = position; byte < length; byte++) {
            node = step(nodes, node, word[byte]);
            if (node == ROOT)
                break;
            if (nodes[node].id >= 0) {
                longest = nodes[node].id;
                end = byte + 1;
            }
        }
        if (longest < 0)
            return 0;
        ids[count] = longest;
        ends[count] = end;
        count++;
        position = end;
        node = vocabulary->continuation;
        if (node == ROOT && position < length)
            return 0;
    }
    return count;
}

int32_t tw_wordpiece_find(const struct tw_wordpiece *vocabulary, struct tw_text token)
{
    uint32_t node = ROOT;
    for (size_t byte = 0; byte < token.length; byte++) {
        node = step(vocabulary->nodes, node, (uint8_t)token.bytes[byte]);
        if (node == ROOT)
            return -1;
    }
    return token.length > 0 ? vocabulary->nodes[node].id : -1;
}

/* --- Building --- */

struct key {
    struct tw_text text;
    uint32_t id;
};

/* Keys [begin, end) share their first `depth` bytes, which lead to `node`. */
struct range {
    uint32_t begin, end, node;
    uint32_t depth;
};

struct builder {
    struct key *keys;
    uint32_t key_count;
    struct tw_wordpiece_node *nodes;
    uint32_t *next_free, *previous_free; /* a ring through the free places, by way of place 0 */
    uint8_t *base_taken;                 /* a base belongs to one node only */
    uint32_t count, capacity;
    struct range *ranges; /* a stack: no recursion over what a file says */
    uint32_t range_count, range_capacity;
};

static int compare_keys(const void *left, const void *right)
{
    const struct key *left_key = left, *right_key = right;
    int order = tw_text_compare(left_key->text, right_key->text);
    return order != 0 ? order : (left_key->id > right_key->id) - (left_key->id < right_key->id);
}

static void free_builder(struct builder *builder)
{
    free(builder->keys);
    free(builder->nodes);
    free(builder->next_free);
    free(builder->previous_free);
    free(builder->base_taken);
    free(builder->ranges);
}

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for the vocabulary");
}

/* Makes *pieces (of `size` bytes each) hold `count`; false when there is no memory. */
static bool enlarge(void **pieces, size_t count, size_t size)
{
    void *larger = reallocarray(*pieces, count, size);
    if (!larger)
        return false;
    *pieces = larger;
    return true;
}

static bool reserve_nodes(struct builder *builder, uint32_t capacity)
{
    void *nodes = builder->nodes, *next = builder->next_free, *previous = builder->previous_free;
    void *taken = builder->base_taken;
    bool fits = enlarge(&nodes, capacity, sizeof *builder->nodes);
    builder->nodes = nodes;
    fits = fits && enlarge(&next, capacity, sizeof *builder->next_free);
    builder->next_free = next;
    fits = fits && enlarge(&previous, capacity, sizeof *builder->previous_free);
    builder->previous_free = previous;
    fits = fits && enlarge(&taken, capacity, sizeof *builder->base_taken);
    builder->base_taken = taken;
    if (fits)
        builder->capacity = capacity;
    return fits;
}

static bool add_block(struct builder *builder, struct tw_error *err)
{
    if (builder->count + BLOCK > TW_WORDPIECE_MOST_NODES)
        return tw_fail(
            err, TW_FULL, NULL, NULL, "the vocabulary has more than %u nodes", TW_WORDPIECE_MOST_NODES);
    if (builder->count + BLOCK > builder->capacity &&
        !reserve_nodes(builder, builder->capacity ? 2 * builder->capacity : 256 * BLOCK))
        return out_of_memory(err);
    uint32_t begin = builder->count;
    builder->count += BLOCK;
    memset(builder->base_taken + begin, 0, BLOCK);
    for (uint32_t place = begin; place < builder->count; place++) {
        builder->nodes[place] = (struct tw_wordpiece_node){0, -1};
        if (begin == 0) /* the root's block stays empty: a leaf has base 0, and must find nothing there */
            continue;
        uint32_t last = builder->previous_free[0];
        builder->next_free[last] = place;
        builder->previous_free[place] = last;
        builder->next_free[place] = 0;
        builder->previous_free[0] = place;
    }
    if (begin == 0)
        builder->next_free[0] = builder->previous_free[0] = 0;
    return true;
}

static bool is_free(const struct builder *builder, uint32_t place)
{
    return place >= BLOCK && builder->nodes[place].base_and_label == 0;
}

static bool base_fits(const struct builder *builder, uint32_t base, const uint8_t *labels, uint32_t count)
{
    if (base < BLOCK || builder->base_taken[base])
        return false;
    for (uint32_t label = 0; label < count; label++)
        if (!is_free(builder, base ^ labels[label]))
            return false;
    return true;
}

/* A base under which all labels find free places. */
static bool find_base(
    struct builder *builder, const uint8_t *labels, uint32_t count, uint32_t *base, struct tw_error *err)
{
    uint32_t tries = 0;
    for (uint32_t place = builder->next_free[0]; place != 0; place = builder->next_free[place]) {
        *base = place ^ labels[0];
        if (base_fits(builder, *base, labels, count))
            return true;
        if (++tries == MOST_TRIES)
            break;
    }
    *base = builder->count; /* the new block is empty, its first base is nobody's */
    return add_block(builder, err);
}

static void take_place(struct builder *builder, uint32_t place, uint8_t label)
{
    builder->nodes[place].base_and_label = label;
    uint32_t next = builder->next_free[place], previous = builder->previous_free[place];
    builder->next_free[previous] = next;
    builder->previous_free[next] = previous;
}

static bool push_range(struct builder *builder, struct range range, struct tw_error *err)
{
    if (builder->range_count == builder->range_capacity) {
        uint32_t capacity = builder->range_capacity ? 2 * builder->range_capacity : 1024;
        void *ranges = builder->ranges;
        if (!enlarge(&ranges, capacity, sizeof *builder->ranges))
            return out_of_memory(err);
        builder->ranges = ranges;
        builder->range_capacity = capacity;
    }
    builder->ranges[builder->range_count++] = range;
    return true;
}

static uint8_t byte_at(const struct builder *builder, uint32_t key, uint32_t depth)
{
    return (uint8_t)builder->keys[key].text.bytes[depth];
}

/* Gives the range's node its children, and pushes theirs. */
static bool expand(struct builder *builder, struct range range, struct tw_error *err)
{
    if (builder->keys[range.begin].text.length == range.depth) {
        builder->nodes[range.node].id = (int32_t)builder->keys[range.begin].id;
        range.begin++; /* keys are sorted and none stands there twice */
    }
    if (range.begin >= range.end)
        return true;
    uint8_t labels[BLOCK] = {0};
    uint32_t begins[BLOCK + 1], count = 0;
    for (uint32_t key = range.begin; key < range.end; key++) {
        uint8_t label = byte_at(builder, key, range.depth);
        if (count > 0 && labels[count - 1] == label)
            continue;
        labels[count] = label;
        begins[count++] = key;
    }
    begins[count] = range.end;
    uint32_t base = 0;
    if (!find_base(builder, labels, count, &base, err))
        return false;
    builder->base_taken[base] = 1;
    builder->nodes[range.node].base_and_label |= base << 8;
    for (uint32_t child = count; child-- > 0;) {
        uint32_t place = base ^ labels[child];
        take_place(builder, place, labels[child]);
        struct range below = {begins[child], begins[child + 1], place, range.depth + 1};
        if (!push_range(builder, below, err))
            return false;
    }
    return true;
}

/* Tokens that no word can hold are left out of the array: the empty one, and those with a NUL, which cleaning
 * takes out of every text and which marks a free place here. */
static bool can_be_found(struct tw_text token)
{
    return token.bytes && token.length > 0 && !memchr(token.bytes, 0, token.length);
}

static bool collect_keys(struct builder *builder, const struct tw_text *tokens, uint32_t count,
    uint32_t *twice, uint32_t *first, struct tw_error *err)
{
    builder->keys = calloc((size_t)count + 1, sizeof *builder->keys);
    if (!builder->keys)
        return out_of_memory(err);
    for (uint32_t id = 0; id < count; id++)
        if (can_be_found(tokens[id]))
            builder->keys[builder->key_count++] = (struct key){tokens[id], id};
    qsort(builder->keys, builder->key_count, sizeof *builder->keys, compare_keys);
    for (uint32_t key = 1; key < builder->key_count; key++)
        if (tw_text_equal(builder->keys[key - 1].text, builder->keys[key].text)) {
            *first = builder->keys[key - 1].id;
            *twice = builder->keys[key].id;
            return tw_fail(err, TW_CONFIG, NULL, NULL, "a token stands twice in the vocabulary");
        }
    return true;
}

static bool build_nodes(struct builder *builder, struct tw_error *err)
{
    if (!add_block(builder, err) || !add_block(builder, err))
        return false;
    if (builder->key_count > 0 && !push_range(builder, (struct range){0, builder->key_count, ROOT, 0}, err))
        return false;
    while (builder->range_count > 0)
        if (!expand(builder, builder->ranges[--builder->range_count], err))
            return false;
    return true;
}

static bool keep_nodes(
    const struct builder *builder, struct tw_arena *arena, struct tw_wordpiece *out, struct tw_error *err)
{
    struct tw_wordpiece_node *nodes = tw_arena_aligned(arena, builder->count * sizeof *nodes);
    if (!nodes)
        return tw_arena_fail(arena, err);
    memcpy(nodes, builder->nodes, builder->count * sizeof *nodes);
    out->nodes = nodes;
    out->node_count = builder->count;
    out->continuation = step(nodes, step(nodes, ROOT, '#'), '#');
    return true;
}

bool tw_wordpiece_build(const struct tw_text *tokens, uint32_t count, struct tw_arena *arena,
    struct tw_wordpiece *out, uint32_t *twice, uint32_t *first, struct tw_error *err)
{
    struct builder builder = {0};
    bool built = collect_keys(&builder, tokens, count, twice, first, err) && build_nodes(&builder, err) &&
                 keep_nodes(&builder, arena, out, err);
    free_builder(&builder);
    return built;
}
