#include "evaluate/stored_rules.h"

#include "alert/rules.h"
#include "postgres/wire.h"

#include <stddef.h>
#include <stdlib.h>

enum { PROBLEMS_BYTES = 1 << 20 };

/* -- what is wanted -------------------------------------------------------------------------------------- */

static bool copy_rules(struct tw_stored_rules *stored, const struct tw_rule_set *rules, struct tw_error *err)
{
    char *copy = malloc(rules->canonical.length + 1);
    if (!copy)
        return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
    memcpy(copy, rules->canonical.bytes, rules->canonical.length);
    copy[rules->canonical.length] = '\0';
    free(stored->wanted);
    stored->wanted = copy;
    memcpy(stored->wanted_hash, rules->hash, sizeof stored->wanted_hash);
    return true;
}

/* A set from text. */
static struct tw_rule_set *load(const struct tw_text_file *source, struct tw_error *err)
{
    struct tw_problems problems;
    struct tw_rule_set *rules = NULL;
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, PROBLEMS_BYTES, err))
        return NULL;
    tw_problems_begin(&problems, &arena);
    bool loaded = tw_rules_load(source, NULL, &problems, &rules, err);
    tw_arena_end(&arena);
    return loaded ? rules : NULL;
}

bool tw_stored_rules_want(
    struct tw_stored_rules *stored, const struct tw_rule_set *rules, struct tw_error *err)
{
    static const struct tw_text_file no_rules = {"no rules", {"rules: []\n", sizeof "rules: []\n" - 1}};
    if (rules)
        return copy_rules(stored, rules, err);
    struct tw_rule_set *none = load(&no_rules, err);
    bool done = none && copy_rules(stored, none, err);
    tw_rules_free(none);
    return done;
}

void tw_stored_rules_send_wanted(struct tw_stored_rules *stored, const struct tw_session *session)
{
    const char *values[] = {stored->wanted_hash, session->owner, stored->wanted};
    const int lengths[] = {(int)strlen(values[0]), (int)strlen(values[1]), (int)strlen(values[2])};
    memcpy(stored->sent_hash, stored->wanted_hash, sizeof stored->sent_hash);
    tw_connection_send(session->connection, TW_RULE_SET_STORE, values, lengths);
}

void tw_stored_rules_sent(struct tw_stored_rules *stored)
{
    if (strcmp(stored->sent_hash, stored->wanted_hash) != 0)
        return;
    free(stored->wanted);
    stored->wanted = NULL;
}

/* -- what is stored -------------------------------------------------------------------------------------- */

void tw_stored_rules_add_read(const struct tw_stored_rules *stored, struct tw_statement_list *list)
{
    tw_statement_add(list, TW_RULE_SETS_FIRST);
    tw_statement_add(list, TW_RULE_SETS_READ);
    tw_statement_put_int32(list, tw_stored_rules_last(stored));
}

static bool make_room(struct tw_stored_rules *stored, struct tw_error *err)
{
    struct tw_rule_span *sets = realloc(stored->sets, (stored->count + 1) * sizeof *sets);
    if (sets)
        stored->sets = sets;
    struct tw_rule_set **owned = realloc(stored->owned, (stored->count + 1) * sizeof *owned);
    if (owned)
        stored->owned = owned;
    return (sets && owned) || tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
}

/* Sets before the first that counts are freed. */
static void forget_before(struct tw_stored_rules *stored, int32_t first)
{
    uint32_t gone = 0;
    stored->again = stored->count > 0 && first > 0 && first < stored->sets[0].id;
    while (gone < stored->count && stored->sets[gone].id < first)
        tw_rules_free(stored->owned[gone++]);
    if (gone == 0)
        return;
    stored->count -= gone;
    memmove(stored->sets, stored->sets + gone, stored->count * sizeof *stored->sets);
    memmove(stored->owned, stored->owned + gone, stored->count * sizeof(void *));
}

static bool add_sets(struct tw_stored_rules *stored, const PGresult *result, struct tw_error *err)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct tw_text_file source = {
            "tapewatch.rule_sets", {PQgetvalue(result, row, 2), (size_t)PQgetlength(result, row, 2)}};
        if (!make_room(stored, err))
            return false;
        struct tw_rule_set *rules = load(&source, err);
        if (!rules)
            return false;
        stored->owned[stored->count] = rules;
        stored->sets[stored->count++] = (struct tw_rule_span){.rules = rules,
            .holds_from_us = tw_get_time(PQgetvalue(result, row, 1)),
            .id = tw_get_int32(PQgetvalue(result, row, 0))};
    }
    return true;
}

bool tw_stored_rules_row(
    struct tw_stored_rules *stored, enum tw_statement statement, const PGresult *result, struct tw_error *err)
{
    if (statement != TW_RULE_SETS_FIRST)
        return add_sets(stored, result, err);
    if (PQntuples(result) == 1)
        forget_before(stored, tw_get_int32(PQgetvalue(result, 0, 0)));
    return true;
}

bool tw_stored_rules_settle(struct tw_stored_rules *stored)
{
    if (!stored->again)
        return true;
    tw_stored_rules_forget(stored);
    return false;
}

int32_t tw_stored_rules_last(const struct tw_stored_rules *stored)
{
    return stored->count > 0 ? stored->sets[stored->count - 1].id : 0;
}

bool tw_stored_rules_hold(const struct tw_stored_rules *stored, int64_t *from_us)
{
    if (stored->wanted || stored->count == 0)
        return false;
    const struct tw_rule_span *last = &stored->sets[stored->count - 1];
    *from_us = last->holds_from_us;
    return strcmp(last->rules->hash, stored->wanted_hash) == 0;
}

/* The longest of one of their spans of time. */
static int64_t longest_us(const struct tw_stored_rules *stored, size_t offset)
{
    int64_t most_us = 0;
    for (uint32_t at = 0; at < stored->count; at++) {
        int64_t us = 0;
        memcpy(&us, (const char *)stored->owned[at] + offset, sizeof us);
        most_us = us > most_us ? us : most_us;
    }
    return most_us;
}

int64_t tw_stored_rules_longest_window_us(const struct tw_stored_rules *stored)
{
    return longest_us(stored, offsetof(struct tw_rule_set, longest_window_us));
}

int64_t tw_stored_rules_longest_days_us(const struct tw_stored_rules *stored)
{
    return longest_us(stored, offsetof(struct tw_rule_set, longest_days_us));
}

int64_t tw_stored_rules_longest_past_us(const struct tw_stored_rules *stored)
{
    return longest_us(stored, offsetof(struct tw_rule_set, longest_past_us));
}

int64_t tw_stored_rules_longest_spoken_us(const struct tw_stored_rules *stored)
{
    return longest_us(stored, offsetof(struct tw_rule_set, longest_spoken_us));
}

void tw_stored_rules_forget(struct tw_stored_rules *stored)
{
    for (uint32_t at = 0; at < stored->count; at++)
        tw_rules_free(stored->owned[at]);
    free(stored->sets);
    free(stored->owned);
    stored->sets = NULL;
    stored->owned = NULL;
    stored->count = 0;
    stored->again = false;
}

void tw_stored_rules_end(struct tw_stored_rules *stored)
{
    tw_stored_rules_forget(stored);
    free(stored->wanted);
    stored->wanted = NULL;
}
