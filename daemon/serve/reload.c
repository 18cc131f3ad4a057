#include "serve/reload.h"

#include "base/clock.h"
#include "rules/rules_difference.h"
#include "timestamps/time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 128 << 20 };

/* ---- reading ---- */

/* When the file is wrong, the files that it names are looked at all the same, as far as it can be
 * believed: whoever mends one mistake should not meet the next one after it. */
static bool read_file(struct tw_reload *reload, const struct tw_config *running, struct tw_error *err)
{
    struct tw_config file;
    struct tw_error ignored;
    bool right = tw_config_load(running->path, &reload->arena, &file, &reload->problems, err);
    if (!right && !file.root) {
        reload->config = *running;
        return false;
    }
    bool taken = tw_config_take_changes(
        running, &file, &reload->arena, &reload->config, &reload->changes, right ? err : &ignored);
    if (!tw_config_section_sound(&file, "events"))
        reload->config.events.path =
            running->events.path; /* rules that want events are held to what there is */
    if (!tw_config_section_sound(&file, "rules"))
        reload->config.rules.path = "";
    if (!tw_config_section_sound(&file, "sources"))
        reload->config.sources = running->sources;
    if (!tw_config_section_sound(&file, "link"))
        reload->config.link.entities = "";
    return right && taken;
}

/* Of the taxonomy; "" when there is none. */
static const char *hash_of(const struct tw_shared *shared)
{
    const struct tw_taxonomy *events = tw_load_events(shared);
    return events ? events->hash : "";
}

static bool compare(struct tw_reload *reload, const struct tw_shared *before, struct tw_error *err)
{
    char events[TW_EVENTS_NAME_BYTES];
    const struct tw_rule_set *rules = tw_load_rules(reload->shared);
    reload->rule_count = rules ? rules->count : 0;
    reload->entity_count = tw_load_entity_count(reload->shared);
    if (strcmp(tw_load_entities_sha256(before), tw_load_entities_sha256(reload->shared)) != 0)
        snprintf(reload->entities, sizeof reload->entities, "%u → %u", tw_load_entity_count(before),
            reload->entity_count);
    tw_load_events_name(before, events);
    tw_load_events_name(reload->shared, reload->events_now);
    if (strcmp(hash_of(before), hash_of(reload->shared)) != 0)
        snprintf(reload->events, sizeof reload->events, "%s → %s", events, reload->events_now);
    return tw_rules_difference(tw_load_rules(before), rules, &reload->arena, &reload->rules, err);
}

/* Of rules the loader says so. A file that whoever writes it has emptied, or not filled yet, would leave each
 * company unknown and every rule that is held to the file silent; to have none there is a word. */
static bool has_entities_still(
    const struct tw_reload *reload, const struct tw_shared *before, struct tw_error *err)
{
    if (!tw_load_entities(reload->shared) || tw_load_entity_count(reload->shared) > 0 ||
        tw_load_entity_count(before) == 0)
        return true;
    return tw_fail(err, TW_CONFIG, reload->config.link.entities,
        "write the file anew; to link by symbols alone, set link.entities to \"\"",
        "holds no entity, where %u are in force", tw_load_entity_count(before));
}

bool tw_reload_read(const struct tw_reload_from *from, struct tw_reload **out, struct tw_error *err)
{
    struct tw_reload *reload = calloc(1, sizeof *reload);
    struct tw_error second = {0};
    *out = reload;
    if (!reload)
        return tw_fail(err, TW_INTERNAL, "reload", NULL, "out of memory");
    if (!tw_arena_begin(&reload->arena, ARENA_BYTES, err))
        return false;
    tw_problems_begin(&reload->problems, &reload->arena);
    bool right = read_file(reload, from->config, err);
    bool loaded = tw_load_shared(
        &reload->config, from->model, &reload->problems, &reload->shared, right ? err : &second);
    if (reload->problems.count > 0)
        return tw_problems_fail(&reload->problems, err); /* how many there are is known only now */
    return right && loaded && has_entities_still(reload, from->shared, err) &&
           compare(reload, from->shared, err);
}

void tw_reload_free(struct tw_reload *reload)
{
    if (!reload)
        return;
    tw_shared_leave(reload->shared);
    tw_arena_end(&reload->arena);
    free(reload);
}

/* ---- telling ---- */

/* `14:31:10` today, with its date on another day: event time need not be ours. */
static void print_from(FILE *out, int64_t from_us)
{
    char from[TW_TIME_TEXT_BYTES];
    char now[TW_TIME_TEXT_BYTES];
    enum { DATE = 11, CLOCK = 8 };
    if (from_us == TW_NO_TIME) {
        fputs(" from the beginning", out);
        return;
    }
    tw_time_text(from_us, from);
    tw_time_text(tw_wall_us(), now);
    if (strncmp(from, now, DATE) == 0)
        fprintf(out, " from %.*s", CLOCK, from + DATE);
    else
        fprintf(out, " from %s", from);
}

static const char *separator(bool *begun)
{
    const char *text = *begun ? "; " : "";
    *begun = true;
    return text;
}

char *tw_reload_changes(const struct tw_reload *reload, enum tw_reload_hold hold, int64_t from_us)
{
    char *text = NULL;
    size_t length = 0;
    bool begun = false;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    if (reload->rules.length > 0) {
        fprintf(out, "%srules: %.*s", separator(&begun), (int)reload->rules.length, reload->rules.bytes);
        if (hold == TW_RELOAD_FROM)
            print_from(out, from_us);
        else if (hold == TW_RELOAD_LATER)
            fputs(" from when PostgreSQL has stored them", out);
    }
    if (reload->entities[0])
        fprintf(out, "%sentities: %s", separator(&begun), reload->entities);
    if (reload->events[0])
        fprintf(out, "%sevents: %s", separator(&begun), reload->events);
    if (reload->changes.taken.length > 0)
        fprintf(
            out, "%s%.*s", separator(&begun), (int)reload->changes.taken.length, reload->changes.taken.bytes);
    if (reload->changes.restart.length > 0)
        fprintf(out, "%s%.*s %s a restart", separator(&begun), (int)reload->changes.restart.length,
            reload->changes.restart.bytes, reload->changes.restart_count == 1 ? "needs" : "need");
    if (!begun)
        fputs("nothing changed", out);
    return fclose(out) == 0 ? text : NULL;
}

char *tw_reload_refusal(struct tw_reload *reload, const struct tw_error *err)
{
    struct tw_text text;
    struct tw_error ignored;
    char line[1202];
    if (reload && reload->problems.count > 0 &&
        tw_problems_render(&reload->problems, &reload->arena, &text, &ignored))
        return strndup(text.bytes, text.length);
    size_t length = tw_error_line(err, line, sizeof line - 1);
    line[length] = '\n';
    return strndup(line, length + 1);
}
