#include "timestamps/time_zones.h"

#include <stdlib.h>
#include <string.h>

#include <fts.h>

enum { MOST_ZONES = 2000, DATABASE_LENGTH = sizeof TW_TIME_ZONE_DATABASE - 1 };

static int lower(char letter)
{
    return tw_text_is_capital(letter) ? letter | 0x20 : letter;
}

static int compare_names(struct tw_text one, struct tw_text other)
{
    size_t common = one.length < other.length ? one.length : other.length;
    for (size_t at = 0; at < common; at++)
        if (lower(one.bytes[at]) != lower(other.bytes[at]))
            return lower(one.bytes[at]) < lower(other.bytes[at]) ? -1 : 1;
    return (one.length > other.length) - (one.length < other.length);
}

static int compare_zones(const void *one, const void *other)
{
    return compare_names(tw_text_of(((const struct tw_named_zone *)one)->name),
        tw_text_of(((const struct tw_named_zone *)other)->name));
}

static int compare_with_name(const void *name, const void *zone)
{
    return compare_names(
        *(const struct tw_text *)name, tw_text_of(((const struct tw_named_zone *)zone)->name));
}

/* Beside the zones stand tables in small letters, and the same zones again under posix/ and, counting leap
 * seconds, under right/. */
static bool is_beside(const FTSENT *entry)
{
    return entry->fts_level == 1 && (entry->fts_name[0] < 'A' || entry->fts_name[0] > 'Z');
}

/* The zone in that file, when it is one. False when the arena is full. */
static bool take_zone(const FTSENT *entry, struct tw_arena *arena, struct tw_named_zone *zones,
    uint32_t *count, struct tw_error *err)
{
    struct tw_error why;
    struct tw_text name = tw_arena_copy(arena, tw_text_of(entry->fts_path + DATABASE_LENGTH + 1));
    struct tw_named_zone *zone = &zones[*count];
    if (!name.bytes)
        return tw_arena_fail(arena, err);
    zone->name = name.bytes;
    if (tw_time_zone_load(name.bytes, arena, &zone->zone, &why))
        ++*count;
    return !arena->full || tw_arena_fail(arena, err);
}

static bool walk(
    FTS *tree, struct tw_arena *arena, struct tw_named_zone *zones, uint32_t *count, struct tw_error *err)
{
    for (FTSENT *entry = fts_read(tree); entry && *count < MOST_ZONES; entry = fts_read(tree)) {
        if (is_beside(entry))
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && !take_zone(entry, arena, zones, count, err))
            return false;
    }
    return true;
}

bool tw_time_zones_load(struct tw_arena *arena, struct tw_time_zones *out, struct tw_error *err)
{
    char root[] = TW_TIME_ZONE_DATABASE;
    char *const roots[] = {root, NULL};
    struct tw_named_zone *zones = tw_arena_array(arena, MOST_ZONES, sizeof *zones);
    *out = (struct tw_time_zones){zones, 0};
    if (!zones)
        return tw_arena_fail(arena, err);
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (!tree)
        return true;
    bool walked = walk(tree, arena, zones, &out->count, err);
    fts_close(tree);
    if (walked && out->count > 1)
        qsort(zones, out->count, sizeof *zones, compare_zones);
    return walked;
}

const struct tw_time_zone *tw_time_zones_find(const struct tw_time_zones *zones, struct tw_text name)
{
    const struct tw_named_zone *found = zones && zones->count ? bsearch(&name, zones->items, zones->count,
                                                                    sizeof *zones->items, compare_with_name)
                                                              : NULL;
    return found ? &found->zone : NULL;
}
