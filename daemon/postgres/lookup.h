/* lookup: the addresses of a host's name, asked for on a thread that nobody waits for.
 *
 *     if (tw_lookup_begin(loop, "db.example", answered, context, &lookup))
 *         ... answered(context, status, found) on the loop, once; then, or before that:
 *         tw_lookup_end(lookup, closed, context);
 *
 * A name server that does not answer holds getaddrinfo() for half a minute, and nothing can call it back.
 * Among libuv's own threads it would keep other rooms' work waiting, and the end of the process, which joins
 * those. So each question has a thread of its own: when it is ended before its answer came, the thread is
 * left behind, and takes what it finds with it. All on the loop's thread. */
#ifndef TW_LOOKUP_H
#define TW_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>
#include <uv.h>

struct tw_lookup;

/* Begins to ask; the name is copied. `status` is 0 or one of getaddrinfo's (gai_strerror); `found` lives
 * until tw_lookup_end. False when memory or a thread is refused: then no answer comes, and there is nothing
 * to end. */
bool tw_lookup_begin(uv_loop_t *loop, const char *host,
    void (*answered)(void *context, int status, const struct addrinfo *found), void *context,
    struct tw_lookup **out);

/* No answer comes from here on. `closed` comes on the loop, when its handle is gone; the loop must run until
 * then. */
void tw_lookup_end(struct tw_lookup *lookup, void (*closed)(void *context), void *context);

#endif
