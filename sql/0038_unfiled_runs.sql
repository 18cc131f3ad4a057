-- Documents wait to be filed several in a row. A row of its own for each, put in, read and deleted, cost PostgreSQL half of all that
-- it does to file a document; now `unfiled` has a row for some sixteen. They are of one partition, one batch and one bar, in the order
-- in which they are filed, and short enough for two rows on a page: nothing is kept out of line, and however many partitions speak at
-- once, few documents are read before their turn.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.unfiled RENAME TO unfiled_alone;
DROP INDEX tapewatch.unfiled_time;
CREATE TABLE tapewatch.unfiled (
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    unfiled_id bigint GENERATED ALWAYS AS IDENTITY,
    partition integer NOT NULL,
    documents integer NOT NULL CHECK (documents > 0),
    topic_id smallint NOT NULL,
    sketches bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, toast_tuple_target = 8160);
-- Hashes: a compressor finds nothing in them, and takes its time.
ALTER TABLE tapewatch.unfiled ALTER sketches SET STORAGE EXTERNAL;
INSERT INTO tapewatch.unfiled (kafka_offset, event_time, partition, documents, topic_id, sketches)
SELECT kafka_offset, event_time, partition, 1, topic_id,
    int8send(kafka_offset) || timestamptz_send(event_time) || int4send(length(sketch)) || sketch
FROM tapewatch.unfiled_alone;
DROP TABLE tapewatch.unfiled_alone;
CREATE INDEX unfiled_time ON tapewatch.unfiled (event_time);
COMMENT ON TABLE tapewatch.unfiled IS 'Documents that are stored and not filed with a story yet: event time has not come so far. A row holds those of one batch that stand together in one bar';
COMMENT ON COLUMN tapewatch.unfiled.unfiled_id IS 'Number of the row';
COMMENT ON COLUMN tapewatch.unfiled.topic_id IS 'Kafka topic of the documents, see topics';
COMMENT ON COLUMN tapewatch.unfiled.partition IS 'Kafka partition of the documents, from 0';
COMMENT ON COLUMN tapewatch.unfiled.kafka_offset IS 'Kafka offset of the first of them that waits, from 0';
COMMENT ON COLUMN tapewatch.unfiled.event_time IS 'Event time of the first of them that waits (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.unfiled.documents IS 'How many of them wait';
COMMENT ON COLUMN tapewatch.unfiled.sketches IS 'In order of event time and offset, those before the first that waits included: offset (8 bytes), event time (8) and length (4) as PostgreSQL sends them, then the fingerprint, and sentiment by entity, in the form of pipelines/stories/sketch.h';

GRANT SELECT ON tapewatch.unfiled TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, DELETE, UPDATE (kafka_offset, event_time, documents) ON tapewatch.unfiled TO tapewatch_writer;

-- -- filing ----------------------------------------------------------------------------------------------------------

DROP FUNCTION tapewatch.file_stories(timestamptz, timestamptz, smallint[], integer[], bigint[], bigint[], bigint[], timestamptz[],
    integer[], integer[], integer[], integer[], integer[], integer[], text[]);

-- As in 0035: stored by a plain INSERT, and when that fails once more, without those that have their story already or stand twice.
CREATE FUNCTION tapewatch.file_stories(the_first timestamptz, the_last timestamptz, whole_rows bigint[], cut_rows bigint[],
    cut_documents integer[], cut_offsets bigint[], cut_times timestamptz[], the_topics smallint[], the_partitions integer[],
    the_offsets bigint[], the_times timestamptz[], the_numbers bigint[], the_stories bigint[], the_story_times timestamptz[],
    the_novelties integer[], within_12h integer[], within_24h integer[], within_3d integer[], within_7d integer[],
    the_sketches bytea[], told_rows integer[], told_symbols text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
    cut bigint;
    is_filed boolean[] := '{}';
    again boolean := false;
BEGIN
    LOCK TABLE ONLY tapewatch.stories IN ROW EXCLUSIVE MODE; -- before rows of unfiled: the order of drop_day
    DELETE FROM tapewatch.unfiled x USING unnest(whole_rows) AS w (unfiled_id)
    WHERE x.event_time >= the_first AND x.event_time <= the_last AND x.unfiled_id = w.unfiled_id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE tapewatch.unfiled x SET documents = c.documents, kafka_offset = c.kafka_offset, event_time = c.event_time
    FROM unnest(cut_rows, cut_documents, cut_offsets, cut_times) AS c (unfiled_id, documents, kafka_offset, event_time)
    WHERE x.event_time >= the_first AND x.event_time <= the_last AND x.unfiled_id = c.unfiled_id;
    GET DIAGNOSTICS cut = ROW_COUNT;
    IF gone <> cardinality(whole_rows) OR cut <> cardinality(cut_rows) THEN -- their day was dropped meanwhile
        RAISE EXCEPTION 'documents that were read to be filed do not wait any more' USING ERRCODE = 'TWE01';
    END IF;
    LOOP
        BEGIN
            WITH u AS (
                SELECT * FROM unnest(the_topics, the_partitions, the_offsets, the_times, the_numbers, the_stories, the_story_times,
                    the_novelties, within_12h, within_24h, within_3d, within_7d, the_sketches, is_filed)
                WITH ORDINALITY AS u (topic_id, partition, kafka_offset, event_time, number, story, story_time, novelty,
                    copies_12h, copies_24h, copies_3d, copies_7d, sketch, is_filed, nth)
            ), t AS (
                SELECT nth, array_agg(symbol COLLATE "C" ORDER BY symbol COLLATE "C") AS told
                FROM unnest(told_rows, told_symbols) AS t (nth, symbol) GROUP BY nth
            )
            INSERT INTO tapewatch.stories (topic_id, partition, kafka_offset, event_time, number, story, story_time, novelty,
                copies_12h, copies_24h, copies_3d, copies_7d, told, sketch)
            SELECT u.topic_id, u.partition, u.kafka_offset, u.event_time, u.number, u.story, u.story_time, u.novelty,
                u.copies_12h, u.copies_24h, u.copies_3d, u.copies_7d, coalesce(t.told, '{}'), u.sketch
            FROM u LEFT JOIN t ON t.nth = u.nth
            WHERE u.is_filed IS NOT TRUE;
            RETURN;
        EXCEPTION WHEN unique_violation THEN
            IF again THEN
                RAISE;
            END IF;
            again := true;
        END;
        is_filed := ARRAY(
            SELECT u.twice OR EXISTS (SELECT FROM tapewatch.stories s WHERE s.topic_id = u.topic_id AND s.partition = u.partition
                AND s.kafka_offset = u.kafka_offset AND s.event_time = u.event_time)
            FROM (SELECT *, row_number() OVER (PARTITION BY topic_id, partition, kafka_offset, event_time ORDER BY nth) > 1 AS twice
                FROM unnest(the_topics, the_partitions, the_offsets, the_times) WITH ORDINALITY
                AS u (topic_id, partition, kafka_offset, event_time, nth)) AS u
            ORDER BY u.nth);
    END LOOP;
END
$$;
COMMENT ON FUNCTION tapewatch.file_stories(timestamptz, timestamptz, bigint[], bigint[], integer[], bigint[], timestamptz[], smallint[],
    integer[], bigint[], timestamptz[], bigint[], bigint[], timestamptz[], integer[], integer[], integer[], integer[], integer[],
    bytea[], integer[], text[]) IS
    'Files the documents of these arrays with their stories, and takes them out of the rows of unfiled between two event times that they waited in: whole rows, and rows of which the last documents wait on, the first of those with this offset and time. told_rows and told_symbols are pairs of a document''s place in the arrays, from 1, and an entity of which its story told before. A document that has its story already keeps it. TWE01 when one of the rows is not there any more';

REVOKE ALL ON FUNCTION tapewatch.file_stories(timestamptz, timestamptz, bigint[], bigint[], integer[], bigint[], timestamptz[],
    smallint[], integer[], bigint[], timestamptz[], bigint[], bigint[], timestamptz[], integer[], integer[], integer[], integer[],
    integer[], bytea[], integer[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.file_stories(timestamptz, timestamptz, bigint[], bigint[], integer[], bigint[], timestamptz[],
    smallint[], integer[], bigint[], timestamptz[], bigint[], bigint[], timestamptz[], integer[], integer[], integer[], integer[],
    integer[], bytea[], integer[], text[]) TO tapewatch_writer;

-- As in 0036; what was filed waits again, each document in a row of its own.
CREATE OR REPLACE FUNCTION tapewatch.bring_back(the_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
    IF the_time IS NULL OR the_time IS DISTINCT FROM date_bin('10 s', the_time, 'epoch') THEN
        RAISE EXCEPTION 'no edge of a bar: %', the_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE tapewatch.stories, tapewatch.copy_bars, tapewatch.entity_days IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM tapewatch.copy_bars c WHERE c.bar_start >= the_time;
    WITH back AS (DELETE FROM tapewatch.stories s WHERE s.event_time >= the_time
        RETURNING s.kafka_offset, s.event_time, s.partition, s.topic_id, s.sketch)
    INSERT INTO tapewatch.unfiled (kafka_offset, event_time, partition, documents, topic_id, sketches)
    SELECT kafka_offset, event_time, partition, 1, topic_id,
        int8send(kafka_offset) || timestamptz_send(event_time) || int4send(length(sketch)) || sketch
    FROM back;
    DELETE FROM tapewatch.entity_days d USING tapewatch.shards s
    WHERE s.shard = d.shard AND s.evaluated_to > the_time AND d.day >= (the_time AT TIME ZONE 'UTC')::date;
    INSERT INTO tapewatch.entity_days (day, shard, entity, scores, sum, sum_of_squares, negative_sum)
    SELECT (the_time AT TIME ZONE 'UTC')::date, b.shard, b.entity, sum(b.scores), sum(b.sum), sum(b.sum_of_squares),
        sum(b.negative_sum)
    FROM (SELECT bar_start, shard, entity, scores, sum, sum_of_squares, negative_sum FROM tapewatch.bars
        UNION ALL SELECT bar_start, shard, entity, -scores, -sum, -sum_of_squares, -negative_sum FROM tapewatch.copy_bars) b
    JOIN tapewatch.shards s USING (shard)
    WHERE s.evaluated_to > the_time AND b.bar_start < the_time
        AND b.bar_start >= date_trunc('day', the_time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    GROUP BY b.shard, b.entity HAVING sum(b.scores) > 0;
    PERFORM FROM tapewatch.positions p WHERE p.watermark > the_time ORDER BY p.topic_id, p.partition FOR UPDATE;
    PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR UPDATE;
    UPDATE tapewatch.filing f SET filed_to = the_time, moved_at = clock_timestamp() WHERE f.filed_to > the_time;
    PERFORM FROM tapewatch.shards s WHERE s.evaluated_to > the_time ORDER BY s.shard FOR UPDATE;
    UPDATE tapewatch.shards s SET evaluated_to = the_time, epoch = s.epoch + 1, owner_token = gen_random_uuid(),
        moved_at = clock_timestamp()
    WHERE s.evaluated_to > the_time;
    UPDATE tapewatch.positions p SET watermark = the_time, epoch = p.epoch + 1, owner_token = gen_random_uuid(),
        caught_up = false, silent_since = NULL
    WHERE p.watermark > the_time;
    UPDATE tapewatch.rule_sets r SET holds_from = the_time WHERE r.holds_from > the_time;
END
$$;
