-- What texts say has happened, found by the words of events.yaml: a row for each event of a document, stored in the
-- document's own transaction. Cut by day as documents and scores are.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.events (
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    partition integer NOT NULL,
    begin_byte integer NOT NULL,
    end_byte integer NOT NULL,
    events_version integer NOT NULL,
    topic_id smallint NOT NULL,
    number smallint NOT NULL,
    polarity smallint NOT NULL,
    in_title boolean NOT NULL,
    type text COLLATE "C" NOT NULL,
    severity text NOT NULL,
    entity text COLLATE "C",
    PRIMARY KEY (topic_id, partition, kafka_offset, event_time, number)
) PARTITION BY RANGE (event_time);
CREATE INDEX events_entity ON tapewatch.events (entity, event_time);
CREATE INDEX events_type ON tapewatch.events (type, event_time);
COMMENT ON TABLE tapewatch.events IS 'What each document says has happened, and to whom, by day (UTC) of event time; found by the words of events.yaml as it stood then';
COMMENT ON COLUMN tapewatch.events.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.events.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.events.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.events.number IS 'Which event of the document it is, from 0, in order of the first byte';
COMMENT ON COLUMN tapewatch.events.event_time IS 'When it happened (UTC, microseconds): event time of the document';
COMMENT ON COLUMN tapewatch.events.available_at IS 'Wall clock (UTC) of the server when the transaction that stores it began; readers saw it milliseconds later, never before';
COMMENT ON COLUMN tapewatch.events.type IS 'Type, by its name in events.yaml: bankruptcy, default, halt ...';
COMMENT ON COLUMN tapewatch.events.entity IS 'Symbol of the entity that it happened to, see entities; NULL when the text does not say';
COMMENT ON COLUMN tapewatch.events.polarity IS 'What the type means for the entity, -10000 (worst) to 10000, in 10,000ths, as events.yaml had it';
COMMENT ON COLUMN tapewatch.events.severity IS 'How grave the type is, as events.yaml had it: info, warning or critical';
COMMENT ON COLUMN tapewatch.events.begin_byte IS 'First byte, from 0, of the words that say so, in the cleaned text (title, one space, body; UTF-8)';
COMMENT ON COLUMN tapewatch.events.end_byte IS 'One past the last byte of those words';
COMMENT ON COLUMN tapewatch.events.in_title IS 'The words stand in the title; false: in the body';
COMMENT ON COLUMN tapewatch.events.events_version IS 'The version that events.yaml gave itself';

GRANT SELECT ON tapewatch.events TO tapewatch_writer, tapewatch_reader;
GRANT INSERT ON tapewatch.events TO tapewatch_writer;

-- -- days ------------------------------------------------------------------------------------------------------------

-- A day of documents that stands already gets its table of events when a document of that day comes again.
CREATE OR REPLACE FUNCTION tapewatch.ensure_days(event_days date[], arrival_days date[] DEFAULT '{}')
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
        FROM unnest(event_days) AS d(day), (VALUES ('documents'), ('scores'), ('events'), ('bars')) AS p(parent)
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
    'Makes the tables of these days (UTC): documents, scores, events and bars of event days, dead_letters of arrival days; returns how many days were new';

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
    RETURN true;
END
$$;
COMMENT ON FUNCTION tapewatch.drop_day(text, date) IS
    'Drops one day (UTC) of documents, scores, events, bars or dead_letters; false when there is none; 55P03 when a reader is in the way';
COMMENT ON COLUMN tapewatch.days.parent IS 'documents, scores, events, bars or dead_letters';

-- -- what analysts ask -----------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.bytes_of(title text, body text, begin_byte integer, end_byte integer)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_from(substring(convert_to(CASE WHEN title = '' THEN body ELSE title || ' ' || body END, 'UTF8')
        FROM begin_byte + 1 FOR end_byte - begin_byte), 'UTF8')
$$;
COMMENT ON FUNCTION tapewatch.bytes_of(text, text, integer, integer) IS
    'The bytes from begin_byte (from 0) to end_byte, that one not included, of a document''s cleaned text (title, one space, body)';

CREATE VIEW tapewatch.event_documents AS
SELECT v.event_time, v.entity, coalesce(e.name, v.entity) AS name, v.type, v.severity,
    (v.polarity / 10000.0)::numeric(5, 4) AS polarity,
    tapewatch.bytes_of(d.title, d.body, v.begin_byte, v.end_byte) AS words,
    (s.sentiment / 10000.0)::numeric(5, 4) AS sentiment, d.title, d.body, d.id, d.source, t.topic, v.partition,
    v.kafka_offset, v.available_at
FROM tapewatch.events v
JOIN tapewatch.topics t ON t.topic_id = v.topic_id
LEFT JOIN tapewatch.entities e ON e.symbol = v.entity
LEFT JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
    AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time
LEFT JOIN tapewatch.scores s ON s.topic_id = v.topic_id AND s.partition = v.partition
    AND s.kafka_offset = v.kafka_offset AND s.event_time = v.event_time AND s.entity = v.entity;
COMMENT ON VIEW tapewatch.event_documents IS 'Events with the documents that tell them and the words that say so; give it bounds of event_time, so that it reads only those days';
COMMENT ON COLUMN tapewatch.event_documents.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.event_documents.entity IS 'Symbol of the entity that it happened to; NULL when the text does not say';
COMMENT ON COLUMN tapewatch.event_documents.name IS 'Name of the entity';
COMMENT ON COLUMN tapewatch.event_documents.type IS 'Type of the event: bankruptcy, default, halt ...';
COMMENT ON COLUMN tapewatch.event_documents.severity IS 'How grave the type is: info, warning or critical';
COMMENT ON COLUMN tapewatch.event_documents.polarity IS 'What the type means for the entity, -1 to 1';
COMMENT ON COLUMN tapewatch.event_documents.words IS 'The words of the text that say so; NULL when the document was dropped';
COMMENT ON COLUMN tapewatch.event_documents.sentiment IS 'Sentiment of the entity in the document, -1 to 1; NULL when there is no entity';
COMMENT ON COLUMN tapewatch.event_documents.title IS 'Title, cleaned; empty when it has none';
COMMENT ON COLUMN tapewatch.event_documents.body IS 'Body, cleaned';
COMMENT ON COLUMN tapewatch.event_documents.id IS 'The message''s own id; NULL when it has none';
COMMENT ON COLUMN tapewatch.event_documents.source IS 'The message''s own source; NULL when it has none';
COMMENT ON COLUMN tapewatch.event_documents.topic IS 'Kafka topic';
COMMENT ON COLUMN tapewatch.event_documents.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.event_documents.kafka_offset IS 'Kafka offset, from 0';
COMMENT ON COLUMN tapewatch.event_documents.available_at IS 'Wall clock (UTC) of the server when the transaction that stores it began';

CREATE FUNCTION tapewatch.company_events(the_entity text, the_day date)
RETURNS TABLE (event_time timestamptz, type text, severity text, polarity numeric, words text, sentiment numeric, title text,
    source text)
LANGUAGE sql STABLE AS $$
    SELECT v.event_time, v.type, v.severity, v.polarity, v.words, v.sentiment, v.title, v.source
    FROM tapewatch.event_documents v
    WHERE v.entity = the_entity AND v.event_time >= the_day::timestamp AT TIME ZONE 'UTC'
        AND v.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    ORDER BY v.event_time, v.kafka_offset
$$;
COMMENT ON FUNCTION tapewatch.company_events(text, date) IS
    'What was said to have happened to one entity on one day (UTC, event time), with the words that say so';

CREATE FUNCTION tapewatch.events_by_type(the_begin timestamptz, the_end timestamptz)
RETURNS TABLE (type text, severity text, events bigint, entities bigint, last_time timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT v.type, v.severity, count(*), count(DISTINCT v.entity), max(v.event_time)
    FROM tapewatch.events v
    WHERE v.event_time >= the_begin AND v.event_time < the_end
    GROUP BY v.type, v.severity
    ORDER BY 3 DESC, 1
$$;
COMMENT ON FUNCTION tapewatch.events_by_type(timestamptz, timestamptz) IS
    'How many events of each type were told between two event times, the end not included, about how many entities';

REVOKE ALL ON FUNCTION tapewatch.bytes_of(text, text, integer, integer), tapewatch.company_events(text, date),
    tapewatch.events_by_type(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.bytes_of(text, text, integer, integer), tapewatch.company_events(text, date),
    tapewatch.events_by_type(timestamptz, timestamptz) TO tapewatch_reader, tapewatch_writer;
GRANT SELECT ON tapewatch.event_documents TO tapewatch_reader, tapewatch_writer;
