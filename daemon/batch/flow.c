#include "batch/flow.h"

static enum tw_flow_edge crossed_edge(struct tw_flow *flow)
{
    bool too_much = flow->bytes > flow->high_bytes || flow->batches >= flow->most_batches;
    bool little = flow->bytes <= flow->low_bytes && flow->batches <= flow->most_batches / 2;
    if (!flow->stopped && too_much) {
        flow->stopped = true;
        flow->stops++;
        return TW_FLOW_STOP;
    }
    if (flow->stopped && little) {
        flow->stopped = false;
        return TW_FLOW_GO;
    }
    return TW_FLOW_SAME;
}

enum tw_flow_edge tw_flow_read(struct tw_flow *flow, uint64_t bytes)
{
    flow->bytes += bytes;
    return crossed_edge(flow);
}

enum tw_flow_edge tw_flow_cut(struct tw_flow *flow)
{
    flow->batches++;
    return crossed_edge(flow);
}

/* More given back than was counted would be our own mistake; the count stays at zero rather than wrap round
 * and stop reading for ever. */
static void give_back(struct tw_flow *flow, uint64_t bytes)
{
    flow->bytes = bytes < flow->bytes ? flow->bytes - bytes : 0;
}

enum tw_flow_edge tw_flow_done(struct tw_flow *flow, uint64_t bytes)
{
    give_back(flow, bytes);
    if (flow->batches > 0)
        flow->batches--;
    return crossed_edge(flow);
}

enum tw_flow_edge tw_flow_drop(struct tw_flow *flow, uint64_t bytes)
{
    give_back(flow, bytes);
    return crossed_edge(flow);
}
