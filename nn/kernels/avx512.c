/* kernels.h with AVX-512 (F, BW, DQ, VL): 16 lanes, 32 registers. */
#include "kernels/kernels.h"

#include "kernels/lanes_avx512.inc"

#define TABLE tw_kernels_avx512
#define BACKWARD_TABLE tw_backward_avx512
#define TABLE_NAME "avx512"
#define LANES 16u
#define BLOCK_ROWS 6
#define BLOCK_VECS 4

static inline float v_sum(vec x)
{
    return _mm512_reduce_add_ps(x);
}

#include "kernels/vector.inc"
