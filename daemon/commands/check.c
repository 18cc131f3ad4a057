/* check: everything that `serve` would trip over, found before it runs. Offline it reads configuration, rules,
 * entities and model, and probes the matrix products; --connect asks the servers too. Every finding is a line;
 * the first thing that is wrong gives the exit status. */
#include "cli/command.h"

#include "alert/rules.h"
#include "cli/check_servers.h"
#include "config/classifier_options.h"
#include "config/config.h"
#include "files/problems.h"
#include "link/entities.h"
#include "observe/processors.h"
#include "postgres/postgres.h"
#include "score/classify.h"
#include "source/kafka.h"

#include "base/file.h"
#include "gemm/gemm.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20, MOST_RULES_BYTES = 4 << 20 };

struct check {
    struct tw_config config;
    const char *path;  /* -c, or NULL */
    const char *model; /* -m, or NULL */
    struct tw_arena arena;
    struct tw_error first; /* of what was wrong */
};

static void print_good(const char *what, const char *detail)
{
    printf("ok     %-10s %s\n", what, detail);
}

static void print_bad(struct check *check, const char *what, const struct tw_error *err)
{
    char line[1200];
    tw_error_line(err, line, sizeof line);
    printf("WRONG  %-10s %s\n", what, line);
    if (check->first.code == TW_OK)
        check->first = *err;
}

static bool check_config(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    if (!tw_command_config_load(check->path, false, &check->arena, &check->config, err))
        return false;
    snprintf(detail, size, "%s", check->config.path);
    return true;
}

static bool check_rules(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    struct tw_problems problems;
    struct tw_text_file source = {.file = check->config.rules.path};
    struct tw_rule_set *set = NULL;
    if (source.file[0] == '\0') {
        snprintf(detail, size, "none (rules.path is not set): no alerts");
        return true;
    }
    tw_problems_begin(&problems, &check->arena);
    if (!tw_file_read(source.file, MOST_RULES_BYTES, &check->arena, &source.bytes, err))
        return false;
    if (!tw_rules_load(&source, &problems, &set, err)) {
        struct tw_text text;
        struct tw_error ignored;
        if (problems.count > 0 && tw_problems_render(&problems, &check->arena, &text, &ignored))
            fprintf(stderr, "%.*s", (int)text.length, text.bytes);
        return false;
    }
    snprintf(detail, size, "%s: %u rules, set %.12s", source.file, set->count, set->hash);
    tw_rules_free(set);
    return true;
}

static bool check_entities(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    struct tw_automaton *entities = NULL;
    const char *path = check->config.link.entities;
    if (path[0] == '\0') {
        snprintf(detail, size, "none (link.entities is not set): symbols alone are linked");
        return true;
    }
    if (!tw_entities_load(path, &entities, err))
        return false;
    snprintf(detail, size, "%s: %u entities, %llu names", path, tw_entities_count(entities),
        (unsigned long long)tw_entities_name_count(entities));
    tw_entities_free(entities);
    return true;
}

static bool check_model(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    const struct tw_model_asked asked = {.folder = check->model};
    struct tw_classifier_options options;
    struct tw_classifier *classifier = NULL;
    if (!tw_config_classifier_options(&check->config, &asked, &check->arena, &options, err))
        return false;
    if (!tw_classifier_open(&options, &classifier, err))
        return false;
    snprintf(detail, size, "%s%sSHA-256 %s, %u tokens at most%s", options.folder ? options.folder : "",
        options.folder ? ": " : "", tw_classifier_sha256(classifier), tw_classifier_max_tokens(classifier),
        options.constant ? ", CONSTANT: scores are invented (dev)" : "");
    tw_classifier_free(classifier);
    return true;
}

static bool check_gemm(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    struct tw_gemm gemm;
    if (!tw_gemm_open(tw_gemm_choice_names[check->config.gemm.backend], &gemm, err))
        return false;
    tw_gemm_report(&gemm, detail, size);
    return true;
}

static bool check_workers(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    (void)err;
    char why[PATH_MAX];
    uint32_t allowed = tw_processors(why, sizeof why);
    int64_t workers = check->config.workers.count ? check->config.workers.count : allowed;
    snprintf(detail, size, "%lld (%u processors by %.120s)", (long long)workers, allowed, why);
    return true;
}

/* What librdkafka and libpq say of names and values, before any server is asked. */
static bool check_settings(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    const struct tw_config *config = &check->config;
    struct tw_postgres_options options = {
        config->store.conninfo, config->store.password_file, "tapewatch check"};
    struct tw_postgres_parameters parameters;
    rd_kafka_conf_t *settings;
    if (!tw_kafka_settings(config, TW_KAFKA_CONSUMER, &settings, err))
        return false;
    rd_kafka_conf_destroy(settings);
    if (!tw_postgres_parameters_begin(&options, &parameters, err))
        return false;
    tw_postgres_parameters_end(&parameters);
    snprintf(detail, size, "%u Kafka properties, %u secrets, conninfo", config->kafka.properties.count,
        config->kafka.secrets.count);
    return true;
}

static bool check_kafka(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    return tw_check_kafka(&check->config, detail, size, err);
}

static bool check_store(struct check *check, char *detail, size_t size, struct tw_error *err)
{
    return tw_check_store(&check->config, detail, size, err);
}

static const struct {
    const char *name;
    bool connects;
    bool (*run)(struct check *check, char *detail, size_t size, struct tw_error *err);
} checks[] = {
    {"config", false, check_config},
    {"settings", false, check_settings},
    {"rules", false, check_rules},
    {"entities", false, check_entities},
    {"model", false, check_model},
    {"gemm", false, check_gemm},
    {"workers", false, check_workers},
    {"kafka", true, check_kafka},
    {"store", true, check_store},
};

static void run_checks(struct check *check, bool connect)
{
    for (size_t at = 0; at < sizeof checks / sizeof checks[0]; at++) {
        char detail[1024] = "";
        struct tw_error err = {0};
        if (checks[at].connects && !connect)
            continue;
        if (checks[at].run(check, detail, sizeof detail, &err))
            print_good(checks[at].name, detail);
        else
            print_bad(check, checks[at].name, &err);
        fflush(stdout);
        if (at == 0 && check->first.code != TW_OK)
            return; /* nothing else can be found without a configuration */
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
    struct check check = {.path = options->config, .model = options->model};
    if (!tw_arena_begin(&check.arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    run_checks(&check, options->connect);
    tw_arena_end(&check.arena);
    *err = check.first;
    return tw_exit_status(check.first.code);
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, config),
    {"model", 'm', "FOLDER", TW_INTO_PATH(struct options, model),
        .help = "check this model instead of the configured one"},
    {"connect", 0, NULL, TW_INTO_FLAG(struct options, connect), .help = "ask Kafka and PostgreSQL as well"},
};

const struct tw_command tw_command_check = {
    .name = "check",
    .group = "run",
    .summary = "configuration, rules, entities, model, processors; with --connect the servers too",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
