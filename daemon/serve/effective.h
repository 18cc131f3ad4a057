/* effective: the configuration that a daemon runs with, as its rooms have it: what they copied is asked of
 * them, so that a key that nobody carries to where it counts cannot look as if it did. */
#ifndef TW_EFFECTIVE_H
#define TW_EFFECTIVE_H

struct tw_daemon;

/* Every key with its value, as a file that gives it (config_print.h); without secrets, which no
 * configuration holds. malloc'ed, for the caller to free; NULL when out of memory. */
char *tw_effective_text(const struct tw_daemon *daemon);

#endif
