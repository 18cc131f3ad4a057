#include "evaluate/stored_rules.h"

#include "postgres/wire.h"
#include "rules/rules.h"

#include <stddef.h>
#include <stdlib.h>

enum { PROBLEMS_BYTES = 1 << 20 };
#define LIST_BYTES ((size_t)256 << 20) /* address space: all watch lists */

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

/* Nothing is wanted yet, and what is stored is not what is: the watch lists decide. */
static void want_later(struct tw_stored_rules *stored)
{
    free(stored->wanted);
    stored->wanted = NULL;
    stored->wanted_hash[0] = '\0';
}

/* The wanted rules with the watch lists as they stand. Where those make no set, the last one stays. */
static bool want_watched(struct tw_stored_rules *stored, struct tw_error *err)
{
    struct tw_rule_set *rules = NULL;
    stored->refused = (struct tw_error){0};
    if (!tw_rules_watch(stored->base, &stored->lists, &rules, &stored->refused))
        return true;
    bool done = strcmp(rules->hash, stored->wanted_hash) == 0 || copy_rules(stored, rules, err);
    tw_rules_free(rules);
    return done;
}

static bool want_set(struct tw_stored_rules *stored, const struct tw_rule_set *rules, struct tw_error *err)
{
    const struct tw_text_file source = {"rules", rules->canonical};
    struct tw_rule_set *base = rules->watches ? load(&source, err) : NULL;
    if (rules->watches && !base)
        return false;
    tw_rules_free(stored->base);
    stored->base = base;
    stored->refused = (struct tw_error){0};
    if (!base)
        return copy_rules(stored, rules, err);
    want_later(stored);
    return !stored->lists_read || want_watched(stored, err);
}

bool tw_stored_rules_want(
    struct tw_stored_rules *stored, const struct tw_rule_set *rules, struct tw_error *err)
{
    static const struct tw_text_file no_rules = {"no rules", {"rules: []\n", sizeof "rules: []\n" - 1}};
    if (rules)
        return want_set(stored, rules, err);
    struct tw_rule_set *none = load(&no_rules, err);
    bool done = none && want_set(stored, none, err);
    tw_rules_free(none);
    return done;
}

void tw_stored_rules_send_wanted(struct tw_stored_rules *stored, const struct tw_session *session)
{
    const char *values[] = {stored->wanted_hash, session->owner, stored->wanted};
    const int lengths[] = {(int)strlen(values[0]), (int)strlen(values[1]), (int)strlen(values[2])};
    memcpy(stored->sent_hash, stored->wanted_hash, sizeof stored->sent_hash);
    tw_connection_send(session->connection, TW_RULE_SET_STORE, values, lengths);
    stored->sent_version = stored->lists_version;
    if (stored->lists_version == stored->dated_version)
        return;
    char version[sizeof stored->lists_version];
    const char *version_value = version;
    const int version_length = sizeof version;
    tw_put_int64(version, stored->lists_version);
    tw_connection_send(session->connection, TW_WATCHED_DATE, &version_value, &version_length);
}

void tw_stored_rules_sent(struct tw_stored_rules *stored)
{
    stored->dated_version = stored->sent_version;
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
    tw_statement_add(list, TW_WATCHED_READ);
    tw_statement_put_int64(list, stored->lists_read ? stored->lists_version : -1);
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

/* -- watch lists ----------------------------------------------------------------------------------------- */

static bool copy_lists(struct tw_stored_rules *stored, const PGresult *result, struct tw_error *err)
{
    enum { VERSION, LIST, ENTITY };
    uint32_t count = PQgetisnull(result, 0, LIST) ? 0 : (uint32_t)PQntuples(result);
    if (!stored->texts.base && !tw_arena_begin(&stored->texts, LIST_BYTES, err))
        return false;
    stored->lists = (struct tw_watch_lists){0};
    stored->lists_read = false;
    tw_arena_reset(&stored->texts, 0);
    struct tw_watched *items = tw_arena_array(&stored->texts, count, sizeof *items);
    for (uint32_t at = 0; items && at < count; at++) {
        items[at].list = tw_arena_copy(&stored->texts, tw_get_text(result, (int)at, LIST));
        items[at].entity = tw_arena_copy(&stored->texts, tw_get_text(result, (int)at, ENTITY));
    }
    if (!items || stored->texts.full)
        return tw_arena_fail(&stored->texts, err);
    stored->lists = (struct tw_watch_lists){items, count};
    stored->lists_version = tw_get_int64(PQgetvalue(result, 0, VERSION));
    stored->lists_read = true;
    stored->lists_changed = true;
    return true;
}

/* The last set stored is the one that this daemon wanted last. */
static bool are_ours(const struct tw_stored_rules *stored)
{
    return stored->count > 0 && !stored->wanted &&
           strcmp(stored->sets[stored->count - 1].rules->hash, stored->wanted_hash) == 0;
}

/* Rules that waited for the lists are wanted now; so are, with other lists, those that are stored: the same
 * set again where no rule is held to what has changed, for the sake of the times of the changes. */
static bool take_lists(struct tw_stored_rules *stored, const PGresult *result, struct tw_error *err)
{
    bool ours = are_ours(stored), waited = stored->base && stored->wanted_hash[0] == '\0';
    if (PQntuples(result) == 0)
        return true;
    if (!copy_lists(stored, result, err))
        return false;
    stored->refused = (struct tw_error){0}; /* by lists that are no more */
    stored->compared = 0;
    if (stored->base && (ours || waited || stored->wanted) && !want_watched(stored, err))
        return false;
    bool undated = stored->lists_version != stored->dated_version;
    return !ours || stored->wanted || !undated ||
           copy_rules(stored, stored->sets[stored->count - 1].rules, err);
}

/* Another daemon with the same file may have been the first to store what it gives with these lists. Taken
 * for a stranger's, they would be left to that daemon for ever, also when it has ended. */
static void adopt(struct tw_stored_rules *stored)
{
    struct tw_rule_set *rules = NULL;
    struct tw_error ignored; /* lists that make no set are nobody's */
    if (!stored->base || !stored->lists_read || !tw_stored_rules_are_others(stored) ||
        stored->compared == tw_stored_rules_last(stored))
        return;
    stored->compared = tw_stored_rules_last(stored);
    if (!tw_rules_watch(stored->base, &stored->lists, &rules, &ignored))
        return;
    if (strcmp(rules->hash, stored->sets[stored->count - 1].rules->hash) == 0)
        memcpy(stored->wanted_hash, rules->hash, sizeof stored->wanted_hash);
    tw_rules_free(rules);
}

/* Most likely its name is misspelt: the rule would be silent, and nobody would know. */
static void tell_empty_lists(
    const struct tw_stored_rules *stored, const struct tw_rule *rule, const struct tw_log *log)
{
    for (uint32_t at = 0; at < rule->list_count; at++)
        if (!tw_watch_lists_have(&stored->lists, rule->lists[at]))
            tw_log(log, TW_WARNING, "evaluate", "nobody stands on a watch list that a rule is held to",
                tw_bytes("rule", rule->name), tw_bytes("list", rule->lists[at]),
                tw_string("cure", "SELECT watch_add(list, symbol, reason), or mend its name in rules.yaml"));
}

void tw_stored_rules_tell(struct tw_stored_rules *stored, const struct tw_log *log)
{
    if (!stored->lists_changed || !stored->base)
        return;
    stored->lists_changed = false;
    tw_log(log, TW_INFO, "evaluate", "watch lists are read", tw_int("entities", stored->lists.count));
    for (uint32_t at = 0; at < stored->base->count; at++)
        tell_empty_lists(stored, &stored->base->rules[at], log);
    if (stored->refused.code != TW_OK)
        tw_log_error(log, "evaluate", "rules stay as they were", &stored->refused);
}

bool tw_stored_rules_row(
    struct tw_stored_rules *stored, enum tw_statement statement, const PGresult *result, struct tw_error *err)
{
    if (statement == TW_WATCHED_READ) { /* behind the sets */
        bool taken = take_lists(stored, result, err);
        adopt(stored);
        return taken;
    }
    if (statement == TW_RULE_SETS_READ)
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

bool tw_stored_rules_are_others(const struct tw_stored_rules *stored)
{
    return stored->count > 0 && !stored->wanted && stored->wanted_hash[0] != '\0' &&
           strcmp(stored->sets[stored->count - 1].rules->hash, stored->wanted_hash) != 0;
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
    stored->lists_read = false;
    stored->lists_version = stored->dated_version = 0;
    stored->compared = 0;
}

void tw_stored_rules_end(struct tw_stored_rules *stored)
{
    tw_stored_rules_forget(stored);
    free(stored->wanted);
    stored->wanted = NULL;
    tw_rules_free(stored->base);
    stored->base = NULL;
    tw_arena_end(&stored->texts);
}
