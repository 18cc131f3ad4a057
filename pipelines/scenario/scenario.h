/* scenario: runs a file of cases (scenario_file.h): messages in, labels, events, stories and alerts out, held
 * against what the file expects; without a server, on a virtual clock.
 *
 *     messages, one after another --> river --> rows --> alert/simulation --> steps
 *                                                |          ^
 *                                             waiting    watermark: closed bars
 *                                         (their stories)
 *
 * It is the code of `serve`: the river with its rules, the watermark of one partition, the turns of the
 * evaluator. THE CLOCK is event time. Each message stands in a partition behind the one before it; when its
 * time moves the watermark, the bars that close are evaluated before the next message comes, so a late one is
 * late here too; what a document tells is known when time has passed it, and rules look at it then
 * (waiting.h). After the last message the clock runs to the end of the newest bar, as it would when the
 * stream falls silent, or on to `until`. A message without a time of its own has that of the one before it.
 * Each case begins with nothing.
 *
 * Not decided here is what needs a clock of the world: times that lie beyond a record's own stamp. */
#ifndef TW_SCENARIO_H
#define TW_SCENARIO_H

#include <stdio.h>

#include "river.h"
#include "scenario/expectations.h"

struct tw_scenario_options {
    const struct tw_river *river; /* with rules and events, as far as there are any */
    int64_t lateness_us;
    size_t memory_bytes;     /* of bars (simulation.h) */
    bool stories;            /* rules count stories, not copies (waiting.h) */
    uint32_t most_documents; /* that a new one is compared with, to find its story */
    FILE *show;              /* gets a line for all that is found; NULL: nobody */
};

/* Runs all cases. What is not met is told through `expectations`, and is no failure of the call. False:
 * TW_CONFIG when the file expects alerts or events where there are no rules or no events file; errors of the
 * tapes (archive.h); TW_FULL and TW_INTERNAL. */
TW_MUST_USE bool tw_scenario_run(const struct tw_scenario_file *file,
    const struct tw_scenario_options *options, struct tw_expectations *expectations, struct tw_error *err);

#endif
