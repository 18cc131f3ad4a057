/* connection: its machine is the one that its header draws, and a host that swallows packets does not keep it
 * from the next one. What else it does, tests/integration/c/test_store.c shows. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "drawing.h"
#include "postgres/connection.h"

enum { GUESTS = 4, SECONDS_MOST = 12 };

static void the_moves_are_those_of_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/postgres/connection.h", &tw_connection_machine);
}

static struct sockaddr_in local(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/* Listens, with room for so many guests; *port receives where. */
static int listen_for(int guests, uint16_t *port)
{
    struct sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, guests), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

/* Whose queue is full: what else knocks there is dropped by the kernel without a word. */
static void fill(uint16_t port, int guests[GUESTS])
{
    struct sockaddr_in address = local(port);
    for (int at = 0; at < GUESTS; at++) {
        guests[at] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(guests[at], (struct sockaddr *)&address, sizeof address);
    }
}

static void on_ready(void *context)
{
    (void)context;
}

static void on_lost(void *context, const struct tw_error *err)
{
    uint32_t *lost = context;
    (void)err;
    ++*lost;
}

static void on_closed(void *context)
{
    (void)context;
}

static void tick(uv_timer_t *timer)
{
    (void)timer;
}

/* A primary whose machine is gone says nothing at all, and the standby stands second in the conninfo. */
static void a_host_that_swallows_packets_is_left_for_the_next_one_within_the_same_attempt(void **state)
{
    (void)state;
    uint16_t silent_port, other_port;
    int guests[GUESTS];
    const int silent = listen_for(0, &silent_port), other = listen_for(8, &other_port);
    uint32_t lost = 0;
    int guest = -1;
    char conninfo[128];
    uv_loop_t loop;
    uv_timer_t timer;
    struct tw_error err;
    struct tw_log log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_connection_options options = {
        .conninfo = conninfo, .application = "test", .room = "test", .retry_most_ms = 100};
    struct tw_connection_events events = {&lost, on_ready, on_lost};
    struct tw_connection *connection = NULL;
    fill(silent_port, guests);
    snprintf(conninfo, sizeof conninfo,
        "hostaddr=127.0.0.1,127.0.0.1 port=%d,%d dbname=x user=x sslmode=disable", silent_port, other_port);
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, tick, 100, 100);
    assert_true(tw_connection_begin(&loop, &options, &log, &events, &connection, &err));
    for (uint64_t end_ms = tw_now_ms() + SECONDS_MOST * 1000; guest < 0 && tw_now_ms() < end_ms;) {
        uv_run(&loop, UV_RUN_ONCE);
        guest = accept(other, NULL, NULL);
    }
    assert_true(guest >= 0);
    assert_int_equal(lost, 0);
    uv_close((uv_handle_t *)&timer, NULL);
    tw_connection_end(connection, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    for (int at = 0; at < GUESTS; at++)
        close(guests[at]);
    close(guest);
    close(silent);
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_moves_are_those_of_the_drawing),
        cmocka_unit_test(a_host_that_swallows_packets_is_left_for_the_next_one_within_the_same_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
