-- Stories: which document repeats which. A wire sends a story again with a prefix, another verb, the source behind; each
-- such copy is filed with its story (deploy/docs/stories.md), and rules count stories, not copies.
--
--   unfiled     what a worker saw of each document, stored in the document's own transaction, until it is filed
--   stories     filed: in the order of event time, when event time has come so far that nothing on time can still come
--               between. Cut by day as documents are
--   copy_bars   what copies brought into bars: rules count bars less these
--   filing      one row: how far documents are filed
--
-- Whoever has shard 0 files, fenced by its epoch and by the row of filing: filing_fence() first, filing_move() last.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.unfiled (
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    partition integer NOT NULL,
    topic_id smallint NOT NULL,
    sketch bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX unfiled_time ON tapewatch.unfiled (event_time);
COMMENT ON TABLE tapewatch.unfiled IS 'Documents that are stored and not filed with a story yet: event time has not come so far';
COMMENT ON COLUMN tapewatch.unfiled.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.unfiled.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.unfiled.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.unfiled.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.unfiled.sketch IS 'Its fingerprint, and sentiment by entity, in the form of pipelines/stories/sketch.h';

CREATE TABLE tapewatch.stories (
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    number bigint NOT NULL,
    story bigint NOT NULL,
    story_time timestamptz NOT NULL,
    partition integer NOT NULL,
    copies_12h integer NOT NULL,
    copies_24h integer NOT NULL,
    copies_3d integer NOT NULL,
    copies_7d integer NOT NULL,
    topic_id smallint NOT NULL,
    novelty smallint NOT NULL,
    told text[] COLLATE "C" NOT NULL,
    sketch bytea NOT NULL,
    PRIMARY KEY (topic_id, partition, kafka_offset, event_time)
) PARTITION BY RANGE (event_time);
CREATE INDEX stories_number ON tapewatch.stories (number);
CREATE INDEX stories_story ON tapewatch.stories (story, event_time);
COMMENT ON TABLE tapewatch.stories IS 'Which story each document tells, and how new it is, by day (UTC) of event time; filled when event time has passed, where stories.enabled is true';
COMMENT ON COLUMN tapewatch.stories.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.stories.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.stories.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.stories.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.stories.number IS 'Number of the document, from 1, in the order in which documents were filed: that of event time';
COMMENT ON COLUMN tapewatch.stories.story IS 'Story that it tells: the number of the story''s first document; its own number when it is the first';
COMMENT ON COLUMN tapewatch.stories.story_time IS 'Event time of the story''s first document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.stories.novelty IS 'What is new in it, in 10,000ths: 10000 less its likeness to the nearest document of the 24 hours before; 0: told word for word';
COMMENT ON COLUMN tapewatch.stories.copies_12h IS 'Documents of the story that came before it, within 12 hours';
COMMENT ON COLUMN tapewatch.stories.copies_24h IS 'The same within 24 hours';
COMMENT ON COLUMN tapewatch.stories.copies_3d IS 'The same within 3 days';
COMMENT ON COLUMN tapewatch.stories.copies_7d IS 'The same within 7 days';
COMMENT ON COLUMN tapewatch.stories.told IS 'Symbols of its entities of which the story told within 24 hours before; for these rules do not count it';
COMMENT ON COLUMN tapewatch.stories.sketch IS 'Its fingerprint, from which the 24 hours that are compared are built anew after a restart (pipelines/stories/sketch.h)';

CREATE TABLE tapewatch.copy_bars (
    bar_start timestamptz NOT NULL,
    scores bigint NOT NULL,
    sum bigint NOT NULL,
    sum_of_squares bigint NOT NULL,
    negative_sum bigint NOT NULL,
    shard smallint NOT NULL,
    entity text COLLATE "C" NOT NULL,
    PRIMARY KEY (bar_start, entity)
) PARTITION BY RANGE (bar_start);
COMMENT ON TABLE tapewatch.copy_bars IS 'What copies of stories told before brought into bars: rules count bars less these';
COMMENT ON COLUMN tapewatch.copy_bars.bar_start IS 'Start of the bar (UTC, event time), see bars';
COMMENT ON COLUMN tapewatch.copy_bars.shard IS 'Shard of the entity, see shards';
COMMENT ON COLUMN tapewatch.copy_bars.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.copy_bars.scores IS 'Number of scores in the bar that are of copies';
COMMENT ON COLUMN tapewatch.copy_bars.sum IS 'Sum of their sentiments, in 10,000ths';
COMMENT ON COLUMN tapewatch.copy_bars.sum_of_squares IS 'Sum of the squares of their sentiments, in 100,000,000ths';
COMMENT ON COLUMN tapewatch.copy_bars.negative_sum IS 'Sum of their negative sentiments, positive ones counted as 0, in 10,000ths';

CREATE TABLE tapewatch.filing (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    filed_to timestamptz,
    filed bigint NOT NULL DEFAULT 0,
    moved_at timestamptz
);
INSERT INTO tapewatch.filing DEFAULT VALUES;
COMMENT ON TABLE tapewatch.filing IS 'How far documents are filed with stories: one row';
COMMENT ON COLUMN tapewatch.filing.one IS 'There is one row';
COMMENT ON COLUMN tapewatch.filing.filed_to IS 'Event time (UTC) up to which documents are filed, that time not included; NULL: none are';
COMMENT ON COLUMN tapewatch.filing.filed IS 'Number of the last document that was filed';
COMMENT ON COLUMN tapewatch.filing.moved_at IS 'Wall clock (UTC) of the server when documents were filed last';

GRANT SELECT ON tapewatch.unfiled, tapewatch.stories, tapewatch.copy_bars, tapewatch.filing TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, DELETE ON tapewatch.unfiled TO tapewatch_writer;
GRANT INSERT ON tapewatch.stories TO tapewatch_writer;
GRANT INSERT, UPDATE ON tapewatch.copy_bars TO tapewatch_writer;
GRANT UPDATE ON tapewatch.filing TO tapewatch_writer;

-- -- filing ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.filing_fence(the_epoch bigint, the_token uuid, the_from timestamptz, the_filed bigint)
RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.shards s, tapewatch.filing f
        WHERE s.shard = 0 AND s.epoch = the_epoch AND s.owner_token = the_token
            AND f.filed_to IS NOT DISTINCT FROM the_from AND f.filed = the_filed) THEN
        RAISE EXCEPTION 'fenced: another files documents, or they were filed to another time' USING ERRCODE = 'TWF01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.filing_fence(bigint, uuid, timestamptz, bigint) IS
    'Raises TWF01 unless shard 0 is owned under this epoch and token, and documents are filed to this time and number; takes no lock';

CREATE FUNCTION tapewatch.filing_move(the_epoch bigint, the_token uuid, the_from timestamptz, the_filed bigint,
    the_to timestamptz, now_filed bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tapewatch.filing f SET filed_to = the_to, filed = now_filed, moved_at = clock_timestamp()
    WHERE f.filed_to IS NOT DISTINCT FROM the_from AND f.filed = the_filed
        AND EXISTS (SELECT FROM tapewatch.shards s WHERE s.shard = 0 AND s.epoch = the_epoch AND s.owner_token = the_token);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fenced: another files documents, or they were filed to another time' USING ERRCODE = 'TWF01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.filing_move(bigint, uuid, timestamptz, bigint, timestamptz, bigint) IS
    'Last statement of a filing: moves how far documents are filed, under the fence (TWF01)';

-- -- days ------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION tapewatch.make_days(event_days date[], arrival_days date[] DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    wanted record;
    child text;
    made date[] := '{}';
BEGIN
    -- Two creators at once: the second waits here and then finds the tables (IF NOT EXISTS alone ends in 42P07).
    PERFORM tapewatch.lock_days();
    FOR wanted IN
        SELECT p.parent, d.day
        FROM unnest(event_days) AS d(day), (VALUES ('documents'), ('scores'), ('events'), ('bars'), ('stories'), ('copy_bars'))
            AS p(parent)
        UNION
        SELECT 'dead_letters', d.day FROM unnest(arrival_days) AS d(day)
        ORDER BY 2, 1
    LOOP
        child := format('%s_%s', wanted.parent, to_char(wanted.day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(format('tapewatch_days.%I', child)) IS NOT NULL;
        EXECUTE format('CREATE TABLE tapewatch_days.%I (LIKE tapewatch.%I INCLUDING ALL)%s', child, wanted.parent,
            CASE WHEN wanted.parent = 'bars' THEN ' WITH (fillfactor = 70)' ELSE '' END);
        EXECUTE format('ALTER TABLE tapewatch.%I ATTACH PARTITION tapewatch_days.%I FOR VALUES FROM (%L) TO (%L)',
            wanted.parent, child, wanted.day::text || ' 00:00:00+00', (wanted.day + 1)::text || ' 00:00:00+00');
        IF NOT wanted.day = ANY (made) THEN
            made := made || wanted.day;
        END IF;
    END LOOP;
    RETURN cardinality(made);
END
$$;
COMMENT ON FUNCTION tapewatch.ensure_days(date[], date[]) IS
    'Makes the tables of these days (UTC): documents, scores, events, bars, stories and copy_bars of event days, dead_letters of arrival days; returns how many days were new; 55P03 when somebody else makes days for longer than 2 s: who of the caller''s role is stopped in it is ended';

CREATE OR REPLACE FUNCTION tapewatch.drop_day(parent text, day date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '300ms'
AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
    IF parent IS NULL OR day IS NULL
        OR parent NOT IN ('documents', 'scores', 'events', 'bars', 'stories', 'copy_bars', 'dead_letters') THEN
        RAISE EXCEPTION 'no table "%" that is cut by day', parent USING ERRCODE = 'invalid_parameter_value',
            HINT = 'documents, scores, events, bars, stories, copy_bars or dead_letters';
    END IF;
    PERFORM tapewatch.lock_days();
    IF to_regclass(format('tapewatch_days.%I', child)) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE tapewatch.%I DETACH PARTITION tapewatch_days.%I', parent, child);
    EXECUTE format('DROP TABLE tapewatch_days.%I', child);
    IF parent = 'bars' THEN
        DELETE FROM tapewatch.thinned_days t WHERE t.day = drop_day.day;
        PERFORM tapewatch.drop_day('copy_bars', day); -- nothing is taken off bars that are gone
    ELSIF parent = 'documents' AND to_regclass(format('tapewatch_days.%I', 'bars_' || to_char(day, 'YYYYMMDD'))) IS NOT NULL THEN
        INSERT INTO tapewatch.thinned_days (day) VALUES (drop_day.day) ON CONFLICT DO NOTHING;
    ELSIF parent IN ('stories', 'copy_bars') THEN -- what was not filed by then has no place any more
        DELETE FROM tapewatch.unfiled u WHERE u.event_time >= drop_day.day::timestamp AT TIME ZONE 'UTC'
            AND u.event_time < (drop_day.day + 1)::timestamp AT TIME ZONE 'UTC';
    ELSIF parent = 'dead_letters' THEN
        DELETE FROM tapewatch.ahead_ticks t WHERE t.arrived_at >= (day::text || ' 00:00:00+00')::timestamptz
            AND t.arrived_at < ((day + 1)::text || ' 00:00:00+00')::timestamptz;
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION tapewatch.drop_day(text, date) IS
    'Drops one day (UTC) of documents, scores, events, bars, stories, copy_bars or dead_letters; false when there is none; 55P03 when a reader is in the way';
COMMENT ON COLUMN tapewatch.days.parent IS 'documents, scores, events, bars, stories, copy_bars or dead_letters';

-- As in 0018; and documents of that time are filed anew.
CREATE OR REPLACE FUNCTION tapewatch.bring_back(the_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF the_time IS NULL OR the_time IS DISTINCT FROM date_bin('10 s', the_time, 'epoch') THEN
        RAISE EXCEPTION 'no edge of a bar: %', the_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR UPDATE;
    UPDATE tapewatch.filing f SET filed_to = the_time, moved_at = clock_timestamp() WHERE f.filed_to > the_time;
    DELETE FROM tapewatch.copy_bars c WHERE c.bar_start >= the_time;
    WITH back AS (DELETE FROM tapewatch.stories s WHERE s.event_time >= the_time
        RETURNING s.kafka_offset, s.event_time, s.partition, s.topic_id, s.sketch)
    INSERT INTO tapewatch.unfiled (kafka_offset, event_time, partition, topic_id, sketch) SELECT * FROM back;
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
    UPDATE tapewatch.shards s SET evaluated_to = the_time, epoch = s.epoch + 1, owner_token = gen_random_uuid(),
        moved_at = clock_timestamp()
    WHERE s.evaluated_to > the_time;
    UPDATE tapewatch.positions p SET watermark = the_time, epoch = p.epoch + 1, owner_token = gen_random_uuid(),
        caught_up = false, silent_since = NULL
    WHERE p.watermark > the_time;
    UPDATE tapewatch.rule_sets r SET holds_from = the_time WHERE r.holds_from > the_time;
END
$$;

COMMENT ON COLUMN tapewatch.entity_days.scores IS 'Number of scores; where stories are filed, without those of copies';

-- -- what analysts ask -----------------------------------------------------------------------------------------------

CREATE VIEW tapewatch.story_documents AS
SELECT s.event_time, s.story, s.story_time, s.number = s.story AS first, (s.novelty / 10000.0)::numeric(5, 4) AS novelty,
    s.copies_12h, s.copies_24h, s.copies_3d, s.copies_7d, s.told, d.title, d.body, d.id, d.source, t.topic, s.partition,
    s.kafka_offset, s.number
FROM tapewatch.stories s
JOIN tapewatch.topics t ON t.topic_id = s.topic_id
LEFT JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
    AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time;
COMMENT ON VIEW tapewatch.story_documents IS 'Documents with the stories that they tell; give it bounds of event_time, so that it reads only those days';
COMMENT ON COLUMN tapewatch.story_documents.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.story_documents.story IS 'Number of the story: that of its first document';
COMMENT ON COLUMN tapewatch.story_documents.story_time IS 'Event time of the story''s first document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.story_documents.first IS 'It is the story''s first document; false: a copy';
COMMENT ON COLUMN tapewatch.story_documents.novelty IS 'What is new in it, 0 (told word for word) to 1 (nothing like it within 24 hours)';
COMMENT ON COLUMN tapewatch.story_documents.copies_12h IS 'Documents of the story that came before it, within 12 hours';
COMMENT ON COLUMN tapewatch.story_documents.copies_24h IS 'The same within 24 hours';
COMMENT ON COLUMN tapewatch.story_documents.copies_3d IS 'The same within 3 days';
COMMENT ON COLUMN tapewatch.story_documents.copies_7d IS 'The same within 7 days';
COMMENT ON COLUMN tapewatch.story_documents.told IS 'Symbols of its entities of which the story told before: for these rules do not count it';
COMMENT ON COLUMN tapewatch.story_documents.title IS 'Title, cleaned; empty when it has none; NULL when the document was dropped';
COMMENT ON COLUMN tapewatch.story_documents.body IS 'Body, cleaned';
COMMENT ON COLUMN tapewatch.story_documents.id IS 'The message''s own id; NULL when it has none';
COMMENT ON COLUMN tapewatch.story_documents.source IS 'The message''s own source; NULL when it has none';
COMMENT ON COLUMN tapewatch.story_documents.topic IS 'Kafka topic';
COMMENT ON COLUMN tapewatch.story_documents.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.story_documents.kafka_offset IS 'Kafka offset, from 0';
COMMENT ON COLUMN tapewatch.story_documents.number IS 'Number of the document in the order of filing';

CREATE FUNCTION tapewatch.company_stories(the_entity text, the_day date)
RETURNS TABLE (story bigint, first_time timestamptz, last_time timestamptz, documents bigint, sentiment numeric, title text,
    source text)
LANGUAGE sql STABLE AS $$
    SELECT s.story, min(c.event_time), max(c.event_time), count(*), (avg(c.sentiment) / 10000.0)::numeric(5, 4),
        (array_agg(d.title ORDER BY s.number))[1], (array_agg(d.source ORDER BY s.number))[1]
    FROM tapewatch.scores c
    JOIN tapewatch.stories s ON s.topic_id = c.topic_id AND s.partition = c.partition AND s.kafka_offset = c.kafka_offset
        AND s.event_time = c.event_time
    LEFT JOIN tapewatch.documents d ON d.topic_id = c.topic_id AND d.partition = c.partition
        AND d.kafka_offset = c.kafka_offset AND d.event_time = c.event_time
    WHERE c.entity = the_entity AND c.event_time >= the_day::timestamp AT TIME ZONE 'UTC'
        AND c.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY s.story
    ORDER BY 2, 1
$$;
COMMENT ON FUNCTION tapewatch.company_stories(text, date) IS
    'The stories told of one entity on one day (UTC, event time): first and last document of the day, how many, their mean sentiment, and the title and source of the first';

REVOKE ALL ON FUNCTION tapewatch.filing_fence(bigint, uuid, timestamptz, bigint),
    tapewatch.filing_move(bigint, uuid, timestamptz, bigint, timestamptz, bigint), tapewatch.company_stories(text, date)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.filing_fence(bigint, uuid, timestamptz, bigint),
    tapewatch.filing_move(bigint, uuid, timestamptz, bigint, timestamptz, bigint) TO tapewatch_writer;
GRANT EXECUTE ON FUNCTION tapewatch.company_stories(text, date) TO tapewatch_reader, tapewatch_writer;
GRANT SELECT ON tapewatch.story_documents TO tapewatch_reader, tapewatch_writer;
