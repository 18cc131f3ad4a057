#include "serve/loaded.h"

#include "config/classifier_options.h"

#include "base/file.h"
#include "score/classify.h"

#include <stdlib.h>

enum { RULES_BYTES = 4 * 1024 * 1024, PROBLEM_BYTES = 8 * 1024 * 1024, OPTIONS_BYTES = 64 * 1024 };

/* What one load owns. */
struct loaded {
    struct tw_work_shared work; /* first: a pointer to one is a pointer to the other */
    struct tw_shared *model;
    struct tw_automaton *entities;
    struct tw_rule_set *rules;
};

static void tell_model(const struct tw_config *config, const struct tw_log *log, const char *folder,
    const struct tw_classifier *classifier)
{
    char gemm[512];
    tw_classifier_gemm_report(classifier, gemm, sizeof gemm);
    tw_log(log, TW_INFO, "daemon", "model", tw_string("folder", folder ? folder : ""),
        tw_string("kind", tw_model_kind_names[config->model.kind]),
        tw_string("sha256", tw_classifier_sha256(classifier)),
        tw_int("max_tokens", tw_classifier_max_tokens(classifier)), tw_string("gemm", gemm));
}

static void free_model(void *content)
{
    tw_classifier_free(content);
}

static bool open_classifier(const struct tw_config *config, const struct tw_log *log,
    struct tw_classifier **out, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_classifier_options options;
    const struct tw_model_asked asked = {0};
    if (!tw_arena_begin(&arena, OPTIONS_BYTES, err))
        return false;
    bool done = tw_config_classifier_options(config, &asked, &arena, &options, err) &&
                tw_classifier_open(&options, out, err);
    if (done)
        tell_model(config, log, options.folder, *out);
    tw_arena_end(&arena);
    return done;
}

bool tw_load_model(
    const struct tw_config *config, const struct tw_log *log, struct tw_shared **out, struct tw_error *err)
{
    struct tw_classifier *classifier = NULL;
    if (!open_classifier(config, log, &classifier, err))
        return false;
    *out = tw_shared_new(classifier, free_model);
    if (*out)
        return true;
    tw_classifier_free(classifier);
    return tw_fail(err, TW_INTERNAL, "model", NULL, "out of memory");
}

static bool load_rules(const char *path, struct tw_rule_set **out, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_text_file source = {.file = path};
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
    tw_shared_leave(loaded->model);
    free(loaded);
}

static bool fill(struct loaded *loaded, const struct tw_config *config, struct tw_error *err)
{
    const struct tw_classifier *classifier = loaded->model->content;
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

bool tw_load_shared(
    const struct tw_config *config, struct tw_shared *model, struct tw_shared **out, struct tw_error *err)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);
    struct tw_shared *shared = loaded ? tw_shared_new(loaded, free_loaded) : NULL;
    if (!shared) {
        free(loaded);
        return tw_fail(err, TW_INTERNAL, "entities and rules", NULL, "out of memory");
    }
    loaded->model = tw_shared_use(model);
    if (!fill(loaded, config, err)) {
        tw_shared_leave(shared);
        return false;
    }
    *out = shared;
    return true;
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
