#include "base/threads.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct member {
    struct tw_team *team;
    size_t number;
    pthread_t thread;
};

struct tw_team {
    size_t count, started; /* threads 1 .. started run */
    pthread_mutex_t mutex;
    pthread_cond_t go, all_done;
    uint64_t turn;
    size_t busy;
    void (*job)(void *self, size_t number); /* NULL: leave */
    void *self;
    struct member members[]; /* [count]; the first is the caller */
};

static void *work(void *argument)
{
    const struct member *member = argument;
    struct tw_team *team = member->team;
    uint64_t seen = 0;
    for (;;) {
        pthread_mutex_lock(&team->mutex);
        while (team->turn == seen)
            pthread_cond_wait(&team->go, &team->mutex);
        seen = team->turn;
        void (*job)(void *, size_t) = team->job;
        void *self = team->self;
        pthread_mutex_unlock(&team->mutex);
        if (!job)
            return NULL;
        job(self, member->number);
        pthread_mutex_lock(&team->mutex);
        if (--team->busy == 0)
            pthread_cond_signal(&team->all_done);
        pthread_mutex_unlock(&team->mutex);
    }
}

/* Gives the threads a job; with NULL they leave. */
static void announce(struct tw_team *team, void (*job)(void *self, size_t number), void *self)
{
    pthread_mutex_lock(&team->mutex);
    team->job = job;
    team->self = self;
    team->busy = team->count - 1;
    team->turn++;
    pthread_cond_broadcast(&team->go);
    pthread_mutex_unlock(&team->mutex);
}

void tw_team_run(struct tw_team *team, void (*job)(void *self, size_t number), void *self)
{
    announce(team, job, self);
    job(self, 0);
    pthread_mutex_lock(&team->mutex);
    while (team->busy > 0)
        pthread_cond_wait(&team->all_done, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}

static bool start(struct tw_team *team, struct tw_error *err)
{
    for (size_t at = 1; at < team->count; at++) {
        struct member *member = &team->members[at];
        member->team = team;
        member->number = at;
        if (pthread_create(&member->thread, NULL, work, member) != 0)
            return tw_fail(err, TW_INTERNAL, "threads", "ask for fewer threads",
                "cannot start thread %zu of %zu", at + 1, team->count);
        team->started = at;
    }
    return true;
}

bool tw_team_open(size_t count, struct tw_team **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_team *team = calloc(1, sizeof *team + count * sizeof *team->members);
    if (!team)
        return tw_fail(err, TW_INTERNAL, "threads", NULL, "out of memory");
    team->count = count;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->go, NULL);
    pthread_cond_init(&team->all_done, NULL);
    if (!start(team, err)) {
        tw_team_close(team);
        return false;
    }
    *out = team;
    return true;
}

void tw_team_close(struct tw_team *team)
{
    if (!team)
        return;
    announce(team, NULL, NULL);
    for (size_t at = 1; at <= team->started; at++)
        pthread_join(team->members[at].thread, NULL);
    pthread_cond_destroy(&team->all_done);
    pthread_cond_destroy(&team->go);
    pthread_mutex_destroy(&team->mutex);
    free(team);
}
