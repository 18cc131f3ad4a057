#include "tell/http_post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 1024 };

/* The watcher of one socket; it lives until libuv has closed it. */
struct watcher {
    uv_poll_t poll;
    struct tw_http_post *post;
    curl_socket_t socket;
};

struct tw_http_post {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    struct tw_http_post_events events;
    uv_loop_t *loop;
    uv_timer_t timer;
    bool sending;
    char trouble[CURL_ERROR_SIZE];
    char body[BODY_BYTES];
    size_t body_length;

    int open; /* the timer and the watchers */
    bool ending;
    void (*closed)(void *context);
    void *closed_context;
};

/* -- addresses ------------------------------------------------------------------------------------------- */

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static const char *url_fault(CURLU *url, const char *text, const char **cure)
{
    char *scheme = NULL;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
    *cure = "write it as http://host:9093";
    if (code != CURLUE_OK)
        return curl_url_strerror(code);
    bool right = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    if (!right)
        return "neither http nor https";
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return "it has a query or a fragment";
    if (!has_part(url, CURLUPART_USER) && !has_part(url, CURLUPART_PASSWORD))
        return NULL;
    *cure = "leave it out: let the server know this host by its address or network";
    return "it holds a user or password, and secrets do not stand in the configuration";
}

bool tw_http_url_check(const char *url, const char *key, struct tw_error *err)
{
    const char *cure = NULL;
    CURLU *parsed = curl_url();
    const char *fault = parsed ? url_fault(parsed, url, &cure) : "out of memory";
    curl_url_cleanup(parsed);
    return !fault || tw_fail(err, TW_CONFIG, key, cure, "not an address that can be told: %s", fault);
}

/* -- libcurl asks ---------------------------------------------------------------------------------------- */

static void one_closed(struct tw_http_post *post)
{
    if (--post->open > 0 || !post->ending)
        return;
    void (*closed)(void *context) = post->closed;
    void *context = post->closed_context;
    free(post);
    curl_global_cleanup();
    if (closed)
        closed(context);
}

static void on_watcher_closed(uv_handle_t *handle)
{
    struct watcher *watcher = handle->data;
    struct tw_http_post *post = watcher->post;
    free(watcher);
    one_closed(post);
}

static void on_timer_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

/* What has ended, if anything has, is answered: the last thing done here, for the answer may end us. */
static void take_answer(struct tw_http_post *post)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(post->multi, &left)) && message->msg != CURLMSG_DONE)
        continue;
    if (!message)
        return;
    struct tw_http_answer answer = {.trouble = ""};
    CURLcode code = message->data.result;
    if (code == CURLE_OK)
        curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    else
        answer.trouble = post->trouble[0] ? post->trouble : curl_easy_strerror(code);
    post->body[post->body_length] = '\0';
    answer.body = (struct tw_text){post->body, post->body_length};
    curl_multi_remove_handle(post->multi, post->easy);
    post->sending = false;
    post->events.answered(post->events.context, &answer);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watcher *watcher = poll->data;
    struct tw_http_post *post = watcher->post;
    int running;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(post->multi, watcher->socket, flags, &running);
    take_answer(post);
}

static void on_time(uv_timer_t *timer)
{
    struct tw_http_post *post = timer->data;
    int running;
    curl_multi_socket_action(post->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_answer(post);
}

static struct watcher *new_watcher(struct tw_http_post *post, curl_socket_t socket)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (!watcher || uv_poll_init_socket(post->loop, &watcher->poll, socket) != 0) {
        free(watcher);
        return NULL;
    }
    watcher->poll.data = watcher;
    watcher->post = post;
    watcher->socket = socket;
    post->open++;
    curl_multi_assign(post->multi, socket, watcher);
    return watcher;
}

static void close_watcher(struct tw_http_post *post, struct watcher *watcher)
{
    curl_multi_assign(post->multi, watcher->socket, NULL);
    uv_poll_stop(&watcher->poll);
    uv_close((uv_handle_t *)&watcher->poll, on_watcher_closed);
}

/* Which events of a socket libcurl waits for. A watcher that cannot be had leaves it to the deadline. */
static int want_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
    struct tw_http_post *post = context;
    struct watcher *watcher = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watcher)
            close_watcher(post, watcher);
        return 0;
    }
    if (!watcher && !(watcher = new_watcher(post, socket)))
        return -1;
    uv_poll_start(&watcher->poll,
        (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_socket);
    return 0;
}

/* Until when it waits; -1: for ever. Never from inside this call. */
static int want_time(CURLM *multi, long milliseconds, void *context)
{
    struct tw_http_post *post = context;
    (void)multi;
    if (milliseconds < 0)
        uv_timer_stop(&post->timer);
    else if (!post->ending)
        uv_timer_start(&post->timer, on_time, (uint64_t)milliseconds, 0);
    return 0;
}

/* The first bytes are kept, for people; the rest is read and dropped. */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct tw_http_post *post = context;
    size_t length = size * count;
    size_t room = BODY_BYTES - 1 - post->body_length;
    size_t kept = length < room ? length : room;
    memcpy(post->body + post->body_length, bytes, kept);
    post->body_length += kept;
    return length;
}

/* -- begin, send, end ------------------------------------------------------------------------------------ */

static void set_common(CURL *easy, const char *url, long deadline_ms, char *trouble)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, deadline_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "tapewatch");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, trouble);
}

static bool set_up(struct tw_http_post *post, const char *url, long deadline_ms)
{
    post->multi = curl_multi_init();
    post->easy = curl_easy_init();
    post->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!post->multi || !post->easy || !post->headers)
        return false;
    curl_multi_setopt(post->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(post->multi, CURLMOPT_SOCKETDATA, post);
    curl_multi_setopt(post->multi, CURLMOPT_TIMERFUNCTION, want_time);
    curl_multi_setopt(post->multi, CURLMOPT_TIMERDATA, post);
    set_common(post->easy, url, deadline_ms, post->trouble);
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(post->easy, CURLOPT_WRITEDATA, post);
    return true;
}

static void free_curl(struct tw_http_post *post)
{
    if (post->sending)
        curl_multi_remove_handle(post->multi, post->easy);
    curl_easy_cleanup(post->easy);
    curl_multi_cleanup(post->multi); /* closes the connection that was kept; its watcher with it */
    curl_slist_free_all(post->headers);
}

bool tw_http_post_begin(uv_loop_t *loop, const char *url, long deadline_ms,
    const struct tw_http_post_events *events, struct tw_http_post **out, struct tw_error *err)
{
    struct tw_http_post *post = calloc(1, sizeof *post);
    if (!post || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(post);
        return tw_fail(err, TW_INTERNAL, "tell", NULL, "out of memory");
    }
    post->loop = loop;
    post->events = *events;
    if (!set_up(post, url, deadline_ms)) {
        free_curl(post);
        free(post);
        curl_global_cleanup();
        return tw_fail(err, TW_INTERNAL, "tell", NULL, "libcurl cannot be set up");
    }
    uv_timer_init(loop, &post->timer);
    post->timer.data = post;
    post->open = 1;
    *out = post;
    return true;
}

void tw_http_post_send(struct tw_http_post *post, struct tw_text body)
{
    post->body_length = 0;
    post->trouble[0] = '\0';
    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
    curl_easy_setopt(post->easy, CURLOPT_COPYPOSTFIELDS, body.bytes);
    post->sending = true;
    curl_multi_add_handle(post->multi, post->easy); /* sets the timer, which begins it */
}

void tw_http_post_end(struct tw_http_post *post, void (*closed)(void *context), void *context)
{
    post->closed = closed;
    post->closed_context = context;
    post->ending = true;
    free_curl(post);
    uv_close((uv_handle_t *)&post->timer, on_timer_closed);
}

/* -- once ------------------------------------------------------------------------------------------------ */

bool tw_http_is_page(struct tw_text body)
{
    for (size_t at = 0; at < body.length; at++)
        if (body.bytes[at] != ' ' && (body.bytes[at] < '\t' || body.bytes[at] > '\r'))
            return body.bytes[at] == '<';
    return false;
}

/* Of the body it is kept whether it is a web page, by what comes of it first. */
struct asked {
    bool came;
    bool page;
};

static size_t look_at_body(char *bytes, size_t size, size_t count, void *context)
{
    struct asked *asked = context;
    if (!asked->came)
        asked->page = tw_http_is_page((struct tw_text){bytes, size * count});
    asked->came = true;
    return size * count;
}

static bool judge(const char *url, CURLcode code, long status, const struct asked *asked, const char *trouble,
    struct tw_error *err)
{
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM)
        return tw_fail(err, TW_PERMISSION, url, "install the certificate of its authority on this host", "%s",
            trouble[0] ? trouble : curl_easy_strerror(code));
    if (code != CURLE_OK)
        return tw_fail(err, TW_SERVER, url, "start the server, or correct the address", "no answer: %s",
            trouble[0] ? trouble : curl_easy_strerror(code));
    if (status == 401 || status == 403)
        return tw_fail(
            err, TW_PERMISSION, url, "let the server know this host", "it answers HTTP %ld", status);
    return (status >= 200 && status < 300 && !asked->page) ||
           tw_fail(err, TW_SERVER, url, "correct the address", "it answers HTTP %ld%s", status,
               asked->page ? " with a web page" : "");
}

bool tw_http_get_once(const char *url, long deadline_ms, struct tw_error *err)
{
    char trouble[CURL_ERROR_SIZE] = "";
    struct asked asked = {0};
    long status = 0;
    CURL *easy = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    if (!easy)
        return tw_fail(err, TW_INTERNAL, url, NULL, "libcurl cannot be set up");
    set_common(easy, url, deadline_ms, trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, look_at_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &asked);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return judge(url, code, status, &asked, trouble, err);
}
