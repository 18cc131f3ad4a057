#include "observe/notices.h"

#include <stdio.h>
#include <string.h>

#include "read/decode.h"
#include "timestamps/time_text.h"

enum { FOLD_MS = 60000, LEAD_US = 60000000 };

static void tell_dead_letters(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    tw_log(log, TW_WARNING, "decode", "messages that could not be used are dead letters",
        tw_int("count", count), tw_string("first", notices->reason), tw_string("topic", place->topic),
        tw_int("partition", place->partition), tw_int("offset", notices->offset),
        tw_string("cure", "see tapewatch deadletters list"));
}

static void tell_doubtful_times(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    (void)notices;
    tw_log(log, TW_WARNING, "decode", "times that are numbers lie before 1990", tw_int("count", count),
        tw_string("topic", place->topic), tw_string("cure", "check decode.time_unit, or set it to auto"));
}

static void tell_unread_times(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    tw_log(log, TW_WARNING, "decode", "times in messages are not used, their records' stamps stand",
        tw_int("count", count), tw_string("first", notices->unread), tw_string("topic", place->topic),
        tw_int("partition", place->partition), tw_int("offset", notices->unread_offset));
}

static void tell_ahead(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    char event[TW_TIME_TEXT_BYTES];
    char stamp[TW_TIME_TEXT_BYTES];
    tw_time_text(notices->ahead_us, event);
    tw_time_text(notices->ahead_stamp_us, stamp);
    tw_log(log, TW_WARNING, "decode", "times too far ahead do not move the watermark", tw_int("count", count),
        tw_string("first", event), tw_string("stamp", stamp), tw_string("topic", place->topic),
        tw_int("partition", place->partition), tw_int("offset", notices->ahead_offset),
        tw_string("cure", "check the sender's clock, or raise watermark.max_ahead"));
}

static void tell_lead(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    tw_log(log, TW_WARNING, "decode", "event time leads this machine's clock", tw_int("count", count),
        tw_int("seconds", notices->lead_us / 1000000), tw_string("topic", place->topic),
        tw_int("partition", place->partition),
        tw_string("cure", "check the clocks of senders, of Kafka and of this machine; documents with honest "
                          "times come late now"));
}

/* "source 12, symbols 3" */
static void tell_repairs(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    char fields[256];
    size_t used = 0;
    fields[0] = '\0';
    for (size_t what = 0; what < TW_REPAIRS && used < sizeof fields; what++)
        if (notices->repaired[what])
            used += (size_t)snprintf(fields + used, sizeof fields - used, "%s%s %llu", used ? ", " : "",
                tw_repair_names[what], (unsigned long long)notices->repaired[what]);
    tw_log(log, TW_INFO, "decode", "messages were mended", tw_int("count", count),
        tw_string("fields", fields), tw_string("topic", place->topic));
}

static void tell_symbols(const struct tw_notices *notices, const struct tw_notice_place *place,
    const struct tw_log *log, int64_t count)
{
    (void)notices;
    tw_log(log, TW_INFO, "link", "symbols of messages name nobody", tw_int("count", count),
        tw_string("topic", place->topic),
        tw_string("cure", "list them in link.entities, or see decode.symbols"));
}

static void (*const tell[TW_NOTICES])(const struct tw_notices *, const struct tw_notice_place *,
    const struct tw_log *, int64_t) = {[TW_NOTICE_DEAD_LETTERS] = tell_dead_letters,
    [TW_NOTICE_DOUBTFUL_TIMES] = tell_doubtful_times,
    [TW_NOTICE_UNREAD_TIMES] = tell_unread_times,
    [TW_NOTICE_AHEAD] = tell_ahead,
    [TW_NOTICE_LEAD] = tell_lead,
    [TW_NOTICE_REPAIRS] = tell_repairs,
    [TW_NOTICE_SYMBOLS] = tell_symbols};

void tw_notices_flush(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms)
{
    for (int kind = 0; kind < TW_NOTICES; kind++) {
        bool early = notices->told_ms[kind] && now_ms - notices->told_ms[kind] < FOLD_MS;
        if (notices->waiting[kind] == 0 || early)
            continue;
        tell[kind](notices, &notices->places[kind], log, (int64_t)notices->waiting[kind]);
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

static void keep_first_unread(struct tw_notices *notices, const struct tw_rows *rows)
{
    uint32_t at = 0;
    while (at < rows->document_count && !rows->documents[at].time_unread)
        at++;
    if (at == rows->document_count)
        return;
    const struct tw_message *message = rows->documents[at].message;
    snprintf(notices->unread, sizeof notices->unread, "%s", rows->documents[at].time_unread);
    notices->unread_offset = message ? message->offset : -1;
}

static void keep_first_ahead(struct tw_notices *notices, const struct tw_rows *rows)
{
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        if (document->moves_watermark || (document->fate != TW_FATE_STORED && document->fate != TW_FATE_TICK))
            continue;
        notices->ahead_us = document->event_us;
        notices->ahead_stamp_us = document->message ? document->message->stamp_us : 0;
        notices->ahead_offset = document->message ? document->message->offset : -1;
        return;
    }
}

/* By how much the times of a batch lead the clock; 0 when by little. */
static int64_t lead_of(const struct tw_rows *rows, int64_t clock_us)
{
    bool leads = rows->highest_us != TW_NO_TIME && rows->highest_us > clock_us + LEAD_US;
    return leads ? rows->highest_us - clock_us : 0;
}

static void keep_place(struct tw_notices *notices, enum tw_notice kind, const char *topic, int32_t partition)
{
    struct tw_notice_place *place = &notices->places[kind];
    snprintf(place->topic, sizeof place->topic, "%s", topic);
    place->partition = partition;
}

/* More of a kind wait; of the first the place is kept, or a line would name another partition's offset. */
static void add(
    struct tw_notices *notices, enum tw_notice kind, uint64_t count, const char *topic, int32_t partition)
{
    if (count > 0 && notices->waiting[kind] == 0)
        keep_place(notices, kind, topic, partition);
    notices->waiting[kind] += count;
}

void tw_notices_add(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms, int64_t clock_us,
    const struct tw_rows *rows, const char *topic, int32_t partition)
{
    uint64_t mended = 0;
    int64_t lead_us = lead_of(rows, clock_us);
    for (size_t what = 0; what < TW_REPAIRS; what++) {
        notices->repaired[what] += rows->repaired[what];
        mended += rows->repaired[what];
    }
    if (rows->dead_count && notices->waiting[TW_NOTICE_DEAD_LETTERS] == 0)
        keep_first(notices, rows);
    if (rows->unread_times && notices->waiting[TW_NOTICE_UNREAD_TIMES] == 0)
        keep_first_unread(notices, rows);
    if (rows->ahead_count && notices->waiting[TW_NOTICE_AHEAD] == 0)
        keep_first_ahead(notices, rows);
    bool leads_most = lead_us > 0 && notices->waiting[TW_NOTICE_LEAD] > 0 && lead_us > notices->lead_us;
    if (leads_most)
        keep_place(notices, TW_NOTICE_LEAD, topic, partition);
    if (leads_most || notices->waiting[TW_NOTICE_LEAD] == 0)
        notices->lead_us = lead_us;
    add(notices, TW_NOTICE_DEAD_LETTERS, rows->dead_count, topic, partition);
    add(notices, TW_NOTICE_DOUBTFUL_TIMES, rows->doubtful_times, topic, partition);
    add(notices, TW_NOTICE_UNREAD_TIMES, rows->unread_times, topic, partition);
    add(notices, TW_NOTICE_AHEAD, rows->ahead_count, topic, partition);
    add(notices, TW_NOTICE_LEAD, lead_us > 0, topic, partition);
    add(notices, TW_NOTICE_REPAIRS, mended, topic, partition);
    add(notices, TW_NOTICE_SYMBOLS, rows->symbols_unknown, topic, partition);
    tw_notices_flush(notices, log, now_ms);
}
