/* config_changes: what a file changed since the daemon that runs read it, key by key.
 *
 *   in    the running configuration, and the file as it is now (config.h)
 *   out   what may change under way, put into a copy of the running one; names of the rest
 *
 * Which keys may, the table says (config_rows.h). */
#ifndef TW_CONFIG_CHANGES_H
#define TW_CONFIG_CHANGES_H

#include "config/config.h"

struct tw_config_changes {
    struct tw_text taken;   /* "link.unlisted true → false, rules.path \"a\" → \"b\""; may be empty */
    struct tw_text restart; /* "watermark.idle_after, http.port": changed, and need a restart; may be empty */
    uint32_t restart_count;
};

/* Makes `out` of `running` with the reloadable keys of `file`, and tells what changed. Texts live in
 * `arena`, values where `file` has them, which must live as long as `out`. TW_FULL. */
TW_MUST_USE bool tw_config_take_changes(const struct tw_config *running, const struct tw_config *file,
    struct tw_arena *arena, struct tw_config *out, struct tw_config_changes *changes, struct tw_error *err);

#endif
