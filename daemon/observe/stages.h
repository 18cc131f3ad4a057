/* stages: where the time of a batch's oldest record went, from its Kafka stamp to its commit.
 *
 *     stamp --kafka--> with us --gather--> cut --queue--> begun --worker--> made --order--> submitted
 *           --line--> at hand --store--> committed
 *
 * Rooms write into the batch when a stage ends (batch.h: left_us); here each stored one goes into the
 * histograms of metrics.h, and the slowest of the last minute is kept whole, for `status`: a tail seldom
 * comes of the stage that is the longest on average. Loop thread only; begin with zeros. */
#ifndef TW_STAGES_H
#define TW_STAGES_H

#include "batch.h"
#include "observe/metrics.h"

enum { TW_STAGES_LINE_BYTES = 512 };

/* One batch, as it was stored. */
struct tw_slow_batch {
    uint64_t total_us; /* 0: none */
    uint64_t stage_us[TW_STAGES];
    char topic[256];
    int32_t partition;
    uint32_t documents;
};

struct tw_stages {
    struct tw_slow_batch slowest; /* of the minute that runs */
    struct tw_slow_batch before;  /* of the one before it */
    uint64_t began_ms;            /* monotonic: the minute that runs; 0: none yet */
};

/* A batch is stored: at now_us by the monotonic clock, wall_us by the other. One whose first record has no
 * stamp counts from when it came; a stamp ahead of our clock for nothing. */
void tw_stages_note(struct tw_stages *stages, struct tw_metrics *metrics, const struct tw_batch *batch,
    uint64_t now_us, int64_t wall_us);

/* The slowest that was stored within the last minute, or up to two; NULL when none was. */
const struct tw_slow_batch *tw_stages_slowest(const struct tw_stages *stages, uint64_t now_ms);

/* One line about it, in milliseconds. */
void tw_stages_line(const struct tw_slow_batch *batch, char *line, size_t size);

#endif
