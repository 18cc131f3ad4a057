-- Watch lists that rules are held to: when a change takes effect, and what is told of rules that are.
BEGIN;
SELECT plan(12);

DELETE FROM tapewatch.watched_times;
DELETE FROM tapewatch.watched;
INSERT INTO tapewatch.entities (symbol, name, shard, listed) VALUES ('WQA', 'Wa', 0, true), ('WQB', 'We', 0, true);
CREATE TEMP VIEW times AS SELECT list, entity, from_time, to_time FROM tapewatch.watch_history;
GRANT SELECT ON times TO tapewatch_writer;

SELECT throws_ok($$SELECT tapewatch.watch_add(E'mi\nne', 'WQA', 'x')$$, '22023', NULL, 'a name that no rule could write is refused');
SELECT throws_ok($$SELECT tapewatch.watch_add(repeat('m', 101), 'WQA', 'x')$$, '22023', NULL, 'so is one that is too long');
SELECT tapewatch.watch_add('mine', 'WQA', 'x');
SELECT results_eq('SELECT * FROM times', $$VALUES ('mine', 'WQA' COLLATE "C", NULL::timestamptz, NULL::timestamptz)$$,
    'a change has no event time before a daemon takes it up');
SET LOCAL ROLE tapewatch_writer;
SELECT throws_ok('SELECT tapewatch.date_watched(0)', 'TWE01', 'watch lists have changed meanwhile',
    'who knows of fewer changes than there are dates none');
RESET ROLE;
UPDATE tapewatch.shards SET evaluated_to = '2031-01-01 12:00Z';
SET LOCAL ROLE tapewatch_writer;
SELECT lives_ok('SELECT tapewatch.date_watched(1)', 'who knows of all of them dates them');
RESET ROLE;
SELECT results_eq('SELECT * FROM times', $$VALUES ('mine', 'WQA' COLLATE "C", '2031-01-01 12:00Z'::timestamptz, NULL::timestamptz)$$,
    'at the edge up to which rules were evaluated');
UPDATE tapewatch.shards SET evaluated_to = '2031-01-01 13:00Z';
SELECT tapewatch.watch_remove('mine', 'WQA', 'x'), tapewatch.watch_add('mine', 'WQB', 'x'), tapewatch.watch_remove('mine', 'WQB', 'x'),
    tapewatch.watch_add('mine', 'WQA', 'x');
SELECT is(tapewatch.watched_version(), 5::bigint, 'each coming and going is a change');
SET LOCAL ROLE tapewatch_writer;
SELECT tapewatch.date_watched(5), tapewatch.date_watched(5);
RESET ROLE;
SELECT results_eq('SELECT * FROM times', $$VALUES ('mine', 'WQA' COLLATE "C", '2031-01-01 12:00Z'::timestamptz, '2031-01-01 13:00Z'::timestamptz),
    ('mine', 'WQA', '2031-01-01 13:00Z', NULL), ('mine', 'WQB', '2031-01-01 13:00Z', '2031-01-01 13:00Z')$$,
    'what was dated stays; who came and went between two evaluations was never there');
INSERT INTO tapewatch.rule_sets (holds_from, sha256, stored_by, rules) VALUES ('2031-01-01 14:00Z', repeat('a', 64), 'x', 'rules: []');
SELECT tapewatch.watch_remove('mine', 'WQA', 'x');
SELECT tapewatch.date_watched(6);
SELECT is((SELECT max(to_time) FROM times), '2031-01-01 14:00Z', 'and no change lies before the rules that hold');

-- What is told.
SELECT tapewatch.watch_add('mine', 'WQB', 'x');
CREATE TEMP TABLE mine AS SELECT '11111111-1111-1111-1111-111111111111'::uuid AS token;
SELECT held FROM mine, tapewatch.tell_lease('kafka', token, 'me:1', 30000, 86400000);
INSERT INTO tapewatch.alert_events (kafka_offset, event_time, available_at, partition, topic_id, shard, sentiment, rule, entity,
    keyword, kind, severity, value, watch)
SELECT n, '2031-01-01 14:00Z', now(), 0, 1, 0, -9500, 'r', entity, '', 'headline', 'warning', -9500, watch
FROM (VALUES (1, 'WQA', 'mine'), (2, 'WQB', 'mine'), (3, 'WQB', 'yours'), (4, 'WQA', '')) AS v (n, entity, watch);
SELECT results_eq($$SELECT message::json ->> 'entity' FROM tapewatch.outbox WHERE rule = 'r' ORDER BY outbox_id$$,
    $$VALUES ('WQB'), ('WQA')$$, 'what is watched is told at once, and what is held to no list; nothing else');
SELECT is((SELECT count(*) FROM tapewatch.alerts_open WHERE rule = 'r'), 2::bigint, 'and is announced');

-- A list is as long as a rule can take it.
INSERT INTO tapewatch.watched (list, entity, reason) SELECT 'long', 'E' || n, 'x' FROM generate_series(1, 10000) AS n;
SELECT throws_ok($$SELECT tapewatch.watch_add('long', 'WQA', 'x')$$, '54000', 'on this list stand 10000 entities', 'one more is refused');

SELECT * FROM finish();
ROLLBACK;
