#include "postgres/lookup.h"

#include "base/signals.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Held by the loop's side and by the thread; whoever lets go of it last frees it. */
struct tw_lookup {
    char host[256];
    void (*answered)(void *context, int status, const struct addrinfo *found);
    void *context;
    void (*closed)(void *context);
    void *closed_context;
    uv_async_t wake; /* open until the loop's side ends */

    pthread_mutex_t lock; /* of all below */
    uint32_t holders;
    bool ended; /* the loop's side wants no answer: `wake` may be gone */
    bool done;
    int status;
    struct addrinfo *found;
};

/* Unlocks it, too. */
static void let_go(struct tw_lookup *lookup)
{
    bool last = --lookup->holders == 0;
    pthread_mutex_unlock(&lookup->lock);
    if (!last)
        return;
    if (lookup->found)
        freeaddrinfo(lookup->found);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *ask(void *context)
{
    struct tw_lookup *lookup = context;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(lookup->host, NULL, &hints, &found);
    pthread_mutex_lock(&lookup->lock);
    lookup->status = status;
    lookup->found = status == 0 ? found : NULL;
    lookup->done = true;
    if (!lookup->ended)
        uv_async_send(&lookup->wake);
    let_go(lookup);
    return NULL;
}

static void on_wake(uv_async_t *wake)
{
    struct tw_lookup *lookup = wake->data;
    pthread_mutex_lock(&lookup->lock);
    bool done = lookup->done;
    pthread_mutex_unlock(&lookup->lock);
    if (done) /* and the thread has nothing to do with the rest any more */
        lookup->answered(lookup->context, lookup->status, lookup->found);
}

static void on_closed(uv_handle_t *wake)
{
    struct tw_lookup *lookup = wake->data;
    void (*closed)(void *context) = lookup->closed;
    void *context = lookup->closed_context;
    pthread_mutex_lock(&lookup->lock);
    let_go(lookup);
    if (closed)
        closed(context);
}

bool tw_lookup_begin(uv_loop_t *loop, const char *host,
    void (*answered)(void *context, int status, const struct addrinfo *found), void *context,
    struct tw_lookup **out)
{
    struct tw_lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return false;
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    lookup->answered = answered;
    lookup->context = context;
    lookup->holders = 2;
    if (pthread_mutex_init(&lookup->lock, NULL) != 0 || uv_async_init(loop, &lookup->wake, on_wake) != 0) {
        free(lookup);
        return false;
    }
    lookup->wake.data = lookup;
    if (!tw_signals_start_detached(ask, lookup)) {
        lookup->holders = 1;
        lookup->ended = true;
        uv_close((uv_handle_t *)&lookup->wake, on_closed);
        return false;
    }
    *out = lookup;
    return true;
}

void tw_lookup_end(struct tw_lookup *lookup, void (*closed)(void *context), void *context)
{
    lookup->closed = closed;
    lookup->closed_context = context;
    pthread_mutex_lock(&lookup->lock);
    lookup->ended = true;
    pthread_mutex_unlock(&lookup->lock);
    uv_close((uv_handle_t *)&lookup->wake, on_closed);
}
