/* evaluator_machine: what the evaluator (evaluator.h) is at, and what it may go on to. It does one exchange
 * with the server, or has one job on a worker, at a time.
 *
 *     AWAY         no session: nothing is held
 *     WAITING      nothing is under way; the timer says when to go on, or the session is about to be lost
 *     BEATING      a sign of life is on its way
 *     TAKING       shards that are ours to hold are being leased, others given back
 *     STORING      the configuration's rules are on their way to the table of rule sets
 *     LOOKING      how far event time has come is being read, and newer rule sets
 *     CUTTING      where to cut the interval is being asked, should too much be in it
 *     READING      bars, headlines and open alerts of the turn are being read
 *     WORKING      a worker has the turn
 *     ATTENDING    a worker has the turn, and a sign of life is on its way
 *     RETURNED     the worker is done with it, the sign of life is not answered yet
 *     WRITING      what came of it is being committed
 *     RELEASING    fenced: all shards are being given back
 *     ORPHANED     a worker has a turn whose session is lost: its result will be thrown away
 *     LEAVING      asked to end: good-bye is on its way
 *     RECALLING    asked to end: a worker still has the turn
 *     CLOSING      asked to end: nothing is under way, handles close
 *
 *     AWAY --connected--> WAITING
 *     WAITING --a sign of life is due--> BEATING
 *     WAITING --rules are wanted--> STORING
 *     WAITING --the interval is over--> LOOKING
 *     BEATING --shards to take or to give back--> TAKING --rules are wanted--> STORING
 *     BEATING --rules are wanted--> STORING --others are wanted by now--> STORING
 *     BEATING --settled--> LOOKING     TAKING --taken--> LOOKING     STORING --stored--> LOOKING
 *     BEATING --settled, the interval is not over--> WAITING
 *     LOOKING --bars have closed--> CUTTING --counted--> READING --read--> WORKING --decided--> WRITING
 *     LOOKING --one bar has closed, or documents are to be filed--> READING
 *     LOOKING --windows are to be read--> CUTTING      WORKING --that is done, or failed--> WAITING
 *     LOOKING --nothing has closed--> WAITING     LOOKING --rules are wanted--> STORING
 *     WORKING --a sign of life is due--> ATTENDING --answered, or refused--> WORKING
 *     ATTENDING --the job is back--> RETURNED --answered, and decided--> WRITING
 *     WRITING --written, or outrun--> WAITING
 *     WRITING --fenced--> RELEASING --given back--> WAITING
 *
 *     refused, or the session was lost before the answer:
 *     STORING ---> WAITING     BEATING ---> WAITING     TAKING ---> WAITING     CUTTING ---> WAITING
 *     READING ---> WAITING     RETURNED --failed, or the session was lost--> WAITING
 *     WAITING --session lost--> AWAY
 *     WORKING --session lost--> ORPHANED --the job is back--> AWAY
 *     ORPHANED --the job is back, there is another session--> WAITING
 *
 *     asked to end:
 *     WAITING --in a session--> LEAVING --said, or not answered--> CLOSING
 *     WORKING ---> RECALLING     ATTENDING ---> RECALLING    RECALLING --the job is back--> CLOSING
 *     ORPHANED ---> RECALLING    RETURNED ---> CLOSING
 *     AWAY ---> CLOSING        WAITING ---> CLOSING     STORING ---> CLOSING     BEATING ---> CLOSING
 *     TAKING ---> CLOSING      LOOKING ---> CLOSING     CUTTING ---> CLOSING     READING ---> CLOSING
 *     WRITING ---> CLOSING     RELEASING ---> CLOSING */
#ifndef TW_EVALUATOR_MACHINE_H
#define TW_EVALUATOR_MACHINE_H

#include "observe/machine.h"

/* What is true in each is said above. */
enum tw_evaluator_state {
    TW_EVALUATOR_AWAY,
    TW_EVALUATOR_WAITING,
    TW_EVALUATOR_STORING,
    TW_EVALUATOR_BEATING,
    TW_EVALUATOR_TAKING,
    TW_EVALUATOR_LOOKING,
    TW_EVALUATOR_CUTTING,
    TW_EVALUATOR_READING,
    TW_EVALUATOR_WORKING,
    TW_EVALUATOR_ATTENDING,
    TW_EVALUATOR_RETURNED,
    TW_EVALUATOR_WRITING,
    TW_EVALUATOR_RELEASING,
    TW_EVALUATOR_ORPHANED,
    TW_EVALUATOR_LEAVING,
    TW_EVALUATOR_RECALLING,
    TW_EVALUATOR_CLOSING,
    TW_EVALUATOR_STATES
};

/* Its moves and the names of its states; a test holds them against the drawing above. */
extern const struct tw_machine tw_evaluator_machine;

#endif
