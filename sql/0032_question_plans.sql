-- What analysts ask first, on tables of 50 million scores (tests/bench/analysts): no question looks into more days than it is about.
-- Bounds of a period reach every table that is cut by day, in words: the planner does not carry them over an equality of event times,
-- and a hash join over all documents looked cheaper to it for companies that are in most of the news.

SET LOCAL ROLE tapewatch_owner;

CREATE INDEX alerts_opened ON tapewatch.alerts (opened_time);

CREATE OR REPLACE FUNCTION tapewatch.company_day(the_entity text, the_day date)
RETURNS TABLE (event_time timestamptz, sentiment numeric, relevance numeric, story bigint, copy boolean, copies_before integer,
    novelty numeric, events text[], title text, body text, source text, id text, mentions integer, in_title boolean, others smallint,
    late boolean, topic text, partition integer, kafka_offset bigint)
LANGUAGE sql STABLE AS $$
    SELECT s.event_time, (s.sentiment / 10000.0)::numeric(6, 4), (s.relevance / 10000.0)::numeric(5, 4), f.story,
        s.entity = ANY (f.told), f.copies_24h, (f.novelty / 10000.0)::numeric(5, 4),
        ARRAY(SELECT v.type::text FROM tapewatch.events v WHERE v.topic_id = s.topic_id AND v.partition = s.partition
            AND v.kafka_offset = s.kafka_offset AND v.event_time = s.event_time AND v.entity = s.entity
            AND v.event_time >= the_day::timestamp AT TIME ZONE 'UTC' AND v.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
            ORDER BY v.number),
        d.title, d.body, d.source, d.id, s.mentions, s.in_title, s.others, d.late, t.topic, s.partition, s.kafka_offset
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

CREATE OR REPLACE FUNCTION tapewatch.documents_known_at(the_entity text, the_time timestamptz, the_span interval DEFAULT '1 day')
RETURNS TABLE (event_time timestamptz, available_at timestamptz, sentiment numeric, title text, source text, id text, model text,
    topic text, partition integer, kafka_offset bigint)
LANGUAGE sql STABLE AS $$
    SELECT s.event_time, s.available_at, (s.sentiment / 10000.0)::numeric(6, 4), d.title, d.source, d.id, m.sha256, t.topic,
        s.partition, s.kafka_offset
    FROM tapewatch.scores s
    JOIN tapewatch.topics t ON t.topic_id = s.topic_id
    JOIN tapewatch.models m ON m.model_id = s.model_id
    LEFT JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
        AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
        AND d.event_time >= the_time - the_span AND d.event_time < the_time + interval '1 day'
    WHERE s.entity = the_entity AND s.event_time >= the_time - the_span AND s.event_time < the_time + interval '1 day'
        AND s.available_at <= the_time
    ORDER BY s.event_time DESC, t.topic, s.partition, s.kafka_offset
$$;

CREATE OR REPLACE FUNCTION tapewatch.rule_outcomes(the_begin timestamptz, the_end timestamptz)
RETURNS TABLE (rule text, alerts bigint, acknowledged bigint, closed bigint, judged bigint, wrong bigint, precision_of_judged numeric)
LANGUAGE sql STABLE AS $$
    WITH asked AS (
        SELECT a.alert_id, a.rule, a.first_time, a.resolved_time FROM tapewatch.alerts a WHERE a.opened_time > the_begin AND a.opened_time <= the_end),
    said AS (
        SELECT DISTINCT ON (l.topic_id, l.partition, l.kafka_offset, l.label, l.entity) l.*
        FROM tapewatch.labels l
        WHERE l.event_time >= (SELECT min(k.first_time) FROM asked k)
            AND l.event_time < (SELECT max(coalesce(k.resolved_time, 'infinity')) FROM asked k)
        ORDER BY l.topic_id, l.partition, l.kafka_offset, l.label, l.entity, l.label_id DESC),
    -- From the labels, which are few, to their alerts, each by an index; never from the alerts to their documents.
    documents AS (
        SELECT k.alert_id,
            bool_or(s.label IN ('wrong_entity', 'not_news', 'duplicate')
                OR CASE WHEN k.kind = 'event' THEN s.label = 'wrong_event'
                    ELSE s.label = 'wrong_sentiment' AND s.right_value IS DISTINCT FROM 'negative' END) AS is_wrong
        FROM said s
        CROSS JOIN LATERAL (
            SELECT a.alert_id, a.kind, a.entity
            FROM tapewatch.alert_events v
            JOIN tapewatch.alert_event_links l ON l.alert_event_id = v.alert_event_id
            JOIN tapewatch.alerts a ON a.alert_id = l.alert_id AND a.kind IN ('headline', 'event')
            WHERE v.topic_id = s.topic_id AND v.partition = s.partition AND v.kafka_offset = s.kafka_offset
                AND a.opened_time > the_begin AND a.opened_time <= the_end
            UNION ALL
            SELECT a.alert_id, a.kind, a.entity
            FROM tapewatch.scores c
            JOIN tapewatch.alerts a ON a.entity = c.entity AND a.kind NOT IN ('headline', 'event') AND c.event_time >= a.first_time
                AND c.event_time < coalesce(a.resolved_time, 'infinity')
            WHERE c.topic_id = s.topic_id AND c.partition = s.partition AND c.kafka_offset = s.kafka_offset
                AND c.event_time = s.event_time AND a.opened_time > the_begin AND a.opened_time <= the_end
            OFFSET 0) AS k
        WHERE (s.entity IS NULL OR s.entity = k.entity)
            AND (s.label IN ('wrong_entity', 'not_news', 'duplicate')
                OR s.label = CASE WHEN k.kind = 'event' THEN 'wrong_event' ELSE 'wrong_sentiment' END)
            AND EXISTS (SELECT FROM tapewatch.documents d WHERE d.topic_id = s.topic_id AND d.partition = s.partition
                AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time OFFSET 0)
        GROUP BY k.alert_id, s.topic_id, s.partition, s.kafka_offset),
    judged AS (
        SELECT d.alert_id, 2 * count(*) FILTER (WHERE d.is_wrong) > count(*) AS is_wrong FROM documents d GROUP BY d.alert_id)
    SELECT k.rule, count(*),
        count(*) FILTER (WHERE EXISTS (SELECT FROM tapewatch.alert_actions c WHERE c.alert_id = k.alert_id AND c.action = 'acknowledged')),
        count(*) FILTER (WHERE EXISTS (SELECT FROM tapewatch.alert_actions c WHERE c.alert_id = k.alert_id AND c.action = 'closed')),
        count(j.alert_id), count(*) FILTER (WHERE j.is_wrong),
        (1 - count(*) FILTER (WHERE j.is_wrong)::numeric / nullif(count(j.alert_id), 0))::numeric(5, 4)
    FROM asked k LEFT JOIN judged j ON j.alert_id = k.alert_id
    GROUP BY k.rule ORDER BY k.rule COLLATE "C"
$$;

-- -- the documents of one alert --------------------------------------------------------------------------------------

-- Its times are known before the rest is planned.
CREATE FUNCTION tapewatch.documents_of_alert(the_alert bigint) RETURNS SETOF tapewatch.alert_documents LANGUAGE plpgsql STABLE ROWS 100
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
                v.partition, v.kafka_offset, v.event_type
            FROM tapewatch.alert_event_links l
            JOIN tapewatch.alert_events v ON v.alert_event_id = l.alert_event_id
            JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
                AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time AND d.event_time >= $4 AND d.event_time < $5
            JOIN tapewatch.topics t ON t.topic_id = v.topic_id
            WHERE l.alert_id = $1' USING the_alert, asked.rule, asked.entity, first, behind;
    ELSIF asked.kind IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT $1, $2, $3, s.event_time, (s.sentiment / 10000.0)::numeric(6, 4), d.title, d.body, d.id, d.source, t.topic,
                s.partition, s.kafka_offset, NULL::text
            FROM tapewatch.scores s
            JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
                AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time AND d.event_time >= $4 AND d.event_time < $5
            JOIN tapewatch.topics t ON t.topic_id = s.topic_id
            WHERE s.entity = $3 AND s.event_time >= $4 AND s.event_time < $5'
            USING the_alert, asked.rule, asked.entity, asked.first_time, coalesce(asked.resolved_time, 'infinity');
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.documents_of_alert(bigint) IS
    'The documents behind one alert, as alert_documents has them; looks into the days of the alert alone';

-- As in 0031, by it.
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
            FROM tapewatch.documents_of_alert(the_alert) v
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

REVOKE ALL ON FUNCTION tapewatch.documents_of_alert(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.documents_of_alert(bigint) TO tapewatch_reader, tapewatch_writer;
