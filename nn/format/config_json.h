/* config_json: config.json of a model folder to checked options.
 *   in    the folder of a Hugging Face checkpoint (its config.json), optionally labels by position
 *   out   struct tw_model_config (shape.h): every number that the forward pass needs, within sane limits
 *
 * One table in config_json.c names the keys that change logits, with the values supported. A key of that
 * table with another value is refused by name (TW_CONFIG), never guessed. Keys known to be inert, and keys
 * that nobody here knows, are ignored; each is listed in `ignored`, so that a verbose run can name them.
 *
 * Labels are mapped by name, case ignored: negative|bearish, neutral, positive|bullish. `LABEL_n`, a missing
 * class or a fourth label is remembered as a fault (`labels_fault`) and refused by whoever needs the head: a
 * folder without a head has no labels to be wrong. `labels` ("a,b,c" in the model's order) overrides the
 * file.
 *
 * Our own facts stand under the key "tapewatch"; read here: "temperature" and "temperature_exponent" (0.001
 * to 1000, default 1; 0 to 1, default 0), by which logits become probabilities (model/temperature.h);
 * "weights", the SHA-256 of the weights it belongs to; "quantisation", what is known of 8-bit ones.
 *
 * Memory: strings live in the arena given. Errors: TW_IO/TW_PERMISSION (no file), TW_CONFIG with where =
 * "config.json" or "config.json: line L column C". */
#ifndef TW_CONFIG_JSON_H
#define TW_CONFIG_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/snapshot.h"
#include "format/shape.h"

/* Reads `folder`/config.json. `labels` may be NULL. */
TW_MUST_USE bool tw_config_read(const char *folder, const char *labels, struct tw_arena *arena,
    struct tw_model_config *out, struct tw_error *err);
/* The same from files that were taken together (model_files.h). */
TW_MUST_USE bool tw_config_read_from(const struct tw_snapshot *files, const char *labels,
    struct tw_arena *arena, struct tw_model_config *out, struct tw_error *err);

#endif
