#include "postgres/sqlstate.h"

#include <string.h>

const struct tw_sqlstate_row tw_sqlstates[] = {
    {"TWF01", TW_SQLSTATE_FENCED, "fenced"},
    {"TWE01", TW_SQLSTATE_OUTRUN, "outrun"},
    {"23505", TW_SQLSTATE_DOUBLED, "unique_violation"},
    {"23514", TW_SQLSTATE_DAY, "check_violation"},
    {"54000", TW_SQLSTATE_ROW, "program_limit_exceeded"}, /* a value too long for an index */
    {"28P01", TW_SQLSTATE_PASSWORD, "invalid_password"},
    {"28", TW_SQLSTATE_PASSWORD, "invalid_authorization_specification"},
    {"42501", TW_SQLSTATE_PERMISSION, "insufficient_privilege"},
    {"3F000", TW_SQLSTATE_SCHEMA, "invalid_schema_name"},
    {"42P01", TW_SQLSTATE_SCHEMA, "undefined_table"},
    {"42703", TW_SQLSTATE_SCHEMA, "undefined_column"},
    {"42883", TW_SQLSTATE_SCHEMA, "undefined_function"},
    {"42704", TW_SQLSTATE_SCHEMA, "undefined_object"},
    {"26000", TW_SQLSTATE_POOLED, "invalid_sql_statement_name"},
    {"42P05", TW_SQLSTATE_POOLED, "duplicate_prepared_statement"},
    {"08", TW_SQLSTATE_PASSING, "connection_exception"},
    {"40001", TW_SQLSTATE_PASSING, "serialization_failure"},
    {"40P01", TW_SQLSTATE_PASSING, "deadlock_detected"},
    {"55P03", TW_SQLSTATE_PASSING, "lock_not_available"},
    {"57P01", TW_SQLSTATE_PASSING, "admin_shutdown"},
    {"57P02", TW_SQLSTATE_PASSING, "crash_shutdown"},
    {"57P03", TW_SQLSTATE_PASSING, "cannot_connect_now"},
    {"57P05", TW_SQLSTATE_PASSING, "idle_session_timeout"},
    {"57014", TW_SQLSTATE_PASSING, "query_canceled"},
    {"53", TW_SQLSTATE_PASSING, "insufficient_resources"},
    {"25006", TW_SQLSTATE_PASSING, "read_only_sql_transaction"},
    {"25P03", TW_SQLSTATE_PASSING, "idle_in_transaction_session_timeout"},
    {"58030", TW_SQLSTATE_PASSING, "io_error"},
    {"22", TW_SQLSTATE_ROW, "data_exception"},
    {"23", TW_SQLSTATE_ROW, "integrity_constraint_violation"},
};
const size_t tw_sqlstate_count = sizeof tw_sqlstates / sizeof tw_sqlstates[0];

enum tw_sqlstate tw_sqlstate_of(const char *code)
{
    if (!code || strlen(code) != 5)
        return TW_SQLSTATE_PASSING;
    for (size_t row = 0; row < tw_sqlstate_count; row++)
        if (strcmp(tw_sqlstates[row].code, code) == 0)
            return tw_sqlstates[row].means;
    for (size_t row = 0; row < tw_sqlstate_count; row++)
        if (strlen(tw_sqlstates[row].code) == 2 && strncmp(tw_sqlstates[row].code, code, 2) == 0)
            return tw_sqlstates[row].means;
    return TW_SQLSTATE_UNKNOWN;
}

enum tw_sqlstate tw_sqlstate_of_statement(const char *code, const char *constraint)
{
    enum tw_sqlstate means = tw_sqlstate_of(code);
    return means == TW_SQLSTATE_DAY && constraint && constraint[0] ? TW_SQLSTATE_ROW : means;
}
