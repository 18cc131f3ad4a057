#include "kernels/choose.h"

#include <cpuid.h>

static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

/* AVX-VNNI: CPUID leaf 7, subleaf 1, EAX bit 4 (Intel SDM volume 2A). Compilers know its name only lately. */
static bool has_avx_vnni(void)
{
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return has_avx2() && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 4 & 1u);
}

size_t tw_kernels_all(const struct tw_kernels *tables[TW_KERNEL_TABLES])
{
    size_t count = 0;
    tables[count++] = &tw_kernels_portable;
    if (has_avx2())
        tables[count++] = &tw_kernels_avx2;
    if (has_avx512())
        tables[count++] = &tw_kernels_avx512;
    return count;
}

const struct tw_kernels *tw_kernels_best(void)
{
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    return tables[count - 1];
}

size_t tw_int8_all(const struct tw_int8_kernels *tables[TW_INT8_TABLES])
{
    size_t count = 0;
    tables[count++] = &tw_int8_portable;
    if (has_avx2())
        tables[count++] = &tw_int8_avx2;
    if (has_avx_vnni())
        tables[count++] = &tw_int8_avxvnni;
    if (has_avx512() && __builtin_cpu_supports("avx512vnni"))
        tables[count++] = &tw_int8_avx512;
    return count;
}

const struct tw_int8_kernels *tw_int8_best(void)
{
    const struct tw_int8_kernels *tables[TW_INT8_TABLES];
    size_t count = tw_int8_all(tables);
    return tables[count - 1];
}
