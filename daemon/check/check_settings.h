/* check_settings: what librdkafka and libpq will say of names, values and files, before any server is asked.
 * Every one of them is looked at, whatever is wrong with the others. */
#ifndef TW_CHECK_SETTINGS_H
#define TW_CHECK_SETTINGS_H

#include "check/check.h"

/* kafka.properties one by one, kafka.secrets, whether they fit together; the connection string's files and
 * the password's. What the loader refused already is left out. */
void tw_check_settings(struct tw_check *check);

#endif
