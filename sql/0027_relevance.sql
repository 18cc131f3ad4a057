-- How far each document is about each entity in it, with what that was made of; and the questions of analysts (0022) with stories,
-- copies, relevance and evidence in their answers.

SET LOCAL ROLE tapewatch_owner;

-- Behind those that stand: a day that stands gets them too, with NULL in its rows.
ALTER TABLE tapewatch.scores
    ADD COLUMN first_byte integer,
    ADD COLUMN relevance smallint,
    ADD COLUMN share smallint,
    ADD COLUMN others smallint,
    ADD COLUMN in_title boolean;
COMMENT ON COLUMN tapewatch.scores.relevance IS 'How far the document is about the entity, 0 to 10000, by place and share (pipelines/link/relevance.h); NULL: stored before schema version 27';
COMMENT ON COLUMN tapewatch.scores.share IS 'Its mentions of those of all entities of the document, 0 to 10000';
COMMENT ON COLUMN tapewatch.scores.others IS 'Other entities that the document names';
COMMENT ON COLUMN tapewatch.scores.first_byte IS 'Byte of the cleaned text, from 0, where it is first named; -1: nowhere, by the message''s symbols alone';
COMMENT ON COLUMN tapewatch.scores.in_title IS 'It is named in the title, or in a text that is as short as one';

-- -- one company's day -----------------------------------------------------------------------------------------------

DROP FUNCTION tapewatch.company_day(text, date);
CREATE FUNCTION tapewatch.company_day(the_entity text, the_day date)
RETURNS TABLE (event_time timestamptz, sentiment numeric, relevance numeric, story bigint, copy boolean, copies_before integer,
    novelty numeric, events text[], title text, body text, source text, id text, mentions integer, in_title boolean, others smallint,
    late boolean, topic text, partition integer, kafka_offset bigint)
LANGUAGE sql STABLE AS $$
    SELECT s.event_time, (s.sentiment / 10000.0)::numeric(6, 4), (s.relevance / 10000.0)::numeric(5, 4), f.story,
        s.entity = ANY (f.told), f.copies_24h, (f.novelty / 10000.0)::numeric(5, 4),
        ARRAY(SELECT v.type::text FROM tapewatch.events v WHERE v.topic_id = s.topic_id AND v.partition = s.partition
            AND v.kafka_offset = s.kafka_offset AND v.event_time = s.event_time AND v.entity = s.entity ORDER BY v.number),
        d.title, d.body, d.source, d.id, s.mentions, s.in_title, s.others, d.late, t.topic, s.partition, s.kafka_offset
    FROM tapewatch.scores s
    JOIN tapewatch.topics t ON t.topic_id = s.topic_id
    LEFT JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
        AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
    LEFT JOIN tapewatch.stories f ON f.topic_id = s.topic_id AND f.partition = s.partition
        AND f.kafka_offset = s.kafka_offset AND f.event_time = s.event_time
    WHERE s.entity = the_entity AND s.event_time >= the_day::timestamp AT TIME ZONE 'UTC'
        AND s.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    ORDER BY s.event_time, t.topic, s.partition, s.kafka_offset
$$;
COMMENT ON FUNCTION tapewatch.company_day(text, date) IS
    'One entity''s day (UTC, event time): each document that speaks of it, in order, with its sentiment (-1 to 1), how far it is about it (relevance, 0 to 1), its story, whether that was told of the entity before (copy), copies of it within 24 hours before, novelty (0 to 1), and the types of events that it tells of it; story and what follows from it are NULL where stories are not filed, or not yet; title and body where the document was dropped';

-- -- the stories behind an alert -------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.alert_stories(the_alert bigint)
RETURNS TABLE (story bigint, first_time timestamptz, last_time timestamptz, documents bigint, copies bigint, sentiment numeric,
    title text, source text)
LANGUAGE sql STABLE AS $$
    -- A headline or event has its own documents; their copies made no rule speak, and are found by their stories.
    WITH own AS (
        SELECT a.entity, f.story, v.topic_id, v.partition, v.kafka_offset, v.event_time, v.sentiment
        FROM tapewatch.alerts a
        JOIN tapewatch.alert_events v ON v.alert_id = a.alert_id
        JOIN tapewatch.stories f ON f.topic_id = v.topic_id AND f.partition = v.partition AND f.kafka_offset = v.kafka_offset
            AND f.event_time = v.event_time
        WHERE a.alert_id = the_alert AND a.kind IN ('headline', 'event')),
    all_of AS (
        SELECT a.entity, f.story, c.topic_id, c.partition, c.kafka_offset, c.event_time, c.sentiment, f.told
        FROM tapewatch.alerts a
        JOIN tapewatch.scores c ON c.entity = a.entity AND c.event_time >= a.first_time
            AND c.event_time < coalesce(a.resolved_time, 'infinity')
        JOIN tapewatch.stories f ON f.topic_id = c.topic_id AND f.partition = c.partition AND f.kafka_offset = c.kafka_offset
            AND f.event_time = c.event_time
        WHERE a.alert_id = the_alert AND a.kind NOT IN ('headline', 'event')
        UNION ALL
        SELECT o.entity, f.story, f.topic_id, f.partition, f.kafka_offset, f.event_time, c.sentiment, f.told
        FROM (SELECT DISTINCT w.story, w.entity FROM own w) AS o
        JOIN tapewatch.alerts a ON a.alert_id = the_alert
        JOIN tapewatch.stories f ON f.story = o.story AND f.event_time >= a.first_time
            AND f.event_time < coalesce(a.resolved_time, 'infinity')
        JOIN tapewatch.scores c ON c.topic_id = f.topic_id AND c.partition = f.partition AND c.kafka_offset = f.kafka_offset
            AND c.event_time = f.event_time AND c.entity = o.entity),
    sums AS (
        SELECT w.story, min(w.event_time) AS first_time, max(w.event_time) AS last_time, count(*) AS documents,
            count(*) FILTER (WHERE w.entity = ANY (w.told)) AS copies, avg(w.sentiment) AS sentiment,
            (array_agg(w.topic_id ORDER BY w.event_time, w.kafka_offset))[1] AS topic_id,
            (array_agg(w.partition ORDER BY w.event_time, w.kafka_offset))[1] AS partition,
            (array_agg(w.kafka_offset ORDER BY w.event_time, w.kafka_offset))[1] AS kafka_offset
        FROM all_of w GROUP BY w.story)
    SELECT s.story, s.first_time, s.last_time, s.documents, s.copies, (s.sentiment / 10000.0)::numeric(6, 4), d.title, d.source
    FROM sums s
    LEFT JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition AND d.kafka_offset = s.kafka_offset
        AND d.event_time = s.first_time
    ORDER BY s.sentiment, s.first_time, s.story
$$;
COMMENT ON FUNCTION tapewatch.alert_stories(bigint) IS
    'The stories behind an alert, from when documents count for it until it is resolved, the most negative first: first and last document, how many, how many of them are copies, their mean sentiment (-1 to 1), title and source of the first; nothing where stories are not filed';

-- -- why -------------------------------------------------------------------------------------------------------------

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
            CASE WHEN d.title = '' THEN left(d.body, 300) ELSE d.title END,
            format('%s %s %s', d.topic, d.partition, d.kafka_offset), d.place_in_part
        FROM (SELECT v.*, row_number() OVER (ORDER BY v.sentiment, v.event_time, v.topic, v.partition, v.kafka_offset)::numeric AS place_in_part
            FROM tapewatch.alert_documents v WHERE v.alert_id = the_alert
            ORDER BY v.sentiment, v.event_time, v.topic, v.partition, v.kafka_offset LIMIT 10) AS d
        UNION ALL
        SELECT 4, 'evidence', e.event_time, e.what, (e.sentiment / 10000.0)::numeric(6, 4),
            concat_ws(E'\n', e.title || CASE WHEN e.copies > 0 THEN format(' (copies: %s)', e.copies) ELSE '' END,
                (SELECT string_agg(concat_ws(' ', w.word->>'word', to_char((w.word->>'weight')::numeric, 'FMSG990.00')), ', ' ORDER BY w.nth)
                FROM jsonb_array_elements(e.words) WITH ORDINALITY AS w (word, nth))),
            format('%s %s %s', t.topic, e.partition, e.kafka_offset), e.place_in_part
        FROM (
            SELECT n.step AS what, n.alert_step_id * 100 + x.rank AS place_in_part, x.*
            FROM tapewatch.alert_steps n JOIN tapewatch.alert_evidence x ON x.alert_step_id = n.alert_step_id
            WHERE n.alert_id = the_alert
            UNION ALL
            SELECT v.kind, v.alert_event_id * 100 + x.rank, x.*
            FROM tapewatch.alert_events v JOIN tapewatch.alert_evidence x ON x.alert_event_id = v.alert_event_id
            WHERE v.alert_id = the_alert) AS e
        JOIN tapewatch.topics t ON t.topic_id = e.topic_id
        UNION ALL
        SELECT 5, 'people', c.done_at, c.action, NULL, c.reason, c.actor, c.alert_action_id
        FROM tapewatch.alert_actions c WHERE c.alert_id = the_alert) AS w
    ORDER BY w.part_number, w.place_in_part
$$;
COMMENT ON FUNCTION tapewatch.alert_why(bigint) IS
    'Why an alert opened, and what became of it: the rule as it stood (words), each step with its value and reason, the ten documents that weigh most (the most negative), the evidence of each step (title, copies, and the words that made the model decide, with their weights), what people did. place: SHA-256 of the rule set; documents behind the step; topic, partition and offset; who';

REVOKE ALL ON FUNCTION tapewatch.company_day(text, date), tapewatch.alert_stories(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.company_day(text, date), tapewatch.alert_stories(bigint) TO tapewatch_reader, tapewatch_writer;
