/* way: whether the way to a server is broken, as this machine's kernel sees it.
 *
 *   in    a socket, and for how long its server has owed an answer
 *   out   true: what was sent is not even acknowledged, or the question whether anybody is there is not
 *
 * A server that is slow, stopped or waits for its disk acknowledges what comes: it is given its time. Behind
 * packets that are swallowed nobody acknowledges anything; the kernel sends again with pauses that double, so
 * that a network that is back after twenty seconds is found out up to twenty seconds later. A new connection
 * finds it at once. */
#ifndef TW_WAY_H
#define TW_WAY_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>

/* How long nothing may have come, not even an acknowledgement. */
enum { TW_WAY_SILENT_MS = 5000 };

/* Of a socket whose server has owed an answer for so long; false for one that is not TCP's. */
bool tw_way_is_broken(int descriptor, uint64_t unanswered_ms);
/* The same of what the kernel says. Pure. */
bool tw_way_is_silent(const struct tcp_info *told, uint64_t unanswered_ms);

#endif
