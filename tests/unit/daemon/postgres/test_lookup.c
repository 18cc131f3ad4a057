/* lookup: a name's addresses come on the loop; and whoever ends a question that a silent name server holds
 * waits for nobody. */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "postgres/lookup.h"

enum { SILENCE_US = 400000 };

static struct sockaddr_storage place;
static atomic_int left; /* calls that have come back */

/* In the place of the C library's: "silent" takes long, "nobody" is not known. */
__attribute__((visibility("default"))) int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)service;
    (void)hints;
    if (strcmp(name, "silent") == 0)
        usleep(SILENCE_US);
    atomic_fetch_add(&left, 1);
    if (strcmp(name, "nobody") == 0)
        return EAI_NONAME;
    *found = calloc(1, sizeof **found);
    (*found)->ai_addr = (struct sockaddr *)&place;
    return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

struct scene {
    uv_loop_t loop;
    struct tw_lookup *lookup;
    int answers, closed, status;
    const struct addrinfo *found;
};

static void on_closed(void *context)
{
    struct scene *scene = context;
    scene->closed++;
}

static void on_answer(void *context, int status, const struct addrinfo *found)
{
    struct scene *scene = context;
    scene->answers++;
    scene->status = status;
    scene->found = found;
    if (found)
        assert_ptr_equal(found->ai_addr, &place);
    tw_lookup_end(scene->lookup, on_closed, scene);
}

static struct scene ask(const char *host, bool end_at_once)
{
    struct scene scene = {0};
    uv_loop_init(&scene.loop);
    assert_true(tw_lookup_begin(&scene.loop, host, on_answer, &scene, &scene.lookup));
    if (end_at_once)
        tw_lookup_end(scene.lookup, on_closed, &scene);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene.loop), 0);
    assert_int_equal(scene.closed, 1);
    return scene;
}

static void a_name_is_answered_on_the_loop(void **state)
{
    (void)state;
    struct scene scene = ask("db.example", false);
    assert_int_equal(scene.answers, 1);
    assert_int_equal(scene.status, 0);
    assert_non_null(scene.found);
}

static void a_name_that_nobody_knows_is_answered_too(void **state)
{
    (void)state;
    struct scene scene = ask("nobody", false);
    assert_int_equal(scene.answers, 1);
    assert_int_equal(scene.status, EAI_NONAME);
    assert_null(scene.found);
}

static void the_end_waits_for_no_name_server(void **state)
{
    (void)state;
    int before = atomic_load(&left);
    uint64_t began_ms = tw_now_ms();
    struct scene scene = ask("silent", true);
    assert_int_equal(scene.answers, 0);
    assert_int_equal(atomic_load(&left), before); /* it is still being asked */
    assert_true(tw_now_ms() - began_ms < SILENCE_US / 1000);
    while (atomic_load(&left) == before)
        usleep(1000);
    usleep(20000); /* what it found is given back by the thread */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_answered_on_the_loop),
        cmocka_unit_test(a_name_that_nobody_knows_is_answered_too),
        cmocka_unit_test(the_end_waits_for_no_name_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
