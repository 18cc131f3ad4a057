#include "random_model.h"

#include <assert.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct random_shape tiny_bert = {.family = TW_BERT,
    .hidden = 32,
    .layers = 2,
    .heads = 4,
    .intermediate = 72,
    .vocabulary = 101,
    .positions = 64,
    .types = 2,
    .prefix = "bert.",
    .dtype = TW_F32};
const struct random_shape tiny_mpnet = {.family = TW_MPNET,
    .hidden = 32,
    .layers = 2,
    .heads = 4,
    .intermediate = 72,
    .vocabulary = 101,
    .positions = 202,
    .prefix = "mpnet.",
    .dtype = TW_F32};
const struct random_shape minilm_shape = {.family = TW_BERT,
    .hidden = 384,
    .layers = 6,
    .heads = 12,
    .intermediate = 1536,
    .vocabulary = 2000,
    .positions = 512,
    .types = 2,
    .prefix = "bert.",
    .dtype = TW_F32};
const struct random_shape bert_base_shape = {.family = TW_BERT,
    .hidden = 768,
    .layers = 12,
    .heads = 12,
    .intermediate = 3072,
    .vocabulary = 2000,
    .positions = 512,
    .types = 2,
    .prefix = "bert.",
    .dtype = TW_F32};

/* A test whose scaffolding fails has nothing to report but that. */
static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "support: %s failed\n", what);
    abort();
}

static uint64_t splitmix64(uint64_t counter)
{
    uint64_t z = (counter + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

float random_uniform(uint64_t counter)
{
    return (float)(splitmix64(counter) >> 40) * 0x1p-23f - 1.0f;
}

void random_ids(uint64_t counter, size_t vocabulary, size_t count, int32_t *ids)
{
    for (size_t at = 0; at < count; at++)
        ids[at] = (int32_t)(((double)random_uniform(counter + at) + 1.0) / 2.0 * (double)vocabulary);
}

size_t wanted_repeats(void)
{
    const char *wanted = getenv("TW_REPEAT");
    unsigned long repeats = wanted ? strtoul(wanted, NULL, 10) : 1;
    return repeats > 0 ? repeats : 1;
}

void given_folder(char *path)
{
    snprintf(path, 64, "%s/tw_model_XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(path), "mkdtemp");
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void remove_folder(const char *path)
{
    must(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, "nftw");
}

static FILE *create(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    must(file, "fopen");
    return file;
}

void given_file(const char *folder, const char *name, const void *bytes, size_t length)
{
    FILE *file = create(folder, name);
    must(fwrite(bytes, 1, length, file) == length, "fwrite");
    must(fclose(file) == 0, "fclose");
}

/* --- the list of parameters, in forward order ----------------------------------------------------------- */

struct listed {
    char name[160];
    size_t rows, columns; /* rows == 0: a vector */
    const void *bytes;    /* NULL: from the generator */
    size_t length;
    enum tw_dtype dtype;
};

struct list {
    struct listed *entries;
    size_t count, room;
};

static struct listed *append(struct list *list)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->entries = realloc(list->entries, list->room * sizeof *list->entries);
        must(list->entries, "realloc");
    }
    struct listed *entry = &list->entries[list->count++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

static void add(struct list *list, const struct random_shape *shape, const char *path, const char *name,
    size_t rows, size_t columns)
{
    struct listed *entry = append(list);
    snprintf(entry->name, sizeof entry->name, "%s%s", path, name);
    entry->rows = rows;
    entry->columns = columns;
    entry->dtype = shape->dtype;
}

static void add_linear(struct list *list, const struct random_shape *shape, const char *path,
    const char *name, size_t out, size_t in)
{
    char full[96];
    snprintf(full, sizeof full, "%s.weight", name);
    add(list, shape, path, full, out, in);
    snprintf(full, sizeof full, "%s.bias", name);
    add(list, shape, path, full, 0, out);
}

static void add_norm(struct list *list, const struct random_shape *shape, const char *path, const char *name)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", name, shape->old_norm_names ? "gamma" : "weight");
    add(list, shape, path, full, 0, shape->hidden);
    snprintf(full, sizeof full, "%s.%s", name, shape->old_norm_names ? "beta" : "bias");
    add(list, shape, path, full, 0, shape->hidden);
}

static void list_layer(struct list *list, const struct random_shape *shape, size_t layer)
{
    static const char *const names[TW_FAMILIES][8] = {
        {"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
            "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"},
        {"attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm",
            "ffn.lin1", "ffn.lin2", "output_layer_norm"},
        {"attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o",
            "attention.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"}};
    const char *const *name = names[shape->family];
    char path[96];
    snprintf(path, sizeof path, "%s%s.layer.%zu.", shape->prefix,
        shape->family == TW_DISTILBERT ? "transformer" : "encoder", layer);
    for (size_t at = 0; at < 4; at++)
        add_linear(list, shape, path, name[at], shape->hidden, shape->hidden);
    add_norm(list, shape, path, name[4]);
    add_linear(list, shape, path, name[5], shape->intermediate, shape->hidden);
    add_linear(list, shape, path, name[6], shape->hidden, shape->intermediate);
    add_norm(list, shape, path, name[7]);
}

static void list_head(struct list *list, const struct random_shape *shape)
{
    static const char *const names[TW_FAMILIES][2] = {{"pooler.dense", "classifier"},
        {"pre_classifier", "classifier"}, {"classifier.dense", "classifier.out_proj"}};
    const char *const *name = names[shape->family];
    add_linear(
        list, shape, shape->family == TW_BERT ? shape->prefix : "", name[0], shape->hidden, shape->hidden);
    add_linear(list, shape, "", name[1], 3, shape->hidden);
}

static void list_all(struct list *list, const struct random_shape *shape)
{
    const char *prefix = shape->prefix;
    add(list, shape, prefix, "embeddings.word_embeddings.weight", shape->vocabulary, shape->hidden);
    add(list, shape, prefix, "embeddings.position_embeddings.weight", shape->positions, shape->hidden);
    if (shape->family == TW_BERT)
        add(list, shape, prefix, "embeddings.token_type_embeddings.weight", shape->types, shape->hidden);
    add_norm(list, shape, prefix, "embeddings.LayerNorm");
    if (shape->family == TW_MPNET)
        add(list, shape, prefix, "encoder.relative_attention_bias.weight", 32, shape->heads);
    for (size_t layer = 0; layer < shape->layers; layer++)
        list_layer(list, shape, layer);
    if (!shape->without_head)
        list_head(list, shape);
}

/* --- values and file ------------------------------------------------------------------------------------ */

static float value_of(const struct listed *entry, uint64_t counter)
{
    float uniform = random_uniform(counter);
    bool norm = strstr(entry->name, "LayerNorm") || strstr(entry->name, "layer_norm");
    bool shift = strstr(entry->name, ".bias") || strstr(entry->name, ".beta");
    if (norm && !shift)
        return uniform * 0.25f + 1.0f;
    if (entry->rows == 0)
        return uniform * 0.125f;
    if (strstr(entry->name, "embeddings"))
        return uniform;
    return uniform * (float)sqrt(3.0 / (double)entry->columns);
}

static size_t elements_of(const struct listed *entry)
{
    return (entry->rows ? entry->rows : 1) * entry->columns;
}

static size_t bytes_of(const struct listed *entry)
{
    return entry->bytes ? entry->length : elements_of(entry) * tw_dtype_bytes(entry->dtype);
}

static void write_header(const struct list *list, FILE *file)
{
    char *text = NULL;
    size_t length = 0, offset = 0;
    FILE *header = open_memstream(&text, &length);
    must(header, "open_memstream");
    for (size_t at = 0; at < list->count; at++) {
        const struct listed *entry = &list->entries[at];
        char rows[32] = "";
        if (entry->rows)
            snprintf(rows, sizeof rows, "%zu,", entry->rows);
        fprintf(header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s%zu],\"data_offsets\":[%zu,%zu]}",
            at ? "," : "{", entry->name, tw_dtype_name(entry->dtype), rows, entry->columns, offset,
            offset + bytes_of(entry));
        offset += bytes_of(entry);
    }
    fputc('}', header);
    fflush(header);
    while (length % 8) {
        fputc(' ', header);
        fflush(header);
    }
    fclose(header);
    uint64_t declared = length;
    must(fwrite(&declared, 1, sizeof declared, file) == sizeof declared, "fwrite");
    must(fwrite(text, 1, length, file) == length, "fwrite");
    free(text);
}

static void write_values(const struct listed *entry, uint64_t counter, FILE *file)
{
    size_t count = elements_of(entry), size = tw_dtype_bytes(entry->dtype);
    char *bytes = calloc(count, size);
    must(bytes, "calloc");
    for (size_t at = 0; at < count; at++) {
        float value = value_of(entry, counter + at);
        _Float16 half = (_Float16)value;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        uint16_t brain = (uint16_t)(bits >> 16);
        const void *from = entry->dtype == TW_F16    ? (void *)&half
                           : entry->dtype == TW_BF16 ? (void *)&brain
                                                     : (void *)&value;
        memcpy(bytes + at * size, from, size < sizeof value ? size : sizeof value);
    }
    must(fwrite(bytes, size, count, file) == count, "fwrite");
    free(bytes);
}

static void write_model(const char *folder, const struct list *list)
{
    FILE *file = create(folder, "model.safetensors");
    write_header(list, file);
    uint64_t counter = 0;
    for (size_t at = 0; at < list->count; at++) {
        const struct listed *entry = &list->entries[at];
        if (entry->bytes)
            must(fwrite(entry->bytes, 1, entry->length, file) == entry->length, "fwrite");
        else
            write_values(entry, counter, file);
        counter += elements_of(entry);
    }
    must(fclose(file) == 0, "fclose");
}

static void write_config(const char *folder, const struct random_shape *shape)
{
    static const char *const keys[TW_FAMILIES][5] = {
        {"bert", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"},
        {"distilbert", "dim", "n_layers", "n_heads", "hidden_dim"},
        {"mpnet", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"}};
    const char *const *key = keys[shape->family];
    char text[1024];
    int length = snprintf(text, sizeof text,
        "{\"model_type\":\"%s\",\"%s\":%zu,\"%s\":%zu,\"%s\":%zu,\"%s\":%zu,\"vocab_size\":%zu,"
        "\"max_position_embeddings\":%zu,\"type_vocab_size\":%zu,"
        "\"id2label\":{\"0\":\"negative\",\"1\":\"neutral\",\"2\":\"positive\"}}\n",
        key[0], key[1], shape->hidden, key[2], shape->layers, key[3], shape->heads, key[4],
        shape->intermediate, shape->vocabulary, shape->positions, shape->types);
    const char *config = shape->config ? shape->config : text;
    given_file(folder, "config.json", config, shape->config ? strlen(config) : (size_t)length);
}

void given_random_model(const char *folder, const struct random_shape *shape)
{
    struct list list = {0};
    list_all(&list, shape);
    write_config(folder, shape);
    write_model(folder, &list);
    free(list.entries);
}

void given_model_with_head(const char *folder, const char *source, const char *config, uint64_t head_offset)
{
    char path[512];
    snprintf(path, sizeof path, "%s/model.safetensors", source);
    struct tw_safetensors file;
    struct tw_error err;
    must(tw_safetensors_open(path, &file, &err), "opening the source");
    struct list list = {0};
    for (size_t at = 0; at < file.count; at++) {
        const struct tw_tensor *tensor = &file.tensors[at];
        struct listed *entry = append(&list);
        snprintf(entry->name, sizeof entry->name, "%s", tensor->name);
        entry->rows = tensor->dimensions == 2 ? tensor->shape[0] : 0;
        entry->columns = tensor->shape[tensor->dimensions - 1];
        entry->bytes = tensor->data;
        entry->length = tensor->bytes;
        entry->dtype = tensor->dtype;
    }
    size_t hidden = list.entries[0].columns;
    float *head = calloc(3 * hidden + 3, sizeof *head);
    must(head, "calloc");
    struct listed *weight = append(&list);
    *weight = (struct listed){.name = "classifier.weight",
        .rows = 3,
        .columns = hidden,
        .dtype = TW_F32,
        .bytes = head,
        .length = 3 * hidden * sizeof *head};
    for (size_t at = 0; at < 3 * hidden; at++)
        head[at] = value_of(weight, head_offset + at);
    struct listed *bias = append(&list);
    *bias = (struct listed){.name = "classifier.bias",
        .columns = 3,
        .dtype = TW_F32,
        .bytes = head + 3 * hidden,
        .length = 3 * sizeof *head};
    for (size_t at = 0; at < 3; at++)
        head[3 * hidden + at] = value_of(bias, head_offset + 3 * hidden + at);
    given_file(folder, "config.json", config, strlen(config));
    write_model(folder, &list);
    free(head);
    free(list.entries);
    tw_safetensors_close(&file);
}
