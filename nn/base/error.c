#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts a string that may end in half a UTF-8 sequence back to the last whole one. */
static void trim_partial_utf8(char *text)
{
    size_t length = strlen(text);
    size_t back = 0;
    while (back < 4 && back < length && ((unsigned char)text[length - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back == length)
        return;
    unsigned char lead = (unsigned char)text[length - 1 - back];
    size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (back < wanted)
        text[length - 1 - back] = '\0';
}

/* Bytes of the UTF-8 sequence that a byte leads (Unicode 15, table 3-7); 0 when none follows whole. */
static size_t sequence_bytes(const unsigned char *bytes)
{
    unsigned char lead = bytes[0], low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t length = lead < 0x80                    ? 1
                    : lead >= 0xC2 && lead <= 0xDF ? 2
                    : lead >= 0xE0 && lead <= 0xEF ? 3
                    : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                   : 0;
    for (size_t at = 1; at < length; at++) {
        if (bytes[at] < low || bytes[at] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

/* Makes a text UTF-8: bytes that are none (of a path, of a name that "%.100s" has cut) are shown as \xNN. */
static void show_broken_bytes(char *text, size_t size)
{
    char shown[512];
    size_t used = 0, length = strlen(text);
    for (size_t at = 0; at < length && used + 5 < size && used + 5 < sizeof shown;) {
        size_t bytes = sequence_bytes((const unsigned char *)text + at);
        if (bytes == 0)
            used += (size_t)snprintf(shown + used, sizeof shown - used, "\\x%02X", (unsigned char)text[at]);
        else
            memcpy(shown + used, text + at, bytes);
        used += bytes;
        at += bytes ? bytes : 1;
    }
    memcpy(text, shown, used);
    text[used] = '\0';
}

static bool is_utf8(const char *text)
{
    size_t bytes = 1;
    while (*text && (bytes = sequence_bytes((const unsigned char *)text)) > 0)
        text += bytes;
    return bytes > 0;
}

static void keep_utf8(char *text, size_t size)
{
    if (!is_utf8(text))
        show_broken_bytes(text, size);
}

static void copy_cut(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
    if (from && strlen(from) >= size)
        trim_partial_utf8(to);
    keep_utf8(to, size);
}

static void fill(struct tw_error *err, enum tw_code code, bool passing, const char *where, const char *cure,
    const char *what, va_list arguments)
{
    struct tw_error made = {.code = code, .passing = passing};
    int length = vsnprintf(made.what, sizeof made.what, what, arguments);
    if (length >= (int)sizeof made.what)
        trim_partial_utf8(made.what);
    keep_utf8(made.what, sizeof made.what);
    copy_cut(made.where, sizeof made.where, where);
    copy_cut(made.cure, sizeof made.cure, cure);
    *err = made;
}

bool(tw_fail)(
    struct tw_error *err, enum tw_code code, const char *where, const char *cure, const char *what, ...)
{
    if (!err)
        return false;
    va_list arguments;
    va_start(arguments, what);
    fill(err, code, false, where, cure, what, arguments);
    va_end(arguments);
    return false;
}

bool(tw_fail_passing)(
    struct tw_error *err, enum tw_code code, const char *where, const char *cure, const char *what, ...)
{
    if (!err)
        return false;
    va_list arguments;
    va_start(arguments, what);
    fill(err, code, true, where, cure, what, arguments);
    va_end(arguments);
    return false;
}

bool(tw_fail_errno)(
    struct tw_error *err, enum tw_code code, const char *where, const char *cure, const char *what, ...)
{
    int number = errno;
    if (!err)
        return false;
    if (number == EACCES || number == EPERM)
        code = TW_PERMISSION;
    va_list arguments;
    va_start(arguments, what);
    fill(err, code, false, where, cure, what, arguments);
    va_end(arguments);
    size_t used = strlen(err->what);
    char reason[128];
    const char *text = strerror_r(number, reason, sizeof reason);
    snprintf(err->what + used, sizeof err->what - used, ": %s", text);
    return false;
}

/* "model/config.json" and "model: offset 12" begin with "model", "models" does not. */
static bool begins_with(const char *where, const char *outer)
{
    size_t length = strlen(outer);
    return strncmp(where, outer, length) == 0 &&
           (outer[length - 1] == '/' || strchr("/:", where[length])); /* or its end: strchr finds that too */
}

bool tw_error_in(struct tw_error *err, const char *outer)
{
    if (!err || !outer || !outer[0] || begins_with(err->where, outer))
        return false;
    char inner[sizeof err->where];
    memcpy(inner, err->where, sizeof inner);
    int length = snprintf(err->where, sizeof err->where, inner[0] ? "%s: %s" : "%s%s", outer, inner);
    if (length >= (int)sizeof err->where)
        trim_partial_utf8(err->where);
    keep_utf8(err->where, sizeof err->where);
    return false;
}

/* Appends text with control characters shown as \n, \t or \xNN; one error stays one line. */
static size_t append_visible(char *line, size_t size, size_t used, const char *text)
{
    for (; *text && used + 5 < size; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x20 && byte != 0x7F) {
            line[used++] = *text;
            continue;
        }
        int written = byte == '\n'   ? snprintf(line + used, size - used, "\\n")
                      : byte == '\t' ? snprintf(line + used, size - used, "\\t")
                                     : snprintf(line + used, size - used, "\\x%02X", byte);
        used += (size_t)written;
    }
    line[used] = '\0';
    return used;
}

size_t tw_error_line(const struct tw_error *err, char *line, size_t size)
{
    if (size == 0)
        return 0;
    line[0] = '\0';
    size_t used = 0;
    if (err->where[0]) {
        used = append_visible(line, size, used, err->where);
        used = append_visible(line, size, used, ": ");
    }
    used = append_visible(line, size, used, err->what);
    if (err->cure[0]) {
        used = append_visible(line, size, used, "; cure: ");
        used = append_visible(line, size, used, err->cure);
    }
    return used;
}

int tw_exit_status(enum tw_code code)
{
    static const int status[] = {
        [TW_OK] = 0,
        [TW_REFUSED] = 1,
        [TW_USAGE] = 2,
        [TW_SERVER] = 69,
        [TW_INTERNAL] = 70,
        [TW_FULL] = 70,
        [TW_OUTPUT] = 73,
        [TW_IO] = 74,
        [TW_HELD] = 75,
        [TW_PERMISSION] = 77,
        [TW_CONFIG] = 78,
        [TW_INTERRUPTED] = 130,
    };
    return status[code];
}
