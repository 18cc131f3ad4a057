/* shared: freed once, by the last who leaves, whoever that is. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared.h"

enum { THREADS = 4, TURNS = 20000 };

/* The content of one: how often it was freed, and what it holds in its turn. */
struct content {
    int freed;
    int value;
    struct tw_shared *model;
};

static void free_content(void *content)
{
    struct content *freed = content;
    freed->freed++;
    tw_shared_leave(freed->model);
}

static void the_last_who_leaves_frees_it_once(void **state)
{
    (void)state;
    struct content content = {0};
    struct tw_shared *shared = tw_shared_new(&content, free_content);
    assert_ptr_equal(tw_shared_use(shared), shared);
    tw_shared_leave(shared);
    assert_int_equal(content.freed, 0);
    tw_shared_leave(shared);
    assert_int_equal(content.freed, 1);
    tw_shared_leave(NULL);
}

/* As a reload does: the entities and rules are new, the model is the old one. */
static void what_one_holds_of_another_outlives_the_first_holder(void **state)
{
    (void)state;
    struct content model = {0};
    struct content before = {0};
    struct content after = {0};
    struct tw_shared *counted = tw_shared_new(&model, free_content);
    before.model = tw_shared_use(counted);
    after.model = tw_shared_use(counted);
    struct tw_shared *first = tw_shared_new(&before, free_content);
    struct tw_shared *second = tw_shared_new(&after, free_content);
    tw_shared_leave(counted);
    tw_shared_leave(first);
    assert_int_equal(before.freed, 1);
    assert_int_equal(model.freed, 0);
    tw_shared_leave(second);
    assert_int_equal(model.freed, 1);
}

static void borrowed_content_is_not_freed(void **state)
{
    (void)state;
    struct content content = {0};
    tw_shared_leave(tw_shared_new(&content, NULL));
    assert_int_equal(content.freed, 0);
}

static void *come_and_go(void *argument)
{
    struct tw_shared *shared = argument;
    for (int turn = 0; turn < TURNS; turn++) {
        struct tw_shared *mine = tw_shared_use(shared);
        assert_int_equal(((const struct content *)mine->content)->value, 42);
        tw_shared_leave(mine);
    }
    tw_shared_leave(shared); /* the hold that came with the thread */
    return NULL;
}

static void threads_come_and_go_and_the_last_of_them_frees_it(void **state)
{
    (void)state;
    struct content content = {.value = 42};
    struct tw_shared *shared = tw_shared_new(&content, free_content);
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, come_and_go, tw_shared_use(shared)), 0);
    tw_shared_leave(shared);
    for (int at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
    assert_int_equal(content.freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_who_leaves_frees_it_once),
        cmocka_unit_test(what_one_holds_of_another_outlives_the_first_holder),
        cmocka_unit_test(borrowed_content_is_not_freed),
        cmocka_unit_test(threads_come_and_go_and_the_last_of_them_frees_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
