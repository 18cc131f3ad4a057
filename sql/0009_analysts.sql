-- For those who ask: names without a schema, what the entities file says of a company, a view by minute that reads only
-- the days it is asked for.

-- Whoever logs in as tapewatch_reader finds the tables by their bare names in this database. (A setting of a role holds for its
-- own log-ins alone; a login that is only a member of it takes the same line for itself.)
DO $$
BEGIN
    EXECUTE format('ALTER ROLE tapewatch_reader IN DATABASE %I SET search_path = tapewatch, public', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'the role that migrates may not alter tapewatch_reader, which therefore has no search_path'
        USING HINT = format('have somebody who may run: ALTER ROLE tapewatch_reader IN DATABASE %I SET search_path = tapewatch, public',
            current_database());
END
$$;

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.entities ADD COLUMN exchange text, ADD COLUMN kind text, ADD COLUMN sector text;
COMMENT ON TABLE tapewatch.entities IS 'Companies (and whatever else has a symbol): all of the entities file, and whatever else documents have spoken of';
COMMENT ON COLUMN tapewatch.entities.listed IS 'Whether it stands in the entities file, as a daemon read it last; false when that file names it no more';
COMMENT ON COLUMN tapewatch.entities.exchange IS 'Exchange, as the entities file says (said last, when it is listed no more); NULL when it does not';
COMMENT ON COLUMN tapewatch.entities.kind IS 'Kind (company, index, sector), as the entities file says (said last, when it is listed no more); NULL when it does not';
COMMENT ON COLUMN tapewatch.entities.sector IS 'Sector, as the entities file says (said last, when it is listed no more); NULL when it does not';
COMMENT ON COLUMN tapewatch.entities.first_seen_at IS 'Wall clock (UTC) when a daemon first stored it, from a document or from the entities file';
GRANT UPDATE (exchange, kind, sector) ON tapewatch.entities TO tapewatch_writer;

-- Grouping all bars by minute, a condition on the minute is one on an expression, which no partition can be left out for. So
-- the minutes come first, those of the days that there are; each asks for its own ten-second bars, and PostgreSQL opens
-- the one day that holds them, whatever the condition says (now() included).
CREATE OR REPLACE VIEW tapewatch.sentiment_by_minute AS
SELECT b.entity, coalesce(e.name, b.entity) AS name, m.minute, b.scores,
    (b.sum / 10000.0 / b.scores)::numeric(9, 4) AS mean,
    (b.negative_sum / 10000.0)::numeric(18, 4) AS negative_sum,
    sqrt(greatest(b.sum_of_squares / b.scores - (b.sum / b.scores) ^ 2, 0) / 1e8)::numeric(9, 4) AS deviation
FROM tapewatch.days d
CROSS JOIN LATERAL generate_series(d.day::timestamp AT TIME ZONE 'UTC',
    d.day::timestamp AT TIME ZONE 'UTC' + interval '1439 minutes', interval '1 minute') AS m (minute)
CROSS JOIN LATERAL (
    SELECT entity, sum(scores) AS scores, sum(sum) AS sum, sum(sum_of_squares) AS sum_of_squares,
        sum(negative_sum) AS negative_sum
    FROM tapewatch.bars
    WHERE bar_start >= m.minute AND bar_start < m.minute + interval '1 minute'
    GROUP BY entity) AS b
LEFT JOIN tapewatch.entities e ON e.symbol = b.entity
WHERE d.parent = 'bars';
COMMENT ON VIEW tapewatch.sentiment_by_minute IS 'Sentiment by company and minute of event time; a condition on minute reads only the days that it means';
