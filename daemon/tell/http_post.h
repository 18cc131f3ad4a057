/* http_post: one POST of JSON at a time to one address, through libcurl's multi interface on the loop; no
 * thread of ours.
 *
 *     tw_http_post_begin(loop, url, deadline_ms, &events, &post, err)
 *     tw_http_post_send(post, body)             the body is copied; not while one is under way
 *     ... events.answered, once, from the loop
 *     tw_http_post_end(post, closed, context)   whatever is under way; then no answer comes
 *
 * libcurl says which sockets it waits for and until when (CURLMOPT_SOCKETFUNCTION, CURLMOPT_TIMERFUNCTION);
 * a watcher for each and one timer tell it what has come. A watcher is closed when libcurl lets its socket
 * go, before that is closed. The connection is kept for the next request. http and https alone, no redirects,
 * and no proxy: what the environment says of one would send alerts astray unseen. */
#ifndef TW_HTTP_POST_H
#define TW_HTTP_POST_H

#include <uv.h>

#include "base/error.h"
#include "base/text.h"

struct tw_http_post;

struct tw_http_answer {
    long status;         /* of HTTP; 0: no answer */
    struct tw_text body; /* its first bytes; ends in NUL */
    const char *trouble; /* why there is no answer, in libcurl's words; "" when there is one */
};

struct tw_http_post_events {
    void *context;
    void (*answered)(void *context, const struct tw_http_answer *answer);
};

/* Would this address do? TW_CONFIG says why not; `key` names whose value it is. A user or password in it is
 * refused: secrets do not stand in the configuration. */
TW_MUST_USE bool tw_http_url_check(const char *url, const char *key, struct tw_error *err);

/* `url` is copied; tw_http_url_check has taken it. TW_INTERNAL. */
TW_MUST_USE bool tw_http_post_begin(uv_loop_t *loop, const char *url, long deadline_ms,
    const struct tw_http_post_events *events, struct tw_http_post **out, struct tw_error *err);

/* Sends it; the answer comes within the deadline, or the trouble does. */
void tw_http_post_send(struct tw_http_post *post, struct tw_text body);

/* Closes; `closed` (may be NULL) comes when every handle is gone. */
void tw_http_post_end(struct tw_http_post *post, void (*closed)(void *context), void *context);

/* Does what was answered begin as a web page does? Pure. */
bool tw_http_is_page(struct tw_text body);

/* Asks for an address once and waits for the answer, for `check`. True when it is 2xx, and no web page; else
 * TW_SERVER, or TW_PERMISSION for 401, 403 and certificates. */
TW_MUST_USE bool tw_http_get_once(const char *url, long deadline_ms, struct tw_error *err);

#endif
