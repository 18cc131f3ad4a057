/* reload: what is read beside the loop is whole or refused, whatever its files have become meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/loaded.h"
#include "serve/reload.h"

static const char one[] = "{\"symbol\":\"VELQ\",\"names\":[\"Velquin\"]}\n";

struct scene {
    char folder[64], file[96], entities[96];
    struct tw_arena arena;
    struct tw_problems problems;
    struct tw_config config;
    struct tw_model_facts facts;
    struct tw_shared *model, *shared;
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void configure(const struct scene *scene, const char *entities)
{
    char text[512];
    snprintf(text, sizeof text,
        "dev: true\nkafka: {topics: [news], properties: {bootstrap.servers: \"127.0.0.1:1\"}}\n"
        "store: {conninfo: \"host=127.0.0.1 dbname=x user=x\"}\nmodel: {kind: constant}\nlink: {entities: \"%s\"}\n",
        entities);
    write_file(scene->file, text);
}

/* A daemon with one company. */
static void begin(struct scene *scene)
{
    struct tw_error err = {0};
    *scene = (struct scene){.folder = "/tmp/tapewatch-reload-XXXXXX"};
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->file, sizeof scene->file, "%s/tapewatch.yaml", scene->folder);
    snprintf(scene->entities, sizeof scene->entities, "%s/entities.jsonl", scene->folder);
    configure(scene, scene->entities);
    write_file(scene->entities, one);
    assert_true(tw_arena_begin(&scene->arena, 32 << 20, &err));
    tw_problems_begin(&scene->problems, &scene->arena);
    if (!tw_config_load(scene->file, &scene->arena, &scene->config, &scene->problems, &err) ||
        !tw_load_model(&scene->config, &scene->facts, &scene->model, &err) ||
        !tw_load_shared(&scene->config, scene->model, &scene->problems, &scene->shared, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static void end(struct scene *scene)
{
    tw_shared_leave(scene->shared);
    tw_shared_leave(scene->model);
    tw_arena_end(&scene->arena);
    unlink(scene->entities);
    unlink(scene->file);
    rmdir(scene->folder);
}

/* How many companies there are after a reload; -1: it is refused, and `err` says why. */
static int reload(const struct scene *scene, struct tw_error *err)
{
    const struct tw_reload_from from = {&scene->config, scene->model, scene->shared};
    struct tw_reload *read = NULL;
    *err = (struct tw_error){0};
    const bool taken = tw_reload_read(&from, &read, err);
    const int count = taken ? (int)read->entity_count : -1;
    tw_reload_free(read);
    return count;
}

static void a_file_of_entities_that_has_become_empty_is_refused(void **state)
{
    static const char *const empty[] = {"", "\n\n"};
    struct scene scene;
    struct tw_error err;
    (void)state;
    begin(&scene);
    assert_int_equal(reload(&scene, &err), 1);
    for (size_t at = 0; at < sizeof empty / sizeof empty[0]; at++) {
        write_file(scene.entities, empty[at]);
        assert_int_equal(reload(&scene, &err), -1);
        assert_int_equal(err.code, TW_CONFIG);
        assert_string_equal(err.where, scene.entities);
        assert_string_equal(err.what, "holds no entity, where 1 are in force");
    }
    end(&scene);
}

static void to_have_no_entities_is_said_by_the_configuration(void **state)
{
    struct scene scene;
    struct tw_error err;
    (void)state;
    begin(&scene);
    configure(&scene, "");
    assert_int_equal(reload(&scene, &err), 0);
    end(&scene);
}

static void who_had_none_may_have_none(void **state)
{
    struct scene scene;
    struct tw_error err;
    (void)state;
    begin(&scene);
    write_file(scene.entities, "");
    tw_shared_leave(scene.shared);
    assert_true(tw_load_shared(&scene.config, scene.model, &scene.problems, &scene.shared, &err));
    assert_int_equal(reload(&scene, &err), 0);
    write_file(scene.entities, one);
    assert_int_equal(reload(&scene, &err), 1);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_entities_that_has_become_empty_is_refused),
        cmocka_unit_test(to_have_no_entities_is_said_by_the_configuration),
        cmocka_unit_test(who_had_none_may_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
