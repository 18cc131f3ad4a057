/* foreign_bytes: a file that holds no lines, told by what it begins with (after gzip or zstd, which
 * archive.h unpacks).
 *   in    the first bytes of a file
 *   out   nothing, or what it is and how it becomes lines
 *
 * Told besides: UTF-16 without a mark, and lines that end by CR alone. Without this each piece of a picture,
 * a table or another packing would be taken for a text, scored, and nobody told. Marks: xz 5.4 xz-file-format
 * 1.1; bzip2; PKWARE APPNOTE 4.3.7; 7-Zip 7zFormat; LZ4 frame 1.6; Apache Parquet, Arrow and Avro formats;
 * SQLite file format 1.2; ISO 32000 7.5.2; NumPy NEP 1; HDF5 II.A; POSIX ustar. */
#ifndef TW_FOREIGN_BYTES_H
#define TW_FOREIGN_BYTES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* TW_IO with `name` as the place when these are not lines. Fewer bytes than a mark has are never refused for
 * it. */
TW_MUST_USE bool tw_foreign_bytes_check(const char *name, struct tw_text first, struct tw_error *err);

/* Is it a page of HTML, or a feed of XML? Told by their first tag or the path's end. Each line of them would
 * be a text. TW_IO with the way to records; not for a page that stands on one line, or on one line each:
 * those are texts with markup in them. */
TW_MUST_USE bool tw_foreign_page_check(const char *path, struct tw_text first, struct tw_error *err);

#endif
