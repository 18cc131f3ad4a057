-- Evidence that is not made is told: what was tried so often as it is tried, or waited for too long, is marked by the daemon that
-- holds the shard, which counts it and says so.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.alert_evidence_tries DROP CONSTRAINT alert_evidence_tries_outcome_check,
    ADD CONSTRAINT alert_evidence_tries_outcome_check CHECK (outcome IN ('made', 'failed', 'late'));
CREATE INDEX alert_evidence_tries_open ON tapewatch.alert_evidence_tries (tried_at) WHERE outcome IS NULL;
COMMENT ON TABLE tapewatch.alert_evidence_tries IS
    'Steps, headlines and events whose evidence a daemon has begun to make, or given up; none: not yet, or evidence.enabled is false';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.tries IS 'Times that a daemon has begun to make it; 0: it was late before the first';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.outcome IS
    'made: see alert_evidence (no row there: its documents were dropped); failed: given up after so many tries, the log says why; late: given up, for nobody came to it within ten minutes; NULL: at work, or to be tried again';

-- A daemon that lost the shard meanwhile may still make what was given up here: it is made then.
DROP FUNCTION tapewatch.end_evidence(bigint, bigint, boolean, integer);
CREATE FUNCTION tapewatch.end_evidence(the_step bigint, the_event bigint)
RETURNS void LANGUAGE sql AS $$
    UPDATE tapewatch.alert_evidence_tries x SET outcome = 'made'
    WHERE (x.alert_step_id = the_step OR x.alert_event_id = the_event) AND x.outcome IS DISTINCT FROM 'made';
$$;
COMMENT ON FUNCTION tapewatch.end_evidence(bigint, bigint) IS 'Evidence of a step or alert event is made';

-- Asked between two steps, so that nothing of this daemon's is at work. A step without a row that has waited for longer than twice
-- the time is left as it is: it is older than this daemon's hold on the shard, or than evidence.enabled.
CREATE FUNCTION tapewatch.give_up_evidence(the_owner text, within_ms bigint, most_tries integer)
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
            AND (v.alert_id IS NOT NULL OR (v.evaluated_at IS NULL AND v.stories = 1)) -- as take_evidence asks
        ON CONFLICT DO NOTHING
        RETURNING x.alert_step_id AS step, x.alert_event_id AS event, x.outcome),
    ended AS (SELECT * FROM tried UNION ALL SELECT * FROM untried)
    SELECT count(*) FILTER (WHERE e.outcome = 'failed'), count(*) FILTER (WHERE e.outcome = 'late'), max(e.step), max(e.event)
    FROM ended e;
END
$$;
COMMENT ON FUNCTION tapewatch.give_up_evidence(text, bigint, integer) IS
    'Gives up the steps and alert events of the shards of this daemon (owner) that were tried so often, or have waited for so many milliseconds: how many of each, and the newest of them';

-- As in 0026, but for end_evidence.
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
            AND (v.alert_id IS NOT NULL OR (v.evaluated_at IS NULL AND v.stories = 1))
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

REVOKE ALL ON FUNCTION tapewatch.end_evidence(bigint, bigint), tapewatch.give_up_evidence(text, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.end_evidence(bigint, bigint), tapewatch.give_up_evidence(text, bigint, integer)
    TO tapewatch_writer;
