/* processors: how many this process may really use.
 *
 * The least of: the affinity mask, and the CPU quotas of our cgroup and of those above it (cpu.max of
 * cgroup v2, rounded up; cpu.cfs_quota_us of v1). Counting processors that a quota takes away makes
 * threads that wait. */
#ifndef TW_PROCESSORS_H
#define TW_PROCESSORS_H

#include <stddef.h>
#include <stdint.h>

/* At least 1. `why` receives what limited it, such as "affinity" or "cgroup quota /system.slice". */
uint32_t tw_processors(char *why, size_t size);

/* The quota of a line of cpu.max ("200000 100000" or "max 100000") as whole processors, rounded up; 0:
 * none. */
uint32_t tw_processors_of_quota(const char *line);

#endif
