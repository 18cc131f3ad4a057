-- What analysts ask first, one query away: one company's day; who moved in the last hour; what was known at a time; why an
-- alert opened; how rules have done by people's labels. Functions with a fixed number of steps each, over the indexes that stand.

SET LOCAL ROLE tapewatch_owner;

-- Rules over a company's own days, and rules of others, are made of the same documents as those over its bars.
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
JOIN tapewatch.alert_events v ON v.alert_id = a.alert_id
JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
    AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time
JOIN tapewatch.topics t ON t.topic_id = v.topic_id
WHERE a.kind IN ('headline', 'event');

-- -- one company's day -----------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.company_day(the_entity text, the_day date)
RETURNS TABLE (event_time timestamptz, sentiment numeric, events text[], title text, body text, source text, id text,
    mentions integer, late boolean, topic text, partition integer, kafka_offset bigint)
LANGUAGE sql STABLE AS $$
    SELECT s.event_time, (s.sentiment / 10000.0)::numeric(6, 4),
        ARRAY(SELECT v.type::text FROM tapewatch.events v WHERE v.topic_id = s.topic_id AND v.partition = s.partition
            AND v.kafka_offset = s.kafka_offset AND v.event_time = s.event_time AND v.entity = s.entity ORDER BY v.number),
        d.title, d.body, d.source, d.id, s.mentions, d.late, t.topic, s.partition, s.kafka_offset
    FROM tapewatch.scores s
    JOIN tapewatch.topics t ON t.topic_id = s.topic_id
    LEFT JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
        AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
    WHERE s.entity = the_entity AND s.event_time >= the_day::timestamp AT TIME ZONE 'UTC'
        AND s.event_time < (the_day + 1)::timestamp AT TIME ZONE 'UTC'
    ORDER BY s.event_time, t.topic, s.partition, s.kafka_offset
$$;
COMMENT ON FUNCTION tapewatch.company_day(text, date) IS
    'One entity''s day (UTC, event time): each document that speaks of it, in order, with its sentiment (-1 to 1) and the types of events that it tells of it; title and body are NULL where the document was dropped';

-- -- who moved -------------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.top_movers(the_end timestamptz DEFAULT NULL, the_span interval DEFAULT '1 hour', most integer DEFAULT 20)
RETURNS TABLE (entity text, name text, sector text, scores bigint, mean numeric, scores_before bigint, mean_before numeric,
    moved numeric, weight numeric)
LANGUAGE sql STABLE AS $$
    WITH span AS (
        SELECT date_bin('10 s', coalesce(the_end, (SELECT max(p.watermark) FROM tapewatch.positions p), now()), 'epoch') AS until),
    sums AS (
        SELECT b.entity, coalesce(sum(b.scores) FILTER (WHERE b.bar_start >= span.until - the_span), 0) AS now_scores,
            coalesce(sum(b.sum) FILTER (WHERE b.bar_start >= span.until - the_span), 0) AS now_sum,
            coalesce(sum(b.scores) FILTER (WHERE b.bar_start < span.until - the_span), 0) AS before_scores,
            coalesce(sum(b.sum) FILTER (WHERE b.bar_start < span.until - the_span), 0) AS before_sum
        FROM span, tapewatch.bars b
        WHERE b.bar_start >= span.until - 2 * the_span AND b.bar_start < span.until
        GROUP BY b.entity),
    means AS (
        SELECT m.entity, m.now_scores, m.before_scores, m.now_sum / 10000.0 / m.now_scores AS now_mean,
            m.before_sum / 10000.0 / nullif(m.before_scores, 0) AS before_mean
        FROM sums m WHERE m.now_scores > 0),
    movers AS (
        SELECT m.*, m.now_mean - coalesce(m.before_mean, 0) AS moved,
            abs(m.now_mean - coalesce(m.before_mean, 0)) * sqrt(m.now_scores) AS weight
        FROM means m ORDER BY weight DESC, m.entity LIMIT most)
    SELECT m.entity, coalesce(e.name, m.entity), e.sector, m.now_scores::bigint, m.now_mean::numeric(6, 4),
        m.before_scores::bigint, m.before_mean::numeric(6, 4), m.moved::numeric(6, 4), m.weight::numeric(18, 4)
    FROM movers m LEFT JOIN tapewatch.entities e ON e.symbol = m.entity
    ORDER BY m.weight DESC, m.entity
$$;
COMMENT ON FUNCTION tapewatch.top_movers(timestamptz, interval, integer) IS
    'Entities whose mean sentiment (-1 to 1) in the span before a time (event time; NULL: as far as it has come) differs most from that of the span before (0 where they were not spoken of), times the square root of the number of documents: one document moves less than many';

-- -- what was known --------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.documents_known_at(the_entity text, the_time timestamptz, the_span interval DEFAULT '1 day')
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
    WHERE s.entity = the_entity AND s.event_time >= the_time - the_span AND s.event_time < the_time + interval '1 day'
        AND s.available_at <= the_time
    ORDER BY s.event_time DESC, t.topic, s.partition, s.kafka_offset
$$;
COMMENT ON FUNCTION tapewatch.documents_known_at(text, timestamptz, interval) IS
    'What was known of an entity at a time of the wall clock: documents of the span before it (event time) that were stored by then, newest first; what came later is left out, however early it happened';

CREATE INDEX alert_steps_resolved ON tapewatch.alert_steps (stepped_at, alert_id) WHERE step = 'resolved';

CREATE FUNCTION tapewatch.alerts_known_at(the_time timestamptz)
RETURNS TABLE (alert_id bigint, rule text, entity text, name text, opened_time timestamptz, step text, step_time timestamptz,
    value numeric, documents bigint, reason text)
LANGUAGE sql STABLE AS $$
    SELECT a.alert_id, a.rule, a.entity::text, coalesce(e.name, a.entity), a.opened_time, s.step, s.step_time,
        (s.value / 10000.0)::numeric(18, 4), s.documents, s.reason
    FROM (
        SELECT o.alert_id FROM tapewatch.alerts o WHERE o.state <> 'resolved'
        UNION
        SELECT r.alert_id FROM tapewatch.alert_steps r WHERE r.step = 'resolved' AND r.stepped_at > the_time) AS then_open
    JOIN tapewatch.alerts a ON a.alert_id = then_open.alert_id
    JOIN LATERAL (SELECT p.* FROM tapewatch.alert_steps p WHERE p.alert_id = a.alert_id AND p.stepped_at <= the_time
        ORDER BY p.alert_step_id DESC LIMIT 1) AS s ON s.step <> 'resolved'
    LEFT JOIN tapewatch.entities e ON e.symbol = a.entity
    ORDER BY a.opened_time DESC, a.alert_id DESC
$$;
COMMENT ON FUNCTION tapewatch.alerts_known_at(timestamptz) IS
    'Alerts that stood open at a time of the wall clock, each with its last step by then: what a desk could see, not what is known now';

-- -- why -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.alert_why(the_alert bigint)
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
        SELECT 4, 'people', c.done_at, c.action, NULL, c.reason, c.actor, c.alert_action_id
        FROM tapewatch.alert_actions c WHERE c.alert_id = the_alert) AS w
    ORDER BY w.part_number, w.place_in_part
$$;
COMMENT ON FUNCTION tapewatch.alert_why(bigint) IS
    'Why an alert opened, and what became of it: the rule as it stood (words), each step with its value and reason, the ten documents that weigh most (the most negative), what people did. place: SHA-256 of the rule set; documents behind the step; topic, partition and offset; who';

-- -- how did we do ---------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.rule_outcomes(the_begin timestamptz, the_end timestamptz)
RETURNS TABLE (rule text, alerts bigint, acknowledged bigint, closed bigint, judged bigint, wrong bigint, precision_of_judged numeric)
LANGUAGE sql STABLE AS $$
    WITH asked AS (
        SELECT a.alert_id, a.rule, a.kind FROM tapewatch.alerts a WHERE a.opened_time > the_begin AND a.opened_time <= the_end),
    said AS (
        SELECT DISTINCT ON (l.topic_id, l.partition, l.kafka_offset, l.label, l.entity) l.*, t.topic
        FROM tapewatch.labels l JOIN tapewatch.topics t USING (topic_id)
        ORDER BY l.topic_id, l.partition, l.kafka_offset, l.label, l.entity, l.label_id DESC),
    documents AS (
        SELECT k.alert_id,
            bool_or(s.label IN ('wrong_entity', 'not_news', 'duplicate')
                OR CASE WHEN k.kind = 'event' THEN s.label = 'wrong_event'
                    ELSE s.label = 'wrong_sentiment' AND s.right_value IS DISTINCT FROM 'negative' END) AS is_wrong
        FROM said s
        JOIN tapewatch.alert_documents d ON d.topic = s.topic AND d.partition = s.partition AND d.kafka_offset = s.kafka_offset
            AND d.event_time = s.event_time AND (s.entity IS NULL OR s.entity = d.entity)
        JOIN asked k ON k.alert_id = d.alert_id
        WHERE s.label IN ('wrong_entity', 'not_news', 'duplicate')
            OR s.label = CASE WHEN k.kind = 'event' THEN 'wrong_event' ELSE 'wrong_sentiment' END
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
COMMENT ON FUNCTION tapewatch.rule_outcomes(timestamptz, timestamptz) IS
    'How rules have done: alerts that opened after the first and up to the second event time, those that people acknowledged and closed, those of which a document is labelled (judged), and of these the wrong ones: most labelled documents should not have counted. As tapewatch backtest --summary has it (deploy/docs/testing.md)';

REVOKE ALL ON FUNCTION tapewatch.company_day(text, date), tapewatch.top_movers(timestamptz, interval, integer),
    tapewatch.documents_known_at(text, timestamptz, interval), tapewatch.alerts_known_at(timestamptz), tapewatch.alert_why(bigint),
    tapewatch.rule_outcomes(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.company_day(text, date), tapewatch.top_movers(timestamptz, interval, integer),
    tapewatch.documents_known_at(text, timestamptz, interval), tapewatch.alerts_known_at(timestamptz), tapewatch.alert_why(bigint),
    tapewatch.rule_outcomes(timestamptz, timestamptz) TO tapewatch_reader, tapewatch_writer;
