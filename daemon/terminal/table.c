#include "terminal/table.h"

#include <jansson.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tw_table {
    const struct tw_column *columns;
    size_t column_count;
    char **cells; /* row by row */
    size_t cell_count;
    size_t capacity;
};

const char *const tw_format_names[] = {
    [TW_FORMAT_TABLE] = "table", [TW_FORMAT_JSON] = "json", [TW_FORMAT_CSV] = "csv", NULL};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
}

struct tw_table *tw_table_new(const struct tw_column *columns, size_t count)
{
    struct tw_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->columns = columns;
    table->column_count = count;
    return table;
}

void tw_table_free(struct tw_table *table)
{
    if (!table)
        return;
    for (size_t at = 0; at < table->cell_count; at++)
        free(table->cells[at]);
    free(table->cells);
    free(table);
}

static bool make_room(struct tw_table *table, size_t wanted)
{
    if (table->cell_count + wanted <= table->capacity)
        return true;
    size_t capacity = table->capacity ? table->capacity * 2 : 64;
    while (capacity < table->cell_count + wanted)
        capacity *= 2;
    char **cells = reallocarray(table->cells, capacity, sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

bool tw_table_add(struct tw_table *table, const char *const *values, struct tw_error *err)
{
    if (!make_room(table, table->column_count))
        return out_of_memory(err);
    size_t before = table->cell_count;
    for (size_t column = 0; column < table->column_count; column++) {
        char *cell = values[column] ? strdup(values[column]) : NULL;
        if (values[column] && !cell) {
            while (table->cell_count > before)
                free(table->cells[--table->cell_count]);
            return out_of_memory(err);
        }
        table->cells[table->cell_count++] = cell;
    }
    return true;
}

/* libsmartcols shows what the locale's encoding does not know as \xNN. Ours is UTF-8 whatever the environment
 * says, for this call alone. */
static bool print_as_utf8(struct libscols_table *view)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    bool printed = scols_print_table(view) == 0;
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return printed;
}

static bool print_columns(const struct tw_table *table, FILE *to, struct tw_error *err)
{
    struct libscols_table *view = scols_new_table();
    bool built = view != NULL;
    for (size_t column = 0; built && column < table->column_count; column++)
        built = scols_table_new_column(view, table->columns[column].name, 0,
                    table->columns[column].number ? SCOLS_FL_RIGHT : 0) != NULL;
    for (size_t cell = 0; built && cell < table->cell_count; cell += table->column_count) {
        struct libscols_line *line = scols_table_new_line(view, NULL);
        built = line != NULL;
        for (size_t column = 0; built && column < table->column_count; column++)
            built = scols_line_set_data(line, column, table->cells[cell + column]) == 0;
    }
    if (built) {
        scols_table_set_stream(view, to);
        built = print_as_utf8(view);
    }
    if (view)
        scols_unref_table(view);
    return built ? true : out_of_memory(err);
}

/* A cell of a number column that JSON would read as a number is written as one. */
static json_t *json_cell(const struct tw_column *column, const char *cell)
{
    if (!cell)
        return json_null();
    json_t *number = column->number ? json_loads(cell, JSON_DECODE_ANY, NULL) : NULL;
    if (number && json_is_number(number))
        return number;
    json_decref(number);
    return json_string(cell);
}

static bool print_json(const struct tw_table *table, FILE *to, struct tw_error *err)
{
    json_t *list = json_array();
    bool built = list != NULL;
    for (size_t cell = 0; built && cell < table->cell_count; cell += table->column_count) {
        json_t *row = json_object();
        for (size_t column = 0; row && built && column < table->column_count; column++)
            built = json_object_set_new(row, table->columns[column].name,
                        json_cell(&table->columns[column], table->cells[cell + column])) == 0;
        built = json_array_append_new(list, row) == 0 && built;
    }
    built = built && json_dumpf(list, to, JSON_INDENT(2)) == 0 && fputc('\n', to) != EOF;
    json_decref(list);
    return built ? true : out_of_memory(err);
}

static void print_csv_cell(const char *cell, FILE *to)
{
    if (!cell)
        return;
    if (!strpbrk(cell, ",\"\r\n")) {
        fputs(cell, to);
        return;
    }
    fputc('"', to);
    for (; *cell; cell++) {
        if (*cell == '"')
            fputc('"', to);
        fputc(*cell, to);
    }
    fputc('"', to);
}

static bool print_csv(const struct tw_table *table, FILE *to, struct tw_error *err)
{
    (void)err; /* what the stream did not take is told by the caller */
    for (size_t column = 0; column < table->column_count; column++) {
        fputs(column ? "," : "", to);
        print_csv_cell(table->columns[column].name, to);
    }
    fputs("\r\n", to);
    for (size_t cell = 0; table->column_count && cell < table->cell_count; cell++) {
        print_csv_cell(table->cells[cell], to);
        fputs((cell + 1) % table->column_count ? "," : "\r\n", to);
    }
    return true;
}

bool tw_table_print(const struct tw_table *table, enum tw_format format, FILE *to, struct tw_error *err)
{
    static bool (*const printers[])(const struct tw_table *, FILE *, struct tw_error *) = {
        [TW_FORMAT_TABLE] = print_columns, [TW_FORMAT_JSON] = print_json, [TW_FORMAT_CSV] = print_csv};
    bool printed = printers[format](table, to, err);
    return ferror(to) ? tw_fail(err, TW_IO, NULL, "free space on the disk", "cannot write the table")
                      : printed;
}
