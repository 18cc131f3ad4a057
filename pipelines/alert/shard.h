/* shard: which of the 64 shards evaluates an entity's alerts: XXH3 (64 bits) of its symbol modulo 64. Fixed
 * by the first migration: a change would send stored rows to the wrong evaluator. */
#ifndef TW_SHARD_H
#define TW_SHARD_H

#include <stdint.h>
#include <xxhash.h>

#include "base/text.h"

enum { TW_SHARDS = 64 };

/* The shard of an entity: fixed by its symbol for as long as the first migration's tables live. */
static inline int16_t tw_shard_of(struct tw_text symbol)
{
    return (int16_t)(XXH3_64bits(symbol.bytes, symbol.length) % TW_SHARDS);
}

#endif
