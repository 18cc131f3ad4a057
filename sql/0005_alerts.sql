-- Alerts and what leads to them. The evaluator of a shard alone writes alerts and alert_steps; a headline rule's
-- row of alert_events is stored with its document.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.rule_sets (
    rule_set_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    holds_from timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    stored_by text NOT NULL,
    rules text NOT NULL
);
COMMENT ON TABLE tapewatch.rule_sets IS 'Rules, each set with the event time from which it holds: evaluated again, the past gives the same alerts';
COMMENT ON COLUMN tapewatch.rule_sets.rule_set_id IS 'Number of the set';
COMMENT ON COLUMN tapewatch.rule_sets.holds_from IS 'Edge of a bar (UTC, event time) from which it holds, until the next set does; -infinity: from the beginning';
COMMENT ON COLUMN tapewatch.rule_sets.stored_at IS 'Wall clock (UTC) when it was stored';
COMMENT ON COLUMN tapewatch.rule_sets.stored_by IS 'Daemon that stored it: host and process id';
COMMENT ON COLUMN tapewatch.rule_sets.sha256 IS 'SHA-256 of the rules, 64 hexadecimal digits';
COMMENT ON COLUMN tapewatch.rule_sets.rules IS 'The rules (YAML), every key written out';

CREATE TABLE tapewatch.alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opened_time timestamptz NOT NULL,
    stepped_time timestamptz NOT NULL,
    resolved_time timestamptz,
    quiet_since timestamptz,
    first_time timestamptz NOT NULL,
    reported_value bigint NOT NULL,
    worst_value bigint NOT NULL,
    documents bigint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    rule_set_id integer NOT NULL,
    shard smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'resolved')),
    kind text NOT NULL CHECK (kind IN ('threshold', 'headline')),
    severity text NOT NULL,
    rule text NOT NULL,
    entity text COLLATE "C" NOT NULL,
    CHECK ((state = 'resolved') = (resolved_time IS NOT NULL))
) WITH (fillfactor = 70);
-- However many daemons run, one alert is open for each rule and entity: the database enforces it.
CREATE UNIQUE INDEX alerts_one_open ON tapewatch.alerts (rule, entity) WHERE state <> 'resolved';
CREATE INDEX alerts_open_shard ON tapewatch.alerts (shard) WHERE state <> 'resolved';
CREATE INDEX alerts_entity ON tapewatch.alerts (entity, opened_time);
COMMENT ON TABLE tapewatch.alerts IS 'Alerts, open and resolved; one is open for each rule and entity at most';
COMMENT ON COLUMN tapewatch.alerts.alert_id IS 'Number of the alert, as NOTIFY tapewatch_alerts tells it';
COMMENT ON COLUMN tapewatch.alerts.rule IS 'Name of the rule, see rule_sets';
COMMENT ON COLUMN tapewatch.alerts.kind IS 'Kind of the rule: threshold (sums over a window) or headline (single documents)';
COMMENT ON COLUMN tapewatch.alerts.severity IS 'Severity of the rule at the last step: info, warning or critical';
COMMENT ON COLUMN tapewatch.alerts.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.alerts.shard IS 'Shard of the entity, see shards';
COMMENT ON COLUMN tapewatch.alerts.state IS 'open, or resolved';
COMMENT ON COLUMN tapewatch.alerts.rule_set_id IS 'Rule set of its last change';
COMMENT ON COLUMN tapewatch.alerts.first_time IS 'Event time (UTC) from which documents count: opened_time less the rule''s window';
COMMENT ON COLUMN tapewatch.alerts.opened_time IS 'Event time (UTC): end of the bar at which it opened';
COMMENT ON COLUMN tapewatch.alerts.stepped_time IS 'Event time (UTC): end of the bar of its last step';
COMMENT ON COLUMN tapewatch.alerts.resolved_time IS 'Event time (UTC): end of the bar at which it was resolved; NULL while it is open';
COMMENT ON COLUMN tapewatch.alerts.quiet_since IS 'Event time (UTC) since which it has been quiet; NULL while it is not';
COMMENT ON COLUMN tapewatch.alerts.reported_value IS 'Value at its last opened or updated step: a sum or mean of sentiment, or a number of documents, in 10,000ths';
COMMENT ON COLUMN tapewatch.alerts.worst_value IS 'Worst value since it opened, in 10,000ths';
COMMENT ON COLUMN tapewatch.alerts.documents IS 'threshold: documents in the window at the last step; headline: documents so far';
COMMENT ON COLUMN tapewatch.alerts.opened_at IS 'Wall clock (UTC) of the server when it was opened';
COMMENT ON COLUMN tapewatch.alerts.changed_at IS 'Wall clock (UTC) of the server when it last changed';

CREATE TABLE tapewatch.alert_steps (
    alert_step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES tapewatch.alerts,
    step_time timestamptz NOT NULL,
    value bigint NOT NULL,
    documents bigint NOT NULL,
    stepped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    rule_set_id integer NOT NULL,
    step text NOT NULL CHECK (step IN ('opened', 'updated', 'resolved')),
    reason text NOT NULL
);
CREATE INDEX alert_steps_alert ON tapewatch.alert_steps (alert_id, step_time);
COMMENT ON TABLE tapewatch.alert_steps IS 'Every change of state of every alert';
COMMENT ON COLUMN tapewatch.alert_steps.alert_step_id IS 'Number of the step';
COMMENT ON COLUMN tapewatch.alert_steps.alert_id IS 'Alert that changed';
COMMENT ON COLUMN tapewatch.alert_steps.step IS 'opened, updated or resolved';
COMMENT ON COLUMN tapewatch.alert_steps.step_time IS 'Event time (UTC): end of the bar at which it happened';
COMMENT ON COLUMN tapewatch.alert_steps.value IS 'Value then: a sum or mean of sentiment, or a number of documents, in 10,000ths';
COMMENT ON COLUMN tapewatch.alert_steps.documents IS 'threshold: documents in the window then; headline: documents of this step';
COMMENT ON COLUMN tapewatch.alert_steps.reason IS 'Why, in words';
COMMENT ON COLUMN tapewatch.alert_steps.rule_set_id IS 'Rule set that decided it';
COMMENT ON COLUMN tapewatch.alert_steps.stepped_at IS 'Wall clock (UTC) of the server when it was stored';

CREATE TABLE tapewatch.alert_events (
    alert_event_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    alert_id bigint,
    evaluated_at timestamptz,
    partition integer NOT NULL,
    topic_id smallint NOT NULL,
    shard smallint NOT NULL,
    sentiment smallint NOT NULL,
    rule text NOT NULL,
    entity text COLLATE "C" NOT NULL,
    keyword text NOT NULL,
    PRIMARY KEY (topic_id, partition, kafka_offset, rule, entity)
);
CREATE INDEX alert_events_waiting ON tapewatch.alert_events (shard, event_time) WHERE evaluated_at IS NULL;
CREATE INDEX alert_events_alert ON tapewatch.alert_events (alert_id) WHERE alert_id IS NOT NULL;
COMMENT ON TABLE tapewatch.alert_events IS 'A headline rule spoke: one strongly negative document, stored and told in the document''s own transaction';
COMMENT ON COLUMN tapewatch.alert_events.alert_event_id IS 'Number of the event, as NOTIFY tapewatch_alerts tells it';
COMMENT ON COLUMN tapewatch.alert_events.rule IS 'Name of the rule, see rule_sets';
COMMENT ON COLUMN tapewatch.alert_events.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.alert_events.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.alert_events.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.alert_events.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.alert_events.shard IS 'Shard of the entity, see shards';
COMMENT ON COLUMN tapewatch.alert_events.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.alert_events.sentiment IS 'Sentiment of the entity in the document, in 10,000ths';
COMMENT ON COLUMN tapewatch.alert_events.keyword IS 'Keyword that was found; empty when the rule has none';
COMMENT ON COLUMN tapewatch.alert_events.available_at IS 'Wall clock (UTC) of the server when the transaction that stores it began';
COMMENT ON COLUMN tapewatch.alert_events.evaluated_at IS 'Wall clock (UTC) of the server when the evaluator took it up; NULL when not yet';
COMMENT ON COLUMN tapewatch.alert_events.alert_id IS 'Alert that it opened or updated; NULL when none, or not yet';

-- NOTIFY carries ids only, and only when something is new for people: all notifying commits queue on one lock.
CREATE FUNCTION tapewatch.notify_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('tapewatch_alerts', format('alert %s %s', NEW.alert_id, NEW.step));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION tapewatch.notify_alert() IS 'NOTIFY tapewatch_alerts, "alert <alert_id> opened|updated|resolved" for each step';
CREATE TRIGGER notify AFTER INSERT ON tapewatch.alert_steps FOR EACH ROW EXECUTE FUNCTION tapewatch.notify_alert();

CREATE FUNCTION tapewatch.notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('tapewatch_alerts', format('event %s', NEW.alert_event_id));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION tapewatch.notify_event() IS 'NOTIFY tapewatch_alerts, "event <alert_event_id>" for each headline';
CREATE TRIGGER notify AFTER INSERT ON tapewatch.alert_events FOR EACH ROW EXECUTE FUNCTION tapewatch.notify_event();

-- What the evaluator of a shard writes goes in one transaction, again one pipeline with one Sync: first
-- shards_fence(), a plain read; then alerts and steps; then idle_check() and last shards_move(), which take the locks.

CREATE FUNCTION tapewatch.shards_fence(the_shards smallint[], the_epochs bigint[], the_token uuid, the_from timestamptz)
RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF (SELECT count(*) FROM unnest(the_shards, the_epochs) AS u (shard, epoch)
        JOIN tapewatch.shards s ON s.shard = u.shard AND s.epoch = u.epoch AND s.owner_token = the_token
            AND s.evaluated_to IS NOT DISTINCT FROM the_from) <> cardinality(the_shards) THEN
        RAISE EXCEPTION 'fenced: a shard has another owner, or was evaluated to another time' USING ERRCODE = 'TWF01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.shards_fence(smallint[], bigint[], uuid, timestamptz) IS
    'Raises TWF01 unless all these shards are owned under these epochs and this token and stand at this time; takes no lock';

CREATE FUNCTION tapewatch.idle_check(the_topics smallint[], the_partitions integer[], the_offsets bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM unnest(the_topics, the_partitions, the_offsets) AS u (topic_id, partition, next_offset)
    JOIN tapewatch.positions p USING (topic_id, partition)
    ORDER BY p.topic_id, p.partition
    FOR SHARE OF p;
    IF EXISTS (SELECT FROM unnest(the_topics, the_partitions, the_offsets) AS u (topic_id, partition, next_offset)
        LEFT JOIN tapewatch.positions p USING (topic_id, partition)
        WHERE p.next_offset IS DISTINCT FROM u.next_offset) THEN
        RAISE EXCEPTION 'a partition that was idle is so no more' USING ERRCODE = 'TWE01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.idle_check(smallint[], integer[], bigint[]) IS
    'Locks the rows of partitions that the watermark passes over, and raises TWE01 when one of them has moved meanwhile';

CREATE FUNCTION tapewatch.shards_move(the_shards smallint[], the_epochs bigint[], the_token uuid, the_from timestamptz,
    the_to timestamptz, the_rule_set integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved integer;
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock_shared(1415006040, 3);
    IF (SELECT coalesce(max(r.rule_set_id), 0) FROM tapewatch.rule_sets r) <> the_rule_set THEN
        RAISE EXCEPTION 'there are new rules' USING ERRCODE = 'TWE01';
    END IF;
    UPDATE tapewatch.shards s SET evaluated_to = the_to, moved_at = clock_timestamp()
    FROM unnest(the_shards, the_epochs) AS u (shard, epoch)
    WHERE s.shard = u.shard AND s.epoch = u.epoch AND s.owner_token = the_token
        AND s.evaluated_to IS NOT DISTINCT FROM the_from;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(the_shards) THEN
        RAISE EXCEPTION 'fenced: a shard has another owner, or was evaluated to another time' USING ERRCODE = 'TWF01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.shards_move(smallint[], bigint[], uuid, timestamptz, timestamptz, integer) IS
    'Last statement of an evaluation: moves "evaluated to" of these shards under the fence (TWF01), unless there is a newer rule set than the one given (TWE01)';

CREATE FUNCTION tapewatch.store_rule_set(the_sha256 text, the_owner text, the_rules text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    last record;
    stored integer;
BEGIN
    -- Nobody moves a shard while it is decided from when the new set holds: a bar is never evaluated by both.
    PERFORM pg_catalog.pg_advisory_xact_lock(1415006040, 3);
    SELECT r.rule_set_id, r.sha256 INTO last FROM tapewatch.rule_sets r ORDER BY r.rule_set_id DESC LIMIT 1;
    IF last.sha256 = the_sha256 THEN
        RETURN last.rule_set_id;
    END IF;
    INSERT INTO tapewatch.rule_sets (holds_from, sha256, stored_by, rules)
    SELECT CASE WHEN last.rule_set_id IS NULL THEN '-infinity'
        ELSE greatest((SELECT max(s.evaluated_to) FROM tapewatch.shards s),
            (SELECT max(r.holds_from) FROM tapewatch.rule_sets r)) END, the_sha256, the_owner, the_rules
    RETURNING rule_set_id INTO stored;
    RETURN stored;
END
$$;
COMMENT ON FUNCTION tapewatch.store_rule_set(text, text, text) IS
    'Stores a rule set unless it is the last one already; the first holds from the beginning, a later one from what has been evaluated; returns its number';

CREATE FUNCTION tapewatch.store_alert(the_id bigint, the_rule text, the_entity text, the_shard smallint, the_kind text,
    the_severity text, opened timestamptz, stepped timestamptz, resolved timestamptz, quiet timestamptz, first timestamptz,
    reported bigint, worst bigint, number bigint, the_rule_set integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF the_id IS NULL THEN
        INSERT INTO tapewatch.alerts (rule, entity, shard, kind, severity, state, opened_time, stepped_time, resolved_time,
            quiet_since, first_time, reported_value, worst_value, documents, rule_set_id)
        VALUES (the_rule, the_entity, the_shard, the_kind, the_severity,
            CASE WHEN resolved IS NULL THEN 'open' ELSE 'resolved' END, opened, stepped, resolved, quiet, first, reported,
            worst, number, the_rule_set);
    ELSE
        UPDATE tapewatch.alerts a SET severity = the_severity,
            state = CASE WHEN resolved IS NULL THEN 'open' ELSE 'resolved' END, stepped_time = stepped,
            resolved_time = resolved, quiet_since = quiet, reported_value = reported, worst_value = worst,
            documents = number, rule_set_id = the_rule_set, changed_at = clock_timestamp()
        WHERE a.alert_id = the_id;
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.store_alert(bigint, text, text, smallint, text, text, timestamptz, timestamptz, timestamptz,
    timestamptz, timestamptz, bigint, bigint, bigint, integer) IS 'Writes an alert as the evaluator left it: a new one when the_id is NULL';

GRANT SELECT ON tapewatch.rule_sets, tapewatch.alerts, tapewatch.alert_steps, tapewatch.alert_events
    TO tapewatch_writer, tapewatch_reader;
GRANT INSERT ON tapewatch.rule_sets, tapewatch.alerts, tapewatch.alert_steps, tapewatch.alert_events TO tapewatch_writer;
GRANT UPDATE ON tapewatch.alerts TO tapewatch_writer;
GRANT UPDATE (alert_id, evaluated_at) ON tapewatch.alert_events TO tapewatch_writer;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tapewatch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.shards_fence(smallint[], bigint[], uuid, timestamptz),
    tapewatch.idle_check(smallint[], integer[], bigint[]),
    tapewatch.shards_move(smallint[], bigint[], uuid, timestamptz, timestamptz, integer),
    tapewatch.store_rule_set(text, text, text),
    tapewatch.store_alert(bigint, text, text, smallint, text, text, timestamptz, timestamptz, timestamptz,
        timestamptz, timestamptz, bigint, bigint, bigint, integer) TO tapewatch_writer;
