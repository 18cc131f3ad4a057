-- Rules that speak for single documents, headlines and events, are in alerts_open from the commit of the document on:
-- `announced`, until event time has come so far that the evaluator has made an alert of them, or none.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.alert_events
    ADD COLUMN value smallint,
    ADD COLUMN kind text NOT NULL DEFAULT 'headline',
    ADD COLUMN severity text,
    ADD COLUMN event_type text;
COMMENT ON TABLE tapewatch.alert_events IS 'A rule of kind headline or event spoke for one document: stored and told in the document''s own transaction';
COMMENT ON COLUMN tapewatch.alert_events.kind IS 'Kind of the rule: headline or event';
COMMENT ON COLUMN tapewatch.alert_events.severity IS 'Severity of the rule: info, warning or critical; NULL: evaluated before schema version 15';
COMMENT ON COLUMN tapewatch.alert_events.value IS 'Of what the rule measures, in 10,000ths: headline: the sentiment; event: the polarity of the event''s type; NULL: evaluated before schema version 15';
COMMENT ON COLUMN tapewatch.alert_events.event_type IS 'Type of the gravest event that the rule wants, see events; NULL of a headline rule';
COMMENT ON COLUMN tapewatch.alert_events.keyword IS 'Keyword that a headline rule found; empty when it has none, and of an event rule';
COMMENT ON COLUMN tapewatch.alerts.kind IS 'Kind of the rule: threshold (sums over a window), headline or event (single documents)';
COMMENT ON COLUMN tapewatch.alerts.measure IS
    'What reported_value and worst_value are values of: negative_sum, mean or count over the rule''s window, sentiment (headline), polarity (event: what its type means for the company); NULL where it is not known any more (opened before schema version 7 by a rule set that is lost)';
COMMENT ON COLUMN tapewatch.alerts.reported_value IS 'Value at its last opened or updated step, of what measure says, in 10,000ths';
COMMENT ON COLUMN tapewatch.alerts.documents IS 'threshold: documents in the window at the last step; headline, event: documents so far';
COMMENT ON COLUMN tapewatch.alert_steps.value IS 'Value then, of what the alert''s measure says, in 10,000ths';
COMMENT ON COLUMN tapewatch.alert_steps.documents IS 'threshold: documents in the window then; headline, event: documents of this step';

-- Those that wait while the schema changes. Rule sets are stored with every key written out.
UPDATE tapewatch.alert_events v SET value = v.sentiment, severity = coalesce(
    (SELECT substring(rule FROM '\n    severity: "?([a-z]+)')
        FROM regexp_split_to_table((SELECT r.rules FROM tapewatch.rule_sets r ORDER BY r.rule_set_id DESC LIMIT 1),
            '\n  - name: ') AS rule
        WHERE starts_with(rule, format(E'"%s"\n', v.rule)) LIMIT 1), 'warning')
WHERE v.evaluated_at IS NULL;

-- The edges at which they will be seen, if nothing else happens: the end of the document's bar, or of the next bar to be
-- evaluated. A rule and entity with an open alert has that one row; what waits for it updates it.
CREATE OR REPLACE VIEW tapewatch.alerts_open AS
SELECT a.alert_id, a.severity, a.rule, a.kind, a.entity, coalesce(e.name, a.entity) AS name, a.opened_time,
    a.stepped_time, a.quiet_since, (a.reported_value / 10000.0)::numeric(18, 4) AS value,
    (a.worst_value / 10000.0)::numeric(18, 4) AS worst, a.documents, a.state
FROM tapewatch.alerts a
LEFT JOIN tapewatch.entities e ON e.symbol = a.entity
WHERE a.state <> 'resolved'
UNION ALL
SELECT NULL::bigint, w.severity, w.rule, w.kind, w.entity, coalesce(e.name, w.entity), w.opened_time, w.stepped_time,
    w.stepped_time, (w.value / 10000.0)::numeric(18, 4), (w.worst / 10000.0)::numeric(18, 4), w.documents, 'announced'
FROM (
    SELECT v.rule, v.entity, (array_agg(coalesce(v.severity, 'warning') ORDER BY v.edge DESC))[1] AS severity,
        (array_agg(v.kind ORDER BY v.edge DESC))[1] AS kind, min(v.edge) AS opened_time, max(v.edge) AS stepped_time,
        (array_agg(v.value ORDER BY v.edge DESC, v.value))[1] AS value, min(v.value) AS worst, count(*) AS documents
    FROM (SELECT n.rule, n.entity, n.severity, n.kind, coalesce(n.value, n.sentiment) AS value,
            greatest(date_bin('10 seconds', n.event_time, '1970-01-01 00:00:00+00'), s.evaluated_to) + interval '10 seconds' AS edge
        FROM tapewatch.alert_events n
        JOIN tapewatch.shards s ON s.shard = n.shard
        WHERE n.evaluated_at IS NULL) AS v
    GROUP BY v.rule, v.entity) AS w
LEFT JOIN tapewatch.entities e ON e.symbol = w.entity
WHERE NOT EXISTS (SELECT FROM tapewatch.alerts a WHERE a.rule = w.rule AND a.entity = w.entity AND a.state <> 'resolved')
ORDER BY opened_time DESC, alert_id DESC;
COMMENT ON VIEW tapewatch.alerts_open IS 'Alerts that are open, and headlines and events of which an alert is about to be made, newest first; one row for each rule and entity';
COMMENT ON COLUMN tapewatch.alerts_open.alert_id IS 'Number of the alert; NULL while it is announced';
COMMENT ON COLUMN tapewatch.alerts_open.kind IS 'threshold, headline or event';
COMMENT ON COLUMN tapewatch.alerts_open.opened_time IS 'Event time (UTC) at which it opened, or, announced, is about to';
COMMENT ON COLUMN tapewatch.alerts_open.value IS 'Value at its last step: sum or mean of sentiment (1 = fully positive), number of documents, or polarity of the event''s type';
COMMENT ON COLUMN tapewatch.alerts_open.documents IS 'Number of documents behind its last step (headline, event: so far)';
COMMENT ON COLUMN tapewatch.alerts_open.state IS 'open; or announced: a rule spoke for a document that is stored, and event time has not come so far that its alert is made';

CREATE OR REPLACE VIEW tapewatch.alert_documents AS
SELECT a.alert_id, a.rule, a.entity, s.event_time, (s.sentiment / 10000.0)::numeric(6, 4) AS sentiment, d.title, d.body,
    d.id, d.source, t.topic, s.partition, s.kafka_offset, NULL::text AS event_type
FROM tapewatch.alerts a
JOIN tapewatch.scores s ON s.entity = a.entity AND s.event_time >= a.first_time
    AND s.event_time < coalesce(a.resolved_time, 'infinity')
JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
    AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
JOIN tapewatch.topics t ON t.topic_id = s.topic_id
WHERE a.kind = 'threshold'
UNION ALL
SELECT a.alert_id, a.rule, a.entity, v.event_time, (v.sentiment / 10000.0)::numeric(6, 4), d.title, d.body,
    d.id, d.source, t.topic, v.partition, v.kafka_offset, v.event_type
FROM tapewatch.alerts a
JOIN tapewatch.alert_events v ON v.alert_id = a.alert_id
JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
    AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time
JOIN tapewatch.topics t ON t.topic_id = v.topic_id
WHERE a.kind <> 'threshold';
COMMENT ON VIEW tapewatch.alert_documents IS 'The documents behind an alert: what stood in its window from its opening until it was resolved, or the headlines or events it was made of';
COMMENT ON COLUMN tapewatch.alert_documents.event_type IS 'Type of the event that made an event rule speak; NULL of other kinds';
