/* control and http: a running daemon answers its operator and its monitoring. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/control.h"
#include "observe/http.h"

struct house {
    uv_loop_t loop;
    uv_async_t finished;
    struct tw_control *control;
    struct tw_http *http;
    bool ready;
    char path[64];
    char folder[32];
    void (*client)(struct house *house); /* runs on its own thread */
    /* what the client saw */
    char answers[4][4096]; /* their beginning */
    size_t lengths[4];
    int statuses[4];
    bool asked[4];
    struct tw_error errors[4];
};

static void answer_long(struct tw_control_request *request, size_t length)
{
    char *text = malloc(length + 1);
    assert_non_null(text);
    memset(text, 'x', length);
    text[length] = '\0';
    tw_control_answer(request, 0, text);
    free(text);
}

static void on_request(void *context, const char *verb, struct tw_control_request *request)
{
    (void)context;
    if (strncmp(verb, "long ", 5) == 0)
        answer_long(request, (size_t)strtoul(verb + 5, NULL, 10));
    else if (strcmp(verb, "status") == 0)
        tw_control_answer(request, 0, "{\"ready\":true}\n");
    else
        tw_control_answer(request, 78, "no such verb\n");
}

static char *metrics_text(void *context, size_t *length)
{
    (void)context;
    *length = 10;
    return strdup("metric 42\n");
}

static bool is_ready(void *context, char *why, size_t size)
{
    struct house *house = context;
    snprintf(why, size, "partition news/3 is stranded\n");
    return house->ready;
}

static void on_finished(uv_async_t *finished)
{
    struct house *house = finished->data;
    tw_control_end(house->control);
    tw_http_end(house->http);
    uv_close((uv_handle_t *)finished, NULL);
}

static void *run_client(void *context)
{
    struct house *house = context;
    house->client(house);
    uv_async_send(&house->finished);
    return NULL;
}

/* Opens both doors, lets `client` knock from another thread, and closes them. */
static void with_house(struct house *house, void (*client)(struct house *house))
{
    struct tw_error err;
    pthread_t thread;
    snprintf(house->folder, sizeof house->folder, "/tmp/tw_control_XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    snprintf(house->path, sizeof house->path, "%s/made/control", house->folder); /* the folder is made */
    house->client = client;
    uv_loop_init(&house->loop);
    uv_async_init(&house->loop, &house->finished, on_finished);
    house->finished.data = house;
    struct tw_control_handler handler = {house, on_request};
    struct tw_http_source source = {house, metrics_text, is_ready};
    assert_true(tw_control_begin(&house->loop, house->path, &handler, &house->control, &err));
    assert_true(tw_http_begin(&house->loop, "127.0.0.1", 0, &source, &house->http, &err));
    assert_int_equal(pthread_create(&thread, NULL, run_client, house), 0);
    uv_run(&house->loop, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    assert_int_not_equal(access(house->path, F_OK), 0);
    *strrchr(house->path, '/') = '\0';
    assert_int_equal(rmdir(house->path), 0);
    rmdir(house->folder);
}

static void ask(struct house *house, int at, const char *verb)
{
    char *text = NULL;
    house->asked[at] =
        tw_control_ask(house->path, verb, 5000, &house->statuses[at], &text, &house->errors[at]);
    snprintf(house->answers[at], sizeof house->answers[at], "%s", text ? text : "");
    house->lengths[at] = text ? strlen(text) : 0;
    free(text);
}

static void ask_twice(struct house *house)
{
    ask(house, 0, "status");
    ask(house, 1, "dance");
}

static void ask_at_length(struct house *house)
{
    ask(house, 0, "long 3000000");
    ask(house, 1, "long 17000000");
}

/* Thousands of partitions have a long status; one that would be cut off is refused, not shown. */
static void a_long_answer_comes_whole_or_not_at_all(void **state)
{
    (void)state;
    struct house house = {0};
    signal(SIGPIPE, SIG_IGN); /* as the daemon does: the client leaves before the end */
    with_house(&house, ask_at_length);
    assert_true(house.asked[0]);
    assert_int_equal(house.lengths[0], 3000000);
    assert_false(house.asked[1]);
    assert_int_equal(house.errors[1].code, TW_IO);
    assert_string_equal(house.errors[1].what, "the daemon's answer is longer than 16 MiB");
}

static void a_verb_is_answered_with_a_status_and_a_text(void **state)
{
    (void)state;
    struct house house = {0};
    with_house(&house, ask_twice);
    assert_true(house.asked[0]);
    assert_int_equal(house.statuses[0], 0);
    assert_string_equal(house.answers[0], "{\"ready\":true}\n");
    assert_int_equal(house.statuses[1], 78);
    assert_string_equal(house.answers[1], "no such verb\n");
}

static void nobody_listening_is_a_server_not_to_be_had(void **state)
{
    (void)state;
    struct tw_error err;
    int status;
    char *text;
    assert_false(tw_control_ask("/tmp/tw_no_such_socket", "status", 100, &status, &text, &err));
    assert_int_equal(err.code, TW_SERVER);
}

static void try_to_open_a_second_one(struct house *house)
{
    uv_loop_t loop;
    struct tw_control *second;
    struct tw_control_handler handler = {house, on_request};
    uv_loop_init(&loop);
    house->asked[0] = tw_control_begin(&loop, house->path, &handler, &second, &house->errors[0]);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    ask(house, 1, "status");
}

static void a_socket_in_use_is_not_taken_over(void **state)
{
    (void)state;
    struct house house = {0};
    with_house(&house, try_to_open_a_second_one);
    assert_false(house.asked[0]);
    assert_int_equal(house.errors[0].code, TW_HELD);
    assert_true(house.asked[1]);
}

static void look_whether_it_lives(struct house *house)
{
    bool alive = false;
    house->asked[0] = tw_control_check(house->path, &alive, &house->errors[0]);
    house->asked[1] = alive;
}

static void whether_a_daemon_could_listen_is_found_without_listening(void **state)
{
    (void)state;
    struct house house = {0};
    struct tw_error err;
    bool alive = true;
    with_house(&house, look_whether_it_lives);
    assert_true(house.asked[0]);
    assert_true(house.asked[1]);
    assert_true(tw_control_check("/tmp/tw_no_such_folder/control", &alive, &err)); /* it can be made */
    assert_false(alive);
    assert_int_not_equal(access("/tmp/tw_no_such_folder", F_OK), 0);
    assert_true(tw_control_check("control", &alive, &err));
    assert_false(tw_control_check("/no/such/control", &alive, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    char longer[200];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_false(tw_control_check(longer, &alive, &err));
    assert_int_equal(err.code, TW_CONFIG);
}

static void get(struct house *house, int at, const char *request)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(tw_http_port(house->http))};
    inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(descriptor, (struct sockaddr *)&name, sizeof name) != 0)
        return;
    char text[256];
    int length = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request);
    if (write(descriptor, text, (size_t)length) != length)
        return;
    size_t used = 0;
    for (ssize_t got;
         (got = read(descriptor, house->answers[at] + used, sizeof house->answers[at] - 1 - used)) > 0;)
        used += (size_t)got;
    close(descriptor);
}

static void get_pages(struct house *house)
{
    get(house, 0, "GET /metrics");
    get(house, 1, "GET /readyz");
    get(house, 2, "GET /healthz");
    get(house, 3, "POST /metrics");
}

static void monitoring_reads_metrics_health_and_why_it_is_not_ready(void **state)
{
    (void)state;
    struct house house = {.ready = false};
    with_house(&house, get_pages);
    assert_non_null(strstr(house.answers[0], "HTTP/1.1 200"));
    assert_non_null(strstr(house.answers[0], "text/plain; version=0.0.4"));
    assert_non_null(strstr(house.answers[0], "\r\n\r\nmetric 42\n"));
    assert_non_null(strstr(house.answers[1], "HTTP/1.1 503"));
    assert_non_null(strstr(house.answers[1], "partition news/3 is stranded\n"));
    assert_non_null(strstr(house.answers[2], "\r\n\r\nok\n"));
    assert_non_null(strstr(house.answers[3], "HTTP/1.1 405"));
    assert_non_null(strstr(house.answers[3], "Allow: GET, HEAD, OPTIONS"));
}

static void get_ready(struct house *house)
{
    get(house, 0, "GET /readyz");
    get(house, 1, "GET /secrets");
}

static void ready_is_200_and_an_unknown_page_is_404(void **state)
{
    (void)state;
    struct house house = {.ready = true};
    with_house(&house, get_ready);
    assert_non_null(strstr(house.answers[0], "HTTP/1.1 200"));
    assert_non_null(strstr(house.answers[1], "HTTP/1.1 404"));
}

static void a_port_that_is_taken_is_named(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct tw_http *first;
    struct tw_http *second;
    struct tw_error err;
    struct tw_http_source source = {NULL, metrics_text, is_ready};
    uv_loop_init(&loop);
    assert_true(tw_http_begin(&loop, "127.0.0.1", 0, &source, &first, &err));
    assert_false(tw_http_begin(&loop, "127.0.0.1", tw_http_port(first), &source, &second, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    assert_false(tw_http_begin(&loop, "localhost", 0, &source, &second, &err));
    assert_int_equal(err.code, TW_CONFIG);
    tw_http_end(first);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_answer_comes_whole_or_not_at_all),
        cmocka_unit_test(a_verb_is_answered_with_a_status_and_a_text),
        cmocka_unit_test(nobody_listening_is_a_server_not_to_be_had),
        cmocka_unit_test(a_socket_in_use_is_not_taken_over),
        cmocka_unit_test(whether_a_daemon_could_listen_is_found_without_listening),
        cmocka_unit_test(monitoring_reads_metrics_health_and_why_it_is_not_ready),
        cmocka_unit_test(ready_is_200_and_an_unknown_page_is_404),
        cmocka_unit_test(a_port_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
