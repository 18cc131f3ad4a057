/* expectations: what came of a case, held against what its file expects.
 *
 *     struct tw_expectations expectations = {.failed_one = tell, .context = ...};
 *     tw_expect_document(&expectations, expected, &found)       each message of which something is expected
 *     tw_expect_story(&expectations, expected, copy_of)         the same, when its story is known
 *     tw_expect_refused, tw_expect_alerts                       once a case
 *     expectations.passed, expectations.failed                  how many of them
 *
 * Each thing that is expected counts once, passed or failed; so does each thing too many, failed. A failure
 * is told as an error whose `where` is file:line of what expects it, and whose `what` says what
 * was found. */
#ifndef TW_EXPECTATIONS_H
#define TW_EXPECTATIONS_H

#include "events/taxonomy.h"
#include "rows.h"
#include "scenario/scenario_file.h"

struct tw_expectations {
    void *context;
    void (*failed_one)(void *context, const struct tw_error *why);
    uint64_t passed, failed;
};

/* A message as the river has read it. */
struct tw_found_document {
    const struct tw_document *document;
    const struct tw_score_row *scores; /* of its entities */
    uint32_t score_count;
    const struct tw_taxonomy *taxonomy; /* of its events; NULL: none are told */
};

/* A step that an alert took. */
struct tw_found_step {
    struct tw_text rule, entity, reason;
    enum tw_alert_step step;
    int64_t at_us;
    bool expected; /* out: something expects it */
};

/* Tells a failure at a place of the file. */
void tw_expect_failed(struct tw_expectations *expectations, const struct tw_yaml_node *node, const char *what,
    ...) TW_PRINTF(3, 4);

/* Label, entities and events of one message, as far as anything is expected of them. */
void tw_expect_document(struct tw_expectations *expectations, const struct tw_expected_document *expected,
    const struct tw_found_document *found);

/* Its story, when it is filed: `copy_of` is the id of the story's first message; empty: it is that itself. */
void tw_expect_story(struct tw_expectations *expectations, const struct tw_expected_document *expected,
    struct tw_text copy_of);

/* How many messages were refused. */
void tw_expect_refused(
    struct tw_expectations *expectations, const struct tw_scenario_case *one, uint64_t refused);

/* Steps in the order in which they were taken. Each that is expected must be there, and each opening must be
 * expected; updates and resolutions need not. */
void tw_expect_alerts(struct tw_expectations *expectations, const struct tw_scenario_case *one,
    struct tw_found_step *steps, size_t count);

#endif
