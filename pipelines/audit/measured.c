#include "audit/measured.h"

#include <math.h>
#include <stdio.h>

static const double normal_95 = 1.96;

bool tw_audit_rows_begin(struct tw_audit_rows *rows, struct tw_arena *arena, struct tw_error *err)
{
    *rows = (struct tw_audit_rows){.items = tw_arena_array(arena, TW_AUDIT_ROWS, sizeof *rows->items)};
    return rows->items ? true : tw_arena_fail(arena, err);
}

static bool belongs_in_name(char byte)
{
    return tw_text_is_alphanumeric(byte) || byte == '_' || byte == '-' || (unsigned char)byte >= 0x80;
}

/* Parts joined by points; what belongs in no name is one underscore. */
static void join(const char *const parts[4], char name[TW_AUDIT_NAME_BYTES])
{
    size_t used = 0;
    for (size_t part = 0; part < 4 && parts[part]; part++) {
        if (!parts[part][0])
            continue;
        if (used > 0 && used + 1 < TW_AUDIT_NAME_BYTES)
            name[used++] = '.';
        for (const char *at = parts[part]; *at && used + 1 < TW_AUDIT_NAME_BYTES; at++)
            if (belongs_in_name(*at))
                name[used++] = *at;
            else if (used > 0 && name[used - 1] != '_')
                name[used++] = '_';
    }
    name[used] = '\0';
}

static void add(struct tw_audit_rows *rows, const char *const parts[4], struct tw_audit_row row)
{
    if (rows->count == TW_AUDIT_ROWS) {
        rows->left_out++;
        return;
    }
    struct tw_audit_row *added = &rows->items[rows->count++];
    *added = row;
    join(parts, added->name);
}

void tw_audit_add(struct tw_audit_rows *rows, const char *const parts[4], uint64_t n, double value)
{
    add(rows, parts, (struct tw_audit_row){.n = n, .value = value, .low = value, .high = value});
}

void tw_audit_add_share(struct tw_audit_rows *rows, const char *const parts[4], uint64_t right, uint64_t n)
{
    const double count = (double)n, share = n ? (double)right / count : 0, z = normal_95;
    const double middle = share + z * z / (2 * count), below = 1 + z * z / count;
    const double width = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count));
    add(rows, parts,
        (struct tw_audit_row){.n = n,
            .value = share,
            .low = n ? (middle - width) / below : 0,
            .high = n ? (middle + width) / below : 1});
}

void tw_audit_add_mean(
    struct tw_audit_rows *rows, const char *const parts[4], uint64_t n, double sum, double squares)
{
    const double mean = n ? sum / (double)n : 0;
    const double variance = n > 1 ? (squares - sum * mean) / (double)(n - 1) : 0;
    const double width = n ? normal_95 * sqrt(fmax(variance, 0) / (double)n) : 0;
    add(rows, parts, (struct tw_audit_row){.n = n, .value = mean, .low = mean - width, .high = mean + width});
}
