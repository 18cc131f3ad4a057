/* config_rows: the table of keys, as config.c reads it and config_print.c writes it; for the rooms of this
 * folder alone.
 *
 * A row is born once, with section, name, range, prose, default and the place of its field; loader, `config
 * --defaults`, `--effective` and `--reference` walk the same rows. Rows of a section stand together. */
#ifndef TW_CONFIG_ROWS_H
#define TW_CONFIG_ROWS_H

#include "config/config.h"
#include "files/yaml_tree.h"

/* How a value of the file becomes a field of struct tw_config. */
enum tw_config_field_kind {
    TW_FIELD_BOOL,
    TW_FIELD_INT,        /* int64_t, the number divided by `divide` */
    TW_FIELD_SIZE,       /* size_t */
    TW_FIELD_STRING,     /* const char * */
    TW_FIELD_PATH,       /* const char *, relative to the file's folder */
    TW_FIELD_STRINGS,    /* struct tw_strings */
    TW_FIELD_NAMES,      /* struct tw_name_list */
    TW_FIELD_PROPERTIES, /* struct tw_properties */
    TW_FIELD_SECRETS,    /* struct tw_properties whose values are paths, relative to the file's folder */
    TW_FIELD_WEIGHTS,    /* struct tw_source_list: its names; the weight of all others is a row of its own */
    TW_FIELD_CHOICE,     /* an enum whose values are the indices of the choices */
};

enum tw_config_owner { TW_OWNER_CONFIG, TW_OWNER_DECODE };

struct tw_config_row {
    const char *section; /* "" for a key of the file's top */
    struct tw_yaml_key key;
    const char *standard; /* the default, as YAML; "" for none */
    enum tw_config_field_kind field;
    enum tw_config_owner owner;
    size_t offset;
    int64_t divide;
    bool reloadable;
    const char *example; /* of a key without default: what `config --defaults` shows, commented out */
};

enum { TW_CONFIG_ROWS = 70 };
extern const struct tw_config_row tw_config_rows[]; /* TW_CONFIG_ROWS */

/* Is this the first row of its section? */
bool tw_config_starts_section(size_t row);
/* One past the last row of the section that begins at `first`. */
size_t tw_config_section_end(size_t first);
/* Where the row's value stands in `config`. */
void *tw_config_field(struct tw_config *config, const struct tw_config_row *row);

#endif
