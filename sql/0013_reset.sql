-- What `tapewatch reset` and `tapewatch deadletters` need to put right what went wrong:
--
--   forgotten_at   rows of partitions that are gone: they hold event time back no more, and keep what they know
--   bring_back     event time that was led astray: rules are evaluated again from an earlier time on
--   thinned_days   days whose documents were dropped while their bars stand: read again after a reset, a document of such a
--                  day was counted already

SET LOCAL ROLE tapewatch_owner;

-- -- partitions that are gone ----------------------------------------------------------------------------------------

ALTER TABLE tapewatch.positions ADD COLUMN forgotten_at timestamptz;
COMMENT ON COLUMN tapewatch.positions.forgotten_at IS
    'Wall clock (UTC) of the server when somebody said that the partition is gone: it does not hold event time back; NULL: not, or taken again since';
COMMENT ON COLUMN tapewatch.positions.caught_up IS
    'The owner has seen the end of the partition, no record since, and its broker answers';

CREATE OR REPLACE FUNCTION tapewatch.take_partition(the_topic text, the_partition integer, the_token uuid, the_owner text,
    OUT topic_id smallint, OUT epoch bigint, OUT next_offset bigint, OUT highest_offset bigint,
    OUT watermark timestamptz, OUT last_stamp timestamptz, OUT last_hash bigint)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT t.topic_id INTO topic_id FROM tapewatch.topics t WHERE t.topic = the_topic;
    IF topic_id IS NULL THEN
        INSERT INTO tapewatch.topics (topic) VALUES (the_topic) ON CONFLICT DO NOTHING;
        SELECT t.topic_id INTO topic_id FROM tapewatch.topics t WHERE t.topic = the_topic;
    END IF;
    INSERT INTO tapewatch.positions AS p (topic_id, partition, epoch, owner_token, owner, taken_at, seen_at)
    VALUES (topic_id, the_partition, 1, the_token, the_owner, clock_timestamp(), clock_timestamp())
    ON CONFLICT ON CONSTRAINT positions_pkey DO UPDATE
    SET epoch = p.epoch + 1, owner_token = excluded.owner_token, owner = excluded.owner, forgotten_at = NULL,
        taken_at = excluded.taken_at, seen_at = excluded.seen_at, caught_up = false, silent_since = NULL
    RETURNING p.epoch, p.next_offset, p.highest_offset, p.watermark, p.last_stamp, p.last_hash
    INTO epoch, next_offset, highest_offset, watermark, last_stamp, last_hash;
END
$$;

CREATE FUNCTION tapewatch.forget_position(the_topic text, the_partition integer)
RETURNS bigint LANGUAGE sql AS $$
    UPDATE tapewatch.positions p
    SET forgotten_at = clock_timestamp(), epoch = p.epoch + 1, owner_token = gen_random_uuid(), caught_up = false
    FROM tapewatch.topics t
    WHERE t.topic = the_topic AND p.topic_id = t.topic_id AND p.partition = the_partition
    RETURNING p.next_offset
$$;
COMMENT ON FUNCTION tapewatch.forget_position(text, integer) IS
    'Says that a partition is gone: its row holds event time back no more, until somebody takes it again; NULL when there is no such row';

CREATE OR REPLACE VIEW tapewatch.stream_positions AS
SELECT t.topic, p.partition, p.next_offset, p.end_offset,
    greatest(p.end_offset - greatest(p.next_offset, 0), 0) AS lag, p.watermark, p.caught_up,
    CASE WHEN p.caught_up THEN extract(epoch FROM clock_timestamp() - p.silent_since)::numeric(18, 3) END AS silent_seconds,
    p.seen_at, p.moved_at, p.owner, p.epoch, p.forgotten_at
FROM tapewatch.positions p
JOIN tapewatch.topics t USING (topic_id);
COMMENT ON COLUMN tapewatch.stream_positions.caught_up IS
    'The owner has seen the end of the partition, no record since, and its broker answers';
COMMENT ON COLUMN tapewatch.stream_positions.forgotten_at IS
    'Wall clock (UTC) when somebody said that the partition is gone: it does not hold event time back; NULL: not';

-- -- event time that was led astray ----------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.beyond_time(the_time timestamptz,
    OUT shards bigint, OUT evaluated_to timestamptz, OUT partitions bigint, OUT watermark timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT s.*, p.* FROM
        (SELECT count(*) FILTER (WHERE s.evaluated_to > the_time), max(s.evaluated_to) FROM tapewatch.shards s) AS s,
        (SELECT count(*) FILTER (WHERE p.watermark > the_time), max(p.watermark) FROM tapewatch.positions p) AS p
$$;
COMMENT ON FUNCTION tapewatch.beyond_time(timestamptz) IS
    'How many shards were evaluated and how many partitions stand beyond this event time, and how far the furthest';

-- Their owners are fenced off and begin anew. Rule sets that would hold from a later time only hold from here.
CREATE FUNCTION tapewatch.bring_back(the_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF the_time IS NULL OR the_time IS DISTINCT FROM date_bin('10 s', the_time, 'epoch') THEN
        RAISE EXCEPTION 'no edge of a bar: %', the_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR UPDATE;
    UPDATE tapewatch.shards s SET evaluated_to = the_time, epoch = s.epoch + 1, owner_token = gen_random_uuid(),
        moved_at = clock_timestamp()
    WHERE s.evaluated_to > the_time;
    UPDATE tapewatch.positions p SET watermark = the_time, epoch = p.epoch + 1, owner_token = gen_random_uuid(),
        caught_up = false, silent_since = NULL
    WHERE p.watermark > the_time;
    UPDATE tapewatch.rule_sets r SET holds_from = the_time WHERE r.holds_from > the_time;
END
$$;
COMMENT ON FUNCTION tapewatch.bring_back(timestamptz) IS
    'Brings event time back to this edge of a bar: shards evaluated beyond it, and watermarks beyond it; fences their owners off. Alerts stay as they are';

-- -- days that were dropped ------------------------------------------------------------------------------------------

CREATE TABLE tapewatch.thinned_days (
    day date PRIMARY KEY
);
COMMENT ON TABLE tapewatch.thinned_days IS
    'Days whose documents were dropped while their bars stand: a document that is read again was counted already';
COMMENT ON COLUMN tapewatch.thinned_days.day IS 'Day (UTC) of event time';
GRANT SELECT ON tapewatch.thinned_days TO tapewatch_writer, tapewatch_reader;

CREATE OR REPLACE FUNCTION tapewatch.drop_day(parent text, day date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '300ms'
AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
    IF parent IS NULL OR day IS NULL OR parent NOT IN ('documents', 'scores', 'bars', 'dead_letters') THEN
        RAISE EXCEPTION 'no table "%" that is cut by day', parent
            USING ERRCODE = 'invalid_parameter_value', HINT = 'documents, scores, bars or dead_letters';
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
    RETURN true;
END
$$;

REVOKE ALL ON FUNCTION tapewatch.forget_position(text, integer), tapewatch.beyond_time(timestamptz),
    tapewatch.bring_back(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.forget_position(text, integer), tapewatch.beyond_time(timestamptz),
    tapewatch.bring_back(timestamptz) TO tapewatch_writer;
