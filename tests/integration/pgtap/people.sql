-- What people do about alerts: rows with who, when and why; and what of it is seen and told.
BEGIN;
SELECT plan(40);

CREATE TEMP TABLE mine AS SELECT '11111111-1111-1111-1111-111111111111'::uuid AS token;
GRANT SELECT ON mine TO tapewatch_writer;
INSERT INTO tapewatch.entities (symbol, name, shard, listed) VALUES ('E', 'Ee', 0, true), ('F', 'Ef', 0, true);
SELECT held FROM mine, tapewatch.tell_lease('kafka', token, 'me:1', 30000, 86400000);
CREATE FUNCTION pg_temp.open(the_entity text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, reported_value, worst_value, documents, rule_set_id,
        shard, state, kind, measure, severity, rule, entity)
    VALUES ('2031-01-01', '2031-01-01', '2031-01-01', -25000, -25000, 3, 1, 0, 'open', 'threshold', 'negative_sum', 'critical',
        'r', the_entity) RETURNING alert_id
$$;
CREATE FUNCTION pg_temp.step(the_alert bigint, the_step text) RETURNS void LANGUAGE sql AS $$
    UPDATE tapewatch.alerts SET state = 'resolved', resolved_time = '2031-01-02' WHERE alert_id = the_alert AND the_step = 'resolved';
    INSERT INTO tapewatch.alert_steps (alert_id, step_time, value, documents, rule_set_id, step, reason)
    VALUES (the_alert, '2031-01-01', -25000, 3, 1, the_step, 'because')
$$;
-- What is told now: it is marked as told.
CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
    rows bigint[];
    alerts bigint[];
    the_token uuid := (SELECT token FROM mine);
BEGIN
    SELECT coalesce(string_agg((message::json ->> 'entity') || ' ' || (message::json ->> 'step'), ', ' ORDER BY outbox_id), ''),
        array_agg(outbox_id), array_agg(alert_id) INTO said, rows, alerts FROM tapewatch.outbox_read('kafka', the_token, 100);
    IF rows IS NULL THEN
        RETURN '';
    END IF;
    PERFORM tapewatch.outbox_done('kafka', the_token, rows, alerts, array_fill('told'::text, ARRAY[cardinality(rows)]),
        array_fill(''::text, ARRAY[cardinality(rows)]));
    RETURN said;
END
$$;
CREATE FUNCTION pg_temp.repeated() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(message::json ->> 'entity', ', '), '') FROM mine, tapewatch.open_read('kafka', token, 0, 100)
$$;
CREATE TEMP TABLE a AS SELECT pg_temp.open('E') AS e;
GRANT SELECT ON a TO tapewatch_analyst;
SELECT pg_temp.step(e, 'opened') FROM a;
SELECT is(pg_temp.told(), 'E opened', 'an alert is told');

-- Acknowledge, note, close.
SET LOCAL ROLE tapewatch_analyst;
SELECT lives_ok('SELECT tapewatch.acknowledge(e, ''I am on it'') FROM a', 'an analyst acknowledges');
SELECT results_eq('SELECT acknowledged_by, acknowledged_at IS NOT NULL, silenced_until FROM tapewatch.alerts_open',
    'SELECT session_user::text COLLATE "default", true, NULL::timestamptz', 'alerts_open shows who, and when');
SELECT throws_ok('SELECT tapewatch.acknowledge(e, '' '') FROM a', '22023', 'no reason is given', 'not without a reason');
SELECT throws_ok('SELECT tapewatch.acknowledge(-1, ''x'')', 'P0002', 'there is no alert -1', 'nor what is not there');
SELECT lives_ok('SELECT tapewatch.note(e, ''called them'') FROM a', 'a remark');
SELECT lives_ok('SELECT tapewatch.close(e, ''a test of theirs'') FROM a', 'an analyst closes');
SELECT is_empty('SELECT * FROM tapewatch.alerts_open', 'what is closed is hidden');
SELECT throws_ok('SELECT tapewatch.close(e, ''again'') FROM a', '55000', NULL, 'it closes once');
SELECT throws_ok('SELECT tapewatch.acknowledge(e, ''again'') FROM a', '55000', NULL, 'and cannot be acknowledged any more');
SELECT results_eq('SELECT what, actor IS NULL, reason FROM tapewatch.alert_history h JOIN a ON h.alert_id = a.e ORDER BY at',
    $$ VALUES ('opened', true, 'because'), ('acknowledged', false, 'I am on it'), ('noted', false, 'called them'),
        ('closed', false, 'a test of theirs') $$, 'its history says who did what and why');
SELECT throws_ok('INSERT INTO tapewatch.alert_actions (alert_id, action, reason) VALUES (1, ''noted'', ''x'')', '42501', NULL,
    'there is no other road');
SELECT throws_ok('UPDATE tapewatch.alerts SET state = ''resolved''', '42501', NULL, 'the evaluator''s alerts are its own');
SELECT throws_ok('SELECT tapewatch.act(1, ''noted'', ''x'')', '42501', NULL, 'what the functions share is nobody''s to call');
RESET ROLE;
SELECT is((SELECT state FROM tapewatch.alerts JOIN a ON e = alert_id), 'open', 'for the evaluator it is open still');
SELECT is(pg_temp.told(), 'E closed', 'to whom it was told it is told as ended');
SELECT is(pg_temp.repeated(), '', 'and is not repeated');
SELECT pg_temp.step(e, 'updated') FROM a;
SELECT is(pg_temp.told(), '', 'what happens to it afterwards is not told');
SELECT pg_temp.step(e, 'resolved') FROM a;
SELECT is(pg_temp.told(), '', 'nor that it resolves');
UPDATE a SET e = pg_temp.open('E');
SELECT pg_temp.step(e, 'opened') FROM a;
SELECT is(pg_temp.told(), 'E opened', 'what opens afterwards is a new alert, and told');
SELECT is((SELECT count(*)::int FROM tapewatch.alerts_open WHERE acknowledged_by IS NULL), 1, 'and seen, acknowledged by nobody');

-- Silences.
SET LOCAL ROLE tapewatch_analyst;
SELECT throws_ok($$ SELECT tapewatch.silence(NULL, NULL, now() + interval '1 h', 'x') $$, '22023', NULL, 'not everything at once');
SELECT throws_ok($$ SELECT tapewatch.silence('F', NULL, now() - interval '1 h', 'x') $$, '22023', NULL, 'nor in the past');
SELECT lives_ok($$ SELECT tapewatch.silence('F', NULL, now() + interval '1 h', 'maintenance') $$, 'an entity is silenced');
RESET ROLE;
CREATE TEMP TABLE f AS SELECT pg_temp.open('F') AS f;
SELECT pg_temp.step(f, 'opened') FROM f;
SELECT is(pg_temp.told(), '', 'its alert is not told');
SELECT is((SELECT outcome FROM tapewatch.outbox WHERE entity = 'F'), 'silenced', 'and the row says why');
SELECT is((SELECT count(*)::int FROM tapewatch.alerts_open WHERE entity = 'F' AND silenced_until > now()), 1, 'it is seen');
SELECT is(pg_temp.repeated(), 'E', 'it is not repeated, others are');
SELECT tapewatch.silence(NULL, 'r', now() + interval '1 h', 'the rule is being mended');
SELECT is(pg_temp.repeated(), 'E', 'what was told before a silence is repeated, so that it does not look ended');
SELECT pg_temp.step(e, 'resolved') FROM a;
SELECT pg_temp.step(f, 'resolved') FROM f;
SELECT is(pg_temp.told(), 'E resolved', 'an end is told to whom the opening was, silenced or not');
SET LOCAL ROLE tapewatch_analyst;
SELECT lives_ok('SELECT tapewatch.unsilence(silence_id, ''done'') FROM tapewatch.silences', 'silences end');
SELECT throws_ok('SELECT tapewatch.unsilence(silence_id, ''done'') FROM tapewatch.silences', 'P0002', NULL, 'once');

-- Watch lists, labels.
SELECT is(ARRAY[tapewatch.watch_add('mine', 'E', 'x'), tapewatch.watch_add('mine', 'E', 'x'), tapewatch.watch_remove('mine', 'E', 'x'),
    tapewatch.watch_add('mine', 'F', 'x')], '{t,f,t,t}', 'a watch list is changed');
SELECT throws_ok($$ SELECT tapewatch.watch_remove('mine', 'F', ' ') $$, '22023', 'no reason is given', 'whoever takes somebody off says why');
SELECT throws_ok($$ SELECT tapewatch.watch_remove('mine', 'F', NULL) $$, '22023', 'no reason is given', 'in words');
SELECT results_eq('SELECT list, entity, name, reason FROM tapewatch.watch_list(''mine'')',
    $$ VALUES ('mine', 'F', 'Ef', 'x') $$, 'and read');
RESET ROLE;
SELECT tapewatch.ensure_days('{2031-01-01}', '{}');
INSERT INTO tapewatch.topics (topic) VALUES ('labelled');
INSERT INTO tapewatch.documents SELECT (jsonb_populate_record(NULL::tapewatch.documents, (SELECT jsonb_object_agg(attname,
        CASE WHEN atttypid IN ('text'::regtype) THEN '"x"'::jsonb WHEN atttypid = 'bool'::regtype THEN 'false'
            WHEN atttypid = 'timestamptz'::regtype THEN '"2031-01-01T10:00:00Z"' WHEN atttypid = 'bytea'::regtype THEN '"\\x00"'
            WHEN atttypid = 'tapewatch.time_source'::regtype THEN to_jsonb((enum_range(NULL::tapewatch.time_source))[1])
            ELSE '0' END)
    FROM pg_attribute WHERE attrelid = 'tapewatch.documents'::regclass AND attnum > 0 AND NOT attisdropped)
    || jsonb_build_object('topic_id', (SELECT topic_id FROM tapewatch.topics WHERE topic = 'labelled'), 'partition', 3,
        'kafka_offset', 7))).*;
SET LOCAL ROLE tapewatch_analyst;
SELECT throws_ok($$ SELECT tapewatch.label('labelled', 3, 8, 'not_news', NULL, NULL, 'x') $$, 'P0002', NULL, 'a document that is not there');
SELECT throws_ok($$ SELECT tapewatch.label('labelled', 3, 7, 'wrong_sentiment', 'E', NULL, 'x') $$, '22023',
    'the right sentiment is not said', 'a wrong sentiment without the right one');
SELECT throws_ok($$ SELECT tapewatch.label('labelled', 3, 7, 'wrong', NULL, NULL, 'x') $$, '23514', NULL, 'a label that is none');
SELECT lives_ok($$ SELECT tapewatch.label('labelled', 3, 7, 'wrong_sentiment', 'E', 'positive', 'they won it') $$, 'a label');
SELECT * FROM finish();
ROLLBACK;
