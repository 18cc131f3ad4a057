#include "files/table_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_COLUMNS = 512, NAME_BYTES = 64, NO_SEPARATOR = -1 };

/* ---- cells ---- */

/* Where in a cell the reader stands. */
enum standing { AT_BEGIN, BARE, AT_RETURN, QUOTED, AT_ESCAPE, AT_QUOTE };

struct cells {
    int separator;
    bool skips_blanks; /* before a cell */
    bool escapes;      /* by a backslash, within quotes */
    enum standing standing;
};

enum ends { GOES_ON, ENDS_CELL, ENDS_ROW };

/* Within quotes: up to the next mark that means something. */
static size_t take_quoted(struct cells *cells, struct tw_text in, struct tw_text *out)
{
    size_t length = 0;
    while (length < in.length && in.bytes[length] != '"' && !(cells->escapes && in.bytes[length] == '\\'))
        length++;
    *out = (struct tw_text){in.bytes, length};
    if (length == in.length)
        return length;
    cells->standing = in.bytes[length] == '"' ? AT_QUOTE : AT_ESCAPE;
    return length + 1;
}

/* Without quotes: up to the cell's end. */
static size_t take_bare(struct cells *cells, struct tw_text in, struct tw_text *out, enum ends *ends)
{
    size_t length = 0;
    while (length < in.length && in.bytes[length] != cells->separator && in.bytes[length] != '\n' &&
           in.bytes[length] != '\r')
        length++;
    *out = (struct tw_text){in.bytes, length};
    if (length == in.length)
        return length;
    char mark = in.bytes[length];
    cells->standing = mark == '\r' ? AT_RETURN : AT_BEGIN;
    *ends = mark == '\r' ? GOES_ON : mark == '\n' ? ENDS_ROW : ENDS_CELL;
    return length + 1;
}

/* Reads on from where it stands: *out belongs to the cell, behind which it may end. Returns the bytes taken,
 * none where only the standing has changed. `in` is not empty. */
static size_t take_piece(struct cells *cells, struct tw_text in, struct tw_text *out, enum ends *ends)
{
    char byte = in.bytes[0];
    *out = (struct tw_text){in.bytes, 0};
    *ends = GOES_ON;
    switch (cells->standing) {
    case AT_BEGIN:
        if (byte == ' ' && cells->skips_blanks)
            return 1;
        cells->standing = byte == '"' ? QUOTED : BARE;
        return byte == '"';
    case QUOTED:
        return take_quoted(cells, in, out);
    case AT_QUOTE: /* the first of two, or the closing one */
        out->length = byte == '"';
        cells->standing = byte == '"' ? QUOTED : BARE;
        return out->length;
    case AT_ESCAPE: {
        bool escaped = byte == '"' || byte == '\\';
        *out = escaped ? (struct tw_text){in.bytes, 1} : tw_text_of("\\");
        cells->standing = QUOTED;
        return escaped;
    }
    case AT_RETURN:
        cells->standing = BARE;
        if (byte == '\n')
            return take_bare(cells, in, out, ends);
        *out = tw_text_of("\r");
        return 0;
    case BARE:
        break;
    }
    return take_bare(cells, in, out, ends);
}

/* ---- the header ---- */

struct header {
    char names[MOST_COLUMNS][NAME_BYTES + 1]; /* without blanks around them */
    size_t count;
    bool quoted;  /* each name stands in quotes */
    size_t bytes; /* that it takes, its end included */
};

static bool end_name(struct header *header, size_t length)
{
    struct tw_text name = tw_text_trimmed((struct tw_text){header->names[header->count], length});
    memmove(header->names[header->count], name.bytes, name.length);
    header->names[header->count++][name.length] = '\0';
    for (size_t at = 0; at < name.length; at++)
        if ((unsigned char)name.bytes[at] < ' ')
            return false;
    return true;
}

/* The names of a first line that this separator parts; false when it holds something that is no name. */
static bool read_header(struct tw_text text, int separator, struct header *header)
{
    struct cells cells = {.separator = separator, .skips_blanks = true};
    size_t at = 0, length = 0;
    header->count = 0;
    header->quoted = true;
    while (at < text.length && header->count < MOST_COLUMNS) {
        struct tw_text piece;
        enum ends ends;
        const bool begins = cells.standing == AT_BEGIN;
        at += take_piece(&cells, (struct tw_text){text.bytes + at, text.length - at}, &piece, &ends);
        header->quoted = header->quoted && !(begins && cells.standing == BARE);
        if (piece.length > NAME_BYTES - length)
            return false;
        memcpy(header->names[header->count] + length, piece.bytes, piece.length);
        length += piece.length;
        if (ends == GOES_ON)
            continue;
        if (!end_name(header, length))
            return false;
        length = 0;
        header->bytes = at;
        if (ends == ENDS_ROW)
            return true;
    }
    return false;
}

static bool has_column_of_ours(const struct header *header, const struct tw_table_columns *columns)
{
    for (size_t name = 0; name < header->count; name++)
        if (columns->is_ours(columns->self, header->names[name], header->count == 1))
            return true;
    return false;
}

static bool has_same_name(const struct header *header, size_t name)
{
    for (size_t other = 0; other < name; other++)
        if (header->names[name][0] && strcasecmp(header->names[name], header->names[other]) == 0)
            return true;
    return false;
}

static const int separators[] = {',', '\t', ';', '|', NO_SEPARATOR};
enum { SEPARATORS = sizeof separators / sizeof separators[0] };

/* The separator that parts the first line into the most names, one of them ours. False: none does. */
static bool find_header(
    struct tw_text text, const struct tw_table_columns *columns, struct header *header, int *separator)
{
    size_t most = 0;
    for (size_t at = 0; at < SEPARATORS; at++)
        if (read_header(text, separators[at], header) && header->count > most &&
            (header->count > 1) == (separators[at] != NO_SEPARATOR) && has_column_of_ours(header, columns)) {
            most = header->count;
            *separator = separators[at];
        }
    return most > 0 && read_header(text, *separator, header);
}

/* ---- what is a table and none of ours ---- */

static bool path_says_table(const char *path)
{
    static const char *const ends[] = {".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst"};
    size_t length = strlen(path);
    for (size_t at = 0; at < sizeof ends / sizeof ends[0]; at++) {
        size_t end = strlen(ends[at]);
        if (length >= end && strcasecmp(path + length - end, ends[at]) == 0)
            return true;
    }
    return false;
}

/* A file in which one word stands, though a column may be called so, is a text. */
static bool is_more_than_a_word(const char *path, struct tw_text text, const struct header *header)
{
    return header->count > 1 || header->bytes < text.length || path_says_table(path);
}

/* "1","Velquin falls": several names, each in quotes. */
static bool stands_in_quotes(struct tw_text text, struct header *header)
{
    for (size_t at = 0; at < SEPARATORS; at++)
        if (read_header(text, separators[at], header) && header->count > 1 && header->quoted)
            return true;
    return false;
}

static bool fail_no_column(const char *path, struct tw_error *err)
{
    return tw_fail(err, TW_IO, path,
        "put a header before it: sed '1i label,text' FILE | tapewatch ... -; name its column in the configuration, "
        "as decode.body: [COLUMN]; or take lines as texts by --input text",
        "a table without a column of text: its first line names none title, headline, text or body");
}

/* ---- opening ---- */

struct tw_table_rows {
    struct cells cells;
    char (*names)[NAME_BYTES + 1];
    size_t columns;
    size_t left_of_header; /* bytes to be passed over */
    size_t most_bytes;
    /* the row that is being read */
    size_t column;
    bool in_cell;         /* its member has begun */
    bool holds_something; /* of its cells one */
    bool has_more;        /* and one beyond the header's */
    bool is_too_long;     /* then nothing is kept */
    bool out_of_memory;
    bool has_ended;        /* take has said so: the next byte begins another */
    bool is_begun;         /* a byte of it has come */
    uint64_t line, begins; /* lines that have ended; the row's first one */
    char *record;
    size_t used, room;
};

/* Does it show a quote behind a backslash and before a letter, which RFC 4180 has nowhere within quotes? */
static bool shows_escapes(struct tw_text first)
{
    for (size_t at = 0; at + 2 < first.length; at++)
        if (first.bytes[at] == '\\' && first.bytes[at + 1] == '"' &&
            tw_text_is_alphanumeric(first.bytes[at + 2]))
            return true;
    return false;
}

static bool keep_header(const struct header *header, struct tw_table_rows *rows)
{
    rows->columns = header->count;
    rows->names = header->count ? calloc(header->count, sizeof *rows->names) : NULL;
    if (rows->names)
        memcpy(rows->names, header->names, header->count * sizeof *rows->names);
    return rows->names != NULL;
}

static bool open_rows(const char *path, struct tw_text first, size_t begin, const struct header *header,
    int separator, struct tw_table_rows **out, struct tw_error *err)
{
    const char parted[] = {(char)separator, ' ', '\0'};
    for (size_t name = 0; name < header->count; name++)
        if (has_same_name(header, name))
            return tw_fail(err, TW_IO, path, "give each column a name of its own",
                "two columns of its header are called \"%s\"", header->names[name]);
    struct tw_table_rows *rows = calloc(1, sizeof *rows);
    if (!rows || !keep_header(header, rows)) {
        free(rows);
        return tw_fail(err, TW_INTERNAL, path, "give the process more memory", "no memory to read a table");
    }
    rows->cells = (struct cells){.separator = separator, .escapes = shows_escapes(first)};
    rows->cells.skips_blanks =
        separator != NO_SEPARATOR && memmem(first.bytes, begin + header->bytes, parted, 2);
    rows->left_of_header = begin + header->bytes;
    for (size_t at = 0; at < rows->left_of_header; at++)
        rows->line += first.bytes[at] == '\n';
    *out = rows;
    return true;
}

bool tw_table_rows_open(const char *path, struct tw_text first, const struct tw_table_columns *columns,
    size_t most_bytes, struct tw_table_rows **out, struct tw_error *err)
{
    struct header *header = malloc(sizeof *header);
    struct tw_text text = tw_text_past_mark(first);
    int separator = NO_SEPARATOR;
    *out = NULL;
    if (!header)
        return tw_fail(err, TW_INTERNAL, path, "give the process more memory", "no memory to read a table");
    bool is_json = text.length && (text.bytes[0] == '{' || text.bytes[0] == '[');
    const char *line = text.length ? memchr(text.bytes, '\n', text.length) : NULL;
    if (line && tw_text_goes_on(text, 0, "sep=") &&
        line - text.bytes <= 6) /* Excel's; it shows in names, too */
        text = (struct tw_text){line + 1, text.length - (size_t)(line + 1 - text.bytes)};
    bool opened = true;
    if (!is_json && find_header(text, columns, header, &separator) && is_more_than_a_word(path, text, header))
        opened = open_rows(path, first, (size_t)(text.bytes - first.bytes), header, separator, out, err);
    else if (!is_json && first.length && (path_says_table(path) || stands_in_quotes(text, header)))
        opened = fail_no_column(path, err);
    free(header);
    if (opened && *out)
        (*out)->most_bytes = most_bytes;
    return opened;
}

void tw_table_rows_close(struct tw_table_rows *rows)
{
    if (!rows)
        return;
    free(rows->names);
    free(rows->record);
    free(rows);
}

/* ---- rows ---- */

static void append(struct tw_table_rows *rows, const char *bytes, size_t length)
{
    if (rows->is_too_long || rows->out_of_memory)
        return;
    if (rows->used + length > rows->most_bytes) {
        rows->is_too_long = true;
        return;
    }
    if (rows->used + length > rows->room) {
        size_t room = (rows->used + length) * 2;
        char *grown = realloc(rows->record, room);
        rows->out_of_memory = !grown;
        if (!grown)
            return;
        rows->record = grown;
        rows->room = room;
    }
    memcpy(rows->record + rows->used, bytes, length);
    rows->used += length;
}

/* As JSON has it within a text. */
static void append_escaped(struct tw_table_rows *rows, struct tw_text text)
{
    size_t begin = 0;
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        char escape[8];
        if (byte >= ' ' && byte != '"' && byte != '\\')
            continue;
        append(rows, text.bytes + begin, at - begin);
        int length = byte < ' ' ? snprintf(escape, sizeof escape, "\\u%04x", byte)
                                : snprintf(escape, sizeof escape, "\\%c", byte);
        append(rows, escape, (size_t)length);
        begin = at + 1;
    }
    append(rows, text.bytes + begin, text.length - begin);
}

static void add_to_cell(struct tw_table_rows *rows, struct tw_text piece)
{
    bool holds = !tw_text_is_blank(piece), beyond = rows->column >= rows->columns;
    rows->holds_something = rows->holds_something || holds;
    rows->has_more = rows->has_more || (beyond && holds);
    if (piece.length == 0 || beyond)
        return;
    const char *name = rows->names[rows->column];
    if (!name[0])
        return;
    if (!rows->in_cell) {
        append(rows, rows->used ? ",\"" : "{\"", 2);
        append_escaped(rows, tw_text_of(name));
        append(rows, "\":\"", 3);
    }
    rows->in_cell = true;
    append_escaped(rows, piece);
}

static void end_cell(struct tw_table_rows *rows)
{
    if (rows->in_cell)
        append(rows, "\"", 1);
    rows->in_cell = false;
    rows->column++;
}

static void begin_row(struct tw_table_rows *rows)
{
    rows->has_ended = rows->is_begun = rows->is_too_long = false;
    rows->holds_something = rows->has_more = false;
    rows->column = rows->used = 0;
    rows->begins = rows->line + 1;
}

size_t tw_table_rows_take(struct tw_table_rows *rows, const char *bytes, size_t length, bool *ended)
{
    size_t at = length < rows->left_of_header ? length : rows->left_of_header;
    enum ends ends = GOES_ON;
    rows->left_of_header -= at;
    if (rows->has_ended || rows->begins == 0)
        begin_row(rows);
    while (at < length && ends != ENDS_ROW) {
        struct tw_text piece;
        size_t taken = take_piece(&rows->cells, (struct tw_text){bytes + at, length - at}, &piece, &ends);
        for (size_t byte = at; byte < at + taken; byte++)
            rows->line += bytes[byte] == '\n';
        at += taken;
        rows->is_begun = true;
        add_to_cell(rows, piece);
        if (ends != GOES_ON)
            end_cell(rows);
    }
    *ended = rows->has_ended = ends == ENDS_ROW;
    return at;
}

bool tw_table_rows_finish(struct tw_table_rows *rows)
{
    if (rows->has_ended || !rows->is_begun)
        return false;
    end_cell(rows);
    return true;
}

enum tw_read tw_table_rows_get(struct tw_table_rows *rows, struct tw_archive_line *out, struct tw_error *err)
{
    out->number = rows->begins;
    if (rows->out_of_memory || rows->cells.standing == QUOTED || rows->cells.standing == AT_ESCAPE) {
        rows->out_of_memory
            ? tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory to read a table")
            : tw_fail(err, TW_IO, NULL, "close them, and write quotes within a cell twice",
                  "quotes open in this row and do not close before the file's end");
        return TW_READ_FAILED;
    }
    if (rows->column == 1 && !rows->holds_something)
        return TW_READ_END;
    append(rows, rows->used ? "}" : "{}", rows->used ? 1 : 2);
    bool fits = rows->column >= rows->columns && !rows->has_more;
    if (!fits)
        tw_fail(err, TW_REFUSED, NULL, "put quotes around cells that hold the separator or a line's end",
            "the row has %zu cells, the header %zu", rows->column, rows->columns);
    else if (rows->is_too_long)
        tw_fail(err, TW_REFUSED, NULL, "split the record", "as JSON the row has more than %zu bytes",
            rows->most_bytes);
    if (!fits || rows->is_too_long)
        return TW_READ_REFUSED;
    out->text = (struct tw_text){rows->record, rows->used};
    return TW_READ_ITEM;
}
