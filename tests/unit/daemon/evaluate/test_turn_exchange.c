/* turn_exchange: what is done next, when documents are to be filed and rules wait for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evaluate/turn_exchange.h"

enum { INTERVAL_MS = 500 };
#define BEGIN_US (INT64_C(1795000000) * 1000000)
#define HOUR_US (INT64_C(3600) * 1000000)

struct scene {
    struct tw_arena arena;
    struct tw_config config;
    struct tw_log log;
    struct tw_session session;
    struct tw_stored_rules rules;
    struct tw_shards shards;
    struct tw_turn_exchange exchange;
};

/* All shards are held and evaluated to the same edge; documents are filed to there. */
static int begin(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct tw_error err;
    if (!scene || !tw_arena_begin(&scene->arena, 8 << 20, &err) ||
        !tw_config_defaults(&scene->arena, &scene->config, &err))
        return 1;
    scene->config.stories.enabled = true;
    scene->config.evaluate.interval_ms = INTERVAL_MS;
    scene->log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL);
    if (!tw_shards_begin(&scene->shards, &err) || !tw_turn_exchange_begin(&scene->exchange, &scene->config,
                                                      &scene->log, &scene->session, &scene->rules, &err))
        return 1;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        scene->shards.shards[shard] =
            (struct tw_shard){.hold = TW_SHARD_HELD, .wanted = true, .epoch = 1, .evaluated_us = BEGIN_US};
    scene->exchange.filing.looked = true;
    scene->exchange.filing.filed_to_us = BEGIN_US;
    scene->exchange.positions.watermark_us = BEGIN_US + HOUR_US;
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    tw_turn_exchange_end(&scene->exchange);
    tw_arena_end(&scene->arena);
    free(scene);
    return 0;
}

static enum tw_turn_work work_at(struct scene *scene, uint64_t now_ms)
{
    return tw_turn_exchange_choose(&scene->exchange, &scene->shards, now_ms) ? scene->exchange.work
                                                                             : TW_TURN_NOTHING;
}

/* One more bar of documents is filed; there are many more. */
static void a_bar_is_filed(struct scene *scene)
{
    scene->exchange.filing.filed_to_us += TW_BAR_US;
    scene->exchange.filing.known_to_us = scene->exchange.filing.filed_to_us;
}

static void rules_have_their_turns_while_a_backlog_of_documents_is_filed(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(work_at(scene, 10000), TW_TURN_FILING);
    a_bar_is_filed(scene);
    assert_int_equal(work_at(scene, 10100), TW_TURN_TURN);
    assert_int_equal(scene->exchange.from_us, BEGIN_US);
    assert_int_equal(scene->exchange.to_us, BEGIN_US + TW_BAR_US); /* what is filed, and no more */
    assert_int_equal(work_at(scene, 10200), TW_TURN_FILING);       /* whatever came of that turn */
    a_bar_is_filed(scene);
    assert_int_equal(work_at(scene, 10300), TW_TURN_FILING);
    a_bar_is_filed(scene);
    assert_int_equal(work_at(scene, 10100 + INTERVAL_MS), TW_TURN_TURN);
    assert_int_equal(scene->exchange.to_us, BEGIN_US + 3 * TW_BAR_US);
}

static void windows_of_shards_that_were_taken_anew_are_read_while_documents_are_filed(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(work_at(scene, 10000), TW_TURN_FILING);
    a_bar_is_filed(scene);
    scene->exchange.windows.shards[5].to_us = BEGIN_US - HOUR_US;
    scene->exchange.windows.shards[5].from_us = BEGIN_US - HOUR_US;
    assert_int_equal(work_at(scene, 10100), TW_TURN_PIECE);
    assert_int_equal(work_at(scene, 10200), TW_TURN_FILING);
    assert_int_equal(work_at(scene, 10100 + INTERVAL_MS), TW_TURN_TURN); /* a piece and a turn take turns */
}

static void rules_wait_where_another_files_and_has_not_come_so_far(void **state)
{
    struct scene *scene = *state;
    scene->shards.shards[0].hold = TW_SHARD_FREE;
    assert_int_equal(work_at(scene, 10000), TW_TURN_NOTHING);
    assert_true(tw_turn_exchange_is_unfiled(&scene->exchange));
    scene->exchange.filing.filed_to_us = BEGIN_US + HOUR_US;
    assert_int_equal(work_at(scene, 11000), TW_TURN_TURN);
    assert_false(tw_turn_exchange_is_unfiled(&scene->exchange));
}

static void without_stories_nobody_waits_for_filing(void **state)
{
    struct scene *scene = *state;
    scene->exchange.filing.enabled = false;
    assert_int_equal(work_at(scene, 10000), TW_TURN_TURN);
    assert_int_equal(scene->exchange.to_us, BEGIN_US + HOUR_US);
    assert_false(tw_turn_exchange_is_unfiled(&scene->exchange));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(rules_have_their_turns_while_a_backlog_of_documents_is_filed),
        STORY(windows_of_shards_that_were_taken_anew_are_read_while_documents_are_filed),
        STORY(rules_wait_where_another_files_and_has_not_come_so_far),
        STORY(without_stories_nobody_waits_for_filing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
