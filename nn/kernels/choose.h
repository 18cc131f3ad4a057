/* choose: which table of kernels for this processor. */
#ifndef TW_CHOOSE_H
#define TW_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/int8.h"
#include "kernels/kernels.h"

/* How many tables there are: of kernels (kernels.h), of steps with 8-bit weights (int8.h). Whoever adds one
 * makes its number larger. */
enum { TW_KERNEL_TABLES = 3, TW_INT8_TABLES = 4 };

/* The fastest table that this processor can run. */
const struct tw_kernels *tw_kernels_best(void);

/* All tables that this processor can run, slowest (the definition) first; returns how many. */
size_t tw_kernels_all(const struct tw_kernels *tables[TW_KERNEL_TABLES]);

/* The same of the steps with 8-bit weights (int8.h): the fastest one, */
const struct tw_int8_kernels *tw_int8_best(void);
/* and all, the definition first; returns how many. */
size_t tw_int8_all(const struct tw_int8_kernels *tables[TW_INT8_TABLES]);

#endif
