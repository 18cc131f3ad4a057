#include "check/check.h"

#include <stdio.h>

/* Gravest first. */
static const enum tw_code order[] = {TW_CONFIG, TW_PERMISSION, TW_IO, TW_OUTPUT, TW_FULL, TW_INTERNAL,
    TW_USAGE, TW_HELD, TW_SERVER, TW_INTERRUPTED, TW_REFUSED, TW_OK};

static size_t rank_of(enum tw_code code)
{
    size_t at = 0;
    while (at + 1 < sizeof order / sizeof order[0] && order[at] != code)
        at++;
    return at;
}

bool tw_check_graver(enum tw_code left, enum tw_code right)
{
    return rank_of(left) < rank_of(right);
}

void tw_check_begin_stage(struct tw_check *check, const char *name)
{
    check->stage = name;
    check->detail[0] = '\0';
    check->wrong = 0;
    check->partly = false;
    tw_problems_begin(&check->problems, &check->arena);
}

static void print_wrong(struct tw_check *check, const struct tw_error *err)
{
    char line[1200];
    tw_error_line(err, line, sizeof line);
    printf("WRONG  %-10s %s\n", check->stage, line);
    check->wrong++;
}

static void weigh(struct tw_check *check, const struct tw_error *err)
{
    if (tw_check_graver(err->code, check->gravest.code))
        check->gravest = *err;
}

bool tw_check_wrong(struct tw_check *check, const struct tw_error *err)
{
    print_wrong(check, err);
    weigh(check, err);
    return false;
}

static void tell_problems(struct tw_check *check)
{
    struct tw_error err = {0};
    struct tw_text text;
    if (tw_problems_render(&check->problems, &check->arena, &text, &err))
        fprintf(stderr, "%.*s", (int)text.length, text.bytes);
    for (const struct tw_problem *at = check->problems.first; at; at = at->next) {
        char where[256];
        tw_problem_place(at, where, sizeof where);
        tw_fail(&err, TW_CONFIG, where, at->cure.bytes, "%s", at->what.bytes);
        print_wrong(check, &err);
    }
    if (check->problems.unkept > 0) {
        tw_fail(&err, TW_CONFIG, NULL, NULL, "and %u more", check->problems.unkept);
        print_wrong(check, &err);
    }
    tw_problems_fail(&check->problems, &err);
    weigh(check, &err);
}

void tw_check_end_stage(struct tw_check *check)
{
    if (check->problems.count > 0)
        tell_problems(check);
    if (check->wrong == 0)
        printf("%-6s %-10s %s\n", check->partly ? "--" : "ok", check->stage, check->detail);
    fflush(stdout);
}

void tw_check_pass_over(struct tw_check *check, const char *name, const char *why)
{
    (void)check;
    printf("--     %-10s %s\n", name, why);
    fflush(stdout);
}
