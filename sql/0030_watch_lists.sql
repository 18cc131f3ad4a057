-- Rules may be held to watch lists. When a change of a list takes effect is decided once, in event time, and stored: with the
-- edge up to which rules had been evaluated when a daemon took it up, as for a new set of rules (store_rule_set). So the past
-- evaluated again, or a backtest, sees each list as it stood then.
--
-- A rule of kind headline or event that is held to lists notes every document it would speak for, whoever stands on them
-- just now (`watch` says which lists): the evaluator counts those whose entity stood there at their edge. Those whose entity
-- stands on none now are not announced.

SET LOCAL ROLE tapewatch_owner;

-- A table of its own: who leaves a transaction open after watch_remove holds up no daemon.
CREATE TABLE tapewatch.watched_times (
    watched_id bigint PRIMARY KEY REFERENCES tapewatch.watched,
    from_time timestamptz NOT NULL,
    to_time timestamptz,
    CHECK (to_time >= from_time)
);
COMMENT ON TABLE tapewatch.watched_times IS 'From when to when, in event time, rules count an entity as standing on a watch list; written by the daemon that takes the change up';
COMMENT ON COLUMN tapewatch.watched_times.watched_id IS 'Row of watched';
COMMENT ON COLUMN tapewatch.watched_times.from_time IS 'Edge of a bar (UTC, event time) from which it stands there; -infinity: from the beginning';
COMMENT ON COLUMN tapewatch.watched_times.to_time IS 'Edge of a bar (UTC, event time) from which it does not any more; NULL: it does';

CREATE VIEW tapewatch.watch_history AS
SELECT w.list, w.entity, t.from_time, t.to_time, w.added_at, w.added_by, w.reason, w.removed_at, w.removed_by, w.removed_reason
FROM tapewatch.watched w LEFT JOIN tapewatch.watched_times t USING (watched_id)
ORDER BY w.list, w.entity, w.watched_id;
COMMENT ON VIEW tapewatch.watch_history IS 'Who stood on which watch list: by event time, as rules count it, and who put it there and took it off';
COMMENT ON COLUMN tapewatch.watch_history.list IS 'Name of the list';
COMMENT ON COLUMN tapewatch.watch_history.entity IS 'Symbol of the entity';
COMMENT ON COLUMN tapewatch.watch_history.from_time IS 'Event time (UTC) from which rules count it; NULL: no daemon has taken it up yet';
COMMENT ON COLUMN tapewatch.watch_history.to_time IS 'Event time (UTC) from which they do not any more; NULL: they do, or its removal was not taken up yet';
COMMENT ON COLUMN tapewatch.watch_history.added_at IS 'Wall clock (UTC) when it was put there';
COMMENT ON COLUMN tapewatch.watch_history.added_by IS 'Role that logged in to put it there';
COMMENT ON COLUMN tapewatch.watch_history.reason IS 'Why, in that one''s words';
COMMENT ON COLUMN tapewatch.watch_history.removed_at IS 'Wall clock (UTC) when it was taken off; NULL: it stands there';
COMMENT ON COLUMN tapewatch.watch_history.removed_by IS 'Role that logged in to take it off';
COMMENT ON COLUMN tapewatch.watch_history.removed_reason IS 'Why it was taken off';

-- Rows come and are ended, and never go: each change adds one.
CREATE FUNCTION tapewatch.watched_version() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) + count(w.removed_at) FROM tapewatch.watched w
$$;
COMMENT ON FUNCTION tapewatch.watched_version() IS 'How many changes of watch lists there have been';

-- In the transaction that stores the rules, behind store_rule_set: under the same lock it finds the same edge.
CREATE FUNCTION tapewatch.date_watched(the_version bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    edge timestamptz;
    found bigint;
BEGIN
    PERFORM tapewatch.lock_rules(true);
    edge := coalesce(greatest((SELECT max(s.evaluated_to) FROM tapewatch.shards s),
        (SELECT max(r.holds_from) FROM tapewatch.rule_sets r)), '-infinity');
    WITH dated AS (
        INSERT INTO tapewatch.watched_times AS x (watched_id, from_time, to_time)
        SELECT w.watched_id, coalesce(t.from_time, edge), CASE WHEN w.removed_at IS NOT NULL THEN edge END
        FROM tapewatch.watched w LEFT JOIN tapewatch.watched_times t USING (watched_id)
        WHERE t.watched_id IS NULL OR (w.removed_at IS NOT NULL AND t.to_time IS NULL)
        ON CONFLICT (watched_id) DO UPDATE SET to_time = excluded.to_time)
    SELECT tapewatch.watched_version() INTO found;
    IF found <> the_version THEN
        RAISE EXCEPTION 'watch lists have changed meanwhile' USING ERRCODE = 'TWE01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.date_watched(bigint) IS
    'Changes of watch lists that have no event time yet take effect at the edge up to which rules have been evaluated; raises TWE01 when there are others than the caller knows of';

-- A rule takes as many entities.
CREATE OR REPLACE FUNCTION tapewatch.watch_add(the_list text, the_entity text, the_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most CONSTANT integer := 10000;
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.entities e WHERE e.symbol = the_entity) THEN
        RAISE EXCEPTION 'there is no entity %', coalesce(quote_literal(the_entity), 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'symbol of tapewatch.entities';
    ELSIF the_list ~ '[\x01-\x1f\x7f]' OR octet_length(the_list) > 100 THEN
        RAISE EXCEPTION 'the name of a list has a control character, or more than 100 bytes' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'rules name it, as entities: {watch: NAME}';
    ELSIF (SELECT count(*) FROM tapewatch.watched w WHERE w.list = the_list AND w.removed_at IS NULL) >= most THEN
        RAISE EXCEPTION 'on this list stand % entities', most USING ERRCODE = 'program_limit_exceeded',
            HINT = 'begin another list; a rule may name several';
    END IF;
    INSERT INTO tapewatch.watched (list, entity, reason) VALUES (the_list, the_entity, the_reason) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- -- what is announced -----------------------------------------------------------------------------------------------

ALTER TABLE tapewatch.alert_events ADD COLUMN watch text NOT NULL DEFAULT '';
COMMENT ON COLUMN tapewatch.alert_events.watch IS
    'Watch lists that the rule is held to, a line feed between; empty: to none. What no list names just now is not announced; whether it counts is decided by watched_times at its edge';

CREATE FUNCTION tapewatch.is_watched(the_entity text, the_watch text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT the_watch = '' OR EXISTS (SELECT FROM tapewatch.watched w WHERE w.list = ANY (string_to_array(the_watch, E'\n'))
        AND w.entity = the_entity AND w.removed_at IS NULL)
$$;
COMMENT ON FUNCTION tapewatch.is_watched(text, text) IS 'Whether an entity stands on one of these watch lists (a line feed between) just now; empty: there are none to stand on, and it is so';

DROP TRIGGER notify ON tapewatch.alert_events;
CREATE OR REPLACE FUNCTION tapewatch.notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.watch = '' OR tapewatch.is_watched(NEW.entity, NEW.watch) THEN
        PERFORM pg_catalog.pg_notify('tapewatch_alerts', format('event %s', NEW.alert_event_id));
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER notify AFTER INSERT ON tapewatch.alert_events FOR EACH ROW WHEN (NEW.stories = 1)
    EXECUTE FUNCTION tapewatch.notify_event();

-- As in 0025, of those alone whose entity is watched.
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
    WHERE n.stories = 1 AND tapewatch.is_watched(n.entity, n.watch) AND t.served_at > clock_timestamp() - t.keep
    ORDER BY n.alert_event_id;
    RETURN NULL;
END
$$;

-- As in 0025, likewise.
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
    SELECT v.rule, v.entity, (array_agg(coalesce(v.severity, 'warning')
            ORDER BY array_position('{critical,warning,info}', coalesce(v.severity, 'warning'))))[1] AS severity,
        (array_agg(v.kind ORDER BY v.edge DESC))[1] AS kind, min(v.edge) AS opened_time, max(v.edge) AS stepped_time,
        (array_agg(v.value ORDER BY v.edge DESC, v.value))[1] AS value, min(v.value) AS worst, count(*) AS documents
    FROM (SELECT n.rule, n.entity, n.severity, n.kind, coalesce(n.value, n.sentiment) AS value,
            greatest(date_bin('10 seconds', n.event_time, '1970-01-01 00:00:00+00'), s.evaluated_to) + interval '10 seconds' AS edge
        FROM tapewatch.alert_events n
        JOIN tapewatch.shards s ON s.shard = n.shard
        WHERE n.evaluated_at IS NULL AND n.stories = 1 AND tapewatch.is_watched(n.entity, n.watch)) AS v
    GROUP BY v.rule, v.entity) AS w
LEFT JOIN tapewatch.entities e ON e.symbol = w.entity
WHERE NOT EXISTS (SELECT FROM tapewatch.alerts a WHERE a.rule = w.rule AND a.entity = w.entity AND a.state <> 'resolved')
ORDER BY opened_time DESC, alert_id DESC;

-- As in 0028, likewise: no words for what is not announced, and no alert.
CREATE OR REPLACE FUNCTION tapewatch.take_evidence(the_owner text, within_ms bigint, most_tries integer, most_documents integer)
RETURNS TABLE (alert_step_id bigint, alert_event_id bigint, age_ms bigint, entity text, rank smallint, topic_id smallint,
    partition integer, kafka_offset bigint, event_time timestamptz, sentiment smallint, copies bigint, event_begin integer,
    event_end integer, title text, body text)
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
            NULL::integer, NULL::integer, d.title, d.body
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
            e.begin_byte, e.end_byte, d.title, d.body
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

CREATE OR REPLACE FUNCTION tapewatch.give_up_evidence(the_owner text, within_ms bigint, most_tries integer)
RETURNS TABLE (failed bigint, late bigint, alert_step_id bigint, alert_event_id bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    since timestamptz := clock_timestamp() - within_ms * interval '1 ms';
    before timestamptz := since - within_ms * interval '1 ms';
BEGIN
    RETURN QUERY
    WITH held AS (SELECT h.shard FROM tapewatch.shards h WHERE h.owner = the_owner),
    tried AS (
        UPDATE tapewatch.alert_evidence_tries x SET outcome = CASE WHEN x.tries >= most_tries THEN 'failed' ELSE 'late' END
        WHERE x.outcome IS NULL AND (
            EXISTS (SELECT FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id) JOIN held ON held.shard = a.shard
                WHERE s.alert_step_id = x.alert_step_id AND (x.tries >= most_tries OR s.stepped_at <= since))
            OR EXISTS (SELECT FROM tapewatch.alert_events v JOIN held ON held.shard = v.shard
                WHERE v.alert_event_id = x.alert_event_id AND (x.tries >= most_tries OR v.available_at <= since)))
        RETURNING x.alert_step_id AS step, x.alert_event_id AS event, x.outcome),
    untried AS (
        INSERT INTO tapewatch.alert_evidence_tries AS x (alert_step_id, alert_event_id, tries, outcome)
        SELECT s.alert_step_id, NULL, 0, 'late'
        FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id) JOIN held ON held.shard = a.shard
        WHERE s.step <> 'resolved' AND s.window_from IS NOT NULL AND s.stepped_at > before AND s.stepped_at <= since AND NOT EXISTS (
            SELECT FROM tapewatch.alert_evidence_tries t WHERE t.alert_step_id = s.alert_step_id)
        UNION ALL
        SELECT NULL, v.alert_event_id, 0, 'late'
        FROM tapewatch.alert_events v JOIN held ON held.shard = v.shard
        WHERE v.available_at > before AND v.available_at <= since AND NOT EXISTS (
            SELECT FROM tapewatch.alert_evidence_tries t WHERE t.alert_event_id = v.alert_event_id)
            AND (v.alert_id IS NOT NULL OR (v.evaluated_at IS NULL AND v.stories = 1 AND tapewatch.is_watched(v.entity, v.watch))) -- as take_evidence asks
        ON CONFLICT DO NOTHING
        RETURNING x.alert_step_id AS step, x.alert_event_id AS event, x.outcome),
    ended AS (SELECT * FROM tried UNION ALL SELECT * FROM untried)
    SELECT count(*) FILTER (WHERE e.outcome = 'failed'), count(*) FILTER (WHERE e.outcome = 'late'), max(e.step), max(e.event)
    FROM ended e;
END
$$;

GRANT SELECT ON tapewatch.watched_times, tapewatch.watch_history TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, UPDATE (to_time) ON tapewatch.watched_times TO tapewatch_writer;
REVOKE ALL ON FUNCTION tapewatch.watched_version(), tapewatch.date_watched(bigint), tapewatch.is_watched(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.watched_version(), tapewatch.date_watched(bigint), tapewatch.is_watched(text, text)
    TO tapewatch_writer;
GRANT EXECUTE ON FUNCTION tapewatch.is_watched(text, text) TO tapewatch_reader;
