/* size: checked arithmetic for numbers that came from outside.
 *
 * A length, count or offset read from a file or a message goes through these once, at the door; what passes
 * is trusted afterwards. Each returns false when the result does not fit, and then leaves *result alone. */
#ifndef TW_SIZE_H
#define TW_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* left + right; false when it does not fit. */
TW_MUST_USE static inline bool tw_size_add(size_t left, size_t right, size_t *result)
{
    size_t sum;
    if (__builtin_add_overflow(left, right, &sum))
        return false;
    *result = sum;
    return true;
}

/* left x right; false when it does not fit. */
TW_MUST_USE static inline bool tw_size_multiply(size_t left, size_t right, size_t *result)
{
    size_t product;
    if (__builtin_mul_overflow(left, right, &product))
        return false;
    *result = product;
    return true;
}

/* True when [begin, end) is in order and lies within [0, limit]. */
TW_MUST_USE static inline bool tw_range_within(uint64_t begin, uint64_t end, uint64_t limit)
{
    return begin <= end && end <= limit;
}

#endif
