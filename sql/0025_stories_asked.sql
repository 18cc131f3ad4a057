-- Rules of kinds headline and event that ask for several stories (`min_stories`). One document of several makes no alert: it is
-- not announced, and nobody is told of it. It counts for the rule's window after it was taken up, too.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.alert_events ADD COLUMN stories smallint NOT NULL DEFAULT 1;
COMMENT ON COLUMN tapewatch.alert_events.stories IS
    'Stories that the rule asks for within its window; with more than one, this document alone opens no alert, and is not announced';
CREATE INDEX alert_events_counted ON tapewatch.alert_events (shard, event_time) WHERE evaluated_at IS NOT NULL AND stories > 1;
COMMENT ON COLUMN tapewatch.alert_events.alert_id IS 'Alert that it opened, helped to open or updated; NULL when none, or not yet';

DROP TRIGGER notify ON tapewatch.alert_events;
CREATE TRIGGER notify AFTER INSERT ON tapewatch.alert_events FOR EACH ROW WHEN (NEW.stories = 1)
    EXECUTE FUNCTION tapewatch.notify_event();

-- As in 0016, of those alone that one document makes speak.
CREATE OR REPLACE FUNCTION tapewatch.fill_outbox_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO tapewatch.outbox (target, key, alert_event_id, step, rule, entity, message)
    SELECT t.target, k.key, n.alert_event_id, 'announced', n.rule, n.entity,
        json_build_object('key', k.key, 'step', 'announced', 'step_time', tapewatch.tell_time(n.event_time),
            'alert', NULL, 'rule', n.rule, 'kind', n.kind, 'severity', coalesce(n.severity, 'warning'),
            'entity', n.entity, 'name', coalesce(e.name, n.entity), 'opened_time', tapewatch.tell_time(n.event_time),
            'opened_at', tapewatch.tell_time(n.available_at),
            'measure', CASE n.kind WHEN 'event' THEN 'polarity' ELSE 'sentiment' END,
            'value', (coalesce(n.value, n.sentiment) / 10000.0)::numeric(6, 4), 'documents', 1,
            'reason', CASE WHEN n.event_type IS NOT NULL THEN format('one document, event %s', n.event_type)
                WHEN n.keyword = '' THEN 'one document' ELSE format('one document, "%s"', n.keyword) END)
    FROM stored n
    LEFT JOIN tapewatch.entities e ON e.symbol = n.entity
    CROSS JOIN LATERAL (SELECT format('event-%s', n.alert_event_id) AS key) k
    CROSS JOIN tapewatch.tell_targets t
    WHERE n.stories = 1 AND t.served_at > clock_timestamp() - t.keep
    ORDER BY n.alert_event_id;
    RETURN NULL;
END
$$;

-- As in 0017, likewise.
CREATE OR REPLACE VIEW tapewatch.alerts_open AS
SELECT a.alert_id, a.severity, a.rule, a.kind, a.entity, coalesce(e.name, a.entity) AS name, a.opened_time,
    a.stepped_time, a.quiet_since, (a.reported_value / 10000.0)::numeric(18, 4) AS value,
    (a.worst_value / 10000.0)::numeric(18, 4) AS worst, a.documents, a.state, k.actor AS acknowledged_by,
    k.done_at AS acknowledged_at,
    (SELECT max(q.until) FROM tapewatch.silences q WHERE q.ended_at IS NULL AND q.until > clock_timestamp()
        AND (q.entity IS NULL OR q.entity = a.entity) AND (q.rule IS NULL OR q.rule = a.rule)) AS silenced_until
FROM tapewatch.alerts a
LEFT JOIN tapewatch.entities e ON e.symbol = a.entity
LEFT JOIN LATERAL (SELECT c.actor, c.done_at FROM tapewatch.alert_actions c
    WHERE c.alert_id = a.alert_id AND c.action = 'acknowledged' ORDER BY c.alert_action_id DESC LIMIT 1) AS k ON true
WHERE a.state <> 'resolved'
    AND NOT EXISTS (SELECT FROM tapewatch.alert_actions c WHERE c.alert_id = a.alert_id AND c.action = 'closed')
UNION ALL
SELECT NULL::bigint, w.severity, w.rule, w.kind, w.entity, coalesce(e.name, w.entity), w.opened_time, w.stepped_time,
    w.stepped_time, (w.value / 10000.0)::numeric(18, 4), (w.worst / 10000.0)::numeric(18, 4), w.documents, 'announced',
    NULL, NULL,
    (SELECT max(q.until) FROM tapewatch.silences q WHERE q.ended_at IS NULL AND q.until > clock_timestamp()
        AND (q.entity IS NULL OR q.entity = w.entity) AND (q.rule IS NULL OR q.rule = w.rule))
FROM (
    SELECT v.rule, v.entity, (array_agg(coalesce(v.severity, 'warning') ORDER BY v.edge DESC))[1] AS severity,
        (array_agg(v.kind ORDER BY v.edge DESC))[1] AS kind, min(v.edge) AS opened_time, max(v.edge) AS stepped_time,
        (array_agg(v.value ORDER BY v.edge DESC, v.value))[1] AS value, min(v.value) AS worst, count(*) AS documents
    FROM (SELECT n.rule, n.entity, n.severity, n.kind, coalesce(n.value, n.sentiment) AS value,
            greatest(date_bin('10 seconds', n.event_time, '1970-01-01 00:00:00+00'), s.evaluated_to) + interval '10 seconds' AS edge
        FROM tapewatch.alert_events n
        JOIN tapewatch.shards s ON s.shard = n.shard
        WHERE n.evaluated_at IS NULL AND n.stories = 1) AS v
    GROUP BY v.rule, v.entity) AS w
LEFT JOIN tapewatch.entities e ON e.symbol = w.entity
WHERE NOT EXISTS (SELECT FROM tapewatch.alerts a WHERE a.rule = w.rule AND a.entity = w.entity AND a.state <> 'resolved')
ORDER BY opened_time DESC, alert_id DESC;
