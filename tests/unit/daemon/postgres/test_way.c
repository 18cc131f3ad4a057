/* way: swallowed packets are told from a server that is slow. */
#include "postgres/way.h"

#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void a_way_is_silent_when_nothing_is_acknowledged_for_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *story;
        uint32_t ack_ms, data_ms, unacked, probes;
        uint64_t unanswered_ms;
        bool silent;
    } cases[] = {
        {"sent, and swallowed", 6000, 6000, 3, 0, 6000, true},
        {"nobody answers the questions of keepalive", 6000, 6000, 0, 2, 6000, true},
        {"a slow server has all of it", 6000, 6000, 0, 0, 60000, false},
        {"a stopped server's window is shut, and a probe is just on its way", 6000, 6000, 0, 1, 60000, false},
        {"acknowledged a moment ago", 100, 6000, 3, 0, 6000, false},
        {"rows come", 6000, 100, 3, 0, 6000, false},
        {"sent a moment ago, after a long rest", 600000, 600000, 3, 0, 1, false},
        {"not for long", 4000, 4000, 3, 0, 4000, false},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tcp_info told = {.tcpi_last_ack_recv = cases[at].ack_ms,
            .tcpi_last_data_recv = cases[at].data_ms,
            .tcpi_unacked = cases[at].unacked,
            .tcpi_probes = (uint8_t)cases[at].probes};
        if (tw_way_is_silent(&told, cases[at].unanswered_ms) != cases[at].silent)
            fail_msg("%s", cases[at].story);
    }
}

/* The only network of this thread's own. */
static void set_network(bool up)
{
    struct ifreq request = {.ifr_name = "lo"};
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    request.ifr_flags = up ? IFF_UP | IFF_LOOPBACK : 0;
    assert_int_equal(ioctl(control, SIOCSIFFLAGS, &request), 0);
    close(control);
}

static void nap(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static void the_kernel_tells_a_network_that_is_gone_from_a_server_that_reads_nothing(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    static char much[1 << 16];
    if (unshare(CLONE_NEWNET) != 0) {
        print_message("skipped: no network of its own without root\n");
        skip();
    }
    set_network(true);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0), slow = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    (void)!connect(slow, (struct sockaddr *)&address, size);
    nap(50);
    while (send(slow, much, sizeof much, MSG_NOSIGNAL) > 0) /* until the server's window is shut */
        continue;
    nap(TW_WAY_SILENT_MS + 1000);
    assert_false(tw_way_is_broken(slow, TW_WAY_SILENT_MS + 1000));
    assert_false(tw_way_is_broken(client, TW_WAY_SILENT_MS + 1000));
    set_network(false);
    assert_int_equal(send(client, "fence", 5, MSG_NOSIGNAL), 5);
    assert_false(tw_way_is_broken(client, 0));
    nap(TW_WAY_SILENT_MS + 1000);
    assert_true(tw_way_is_broken(client, TW_WAY_SILENT_MS + 1000));
    close(client);
    close(slow);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_way_is_silent_when_nothing_is_acknowledged_for_seconds),
        cmocka_unit_test(the_kernel_tells_a_network_that_is_gone_from_a_server_that_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
