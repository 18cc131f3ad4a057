/* kernels.h with AVX-512 (F, BW, DQ, VL): 16 lanes, 32 registers. */
#include "kernels/kernels.h"

#include <immintrin.h>

#include "kernels/transpose_avx512.inc"

#define TABLE tw_kernels_avx512
#define BACKWARD_TABLE tw_backward_avx512
#define TABLE_NAME "avx512"
#define LANES 16u
#define BLOCK_ROWS 6
#define BLOCK_VECS 4

typedef __m512 vec;

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1u);
}

static inline vec v_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void v_store(float *to, vec x)
{
    _mm512_storeu_ps(to, x);
}

static inline vec v_load_part(const float *from, size_t n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), from);
}

static inline void v_store_part(float *to, vec x, size_t n)
{
    _mm512_mask_storeu_ps(to, first_lanes(n), x);
}

static inline vec v_select_part(vec x, vec y, size_t n)
{
    return _mm512_mask_blend_ps(first_lanes(n), y, x);
}

static inline vec v_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec v_add(vec x, vec y)
{
    return _mm512_add_ps(x, y);
}

static inline vec v_sub(vec x, vec y)
{
    return _mm512_sub_ps(x, y);
}

static inline vec v_mul(vec x, vec y)
{
    return _mm512_mul_ps(x, y);
}

static inline vec v_div(vec x, vec y)
{
    return _mm512_div_ps(x, y);
}

static inline vec v_fma(vec x, vec y, vec z)
{
    return _mm512_fmadd_ps(x, y, z);
}

static inline vec v_max(vec x, vec y)
{
    return _mm512_max_ps(x, y);
}

static inline vec v_min(vec x, vec y)
{
    return _mm512_min_ps(x, y);
}

static inline vec v_floor(vec x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vec v_sqrt(vec x)
{
    return _mm512_sqrt_ps(x);
}

static inline vec v_scale(vec x, vec n)
{
    return _mm512_scalef_ps(x, n);
}

static inline float v_sum(vec x)
{
    return _mm512_reduce_add_ps(x);
}

static inline float v_highest(vec x)
{
    return _mm512_reduce_max_ps(x);
}

static inline void v_transpose(vec rows[16])
{
    transpose(rows);
}

#include "kernels/vector.inc"
