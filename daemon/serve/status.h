/* status: what the daemon tells about itself: readiness, gauges, STATUS= for systemd, `tapewatch status`.
 *
 * Reads the rooms and changes nothing but the gauges and what is remembered for the next line. On the
 * loop. */
#ifndef TW_STATUS_H
#define TW_STATUS_H

#include <stdbool.h>
#include <stddef.h>

struct tw_daemon;

enum { TW_STATUS_WHY_BYTES = 2048 };

/* Is every part able to do its work, and does what waits get on (liveness.h)? `why` receives the reasons
 * when not, with the cure, one a line. */
bool tw_status_ready(const struct tw_daemon *daemon, char *why, size_t size);

/* Each second: sets gauges and tells systemd how it goes; `why` is one line. */
void tw_status_second(struct tw_daemon *daemon, bool ready, const char *why);

/* One JSON object on one line, malloc'ed, for the caller to free; NULL when out of memory:
 * {"ready":…,"why":…,"version":…,"up_seconds":…,"model":…,"sha256":…,"rules":…,"entities":…,
 * "documents_a_second":…,<numbers>,"partitions":[{"topic":…,"partition":…,"state":…,"next_offset":…,"lag":…,
 * "watermark":…}]} */
char *tw_status_text(const struct tw_daemon *daemon);

#endif
