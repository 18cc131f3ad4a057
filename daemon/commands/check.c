/* check: everything that `serve` would trip over, found before it runs. Offline it reads configuration,
 * events, rules, entities and model, probes the matrix products, and tries the doors (HTTP, control socket);
 * --connect asks the servers too. Every stage is run, whatever the others found; each tells all that is wrong
 * (check/check.h). */
#include "check/check.h"

#include "check/check_servers.h"
#include "check/check_settings.h"
#include "cli/command.h"
#include "config/classifier_options.h"
#include "events/taxonomy.h"
#include "names/entities.h"
#include "observe/control.h"
#include "observe/http.h"
#include "observe/processors.h"
#include "rules/rules.h"
#include "score/classify.h"

#include "base/file.h"
#include "gemm/gemm.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20, MOST_RULES_BYTES = 4 << 20 };

struct command {
    struct tw_check check; /* first: a pointer to one is a pointer to the other */
    const char *path;      /* -c; NULL: the standard path */
    const char *model;     /* -m; NULL: as configured */
    struct tw_taxonomy *events;
    struct tw_automaton *entities;
    struct tw_rule_bounds bounds; /* what is not looked at is unread */
};

static void check_config(struct tw_check *check)
{
    const struct command *command = (const struct command *)check;
    struct tw_error err = {0};
    const char *path = command->path ? command->path : TW_CONFIG_PATH;
    if (!tw_config_load(path, &check->arena, &check->config, &check->problems, &err) &&
        check->problems.count == 0)
        tw_check_wrong(check, &err);
    snprintf(check->detail, sizeof check->detail, "%s", path);
}

static void check_events(struct tw_check *check)
{
    struct command *command = (struct command *)check;
    const char *path = check->config.events.path;
    struct tw_taxonomy *events = NULL;
    struct tw_error err = {0};
    uint32_t before = check->problems.count;
    if (path[0] == '\0')
        snprintf(check->detail, sizeof check->detail, "none (events.path is not set): no events");
    else if (tw_taxonomy_read(path, &check->problems, &events, &err))
        snprintf(check->detail, sizeof check->detail, "%s: version %lld, %u types, %u patterns, set %.12s",
            path, (long long)events->version, events->type_count, events->pattern_count, events->hash);
    else if (check->problems.count == before)
        tw_check_wrong(check, &err);
    command->bounds.events_unread = path[0] && !events;
    command->bounds.events = command->events = events;
    command->bounds.stories = check->config.stories.enabled;
    command->bounds.weighed = tw_config_section_sound(&check->config, "sources");
    command->bounds.most_relevance = tw_source_list_most(&check->config.sources.weights);
}

static void check_rules(struct tw_check *check)
{
    const struct command *command = (const struct command *)check;
    struct tw_text_file source = {.file = check->config.rules.path};
    struct tw_rule_set *set = NULL;
    struct tw_error err = {0};
    if (source.file[0] == '\0') {
        snprintf(check->detail, sizeof check->detail, "none (rules.path is not set): no alerts");
        return;
    }
    struct tw_text_file *kept = tw_arena_array(&check->arena, 1, sizeof *kept); /* problems point to it */
    if (!kept) {
        tw_arena_fail(&check->arena, &err);
        tw_check_wrong(check, &err);
        return;
    }
    bool read = tw_file_read(source.file, MOST_RULES_BYTES, &check->arena, &source.bytes, &err);
    *kept = source;
    if (read && tw_rules_load(kept, &command->bounds, &check->problems, &set, &err))
        snprintf(check->detail, sizeof check->detail, "%s: %u rules, set %.12s", source.file, set->count,
            set->hash);
    else if (check->problems.count == 0)
        tw_check_wrong(check, &err);
    tw_rules_free(set);
}

static void entities_are_wrong(void *context, const struct tw_error *why)
{
    tw_check_wrong(context, why);
}

/* What of the file is right and seldom meant. */
static void tell_entities(struct tw_check *check, const char *path, const struct tw_automaton *entities)
{
    const uint32_t count = tw_entities_count(entities), nameless = tw_entities_nameless(entities);
    struct tw_shared_names shared;
    char *to = check->detail;
    size_t size = sizeof check->detail;
    int used = snprintf(to, size, "%s: %u entities, %llu names", path, count,
        (unsigned long long)tw_entities_name_count(entities));
    if (nameless > 0 && (size_t)used < size)
        used += snprintf(to + used, size - (size_t)used,
            "; %u without a name (under names, name or aliases), found by their symbols alone", nameless);
    tw_entities_shared_names(entities, &shared);
    if (shared.count > 0 && (size_t)used < size) {
        const struct tw_entity *one = tw_entities_at(entities, shared.owners[0]);
        const struct tw_entity *other = tw_entities_at(entities, shared.owners[1]);
        snprintf(to + used, size - (size_t)used,
            "; %llu shared by several, which name nobody without a symbol beside them: \"%s\" of %.*s and %.*s%s",
            (unsigned long long)shared.count, shared.shown, (int)one->symbol.length, one->symbol.bytes,
            (int)other->symbol.length, other->symbol.bytes, shared.count > 1 ? ", ..." : "");
    }
    check->partly = nameless == count; /* no text names anybody: hardly what was meant */
}

static void check_entities(struct tw_check *check)
{
    const struct tw_entities_watch watch = {check, entities_are_wrong};
    struct command *command = (struct command *)check;
    struct tw_automaton *entities = NULL;
    struct tw_error err = {0};
    const char *path = check->config.link.entities;
    if (path[0] == '\0')
        snprintf(
            check->detail, sizeof check->detail, "none (link.entities is not set): symbols alone are linked");
    else if (tw_entities_load_watched(path, &watch, &entities, &err))
        tell_entities(check, path, entities);
    command->bounds.entities_unread = path[0] && !entities;
    command->bounds.entities = command->entities = entities;
}

static void check_model(struct tw_check *check)
{
    const struct tw_model_asked asked = {.folder = ((const struct command *)check)->model};
    struct tw_classifier_options options;
    struct tw_classifier *classifier = NULL;
    struct tw_error err = {0};
    if (!tw_config_classifier_options(&check->config, &asked, &check->arena, &options, &err) ||
        !tw_classifier_open(&options, &classifier, &err)) {
        tw_check_wrong(check, &err);
        return;
    }
    snprintf(check->detail, sizeof check->detail, "%s%sSHA-256 %s, %u tokens at most%s%s%s%s%s",
        options.folder ? options.folder : "", options.folder ? ": " : "", tw_classifier_sha256(classifier),
        tw_classifier_text_tokens(classifier),
        options.constant ? ", CONSTANT: scores are invented (dev)" : "", options.constant ? "" : ", ",
        tw_classifier_precision(classifier), options.why ? ": " : "", options.why ? options.why : "");
    tw_classifier_free(classifier);
}

static void check_gemm(struct tw_check *check)
{
    struct tw_gemm gemm;
    struct tw_error err = {0};
    if (tw_gemm_open(tw_gemm_choice_names[check->config.gemm.backend], &gemm, &err))
        tw_gemm_report(&gemm, check->detail, sizeof check->detail);
    else
        tw_check_wrong(check, &err);
}

static void check_workers(struct tw_check *check)
{
    char why[PATH_MAX];
    uint32_t allowed = tw_processors(why, sizeof why);
    int64_t workers = check->config.workers.count ? check->config.workers.count : allowed;
    snprintf(check->detail, sizeof check->detail, "%lld (%u processors by %.120s)", (long long)workers,
        allowed, why);
}

static void check_control(struct tw_check *check)
{
    const char *path = check->config.control.socket;
    struct tw_error err = {0};
    bool alive = false;
    if (path[0] == '\0')
        snprintf(check->detail, sizeof check->detail, "none (control.socket is empty): SIGHUP alone reloads");
    else if (tw_control_check(path, &alive, &err))
        snprintf(check->detail, sizeof check->detail, "%s%s", path, alive ? ": a daemon answers there" : "");
    else
        tw_check_wrong(check, &err);
}

/* The daemon of this configuration may be the one that has the address. */
static bool daemon_runs(const struct tw_config *config)
{
    bool alive = false;
    struct tw_error ignored;
    return config->control.socket[0] && tw_control_check(config->control.socket, &alive, &ignored) && alive;
}

static void check_http(struct tw_check *check)
{
    const struct tw_config *config = &check->config;
    const struct tw_http_source nothing = {0};
    struct tw_http *http = NULL;
    struct tw_error err = {0};
    uv_loop_t loop;
    snprintf(
        check->detail, sizeof check->detail, "%s:%lld", config->http.address, (long long)config->http.port);
    if (config->http.port == 0) {
        snprintf(check->detail, sizeof check->detail, "none (http.port is 0)");
        return;
    }
    uv_loop_init(&loop);
    if (tw_http_begin(&loop, config->http.address, (uint16_t)config->http.port, &nothing, &http, &err))
        tw_http_end(http);
    else if (err.code == TW_OUTPUT && daemon_runs(config))
        snprintf(check->detail, sizeof check->detail, "%s:%lld: taken, and a daemon answers on %s",
            config->http.address, (long long)config->http.port, config->control.socket);
    else
        tw_check_wrong(check, &err);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

/* In the order in which `serve` needs them. `sections`: what of the configuration a stage cannot do without,
 * as it was written. */
static const struct {
    const char *name;
    bool connects;
    void (*run)(struct tw_check *check);
    const char *sections[3];
} stages[] = {
    {"config", false, check_config, {NULL}},
    {"settings", false, tw_check_settings, {NULL}},
    {"model", false, check_model, {"model", "batch", "gemm"}},
    {"gemm", false, check_gemm, {"gemm"}},
    {"events", false, check_events, {"events"}},
    {"entities", false, check_entities, {"link"}},
    {"rules", false, check_rules, {"rules"}},
    {"workers", false, check_workers, {"workers"}},
    {"http", false, check_http, {"http"}},
    {"control", false, check_control, {"control"}},
    {"kafka", true, tw_check_kafka, {"kafka"}},
    {"store", true, tw_check_store, {"store"}},
    {"alertmanager", true, tw_check_alertmanager, {"tell"}},
};

static bool is_sound(const struct tw_config *config, const char *const sections[3])
{
    bool unread = !config->root && config->wrong_sections;
    if (unread)
        return false;
    for (size_t at = 0; at < 3 && sections[at]; at++)
        if (!tw_config_section_sound(config, sections[at]))
            return false;
    return true;
}

static void run_stages(struct tw_check *check, bool connect)
{
    for (size_t at = 0; at < sizeof stages / sizeof stages[0]; at++) {
        if (stages[at].connects && !connect)
            continue;
        if (at > 0 && !is_sound(&check->config, stages[at].sections)) {
            tw_check_pass_over(
                check, stages[at].name, "not looked at: see what is wrong with the configuration");
            continue;
        }
        tw_check_begin_stage(check, stages[at].name);
        stages[at].run(check);
        tw_check_end_stage(check);
    }
}

/* ---- the command ---- */

struct options {
    const char *config, *model;
    bool connect;
};

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct command command = {.path = options->config,
        .model = options->model,
        .bounds = {.events_unread = true, .entities_unread = true}};
    struct tw_check *check = &command.check;
    if (!tw_arena_begin(&check->arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    run_stages(check, options->connect);
    tw_taxonomy_free(command.events);
    tw_entities_free(command.entities);
    tw_arena_end(&check->arena);
    *err = check->gravest;
    return tw_exit_status(check->gravest.code);
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, config),
    {"model", 'm', "FOLDER", TW_INTO_PATH(struct options, model),
        .help = "check this model instead of the configured one"},
    {"connect", 0, NULL, TW_INTO_FLAG(struct options, connect),
        .help = "ask Kafka, PostgreSQL and Alertmanager as well"},
};

const struct tw_command tw_command_check = {
    .name = "check",
    .group = "run",
    .summary = "configuration, events, rules, entities, model, processors; with --connect the servers too",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
