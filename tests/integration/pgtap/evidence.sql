-- Which step is explained next, with which documents; how often it is tried; and that each rank is stored once.
BEGIN;
SELECT plan(22);

SELECT tapewatch.ensure_days('{2031-03-01}', '{}');
INSERT INTO tapewatch.topics (topic) VALUES ('pgtap-evidence');
INSERT INTO tapewatch.models (sha256) VALUES (repeat('e', 64));
UPDATE tapewatch.shards SET owner = CASE WHEN shard = 1 THEN 'ours:1' ELSE 'others:2' END;
CREATE TEMP TABLE mine AS SELECT t.topic_id, m.model_id FROM tapewatch.topics t, tapewatch.models m
    WHERE t.topic = 'pgtap-evidence' AND m.sha256 = repeat('e', 64);

-- Six documents of one company, -0.9 to -0.4; the second is a copy of the first, the fourth the same text as the third.
INSERT INTO tapewatch.documents (topic_id, partition, kafka_offset, event_time, arrived_at, model_id, sentiment, negative, neutral,
    positive, tokens, repairs, time_source, truncated, late, title, body, available_at)
SELECT topic_id, 0, n, '2031-03-01 10:00Z'::timestamptz + n * interval '1 minute', now(), model_id, -1000 * (10 - n), 1, 0, 0, 5, 0,
    'payload', false, false, format('title %s', CASE n WHEN 4 THEN 3 ELSE n END), '', now() FROM mine, generate_series(1, 6) AS n;
INSERT INTO tapewatch.scores (topic_id, partition, kafka_offset, event_time, arrived_at, available_at, model_id, sentiment, negative,
    neutral, positive, mentions, from_document, entity)
SELECT topic_id, partition, kafka_offset, event_time, arrived_at, available_at, model_id, sentiment, 1, 0, 0, 1, false, 'EVQ'
FROM tapewatch.documents WHERE topic_id = (SELECT topic_id FROM mine);
INSERT INTO tapewatch.stories (topic_id, partition, kafka_offset, event_time, number, story, story_time, copies_12h, copies_24h,
    copies_3d, copies_7d, novelty, told, sketch)
SELECT topic_id, 0, n, '2031-03-01 10:00Z'::timestamptz + n * interval '1 minute', 9000 + n, 9000 + CASE n WHEN 2 THEN 1 ELSE n END,
    '2031-03-01 10:01Z', 0, 0, 0, 0, 0, CASE n WHEN 2 THEN '{EVQ}'::text[] ELSE '{}' END, '\x01' FROM mine, generate_series(1, 6) AS n;

CREATE TEMP TABLE steps (what text, id bigint);
GRANT SELECT ON steps, mine TO tapewatch_writer, tapewatch_reader;
WITH a AS (INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, reported_value, worst_value, documents, rule_set_id,
        shard, state, kind, severity, rule, entity, measure)
    VALUES ('2031-03-01 10:10Z', '2031-03-01 10:10Z', '2031-03-01 10:00Z', -34000, -34000, 5, 1, 1, 'open', 'threshold', 'warning',
        'pgtap', 'EVQ', 'negative_sum'),
        ('2031-03-01 10:10Z', '2031-03-01 10:10Z', '2031-03-01 10:00Z', -34000, -34000, 5, 1, 2, 'open', 'threshold', 'warning',
        'pgtap', 'OTHQ', 'negative_sum')
    RETURNING alert_id, entity),
s AS (INSERT INTO tapewatch.alert_steps (alert_id, step_time, value, documents, rule_set_id, step, reason, window_from, copies, stepped_at)
    SELECT a.alert_id, '2031-03-01 10:10Z', -34000, 5, 1, w.step, a.entity, '2031-03-01 10:00Z', 1, clock_timestamp() - w.age
    FROM a, (VALUES ('opened', interval '20 s'), ('updated', '10 s'), ('updated', '1 hour'), ('resolved', '1 s')) AS w (step, age)
    RETURNING alert_step_id, step, stepped_at, reason)
INSERT INTO steps SELECT CASE WHEN reason = 'OTHQ' THEN 'another''s' WHEN stepped_at < clock_timestamp() - interval '1 minute' THEN 'old'
    ELSE step END, alert_step_id FROM s;

SET LOCAL ROLE tapewatch_writer;
SELECT results_eq($$SELECT w.what, t.rank::int, t.kafka_offset, t.copies, t.title
    FROM tapewatch.take_evidence('ours:1', 600000, 3, 3) t JOIN steps w ON w.id = t.alert_step_id ORDER BY t.rank$$,
    $$VALUES ('updated', 1, 1::bigint, 1::bigint, 'title 1'), ('updated', 2, 3, 0, 'title 3'), ('updated', 3, 5, 0, 'title 5')$$,
    'the newest step: its heaviest stories, each once, with their copies');
SELECT lives_ok($$INSERT INTO tapewatch.alert_evidence (alert_step_id, kafka_offset, event_time, partition, topic_id, rank, sentiment,
    method, model_sha256, title) SELECT id, 1, now(), 0, topic_id, 1, -9000, 'none', 'e', 'title 1' FROM steps, mine WHERE what = 'updated'$$,
    'a row of it is stored');
SELECT throws_ok($$INSERT INTO tapewatch.alert_evidence (alert_step_id, kafka_offset, event_time, partition, topic_id, rank, sentiment,
    method, model_sha256, title) SELECT id, 1, now(), 0, topic_id, 1, -9000, 'none', 'e', 'title 1' FROM steps, mine WHERE what = 'updated'$$,
    '23505', NULL, 'each rank once');
SELECT tapewatch.end_evidence(id, NULL) FROM steps WHERE what = 'updated';
SELECT results_eq('SELECT outcome FROM tapewatch.alert_evidence_tries JOIN steps ON id = alert_step_id WHERE what = ''updated''',
    $$VALUES ('made')$$, 'and the step is marked');

SELECT results_eq($$SELECT w.what FROM tapewatch.take_evidence('ours:1', 600000, 3, 1) t JOIN steps w ON w.id = t.alert_step_id$$,
    $$VALUES ('opened')$$, 'then the one before; none of another''s shard, of a step resolved, or of long ago');
SELECT results_eq($$SELECT failed, late FROM tapewatch.give_up_evidence('ours:1', 600000, 3)$$, 'VALUES (0::bigint, 0::bigint)',
    'that it failed once is no end');
SELECT results_eq('SELECT outcome, tries FROM tapewatch.alert_evidence_tries JOIN steps ON id = alert_step_id WHERE what = ''opened''',
    'VALUES (NULL::text, 1::smallint)', 'nor is it marked');
SELECT isnt_empty($$SELECT tapewatch.take_evidence('ours:1', 600000, 3, 1)$$, 'it is tried again');
SELECT isnt_empty($$SELECT tapewatch.take_evidence('ours:1', 600000, 3, 1)$$, 'and again');
SELECT is_empty($$SELECT tapewatch.take_evidence('ours:1', 600000, 3, 1)$$, 'but not for ever, whatever became of it');
SELECT is_empty($$SELECT FROM tapewatch.give_up_evidence('theirs:1', 600000, 3) WHERE failed + late > 0$$, 'nobody else gives it up');
SELECT results_eq($$SELECT g.failed, g.late, w.what FROM tapewatch.give_up_evidence('ours:1', 600000, 3) g
    JOIN steps w ON w.id = g.alert_step_id$$, $$VALUES (1::bigint, 0::bigint, 'opened')$$, 'it is told what is given up');
SELECT is_empty($$SELECT FROM tapewatch.give_up_evidence('ours:1', 600000, 3) WHERE failed + late > 0$$, 'once');
SELECT results_eq('SELECT outcome FROM tapewatch.alert_evidence_tries JOIN steps ON id = alert_step_id WHERE what = ''opened''',
    $$VALUES ('failed')$$, 'given up');
SELECT results_eq($$SELECT g.failed, g.late, w.what FROM tapewatch.give_up_evidence('ours:1', 2400000, 3) g
    JOIN steps w ON w.id = g.alert_step_id$$, $$VALUES (0::bigint, 1::bigint, 'old')$$, 'so is what nobody came to in time');
SELECT results_eq('SELECT outcome, tries FROM tapewatch.alert_evidence_tries JOIN steps ON id = alert_step_id WHERE what = ''old''',
    $$VALUES ('late', 0::smallint)$$, 'of which no try was made');
SELECT tapewatch.end_evidence(id, NULL) FROM steps WHERE what = 'old';
SELECT results_eq('SELECT outcome FROM tapewatch.alert_evidence_tries JOIN steps ON id = alert_step_id WHERE what = ''old''',
    $$VALUES ('made')$$, 'whoever was at work meanwhile makes it all the same');

SELECT throws_ok('UPDATE tapewatch.alert_steps SET value = 0', '42501', NULL, 'what a step says is not changed');
SELECT throws_ok('DELETE FROM tapewatch.alert_evidence', '42501', NULL, 'nor is evidence taken away');
RESET ROLE;

SET LOCAL ROLE tapewatch_reader;
SELECT throws_ok($$SELECT tapewatch.take_evidence('ours:1', 600000, 3, 1)$$, '42501', NULL, 'the reader takes none');
SELECT isnt_empty('SELECT * FROM tapewatch.alert_evidence', 'but sees it');
SELECT is((SELECT count(*)::int FROM steps s, tapewatch.heaviest_documents(s.id, 10) WHERE s.what = 'old'), 4,
    'and may ask for the heaviest documents of any step');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
