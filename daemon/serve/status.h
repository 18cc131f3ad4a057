/* status: what the daemon tells about itself: readiness, gauges, STATUS= for systemd, `tapewatch status`.
 *
 * Reads the rooms and changes nothing but the gauges and what is remembered for the next line. On the loop. */
#ifndef TW_STATUS_H
#define TW_STATUS_H

#include <stdbool.h>
#include <stddef.h>

struct tw_daemon;

/* Is every part able to do its work? `why` receives the reasons when not, one a line. */
bool tw_report_ready(const struct tw_daemon *daemon, char *why, size_t size);

/* Each second: sets gauges, tells systemd, logs when readiness changes. */
void tw_report_second(struct tw_daemon *daemon);

/* One JSON object on one line, malloc'ed, for the caller to free; NULL when out of memory:
 * {"ready":…,"why":…,<numbers>,"partitions":[{"topic":…,"partition":…,"state":…,"next_offset":…,"lag":…,"watermark":…}]} */
char *tw_report_status(const struct tw_daemon *daemon);

#endif
