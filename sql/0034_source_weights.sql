-- How much the source of a document counts, as the configuration weighed it when the document was read: a part of each relevance, and
-- what rules that ask for relevance decided by.

SET LOCAL ROLE tapewatch_owner;

-- Behind those that stand: rows that stand get NULL.
ALTER TABLE tapewatch.scores ADD COLUMN source_weight smallint;
COMMENT ON COLUMN tapewatch.scores.source_weight IS 'How much its source counted when it was read, 0 to 10000 (sources.weights): a factor of its relevance; NULL: stored before schema version 34, by the whole';
COMMENT ON COLUMN tapewatch.scores.relevance IS 'How far the document is about the entity, 0 to 10000, by place, share and the weight of its source (pipelines/link/relevance.h); NULL: stored before schema version 27';
ALTER TABLE tapewatch.alert_events ADD COLUMN relevance smallint, ADD COLUMN source_weight smallint;
COMMENT ON COLUMN tapewatch.alert_events.relevance IS 'How far the document is about the entity, 0 to 10000, as the rule was asked about it, see scores; NULL: stored before schema version 34';
COMMENT ON COLUMN tapewatch.alert_events.source_weight IS 'How much its source counted, 0 to 10000, see scores; NULL: stored before schema version 34';
ALTER TABLE tapewatch.alert_evidence ADD COLUMN source_weight smallint;
COMMENT ON COLUMN tapewatch.alert_evidence.source_weight IS 'How much its source counted, 0 to 10000, see scores; NULL: stored before schema version 34';

-- -- one company's day, as in 0032, with the weight ----------------------------------------------------------------

DROP FUNCTION tapewatch.company_day(text, date);
CREATE FUNCTION tapewatch.company_day(the_entity text, the_day date)
RETURNS TABLE (event_time timestamptz, sentiment numeric, relevance numeric, story bigint, copy boolean, copies_before integer,
    novelty numeric, events text[], title text, body text, source text, id text, mentions integer, in_title boolean, others smallint,
    late boolean, topic text, partition integer, kafka_offset bigint, source_weight numeric)
LANGUAGE sql STABLE AS $$
    SELECT s.event_time, (s.sentiment / 10000.0)::numeric(6, 4), (s.relevance / 10000.0)::numeric(5, 4), f.story,
        s.entity = ANY (f.told), f.copies_24h, (f.novelty / 10000.0)::numeric(5, 4),
        ARRAY(SELECT v.type::text FROM tapewatch.events v WHERE v.topic_id = s.topic_id AND v.partition = s.partition
            AND v.kafka_offset = s.kafka_offset AND v.event_time = s.event_time AND v.entity = s.entity
            AND v.event_time >= the_day::timestamp AT TIME ZONE 'UTC' AND v.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
            ORDER BY v.number),
        d.title, d.body, d.source, d.id, s.mentions, s.in_title, s.others, d.late, t.topic, s.partition, s.kafka_offset,
        (s.source_weight / 10000.0)::numeric(5, 4)
    FROM tapewatch.scores s
    JOIN tapewatch.topics t ON t.topic_id = s.topic_id
    LEFT JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
        AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
        AND d.event_time >= the_day::timestamp AT TIME ZONE 'UTC' AND d.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    LEFT JOIN tapewatch.stories f ON f.topic_id = s.topic_id AND f.partition = s.partition
        AND f.kafka_offset = s.kafka_offset AND f.event_time = s.event_time
        AND f.event_time >= the_day::timestamp AT TIME ZONE 'UTC' AND f.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    WHERE s.entity = the_entity AND s.event_time >= the_day::timestamp AT TIME ZONE 'UTC'
        AND s.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    ORDER BY s.event_time, t.topic, s.partition, s.kafka_offset
$$;
COMMENT ON FUNCTION tapewatch.company_day(text, date) IS
    'One entity''s day (UTC, event time): each document that speaks of it, in order, with its sentiment (-1 to 1), how far it is about it (relevance, 0 to 1; source_weight is what its source counted in that), its story, whether that was told of the entity before (copy), copies of it within 24 hours before, novelty (0 to 1), and the types of events that it tells of it; story and what follows from it are NULL where stories are not filed, or not yet; title and body where the document was dropped';
REVOKE ALL ON FUNCTION tapewatch.company_day(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.company_day(text, date) TO tapewatch_reader, tapewatch_writer;

-- -- the documents of alerts, as in 0031 and 0032, with both -------------------------------------------------------

CREATE OR REPLACE VIEW tapewatch.alert_documents AS
SELECT a.alert_id, a.rule, a.entity, s.event_time, (s.sentiment / 10000.0)::numeric(6, 4) AS sentiment, d.title, d.body,
    d.id, d.source, t.topic, s.partition, s.kafka_offset, NULL::text AS event_type,
    (s.relevance / 10000.0)::numeric(5, 4) AS relevance, (s.source_weight / 10000.0)::numeric(5, 4) AS source_weight
FROM tapewatch.alerts a
JOIN tapewatch.scores s ON s.entity = a.entity AND s.event_time >= a.first_time
    AND s.event_time < coalesce(a.resolved_time, 'infinity')
JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
    AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
JOIN tapewatch.topics t ON t.topic_id = s.topic_id
WHERE a.kind NOT IN ('headline', 'event')
UNION ALL
SELECT a.alert_id, a.rule, a.entity, v.event_time, (v.sentiment / 10000.0)::numeric(6, 4), d.title, d.body,
    d.id, d.source, t.topic, v.partition, v.kafka_offset, v.event_type,
    (v.relevance / 10000.0)::numeric(5, 4), (v.source_weight / 10000.0)::numeric(5, 4)
FROM tapewatch.alerts a
JOIN tapewatch.alert_event_links l ON l.alert_id = a.alert_id
JOIN tapewatch.alert_events v ON v.alert_event_id = l.alert_event_id
JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
    AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time
JOIN tapewatch.topics t ON t.topic_id = v.topic_id
WHERE a.kind IN ('headline', 'event');
COMMENT ON COLUMN tapewatch.alert_documents.relevance IS 'How far the document is about the entity, 0 to 1; NULL: not known, the document is older than that';
COMMENT ON COLUMN tapewatch.alert_documents.source_weight IS 'How much its source counted in that, 0 to 1; NULL: the same';

CREATE OR REPLACE FUNCTION tapewatch.documents_of_alert(the_alert bigint) RETURNS SETOF tapewatch.alert_documents LANGUAGE plpgsql STABLE ROWS 100
AS $$
DECLARE
    asked tapewatch.alerts;
    first timestamptz;
    behind timestamptz;
BEGIN
    SELECT a.* INTO asked FROM tapewatch.alerts a WHERE a.alert_id = the_alert;
    IF asked.kind IN ('headline', 'event') THEN
        SELECT min(v.event_time), max(v.event_time) + interval '1 us' INTO first, behind
        FROM tapewatch.alert_event_links l JOIN tapewatch.alert_events v USING (alert_event_id) WHERE l.alert_id = the_alert;
        RETURN QUERY EXECUTE
            'SELECT $1, $2, $3, v.event_time, (v.sentiment / 10000.0)::numeric(6, 4), d.title, d.body, d.id, d.source, t.topic,
                v.partition, v.kafka_offset, v.event_type, (v.relevance / 10000.0)::numeric(5, 4), (v.source_weight / 10000.0)::numeric(5, 4)
            FROM tapewatch.alert_event_links l
            JOIN tapewatch.alert_events v ON v.alert_event_id = l.alert_event_id
            JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
                AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time AND d.event_time >= $4 AND d.event_time < $5
            JOIN tapewatch.topics t ON t.topic_id = v.topic_id
            WHERE l.alert_id = $1' USING the_alert, asked.rule, asked.entity, first, behind;
    ELSIF asked.kind IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT $1, $2, $3, s.event_time, (s.sentiment / 10000.0)::numeric(6, 4), d.title, d.body, d.id, d.source, t.topic,
                s.partition, s.kafka_offset, NULL::text, (s.relevance / 10000.0)::numeric(5, 4), (s.source_weight / 10000.0)::numeric(5, 4)
            FROM tapewatch.scores s
            JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
                AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time AND d.event_time >= $4 AND d.event_time < $5
            JOIN tapewatch.topics t ON t.topic_id = s.topic_id
            WHERE s.entity = $3 AND s.event_time >= $4 AND s.event_time < $5'
            USING the_alert, asked.rule, asked.entity, asked.first_time, coalesce(asked.resolved_time, 'infinity');
    END IF;
END
$$;

-- What both are, in words; NULL where they are not known.
CREATE FUNCTION tapewatch.relevance_words(relevance numeric, source_weight numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'relevance ' || relevance || coalesce(', by a source of weight ' || source_weight, '')
$$;
COMMENT ON FUNCTION tapewatch.relevance_words(numeric, numeric) IS 'How far a document is about an entity (0 to 1), and how much its source counted in that (0 to 1), in words; NULL where it is not known';
REVOKE ALL ON FUNCTION tapewatch.relevance_words(numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.relevance_words(numeric, numeric) TO tapewatch_reader, tapewatch_writer;

CREATE OR REPLACE FUNCTION tapewatch.alert_why(the_alert bigint)
RETURNS TABLE (part text, at timestamptz, what text, value numeric, words text, place text)
LANGUAGE sql STABLE AS $$
    SELECT w.part, w.at, w.what, w.value, w.words, w.place FROM (
        SELECT 1 AS part_number, 'rule' AS part, r.holds_from AS at, a.rule AS what, NULL::numeric AS value,
            -- its own lines of the set: up to where the next one begins
            (regexp_match(r.rules, '(?n)^ *- name: "?' || regexp_replace(a.rule, '([^A-Za-z0-9])', '\\\1', 'g')
                || '"?$(?:\n(?! *- name:).*)*'))[1] AS words,
            r.sha256 AS place, 0::numeric AS place_in_part
        FROM tapewatch.alerts a JOIN tapewatch.rule_sets r USING (rule_set_id) WHERE a.alert_id = the_alert
        UNION ALL
        SELECT 2, 'step', s.step_time, s.step, (s.value / 10000.0)::numeric(18, 4), s.reason, s.documents::text, s.alert_step_id
        FROM tapewatch.alert_steps s WHERE s.alert_id = the_alert
        UNION ALL
        SELECT 3, 'document', d.event_time, coalesce(d.event_type, d.source), d.sentiment,
            concat_ws(E'\n', CASE WHEN d.title = '' THEN left(d.body, 300) ELSE d.title END,
                tapewatch.relevance_words(d.relevance, d.source_weight)),
            format('%s %s %s', d.topic, d.partition, d.kafka_offset), d.place_in_part
        FROM (SELECT v.*, row_number() OVER (ORDER BY v.sentiment, v.event_time, v.topic, v.partition, v.kafka_offset)::numeric AS place_in_part
            FROM tapewatch.documents_of_alert(the_alert) v
            ORDER BY v.sentiment, v.event_time, v.topic, v.partition, v.kafka_offset LIMIT 10) AS d
        UNION ALL
        SELECT 4, 'evidence', e.event_time, e.what, (e.sentiment / 10000.0)::numeric(6, 4),
            concat_ws(E'\n', e.title || CASE WHEN e.copies > 0 THEN format(' (copies: %s)', e.copies) ELSE '' END,
                tapewatch.relevance_words((e.relevance / 10000.0)::numeric(5, 4), (e.source_weight / 10000.0)::numeric(5, 4)),
                (SELECT string_agg(concat_ws(' ', w.word->>'word', to_char((w.word->>'weight')::numeric, 'FMSG990.00')), ', ' ORDER BY w.nth)
                FROM jsonb_array_elements(e.words) WITH ORDINALITY AS w (word, nth))),
            format('%s %s %s', t.topic, e.partition, e.kafka_offset), e.place_in_part
        FROM (
            SELECT n.step AS what, n.alert_step_id * 100 + x.rank AS place_in_part, x.*
            FROM tapewatch.alert_steps n JOIN tapewatch.alert_evidence x ON x.alert_step_id = n.alert_step_id
            WHERE n.alert_id = the_alert
            UNION ALL
            SELECT v.kind, v.alert_event_id * 100 + x.rank, x.*
            FROM tapewatch.alert_event_links l
            JOIN tapewatch.alert_events v ON v.alert_event_id = l.alert_event_id
            JOIN tapewatch.alert_evidence x ON x.alert_event_id = v.alert_event_id
            WHERE l.alert_id = the_alert) AS e
        JOIN tapewatch.topics t ON t.topic_id = e.topic_id
        UNION ALL
        SELECT 5, 'people', c.done_at, c.action, NULL, c.reason, c.actor, c.alert_action_id
        FROM tapewatch.alert_actions c WHERE c.alert_id = the_alert) AS w
    ORDER BY w.part_number, w.place_in_part
$$;
COMMENT ON FUNCTION tapewatch.alert_why(bigint) IS
    'Why an alert opened, and what became of it: the rule as it stood (words), each step with its value and reason, the ten documents that weigh most (the most negative; words: title, and how far it is about the entity, by the weight of its source), the evidence of each step (title, copies, the same, and the words that made the model decide, with their weights), what people did. place: SHA-256 of the rule set; documents behind the step; topic, partition and offset; who';

-- -- evidence, as in 0030, by the weight that was stored ------------------------------------------------------------

DROP FUNCTION tapewatch.take_evidence(text, bigint, integer, integer);
CREATE FUNCTION tapewatch.take_evidence(the_owner text, within_ms bigint, most_tries integer, most_documents integer)
RETURNS TABLE (alert_step_id bigint, alert_event_id bigint, age_ms bigint, entity text, rank smallint, topic_id smallint,
    partition integer, kafka_offset bigint, event_time timestamptz, sentiment smallint, copies bigint, event_begin integer,
    event_end integer, title text, body text, source_weight smallint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    since timestamptz := clock_timestamp() - within_ms * interval '1 ms';
    next record;
BEGIN
    SELECT w.* INTO next FROM (
        (SELECT s.alert_step_id AS step, NULL::bigint AS event, s.stepped_at AS at, a.entity AS entity
        FROM tapewatch.alert_steps s
        JOIN tapewatch.alerts a USING (alert_id)
        JOIN tapewatch.shards h ON h.shard = a.shard AND h.owner = the_owner
        WHERE s.step <> 'resolved' AND s.window_from IS NOT NULL AND s.stepped_at > since AND NOT EXISTS (
            SELECT FROM tapewatch.alert_evidence_tries x WHERE x.alert_step_id = s.alert_step_id
                AND (x.outcome IS NOT NULL OR x.tries >= most_tries))
        ORDER BY s.stepped_at DESC, s.alert_step_id DESC LIMIT 1)
        UNION ALL
        (SELECT NULL, v.alert_event_id, v.available_at, v.entity
        FROM tapewatch.alert_events v
        JOIN tapewatch.shards h ON h.shard = v.shard AND h.owner = the_owner
        WHERE v.available_at > since AND NOT EXISTS (
            SELECT FROM tapewatch.alert_evidence_tries x WHERE x.alert_event_id = v.alert_event_id
                AND (x.outcome IS NOT NULL OR x.tries >= most_tries))
            -- else it is a copy, not enough by itself, or no rule wanted it
            AND (v.alert_id IS NOT NULL OR (v.evaluated_at IS NULL AND v.stories = 1 AND tapewatch.is_watched(v.entity, v.watch)))
        ORDER BY v.available_at DESC, v.alert_event_id DESC LIMIT 1)) AS w
    ORDER BY w.at DESC LIMIT 1;
    IF next.step IS NOT NULL THEN
        INSERT INTO tapewatch.alert_evidence_tries AS x (alert_step_id) VALUES (next.step)
        ON CONFLICT (alert_step_id) WHERE x.alert_step_id IS NOT NULL
        DO UPDATE SET tries = x.tries + 1, tried_at = clock_timestamp();
        RETURN QUERY SELECT next.step, NULL::bigint, (extract(epoch FROM clock_timestamp() - next.at) * 1000)::bigint,
            next.entity::text, d.rank::smallint, d.topic_id, d.partition, d.kafka_offset, d.event_time, d.sentiment, d.copies,
            NULL::integer, NULL::integer, d.title, d.body,
            (SELECT c.source_weight FROM tapewatch.scores c WHERE c.topic_id = d.topic_id AND c.partition = d.partition
                AND c.kafka_offset = d.kafka_offset AND c.event_time = d.event_time AND c.entity = next.entity)
        FROM tapewatch.heaviest_documents(next.step, most_documents) d ORDER BY d.rank;
        IF NOT FOUND THEN -- its documents were dropped
            PERFORM tapewatch.end_evidence(next.step, NULL);
        END IF;
    ELSIF next.event IS NOT NULL THEN
        INSERT INTO tapewatch.alert_evidence_tries AS x (alert_event_id) VALUES (next.event)
        ON CONFLICT (alert_event_id) WHERE x.alert_event_id IS NOT NULL
        DO UPDATE SET tries = x.tries + 1, tried_at = clock_timestamp();
        RETURN QUERY SELECT NULL::bigint, v.alert_event_id, (extract(epoch FROM clock_timestamp() - next.at) * 1000)::bigint,
            v.entity::text, 1::smallint, v.topic_id, v.partition, v.kafka_offset, v.event_time, v.sentiment, NULL::bigint,
            e.begin_byte, e.end_byte, d.title, d.body, v.source_weight
        FROM tapewatch.alert_events v
        JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition AND d.kafka_offset = v.kafka_offset
            AND d.event_time = v.event_time
        LEFT JOIN LATERAL (SELECT x.begin_byte, x.end_byte FROM tapewatch.events x WHERE x.topic_id = v.topic_id
            AND x.partition = v.partition AND x.kafka_offset = v.kafka_offset AND x.event_time = v.event_time
            AND x.type = v.event_type AND x.entity = v.entity ORDER BY x.number LIMIT 1) AS e ON true
        WHERE v.alert_event_id = next.event;
        IF NOT FOUND THEN
            PERFORM tapewatch.end_evidence(NULL, next.event);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.take_evidence(text, bigint, integer, integer) IS
    'The newest step or alert event without evidence of the shards of this daemon (owner), no older than so many milliseconds and tried fewer times than given: its documents, the heaviest first, with their texts; counts the try';
REVOKE ALL ON FUNCTION tapewatch.take_evidence(text, bigint, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.take_evidence(text, bigint, integer, integer) TO tapewatch_writer;
