/* reasons: why the source is not ready, a line each, as /readyz and `status` tell it.
 *
 * Ready is: a member of the group, every topic there, and every partition that Kafka calls ours with a row
 * that is ours and an offset that Kafka has. The gravest reason comes first: the first line is what the
 * log and STATUS= show. */
#ifndef TW_REASONS_H
#define TW_REASONS_H

#include <stdbool.h>
#include <stddef.h>

#include "source/group.h"
#include "source/partitions.h"

/* True when there is none. Else `why` receives the first sixteen, cut to `size`, and how many more there
 * are. */
bool tw_reasons_write(
    const struct tw_group *group, const struct tw_partitions *partitions, char *why, size_t size);

#endif
