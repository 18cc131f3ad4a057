-- What people do about alerts: acknowledge, close, note, silence, watch, label; each a row with who, when and why.
--
--   tapewatch_analyst  a reader who may call these functions; it writes nothing by any other road
--
-- Nothing here updates or locks a row that a daemon needs: who leaves a transaction open after calling one of these holds
-- nobody up. The evaluator's alerts stay its own. An alert that is closed by hand goes on in the evaluator, unseen: it is
-- hidden until it resolves, and what opens after that is a new alert.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'tapewatch_analyst') THEN
        BEGIN
            CREATE ROLE tapewatch_analyst LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of the cluster made it in the same moment
        END;
    END IF;
    IF NOT pg_has_role('tapewatch_analyst', 'tapewatch_reader', 'USAGE') THEN
        GRANT tapewatch_reader TO tapewatch_analyst;
    END IF;
    BEGIN
        EXECUTE format('ALTER ROLE tapewatch_analyst IN DATABASE %I SET search_path = tapewatch, public', current_database());
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'the role that migrates may not alter tapewatch_analyst, which therefore has no search_path'
            USING HINT = format('have somebody who may run: ALTER ROLE tapewatch_analyst IN DATABASE %I SET search_path = tapewatch, public',
                current_database());
    END;
END
$$;

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.alert_actions (
    alert_action_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL CHECK (action IN ('acknowledged', 'closed', 'noted')),
    actor text NOT NULL DEFAULT session_user,
    reason text NOT NULL CHECK (reason ~ '\S')
);
CREATE INDEX alert_actions_alert ON tapewatch.alert_actions (alert_id, alert_action_id);
CREATE UNIQUE INDEX alert_actions_closed ON tapewatch.alert_actions (alert_id) WHERE action = 'closed';
COMMENT ON TABLE tapewatch.alert_actions IS 'What people did about alerts, written by acknowledge, close and note';
COMMENT ON COLUMN tapewatch.alert_actions.alert_action_id IS 'Number of the action';
COMMENT ON COLUMN tapewatch.alert_actions.alert_id IS 'Alert, see alerts';
COMMENT ON COLUMN tapewatch.alert_actions.action IS 'acknowledged: somebody is on it, until it resolves; closed: hidden until it resolves; noted: a remark';
COMMENT ON COLUMN tapewatch.alert_actions.actor IS 'Role that logged in to do it';
COMMENT ON COLUMN tapewatch.alert_actions.done_at IS 'Wall clock (UTC) of the server when it was done';
COMMENT ON COLUMN tapewatch.alert_actions.reason IS 'Why, or the remark, in the actor''s words';

CREATE TABLE tapewatch.silences (
    silence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    ended_at timestamptz,
    entity text COLLATE "C",
    rule text,
    actor text NOT NULL DEFAULT session_user,
    reason text NOT NULL CHECK (reason ~ '\S'),
    ended_by text,
    ended_reason text,
    CHECK (entity IS NOT NULL OR rule IS NOT NULL),
    CHECK (until > made_at)
);
CREATE INDEX silences_until ON tapewatch.silences (until) WHERE ended_at IS NULL;
COMMENT ON TABLE tapewatch.silences IS 'Whose alerts are not told outside for a while; they are opened and seen as ever';
COMMENT ON COLUMN tapewatch.silences.silence_id IS 'Number of the silence, for unsilence';
COMMENT ON COLUMN tapewatch.silences.entity IS 'Symbol of the entity; NULL: of every one';
COMMENT ON COLUMN tapewatch.silences.rule IS 'Name of the rule; NULL: every one';
COMMENT ON COLUMN tapewatch.silences.made_at IS 'Wall clock (UTC) of the server from which it holds';
COMMENT ON COLUMN tapewatch.silences.until IS 'Wall clock (UTC) until which it holds, unless it was ended';
COMMENT ON COLUMN tapewatch.silences.actor IS 'Role that logged in to make it';
COMMENT ON COLUMN tapewatch.silences.reason IS 'Why, in the actor''s words';
COMMENT ON COLUMN tapewatch.silences.ended_at IS 'Wall clock (UTC) when it was ended by unsilence; NULL: it was not';
COMMENT ON COLUMN tapewatch.silences.ended_by IS 'Role that logged in to end it';
COMMENT ON COLUMN tapewatch.silences.ended_reason IS 'Why it was ended';

CREATE TABLE tapewatch.watched (
    watched_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz,
    list text NOT NULL CHECK (list ~ '\S'),
    entity text COLLATE "C" NOT NULL,
    added_by text NOT NULL DEFAULT session_user,
    reason text NOT NULL CHECK (reason ~ '\S'),
    removed_by text,
    removed_reason text
);
CREATE UNIQUE INDEX watched_now ON tapewatch.watched (list, entity) WHERE removed_at IS NULL;
COMMENT ON TABLE tapewatch.watched IS 'Watch lists: which entities stand, or stood, on which';
COMMENT ON COLUMN tapewatch.watched.watched_id IS 'Number of the row';
COMMENT ON COLUMN tapewatch.watched.list IS 'Name of the list';
COMMENT ON COLUMN tapewatch.watched.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.watched.added_at IS 'Wall clock (UTC) when it was put there';
COMMENT ON COLUMN tapewatch.watched.added_by IS 'Role that logged in to put it there';
COMMENT ON COLUMN tapewatch.watched.reason IS 'Why, in that one''s words';
COMMENT ON COLUMN tapewatch.watched.removed_at IS 'Wall clock (UTC) when it was taken off; NULL: it stands there';
COMMENT ON COLUMN tapewatch.watched.removed_by IS 'Role that logged in to take it off';
COMMENT ON COLUMN tapewatch.watched.removed_reason IS 'Why it was taken off';

CREATE TABLE tapewatch.labels (
    label_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    labelled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    partition integer NOT NULL,
    topic_id smallint NOT NULL,
    label text NOT NULL CHECK (label IN ('wrong_entity', 'wrong_sentiment', 'duplicate', 'not_news', 'wrong_event')),
    entity text COLLATE "C",
    right_value text,
    actor text NOT NULL DEFAULT session_user,
    reason text NOT NULL CHECK (reason ~ '\S')
);
CREATE INDEX labels_document ON tapewatch.labels (topic_id, partition, kafka_offset);
COMMENT ON TABLE tapewatch.labels IS 'What people say of documents, to train and to judge by; a later label of the same kind for the same document and entity holds. It stays when its document is dropped';
COMMENT ON COLUMN tapewatch.labels.label_id IS 'Number of the label';
COMMENT ON COLUMN tapewatch.labels.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.labels.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.labels.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.labels.event_time IS 'Event time of the document (UTC)';
COMMENT ON COLUMN tapewatch.labels.label IS 'wrong_entity, wrong_sentiment, duplicate, not_news or wrong_event';
COMMENT ON COLUMN tapewatch.labels.entity IS 'Entity that is meant, see entities; NULL: the document as a whole';
COMMENT ON COLUMN tapewatch.labels.right_value IS 'What is right: negative, neutral or positive; the type of an event, or none; the symbol of the entity. NULL: not said';
COMMENT ON COLUMN tapewatch.labels.actor IS 'Role that logged in to say so';
COMMENT ON COLUMN tapewatch.labels.labelled_at IS 'Wall clock (UTC) when it was said';
COMMENT ON COLUMN tapewatch.labels.reason IS 'Why, in the actor''s words';

-- -- alerts ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.act(the_alert bigint, the_action text, the_reason text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    the_state text := (SELECT a.state FROM tapewatch.alerts a WHERE a.alert_id = the_alert);
BEGIN
    IF the_state IS NULL THEN
        RAISE EXCEPTION 'there is no alert %', coalesce(the_alert::text, 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'alert_id of alerts_open; what is announced has none yet';
    ELSIF the_action <> 'noted' AND the_state = 'resolved' THEN
        RAISE EXCEPTION 'alert % is resolved', the_alert USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'note(alert, text) still takes a remark';
    ELSIF the_action <> 'noted' AND EXISTS (SELECT FROM tapewatch.alert_actions c
            WHERE c.alert_id = the_alert AND c.action = 'closed') THEN
        RAISE EXCEPTION 'alert % is closed', the_alert USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'note(alert, text) still takes a remark';
    ELSIF the_reason IS NULL OR the_reason !~ '\S' THEN
        RAISE EXCEPTION 'no reason is given' USING ERRCODE = 'invalid_parameter_value', HINT = 'say why, in a few words';
    END IF;
    INSERT INTO tapewatch.alert_actions (alert_id, action, reason) VALUES (the_alert, the_action, the_reason);
END
$$;
COMMENT ON FUNCTION tapewatch.act(bigint, text, text) IS 'What acknowledge, close and note share: checks, and the row';

CREATE FUNCTION tapewatch.acknowledge(the_alert bigint, the_reason text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$ SELECT tapewatch.act(the_alert, 'acknowledged', the_reason) $$;
COMMENT ON FUNCTION tapewatch.acknowledge(bigint, text) IS
    'Somebody is on this alert: it holds until the alert resolves, and stands in alerts_open as acknowledged_by and acknowledged_at';

CREATE FUNCTION tapewatch.note(the_alert bigint, the_text text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$ SELECT tapewatch.act(the_alert, 'noted', the_text) $$;
COMMENT ON FUNCTION tapewatch.note(bigint, text) IS 'A remark on an alert, open or not; see alert_history';

-- To who was told that it opened a closing is its end.
CREATE FUNCTION tapewatch.close(the_alert bigint, the_reason text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tapewatch.act(the_alert, 'closed', the_reason);
    INSERT INTO tapewatch.outbox (target, key, alert_id, step, rule, entity, message)
    SELECT t.target, k.key, a.alert_id, 'closed', a.rule, a.entity,
        tapewatch.tell_message(k.key, 'closed', clock_timestamp(), a, a.reported_value, a.documents,
            format('closed by %s: %s', session_user, the_reason))
    FROM tapewatch.alerts a
    CROSS JOIN LATERAL (SELECT format('close-%s', a.alert_id) AS key) k
    CROSS JOIN tapewatch.tell_targets t
    WHERE a.alert_id = the_alert AND t.served_at > clock_timestamp() - t.keep;
END
$$;
COMMENT ON FUNCTION tapewatch.close(bigint, text) IS
    'Closes an alert for people: it leaves alerts_open and is told as ended; the evaluator goes on with it unseen until it resolves, and what opens afterwards is a new alert';

-- -- silences --------------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.silence(the_entity text, the_rule text, the_end timestamptz, the_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    IF the_entity IS NULL AND the_rule IS NULL THEN
        RAISE EXCEPTION 'neither an entity nor a rule is given' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'name one of them, or both; NULL for the other means every one';
    ELSIF the_end IS NULL OR the_end <= clock_timestamp() THEN
        RAISE EXCEPTION 'it would end at %, which is over', coalesce(the_end::text, 'no time') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'now() + interval ''2 hours'', for example';
    ELSIF the_reason IS NULL OR the_reason !~ '\S' THEN
        RAISE EXCEPTION 'no reason is given' USING ERRCODE = 'invalid_parameter_value', HINT = 'say why, in a few words';
    END IF;
    INSERT INTO tapewatch.silences (entity, rule, until, reason) VALUES (the_entity, the_rule, the_end, the_reason)
    RETURNING silence_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION tapewatch.silence(text, text, timestamptz, text) IS
    'Alerts of an entity, a rule or both (NULL: every one) are not told outside until a time; returns the number for unsilence. They are seen as ever, with silenced_until';

CREATE FUNCTION tapewatch.unsilence(the_silence bigint, the_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF the_reason IS NULL OR the_reason !~ '\S' THEN
        RAISE EXCEPTION 'no reason is given' USING ERRCODE = 'invalid_parameter_value', HINT = 'say why, in a few words';
    END IF;
    UPDATE tapewatch.silences s SET ended_at = clock_timestamp(), ended_by = session_user, ended_reason = the_reason
    WHERE s.silence_id = the_silence AND s.ended_at IS NULL AND s.until > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no silence % holds', coalesce(the_silence::text, 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'SELECT * FROM tapewatch.silences WHERE ended_at IS NULL AND until > now()';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.unsilence(bigint, text) IS 'Ends a silence before its time';

CREATE FUNCTION tapewatch.silenced_until(the_entity text, the_rule text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT max(s.until) FROM tapewatch.silences s
    WHERE s.ended_at IS NULL AND s.until > clock_timestamp() AND (s.entity IS NULL OR s.entity = the_entity)
        AND (s.rule IS NULL OR s.rule = the_rule)
$$;
COMMENT ON FUNCTION tapewatch.silenced_until(text, text) IS 'Until when alerts of this entity and rule are silenced; NULL when they are not';

-- -- watch lists -----------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.watch_add(the_list text, the_entity text, the_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.entities e WHERE e.symbol = the_entity) THEN
        RAISE EXCEPTION 'there is no entity %', coalesce(quote_literal(the_entity), 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'symbol of tapewatch.entities';
    END IF;
    INSERT INTO tapewatch.watched (list, entity, reason) VALUES (the_list, the_entity, the_reason) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION tapewatch.watch_add(text, text, text) IS 'Puts an entity on a watch list; false when it stands there';

CREATE FUNCTION tapewatch.watch_remove(the_list text, the_entity text, the_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE tapewatch.watched w SET removed_at = clock_timestamp(), removed_by = session_user, removed_reason = the_reason
    WHERE w.list = the_list AND w.entity = the_entity AND w.removed_at IS NULL;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION tapewatch.watch_remove(text, text, text) IS 'Takes an entity off a watch list; false when it did not stand there';

CREATE FUNCTION tapewatch.watch_list(the_list text DEFAULT NULL)
RETURNS TABLE (list text, entity text, name text, added_by text, added_at timestamptz, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.list, w.entity, coalesce(e.name, w.entity), w.added_by, w.added_at, w.reason
    FROM tapewatch.watched w LEFT JOIN tapewatch.entities e ON e.symbol = w.entity
    WHERE w.removed_at IS NULL AND (the_list IS NULL OR w.list = the_list) ORDER BY w.list, w.entity
$$;
COMMENT ON FUNCTION tapewatch.watch_list(text) IS 'What stands on a watch list, or on all';

-- -- labels ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION tapewatch.label(the_topic text, the_partition integer, the_offset bigint, the_label text, the_entity text,
    the_right_value text, the_reason text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    document record;
    made bigint;
BEGIN
    SELECT d.topic_id, d.event_time INTO document FROM tapewatch.documents d JOIN tapewatch.topics t USING (topic_id)
    WHERE t.topic = the_topic AND d.partition = the_partition AND d.kafka_offset = the_offset;
    IF document.topic_id IS NULL THEN
        RAISE EXCEPTION 'there is no document at offset % of partition % of topic %', the_offset, the_partition,
            coalesce(the_topic, 'NULL') USING ERRCODE = 'no_data_found', HINT = 'topic, partition and kafka_offset as alert_documents shows them; it may have been dropped';
    ELSIF the_label = 'wrong_sentiment' AND coalesce(the_right_value, '') NOT IN ('negative', 'neutral', 'positive') THEN
        RAISE EXCEPTION 'the right sentiment is not said' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'negative, neutral or positive';
    ELSIF the_label = 'wrong_event' AND coalesce(the_right_value, '') !~ '^[a-z_]+$' THEN
        RAISE EXCEPTION 'the right event is not said' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'its type, as in events.yaml, or none';
    ELSIF the_label = 'wrong_entity' AND the_entity IS NULL THEN
        RAISE EXCEPTION 'which entity is wrong is not said' USING ERRCODE = 'invalid_parameter_value', HINT = 'its symbol';
    ELSIF the_entity IS NOT NULL AND NOT EXISTS (SELECT FROM tapewatch.entities e WHERE e.symbol = the_entity) THEN
        RAISE EXCEPTION 'there is no entity %', quote_literal(the_entity) USING ERRCODE = 'no_data_found',
            HINT = 'symbol of tapewatch.entities';
    END IF;
    INSERT INTO tapewatch.labels (topic_id, partition, kafka_offset, event_time, label, entity, right_value, reason)
    VALUES (document.topic_id, the_partition, the_offset, document.event_time, the_label, the_entity, the_right_value, the_reason)
    RETURNING label_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION tapewatch.label(text, integer, bigint, text, text, text, text) IS
    'Says of a document (topic, partition, offset), or of an entity in it: wrong_entity, wrong_sentiment, duplicate, not_news or wrong_event, with what is right, and why; returns its number';

-- -- what is seen ----------------------------------------------------------------------------------------------------

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
        WHERE n.evaluated_at IS NULL) AS v
    GROUP BY v.rule, v.entity) AS w
LEFT JOIN tapewatch.entities e ON e.symbol = w.entity
WHERE NOT EXISTS (SELECT FROM tapewatch.alerts a WHERE a.rule = w.rule AND a.entity = w.entity AND a.state <> 'resolved')
ORDER BY opened_time DESC, alert_id DESC;
COMMENT ON COLUMN tapewatch.alerts_open.acknowledged_by IS 'Who acknowledged it last; NULL: nobody did';
COMMENT ON COLUMN tapewatch.alerts_open.acknowledged_at IS 'Wall clock (UTC) when it was acknowledged last';
COMMENT ON COLUMN tapewatch.alerts_open.silenced_until IS 'Wall clock (UTC) until which it is not told outside; NULL: it is told';

CREATE VIEW tapewatch.alert_history AS
SELECT s.alert_id, s.stepped_at AS at, s.step AS what, NULL::text AS actor, s.reason FROM tapewatch.alert_steps s
UNION ALL
SELECT c.alert_id, c.done_at, c.action, c.actor, c.reason FROM tapewatch.alert_actions c
ORDER BY at;
COMMENT ON VIEW tapewatch.alert_history IS 'What happened to an alert, and what people did about it, by wall clock';
COMMENT ON COLUMN tapewatch.alert_history.alert_id IS 'Number of the alert';
COMMENT ON COLUMN tapewatch.alert_history.at IS 'Wall clock (UTC)';
COMMENT ON COLUMN tapewatch.alert_history.what IS 'opened, updated, resolved by the evaluator; acknowledged, closed, noted by people';
COMMENT ON COLUMN tapewatch.alert_history.actor IS 'Who did it; NULL: the evaluator';
COMMENT ON COLUMN tapewatch.alert_history.reason IS 'Why';

-- -- what is told ----------------------------------------------------------------------------------------------------

-- Decided when it is told, not when it was stored: a silence made a moment later still holds. What a target knows of it
-- hears the end of, silenced or not.
CREATE OR REPLACE FUNCTION tapewatch.outbox_read(the_target text, the_token uuid, most integer)
RETURNS TABLE (outbox_id bigint, alert_id bigint, key text, partition_by text, message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tapewatch.tell_targets t WHERE t.target = the_target AND t.owner_token = the_token) THEN
        RETURN;
    END IF;
    UPDATE tapewatch.outbox o SET outcome = 'silenced', ended_at = clock_timestamp()
    FROM (SELECT w.outbox_id FROM tapewatch.outbox w WHERE w.target = the_target AND w.outcome IS NULL
        ORDER BY w.outbox_id LIMIT most) AS first
    WHERE o.outbox_id = first.outbox_id AND o.step NOT IN ('resolved', 'closed')
        AND (tapewatch.silenced_until(o.entity, o.rule) IS NOT NULL
            OR EXISTS (SELECT FROM tapewatch.alert_actions c WHERE c.alert_id = o.alert_id AND c.action = 'closed'));
    UPDATE tapewatch.outbox o SET outcome = 'untold', ended_at = clock_timestamp()
    FROM (SELECT w.outbox_id FROM tapewatch.outbox w WHERE w.target = the_target AND w.outcome IS NULL
        ORDER BY w.outbox_id LIMIT most) AS first
    WHERE o.outbox_id = first.outbox_id AND o.step IN ('resolved', 'closed')
        AND NOT EXISTS (SELECT FROM tapewatch.alerts_told k WHERE k.target = the_target AND k.alert_id = o.alert_id)
        AND NOT EXISTS (SELECT FROM tapewatch.outbox p WHERE p.alert_id = o.alert_id AND p.outcome IS NULL
            AND p.target = the_target AND p.outbox_id < o.outbox_id);
    RETURN QUERY SELECT o.outbox_id, o.alert_id, o.key, o.rule || E'\n' || o.entity, o.message::text
    FROM tapewatch.outbox o WHERE o.target = the_target AND o.outcome IS NULL ORDER BY o.outbox_id LIMIT most;
END
$$;
COMMENT ON FUNCTION tapewatch.outbox_read(text, uuid, integer) IS
    'The first rows that wait for a target, for who holds its lease; nothing for anybody else. What is silenced or closed by people, and the ends of alerts that it was not told of, are passed over';

-- A silenced alert of which it was told is still repeated: silence must not look like an end.
CREATE OR REPLACE FUNCTION tapewatch.open_read(the_target text, the_token uuid, after bigint, most integer)
RETURNS TABLE (outbox_id bigint, alert_id bigint, key text, partition_by text, message text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 0::bigint, a.alert_id, format('alert-%s', a.alert_id), a.rule || E'\n' || a.entity,
        tapewatch.tell_message(format('alert-%s', a.alert_id), 'repeated', a.stepped_time, a, a.reported_value, a.documents,
            coalesce((SELECT s.reason FROM tapewatch.alert_steps s WHERE s.alert_id = a.alert_id
                ORDER BY s.alert_step_id DESC LIMIT 1), ''))::text
    FROM tapewatch.alerts a
    WHERE a.state <> 'resolved' AND a.alert_id > after
        AND EXISTS (SELECT FROM tapewatch.tell_targets t WHERE t.target = the_target AND t.owner_token = the_token)
        AND NOT EXISTS (SELECT FROM tapewatch.alert_actions c WHERE c.alert_id = a.alert_id AND c.action = 'closed')
        AND (tapewatch.silenced_until(a.entity, a.rule) IS NULL
            OR EXISTS (SELECT FROM tapewatch.alerts_told k WHERE k.target = the_target AND k.alert_id = a.alert_id))
    ORDER BY a.alert_id LIMIT most
$$;

CREATE OR REPLACE FUNCTION tapewatch.outbox_done(the_target text, the_token uuid, the_rows bigint[], the_alerts bigint[],
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
    WHERE o.outbox_id = ANY (the_rows) AND o.step IN ('resolved', 'closed') AND o.outcome IN ('told', 'refused')
        AND k.target = the_target AND k.alert_id = o.alert_id;
END
$$;
COMMENT ON COLUMN tapewatch.outbox.step IS 'announced, opened, updated or resolved; closed: by people';
COMMENT ON COLUMN tapewatch.outbox.key IS 'Stable key: step-<alert_step_id>, event-<alert_event_id> or close-<alert_id>. Told twice, it is the same message';
COMMENT ON COLUMN tapewatch.outbox.outcome IS 'told; refused: the target will not have it (see answer); expired: it waited longer than tell.keep; silenced: by a silence of people''s, or of an alert that they closed; untold: the end of an alert that the target was not told of; NULL while it waits';

GRANT SELECT ON tapewatch.alert_actions, tapewatch.silences, tapewatch.watched, tapewatch.labels, tapewatch.alert_history
    TO tapewatch_writer, tapewatch_reader;
REVOKE ALL ON FUNCTION tapewatch.act(bigint, text, text), tapewatch.acknowledge(bigint, text), tapewatch.note(bigint, text),
    tapewatch.close(bigint, text), tapewatch.silence(text, text, timestamptz, text), tapewatch.unsilence(bigint, text),
    tapewatch.silenced_until(text, text), tapewatch.watch_add(text, text, text), tapewatch.watch_remove(text, text, text),
    tapewatch.watch_list(text), tapewatch.label(text, integer, bigint, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.acknowledge(bigint, text), tapewatch.note(bigint, text), tapewatch.close(bigint, text),
    tapewatch.silence(text, text, timestamptz, text), tapewatch.unsilence(bigint, text),
    tapewatch.watch_add(text, text, text), tapewatch.watch_remove(text, text, text), tapewatch.watch_list(text),
    tapewatch.label(text, integer, bigint, text, text, text, text) TO tapewatch_analyst;
