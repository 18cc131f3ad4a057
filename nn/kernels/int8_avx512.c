/* int8.h with AVX-512 (F, BW, DQ, VL, VNNI): 16 lanes, 32 registers. A tile is 12 rows by 32 outputs: 24
 * sums, two vectors of weights, one of a row's bytes. */
#include "kernels/int8.h"

#include "kernels/lanes_avx512.inc"

#define TABLE tw_int8_avx512
#define TABLE_NAME "avx512-vnni"
#define BLOCK_ROWS 6
#define BLOCK_VECS 4
#define WEIGH_ROWS 6
#define TILE_ROWS 12
#define TILE_VECS 2
#define BYTE_VECS 4
#define BLOCKS                                                                                               \
    BLOCK(1, 1)                                                                                              \
    BLOCK(1, 2)                                                                                              \
    BLOCK(1, 3)                                                                                              \
    BLOCK(1, 4)                                                                                              \
    BLOCK(2, 1)                                                                                              \
    BLOCK(2, 2)                                                                                              \
    BLOCK(2, 3)                                                                                              \
    BLOCK(2, 4)                                                                                              \
    BLOCK(3, 1)                                                                                              \
    BLOCK(3, 2)                                                                                              \
    BLOCK(3, 3)                                                                                              \
    BLOCK(3, 4)                                                                                              \
    BLOCK(4, 1)                                                                                              \
    BLOCK(4, 2)                                                                                              \
    BLOCK(4, 3)                                                                                              \
    BLOCK(4, 4)                                                                                              \
    BLOCK(5, 1)                                                                                              \
    BLOCK(5, 2)                                                                                              \
    BLOCK(5, 3)                                                                                              \
    BLOCK(5, 4)                                                                                              \
    BLOCK(6, 1)                                                                                              \
    BLOCK(6, 2)                                                                                              \
    BLOCK(6, 3)                                                                                              \
    BLOCK(6, 4)

static inline float v_sum(vec x)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

static inline float v_lowest(vec x)
{
    return _mm512_reduce_min_ps(x);
}

/* For v_scale, which gives 0 where its result is too small: nothing has to be held. */
static inline vec v_above_30(vec x)
{
    return x;
}

static inline int32_t v_nearest(float x)
{
    return _mm_cvtss_si32(_mm_set_ss(x));
}

/* Packing works within quarters: a dword of the result has four bytes of one vector, and of quarter q those
 * of all four stand side by side. */
static inline void v_bytes(const vec x[BYTE_VECS], uint8_t *to)
{
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i one = _mm512_packs_epi32(_mm512_cvtps_epi32(x[0]), _mm512_cvtps_epi32(x[1]));
    const __m512i two = _mm512_packs_epi32(_mm512_cvtps_epi32(x[2]), _mm512_cvtps_epi32(x[3]));
    _mm512_storeu_si512(to, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(one, two)));
}

static inline void v_bytes_part(vec x, uint8_t *to, size_t n)
{
    const __m512i whole = _mm512_max_epi32(_mm512_cvtps_epi32(x), _mm512_setzero_si512());
    _mm_mask_storeu_epi8(to, first_lanes(n), _mm512_cvtusepi32_epi8(whole));
}

typedef __m512i ints;
typedef __m512i sums_vec;

static inline ints i_zero(void)
{
    return _mm512_setzero_si512();
}

static inline ints i_load(const int32_t *from)
{
    return _mm512_loadu_si512(from);
}

static inline void i_store(int32_t *to, ints x)
{
    _mm512_storeu_si512(to, x);
}

static inline ints i_set(int32_t x)
{
    return _mm512_set1_epi32(x);
}

static inline ints i_add(ints x, ints y)
{
    return _mm512_add_epi32(x, y);
}

static inline int32_t i_sum(ints x)
{
    return _mm512_reduce_add_epi32(x);
}

static inline ints i_nearest(vec x)
{
    return _mm512_cvtps_epi32(x);
}

static inline vec v_whole(ints x)
{
    return _mm512_cvtepi32_ps(x);
}

static inline void i_words(ints x, int16_t *to)
{
    _mm256_storeu_si256((__m256i *)(void *)to, _mm512_cvtepi32_epi16(x));
}

static inline ints i_pairs(ints first, ints second)
{
    return _mm512_mask_blend_epi16(0xaaaaaaaau, first, _mm512_slli_epi32(second, 16));
}

static inline __attribute__((always_inline)) void i_dot(ints *sums, ints x, ints y)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(*sums) : "v"(x), "v"(y));
}

static inline vec v_corrected(sums_vec sums, const int32_t *zero, const int32_t *taken)
{
    __asm__("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sums) : "v"(_mm512_loadu_si512(taken)), "m"(*zero));
    return _mm512_cvtepi32_ps(sums);
}

/* sums += the four products of each lane's bytes. The instruction itself: gcc 12 copies each accumulator of
 * the intrinsic through the stack, at half the rate. */
static inline __attribute__((always_inline)) void add_products(__m512i *sums, __m512i bytes, __m512i weights)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sums) : "v"(bytes), "v"(weights));
}

#include "kernels/int8_byte_panel.inc"

/* Rows are reached from three of them, by one stride, two and three: that takes five registers, where a
 * pointer to each row would take more than there are. */
static inline __attribute__((always_inline)) void tile_sums(
    const struct panel *panel, size_t first_row, const size_t rows, sums_vec sums[][TILE_VECS])
{
    const size_t stride = panel->stride, deep = panel->groups * TW_INT8_DEEP;
    const uint8_t *const values = panel->values + first_row * stride;
    const int8_t *weights = panel->weights;
    __m512i left[TILE_ROWS], right[TILE_ROWS];
    const uint8_t *starts[TILE_ROWS / 4] = {values, values + 4 * stride, values + 8 * stride};
    const size_t far[4] = {0, stride, 2 * stride, 3 * stride};
#pragma GCC unroll 12
    for (size_t row = 0; row < rows; row++)
        left[row] = right[row] = _mm512_setzero_si512();
    for (size_t at = 0; at < deep; at += TW_INT8_DEEP, weights += 128) {
        const __m512i near = _mm512_loadu_si512(weights), second = _mm512_loadu_si512(weights + 64);
#pragma GCC unroll 12
        for (size_t row = 0; row < rows; row++) {
            const __m512i bytes = _mm512_set1_epi32(four_bytes(starts[row / 4] + far[row % 4]));
            add_products(&left[row], bytes, near);
            add_products(&right[row], bytes, second);
        }
#pragma GCC unroll 3
        for (size_t start = 0; start < TILE_ROWS / 4; start++) {
            starts[start] += TW_INT8_DEEP;
            __asm__("" : "+r"(starts[start])); /* a register of its own */
        }
    }
#pragma GCC unroll 12
    for (size_t row = 0; row < rows; row++) {
        sums[row][0] = left[row];
        sums[row][1] = right[row];
    }
}

static void some_sums(const struct panel *panel, size_t row, size_t count, sums_vec sums[][TILE_VECS])
{
    switch (count) {
#define TILE(rows)                                                                                           \
    case rows:                                                                                               \
        tile_sums(panel, row, rows, sums);                                                                   \
        return;
        TILE(1)
        TILE(2)
        TILE(3)
        TILE(4)
        TILE(5)
        TILE(6)
        TILE(7)
        TILE(8)
        TILE(9)
        TILE(10)
        TILE(11)
        TILE(12)
#undef TILE
    default:
        return;
    }
}

static uint64_t limit(size_t rounds)
{
    __m512i sums[TILE_ROWS], ones = _mm512_set1_epi8(1);
#pragma GCC unroll 12
    for (size_t at = 0; at < TILE_ROWS; at++)
        sums[at] = _mm512_setzero_si512();
    for (size_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
        for (size_t at = 0; at < TILE_ROWS; at++)
            add_products(&sums[at], ones, ones);
    }
#pragma GCC unroll 12
    for (size_t at = 0; at < TILE_ROWS; at++)
        __asm__ volatile("" : : "v"(sums[at])); /* each of them is wanted */
    return (uint64_t)rounds * TILE_ROWS * 128;
}

#include "kernels/int8_vector.inc"
