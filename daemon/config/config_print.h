/* config_print: configurations as text: a file that gives one, the page of all keys.
 *   in    a configuration (config.h), or the table of keys alone
 *   out   text in the caller's arena
 *
 * What is printed can be read again: tw_config_load makes the same configuration of it. */
#ifndef TW_CONFIG_PRINT_H
#define TW_CONFIG_PRINT_H

#include "config/config.h"

/* A configuration as a file that gives it. As a template, each key has its prose, and one without a value
 * is commented out with an example: `#path: /etc/...`; without the `#` it loads. Lives in the arena.
 * TW_FULL. */
TW_MUST_USE bool tw_config_print(const struct tw_config *config, bool template, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err);

/* One value, as a file would have it: `60s`, `[a, b]`, `""`. Lives in the arena. TW_FULL. */
struct tw_config_row;
TW_MUST_USE bool tw_config_print_value(const struct tw_config *config, const struct tw_config_row *row,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

/* The reference page, Markdown: every key with value, range, default and prose. TW_FULL. */
TW_MUST_USE bool tw_config_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

/* The defaults as a file, so that they pass the same checks as anybody's. TW_FULL. */
TW_MUST_USE bool tw_config_standard(struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

#endif
