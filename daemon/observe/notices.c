#include "observe/notices.h"

#include <stdio.h>
#include <string.h>

#include "read/decode.h"

enum { FOLD_MS = 60000 };

static void tell_dead_letters(const struct tw_notices *notices, const struct tw_log *log, int64_t count)
{
    tw_log(log, TW_WARNING, "decode", "messages that could not be used are dead letters",
        tw_int("count", count), tw_string("first", notices->reason), tw_string("topic", notices->topic),
        tw_int("partition", notices->partition), tw_int("offset", notices->offset),
        tw_string("cure", "see tapewatch deadletters list"));
}

static void tell_doubtful_times(const struct tw_notices *notices, const struct tw_log *log, int64_t count)
{
    tw_log(log, TW_WARNING, "decode", "times lie before 1990 by the unit that is set", tw_int("count", count),
        tw_string("topic", notices->topic), tw_string("cure", "check decode.time_unit, or set it to auto"));
}

/* "source 12, symbols 3" */
static void tell_repairs(const struct tw_notices *notices, const struct tw_log *log, int64_t count)
{
    char fields[256];
    size_t used = 0;
    fields[0] = '\0';
    for (size_t what = 0; what < TW_REPAIRS && used < sizeof fields; what++)
        if (notices->repaired[what])
            used += (size_t)snprintf(fields + used, sizeof fields - used, "%s%s %llu", used ? ", " : "",
                tw_repair_names[what], (unsigned long long)notices->repaired[what]);
    tw_log(log, TW_INFO, "decode", "messages were mended", tw_int("count", count),
        tw_string("fields", fields), tw_string("topic", notices->topic));
}

static void tell_symbols(const struct tw_notices *notices, const struct tw_log *log, int64_t count)
{
    tw_log(log, TW_INFO, "link", "symbols of messages name nobody", tw_int("count", count),
        tw_string("topic", notices->topic),
        tw_string("cure", "list them in link.entities, or see decode.symbols"));
}

static void (*const tell[TW_NOTICES])(const struct tw_notices *, const struct tw_log *, int64_t) = {
    [TW_NOTICE_DEAD_LETTERS] = tell_dead_letters,
    [TW_NOTICE_DOUBTFUL_TIMES] = tell_doubtful_times,
    [TW_NOTICE_REPAIRS] = tell_repairs,
    [TW_NOTICE_SYMBOLS] = tell_symbols};

void tw_notices_flush(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms)
{
    for (int kind = 0; kind < TW_NOTICES; kind++) {
        bool early = notices->told_ms[kind] && now_ms - notices->told_ms[kind] < FOLD_MS;
        if (notices->waiting[kind] == 0 || early)
            continue;
        tell[kind](notices, log, (int64_t)notices->waiting[kind]);
        notices->waiting[kind] = 0;
        notices->told_ms[kind] = now_ms ? now_ms : 1;
        if (kind == TW_NOTICE_REPAIRS)
            memset(notices->repaired, 0, sizeof notices->repaired);
    }
}

/* The first dead letter of those that wait is the one that is shown. */
static void keep_first(struct tw_notices *notices, const struct tw_rows *rows)
{
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        if (document->fate != TW_FATE_DEAD_LETTER || !document->refusal)
            continue;
        tw_error_line(document->refusal, notices->reason, sizeof notices->reason);
        notices->offset = document->message ? document->message->offset : -1;
        return;
    }
}

void tw_notices_add(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms,
    const struct tw_rows *rows, const char *topic, int32_t partition)
{
    uint64_t mended = 0;
    for (size_t what = 0; what < TW_REPAIRS; what++) {
        notices->repaired[what] += rows->repaired[what];
        mended += rows->repaired[what];
    }
    if (rows->dead_count && notices->waiting[TW_NOTICE_DEAD_LETTERS] == 0)
        keep_first(notices, rows);
    if (rows->dead_count || rows->doubtful_times || mended || rows->symbols_unknown) {
        snprintf(notices->topic, sizeof notices->topic, "%s", topic);
        notices->partition = partition;
    }
    notices->waiting[TW_NOTICE_DEAD_LETTERS] += rows->dead_count;
    notices->waiting[TW_NOTICE_DOUBTFUL_TIMES] += rows->doubtful_times;
    notices->waiting[TW_NOTICE_REPAIRS] += mended;
    notices->waiting[TW_NOTICE_SYMBOLS] += rows->symbols_unknown;
    tw_notices_flush(notices, log, now_ms);
}
