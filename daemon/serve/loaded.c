#include "serve/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { RULES_BYTES = 4 * 1024 * 1024, PROBLEM_BYTES = 8 * 1024 * 1024, LABEL_BYTES = 256 };

/* What one load owns. */
struct loaded {
    struct tw_work_shared work; /* first: a pointer to one is a pointer to the other */
    struct tw_automaton *entities;
    struct tw_rule_set *rules;
};

/* `a,b,c`, as the command line's --labels is written. */
static bool join_labels(const struct tw_strings *labels, char *joined, size_t size, struct tw_error *err)
{
    size_t used = 0;
    joined[0] = '\0';
    for (uint32_t at = 0; at < labels->count; at++) {
        int written = snprintf(joined + used, size - used, "%s%s", at > 0 ? "," : "", labels->items[at]);
        if (written < 0 || (size_t)written >= size - used)
            return tw_fail(err, TW_CONFIG, "model.labels", "name three labels", "too long");
        used += (size_t)written;
    }
    return true;
}

bool tw_load_classifier(
    const struct tw_config *config, const char *folder, struct tw_classifier **out, struct tw_error *err)
{
    char labels[LABEL_BYTES];
    if (!join_labels(&config->model.labels, labels, sizeof labels, err))
        return false;
    struct tw_classifier_options options = {
        .folder = folder,
        .constant = strcmp(config->model.kind, "constant") == 0,
        .max_tokens = (uint32_t)config->model.max_tokens,
        .labels = labels[0] ? labels : NULL,
        .gemm = config->gemm.backend,
    };
    return tw_classifier_open(&options, out, err);
}

static bool load_rules(const char *path, struct tw_rule_set **out, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_source source = {.file = path};
    struct tw_problems problems;
    if (!tw_arena_begin(&arena, RULES_BYTES + PROBLEM_BYTES, err))
        return false;
    tw_problems_begin(&problems, &arena);
    bool done = tw_file_read(path, RULES_BYTES, &arena, &source.bytes, err) &&
                tw_rules_load(&source, &problems, out, err);
    tw_arena_end(&arena);
    return done;
}

static void free_loaded(void *content)
{
    struct loaded *loaded = content;
    if (loaded->entities)
        tw_entities_free(loaded->entities);
    if (loaded->rules)
        tw_rules_free(loaded->rules);
    free(loaded);
}

static bool fill(struct loaded *loaded, const struct tw_config *config,
    const struct tw_classifier *classifier, struct tw_error *err)
{
    if (config->link.entities[0] && !tw_entities_load(config->link.entities, &loaded->entities, err))
        return false;
    if (config->rules.path[0] && !load_rules(config->rules.path, &loaded->rules, err))
        return false;
    loaded->work.river = (struct tw_river){
        .decode = config->decode,
        .entities = loaded->entities,
        .classifier = classifier,
        .rules = loaded->rules,
        .link_unlisted = config->link.unlisted,
    };
    loaded->work.encode = (struct tw_encode_options){
        .rows_per_statement = (uint32_t)config->store.rows_per_statement,
        .model_sha256 = tw_classifier_sha256(classifier),
        .lateness_us = config->watermark.lateness_us,
    };
    return true;
}

bool tw_load_shared(const struct tw_config *config, const struct tw_classifier *classifier,
    struct tw_shared **out, struct tw_error *err)
{
    struct tw_shared *shared = calloc(1, sizeof *shared);
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (!shared || !loaded) {
        free(shared);
        free(loaded);
        return tw_fail(err, TW_INTERNAL, "entities and rules", NULL, "out of memory");
    }
    shared->content = loaded;
    shared->free_content = free_loaded;
    if (!fill(loaded, config, classifier, err)) {
        tw_load_free(shared);
        return false;
    }
    *out = shared;
    return true;
}

void tw_load_free(struct tw_shared *shared)
{
    if (!shared)
        return;
    shared->free_content(shared->content);
    free(shared);
}

const struct tw_rule_set *tw_load_rules(const struct tw_shared *shared)
{
    return ((const struct loaded *)shared->content)->rules;
}

uint32_t tw_load_entity_count(const struct tw_shared *shared)
{
    const struct loaded *loaded = shared->content;
    return loaded->entities ? tw_entities_count(loaded->entities) : 0;
}
