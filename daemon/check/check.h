/* check: where the stages of `tapewatch check` say what they found.
 *
 *     tw_check_begin_stage(&check, "settings");
 *     ... check.detail is filled, tw_check_wrong is called, problems are added to check.problems ...
 *     tw_check_end_stage(&check);                        // prints: ok, or a line for each thing wrong
 *
 * A stage tells all that it finds wrong, not the first; the exit status is that of the gravest of all stages.
 * Findings go to standard output, a line each; the carets of problems go to standard error, as with every
 * command. */
#ifndef TW_CHECK_H
#define TW_CHECK_H

#include "config/config.h"
#include "files/problems.h"

struct tw_check {
    struct tw_config config;
    struct tw_arena arena;

    const char *stage;
    char detail[1024];           /* what is said of a stage that found nothing wrong */
    struct tw_problems problems; /* of files, with their places; told at the stage's end */
    bool partly;                 /* not all could be looked at: nothing wrong is then not the same as right */
    uint32_t wrong;              /* things that this stage told already */

    struct tw_error gravest; /* of all stages; TW_OK: nothing was wrong */
};

/* Names the stage; findings, detail and problems are of this one from now on. */
void tw_check_begin_stage(struct tw_check *check, const char *name);

/* One thing is wrong. Returns false. */
bool tw_check_wrong(struct tw_check *check, const struct tw_error *err);

/* Tells the problems, or the detail when nothing was wrong: after `ok`, or after `--` when it was looked at
 * partly. */
void tw_check_end_stage(struct tw_check *check);

/* The stage cannot be run. Neither right nor wrong: what keeps it from running was told. */
void tw_check_pass_over(struct tw_check *check, const char *name, const char *why);

/* Is `left` the graver of two? What no waiting mends comes first: configuration and permission before files,
 * files before servers (deploy/docs/operations.md, "Exit status"). */
bool tw_check_graver(enum tw_code left, enum tw_code right);

#endif
