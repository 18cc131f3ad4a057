#include "run/run_watch.h"

#include <stdarg.h>
#include <stdio.h>

void tw_run_report_line(const struct tw_run_watch *watch, const char *format, ...)
{
    char line[512];
    va_list arguments;
    if (!watch->on_report_line)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    watch->on_report_line(watch->context, line);
}
