#include "files/problems.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MOST_KEPT = 100,
    SHOWN_CHARACTERS = 100, /* of a source line */
    LONGEST_WORD = 64,      /* compared by edit distance; no key of ours is longer */
};

void tw_problems_begin(struct tw_problems *problems, struct tw_arena *arena)
{
    *problems = (struct tw_problems){.arena = arena};
}

static bool comes_after(const struct tw_problem *left, const struct tw_problem *right)
{
    if (left->line != right->line)
        return left->line > right->line;
    return left->column > right->column;
}

/* Behind all of its own source that do not come after it; behind everything when its source is new. */
static void insert(struct tw_problems *problems, struct tw_problem *problem)
{
    struct tw_problem **at = &problems->first;
    bool source_seen = false;
    for (; *at; at = &(*at)->next) {
        bool same = (*at)->source == problem->source;
        if (source_seen && (!same || comes_after(*at, problem)))
            break;
        if (same && comes_after(*at, problem))
            break;
        source_seen = source_seen || same;
    }
    problem->next = *at;
    *at = problem;
}

bool tw_problem_add(struct tw_problems *problems, const struct tw_text_file *source, uint32_t line,
    uint32_t column, const char *cure, const char *what, ...)
{
    problems->count++;
    struct tw_error cut; /* cuts what and cure as errors are cut: never inside a character */
    char whole[sizeof cut.what];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(whole, sizeof whole, what, arguments);
    va_end(arguments);
    tw_fail(&cut, TW_CONFIG, NULL, cure, "%s", whole);

    size_t mark = tw_arena_mark(problems->arena);
    struct tw_problem *problem =
        problems->count <= MOST_KEPT ? tw_arena_take(problems->arena, sizeof *problem) : NULL;
    struct tw_text what_kept =
        problem ? tw_arena_copy(problems->arena, tw_text_of(cut.what)) : tw_text_of("");
    struct tw_text cure_kept =
        problem ? tw_arena_copy(problems->arena, tw_text_of(cut.cure)) : tw_text_of("");
    if (!problem || !what_kept.bytes || !cure_kept.bytes) {
        tw_arena_rewind(problems->arena, mark);
        problems->unkept++;
        return false;
    }
    *problem = (struct tw_problem){source, line, column, what_kept, cure_kept, NULL};
    insert(problems, problem);
    return false;
}

void tw_problems_hide(
    struct tw_problems *problems, const struct tw_text_file *source, uint32_t first, uint32_t last)
{
    struct tw_hidden_lines *lines = tw_arena_take(problems->arena, sizeof *lines);
    if (!lines) {
        problems->all_hidden = true;
        return;
    }
    *lines = (struct tw_hidden_lines){source, first, last, problems->hidden};
    problems->hidden = lines;
}

static bool is_hidden(const struct tw_problems *problems, const struct tw_problem *problem)
{
    for (const struct tw_hidden_lines *at = problems->hidden; at; at = at->next)
        if (at->source == problem->source && problem->line >= at->first && problem->line <= at->last)
            return true;
    return problems->all_hidden;
}

static struct tw_text source_line(struct tw_text bytes, uint32_t line)
{
    const char *at = bytes.bytes;
    const char *end = bytes.bytes + bytes.length;
    for (uint32_t passed = 1; passed < line && at < end; passed++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    size_t length = (size_t)((newline ? newline : end) - at);
    if (length > 0 && at[length - 1] == '\r')
        length--;
    return (struct tw_text){at, length};
}

static bool continues_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* What one byte of a source line is shown as. A tab is one column, as in libyaml's marks. */
static char shown(char byte)
{
    if (byte == '\t')
        return ' ';
    return (unsigned char)byte < 0x20 || byte == 0x7F ? '?' : byte;
}

/* The part of a line that is shown: from character `first`, SHOWN_CHARACTERS at most. */
static void print_part(FILE *out, struct tw_text line, uint32_t first)
{
    uint32_t character = 0;
    for (size_t at = 0; at < line.length; at++) {
        if (at > 0 && !continues_character(line.bytes[at]))
            character++;
        if (character >= first + SHOWN_CHARACTERS)
            return;
        if (character >= first)
            fputc(shown(line.bytes[at]), out);
    }
}

void tw_problem_place(const struct tw_problem *problem, char *text, size_t size)
{
    char place[32] = "";
    if (problem->line > 0 && problem->column > 0)
        snprintf(place, sizeof place, ":%u:%u", problem->line, problem->column);
    else if (problem->line > 0)
        snprintf(place, sizeof place, ":%u", problem->line);
    int most = size > sizeof place ? (int)(size - sizeof place) : 0;
    snprintf(text, size, "%.*s%s", most, problem->source->file, place);
}

static void print_problem(FILE *out, const struct tw_problems *problems, const struct tw_problem *problem)
{
    struct tw_error err;
    char place[PATH_MAX + 32];
    char line[1100];
    tw_fail(&err, TW_CONFIG, NULL, problem->cure.bytes, "%s", problem->what.bytes);
    tw_error_line(&err, line, sizeof line);
    tw_problem_place(problem, place, sizeof place);
    fprintf(out, "%s: %s\n", place, line);
    if (problem->line == 0)
        return;
    if (is_hidden(problems, problem)) {
        fprintf(out, "%5u | (not shown: it may hold a secret)\n", problem->line);
        return;
    }
    uint32_t first = problem->column > SHOWN_CHARACTERS ? problem->column - SHOWN_CHARACTERS / 2 : 0;
    fprintf(out, "%5u | ", problem->line);
    print_part(out, source_line(problem->source->bytes, problem->line), first);
    fputc('\n', out);
    if (problem->column > 0)
        fprintf(out, "      | %*s^\n", (int)(problem->column - 1 - first), "");
}

bool tw_problems_render(
    const struct tw_problems *problems, struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);
    if (!stream)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot make a stream in memory");
    for (const struct tw_problem *problem = problems->first; problem; problem = problem->next)
        print_problem(stream, problems, problem);
    if (problems->unkept > 0)
        fprintf(stream, "and %u more problems\n", problems->unkept);
    bool written = fclose(stream) == 0 && bytes;
    *out = written ? tw_arena_copy(arena, (struct tw_text){bytes, length}) : (struct tw_text){0};
    free(bytes);
    if (!written)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot write to memory");
    return out->bytes ? true : tw_arena_fail(arena, err);
}

bool tw_problems_fail(const struct tw_problems *problems, struct tw_error *err)
{
    const struct tw_problem *first = problems->first;
    if (!first)
        return tw_fail(
            err, TW_CONFIG, NULL, NULL, "%u problems, for which there was no memory", problems->unkept);
    char where[256];
    tw_problem_place(first, where, sizeof where);
    if (problems->count == 1)
        return tw_fail(err, TW_CONFIG, where, first->cure.bytes, "%s", first->what.bytes);
    return tw_fail(err, TW_CONFIG, where, first->cure.bytes, "%.460s (and %u more)", first->what.bytes,
        problems->count - 1);
}

static char lower(char byte)
{
    return tw_text_is_capital(byte) ? (char)(byte - 'A' + 'a') : byte;
}

static unsigned least(unsigned left, unsigned right)
{
    return left < right ? left : right;
}

/* Optimal string alignment: Levenshtein's distance with neighbours exchanged counted as one. */
static unsigned edit_distance(struct tw_text left, struct tw_text right)
{
    unsigned rows[3][LONGEST_WORD + 1];
    for (size_t column = 0; column <= right.length; column++)
        rows[0][column] = (unsigned)column;
    for (size_t row = 1; row <= left.length; row++) {
        unsigned *now = rows[row % 3];
        const unsigned *above = rows[(row - 1) % 3];
        const unsigned *above_that = rows[(row + 1) % 3];
        now[0] = (unsigned)row;
        for (size_t column = 1; column <= right.length; column++) {
            char here = lower(left.bytes[row - 1]);
            char there = lower(right.bytes[column - 1]);
            unsigned best = least(above[column] + 1, now[column - 1] + 1);
            best = least(best, above[column - 1] + (here != there));
            if (row > 1 && column > 1 && here == lower(right.bytes[column - 2]) &&
                lower(left.bytes[row - 2]) == there)
                best = least(best, above_that[column - 2] + 1);
            now[column] = best;
        }
    }
    return rows[left.length % 3][right.length];
}

const char *tw_nearest(struct tw_text word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    unsigned nearest_distance = 0;
    for (size_t at = 0; at < count; at++) {
        struct tw_text name = tw_text_of(names[at]);
        if (word.length == 0 || word.length > LONGEST_WORD || name.length > LONGEST_WORD)
            continue;
        size_t longer = word.length > name.length ? word.length : name.length;
        unsigned allowed = longer / 3 > 1 ? (unsigned)(longer / 3) : 1;
        unsigned distance = edit_distance(word, name);
        if (distance > allowed || (nearest && distance >= nearest_distance))
            continue;
        nearest = names[at];
        nearest_distance = distance;
    }
    return nearest;
}
