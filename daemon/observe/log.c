#include "observe/log.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 4096, MOST_FIELDS = 32 };

const char *const tw_level_names[] = {"debug", "info", "notice", "warning", "error", NULL};
const char *const tw_log_format_names[] = {"auto", "logfmt", "journal", NULL};

/* syslog's numbers */
static const int priorities[] = {
    [TW_DEBUG] = 7, [TW_INFO] = 6, [TW_NOTICE] = 5, [TW_WARNING] = 4, [TW_ERROR] = 3};

/* systemd tells the device and inode of the stream it gave us; stderr redirected elsewhere is not the journal
 * (sd_journal_stream_fd(3), $JOURNAL_STREAM). */
static bool stderr_is_the_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    unsigned long long device;
    unsigned long long inode;
    if (!stream || fstat(STDERR_FILENO, &status) != 0)
        return false;
    char *end;
    device = strtoull(stream, &end, 10);
    if (*end != ':')
        return false;
    inode = strtoull(end + 1, NULL, 10);
    return device == (unsigned long long)status.st_dev && inode == (unsigned long long)status.st_ino;
}

struct tw_log tw_log_open(enum tw_level least, enum tw_log_format format, const char *verbose)
{
    bool journal =
        format == TW_LOG_FORMAT_JOURNAL || (format == TW_LOG_FORMAT_AUTO && stderr_is_the_journal());
    return (struct tw_log){.least = least, .journal = journal, .verbose = verbose};
}

/* True when `room` is one of the comma-separated names of `verbose`, or that is "all". */
static bool room_is_verbose(const char *verbose, const char *room)
{
    if (!verbose)
        return false;
    if (strcmp(verbose, "all") == 0)
        return true;
    size_t length = strlen(room);
    for (const char *at = verbose; *at;) {
        size_t name = strcspn(at, ",");
        if (name == length && strncmp(at, room, length) == 0)
            return true;
        at += name + (at[name] == ',');
    }
    return false;
}

static bool needs_quotes(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte == 0x7F)
            return true;
    }
    return text.length == 0;
}

struct line {
    char bytes[LINE_BYTES];
    size_t used;
};

static void put(struct line *line, const char *bytes, size_t length)
{
    size_t room = LINE_BYTES - 1 - line->used; /* one byte stays free for the newline */
    size_t taken = length < room ? length : room;
    memcpy(line->bytes + line->used, bytes, taken);
    line->used += taken;
}

static void put_string(struct line *line, const char *string)
{
    put(line, string, strlen(string));
}

static void put_escaped(struct line *line, struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        char escaped[8];
        if (byte == '"' || byte == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", byte);
        else if (byte == '\n')
            snprintf(escaped, sizeof escaped, "\\n");
        else if (byte < ' ' || byte == 0x7F)
            snprintf(escaped, sizeof escaped, "\\x%02x", byte);
        else
            snprintf(escaped, sizeof escaped, "%c", byte);
        put_string(line, escaped);
    }
}

static void put_value(struct line *line, struct tw_text text)
{
    if (!needs_quotes(text)) {
        put(line, text.bytes, text.length);
        return;
    }
    put_string(line, "\"");
    put_escaped(line, text);
    put_string(line, "\"");
}

static void put_integer(struct line *line, int64_t integer)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)integer);
    put_string(line, digits);
}

static void put_field(struct line *line, const struct tw_field *field)
{
    put_string(line, " ");
    put_string(line, field->name);
    put_string(line, "=");
    if (field->kind == TW_LOG_TEXT)
        put_value(line, field->text);
    else
        put_integer(line, field->integer);
}

static void put_time(struct line *line)
{
    int64_t now_us = tw_wall_us();
    time_t seconds = now_us / 1000000;
    struct tm utc;
    char text[64];
    gmtime_r(&seconds, &utc);
    size_t length = strftime(text, sizeof text, "time=%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + length, sizeof text - length, ".%03dZ", (int)(now_us / 1000 % 1000));
    put_string(line, text);
}

static void write_logfmt(
    enum tw_level level, const char *room, const char *event, size_t count, const struct tw_field *fields)
{
    struct line line = {.used = 0};
    put_time(&line);
    put_string(&line, " level=");
    put_string(&line, tw_level_names[level]);
    put_string(&line, " room=");
    put_string(&line, room);
    put_string(&line, " event=");
    put_value(&line, tw_text_of(event));
    for (size_t at = 0; at < count; at++)
        put_field(&line, &fields[at]);
    line.bytes[line.used++] = '\n';
    /* One write a line: lines of several threads do not mix. A log that cannot be written has nobody to
     * tell. */
    ssize_t ignored = write(STDERR_FILENO, line.bytes, line.used);
    (void)ignored;
}

static void put_upper(struct line *line, const char *name)
{
    for (; *name; name++) {
        char letter = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        put(line, &letter, 1);
    }
}

static void write_journal(
    enum tw_level level, const char *room, const char *event, size_t count, const struct tw_field *fields)
{
    struct line line = {.used = 0};
    struct iovec parts[MOST_FIELDS + 3];
    size_t starts[MOST_FIELDS + 4];
    size_t used = 0;
    char priority[16];

    starts[used++] = line.used;
    snprintf(priority, sizeof priority, "PRIORITY=%d", priorities[level]);
    put_string(&line, priority);
    starts[used++] = line.used;
    put_string(&line, "MESSAGE=");
    put_string(&line, room);
    put_string(&line, ": ");
    put_string(&line, event);
    for (size_t at = 0; at < count; at++) /* a reader of plain `journalctl` sees the fields too */
        put_field(&line, &fields[at]);
    starts[used++] = line.used;
    put_string(&line, "TW_ROOM=");
    put_string(&line, room);
    for (size_t at = 0; at < count && at < MOST_FIELDS; at++) {
        starts[used++] = line.used;
        put_string(&line, "TW_");
        put_upper(&line, fields[at].name);
        put_string(&line, "=");
        if (fields[at].kind == TW_LOG_TEXT)
            put(&line, fields[at].text.bytes, fields[at].text.length);
        else
            put_integer(&line, fields[at].integer);
    }
    starts[used] = line.used;
    for (size_t at = 0; at < used; at++)
        parts[at] = (struct iovec){line.bytes + starts[at], starts[at + 1] - starts[at]};
    if (sd_journal_sendv(parts, (int)used) < 0)
        write_logfmt(level, room, event, count, fields);
}

bool tw_log_shows(const struct tw_log *log, enum tw_level level, const char *room)
{
    return level >= log->least || (level == TW_DEBUG && room_is_verbose(log->verbose, room));
}

void tw_log_event(const struct tw_log *log, enum tw_level level, const char *room, const char *event,
    size_t count, const struct tw_field *fields)
{
    if (!tw_log_shows(log, level, room))
        return;
    if (log->journal)
        write_journal(level, room, event, count, fields);
    else
        write_logfmt(level, room, event, count, fields);
}

void tw_log_error(const struct tw_log *log, const char *room, const char *event, const struct tw_error *err)
{
    tw_log(log, err->passing ? TW_WARNING : TW_ERROR, room, event, tw_string("what", err->what),
        tw_string("where", err->where), tw_string("cure", err->cure),
        tw_int("code", tw_exit_status(err->code)));
}
