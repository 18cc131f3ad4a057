#include "severity.h"

#include <stddef.h>

const char *const tw_severity_names[] = {"info", "warning", "critical", NULL};
