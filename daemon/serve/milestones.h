/* milestones: the first and the last line that `serve` writes: what it is, and why it ended.
 *
 *     event=started version=0.1.0 config=/etc/tapewatch/tapewatch.yaml model=/usr/share/tapewatch/model-int8
 *         sha256=47d2... precision=int8 because="auto: 99.56% of its labels of calibration text are those of
 *         fp32" gemm=... rules=3 entities=30 workers=2 topics="news, posts" group=tapewatch
 *         settings="tapewatch status --config"
 *     event=ended why="asked to by a signal" status=0 seconds=86412 documents=1204331 dead_letters=12
 *     alerts_opened=7
 *
 * A daemon that cannot start writes neither: its error is the only line. */
#ifndef TW_MILESTONES_H
#define TW_MILESTONES_H

struct tw_daemon;

/* Every room is open. */
void tw_milestones_started(struct tw_daemon *daemon);

/* The loop has ended, with this exit status. Nothing, when it had not started. */
void tw_milestones_ended(const struct tw_daemon *daemon, int status);

#endif
