#include "observe/notify.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

void tw_notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void tw_notify_starting(uint64_t more_ms)
{
    sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", (unsigned long long)more_ms * 1000);
}

void tw_notify_status(const char *status, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, status);
    vsnprintf(line, sizeof line, status, arguments);
    va_end(arguments);
    sd_notifyf(0, "STATUS=%s", line);
}

void tw_notify_reloading(void)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)tw_now_us());
}

void tw_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void tw_notify_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

uint64_t tw_notify_watchdog_ms(void)
{
    uint64_t every_us = 0;
    if (sd_watchdog_enabled(0, &every_us) <= 0)
        return 0;
    return every_us / 2000;
}
