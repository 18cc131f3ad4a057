/* log: one line an event, as logfmt on stderr or as native journal fields.
 *
 *     time=2026-11-24T06:00:00.123Z level=info room=source event="partition taken" topic=news offset=42
 *
 * Under systemd (JOURNAL_STREAM names our stderr) fields go to the journal natively, as TW_TOPIC=news; else
 * logfmt. Values with spaces, quotes or control characters are quoted and escaped, so that an event is always
 * one line. Safe from any thread: one line is one write. Nothing below daemon/ logs. */
#ifndef TW_LOG_H
#define TW_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum tw_level { TW_DEBUG, TW_INFO, TW_NOTICE, TW_WARNING, TW_ERROR };
enum tw_log_format { TW_LOG_FORMAT_AUTO, TW_LOG_FORMAT_LOGFMT, TW_LOG_FORMAT_JOURNAL };

/* Their words, as log.level and log.format have them, each list ended by NULL. */
extern const char *const tw_level_names[];
extern const char *const tw_log_format_names[];

struct tw_log {
    enum tw_level least; /* quieter lines are dropped */
    bool journal;
    const char *verbose; /* comma-separated rooms whose debug lines are shown (-v ROOM), or "all", or NULL */
};

enum tw_field_kind { TW_LOG_INT, TW_LOG_TEXT };
struct tw_field {
    const char *name; /* lower case with underscores */
    enum tw_field_kind kind;
    int64_t integer;
    struct tw_text text;
};

/* A field that is an integer, a text that ends in NUL, or bytes. */
static inline struct tw_field tw_int(const char *name, int64_t value)
{
    return (struct tw_field){.name = name, .kind = TW_LOG_INT, .integer = value};
}

/* See tw_int; the text must outlive the call of tw_log. */
static inline struct tw_field tw_string(const char *name, const char *value)
{
    return (struct tw_field){.name = name, .kind = TW_LOG_TEXT, .text = tw_text_of(value)};
}

/* See tw_string. */
static inline struct tw_field tw_bytes(const char *name, struct tw_text value)
{
    return (struct tw_field){.name = name, .kind = TW_LOG_TEXT, .text = value};
}

/* AUTO decides between journal and logfmt from the environment. */
struct tw_log tw_log_open(enum tw_level least, enum tw_log_format format, const char *verbose);

/* Whether a line of that level and room would be written: for a caller to whom even gathering its fields
 * is too much. */
bool tw_log_shows(const struct tw_log *log, enum tw_level level, const char *room);

/* Writes one event with `count` fields, if it shows; mostly called through tw_log. */
void tw_log_event(const struct tw_log *log, enum tw_level level, const char *room, const char *event,
    size_t count, const struct tw_field *fields);

/* An error as an event: fields where, what, cure, code; level error when lasting, warning when passing. */
void tw_log_error(const struct tw_log *log, const char *room, const char *event, const struct tw_error *err);

/* tw_log(&log, TW_INFO, "source", "partition taken", tw_int("partition", 3), tw_string("topic", "news")); */
#define tw_log(log, level, room, event, ...)                                                                 \
    tw_log_event(log, level, room, event,                                                                    \
        sizeof((struct tw_field[]){__VA_ARGS__}) / sizeof(struct tw_field),                                  \
        (struct tw_field[]){__VA_ARGS__})

#endif
