/* notify: what systemd is told (sd_notify(3)). Without NOTIFY_SOCKET every call does nothing. */
#ifndef TW_NOTIFY_H
#define TW_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The service has started, or a reload has ended. */
void tw_notify_ready(void);
/* Starting goes on for so long at least: a server or a topic that is away is waited for, however long
 * TimeoutStartSec= is. */
void tw_notify_starting(uint64_t more_ms);
/* One line for `systemctl status`, such as "3 partitions, lag 120, watermark 2026-11-24T06:00:00Z". */
void tw_notify_status(const char *status, ...) TW_PRINTF(1, 2);
/* Reload: begins (with the monotonic time, as Type=notify-reload asks) and ends with tw_notify_ready. */
void tw_notify_reloading(void);
/* The service is on its way out. */
void tw_notify_stopping(void);
/* Feeds the watchdog; call it from the loop, and only while loop and workers are alive. */
void tw_notify_alive(void);
/* How often systemd wants to be fed, in milliseconds (half of WatchdogSec=); 0 when there is no watchdog. */
uint64_t tw_notify_watchdog_ms(void);

#endif
