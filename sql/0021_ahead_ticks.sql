-- Whether a record may move the watermark is decided once, by the clock and the configuration of the day on which it is stored. Of a
-- document that stands in its row (documents.ahead). A tick has none: those that were too far ahead stand here, so that one that
-- is read again after a reset, when its time has come long since, does not carry event time past the documents around it.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.ahead_ticks (
    kafka_offset bigint NOT NULL,
    arrived_at timestamptz NOT NULL,
    partition integer NOT NULL,
    topic_id smallint NOT NULL,
    PRIMARY KEY (topic_id, partition, kafka_offset)
);
CREATE INDEX ahead_ticks_arrived ON tapewatch.ahead_ticks (arrived_at);
COMMENT ON TABLE tapewatch.ahead_ticks IS
    'Ticks (records without value that move event time) whose time was too far ahead to move the watermark when they were first read; dropped with the day of dead_letters on which they arrived';
COMMENT ON COLUMN tapewatch.ahead_ticks.topic_id IS 'Kafka topic, see topics';
COMMENT ON COLUMN tapewatch.ahead_ticks.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.ahead_ticks.kafka_offset IS 'Kafka offset of the record, from 0';
COMMENT ON COLUMN tapewatch.ahead_ticks.arrived_at IS 'Wall clock (UTC) of the daemon when it had read the record from Kafka';
GRANT SELECT ON tapewatch.ahead_ticks TO tapewatch_writer, tapewatch_reader;
GRANT INSERT ON tapewatch.ahead_ticks TO tapewatch_writer;

CREATE OR REPLACE FUNCTION tapewatch.drop_day(parent text, day date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '300ms'
AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
    IF parent IS NULL OR day IS NULL OR parent NOT IN ('documents', 'scores', 'events', 'bars', 'dead_letters') THEN
        RAISE EXCEPTION 'no table "%" that is cut by day', parent
            USING ERRCODE = 'invalid_parameter_value', HINT = 'documents, scores, events, bars or dead_letters';
    END IF;
    PERFORM tapewatch.lock_days();
    IF to_regclass(format('tapewatch_days.%I', child)) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE tapewatch.%I DETACH PARTITION tapewatch_days.%I', parent, child);
    EXECUTE format('DROP TABLE tapewatch_days.%I', child);
    IF parent = 'bars' THEN
        DELETE FROM tapewatch.thinned_days t WHERE t.day = drop_day.day;
    ELSIF parent = 'documents' AND to_regclass(format('tapewatch_days.%I', 'bars_' || to_char(day, 'YYYYMMDD'))) IS NOT NULL THEN
        INSERT INTO tapewatch.thinned_days (day) VALUES (drop_day.day) ON CONFLICT DO NOTHING;
    END IF;
    IF parent = 'dead_letters' THEN
        DELETE FROM tapewatch.ahead_ticks t WHERE t.arrived_at >= (day::text || ' 00:00:00+00')::timestamptz
            AND t.arrived_at < ((day + 1)::text || ' 00:00:00+00')::timestamptz;
    END IF;
    RETURN true;
END
$$;
