/* drawing: holds a machine's table of moves against the drawing in its header.
 *
 *     drawing_agrees("daemon/store/commit.h", &tw_commit_machine);
 *
 * Read is the first comment of the file: every arrow `FROM --why--> TO` or `FROM ---> TO` between names in
 * capitals, which may follow one another in a line; `A, B --why--> C` is an arrow from each; ANY stands for
 * every other state. It fails when an arrow is not in the table, when a move of the table is not drawn, and
 * when a state is drawn nowhere. */
#ifndef TW_TEST_DRAWING_H
#define TW_TEST_DRAWING_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/machine.h"

enum { DRAWING_ANY = 100, DRAWING_NONE = 101 };

static inline char *drawing_read(const char *path)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", TW_SOURCE_DIR, path);
    FILE *file = fopen(whole, "rb");
    if (!file)
        fail_msg("%s cannot be read", whole);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    char *end = strstr(text, "*/");
    assert_non_null(end);
    *end = '\0';
    return text;
}

static inline bool drawing_is_name(char letter)
{
    return isupper((unsigned char)letter) || letter == '_';
}

/* The name that begins at `at`, in capitals; *end receives where it ends. */
static inline unsigned drawing_state(const struct tw_machine *machine, const char *at, const char **end)
{
    char name[64] = {0};
    size_t length = 0;
    while (drawing_is_name(at[length]) && length + 1 < sizeof name) {
        name[length] = at[length] == '_' ? ' ' : (char)tolower((unsigned char)at[length]);
        length++;
    }
    *end = at + length;
    if (strcmp(name, "any") == 0)
        return DRAWING_ANY;
    for (unsigned state = 0; state < machine->count; state++)
        if (length > 0 && strcmp(machine->names[state], name) == 0)
            return state;
    return DRAWING_NONE;
}

static inline void drawing_add(
    const struct tw_machine *machine, unsigned from, unsigned to, uint32_t *drawn, const char *arrow)
{
    if (from == DRAWING_NONE || to >= machine->count)
        fail_msg("no such state in an arrow of the drawing: %.60s", arrow);
    for (unsigned state = 0; state < machine->count; state++) {
        if (from == DRAWING_ANY ? state == to : state != from)
            continue;
        if (!tw_machine_allows(machine, state, to))
            fail_msg("drawn and not in the table: %s to %s", machine->names[state], machine->names[to]);
        drawn[state] |= TW_MOVE(to);
    }
}

/* The names that an arrow leads from: those before `at` that commas join. Returns where they end. */
static inline const char *drawing_sources(
    const struct tw_machine *machine, const char *at, unsigned *from, unsigned *count)
{
    const char *end;
    *count = 0;
    for (;;) {
        unsigned state = drawing_state(machine, at, &end);
        if (*count < 32)
            from[(*count)++] = state;
        if (strncmp(end, ", ", 2) != 0 || !drawing_is_name(end[2]))
            return end;
        at = end + 2;
    }
}

/* The names of a line, joined by arrows; others are prose. */
static inline void drawing_line(const struct tw_machine *machine, const char *line, uint32_t *drawn)
{
    const char *at = line;
    while (*at) {
        unsigned from[32];
        unsigned count;
        const char *end;
        if (!drawing_is_name(*at)) {
            at++;
            continue;
        }
        at = drawing_sources(machine, at, from, &count);
        const char *arrow = at + strspn(at, " ");
        const char *head = strchr(arrow, '>');
        if (strncmp(arrow, "--", 2) != 0 || !head || strncmp(head - 2, "--", 2) != 0)
            continue;
        at = head + 1 + strspn(head + 1, " ");
        unsigned to = drawing_state(machine, at, &end);
        for (unsigned source = 0; source < count; source++)
            drawing_add(machine, from[source], to, drawn, line);
    }
}

static inline void drawing_agrees(const char *path, const struct tw_machine *machine)
{
    uint32_t drawn[32] = {0};
    uint32_t reached = 0;
    char *text = drawing_read(path);
    for (char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        char *next = line + length + (line[length] != '\0');
        line[length] = '\0';
        drawing_line(machine, line, drawn);
        line = next;
    }
    for (unsigned from = 0; from < machine->count; from++) {
        reached |= drawn[from];
        for (unsigned to = 0; to < machine->count; to++)
            if (tw_machine_allows(machine, from, to) && !(drawn[from] & TW_MOVE(to)))
                fail_msg("in the table and not drawn: %s to %s", machine->names[from], machine->names[to]);
    }
    for (unsigned state = 1; state < machine->count; state++) /* the first is where a machine begins */
        if (!(reached & TW_MOVE(state)))
            fail_msg("no arrow leads to %s", machine->names[state]);
    free(text);
}

#endif
