/* machine: a table of the moves that a state machine may make, and the line in the log that tells of each.
 *
 * A room that is a machine (store/commit.c, for one) has an enum whose states say what is true, one
 * function that changes the state, a drawing in its header, and a table of this kind:
 *
 *     static const char *const names[] = {[DOWN] = "down", [UP] = "up"};
 *     static const uint32_t moves[] = {[DOWN] = TW_MOVE(UP), [UP] = TW_MOVE(DOWN)};
 *     const struct tw_machine tw_lamp_machine = {"lamp", names, moves, 2};
 *
 *     static void move(struct lamp *lamp, enum tw_lamp_state state, const char *why)
 *     {
 *         tw_machine_tell(&tw_lamp_machine, lamp->log, TW_DEBUG, lamp->state, state, why);
 *         lamp->state = state;
 *     }
 *
 * The room's unit test holds the table against the drawing (tests/unit/support/drawing.h). A drawing is
 * made of arrows between names in capitals, `DOWN --switched on--> UP`; `DOWN, UP --broken--> GONE` is one
 * from each, ANY stands for every other state. */
#ifndef TW_MACHINE_H
#define TW_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/log.h"

struct tw_machine {
    const char *room;         /* of its log lines */
    const char *const *names; /* by state, lower case, as they stand in the log */
    const uint32_t *moves;    /* by state: a bit for each state that may follow */
    unsigned count;           /* of states; 32 at most */
};

#define TW_MOVE(state) (UINT32_C(1) << (state))

/* Whether `to` may follow `from`. Nothing follows itself unless the table says so. */
bool tw_machine_allows(const struct tw_machine *machine, unsigned from, unsigned to);

/* Logs old state, new state and why, at `level`; costs a comparison when that is not shown. A move that is
 * not in the table is a mistake of this program: an error (TW_INTERNAL) with both names, whatever the
 * level, and false. The room goes on as it would have without a table: the line is for whoever mends it. */
bool tw_machine_tell(const struct tw_machine *machine, const struct tw_log *log, enum tw_level level,
    unsigned from, unsigned to, const char *why);

#endif
