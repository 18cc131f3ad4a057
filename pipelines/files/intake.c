#include "files/intake.h"

#include "read/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void count_repairs(struct tw_intake *intake, const struct tw_document *document, uint64_t by)
{
    intake->mended += document->repaired ? by : 0;
    intake->unread_times += document->time_unread ? by : 0;
    if (document->time_unread && !intake->unread[0])
        snprintf(intake->unread, sizeof intake->unread, "%s", document->time_unread);
    for (unsigned repair = 0; repair < TW_REPAIRS; repair++)
        if (document->repaired & UINT32_C(1) << repair)
            intake->repairs[repair] += by;
}

void tw_intake_take(struct tw_intake *intake, const struct tw_document *document)
{
    intake->records++;
    count_repairs(intake, document, 1);
}

void tw_intake_take_back(struct tw_intake *intake, const struct tw_document *document)
{
    intake->records--;
    count_repairs(intake, document, UINT64_MAX); /* one less */
}

/* ---- kinds ---- */

/* Writes behind `used` bytes what is told without numbers and quoted texts: those of one kind are the same
 * then. */
static size_t generalise(const char *from, char *kind, size_t used, size_t size)
{
    while (*from && used + 8 < size) {
        const char *closing = *from == '"' || *from == '\'' ? strchr(from + 1, *from) : NULL;
        if (closing) {
            used += (size_t)snprintf(kind + used, size - used, "%c\xE2\x80\xA6%c", *from, *from);
            from = closing + 1;
        } else if (tw_text_is_digit(*from)) {
            kind[used++] = 'N';
            while (tw_text_is_digit(*from) || (*from && strchr("-:.T", *from) && tw_text_is_digit(from[1])))
                from++;
            from += *from == 'Z'; /* a number, or a time */
        } else {
            kind[used++] = *from++;
        }
    }
    kind[used] = '\0';
    return used;
}

static void count_kind(struct tw_intake *intake, const char *what)
{
    for (uint32_t at = 0; at < intake->kind_count; at++)
        if (strcmp(intake->kinds[at].what, what) == 0) {
            intake->kinds[at].count++;
            return;
        }
    if (intake->kind_count == TW_INTAKE_KINDS) {
        intake->others++;
        return;
    }
    struct tw_intake_kind *made = &intake->kinds[intake->kind_count++];
    snprintf(made->what, sizeof made->what, "%s", what);
    made->count = 1;
}

void tw_intake_refuse(struct tw_intake *intake, const struct tw_error *why)
{
    char kind[TW_INTAKE_KIND_BYTES] = "";
    intake->records++;
    intake->refused++;
    size_t used = 0;
    if (why->where[0]) {
        used = generalise(why->where, kind, 0, sizeof kind / 2);
        kind[used++] = ':';
        kind[used++] = ' ';
    }
    generalise(why->what, kind, used, sizeof kind);
    count_kind(intake, kind);
}

void tw_intake_refuse_line(struct tw_intake *intake, const struct tw_error *why)
{
    struct tw_error placeless = *why;
    placeless.where[0] = '\0';
    tw_intake_refuse(intake, &placeless);
}

/* ---- the line ---- */

struct writing {
    char *line;
    size_t size, used;
};

static void write_part(struct writing *writing, const char *format, ...) TW_PRINTF(2, 3);

static void write_part(struct writing *writing, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(writing->line + writing->used, writing->size - writing->used, format, arguments);
    va_end(arguments);
    size_t left = writing->size - writing->used - 1;
    writing->used += length < 0 ? 0 : (size_t)length < left ? (size_t)length : left;
}

/* The largest count below `bound`, or of `bound` behind `after`; -1: none is left. */
static int next_largest(const uint64_t *counts, int number, uint64_t bound, int after)
{
    int found = -1;
    for (int at = 0; at < number; at++) {
        bool below = counts[at] < bound || (counts[at] == bound && at > after);
        if (counts[at] && below && (found < 0 || counts[at] > counts[found]))
            found = at;
    }
    return found;
}

static void write_counts(
    struct writing *writing, const uint64_t *counts, const char *const *names, int number)
{
    uint64_t bound = UINT64_MAX;
    const char *before = ": ";
    for (int at = next_largest(counts, number, bound, -1); at >= 0;
         at = next_largest(counts, number, bound, at)) {
        write_part(writing, "%s%s (%llu)", before, names[at], (unsigned long long)counts[at]);
        bound = counts[at];
        before = ", ";
    }
}

size_t tw_intake_line(const struct tw_intake *intake, char *line, size_t size)
{
    struct writing writing = {line, size, 0};
    line[0] = '\0';
    if (intake->refused == 0 && intake->mended == 0)
        return 0;
    write_part(
        &writing, "%llu record%s", (unsigned long long)intake->records, intake->records == 1 ? "" : "s");
    if (intake->refused) {
        uint64_t counts[TW_INTAKE_KINDS + 1] = {0};
        const char *names[TW_INTAKE_KINDS + 1] = {0};
        for (uint32_t at = 0; at < intake->kind_count; at++) {
            counts[at] = intake->kinds[at].count;
            names[at] = intake->kinds[at].what;
        }
        counts[intake->kind_count] = intake->others;
        names[intake->kind_count] = "for other reasons";
        write_part(&writing, "; %llu refused", (unsigned long long)intake->refused);
        write_counts(&writing, counts, names, (int)intake->kind_count + 1);
    }
    if (intake->mended) {
        write_part(&writing, "; %llu mended", (unsigned long long)intake->mended);
        write_counts(&writing, intake->repairs, tw_repair_names, TW_REPAIRS);
    }
    if (intake->unread_times)
        write_part(&writing, "; times not used: %llu, as %s", (unsigned long long)intake->unread_times,
            intake->unread);
    return writing.used;
}
