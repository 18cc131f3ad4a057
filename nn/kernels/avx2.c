/* kernels.h with AVX2 and FMA: 8 lanes, 16 registers. */
#include "kernels/kernels.h"

#include <immintrin.h>

#include "kernels/transpose_avx2.inc"

#define TABLE tw_kernels_avx2
#define BACKWARD_TABLE tw_backward_avx2
#define TABLE_NAME "avx2"
#define LANES 8u
#define BLOCK_ROWS 6
#define BLOCK_VECS 2

typedef __m256 vec;

static inline __m256i first_lanes(size_t n)
{
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes);
}

static inline vec v_load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void v_store(float *to, vec x)
{
    _mm256_storeu_ps(to, x);
}

static inline vec v_load_part(const float *from, size_t n)
{
    return _mm256_maskload_ps(from, first_lanes(n));
}

static inline void v_store_part(float *to, vec x, size_t n)
{
    _mm256_maskstore_ps(to, first_lanes(n), x);
}

static inline vec v_select_part(vec x, vec y, size_t n)
{
    return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(first_lanes(n)));
}

static inline vec v_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline vec v_add(vec x, vec y)
{
    return _mm256_add_ps(x, y);
}

static inline vec v_sub(vec x, vec y)
{
    return _mm256_sub_ps(x, y);
}

static inline vec v_mul(vec x, vec y)
{
    return _mm256_mul_ps(x, y);
}

static inline vec v_div(vec x, vec y)
{
    return _mm256_div_ps(x, y);
}

static inline vec v_fma(vec x, vec y, vec z)
{
    return _mm256_fmadd_ps(x, y, z);
}

static inline vec v_max(vec x, vec y)
{
    return _mm256_max_ps(x, y);
}

static inline vec v_min(vec x, vec y)
{
    return _mm256_min_ps(x, y);
}

static inline vec v_floor(vec x)
{
    return _mm256_floor_ps(x);
}

static inline vec v_sqrt(vec x)
{
    return _mm256_sqrt_ps(x);
}

static inline vec v_scale(vec x, vec n)
{
    __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

static inline float v_sum(vec x)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

static inline float v_highest(vec x)
{
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

static inline void v_transpose(vec rows[8])
{
    transpose(rows);
}

#include "kernels/vector.inc"
