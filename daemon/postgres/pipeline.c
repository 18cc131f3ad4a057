#include "postgres/pipeline.h"

#include "postgres/postgres.h"

#include <stdio.h>

void tw_pipeline_begin(struct tw_pipeline *pipeline, const struct tw_exchange *exchange)
{
    pipeline->exchange = *exchange;
    pipeline->exchanging = true;
    pipeline->refused = false;
    pipeline->sent_count = 0;
    pipeline->answered = 0;
    pipeline->answering = false;
}

void tw_pipeline_note(struct tw_pipeline *pipeline, enum tw_statement statement, int sent)
{
    if (!sent)
        pipeline->broken = true;
    if (pipeline->sent_count < TW_PIPELINE_SENT_MOST)
        pipeline->sent[pipeline->sent_count] = (uint16_t)statement;
    pipeline->sent_count++;
}

void tw_pipeline_send(struct tw_pipeline *pipeline, PGconn *pg, enum tw_statement statement,
    const char *const *values, const int *lengths)
{
    static const int binary[TW_STATEMENT_PARAMETERS] = {
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct tw_statement_row *row = &pipeline->rows[statement];
    if (pipeline->broken || !pg)
        return;
    tw_pipeline_note(pipeline, statement,
        PQsendQueryPrepared(pg, row->name, row->parameter_count, values, lengths, binary, 1));
}

void tw_pipeline_sync(struct tw_pipeline *pipeline, PGconn *pg)
{
    if (pipeline->broken || !pg || !PQpipelineSync(pg))
        pipeline->broken = true;
}

static enum tw_statement answering(const struct tw_pipeline *pipeline)
{
    return pipeline->answered < pipeline->sent_count && pipeline->answered < TW_PIPELINE_SENT_MOST
               ? (enum tw_statement)pipeline->sent[pipeline->answered]
               : TW_STATEMENTS;
}

void tw_pipeline_refuse(struct tw_pipeline *pipeline, enum tw_sqlstate means, const struct tw_error *error)
{
    if (pipeline->refused)
        return; /* the first one is the cause */
    pipeline->refused = true;
    pipeline->refused_at = pipeline->answered;
    pipeline->refusal =
        (struct tw_refusal){.means = means, .statement = answering(pipeline), .error = *error};
}

static void note_refusal(struct tw_pipeline *pipeline, PGconn *pg, const PGresult *result)
{
    enum tw_statement statement = answering(pipeline);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    struct tw_error error;
    if (pipeline->refused)
        return;
    tw_postgres_failed(
        pg, result, statement < TW_STATEMENTS ? tw_statements[statement].name : "PostgreSQL", &error);
    tw_pipeline_refuse(pipeline, tw_sqlstate_of_statement(code, constraint), &error);
    snprintf(pipeline->refusal.code, sizeof pipeline->refusal.code, "%s", code ? code : "");
}

/* One result, cleared unless it is kept; true when it was the Sync's. */
static bool take_result(struct tw_pipeline *pipeline, PGconn *pg, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    bool kept = false;
    if (good && pipeline->exchange.rows && !pipeline->refused)
        kept = pipeline->exchange.rows(pipeline->exchange.context, answering(pipeline), result);
    else if (!good && status != PGRES_PIPELINE_SYNC && status != PGRES_PIPELINE_ABORTED)
        note_refusal(pipeline, pg, result);
    if (!kept)
        PQclear(result);
    return status == PGRES_PIPELINE_SYNC;
}

/* Each statement's results end with a NULL; the Sync's has none after it. */
bool tw_pipeline_take(struct tw_pipeline *pipeline, PGconn *pg)
{
    int nothing = 0;
    while (pipeline->exchanging && !PQisBusy(pg)) {
        PGresult *result = PQgetResult(pg);
        if (!result) {
            pipeline->answered += pipeline->answering;
            pipeline->answering = false;
            if (++nothing > 1)
                return false; /* nothing more is on its way yet */
            continue;
        }
        nothing = 0;
        pipeline->answering = true;
        if (take_result(pipeline, pg, result))
            return true;
    }
    return false;
}

void tw_pipeline_finish(struct tw_pipeline *pipeline)
{
    struct tw_exchange exchange = pipeline->exchange;
    struct tw_refusal refusal = pipeline->refusal;
    pipeline->exchanging = false;
    if (exchange.done)
        exchange.done(exchange.context, pipeline->refused ? &refusal : NULL);
}

void tw_pipeline_lose(struct tw_pipeline *pipeline, const struct tw_error *why)
{
    struct tw_exchange exchange = pipeline->exchange;
    struct tw_refusal refusal = {
        .means = TW_SQLSTATE_PASSING, .statement = TW_STATEMENTS, .lost = true, .error = *why};
    bool exchanging = pipeline->exchanging;
    pipeline->exchanging = false;
    pipeline->broken = false;
    if (exchanging && exchange.done)
        exchange.done(exchange.context, &refusal);
}
