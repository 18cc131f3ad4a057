#include "observe/machine.h"

bool tw_machine_allows(const struct tw_machine *machine, unsigned from, unsigned to)
{
    return from < machine->count && to < machine->count && (machine->moves[from] & TW_MOVE(to)) != 0;
}

static const char *name_of(const struct tw_machine *machine, unsigned state)
{
    return state < machine->count ? machine->names[state] : "no such state";
}

bool tw_machine_tell(const struct tw_machine *machine, const struct tw_log *log, enum tw_level level,
    unsigned from, unsigned to, const char *why)
{
    struct tw_error err;
    if (tw_machine_allows(machine, from, to)) {
        if (tw_log_shows(log, level, machine->room))
            tw_log(log, level, machine->room, "moved", tw_string("from", machine->names[from]),
                tw_string("to", machine->names[to]), tw_string("why", why));
        return true;
    }
    tw_fail(&err, TW_INTERNAL, machine->room, "report this line; it is a mistake of the program",
        "moved from %s to %s (%s), which its drawing does not have", name_of(machine, from),
        name_of(machine, to), why);
    tw_log_error(log, machine->room, "a move that is not allowed", &err);
    return false;
}
