/* migrations: the files of sql/, as they were when the program was built (sql_to_c.cmake makes
 * migrations.c), so that `migrate` needs no path. In order of version; versions count from 1
 * without a gap. */
#ifndef TW_MIGRATIONS_H
#define TW_MIGRATIONS_H

#include <stddef.h>

struct tw_migration {
    int version;
    const char *name; /* file name */
    const char *sql;  /* ended by NUL */
    size_t length;
};

extern const struct tw_migration tw_migrations[];
extern const size_t tw_migration_count;

#endif
