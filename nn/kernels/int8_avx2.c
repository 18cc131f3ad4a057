/* int8.h with AVX2 and FMA. Without VNNI: vpmaddubsw would saturate, so bytes are widened to 16 bits and
 * multiplied by vpmaddwd, whose sums are exact. It takes 5 instructions where vpmaddubsw takes 6 for twice as
 * much, and no bit of weights or rows is given away for it. A tile is 3 rows by 16 outputs, twice. */
#include "kernels/int8_lanes_avx2.inc"

#define TABLE tw_int8_avx2
#define TABLE_NAME "avx2"
#define TILE_VECS 1

/* Four outputs' sums a register, each in two halves side by side. */
typedef struct {
    __m256i quarters[4];
} sums_vec;

static inline __attribute__((always_inline)) void i_dot(ints *sums, ints x, ints y)
{
    sums->low = _mm256_add_epi32(sums->low, _mm256_madd_epi16(x.low, y.low));
    sums->high = _mm256_add_epi32(sums->high, _mm256_madd_epi16(x.high, y.high));
}

/* Eight sums in order. */
static inline __m256i joined(__m256i first, __m256i second)
{
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(first, second), 0xD8);
}

static inline vec v_corrected(sums_vec sums, const int32_t *zero, const int32_t *taken)
{
    const __m256i zeros = _mm256_set1_epi32(*zero), low = joined(sums.quarters[0], sums.quarters[1]),
                  high = joined(sums.quarters[2], sums.quarters[3]);
    return (vec){_mm256_cvtepi32_ps(_mm256_add_epi32(low, taken_off(zeros, taken))),
        _mm256_cvtepi32_ps(_mm256_add_epi32(high, taken_off(zeros, taken + 8)))};
}

static inline __attribute__((always_inline)) void tile_sums(const uint8_t *values, size_t stride,
    const int8_t *panel, size_t groups, const size_t rows, sums_vec out[][TILE_VECS])
{
    __m256i sums[TILE_ROWS][4];
#pragma GCC unroll 3
    for (size_t row = 0; row < rows; row++) {
#pragma GCC unroll 4
        for (size_t at = 0; at < 4; at++)
            sums[row][at] = _mm256_setzero_si256();
    }
    for (size_t group = 0; group < groups; group++, values += TW_INT8_DEEP, panel += 128) {
        __m256i words[TILE_ROWS];
#pragma GCC unroll 3
        for (size_t row = 0; row < rows; row++)
            words[row] = _mm256_cvtepu8_epi16(_mm_set1_epi32(four_bytes(values + row * stride)));
#pragma GCC unroll 4
        for (size_t at = 0; at < 4; at++) {
            __m256i weights =
                _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(panel + at * 16)));
#pragma GCC unroll 3
            for (size_t row = 0; row < rows; row++)
                sums[row][at] = _mm256_add_epi32(sums[row][at], _mm256_madd_epi16(words[row], weights));
        }
    }
#pragma GCC unroll 3
    for (size_t row = 0; row < rows; row++) {
#pragma GCC unroll 4
        for (size_t at = 0; at < 4; at++)
            out[row][0].quarters[at] = sums[row][at];
    }
}

static void some_sums(const uint8_t *values, size_t stride, const int8_t *panel, size_t groups, size_t count,
    sums_vec sums[][TILE_VECS])
{
    if (count == 3)
        tile_sums(values, stride, panel, groups, 3, sums);
    else if (count == 2)
        tile_sums(values, stride, panel, groups, 2, sums);
    else
        tile_sums(values, stride, panel, groups, 1, sums);
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
        __asm__ volatile("" : "+x"(ones), "+x"(twos));
#pragma GCC unroll 10
        for (size_t at = 0; at < SUMS; at++) {
            __m256i product = ones;
            __asm__("vpmaddwd %1, %0, %0" : "+x"(product) : "x"(twos));
            sums[at] = _mm256_add_epi32(sums[at], product);
        }
    }
#pragma GCC unroll 10
    for (size_t at = 0; at < SUMS; at++)
        __asm__ volatile("" : : "x"(sums[at])); /* each of them is wanted */
    return (uint64_t)rounds * SUMS * 32;
}

#include "kernels/int8_vector.inc"
