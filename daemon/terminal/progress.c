#include "terminal/progress.h"

#include "base/clock.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 24, MOST_LINE = 512 };
static const double quiet_seconds = 10.0, drawing_seconds = 0.1;

void tw_show_begin(struct tw_show *show, FILE *to)
{
    struct winsize size = {0};
    *show = (struct tw_show){.to = to, .quiet_seconds = quiet_seconds, .width = 80, .last = -1};
    show->terminal = isatty(fileno(to)) == 1;
    if (show->terminal && ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        show->width = size.ws_col;
}

/* ---- one line about where the run stands ---- */

/* 2310456 as "2,310,456". */
static void print_grouped(uint64_t number, char *text, size_t size)
{
    char digits[32];
    size_t count = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number), used = 0;
    for (size_t at = 0; at < count && used + 2 < size; at++) {
        if (at > 0 && (count - at) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[at];
    }
    text[used] = '\0';
}

static void print_duration(double seconds, char *text, size_t size)
{
    uint64_t whole = seconds > 0 ? (uint64_t)(seconds + 0.5) : 0;
    if (whole >= 3600)
        snprintf(text, size, "%llu h %02llu min", (unsigned long long)(whole / 3600),
            (unsigned long long)(whole / 60 % 60));
    else if (whole >= 60)
        snprintf(text, size, "%llu min %02llu s", (unsigned long long)(whole / 60),
            (unsigned long long)(whole % 60));
    else
        snprintf(text, size, "%llu s", (unsigned long long)whole);
}

static void print_bar(const struct tw_show_at *at, int bar, char *text, size_t size)
{
    int done = at->most_steps ? (int)((uint64_t)bar * at->step / at->most_steps) : 0;
    size_t used = 0;
    if (bar <= 0 || (size_t)bar + 4 > size)
        return;
    text[used++] = '[';
    for (int place = 0; place < bar; place++)
        text[used++] = place < done ? '#' : '.';
    text[used++] = ']';
    text[used++] = ' ';
    text[used] = '\0';
}

size_t tw_show_text(const struct tw_show_at *at, int bar, char *text, size_t size)
{
    char drawn[128] = "", speed[32], left[48];
    print_bar(at, bar, drawn, sizeof drawn);
    print_grouped((uint64_t)at->tokens_per_s, speed, sizeof speed);
    print_duration(at->seconds_left, left, sizeof left);
    int printed = snprintf(text, size, "%sstep %llu/%llu  epoch %.2f  loss %.4f  %s tokens/s  %s left", drawn,
        (unsigned long long)at->step, (unsigned long long)at->most_steps, at->epoch, at->loss, speed, left);
    return printed < 0 ? 0 : (size_t)printed < size ? (size_t)printed : size - 1;
}

/* ---- drawing ---- */

static void wipe(struct tw_show *show)
{
    if (show->drawn)
        fputs("\r\033[K", show->to);
    show->drawn = false;
}

/* Not every step is shown: a terminal is drawn upon ten times a second at most. */
static bool is_due(struct tw_show *show)
{
    double moment = (double)tw_now_us() / 1e6;
    if (show->last >= 0 && moment - show->last < (show->terminal ? drawing_seconds : show->quiet_seconds))
        return false;
    show->last = moment;
    return true;
}

static void draw(struct tw_show *show, const char *text)
{
    wipe(show);
    fprintf(show->to, "%.*s", show->width - 1, text); /* a line that wraps cannot be wiped */
    fflush(show->to);
    show->drawn = true;
}

void tw_show_step(struct tw_show *show, const struct tw_show_at *at)
{
    char text[MOST_LINE];
    if (!is_due(show) && at->step != at->most_steps)
        return;
    tw_show_text(at, show->terminal ? BAR : 0, text, sizeof text);
    if (show->terminal)
        draw(show, text);
    else
        fprintf(show->to, "%s\n", text);
}

void tw_show_status(struct tw_show *show, const char *text)
{
    if (show->terminal && is_due(show))
        draw(show, text);
}

void tw_show_columns(struct tw_show *show, const struct tw_show_column *columns, size_t count)
{
    show->columns = columns;
    show->column_count = count;
    show->head_printed = false;
}

static void print_cells(struct tw_show *show, const char *const *values)
{
    for (size_t column = 0; column < show->column_count; column++)
        fprintf(show->to, "%s%*s", column ? "  " : "", show->columns[column].width,
            values ? (values[column] ? values[column] : "") : show->columns[column].name);
    fputc('\n', show->to);
}

void tw_show_row(struct tw_show *show, const char *const *values)
{
    wipe(show);
    if (!show->head_printed)
        print_cells(show, NULL);
    show->head_printed = true;
    print_cells(show, values);
    fflush(show->to);
}

void tw_show_line(struct tw_show *show, const char *line)
{
    wipe(show);
    fprintf(show->to, "%s\n", line);
    fflush(show->to);
}

void tw_show_end(struct tw_show *show)
{
    wipe(show);
    fflush(show->to);
}
