/* bf16.h with AVX512_BF16. Both factors are packed, a block of the depth at a time, into pairs: two bf16 of
 * neighbouring k in one 32-bit word, the lower k in the lower half, as VDPBF16PS takes them.
 *   lines of A   [rows][PAIRS], or when A comes turned (a weight's gradient) [PAIRS][ROWS]: the second cache
 *                holds it
 *   panel of B   [PAIRS][COLUMNS]: the first cache holds it
 * A block of A is packed once for all panels, a panel once for ROWS rows. */
#include "gemm/bf16.h"

#include <immintrin.h>

#include "kernels/transpose_avx512.inc"

enum { LANES = 16, BLOCK_ROWS = 6, BLOCK_VECS = 4 };
enum { PAIRS = 128, COLUMNS = BLOCK_VECS * LANES, ROWS = 504 };
/* Rows of a matrix that packing asks for before it needs them: a row of a wide matrix is a page of its own,
 * where the processor's own prefetch ends. More would push each other out, rows of 3,072 numbers sharing few
 * cache sets. */
enum { AHEAD = 8 };
/* A turned block of A: its rows are not a power of two, which would share cache sets. */
enum { TURNED_ROWS = ROWS + 24 };

#define ALWAYS static inline __attribute__((always_inline))

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)((1u << (n < LANES ? n : LANES)) - 1u);
}

static inline __m512 load_first(const float *from, size_t n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), from);
}

/* Into the cache; an address beyond the matrix does no harm. ALWAYS: gcc takes a function that only
 * prefetches for one that does nothing, and leaves out its calls. */
ALWAYS void ask_for(const float *address)
{
    _mm_prefetch((const char *)address, _MM_HINT_T0);
}

/* --- packing -------------------------------------------------------------------------------------------- */

/* to[count][PAIRS] = from[count, depth] */
static void pack_lines(const float *from, size_t stride, size_t count, size_t depth, uint32_t *to)
{
    for (size_t line = 0; line < count; line++) {
        const float *numbers = from + line * stride;
        for (size_t at = 0; at < depth; at += 2 * LANES) {
            size_t left = depth - at;
            __m512 low = load_first(numbers + at, left);
            __m512 high = left > LANES ? load_first(numbers + at + LANES, left - LANES) : _mm512_setzero_ps();
            _mm512_storeu_si512(to + line * PAIRS + at / 2, (__m512i)_mm512_cvtne2ps_pbh(high, low));
        }
    }
}

/* to[PAIRS][stride_to] = from[depth, count]; `to` has whole vectors. */
static void pack_columns(
    const float *from, size_t stride, size_t depth, size_t count, uint32_t *to, size_t stride_to)
{
    /* Words 0, 16, 1, 17, ..: lane n gets k in its lower half, k + 1 in its upper one. */
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
        7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    for (size_t line = 0; line < depth; line += 2) {
        const float *numbers = from + line * stride;
        for (size_t at = 0; at < count; at += LANES) {
            __m512 low = load_first(numbers + at, count - at);
            __m512 high =
                line + 1 < depth ? load_first(numbers + stride + at, count - at) : _mm512_setzero_ps();
            __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
            ask_for(numbers + AHEAD * stride + at);
            ask_for(numbers + (AHEAD + 1) * stride + at);
            _mm512_storeu_si512(to + line / 2 * stride_to + at, _mm512_permutexvar_epi16(order, both));
        }
    }
}

/* to[PAIRS][COLUMNS] = from[count, depth]^T */
static void pack_turned(const float *from, size_t stride, size_t count, size_t depth, uint32_t *to)
{
    for (size_t line = 0; line < count; line += LANES) {
        for (size_t at = 0; at < depth; at += 2 * LANES) {
            size_t left = depth - at, pairs = left < 2 * LANES ? (left + 1) / 2 : LANES;
            __m512 square[LANES];
            for (size_t row = 0; row < LANES; row++) {
                const float *numbers = from + (line + row) * stride + at;
                ask_for(numbers + 4 * LANES);
                ask_for(numbers + 5 * LANES);
                bool there = line + row < count;
                __m512 low = there ? load_first(numbers, left) : _mm512_setzero_ps();
                __m512 high =
                    there && left > LANES ? load_first(numbers + LANES, left - LANES) : _mm512_setzero_ps();
                square[row] = (__m512)_mm512_cvtne2ps_pbh(high, low);
            }
            transpose(square);
            for (size_t pair = 0; pair < pairs; pair++)
                _mm512_storeu_ps(to + (at / 2 + pair) * COLUMNS + line, square[pair]);
        }
    }
}

/* --- products ------------------------------------------------------------------------------------------- */

/* Packed lines of A: line r, pair p stands at [r * line + p * pair]. */
struct lines {
    const uint32_t *from;
    size_t line, pair;
};

/* c[rows, vecs x LANES] = (or +=, when `more`) lines x panel. rows and vecs are constants where this is
 * inlined, so that c stays in registers; of the last vector, `last` is there. */
ALWAYS void product_block(const struct lines *lines, const uint32_t *panel, size_t pairs, float *c,
    size_t stride, bool more, __mmask16 last, const int rows, const int vecs)
{
    const __mmask16 whole = (__mmask16)0xFFFF;
    const uint32_t *a = lines->from;
    const size_t line = lines->line, next = lines->pair;
    __m512 sums[BLOCK_ROWS][BLOCK_VECS];
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) {
#pragma GCC unroll 8
        for (int at = 0; at < vecs; at++)
            sums[row][at] = more ? _mm512_maskz_loadu_ps(at + 1 < vecs ? whole : last,
                                       c + (size_t)row * stride + (size_t)at * LANES)
                                 : _mm512_setzero_ps();
    }
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) { /* of the next block */
#pragma GCC unroll 8
        for (int at = 0; at < vecs; at++)
            ask_for(c + (size_t)(rows + row) * stride + (size_t)at * LANES);
    }
    for (size_t pair = 0; pair < pairs; pair++) {
        __m512bh factors[BLOCK_VECS];
#pragma GCC unroll 8
        for (int at = 0; at < vecs; at++)
            factors[at] = (__m512bh)_mm512_load_si512(panel + at * LANES);
#pragma GCC unroll 8
        for (int row = 0; row < rows; row++) {
            __m512bh factor = (__m512bh)_mm512_set1_epi32((int)a[(size_t)row * line]);
#pragma GCC unroll 8
            for (int at = 0; at < vecs; at++)
                sums[row][at] = _mm512_dpbf16_ps(sums[row][at], factor, factors[at]);
        }
        panel += COLUMNS;
        a += next;
    }
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) {
#pragma GCC unroll 8
        for (int at = 0; at < vecs; at++)
            _mm512_mask_storeu_ps(
                c + (size_t)row * stride + (size_t)at * LANES, at + 1 < vecs ? whole : last, sums[row][at]);
    }
}

typedef void (*product_function)(const struct lines *lines, const uint32_t *panel, size_t pairs, float *c,
    size_t stride, bool more, __mmask16 last);

#define PRODUCT(rows, vecs)                                                                                  \
    static void product_##rows##_##vecs(const struct lines *lines, const uint32_t *panel, size_t pairs,      \
        float *c, size_t stride, bool more, __mmask16 last)                                                  \
    {                                                                                                        \
        product_block(lines, panel, pairs, c, stride, more, last, rows, vecs);                               \
    }
#define PRODUCTS(rows) PRODUCT(rows, 1) PRODUCT(rows, 2) PRODUCT(rows, 3) PRODUCT(rows, 4)
#define PRODUCT_ROW(rows)                                                                                    \
    {                                                                                                        \
        product_##rows##_1, product_##rows##_2, product_##rows##_3, product_##rows##_4                       \
    }

PRODUCTS(1)
PRODUCTS(2)
PRODUCTS(3)
PRODUCTS(4)
PRODUCTS(5)
PRODUCTS(6)
_Static_assert(BLOCK_ROWS == 6 && BLOCK_VECS == 4, "one line of products a row");

/* [rows - 1][vectors - 1] */
static const product_function products[BLOCK_ROWS][BLOCK_VECS] = {
    PRODUCT_ROW(1), PRODUCT_ROW(2), PRODUCT_ROW(3), PRODUCT_ROW(4), PRODUCT_ROW(5), PRODUCT_ROW(6)};

/* One panel with all packed lines. */
static void product(struct lines lines, const uint32_t *panel, size_t pairs, float *c, size_t stride,
    size_t rows, size_t columns, bool more)
{
    size_t vecs = (columns + LANES - 1) / LANES;
    __mmask16 last = first_lanes(columns - (vecs - 1) * LANES);
    for (size_t row = 0; row < rows; row += BLOCK_ROWS) {
        size_t high = rows - row < BLOCK_ROWS ? rows - row : BLOCK_ROWS;
        products[high - 1][vecs - 1](&lines, panel, pairs, c + row * stride, stride, more, last);
        lines.from += BLOCK_ROWS * lines.line;
    }
}

/* A factor in memory: [line, depth], or turned, [depth, line]; `stride` numbers a row. */
struct factor {
    const float *from;
    size_t stride;
    bool turned;
};

static const float *corner(const struct factor *factor, size_t line, size_t depth)
{
    return factor->turned ? factor->from + depth * factor->stride + line
                          : factor->from + line * factor->stride + depth;
}

static struct lines pack_a(
    const struct factor *a, size_t row, size_t rows, size_t from, size_t depth, uint32_t *to)
{
    if (a->turned) {
        pack_columns(corner(a, row, from), a->stride, depth, rows, to, TURNED_ROWS);
        return (struct lines){to, 1, TURNED_ROWS};
    }
    pack_lines(corner(a, row, from), a->stride, rows, depth, to);
    return (struct lines){to, PAIRS, 1};
}

static void pack_b(
    const struct factor *b, size_t column, size_t columns, size_t from, size_t depth, uint32_t *to)
{
    if (b->turned)
        pack_columns(corner(b, column, from), b->stride, depth, columns, to, COLUMNS);
    else
        pack_turned(corner(b, column, from), b->stride, columns, depth, to);
}

/* Rows `row` to `row + rows` of c, at most ROWS of them. */
static void multiply_rows(const struct factor *a, const struct factor *b, float *c, size_t row, size_t rows,
    size_t columns, size_t depth, bool more)
{
    _Alignas(64) uint32_t lines[PAIRS * TURNED_ROWS];
    _Alignas(64) uint32_t panel[PAIRS * COLUMNS];
    for (size_t from = 0; from < depth; from += 2 * PAIRS) {
        size_t deep = depth - from < 2 * PAIRS ? depth - from : 2 * PAIRS;
        struct lines packed = pack_a(a, row, rows, from, deep, lines);
        for (size_t column = 0; column < columns; column += COLUMNS) {
            size_t wide = columns - column < COLUMNS ? columns - column : COLUMNS;
            pack_b(b, column, wide, from, deep, panel);
            product(packed, panel, (deep + 1) / 2, c + row * columns + column, columns, rows, wide,
                more || from > 0);
        }
    }
}

/* c[rows, columns], in groups of about the same size: a short last one would pay for packing b and use it
 * little. */
static void multiply_all(const struct factor *a, const struct factor *b, float *c, size_t rows,
    size_t columns, size_t depth, bool more)
{
    size_t groups = (rows + ROWS - 1) / ROWS;
    for (size_t group = 0; group < groups; group++) {
        size_t first = rows * group / groups, end = rows * (group + 1) / groups;
        multiply_rows(a, b, c, first, end - first, columns, depth, more);
    }
}

static void multiply(const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    const struct factor left = {a, in, false}, right = {b, in, false};
    multiply_all(&left, &right, c, rows, out, in, false);
}

static void multiply_input(
    const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more)
{
    const struct factor left = {a, out, false}, right = {b, in, true};
    multiply_all(&left, &right, c, rows, in, out, more);
}

static void multiply_weight(
    const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more)
{
    const struct factor left = {a, out, true}, right = {b, in, true};
    multiply_all(&left, &right, c, out, in, rows, more);
}

const struct tw_bf16_kernels tw_bf16_avx512 = {
    .name = "avx512_bf16",
    .multiply = multiply,
    .multiply_input = multiply_input,
    .multiply_weight = multiply_weight,
};
