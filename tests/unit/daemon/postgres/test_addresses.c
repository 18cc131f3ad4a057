/* addresses: lists of hosts become lists of addresses; and a name is never looked up on the loop's thread,
 * also while the question of an attempt that is over is still out. */
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "postgres/addresses.h"
#include "postgres/connection.h"

static pthread_t loop_thread;
static atomic_int asked, asked_on_loop;

/* In the place of the C library's, for libuv and libpq alike: a name server that takes its time. */
__attribute__((visibility("default"))) int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)name;
    (void)service;
    (void)hints;
    *found = NULL;
    atomic_fetch_add(&asked, 1);
    atomic_fetch_add(&asked_on_loop, pthread_equal(pthread_self(), loop_thread) != 0);
    usleep(600 * 1000);
    return EAI_AGAIN;
}

static void hosts_are_asked_for_in_turn_and_sockets_are_passed_through(void **state)
{
    (void)state;
    static struct tw_addresses addresses;
    tw_addresses_begin(&addresses, "db1,/run/postgresql,db2", "5433");
    assert_true(tw_addresses_next(&addresses));
    assert_string_equal(addresses.host, "db1");
    tw_addresses_add(&addresses, "192.0.2.1");
    tw_addresses_add(&addresses, "192.0.2.2");
    assert_true(tw_addresses_next(&addresses));
    assert_string_equal(addresses.host, "db2");
    tw_addresses_add(&addresses, "2001:db8::1");
    assert_false(tw_addresses_next(&addresses));
    assert_string_equal(addresses.names, "db1,db1,/run/postgresql,db2");
    assert_string_equal(addresses.numbers, "192.0.2.1,192.0.2.2,,2001:db8::1");
    assert_string_equal(addresses.services, "5433,5433,5433,5433");
}

static void each_host_has_its_port_where_there_are_several(void **state)
{
    (void)state;
    static struct tw_addresses addresses;
    tw_addresses_begin(&addresses, "a,b", "1,2");
    while (tw_addresses_next(&addresses))
        tw_addresses_add(&addresses, "192.0.2.9");
    assert_string_equal(addresses.services, "1,2");
}

static void on_ready(void *context)
{
    (void)context;
}

static void on_lost(void *context, const struct tw_error *err)
{
    int *lost = context;
    (void)err;
    ++*lost;
}

static void on_closed(void *context)
{
    (void)context;
}

static void an_attempt_that_ends_before_the_name_server_answers_never_makes_the_loop_wait(void **state)
{
    (void)state;
    int lost = 0;
    uv_loop_t loop;
    struct tw_error err;
    struct tw_log log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_connection_options options = {.conninfo = "host=db.example.com dbname=x",
        .application = "test",
        .room = "test",
        .retry_most_ms = 100,
        .attempt_most_ms = 200};
    struct tw_connection_events events = {&lost, on_ready, on_lost};
    struct tw_connection *connection = NULL;
    loop_thread = pthread_self();
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(tw_connection_begin(&loop, &options, &log, &events, &connection, &err));
    while (lost < 4)
        uv_run(&loop, UV_RUN_ONCE);
    assert_true(atomic_load(&asked) >= 1);
    assert_int_equal(atomic_load(&asked_on_loop), 0);
    tw_connection_end(connection, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_asked_for_in_turn_and_sockets_are_passed_through),
        cmocka_unit_test(each_host_has_its_port_where_there_are_several),
        cmocka_unit_test(an_attempt_that_ends_before_the_name_server_answers_never_makes_the_loop_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
