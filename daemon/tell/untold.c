#include "tell/untold.h"

enum {
    SAME_MS = 1000,
    GIVEN_UP_MS = 2000, /* rows are given up when they are looked at, which takes a while */
    BY_THEMSELVES = 2   /* rows may be refused one behind the other */
};

void tw_untold_begin(struct tw_untold *untold, uint64_t now_ms)
{
    *untold = (struct tw_untold){.progress_ms = now_ms, .unknown_ms = now_ms};
}

void tw_untold_note(struct tw_untold *untold, const struct tw_untold_seen *seen, uint64_t now_ms)
{
    int64_t oldest_ms = (int64_t)now_ms - seen->age_ms;
    bool begins = untold->rows == 0 || seen->rows == 0;
    bool moved = begins || oldest_ms > untold->oldest_ms + SAME_MS;
    bool given_up = !begins && tw_untold_age_ms(untold, now_ms) + GIVEN_UP_MS >= seen->keep_ms;
    if (moved && !given_up)
        untold->progress_ms = now_ms;
    if (moved)
        untold->oldest_ms = oldest_ms;
    untold->rows = seen->rows;
    untold->unknown_ms = 0;
}

void tw_untold_told(struct tw_untold *untold, bool oldest, uint64_t now_ms)
{
    if (oldest)
        untold->progress_ms = now_ms;
}

void tw_untold_ended(struct tw_untold *untold, bool told)
{
    untold->refused = told ? 0 : untold->refused + 1;
}

uint32_t tw_untold_refused(const struct tw_untold *untold)
{
    return untold->refused > BY_THEMSELVES ? untold->refused : 0;
}

void tw_untold_repeated(struct tw_untold *untold, bool told, uint64_t now_ms)
{
    if (told)
        untold->unrepeated_ms = 0;
    else if (untold->unrepeated_ms == 0)
        untold->unrepeated_ms = now_ms;
}

void tw_untold_unknown(struct tw_untold *untold, uint64_t now_ms)
{
    if (untold->unknown_ms == 0)
        untold->unknown_ms = now_ms;
}

uint64_t tw_untold_behind_ms(const struct tw_untold *untold, uint64_t now_ms)
{
    uint64_t untold_ms = untold->rows > 0 ? now_ms - untold->progress_ms : 0;
    uint64_t unrepeated_ms = untold->unrepeated_ms > 0 ? now_ms - untold->unrepeated_ms : 0;
    return untold_ms > unrepeated_ms ? untold_ms : unrepeated_ms;
}

uint64_t tw_untold_unknown_ms(const struct tw_untold *untold, uint64_t now_ms)
{
    return untold->unknown_ms > 0 ? now_ms - untold->unknown_ms : 0;
}

int64_t tw_untold_age_ms(const struct tw_untold *untold, uint64_t now_ms)
{
    return untold->rows > 0 ? (int64_t)now_ms - untold->oldest_ms : 0;
}
