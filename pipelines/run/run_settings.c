#include "run/run_settings.h"

const char *const tw_run_schedules[] = {"linear", "slanted", "cosine", "constant", NULL};
const char *const tw_run_dtypes[] = {"f32", "f16", "bf16", NULL};
const char *const tw_run_precisions[] = {"f32", "bf16", TW_RUN_PRECISION_AUTO, NULL};
