/* hosts: a list of hosts becomes a list of addresses; who does not wait any more is not told. */
#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "postgres/hosts.h"

enum { SILENCE_US = 200000 };

static struct sockaddr_in place;

/* In the place of the C library's: "silent" takes long, "nobody" is not known. */
__attribute__((visibility("default"))) int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)service;
    (void)hints;
    if (strcmp(name, "silent") == 0)
        usleep(SILENCE_US);
    if (strcmp(name, "nobody") == 0)
        return EAI_NONAME;
    *found = calloc(1, sizeof **found);
    (*found)->ai_addr = (struct sockaddr *)&place;
    (*found)->ai_addrlen = sizeof place;
    return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

struct scene {
    uv_loop_t loop;
    struct tw_log log;
    struct tw_hosts hosts;
    int resolved, failed, closed;
};

static void on_resolved(void *context, const struct tw_error *err)
{
    struct scene *scene = context;
    scene->resolved++;
    scene->failed += err != NULL;
    if (err)
        assert_true(err->passing);
}

static void on_closed(void *context)
{
    struct scene *scene = context;
    scene->closed++;
}

static void begin(struct scene *scene)
{
    *scene = (struct scene){0};
    place = (struct sockaddr_in){.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &place.sin_addr), 1);
    uv_loop_init(&scene->loop);
    scene->log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL);
    tw_hosts_begin(&scene->hosts, &scene->loop, &scene->log, "store", on_resolved, scene);
}

/* Runs the loop until nothing is left on it. */
static void end(struct scene *scene)
{
    tw_hosts_end(&scene->hosts, on_closed, scene);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(scene->closed, 1);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
}

static void a_list_of_hosts_becomes_one_of_addresses_without_those_that_are_not_found(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_hosts_ask(&scene.hosts, "db1,nobody,/run/postgresql,db2", "5432");
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.resolved, 1);
    assert_int_equal(scene.failed, 0);
    assert_string_equal(scene.hosts.addresses.names, "db1,/run/postgresql,db2");
    assert_string_equal(scene.hosts.addresses.numbers, "192.0.2.7,,192.0.2.7");
    end(&scene);
}

static void it_fails_when_none_has_an_address(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_hosts_ask(&scene.hosts, "nobody", "");
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.resolved, 1);
    assert_int_equal(scene.failed, 1);
    end(&scene);
}

static void a_question_that_is_still_out_serves_the_next_one(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_hosts_ask(&scene.hosts, "silent", "");
    tw_hosts_leave(&scene.hosts);
    tw_hosts_ask(&scene.hosts, "silent", "");
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.resolved, 1);
    assert_string_equal(scene.hosts.addresses.numbers, "192.0.2.7");
    end(&scene);
}

static void who_has_left_is_not_told_and_may_ask_anew(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_hosts_ask(&scene.hosts, "silent", "");
    tw_hosts_leave(&scene.hosts);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.resolved, 0);
    tw_hosts_ask(&scene.hosts, "db1", "");
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.resolved, 1);
    end(&scene);
}

static void its_end_waits_for_no_name_server(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_hosts_ask(&scene.hosts, "silent", "");
    uint64_t began_ns = uv_hrtime();
    end(&scene);
    assert_true(uv_hrtime() - began_ns < (uint64_t)SILENCE_US * 1000 / 2);
    assert_int_equal(scene.resolved, 0);
    usleep(SILENCE_US * 2); /* the thread that was left behind takes what it finds with it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_hosts_becomes_one_of_addresses_without_those_that_are_not_found),
        cmocka_unit_test(it_fails_when_none_has_an_address),
        cmocka_unit_test(a_question_that_is_still_out_serves_the_next_one),
        cmocka_unit_test(who_has_left_is_not_told_and_may_ask_anew),
        cmocka_unit_test(its_end_waits_for_no_name_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
