/* choose: which table of kernels for this processor. */
#ifndef TW_CHOOSE_H
#define TW_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernels.h"

/* The fastest table that this processor can run. */
const struct tw_kernels *tw_kernels_best(void);

/* All tables that this processor can run, slowest (the definition) first; returns how many, at most 3. */
size_t tw_kernels_all(const struct tw_kernels *tables[3]);

#endif
