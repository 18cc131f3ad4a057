/* int8.h with AVX2 and FMA. Without VNNI: vpmaddubsw would saturate, so bytes are widened to 16 bits and
 * multiplied by vpmaddwd, whose sums are exact: two instructions for 16 products, and no bit of weights or
 * rows is given away. (Signs moved from weights to rows, which keep vpmaddubsw from saturating, make it four
 * for 32, of which three want the two ports that multiply.)
 *
 * Widening takes nothing worth mentioning, because it is done for a slice of a panel and of a block of rows
 * at a time, into room that the first cache holds, where it is read by all tiles. The four bytes of a group
 * become two pairs of words, its even and its odd ones: that takes no shuffling, and each lane sums one
 * output. A tile is 6 rows by 16 outputs: 12 sums, two vectors of weights, one of a row's words, one product:
 * all 16 registers. Its sums wait in memory until the last slice of inputs is there. */
#include "kernels/int8_lanes_avx2.inc"

#define TABLE tw_int8_avx2
#define TABLE_NAME "avx2"
#define TILE_ROWS 6

static inline __attribute__((always_inline)) void i_dot(ints *sums, ints x, ints y)
{
    sums->low = _mm256_add_epi32(sums->low, _mm256_madd_epi16(x.low, y.low));
    sums->high = _mm256_add_epi32(sums->high, _mm256_madd_epi16(x.high, y.high));
    __asm__ volatile("" : "+x"(sums->low), "+x"(sums->high)); /* in this order, see add_slice */
}

/* Inputs are taken 64 groups at a time, outputs 16. */
enum { SLICE = 64, HALVES = 2, PARITIES = 2, OCTETS = 2 };

struct slice {
    /* Eight outputs' pairs of words in each vector. */
    __m256i weights[HALVES][SLICE][PARITIES][OCTETS];
    int32_t rows[TW_INT8_BLOCK][PARITIES][SLICE]; /* pairs of words */
};

struct panel {
    __m256i sums[TW_INT8_BLOCK][HALVES][OCTETS];
};

static inline __m256i even_bytes_signed(__m256i bytes)
{
    return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}

static void widen_weights(const int8_t *panel, size_t groups, struct slice *slice)
{
    const __m256i *octets = (const __m256i *)(const void *)panel;
    for (size_t group = 0; group < groups; group++) {
        for (size_t half = 0; half < HALVES; half++) {
            for (size_t octet = 0; octet < OCTETS; octet++) {
                const __m256i bytes = _mm256_loadu_si256(octets++);
                slice->weights[half][group][0][octet] = even_bytes_signed(bytes);
                slice->weights[half][group][1][octet] = _mm256_srai_epi16(bytes, 8);
            }
        }
    }
}

/* Whole vectors: a row has all bytes up to its stride, and those beyond its width meet weights of 0 or none.
 */
static void widen_rows(const uint8_t *values, size_t stride, size_t rows, size_t groups, struct slice *slice)
{
    for (size_t row = 0; row < rows; row++, values += stride) {
        for (size_t group = 0; group < groups; group += 8) {
            const __m256i bytes =
                _mm256_loadu_si256((const __m256i *)(const void *)(values + group * TW_INT8_DEEP));
            _mm256_storeu_si256((__m256i *)(void *)(slice->rows[row][0] + group),
                _mm256_and_si256(bytes, _mm256_set1_epi16(0xff)));
            _mm256_storeu_si256(
                (__m256i *)(void *)(slice->rows[row][1] + group), _mm256_srli_epi16(bytes, 8));
        }
    }
}

/* Sums of `rows` rows from `first` on, and half the outputs, over a slice. */
static inline __attribute__((always_inline)) void add_slice(const struct slice *slice, size_t groups,
    size_t first, size_t half, const size_t rows, struct panel *panel)
{
    __m256i sums[TILE_ROWS][OCTETS];
    const __m256i(*weights)[PARITIES][OCTETS] = slice->weights[half];
    const int32_t(*pairs)[PARITIES][SLICE] = slice->rows + first;
#pragma GCC unroll 6
    for (size_t row = 0; row < rows; row++)
        sums[row][0] = sums[row][1] = _mm256_setzero_si256();
    for (size_t group = 0; group < groups; group++) {
#pragma GCC unroll 2
        for (size_t parity = 0; parity < PARITIES; parity++) {
            const __m256i left = weights[group][parity][0], right = weights[group][parity][1];
#pragma GCC unroll 6
            for (size_t row = 0; row < rows; row++) {
                const __m256i words = _mm256_set1_epi32(pairs[row][parity][group]);
                sums[row][0] = _mm256_add_epi32(sums[row][0], _mm256_madd_epi16(words, left));
                sums[row][1] = _mm256_add_epi32(sums[row][1], _mm256_madd_epi16(words, right));
                /* In this order: gcc would take products of many rows first, and have no registers left. */
                __asm__ volatile("" : "+x"(sums[row][0]), "+x"(sums[row][1]));
            }
        }
    }
#pragma GCC unroll 6
    for (size_t row = 0; row < rows; row++) {
        __m256i *const to = panel->sums[first + row][half];
        to[0] = _mm256_add_epi32(to[0], sums[row][0]);
        to[1] = _mm256_add_epi32(to[1], sums[row][1]);
    }
}

static void add_some(
    const struct slice *slice, size_t groups, size_t first, size_t half, size_t rows, struct panel *panel)
{
    switch (rows) {
#define ROWS(count)                                                                                          \
    case count:                                                                                              \
        add_slice(slice, groups, first, half, count, panel);                                                 \
        return;
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
        ROWS(5)
#undef ROWS
    default:
        add_slice(slice, groups, first, half, TILE_ROWS, panel);
    }
}

static void open_panel(struct panel *panel, const uint8_t *values, size_t stride, size_t rows,
    const int8_t *weights, size_t groups)
{
    struct slice slice;
    for (size_t row = 0; row < rows; row++)
        for (size_t half = 0; half < HALVES; half++)
            panel->sums[row][half][0] = panel->sums[row][half][1] = _mm256_setzero_si256();
    for (size_t at = 0; at < groups; at += SLICE) {
        const size_t count = groups - at < SLICE ? groups - at : SLICE;
        widen_weights(weights + at * TW_INT8_PANEL * TW_INT8_DEEP, count, &slice);
        widen_rows(values + at * TW_INT8_DEEP, stride, rows, count, &slice);
        for (size_t half = 0; half < HALVES; half++)
            for (size_t row = 0; row < rows; row += TILE_ROWS)
                add_some(&slice, count, row, half, rows - row < TILE_ROWS ? rows - row : TILE_ROWS, panel);
    }
}

static inline __attribute__((always_inline)) void tile_sums(
    const struct panel *panel, size_t first_row, const size_t rows, sums_vec out[][TILE_VECS])
{
#pragma GCC unroll 6
    for (size_t row = 0; row < rows; row++) {
#pragma GCC unroll 2
        for (size_t half = 0; half < HALVES; half++)
            out[row][half] =
                (sums_vec){panel->sums[first_row + row][half][0], panel->sums[first_row + row][half][1]};
    }
}

static void some_sums(const struct panel *panel, size_t row, size_t count, sums_vec sums[][TILE_VECS])
{
    for (size_t at = 0; at < count; at++)
        tile_sums(panel, row + at, 1, sums + at);
}

/* The multiplication and the addition that a product without VNNI takes. */
static uint64_t limit(size_t rounds)
{
    enum { SUMS = 10 };
    __m256i sums[SUMS], ones = _mm256_set1_epi16(1), twos = _mm256_set1_epi16(2);
#pragma GCC unroll 10
    for (size_t at = 0; at < SUMS; at++)
        sums[at] = _mm256_setzero_si256();
    for (size_t round = 0; round < rounds; round++) {
#pragma GCC unroll 10
        for (size_t at = 0; at < SUMS; at++) {
            __m256i product;
            /* volatile: else one product is taken for all, since they are alike. */
            __asm__ volatile("vpmaddwd %2, %1, %0" : "=x"(product) : "x"(ones), "x"(twos));
            sums[at] = _mm256_add_epi32(sums[at], product);
        }
    }
#pragma GCC unroll 10
    for (size_t at = 0; at < SUMS; at++)
        __asm__ volatile("" : : "x"(sums[at])); /* each of them is wanted */
    return (uint64_t)rounds * SUMS * 32;
}

#include "kernels/int8_vector.inc"
