#include "link/source_weights.h"

#include <stdlib.h>

#include "names/words.h"

struct entry {
    struct tw_source_name name;
    uint32_t number; /* in the list as it was given */
};

struct tw_source_weights {
    struct tw_named_weight *names; /* as they were given; their texts are owned */
    uint32_t count;
    uint32_t others;
    struct entry *entries; /* whole names first, in byte order; then beginnings, the longest first */
    uint32_t whole_count;
};

/* -- names ----------------------------------------------------------------------------------------------- */

/* Whether white space stands between two words. */
static bool is_apart(struct tw_text text, size_t begin, size_t end)
{
    for (size_t at = begin; at < end; at++)
        if (tw_word_space(text, at) > 0)
            return true;
    return false;
}

/* The text in the one form, one blank for white space; as much of it as fits. False when that is not all, or
 * a word of it is too long to be in any name. */
static bool fold(struct tw_text text, struct tw_source_name *out)
{
    struct tw_name_word word;
    uint32_t at = 0, end = 0;
    out->length = 0;
    while (tw_word_next(text, &at, &word)) {
        const bool blank = out->length > 0 && is_apart(text, end, word.begin);
        if (word.length == 0 || out->length + blank + word.length > TW_SOURCE_FOLDED_BYTES)
            return false;
        if (blank)
            out->bytes[out->length++] = ' ';
        memcpy(out->bytes + out->length, word.folded, word.length);
        out->length += word.length;
        end = word.end;
    }
    return true;
}

static struct tw_text folded(const struct tw_source_name *name)
{
    return (struct tw_text){name->bytes, name->length};
}

bool tw_source_name_equal(const struct tw_source_name *left, const struct tw_source_name *right)
{
    return left->is_beginning == right->is_beginning && tw_text_equal(folded(left), folded(right));
}

static bool refuse(struct tw_source_fault *fault, const char *what, const char *cure)
{
    *fault = (struct tw_source_fault){what, cure};
    return false;
}

bool tw_source_name_read(struct tw_text written, struct tw_source_name *name, struct tw_source_fault *fault)
{
    *name = (struct tw_source_name){
        .is_beginning = written.length > 0 && written.bytes[written.length - 1] == '*'};
    if (written.length > TW_SOURCE_NAME_BYTES)
        return refuse(fault, "is longer than 100 bytes", "write its beginning and *");
    written.length -= name->is_beginning;
    if (written.length > 0 && memchr(written.bytes, '*', written.length))
        return refuse(fault, "has * elsewhere than at its end", "write one * at the end: the name begins so");
    if (!fold(written, name))
        return refuse(fault, "has a word that is too long for a name", "write its beginning and *");
    if (name->length > 0 && name->is_beginning && tw_word_space(written, written.length - 1) > 0 &&
        name->length < TW_SOURCE_FOLDED_BYTES)
        name->bytes[name->length++] = ' '; /* "Dow Jones *" does not begin "Dow Jonesy" */
    if (name->length > 0)
        return true;
    return name->is_beginning ? refuse(fault, "stands for every source", "take it out and set default_weight")
                              : refuse(fault, "names no source", "write a source as messages name it");
}

/* -- the list -------------------------------------------------------------------------------------------- */

static int compare_entries(const void *left, const void *right)
{
    const struct entry *one = left, *other = right;
    if (one->name.is_beginning != other->name.is_beginning)
        return one->name.is_beginning ? 1 : -1;
    if (one->name.is_beginning && one->name.length != other->name.length)
        return one->name.length > other->name.length ? -1 : 1;
    return tw_text_compare(folded(&one->name), folded(&other->name));
}

static bool refuse_name(const char *name, const char *what, const char *cure, struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, "sources.weights", cure, "\"%.*s\" %s", TW_SOURCE_NAME_BYTES, name, what);
}

static bool is_weight(int64_t weight)
{
    return weight >= 0 && weight <= TW_SOURCE_WHOLE;
}

static bool read_names(
    const struct tw_source_list *list, struct tw_source_weights *weights, struct tw_error *err)
{
    struct tw_source_fault fault;
    for (uint32_t at = 0; at < list->count; at++, weights->count++) {
        const struct tw_named_weight *from = &list->names[at];
        struct entry *entry = &weights->entries[at];
        weights->names[at] = (struct tw_named_weight){strdup(from->name), from->weight};
        if (!weights->names[at].name)
            return tw_fail(err, TW_INTERNAL, "sources.weights", NULL, "out of memory");
        entry->number = at;
        if (!is_weight(from->weight))
            fault = (struct tw_source_fault){"has a weight that is none", "write one from 0.0 to 1.0"};
        else if (tw_source_name_read(tw_text_of(from->name), &entry->name, &fault))
            continue;
        weights->count++; /* its text is to be freed */
        return refuse_name(from->name, fault.what, fault.cure, err);
    }
    return true;
}

static bool sort_names(struct tw_source_weights *weights, struct tw_error *err)
{
    if (weights->count > 1)
        qsort(weights->entries, weights->count, sizeof *weights->entries, compare_entries);
    for (uint32_t at = 0; at < weights->count; at++) {
        const struct entry *entry = &weights->entries[at];
        weights->whole_count += !entry->name.is_beginning;
        if (at > 0 && tw_source_name_equal(&entry[-1].name, &entry->name))
            return refuse_name(
                weights->names[entry->number].name, "stands there twice", "write each source once", err);
    }
    return true;
}

bool tw_source_weights_new(
    const struct tw_source_list *list, struct tw_source_weights **out, struct tw_error *err)
{
    struct tw_source_weights *weights = calloc(1, sizeof *weights);
    *out = NULL;
    if (list->count > TW_SOURCE_NAMES || !is_weight(list->others)) {
        free(weights);
        return tw_fail(
            err, TW_CONFIG, "sources", "write weights from 0.0 to 1.0", "too many names, or no weight");
    }
    if (weights) {
        weights->others = (uint32_t)list->others;
        weights->names = calloc(list->count + (size_t)1, sizeof *weights->names);
        weights->entries = calloc(list->count + (size_t)1, sizeof *weights->entries);
    }
    if (!weights || !weights->names || !weights->entries) {
        tw_source_weights_free(weights);
        return tw_fail(err, TW_INTERNAL, "sources.weights", NULL, "out of memory");
    }
    if (!read_names(list, weights, err) || !sort_names(weights, err)) {
        tw_source_weights_free(weights);
        return false;
    }
    *out = weights;
    return true;
}

void tw_source_weights_free(struct tw_source_weights *weights)
{
    if (!weights)
        return;
    for (uint32_t at = 0; at < weights->count; at++)
        free((char *)(uintptr_t)weights->names[at].name);
    free(weights->names);
    free(weights->entries);
    free(weights);
}

/* -- asking ---------------------------------------------------------------------------------------------- */

static const struct entry *find_whole(const struct tw_source_weights *weights, struct tw_text source)
{
    uint32_t low = 0, high = weights->whole_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = tw_text_compare(source, folded(&weights->entries[middle].name));
        if (order == 0)
            return &weights->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct entry *find_beginning(const struct tw_source_weights *weights, struct tw_text source)
{
    for (uint32_t at = weights->whole_count; at < weights->count; at++) {
        const struct tw_source_name *name = &weights->entries[at].name;
        if (source.length >= name->length && memcmp(source.bytes, name->bytes, name->length) == 0)
            return &weights->entries[at];
    }
    return NULL;
}

struct tw_source_weight tw_source_weights_of(const struct tw_source_weights *weights, struct tw_text source)
{
    if (!weights)
        return (struct tw_source_weight){TW_SOURCE_WHOLE, TW_SOURCE_OTHER};
    struct tw_source_name name;
    const struct entry *found = NULL;
    if (weights->count > 0 && source.length > 0) {
        const bool is_all = fold(source, &name);
        found = is_all ? find_whole(weights, folded(&name)) : NULL;
        found = found ? found : find_beginning(weights, folded(&name));
    }
    if (!found)
        return (struct tw_source_weight){weights->others, TW_SOURCE_OTHER};
    return (struct tw_source_weight){(uint32_t)weights->names[found->number].weight, found->number};
}

uint32_t tw_source_list_most(const struct tw_source_list *list)
{
    int64_t most = list->others;
    for (uint32_t at = 0; at < list->count; at++)
        most = list->names[at].weight > most ? list->names[at].weight : most;
    return (uint32_t)most;
}

struct tw_source_list tw_source_weights_list(const struct tw_source_weights *weights)
{
    if (!weights)
        return (struct tw_source_list){.others = TW_SOURCE_WHOLE};
    return (struct tw_source_list){weights->names, weights->count, weights->others};
}
