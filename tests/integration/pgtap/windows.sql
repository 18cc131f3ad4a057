-- What evaluators are told of bars that changed behind them, and which rule sets are kept.
BEGIN;
SELECT plan(14);

SELECT lives_ok($$ SELECT tapewatch.ensure_days('{2031-01-01,2031-01-02}', '{}') $$, 'days are made');
CREATE TEMP TABLE mine AS SELECT '11111111-1111-1111-1111-111111111111'::uuid AS token;
CREATE TEMP TABLE taken AS SELECT t.* FROM mine, tapewatch.take_partition('late', 0, token, 'me') AS t;
-- As the store does: what late documents change first, told by the bars of the batch, then the move.
CREATE FUNCTION pg_temp.moved(from_offset bigint, to_offset bigint, mark timestamptz, earliest timestamptz, bars timestamptz[])
RETURNS void LANGUAGE sql AS $$
    SELECT tapewatch.note_late(topic_id, 0, earliest, bars, array_fill(5::smallint, ARRAY[cardinality(bars)]),
        array_fill('E'::text, ARRAY[cardinality(bars)])) FROM taken;
    SELECT tapewatch.move_position(topic_id, 0::smallint, 1, token, from_offset, to_offset, mark, earliest,
        (SELECT max(evaluated_to) FROM tapewatch.shards)) FROM taken, mine
$$;
UPDATE tapewatch.shards SET evaluated_to = '2031-01-01 12:00:00+00';
SELECT lives_ok($$ SELECT pg_temp.moved(-1, 2, '2031-01-01 12:59:00+00', '2031-01-01 13:00:01+00', '{2031-01-01 13:00Z}') $$, 'documents in time');
SELECT is_empty('SELECT * FROM tapewatch.late_bars', 'change nothing that was read');
SELECT lives_ok($$ SELECT pg_temp.moved(2, 5, '2031-01-01 12:59:00+00', '2031-01-01 11:00:05+00',
    '{2031-01-01 11:00Z,2031-01-01 13:00Z}') $$, 'documents below what is evaluated');
SELECT results_eq('SELECT shard, entity, bar_start FROM tapewatch.late_bars',
    $$ VALUES (5::smallint, 'E' COLLATE "C", '2031-01-01 11:00:00+00'::timestamptz) $$, 'change their bar, and no other');
DELETE FROM tapewatch.late_bars;
SELECT lives_ok($$ SELECT pg_temp.moved(5, 6, '2031-01-01 12:59:00+00', '2031-01-01 12:30:00+00', '{2031-01-01 12:30Z}') $$,
    'documents above that, below the partition''s own watermark');
SELECT is((SELECT count(*)::int FROM tapewatch.late_bars WHERE bar_start = '2031-01-01 12:30:00+00'), 1,
    'change what a turn under way may have read');
DELETE FROM tapewatch.late_bars;
SELECT lives_ok($$ SELECT pg_temp.moved(6, 7, '2031-01-01 12:59:00+00', '2030-12-20 12:00:00+00', '{2030-12-20 12:00Z}') $$,
    'documents that no rule looks back on any more');
SELECT is_empty('SELECT * FROM tapewatch.late_bars', 'change nothing that is kept');

-- Rule sets 1 to 5. 1 has an alert, 2 a step of one; 3 was replaced long ago, 4 lately; 5 counts.
DELETE FROM tapewatch.rule_sets;
CREATE TEMP TABLE made AS WITH i AS (
    INSERT INTO tapewatch.rule_sets (holds_from, stored_at, sha256, stored_by, rules) VALUES
        ('-infinity', now() - interval '90 days', repeat('1', 64), 'me', '1'),
        ('2031-01-01 01:00:00+00', now() - interval '80 days', repeat('2', 64), 'me', '2'),
        ('2031-01-01 02:00:00+00', now() - interval '70 days', repeat('3', 64), 'me', '3'),
        ('2031-01-01 03:00:00+00', now() - interval '60 days', repeat('4', 64), 'me', '4'),
        ('2031-01-01 04:00:00+00', now() - interval '10 days', repeat('5', 64), 'me', '5')
    RETURNING rule_set_id, rules) SELECT * FROM i;
INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, reported_value, worst_value, documents, rule_set_id, shard,
    state, kind, severity, rule, entity)
    SELECT '2031-01-01', '2031-01-01', '2031-01-01', 0, 0, 0, rule_set_id, 5, 'open', 'threshold', 'info', rules, 'E' FROM made WHERE rules = '1';
INSERT INTO tapewatch.alert_steps (alert_id, step_time, value, documents, rule_set_id, step, reason)
    SELECT (SELECT max(alert_id) FROM tapewatch.alerts), '2031-01-01', 0, 0, rule_set_id, 'updated', '' FROM made WHERE rules = '2';
SELECT is(tapewatch.first_rule_set(), (SELECT rule_set_id FROM made WHERE rules = '5'), 'the last set that every shard has passed decides');
UPDATE tapewatch.shards SET evaluated_to = '2031-01-01 02:30:00+00' WHERE shard = 7;
SELECT is(tapewatch.first_rule_set(), (SELECT rule_set_id FROM made WHERE rules = '3'), 'one shard that lags needs the older ones');
SELECT lives_ok($$ SELECT tapewatch.store_rule_set(repeat('6', 64), 'me', '6') $$, 'another is stored');
SELECT results_eq('SELECT rules FROM tapewatch.rule_sets ORDER BY rule_set_id', $$ VALUES ('1'), ('2'), ('3'), ('4'), ('5'), ('6') $$,
    'none is deleted that counts for it, or that is referred to');
UPDATE tapewatch.shards SET evaluated_to = '2031-01-01 12:00:00+00';
SELECT tapewatch.prune_rule_sets();
SELECT results_eq('SELECT rules FROM tapewatch.rule_sets ORDER BY rule_set_id', $$ VALUES ('1'), ('2'), ('4'), ('5'), ('6') $$,
    'then what decides nothing, is long replaced and referred to by nobody is');

SELECT * FROM finish();
ROLLBACK;
