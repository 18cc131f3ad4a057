/* loaded: what the workers share, as the configuration names it: model, entities, events, rules.
 *
 *   tw_load_model    at start
 *   tw_load_shared   at start and at each reload: entities, events and rules anew, whole or not at all,
 *                    beside a model
 *
 * Both give a thing that is counted (shared.h) with one user, the caller. The shared data owns its
 * automaton, taxonomy and rules, and is a user of its model, so that a model lives as long as any batch that
 * was made with it. */
#ifndef TW_LOADED_H
#define TW_LOADED_H

#include "config/config.h"
#include "events/taxonomy.h"
#include "files/problems.h"
#include "link/source_weights.h"
#include "names/entities.h"
#include "pool/work.h"
#include "rules/rules.h"
#include "shared.h"

/* Which model it is, for people. */
struct tw_model_facts {
    char folder[256]; /* "constant" for one without a folder */
    char sha256[65];
    char precision[8]; /* "fp32" or "int8"; empty for the constant model */
    char why[512]; /* why these weights and no others (config/model_precision.h); empty: there is no choice */
    char gemm[512]; /* which library multiplies its matrices */
};

/* Opens the model that the configuration means (classifier_options.h). TW_CONFIG, TW_IO, TW_PERMISSION. */
TW_MUST_USE bool tw_load_model(const struct tw_config *config, struct tw_model_facts *facts,
    struct tw_shared **out, struct tw_error *err);

/* Entities, events and rules by the configuration's paths, beside `model`. All that is wrong with the files
 * is added to `problems`, whose arena keeps what they refer to; each file is read, whatever the others are
 * like. TW_CONFIG (the first problem) or TW_IO. */
TW_MUST_USE bool tw_load_shared(const struct tw_config *config, struct tw_shared *model,
    struct tw_problems *problems, struct tw_shared **out, struct tw_error *err);

/* What the shared data was made with, into the places where a configuration has it. */
void tw_load_effective(const struct tw_shared *shared, struct tw_config *config);

/* The rules in shared data; NULL when the configuration names none. They live as long as it. */
const struct tw_rule_set *tw_load_rules(const struct tw_shared *shared);
/* The entities in shared data; NULL when the configuration names no file of them. They live as long as it. */
const struct tw_automaton *tw_load_entities(const struct tw_shared *shared);
/* SHA-256 of the entities file's lines; "" when the configuration names none. */
const char *tw_load_entities_sha256(const struct tw_shared *shared);
/* Entities listed in shared data; 0 when the configuration names no file of them. */
uint32_t tw_load_entity_count(const struct tw_shared *shared);

/* The weights of sources in shared data. They live as long as it. */
const struct tw_source_weights *tw_load_sources(const struct tw_shared *shared);
/* The taxonomy in shared data; NULL when the configuration names no file of events. It lives as long
 * as it. */
const struct tw_taxonomy *tw_load_events(const struct tw_shared *shared);

enum { TW_EVENTS_NAME_BYTES = 48 };
/* Which taxonomy it is, for people: "version 1 (3fa4...)", or "none", also of `shared` NULL. */
void tw_load_events_name(const struct tw_shared *shared, char name[TW_EVENTS_NAME_BYTES]);

#endif
