/* distance: the bias that MPNet adds to the scores of attention, by how far a key is from its query.
 *
 * Key k seen from query q is in bucket
 *     |k - q|  below 8, then 8 + the number of 12, 16, 23, 32, 46, 64, 91 that |k - q| reaches; +16: k > q
 * of a table [32 buckets, heads]: 8 + 8 log(|k - q| / 8) / log(128 / 8) rounded down, 15 at most, as T5 has
 * it (Raffel et al. 2020, 2.1; Song et al. 2020; transformers' modeling_mpnet.py). One table serves all
 * layers.
 *
 *     tw_distance_spread(model, batch, workspace);     once a batch: the table, spread over distances
 *     bias = tw_distance_bias_of(workspace);           as kernels take it (kernels/kernels.h)
 */
#ifndef TW_DISTANCE_H
#define TW_DISTANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "model/packed.h"
#include "model/workspace.h"

/* The bucket of a key `distance` tokens away from the query, before or after it. */
size_t tw_distance_bucket(size_t distance, bool after);

/* The values of workspace->distance_bias, and its gradient's layout. */
struct tw_distance_bias tw_distance_bias_of(const struct tw_workspace *workspace);

/* Fills workspace->distance_bias from model->distance_bias, which must be there, over the distances of the
 * batch's longest sequence. */
void tw_distance_spread(
    const struct tw_model *model, const struct tw_packed *batch, struct tw_workspace *workspace);

#endif
