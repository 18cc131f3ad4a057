#include "postgres/way.h"

#include <sys/socket.h>

/* Zero windows are probed too, and a live kernel answers each of these questions: there is one out at the
 * most. */
enum { QUESTIONS = 2 };

bool tw_way_is_silent(const struct tcp_info *told, uint64_t unanswered_ms)
{
    uint32_t heard_ms = told->tcpi_last_ack_recv < told->tcpi_last_data_recv ? told->tcpi_last_ack_recv
                                                                             : told->tcpi_last_data_recv;
    return unanswered_ms >= TW_WAY_SILENT_MS && heard_ms >= TW_WAY_SILENT_MS &&
           (told->tcpi_unacked > 0 || told->tcpi_probes >= QUESTIONS);
}

bool tw_way_is_broken(int descriptor, uint64_t unanswered_ms)
{
    struct tcp_info told = {0};
    socklen_t size = sizeof told;
    return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &told, &size) == 0 &&
           tw_way_is_silent(&told, unanswered_ms);
}
