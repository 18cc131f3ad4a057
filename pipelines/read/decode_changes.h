/* decode_changes: how messages are read where that is not the default's way: what a configuration changed.
 *
 *     {"body":["summary"],"envelope":"debezium","time_zone":"Europe/Berlin"}
 *
 * The names are those of the configuration's section. Records that are read by the same settings give the
 * same texts, and the same refusals; so this belongs to how a model came to be. */
#ifndef TW_DECODE_CHANGES_H
#define TW_DECODE_CHANGES_H

#include "read/decode.h"

/* An object with a member for each setting that differs from tw_decode_defaults(), for json_decref; it has
 * none when all are the default's. NULL without memory. */
json_t *tw_decode_changes(const struct tw_decode_options *options);

#endif
