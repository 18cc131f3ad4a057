/* config: every key of tapewatch.yaml, in one table that feeds the loader, `check`, `config --defaults` and
 * the reference page.
 *
 * A key has a type, a unit, a range, a default, prose and a mark whether `reload` may change it. The loader
 * reports every error at once (problems.h): file:line:column, the line, a caret, the nearest key and the
 * cure. Kafka properties pass through untouched. Passwords come from files or systemd credentials, never from
 * here (secrets.h). Variables (`${HOST}`) are not filled in, and refused.
 *
 * A configuration that was refused may still be looked at (`check` does): keys that were wrong have their
 * defaults, and tw_config_section_sound tells whose. */
#ifndef TW_CONFIG_H
#define TW_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/log.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "link/source_weights.h"

/* Where the configuration is looked for when -c names none. */
#define TW_CONFIG_PATH "/etc/tapewatch/tapewatch.yaml"

/* Values of keys that are one word of a few (TW_FIELD_CHOICE), in the order of their words below. */
enum tw_out_of_range { TW_OUT_OF_RANGE_STOP, TW_OUT_OF_RANGE_EARLIEST, TW_OUT_OF_RANGE_LATEST };
enum tw_model_kind { TW_MODEL_FOLDER, TW_MODEL_CONSTANT };
enum tw_model_precision { TW_PRECISION_AUTO, TW_PRECISION_FP32, TW_PRECISION_INT8 };
enum tw_gemm_choice {
    TW_GEMM_CHOICE_AUTO,
    TW_GEMM_CHOICE_ONEDNN,
    TW_GEMM_CHOICE_OPENBLAS,
    TW_GEMM_CHOICE_PORTABLE
};

/* Their words as a file has them, each list ended by NULL. */
extern const char *const tw_out_of_range_names[];
extern const char *const tw_model_kind_names[];
extern const char *const tw_model_precision_names[];
extern const char *const tw_gemm_choice_names[];

struct tw_problems;
struct tw_text_file;
struct tw_yaml_node;
struct tw_decode_options;

struct tw_strings {
    const char *const *items;
    uint32_t count;
};

struct tw_property {
    const char *name;
    const char *value;
};

struct tw_properties {
    const struct tw_property *items;
    uint32_t count;
};

/* As many sessions that store as a configuration may ask for (store.sessions). */
enum { TW_STORE_SESSIONS_MOST = 16 };

struct tw_config {
    const char *path;                  /* the file it was read from; NULL: defaults alone */
    const struct tw_text_file *source; /* its bytes; NULL: defaults alone */
    const struct tw_yaml_node *root;   /* its tree; NULL: defaults alone, an empty file or no YAML */
    uint64_t wrong_sections;           /* bits in the order of the table (tw_config_section_sound) */
    bool dev;                          /* allows what must never run in production (model.kind: constant) */

    struct {
        struct tw_strings topics;
        const char *group;
        struct tw_properties properties; /* librdkafka's own names, untouched */
        struct tw_properties secrets;    /* property -> file that holds its value (sasl.password: /run/...) */
        enum tw_out_of_range out_of_range; /* what happens when a stored offset is gone */
    } kafka;
    struct {
        const char *conninfo; /* libpq's, untouched */
        const char *password_file;
        int64_t new_days_per_minute;
        int64_t rows_per_statement;
        int64_t sessions; /* that store, side by side */
        int64_t lock_timeout_ms;
        int64_t retry_most_ms;  /* longest pause between tries */
        int64_t answer_most_ms; /* longest time for an answer, before it is cancelled */
    } store;
    struct {
        const char *path;
        enum tw_model_kind kind;
        enum tw_model_precision precision; /* which weights score (model_precision.h) */
        int64_t max_tokens;
        int64_t max_windows;
        int64_t cache_bytes; /* of scores of texts that come again; 0: none */
        struct tw_strings labels;
    } model;
    struct {
        enum tw_gemm_choice backend;
    } gemm;
    struct tw_decode_options *decode; /* decode.h */
    struct {
        const char *entities; /* path, empty: symbols only */
        bool unlisted;
    } link;
    struct {
        const char *path; /* events.yaml, empty: no events */
    } events;
    struct {
        struct tw_source_list weights; /* names and what they count (link/source_weights.h), and all others */
    } sources;
    struct {
        bool enabled;
        int64_t most_documents; /* of the window that are compared */
    } stories;
    struct {
        const char *path; /* rules.yaml, empty: no rules */
    } rules;
    struct {
        int64_t lateness_us;
        int64_t idle_after_us;
    } watermark;
    struct {
        int64_t most_bytes;
        int64_t most_documents;
        int64_t age_ms;
        int64_t memory_bytes; /* arena of one batch */
        int64_t micro_tokens; /* tokens of one pass through the encoder */
    } batch;
    struct {
        int64_t high_bytes; /* in flight: pause above, resume below low */
        int64_t low_bytes;
    } flow;
    struct {
        int64_t count; /* 0: as many as the processors this process may use */
    } workers;
    struct {
        int64_t interval_ms; /* how often closed bars are looked for */
        int64_t idle_session_ms;
        int64_t memory_bytes; /* of the bars that rules look back on */
    } evaluate;
    struct {
        bool enabled;
        int64_t stories;    /* documents of a step that are explained */
        int64_t per_minute; /* steps that are, at the most */
    } evidence;
    struct {
        const char *kafka_topic;  /* empty: none */
        const char *alertmanager; /* URL; empty: none */
        int64_t repeat_ms;        /* how often open alerts are told again */
        int64_t keep_ms;          /* how long what could not be told waits */
    } tell;
    struct {
        const char *address;
        int64_t port; /* 0: none */
    } http;
    struct {
        const char *socket; /* Unix socket for reload and status; empty: none */
    } control;
    struct {
        enum tw_level level;
        enum tw_log_format format;
    } log;
    struct {
        int64_t drain_ms; /* SIGTERM: how long batches in flight may take */
    } shutdown;
};

/* Defaults alone. Strings live in static storage or in `arena`. */
TW_MUST_USE bool tw_config_defaults(struct tw_arena *arena, struct tw_config *out, struct tw_error *err);

/* Reads and checks a file. Every error found is added to `problems`; false (TW_CONFIG, the first of them,
 * with the count) when there is one, TW_IO or TW_PERMISSION when the file cannot be read. `out` and all it
 * points to live in `arena`. Relative paths in it are relative to the file's folder. */
TW_MUST_USE bool tw_config_load(const char *path, struct tw_arena *arena, struct tw_config *out,
    struct tw_problems *problems, struct tw_error *err);

/* Was every key of this section ("" for the keys of the top) read as it stands in the file? */
bool tw_config_section_sound(const struct tw_config *config, const char *section);

/* Adds a problem where the file has that key, or a property in its map (NULL: the key itself); the section or
 * the file as a whole where it has none. For those who find out more of a value than the loader can. Returns
 * false. */
bool tw_config_problem(const struct tw_config *config, struct tw_problems *problems, const char *section,
    const char *key, const char *property, const char *cure, const char *what, ...) TW_PRINTF(7, 8);

#endif
