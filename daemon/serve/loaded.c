#include "serve/loaded.h"

#include "config/classifier_options.h"

#include "base/file.h"
#include "score/classify.h"

#include <stdio.h>
#include <stdlib.h>

enum { RULES_BYTES = 4 * 1024 * 1024, OPTIONS_BYTES = 64 * 1024 };

/* What one load owns. */
struct loaded {
    struct tw_work_shared work; /* first: a pointer to one is a pointer to the other */
    struct tw_shared *model;
    struct tw_automaton *entities;
    struct tw_taxonomy *events;
    struct tw_rule_set *rules;
    struct tw_source_weights *sources;
};

static void note_facts(const struct tw_classifier_options *options, const struct tw_classifier *classifier,
    struct tw_model_facts *facts)
{
    snprintf(facts->folder, sizeof facts->folder, "%s", options->folder ? options->folder : "constant");
    snprintf(facts->precision, sizeof facts->precision, "%s", tw_classifier_precision(classifier));
    snprintf(facts->why, sizeof facts->why, "%s", options->why ? options->why : "");
    snprintf(facts->sha256, sizeof facts->sha256, "%s", tw_classifier_sha256(classifier));
    tw_classifier_gemm_report(classifier, facts->gemm, sizeof facts->gemm);
}

static void free_model(void *content)
{
    tw_classifier_free(content);
}

static bool open_classifier(const struct tw_config *config, struct tw_model_facts *facts,
    struct tw_classifier **out, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_classifier_options options;
    const struct tw_model_asked asked = {0};
    if (!tw_arena_begin(&arena, OPTIONS_BYTES, err))
        return false;
    bool done = tw_config_classifier_options(config, &asked, &arena, &options, err);
    options.cache_bytes = (size_t)config->model.cache_bytes;
    done = done && tw_classifier_open(&options, out, err);
    if (done)
        note_facts(&options, *out, facts);
    tw_arena_end(&arena);
    return done;
}

bool tw_load_model(const struct tw_config *config, struct tw_model_facts *facts, struct tw_shared **out,
    struct tw_error *err)
{
    struct tw_classifier *classifier = NULL;
    if (!open_classifier(config, facts, &classifier, err))
        return false;
    *out = tw_shared_new(classifier, free_model);
    if (*out)
        return true;
    tw_classifier_free(classifier);
    return tw_fail(err, TW_INTERNAL, "model", NULL, "out of memory");
}

static bool load_rules(const char *path, const struct tw_rule_bounds *bounds, struct tw_problems *problems,
    struct tw_rule_set **out, struct tw_error *err)
{
    struct tw_text_file *source = tw_arena_array(problems->arena, 1, sizeof *source);
    if (!source)
        return tw_arena_fail(problems->arena, err);
    source->file = path;
    return tw_file_read(path, RULES_BYTES, problems->arena, &source->bytes, err) &&
           tw_rules_load(source, bounds, problems, out, err);
}

static void free_loaded(void *content)
{
    struct loaded *loaded = content;
    if (loaded->entities)
        tw_entities_free(loaded->entities);
    if (loaded->rules)
        tw_rules_free(loaded->rules);
    tw_taxonomy_free(loaded->events);
    tw_source_weights_free(loaded->sources);
    tw_shared_leave(loaded->model);
    free(loaded);
}

/* What is wrong with a file of its own, not with a place in it, stands in the list too, so that nothing is
 * told alone. */
static bool note_failure(struct tw_problems *problems, uint32_t before, const struct tw_error *why)
{
    struct tw_text_file *source = tw_arena_array(problems->arena, 1, sizeof *source);
    if (problems->count > before || !source)
        return false;
    source->file = tw_arena_copy(problems->arena, tw_text_of(why->where)).bytes;
    return source->file && tw_problem_add(problems, source, 0, 0, why->cure, "%s", why->what);
}

static void entities_are_wrong(void *context, const struct tw_error *why)
{
    struct tw_problems *problems = context;
    (void)note_failure(problems, problems->count, why);
}

/* All three files are read, whatever the others are like; the first error is told. Rules are held to the
 * other two. */
static bool read_files(
    struct loaded *loaded, const struct tw_config *config, struct tw_problems *problems, struct tw_error *err)
{
    struct tw_error later = {0};
    uint32_t before = problems->count;
    bool events = !config->events.path[0] ||
                  tw_taxonomy_read(config->events.path, problems, &loaded->events, err) ||
                  note_failure(problems, before, err);
    const struct tw_entities_watch watch = {problems, entities_are_wrong};
    bool entities = !config->link.entities[0] || tw_entities_load_watched(config->link.entities, &watch,
                                                     &loaded->entities, events ? err : &later);
    const struct tw_rule_bounds bounds = {.events = loaded->events,
        .entities = loaded->entities,
        .weighed = true,
        .most_relevance = tw_source_list_most(&config->sources.weights),
        .stories = config->stories.enabled,
        .events_unread = !events,
        .entities_unread = !entities};
    struct tw_error *of_rules = events && entities ? err : &later;
    before = problems->count;
    bool rules = !config->rules.path[0] ||
                 load_rules(config->rules.path, &bounds, problems, &loaded->rules, of_rules) ||
                 note_failure(problems, before, of_rules);
    return events && rules && entities;
}

static void fill(struct loaded *loaded, const struct tw_config *config)
{
    const struct tw_classifier *classifier = loaded->model->content;
    loaded->work.river = (struct tw_river){
        .decode = config->decode,
        .entities = loaded->entities,
        .classifier = classifier,
        .rules = loaded->rules,
        .events = loaded->events,
        .sources = loaded->sources,
        .link_unlisted = config->link.unlisted,
        .stories = config->stories.enabled,
    };
    loaded->work.encode = (struct tw_encode_options){
        .rows_per_statement = (uint32_t)config->store.rows_per_statement,
        .model_sha256 = tw_classifier_sha256(classifier),
        .lateness_us = config->watermark.lateness_us,
    };
}

bool tw_load_shared(const struct tw_config *config, struct tw_shared *model, struct tw_problems *problems,
    struct tw_shared **out, struct tw_error *err)
{
    struct loaded *loaded = calloc(1, sizeof *loaded);
    struct tw_shared *shared = loaded ? tw_shared_new(loaded, free_loaded) : NULL;
    if (!shared) {
        free(loaded);
        return tw_fail(err, TW_INTERNAL, "entities, events and rules", NULL, "out of memory");
    }
    loaded->model = tw_shared_use(model);
    if (!read_files(loaded, config, problems, err) ||
        !tw_source_weights_new(&config->sources.weights, &loaded->sources, err)) {
        tw_shared_leave(shared);
        return false;
    }
    fill(loaded, config);
    *out = shared;
    return true;
}

void tw_load_effective(const struct tw_shared *shared, struct tw_config *config)
{
    const struct loaded *loaded = shared->content;
    config->decode = (struct tw_decode_options *)(uintptr_t)loaded->work.river.decode;
    config->link.unlisted = loaded->work.river.link_unlisted;
    config->sources.weights = tw_source_weights_list(loaded->sources);
    config->stories.enabled = loaded->work.river.stories;
    config->store.rows_per_statement = loaded->work.encode.rows_per_statement;
    config->watermark.lateness_us = loaded->work.encode.lateness_us;
    config->batch.micro_tokens = tw_classifier_micro_tokens(loaded->work.river.classifier);
}

const char *tw_load_entities_sha256(const struct tw_shared *shared)
{
    const struct loaded *loaded = shared->content;
    return loaded->entities ? tw_entities_sha256(loaded->entities) : "";
}

const struct tw_automaton *tw_load_entities(const struct tw_shared *shared)
{
    return ((const struct loaded *)shared->content)->entities;
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

const struct tw_source_weights *tw_load_sources(const struct tw_shared *shared)
{
    return ((const struct loaded *)shared->content)->sources;
}

const struct tw_taxonomy *tw_load_events(const struct tw_shared *shared)
{
    return ((const struct loaded *)shared->content)->events;
}

void tw_load_events_name(const struct tw_shared *shared, char name[TW_EVENTS_NAME_BYTES])
{
    const struct tw_taxonomy *events = shared ? tw_load_events(shared) : NULL;
    if (events)
        snprintf(
            name, TW_EVENTS_NAME_BYTES, "version %lld (%.12s)", (long long)events->version, events->hash);
    else
        snprintf(name, TW_EVENTS_NAME_BYTES, "none");
}
