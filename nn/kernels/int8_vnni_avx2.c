/* int8.h with AVX2, FMA and AVX-VNNI: vpdpbusd on 8 lanes. A tile is 3 rows by 32 outputs: 12 sums, one
 * vector of weights, three of rows' bytes. */
#include "kernels/int8_lanes_avx2.inc"

#define TABLE tw_int8_avxvnni
#define TABLE_NAME "avx-vnni"
#define TILE_ROWS 3

/* sums += the four products of each lane's bytes. The instruction itself, as in int8_avx512.c. */
static inline __attribute__((always_inline)) void add_products(__m256i *sums, __m256i bytes, __m256i weights)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(*sums) : "x"(bytes), "x"(weights));
}

static inline __attribute__((always_inline)) void i_dot(ints *sums, ints x, ints y)
{
    __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sums->low) : "x"(x.low), "x"(y.low));
    __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sums->high) : "x"(x.high), "x"(y.high));
}

#include "kernels/int8_byte_panel.inc"

static inline __attribute__((always_inline)) void tile_sums(
    const struct panel *panel, size_t first_row, const size_t rows, sums_vec out[][TILE_VECS])
{
    const size_t stride = panel->stride;
    const uint8_t *values = panel->values + first_row * stride;
    const int8_t *lines = panel->weights;
    __m256i sums[TILE_ROWS][4];
#pragma GCC unroll 3
    for (size_t row = 0; row < rows; row++) {
#pragma GCC unroll 4
        for (size_t at = 0; at < 4; at++)
            sums[row][at] = _mm256_setzero_si256();
    }
    for (size_t group = 0; group < panel->groups; group++, values += TW_INT8_DEEP, lines += 128) {
        __m256i bytes[TILE_ROWS];
#pragma GCC unroll 3
        for (size_t row = 0; row < rows; row++)
            bytes[row] = _mm256_set1_epi32(four_bytes(values + row * stride));
#pragma GCC unroll 4
        for (size_t at = 0; at < 4; at++) {
            __m256i weights = _mm256_loadu_si256((const __m256i *)(const void *)(lines + at * 32));
#pragma GCC unroll 3
            for (size_t row = 0; row < rows; row++)
                add_products(&sums[row][at], bytes[row], weights);
        }
    }
#pragma GCC unroll 3
    for (size_t row = 0; row < rows; row++) {
        out[row][0] = (sums_vec){sums[row][0], sums[row][1]};
        out[row][1] = (sums_vec){sums[row][2], sums[row][3]};
    }
}

static void some_sums(const struct panel *panel, size_t row, size_t count, sums_vec sums[][TILE_VECS])
{
    if (count == 3)
        tile_sums(panel, row, 3, sums);
    else if (count == 2)
        tile_sums(panel, row, 2, sums);
    else
        tile_sums(panel, row, 1, sums);
}

static uint64_t limit(size_t rounds)
{
    enum { SUMS = 12 };
    __m256i sums[SUMS], ones = _mm256_set1_epi8(1);
#pragma GCC unroll 12
    for (size_t at = 0; at < SUMS; at++)
        sums[at] = _mm256_setzero_si256();
    for (size_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
        for (size_t at = 0; at < SUMS; at++)
            add_products(&sums[at], ones, ones);
    }
#pragma GCC unroll 12
    for (size_t at = 0; at < SUMS; at++)
        __asm__ volatile("" : : "x"(sums[at])); /* each of them is wanted */
    return (uint64_t)rounds * SUMS * 64;
}

#include "kernels/int8_vector.inc"
