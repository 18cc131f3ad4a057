/* progress: how a long run shows itself.
 *
 * On a terminal: one line that is drawn over and over at its foot, a bar with step, loss, tokens/s and time
 * left; lines and table rows scroll above it. Elsewhere (a file, a pipe): plain lines, one every
 * `quiet_seconds`, and the same rows.
 *
 *     struct tw_show show;
 *     tw_show_begin(&show, stderr);
 *     tw_show_columns(&show, columns, count);           // a table's head, printed before its first row
 *     tw_show_step(&show, &step);                // as often as one likes: at most 10 drawings a second
 *     tw_show_row(&show, values);                       // as many texts as columns
 *     tw_show_line(&show, "model/best: saved");
 *     tw_show_status(&show, "reading: 1024 records");   // a text in the place of the bar
 *     tw_show_end(&show);                               // the bar goes */
#ifndef TW_PROGRESS_H
#define TW_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tw_show_column {
    const char *name;
    int width;
};

struct tw_show_at {
    uint64_t step, most_steps;
    double epoch, loss, tokens_per_s, seconds_left;
};

struct tw_show {
    FILE *to;
    bool terminal;
    bool drawn;           /* the bar stands on the last line */
    int width;            /* of the terminal */
    double quiet_seconds; /* between plain lines; 10 */
    double last;          /* when something was shown */
    const struct tw_show_column *columns;
    size_t column_count;
    bool head_printed;
};

/* Shows itself on `to`: as on a terminal when that is one, else in plain lines. */
void tw_show_begin(struct tw_show *show, FILE *to);
/* The table of the rows to come; its head is printed before the first of them. The columns outlive the
 * show. */
void tw_show_columns(struct tw_show *show, const struct tw_show_column *columns, size_t count);
/* Draws the bar anew, or prints a plain line, when it is time for that. */
void tw_show_step(struct tw_show *show, const struct tw_show_at *at);
/* Any text in the place of the bar; nothing but on a terminal. */
void tw_show_status(struct tw_show *show, const char *text);
/* A row of the table, as many texts as it has columns; the bar stays below. */
void tw_show_row(struct tw_show *show, const char *const *values);
/* A line of its own above the bar. */
void tw_show_line(struct tw_show *show, const char *line);
/* Takes the bar away: what is printed next begins on an empty line. */
void tw_show_end(struct tw_show *show);

/* One line for people at `at`, without newline: "step 120/400 epoch 1.20 loss 0.4312 2,310 tokens/s 3 min 20
 * s left"; with a bar of `bar` characters before it when bar > 0. Returns its length. */
size_t tw_show_text(const struct tw_show_at *at, int bar, char *text, size_t size);

#endif
