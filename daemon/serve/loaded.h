/* loaded: what the workers share, as the configuration names it: model, entities, rules.
 *
 *   tw_load_classifier   once at start: the model is not reloadable; which one it is goes into the log
 *   tw_load_shared       at start and at each reload: entities and rules anew, whole or not at all
 *
 * The shared data owns its automaton and rules and frees them with its last user (pool.h); the classifier and the
 * decode options are borrowed and must outlive it. */
#ifndef TW_LOADED_H
#define TW_LOADED_H

#include "alert/rules.h"
#include "config/config.h"
#include "link/entities.h"
#include "observe/log.h"
#include "pool/work.h"
#include "score/classify.h"

/* Opens the model that the configuration means (classifier_options.h) and logs its folder and SHA-256. TW_CONFIG, TW_IO,
 * TW_PERMISSION. */
TW_MUST_USE bool tw_load_classifier(const struct tw_config *config, const struct tw_log *log,
    struct tw_classifier **out, struct tw_error *err);

/* TW_CONFIG (file:line:column as where) or TW_IO. */
TW_MUST_USE bool tw_load_shared(const struct tw_config *config, const struct tw_classifier *classifier,
    struct tw_shared **out, struct tw_error *err);
/* For one that was never given to a pool. */
void tw_load_free(struct tw_shared *shared);

/* The rules in shared data; NULL when the configuration names none. They live as long as it. */
const struct tw_rule_set *tw_load_rules(const struct tw_shared *shared);
uint32_t tw_load_entity_count(const struct tw_shared *shared);

#endif
