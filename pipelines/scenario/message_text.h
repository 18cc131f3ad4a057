/* message_text: a message that was written by hand as YAML, as the JSON that would come from Kafka.
 *
 *     ts: 2024-05-14T13:00:05Z          {"ts":"2024-05-14T13:00:05Z","text":"...","symbols":["VELQ"],"n":3}
 *     text: ...
 *     symbols: [VELQ]
 *     n: 3
 *
 * Keys keep their order. A scalar without quotes that reads as a number, true, false or null of JSON is that;
 * every other is a text. A key without a value is a problem: in `{text: Profit of 40,000 crowns}` the comma
 * has cut the text, and what stands behind it would be a key. */
#ifndef TW_MESSAGE_TEXT_H
#define TW_MESSAGE_TEXT_H

#include "files/yaml_tree.h"

/* How deep lists and maps of a message may stand in each other. */
enum { TW_MESSAGE_DEPTH = 32 };

/* The map as one JSON object in the arena, without the key `without`. False: a problem was added (nested too
 * deeply), or there is no memory for it; then it says so in `problems` as well. */
TW_MUST_USE bool tw_message_text(const struct tw_yaml_node *map, const char *without, struct tw_arena *arena,
    struct tw_problems *problems, struct tw_text *out);

#endif
