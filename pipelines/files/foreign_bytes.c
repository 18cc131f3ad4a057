#include "files/foreign_bytes.h"

#include <string.h>
#include <strings.h>

#define UNPACK "unpack it, as with: "
#define AS_LINES "write it as JSON Lines, as with: python3 -c \"import pandas as p; p."
#define TO_LINES "('FILE').to_json('OUT.jsonl', orient='records', lines=True)\""

/* clang-format off */
static const struct {
    size_t offset;
    const char *mark;
    size_t length;
    const char *what, *cure;
} marks[] = {
    {0, "\xFD" "7zXZ\0", 6, "packed by xz", UNPACK "xz -dc FILE | tapewatch ... -"},
    {0, "7z\xBC\xAF\x27\x1C", 6, "an archive of 7-Zip", UNPACK "7z x FILE"},
    {0, "PK\x03\x04", 4, "a ZIP archive, or a workbook", UNPACK "unzip FILE; a workbook: " "save it as CSV, then as JSON Lines"},
    {0, "\xD0\xCF\x11\xE0", 4, "a workbook of old Excel", "save it as CSV, then as JSON Lines"},
    {0, "\x04\x22\x4D\x18", 4, "packed by lz4", UNPACK "lz4 -dc FILE | tapewatch ... -"},
    {4, "\x31\x41\x59\x26\x53\x59", 6, "packed by bzip2", UNPACK "bzip2 -dc FILE | tapewatch ... -"},
    {257, "ustar", 5, "a tar archive", UNPACK "tar -xf FILE"},
    {0, "PAR1", 4, "a table of Parquet", AS_LINES "read_parquet" TO_LINES},
    {0, "ARROW1", 6, "a table of Arrow", AS_LINES "read_feather" TO_LINES},
    {0, "FEA1", 4, "a table of Feather", AS_LINES "read_feather" TO_LINES},
    {0, "\x89HDF\r\n", 6, "a table of HDF5", AS_LINES "read_hdf" TO_LINES},
    {0, "Obj\x01", 4, "a file of Avro", "write it as JSON Lines, as with: avro-tools tojson FILE"},
    {0, "SQLite format 3", 16, "a database of SQLite", "write it as JSON Lines, as with: sqlite3 FILE -json"},
    {0, "%PDF-", 5, "a PDF", "write its text as JSON Lines"},
    {0, "\x80\x04\x95", 3, "an object of Python, pickled", AS_LINES "read_pickle" TO_LINES},
    {0, "\x80\x05\x95", 3, "an object of Python, pickled", AS_LINES "read_pickle" TO_LINES},
    {0, "\x93NUMPY", 6, "an array of NumPy", "write it as JSON Lines"},
    {0, "version https://git-lfs", 23, "a Git LFS pointer, not the file", "run git lfs pull in its folder"},
    {0, "\xFF\xFE\0\0", 4, "in UTF-32, not in UTF-8", "iconv -f UTF-32 -t UTF-8 FILE | tapewatch ... -"},
    {0, "\xFF\xFE", 2, "in UTF-16, not in UTF-8", "iconv -f UTF-16 -t UTF-8 FILE | tapewatch ... -"},
    {0, "\xFE\xFF", 2, "in UTF-16, not in UTF-8", "iconv -f UTF-16 -t UTF-8 FILE | tapewatch ... -"},
};
/* clang-format on */

/* UTF-16 without a byte order mark, of letters of ASCII: every other byte is empty. 'L' for little-endian,
 * 'B' for big-endian, 0: neither. */
static char utf16_order(struct tw_text first)
{
    enum { LOOKED_AT = 8 };
    bool little = first.length >= LOOKED_AT, big = little;
    for (size_t at = 0; at < LOOKED_AT && (little || big); at++) {
        little = little && !first.bytes[at] == (at % 2 == 1);
        big = big && !first.bytes[at] == (at % 2 == 0);
    }
    return little ? 'L' : big ? 'B' : 0;
}

/* Do lines end as old Macs ended them? All of them would be one text. A JSON array needs no lines. */
static bool ends_lines_by_cr(struct tw_text first)
{
    const char *cr = first.length ? memchr(first.bytes, '\r', first.length) : NULL;
    return cr && cr + 1 < first.bytes + first.length && first.bytes[0] != '[' &&
           !memchr(first.bytes, '\n', first.length);
}

bool tw_foreign_bytes_check(const char *name, struct tw_text first, struct tw_error *err)
{
    char order = utf16_order(first);
    if (order)
        return tw_fail(err, TW_IO, name,
            order == 'L' ? "iconv -f UTF-16LE -t UTF-8 FILE | tapewatch ... -"
                         : "iconv -f UTF-16BE -t UTF-8 FILE | tapewatch ... -",
            "in UTF-16, not in UTF-8");
    for (size_t at = 0; at < sizeof marks / sizeof marks[0]; at++)
        if (first.length >= marks[at].offset + marks[at].length &&
            memcmp(first.bytes + marks[at].offset, marks[at].mark, marks[at].length) == 0)
            return tw_fail(err, TW_IO, name, marks[at].cure, "%s", marks[at].what);
    if (ends_lines_by_cr(first))
        return tw_fail(err, TW_IO, name, "tr '\\r' '\\n' <FILE | tapewatch ... -",
            "its lines end by CR alone, as old Macs wrote them");
    return true;
}

/* ---- pages and feeds ---- */

/* clang-format off */
static const struct {
    const char *marks[8], *ends[4];
    bool may_be_one_line; /* one text, where it is; a feed on one line is several */
    const char *what, *cure;
} pages[] = {
    {{"<!doctype html", "<html", "<head", NULL}, {".html", ".htm", ".xhtml", NULL}, true,
        "a page of HTML, not a text a line",
        "one record of it: python3 -c \"import json; print(json.dumps({'text': open('FILE').read()}))\" | tapewatch ... -"},
    {{"<?xml", "<rss", "<feed", "<rdf:rdf", "<newsml", "<nitf", NULL}, {".xml", ".rss", ".atom", NULL}, false,
        "a feed of XML, not a text a line",
        "python3 -c \"import json,xml.etree.ElementTree as E; [print(json.dumps({c.tag.split('}')[-1]:c.text for c in i}))"
        " for i in E.parse('FILE').iter() if i.tag.split('}')[-1] in ('item','entry')]\" | tapewatch ... -"},
};
/* clang-format on */

static struct tw_text past_blanks(struct tw_text text)
{
    while (text.length && (unsigned char)text.bytes[0] <= ' ') {
        text.bytes++;
        text.length--;
    }
    return text;
}

static struct tw_text past_line(struct tw_text text)
{
    const char *end = text.length ? memchr(text.bytes, '\n', text.length) : NULL;
    size_t line = end ? (size_t)(end - text.bytes) + 1 : text.length;
    return past_blanks((struct tw_text){text.bytes + line, text.length - line});
}

/* The mark that the text begins with, in any case; NULL when it does with none. */
static const char *mark_of(struct tw_text text, const char *const *begins)
{
    for (; *begins; begins++)
        if (text.length >= strlen(*begins) && strncasecmp(text.bytes, *begins, strlen(*begins)) == 0)
            return *begins;
    return NULL;
}

static bool ends_with_one_of(const char *path, const char *const *ends)
{
    for (; *ends; ends++)
        if (strlen(path) >= strlen(*ends) && strcasecmp(path + strlen(path) - strlen(*ends), *ends) == 0)
            return true;
    return false;
}

bool tw_foreign_page_check(const char *path, struct tw_text first, struct tw_error *err)
{
    struct tw_text text = past_blanks(tw_text_past_mark(first)), second = past_line(text);
    for (size_t page = 0; page < sizeof pages / sizeof pages[0]; page++) {
        const char *mark = mark_of(text, pages[page].marks);
        bool named = text.length && text.bytes[0] == '<' && ends_with_one_of(path, pages[page].ends);
        bool is_a_line_each = mark && mark == mark_of(second, pages[page].marks);
        bool is_one_text = second.length == 0 && pages[page].may_be_one_line;
        if ((mark || named) && !is_a_line_each && !is_one_text)
            return tw_fail(err, TW_IO, path, pages[page].cure, "%s", pages[page].what);
    }
    return true;
}
