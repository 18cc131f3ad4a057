#include "observe/processors.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t allowed_by_affinity(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (uint32_t)count : 1;
}

uint32_t tw_processors_of_quota(const char *line)
{
    char *end;
    long long quota = strtoll(line, &end, 10);
    if (end == line || quota <= 0)
        return 0;
    long long period = strtoll(end, NULL, 10);
    if (period <= 0)
        return 0;
    long long whole = (quota + period - 1) / period;
    return whole > INT32_MAX ? 0 : (uint32_t)whole;
}

static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    return read;
}

/* The path of our cgroup (v2: the line "0::/path"; v1: the line of the cpu controller). */
static bool own_group(char *path, size_t size, bool *second)
{
    char line[PATH_MAX];
    bool found = false;
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        *second = strcmp(controllers, ":") == 0;
        found = *second || strstr(controllers, "cpu") != NULL;
        snprintf(path, size, "%s", group);
    }
    fclose(file);
    return found;
}

static uint32_t quota_of_group(const char *group, bool second)
{
    char path[PATH_MAX + 64];
    char line[128];
    char both[160];
    if (second) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        return read_line(path, line, sizeof line) ? tw_processors_of_quota(line) : 0;
    }
    snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
    if (!read_line(path, line, sizeof line))
        return 0;
    line[strcspn(line, "\n")] = '\0';
    snprintf(both, sizeof both, "%s 100000", line);
    return tw_processors_of_quota(both);
}

uint32_t tw_processors(char *why, size_t size)
{
    char group[PATH_MAX];
    bool second = false;
    uint32_t least = allowed_by_affinity();
    snprintf(why, size, "affinity");
    if (!own_group(group, sizeof group, &second))
        return least;
    while (group[0]) {
        const char *name = strcmp(group, "/") == 0 ? "" : group;
        uint32_t quota = quota_of_group(name, second);
        if (quota > 0 && quota < least) {
            least = quota;
            snprintf(why, size, "cgroup quota of %s", group);
        }
        char *slash = strrchr(group, '/');
        if (!slash || strcmp(group, "/") == 0)
            break;
        slash[slash == group ? 1 : 0] = '\0';
    }
    return least;
}
