/* severity: how much an alert, or an event, asks for somebody's attention. */
#ifndef TW_SEVERITY_H
#define TW_SEVERITY_H

enum tw_severity { TW_SEVERITY_INFO, TW_SEVERITY_WARNING, TW_SEVERITY_CRITICAL };

extern const char *const tw_severity_names[]; /* by enum tw_severity, ended by NULL */

#endif
