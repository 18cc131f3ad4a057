-- A headline or event may have spoken for several alerts of its rule: where a rule asks for several stories within a window
-- (`min_stories`), those of an alert that is over count again for the next. Each opening has its own links; alert_events.alert_id
-- stays the first.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.alert_event_links (
    alert_id bigint NOT NULL REFERENCES tapewatch.alerts,
    alert_event_id bigint NOT NULL,
    PRIMARY KEY (alert_id, alert_event_id)
);
CREATE INDEX alert_event_links_event ON tapewatch.alert_event_links (alert_event_id);
COMMENT ON TABLE tapewatch.alert_event_links IS 'Which headlines and events opened, helped to open or updated which alert';
COMMENT ON COLUMN tapewatch.alert_event_links.alert_id IS 'Alert, see alerts';
COMMENT ON COLUMN tapewatch.alert_event_links.alert_event_id IS 'Headline or event, see alert_events';
COMMENT ON COLUMN tapewatch.alert_events.alert_id IS 'First alert that it opened, helped to open or updated; NULL when none, or not yet. All of them: alert_event_links';

INSERT INTO tapewatch.alert_event_links (alert_id, alert_event_id)
SELECT v.alert_id, v.alert_event_id FROM tapewatch.alert_events v JOIN tapewatch.alerts a ON a.alert_id = v.alert_id;

-- As in 0022, by the links.
CREATE OR REPLACE VIEW tapewatch.alert_documents AS
SELECT a.alert_id, a.rule, a.entity, s.event_time, (s.sentiment / 10000.0)::numeric(6, 4) AS sentiment, d.title, d.body,
    d.id, d.source, t.topic, s.partition, s.kafka_offset, NULL::text AS event_type
FROM tapewatch.alerts a
JOIN tapewatch.scores s ON s.entity = a.entity AND s.event_time >= a.first_time
    AND s.event_time < coalesce(a.resolved_time, 'infinity')
JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
    AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
JOIN tapewatch.topics t ON t.topic_id = s.topic_id
WHERE a.kind NOT IN ('headline', 'event')
UNION ALL
SELECT a.alert_id, a.rule, a.entity, v.event_time, (v.sentiment / 10000.0)::numeric(6, 4), d.title, d.body,
    d.id, d.source, t.topic, v.partition, v.kafka_offset, v.event_type
FROM tapewatch.alerts a
JOIN tapewatch.alert_event_links l ON l.alert_id = a.alert_id
JOIN tapewatch.alert_events v ON v.alert_event_id = l.alert_event_id
JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
    AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time
JOIN tapewatch.topics t ON t.topic_id = v.topic_id
WHERE a.kind IN ('headline', 'event');

-- As in 0027, by the links.
CREATE OR REPLACE FUNCTION tapewatch.alert_stories(the_alert bigint)
RETURNS TABLE (story bigint, first_time timestamptz, last_time timestamptz, documents bigint, copies bigint, sentiment numeric,
    title text, source text)
LANGUAGE sql STABLE AS $$
    -- A headline or event has its own documents; their copies made no rule speak, and are found by their stories.
    WITH own AS (
        SELECT a.entity, f.story, v.topic_id, v.partition, v.kafka_offset, v.event_time, v.sentiment
        FROM tapewatch.alerts a
        JOIN tapewatch.alert_event_links l ON l.alert_id = a.alert_id
        JOIN tapewatch.alert_events v ON v.alert_event_id = l.alert_event_id
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

GRANT SELECT ON tapewatch.alert_event_links TO tapewatch_writer, tapewatch_reader;
GRANT INSERT ON tapewatch.alert_event_links TO tapewatch_writer;
