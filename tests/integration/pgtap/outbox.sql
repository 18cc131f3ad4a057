-- The outbox: filled by the transaction that stores, told by one daemon, in order, and marked under its token.
BEGIN;
SELECT plan(27);

CREATE TEMP TABLE mine AS SELECT '11111111-1111-1111-1111-111111111111'::uuid AS token,
    '22222222-2222-2222-2222-222222222222'::uuid AS other;
GRANT SELECT ON mine TO tapewatch_writer;
CREATE FUNCTION pg_temp.alert(the_rule text, the_step text, the_state text DEFAULT 'open') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    SELECT a.alert_id INTO id FROM tapewatch.alerts a WHERE a.rule = the_rule AND a.state = 'open';
    IF id IS NULL THEN
        INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, reported_value, worst_value, documents, rule_set_id,
            shard, state, kind, measure, severity, rule, entity)
        VALUES ('2031-01-01', '2031-01-01', '2031-01-01', -25000, -25000, 3, 1, 0, 'open', 'threshold', 'negative_sum', 'critical',
            the_rule, 'E') RETURNING alert_id INTO id;
    END IF;
    UPDATE tapewatch.alerts SET state = the_state, resolved_time = CASE the_state WHEN 'resolved' THEN '2031-01-02'::timestamptz END
    WHERE alert_id = id;
    INSERT INTO tapewatch.alert_steps (alert_id, step_time, value, documents, rule_set_id, step, reason)
    VALUES (id, '2031-01-01 12:00:00.5+00', -25000, 3, 1, the_step, 'because');
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.lease(the_target text, the_token uuid) RETURNS boolean LANGUAGE sql AS $$
    SELECT held FROM tapewatch.tell_lease(the_target, the_token, 'me:1', 30000, 86400000)
$$;
CREATE FUNCTION pg_temp.waiting(the_target text, the_token uuid) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(message::json ->> 'rule' || ' ' || (message::json ->> 'step'), ', '), '')
    FROM tapewatch.outbox_read(the_target, the_token, 100)
$$;
CREATE FUNCTION pg_temp.mark(the_target text, the_token uuid, the_outcome text) RETURNS void LANGUAGE sql AS $$
    SELECT tapewatch.outbox_done(the_target, the_token, array_agg(outbox_id), array_agg(alert_id),
        array_agg(the_outcome), array_agg('no'::text)) FROM tapewatch.outbox_read(the_target, the_token, 100)
$$;

SELECT pg_temp.alert('early', 'opened');
SELECT is_empty('SELECT * FROM tapewatch.outbox', 'without a target nothing is put there');
SELECT is(pg_temp.lease('kafka', token), true, 'the first to ask has the lease') FROM mine;
SELECT is(pg_temp.lease('alertmanager', token), true, 'of each target') FROM mine;
SELECT is(pg_temp.lease('kafka', other), false, 'another does not get it while that session stands') FROM mine;

SELECT pg_temp.alert('r', 'opened');
SELECT is((SELECT count(*)::int FROM tapewatch.outbox), 2, 'a step is a row for each target');
SELECT is((SELECT message ->> 'value' || ' ' || (message ->> 'step_time') || ' ' || (message ->> 'reason') FROM tapewatch.outbox
    WHERE target = 'kafka'), '-2.5000 2031-01-01T12:00:00.500000Z because', 'with what is told of it');
SELECT is((SELECT key FROM tapewatch.outbox WHERE target = 'kafka'),
    (SELECT 'step-' || max(alert_step_id) FROM tapewatch.alert_steps), 'its key is the step''s');
SAVEPOINT before;
SELECT pg_temp.alert('r', 'updated');
ROLLBACK TO before;
SELECT is((SELECT count(*)::int FROM tapewatch.outbox), 2, 'what is not committed is not there');

SELECT is(pg_temp.waiting('kafka', token), 'r opened', 'who has the lease reads it') FROM mine;
SELECT is(pg_temp.waiting('kafka', other), '', 'another reads nothing') FROM mine;
SELECT throws_ok($$ SELECT tapewatch.outbox_done('kafka', other, '{1}', '{1}', '{told}', '{""}') FROM mine $$, 'TWF01', NULL,
    'nor marks anything');
SELECT pg_temp.mark('kafka', token, 'told') FROM mine;
SELECT is(pg_temp.waiting('kafka', token), '', 'what is told waits no more') FROM mine;
SELECT is(pg_temp.waiting('alertmanager', token), 'r opened', 'for the other target it does') FROM mine;
SELECT is((SELECT target FROM tapewatch.alerts_told), 'kafka', 'the alert is known to who was told');

SELECT pg_temp.alert('r', 'resolved', 'resolved');
SELECT is(pg_temp.waiting('kafka', token), 'r resolved', 'its end is told to who knows of it') FROM mine;
SELECT is(pg_temp.waiting('alertmanager', token), 'r opened, r resolved', 'and to who is about to, behind its opening') FROM mine;
SELECT pg_temp.mark('kafka', token, 'told') FROM mine;
SELECT pg_temp.mark('alertmanager', token, 'refused') FROM mine;
SELECT is_empty('SELECT * FROM tapewatch.alerts_told', 'then it is forgotten');
SELECT is((SELECT DISTINCT answer FROM tapewatch.outbox WHERE outcome = 'refused'), 'no', 'a refusal is kept with its answer');
SELECT pg_temp.alert('early', 'resolved', 'resolved');
SELECT is(pg_temp.waiting('kafka', token), '', 'the end of an alert that it was not told of is not told') FROM mine;
SELECT is((SELECT outcome FROM tapewatch.outbox WHERE rule = 'early' AND target = 'kafka'), 'untold', 'and the row says so');

SELECT pg_temp.alert('again', 'opened');
SELECT is((SELECT string_agg(message::json ->> 'step', ',') FROM mine, tapewatch.open_read('alertmanager', token, 0, 10)), 'repeated',
    'an open alert is repeated');
SELECT tapewatch.outbox_done('alertmanager', token, '{0}', array_agg(a.alert_id), '{told}', '{""}')
FROM mine, tapewatch.alerts a WHERE a.rule = 'again' GROUP BY token;
SELECT is((SELECT count(*)::int FROM tapewatch.alerts_told WHERE target = 'alertmanager'), 1, 'and then known');

UPDATE tapewatch.outbox SET made_at = now() - interval '2 days' WHERE target = 'kafka' AND outcome IS NULL;
SELECT is((SELECT expired FROM mine, tapewatch.tell_lease('kafka', token, 'me:1', 30000, 86400000)), 1::bigint,
    'what waits for too long expires, and is counted');
UPDATE tapewatch.outbox SET ended_at = now() - interval '2 days' WHERE outcome IS NOT NULL;
SELECT tapewatch.outbox_expire('kafka');
SELECT is((SELECT count(*)::int FROM tapewatch.outbox WHERE outcome IS NOT NULL), 0, 'what ended so long ago is dropped');

UPDATE tapewatch.tell_targets SET served_at = now() - interval '31 s' WHERE target = 'kafka';
SELECT is(pg_temp.lease('kafka', other), true, 'a lease that was not renewed for long is another''s') FROM mine;
UPDATE tapewatch.tell_targets SET served_at = now() - interval '2 days' WHERE target = 'kafka';
SELECT pg_temp.alert('later', 'opened');
SELECT is((SELECT string_agg(target, ',') FROM tapewatch.outbox WHERE rule = 'later'), 'alertmanager',
    'a target that nobody has served for so long gets no rows');
SET LOCAL ROLE tapewatch_writer;
SELECT is(pg_temp.lease('kafka', token), true, 'the writer may do all of it') FROM mine;
SELECT * FROM finish();
ROLLBACK;
