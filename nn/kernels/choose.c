#include "kernels/choose.h"

size_t tw_kernels_all(const struct tw_kernels *tables[3])
{
    size_t count = 0;
    tables[count++] = &tw_kernels_portable;
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2)
        tables[count++] = &tw_kernels_avx2;
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        tables[count++] = &tw_kernels_avx512;
    return count;
}

const struct tw_kernels *tw_kernels_best(void)
{
    const struct tw_kernels *tables[3];
    size_t count = tw_kernels_all(tables);
    return tables[count - 1];
}
