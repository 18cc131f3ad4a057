/* encoder_int8: encoder.h for a model with 8-bit weights (model->int8).
 *
 * The same steps, by kernels/int8.h: rows are quantised where they are made, by the step that makes them, and
 * stand in fp32 beside it only where a residual or a head reads them. The batch goes through all layers in
 * groups of whole sequences that fit in the second cache, and through attention in smaller ones. What all
 * maps in 8 bits give is the same to the bit on every processor; a map that stays fp32 (int8_layers.h) is a
 * product of the door (gemm.h), whose last bits are the processor's. As with encoder.h, a row depends on its
 * own sequence only. */
#ifndef TW_ENCODER_INT8_H
#define TW_ENCODER_INT8_H

#include <stdbool.h>

#include "base/error.h"
#include "model/model.h"
#include "model/packed.h"
#include "model/workspace.h"

/* For tw_encode alone, which has checked that the batch fits: workspace->hidden, and with keep_layers the
 * output of each layer. Without dropout. */
TW_MUST_USE bool tw_encode_int8(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, struct tw_error *err);

#endif
