-- What is told outside leaves through an outbox, filled by the very transaction that stores it: what was not committed is
-- told to nobody, and what was committed waits here until it has been told.
--
--   tell_targets   whom the daemons tell (kafka, alertmanager), and which daemon does it now
--   outbox         a row for each target and each step of an alert or headline, until it is told, and for `keep` after
--   alerts_told    of which open alerts a target knows: it hears of their end, and of no other's
--
-- Triggers fill it, and no statement of the daemon's: whoever stores a step, by whatever road (the evaluator, a person's
-- close, a repair by hand), cannot forget the row, and it costs no round trip.
--
-- A row is told by the daemon that holds its target's lease, in the order of numbers, and marked afterwards under the
-- lease's token. No lock is held while a target is spoken to: a stopped process holds up nobody. Killed between telling
-- and marking, it is told again, with the same key.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.tell_targets (
    target text PRIMARY KEY CHECK (target ~ '^[a-z_]+$'),
    keep interval NOT NULL,
    served_at timestamptz,
    owner_token uuid,
    owner text,
    backend_start timestamptz,
    backend_pid integer
) WITH (fillfactor = 20);
COMMENT ON TABLE tapewatch.tell_targets IS 'Whom alerts are told to, since a daemon was first configured to, and which daemon tells';
COMMENT ON COLUMN tapewatch.tell_targets.target IS 'kafka or alertmanager';
COMMENT ON COLUMN tapewatch.tell_targets.keep IS 'How long a row waits for it before it expires, and stays after it was told (tell.keep). A target that no daemon has served for so long gets no rows';
COMMENT ON COLUMN tapewatch.tell_targets.served_at IS 'Wall clock (UTC) when a daemon last held its lease; NULL: never';
COMMENT ON COLUMN tapewatch.tell_targets.owner IS 'Daemon that tells: host and process id; NULL: given back';
COMMENT ON COLUMN tapewatch.tell_targets.owner_token IS 'What that daemon fences its marks with';
COMMENT ON COLUMN tapewatch.tell_targets.backend_pid IS 'Process of the server that serves its session: when that ends, so does the lease';
COMMENT ON COLUMN tapewatch.tell_targets.backend_start IS 'Wall clock (UTC) when that session began: process numbers come again';

CREATE TABLE tapewatch.outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint,
    alert_event_id bigint,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    target text NOT NULL,
    key text NOT NULL,
    step text NOT NULL,
    rule text NOT NULL,
    entity text COLLATE "C" NOT NULL,
    outcome text CHECK (outcome IN ('told', 'refused', 'expired', 'silenced', 'untold')),
    answer text,
    message json NOT NULL,
    UNIQUE (target, key),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
CREATE INDEX outbox_waiting ON tapewatch.outbox (target, outbox_id) WHERE outcome IS NULL;
CREATE INDEX outbox_waiting_alert ON tapewatch.outbox (alert_id) WHERE outcome IS NULL;
CREATE INDEX outbox_ended ON tapewatch.outbox (ended_at) WHERE outcome IS NOT NULL;
COMMENT ON TABLE tapewatch.outbox IS 'What is to be told outside, filled by the transaction that stores it; a row for each target';
COMMENT ON COLUMN tapewatch.outbox.outbox_id IS 'Number of the row; rows of one alert are told in this order';
COMMENT ON COLUMN tapewatch.outbox.target IS 'Whom to tell, see tell_targets';
COMMENT ON COLUMN tapewatch.outbox.key IS 'Stable key: step-<alert_step_id> or event-<alert_event_id>. Told twice, it is the same message';
COMMENT ON COLUMN tapewatch.outbox.alert_id IS 'Alert; NULL for a headline or event that is announced';
COMMENT ON COLUMN tapewatch.outbox.alert_event_id IS 'Headline or event that is announced, see alert_events; NULL for a step of an alert';
COMMENT ON COLUMN tapewatch.outbox.step IS 'announced, opened, updated or resolved';
COMMENT ON COLUMN tapewatch.outbox.rule IS 'Name of the rule';
COMMENT ON COLUMN tapewatch.outbox.entity IS 'Symbol of the entity';
COMMENT ON COLUMN tapewatch.outbox.message IS 'What is told, as it was when the transaction stored it';
COMMENT ON COLUMN tapewatch.outbox.made_at IS 'Wall clock (UTC) of the server when it was stored';
COMMENT ON COLUMN tapewatch.outbox.ended_at IS 'Wall clock (UTC) of the server when it was told, or given up; NULL while it waits';
COMMENT ON COLUMN tapewatch.outbox.outcome IS 'told; refused: the target will not have it (see answer); expired: it waited longer than tell.keep; silenced: by a silence of people''s; untold: the end of an alert that the target was not told of; NULL while it waits';
COMMENT ON COLUMN tapewatch.outbox.answer IS 'The target''s words when it refused; NULL otherwise';

CREATE TABLE tapewatch.alerts_told (
    alert_id bigint NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    target text NOT NULL,
    PRIMARY KEY (target, alert_id)
);
COMMENT ON TABLE tapewatch.alerts_told IS 'Open alerts that a target was told of, and of whose end it will hear';
COMMENT ON COLUMN tapewatch.alerts_told.alert_id IS 'Alert';
COMMENT ON COLUMN tapewatch.alerts_told.target IS 'Who was told, see tell_targets';
COMMENT ON COLUMN tapewatch.alerts_told.told_at IS 'Wall clock (UTC) of the server when it was first told';

-- -- what is told ----------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.tell_time(the_time timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(the_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
COMMENT ON FUNCTION tapewatch.tell_time(timestamptz) IS 'A time as messages have it: RFC 3339 in UTC, microseconds, always of one length';

CREATE FUNCTION tapewatch.tell_message(the_key text, the_step text, the_step_time timestamptz, the_alert tapewatch.alerts,
    the_value bigint, the_documents bigint, the_reason text)
RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('key', the_key, 'step', the_step, 'step_time', tapewatch.tell_time(the_step_time),
        'alert', the_alert.alert_id, 'rule', the_alert.rule, 'kind', the_alert.kind, 'severity', the_alert.severity,
        'entity', the_alert.entity,
        'name', coalesce((SELECT e.name FROM tapewatch.entities e WHERE e.symbol = the_alert.entity), the_alert.entity),
        'opened_time', tapewatch.tell_time(the_alert.opened_time), 'opened_at', tapewatch.tell_time(the_alert.opened_at),
        'measure', the_alert.measure, 'value', (the_value / 10000.0)::numeric(18, 4), 'documents', the_documents,
        'reason', the_reason)
$$;
COMMENT ON FUNCTION tapewatch.tell_message(text, text, timestamptz, tapewatch.alerts, bigint, bigint, text) IS
    'What is told of a step of an alert';

CREATE FUNCTION tapewatch.fill_outbox_steps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO tapewatch.outbox (target, key, alert_id, step, rule, entity, message)
    SELECT t.target, k.key, n.alert_id, n.step, a.rule, a.entity,
        tapewatch.tell_message(k.key, n.step, n.step_time, a, n.value, n.documents, n.reason)
    FROM stored n
    JOIN tapewatch.alerts a USING (alert_id)
    CROSS JOIN LATERAL (SELECT format('step-%s', n.alert_step_id) AS key) k
    CROSS JOIN tapewatch.tell_targets t
    WHERE t.served_at > clock_timestamp() - t.keep
    ORDER BY n.alert_step_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION tapewatch.fill_outbox_steps() IS 'Puts each step of an alert into the outbox, for each target';
CREATE TRIGGER outbox AFTER INSERT ON tapewatch.alert_steps REFERENCING NEW TABLE AS stored
    FOR EACH STATEMENT EXECUTE FUNCTION tapewatch.fill_outbox_steps();

CREATE FUNCTION tapewatch.fill_outbox_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
    WHERE t.served_at > clock_timestamp() - t.keep
    ORDER BY n.alert_event_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION tapewatch.fill_outbox_events() IS 'Puts each headline and event that a rule spoke for into the outbox as announced, for each target';
CREATE TRIGGER outbox AFTER INSERT ON tapewatch.alert_events REFERENCING NEW TABLE AS stored
    FOR EACH STATEMENT EXECUTE FUNCTION tapewatch.fill_outbox_events();

-- -- who tells -------------------------------------------------------------------------------------------------------

-- As the caller, who may see and end sessions of its own role.
CREATE FUNCTION tapewatch.tell_lease(the_target text, the_token uuid, the_owner text, lease_ms bigint, keep_ms bigint)
RETURNS TABLE (held boolean, owner text, waiting bigint, oldest_ms bigint, expired bigint) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() - make_interval(secs => lease_ms / 1000.0);
    expired_now bigint := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.tell_targets t WHERE t.target = the_target) THEN
        INSERT INTO tapewatch.tell_targets (target, keep) VALUES (the_target, make_interval(secs => keep_ms / 1000.0))
        ON CONFLICT DO NOTHING;
    END IF;
    UPDATE tapewatch.tell_targets t SET owner_token = the_token, owner = the_owner, served_at = clock_timestamp(),
        keep = make_interval(secs => keep_ms / 1000.0), backend_pid = a.pid, backend_start = a.backend_start
    FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a
    WHERE t.target = (SELECT f.target FROM tapewatch.tell_targets f
        WHERE f.target = the_target AND (f.owner_token IS NULL OR f.owner_token = the_token OR f.served_at < until
            OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity(f.backend_pid) b
                WHERE b.backend_start IS NULL OR b.backend_start = f.backend_start))
        FOR UPDATE SKIP LOCKED);
    IF FOUND THEN
        expired_now := tapewatch.outbox_expire(the_target);
    ELSE -- a process that was stopped in the middle of this very statement holds the row
        PERFORM tapewatch.end_lockers(t.xmax, format('the lease of %s', the_target)) FROM tapewatch.tell_targets t
        WHERE t.target = the_target AND t.served_at < until;
    END IF;
    RETURN QUERY SELECT t.owner_token IS NOT DISTINCT FROM the_token, t.owner,
        (SELECT count(*) FROM (SELECT FROM tapewatch.outbox o WHERE o.target = the_target AND o.outcome IS NULL LIMIT 10000) w),
        coalesce((SELECT (extract(epoch FROM clock_timestamp() - o.made_at) * 1000)::bigint FROM tapewatch.outbox o
            WHERE o.target = the_target AND o.outcome IS NULL ORDER BY o.outbox_id LIMIT 1), 0), expired_now
    FROM tapewatch.tell_targets t WHERE t.target = the_target;
END
$$;
COMMENT ON FUNCTION tapewatch.tell_lease(text, uuid, text, bigint, bigint) IS
    'Takes or renews the lease of a target, unless a daemon whose session stands renewed it within lease_ms; says who holds it, how many rows wait (10,000: or more), how old the oldest is, and how many have just expired. Waits for nobody';

CREATE FUNCTION tapewatch.tell_leave(the_target text, the_token uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE tapewatch.tell_targets t SET owner_token = NULL, owner = NULL WHERE t.target = the_target AND t.owner_token = the_token
$$;
COMMENT ON FUNCTION tapewatch.tell_leave(text, uuid) IS 'Gives the lease of a target back';

-- -- the outbox, as its owner ----------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.outbox_expire(the_target text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest timestamptz := clock_timestamp() - (SELECT t.keep FROM tapewatch.tell_targets t WHERE t.target = the_target);
    expired bigint;
BEGIN
    UPDATE tapewatch.outbox o SET outcome = 'expired', ended_at = clock_timestamp()
    FROM (SELECT w.outbox_id FROM tapewatch.outbox w WHERE w.target = the_target AND w.outcome IS NULL
        ORDER BY w.outbox_id LIMIT 1000) AS first
    WHERE o.outbox_id = first.outbox_id AND o.made_at < oldest;
    GET DIAGNOSTICS expired = ROW_COUNT;
    DELETE FROM tapewatch.outbox o WHERE o.outbox_id IN (SELECT d.outbox_id FROM tapewatch.outbox d
        WHERE d.outcome IS NOT NULL AND d.ended_at < oldest ORDER BY d.ended_at LIMIT 1000);
    RETURN expired;
END
$$;
COMMENT ON FUNCTION tapewatch.outbox_expire(text) IS
    'Gives up rows that have waited for a target longer than tell.keep, and drops rows of all targets that ended so long ago; at most 1,000 of each; returns how many it gave up';

CREATE FUNCTION tapewatch.outbox_read(the_target text, the_token uuid, most integer)
RETURNS TABLE (outbox_id bigint, alert_id bigint, key text, partition_by text, message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.tell_targets t WHERE t.target = the_target AND t.owner_token = the_token) THEN
        RETURN;
    END IF;
    UPDATE tapewatch.outbox o SET outcome = 'untold', ended_at = clock_timestamp()
    FROM (SELECT w.outbox_id FROM tapewatch.outbox w WHERE w.target = the_target AND w.outcome IS NULL
        ORDER BY w.outbox_id LIMIT most) AS first
    WHERE o.outbox_id = first.outbox_id AND o.step = 'resolved'
        AND NOT EXISTS (SELECT FROM tapewatch.alerts_told k WHERE k.target = the_target AND k.alert_id = o.alert_id)
        AND NOT EXISTS (SELECT FROM tapewatch.outbox p WHERE p.alert_id = o.alert_id AND p.outcome IS NULL
            AND p.target = the_target AND p.outbox_id < o.outbox_id);
    RETURN QUERY SELECT o.outbox_id, o.alert_id, o.key, o.rule || E'\n' || o.entity, o.message::text
    FROM tapewatch.outbox o WHERE o.target = the_target AND o.outcome IS NULL ORDER BY o.outbox_id LIMIT most;
END
$$;
COMMENT ON FUNCTION tapewatch.outbox_read(text, uuid, integer) IS
    'The first rows that wait for a target, for who holds its lease; nothing for anybody else. Ends of alerts that it was not told of are passed over';

CREATE FUNCTION tapewatch.open_read(the_target text, the_token uuid, after bigint, most integer)
RETURNS TABLE (outbox_id bigint, alert_id bigint, key text, partition_by text, message text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 0::bigint, a.alert_id, format('alert-%s', a.alert_id), a.rule || E'\n' || a.entity,
        tapewatch.tell_message(format('alert-%s', a.alert_id), 'repeated', a.stepped_time, a, a.reported_value, a.documents,
            coalesce((SELECT s.reason FROM tapewatch.alert_steps s WHERE s.alert_id = a.alert_id
                ORDER BY s.alert_step_id DESC LIMIT 1), ''))::text
    FROM tapewatch.alerts a
    WHERE a.state <> 'resolved' AND a.alert_id > after
        AND EXISTS (SELECT FROM tapewatch.tell_targets t WHERE t.target = the_target AND t.owner_token = the_token)
    ORDER BY a.alert_id LIMIT most
$$;
COMMENT ON FUNCTION tapewatch.open_read(text, uuid, bigint, integer) IS
    'Open alerts as they are to be repeated to a target, by number, for who holds its lease';

CREATE FUNCTION tapewatch.outbox_done(the_target text, the_token uuid, the_rows bigint[], the_alerts bigint[],
    the_outcomes text[], the_answers text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.tell_targets t WHERE t.target = the_target AND t.owner_token = the_token) THEN
        RAISE EXCEPTION 'fenced: another daemon tells %', the_target USING ERRCODE = 'TWF01';
    END IF;
    UPDATE tapewatch.outbox o SET outcome = u.outcome, ended_at = clock_timestamp(), answer = nullif(u.answer, '')
    FROM unnest(the_rows, the_outcomes, the_answers) AS u (outbox_id, outcome, answer)
    WHERE o.outbox_id = u.outbox_id AND o.target = the_target AND o.outcome IS NULL;
    -- Of what it was told it will hear the end; once that is told there is nothing left to hear.
    INSERT INTO tapewatch.alerts_told (target, alert_id)
    SELECT DISTINCT the_target, a.alert_id
    FROM unnest(the_rows, the_alerts, the_outcomes) AS u (outbox_id, alert_id, outcome)
    JOIN tapewatch.alerts a ON a.alert_id = u.alert_id
    WHERE u.outcome = 'told'
    ON CONFLICT DO NOTHING;
    DELETE FROM tapewatch.alerts_told k USING tapewatch.outbox o
    WHERE o.outbox_id = ANY (the_rows) AND o.step = 'resolved' AND o.outcome IN ('told', 'refused')
        AND k.target = the_target AND k.alert_id = o.alert_id;
END
$$;
COMMENT ON FUNCTION tapewatch.outbox_done(text, uuid, bigint[], bigint[], text[], text[]) IS
    'Marks rows as told or refused, and alerts as known to the target (row 0: an alert that was repeated); TWF01 for who does not hold its lease';

GRANT SELECT ON tapewatch.tell_targets, tapewatch.outbox, tapewatch.alerts_told TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, UPDATE ON tapewatch.tell_targets TO tapewatch_writer;
REVOKE ALL ON FUNCTION tapewatch.tell_time(timestamptz),
    tapewatch.tell_message(text, text, timestamptz, tapewatch.alerts, bigint, bigint, text),
    tapewatch.fill_outbox_steps(), tapewatch.fill_outbox_events(),
    tapewatch.tell_lease(text, uuid, text, bigint, bigint), tapewatch.tell_leave(text, uuid), tapewatch.outbox_expire(text),
    tapewatch.outbox_read(text, uuid, integer), tapewatch.open_read(text, uuid, bigint, integer),
    tapewatch.outbox_done(text, uuid, bigint[], bigint[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.tell_lease(text, uuid, text, bigint, bigint), tapewatch.tell_leave(text, uuid),
    tapewatch.outbox_expire(text), tapewatch.outbox_read(text, uuid, integer),
    tapewatch.open_read(text, uuid, bigint, integer),
    tapewatch.outbox_done(text, uuid, bigint[], bigint[], text[], text[]) TO tapewatch_writer;
