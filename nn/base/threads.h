/* threads: threads that wait for a job and do it together.
 *
 *     tw_team_open(count, &team, err);
 *     tw_team_run(team, job, self);     // job(self, 0) .. job(self, count - 1), each on a thread of its own; returns when all are done
 *     tw_team_close(team);
 *
 * The caller is thread 0: a team of one starts no thread. One job at a time, from one thread. */
#ifndef TW_THREADS_H
#define TW_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct tw_team;

/* TW_INTERNAL when a thread cannot be started, or without memory; then nothing is left to close. */
TW_MUST_USE bool tw_team_open(size_t count, struct tw_team **out, struct tw_error *err);
void tw_team_run(struct tw_team *team, void (*job)(void *self, size_t number), void *self);
/* NULL is fine. */
void tw_team_close(struct tw_team *team);

#endif
