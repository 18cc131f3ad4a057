/* flow: how much has been read and not yet committed, and whether reading must stop.
 *
 *       in flight
 *     high ----------------.  stop: above this nothing more is read
 *                          |
 *     low  ----------------'  go: below this reading begins again
 *
 * A wide gap between the marks keeps stops rare. Two numbers are bounded, batches and bytes: what records
 * weigh (payload, key, headers) and what workers made of them. Pure. */
#ifndef TW_FLOW_H
#define TW_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct tw_flow {
    uint64_t high_bytes;
    uint64_t low_bytes;
    uint32_t most_batches; /* cut and not yet committed; reading goes on below half of it */
    uint64_t bytes;
    uint32_t batches;
    bool stopped;
    uint64_t stops; /* times it stopped */
};

enum tw_flow_edge { TW_FLOW_SAME, TW_FLOW_STOP, TW_FLOW_GO };

/* All tell whether a mark was crossed: act on STOP and GO only. */

/* So many bytes were read, or made of what was read. */
enum tw_flow_edge tw_flow_read(struct tw_flow *flow, uint64_t bytes);
/* A batch was cut: it is out. */
enum tw_flow_edge tw_flow_cut(struct tw_flow *flow);
/* A batch came back for good, with so many bytes. */
enum tw_flow_edge tw_flow_done(struct tw_flow *flow, uint64_t bytes);
/* Bytes that were read but never cut (their partition left). */
enum tw_flow_edge tw_flow_drop(struct tw_flow *flow, uint64_t bytes);

#endif
