-- The fence: whoever does not hold the partition, or does not know where it stands, changes nothing.
BEGIN;
SELECT plan(30);

CREATE TEMP TABLE mine AS SELECT '11111111-1111-1111-1111-111111111111'::uuid AS token,
    '22222222-2222-2222-2222-222222222222'::uuid AS other;
CREATE TEMP TABLE taken AS SELECT t.* FROM mine, tapewatch.take_partition('fenced', 3, token, 'me') AS t;
SELECT results_eq('SELECT epoch, next_offset, watermark FROM taken', $$ VALUES (1::bigint, -1::bigint, NULL::timestamptz) $$,
    'a partition never taken starts at epoch 1, before everything');
SELECT lives_ok($$ SELECT tapewatch.fence(topic_id, 3, 1, token, -1) FROM taken, mine $$, 'its owner passes');
SELECT throws_ok($$ SELECT tapewatch.fence(topic_id, 3, 1, other, -1) FROM taken, mine $$, 'TWF01', NULL, 'another token does not');
SELECT throws_ok($$ SELECT tapewatch.fence(topic_id, 3, 2, token, -1) FROM taken, mine $$, 'TWF01', NULL, 'another epoch does not');
SELECT throws_ok($$ SELECT tapewatch.fence(topic_id, 3, 1, token, 5) FROM taken, mine $$, 'TWF01', NULL, 'another offset does not');
SELECT throws_ok($$ SELECT tapewatch.fence(topic_id, 4, 1, token, -1) FROM taken, mine $$, 'TWF01', NULL, 'another partition does not');
SELECT lives_ok($$ SELECT tapewatch.move_position(topic_id, 3, 1, token, -1, 10, '2031-01-01', '2031-01-02', NULL) FROM taken, mine $$,
    'its owner moves it');
SELECT throws_ok($$ SELECT tapewatch.move_position(topic_id, 3, 1, token, -1, 10, '2031-01-01', '2031-01-02', NULL) FROM taken, mine $$,
    'TWF01', NULL, 'but not twice from the same place');
SELECT lives_ok($$ SELECT tapewatch.move_position(topic_id, 3, 1, token, 10, 20, '2030-01-01', '2031-01-02', NULL) FROM taken, mine $$,
    'offsets move on with older documents');
SELECT is((SELECT p.watermark FROM tapewatch.positions p JOIN taken USING (topic_id) WHERE p.partition = 3), '2031-01-01'::timestamptz,
    'which do not move the watermark back');
UPDATE tapewatch.shards SET evaluated_to = '2031-03-01' WHERE shard = 5;
SELECT throws_ok($$ SELECT tapewatch.move_position(topic_id, 3, 1, token, 20, 30, NULL, '2031-02-01', NULL) FROM taken, mine $$,
    'TWE01', NULL, 'a document older than what has been evaluated is not taken for one in time');
SELECT lives_ok($$ SELECT tapewatch.move_position(topic_id, 3, 1, token, 20, 30, NULL, '2031-02-01', '2031-03-01') FROM taken, mine $$,
    'it is stored by whoever knows that it is late');
SELECT is((SELECT tapewatch.reset_position('fenced', 3, 7)), 7::bigint, 'a reset moves the offset');
SELECT throws_ok($$ SELECT tapewatch.fence(topic_id, 3, 1, token, 7) FROM taken, mine $$, 'TWF01', NULL, 'and fences its owner off');

-- The same for shards: the evaluator's transaction.
UPDATE tapewatch.shards SET evaluated_to = '2031-03-01', epoch = 4, owner_token = token FROM mine WHERE shard IN (5, 6);
UPDATE tapewatch.positions p SET next_offset = 50 FROM taken WHERE p.topic_id = taken.topic_id;
SELECT lives_ok($$ SELECT tapewatch.shards_fence('{5,6}', '{4,4}', token, '2031-03-01') FROM mine $$, 'their owner passes');
SELECT throws_ok($$ SELECT tapewatch.shards_fence('{5,6}', '{4,5}', token, '2031-03-01') FROM mine $$, 'TWF01', NULL, 'one wrong epoch is enough');
SELECT throws_ok($$ SELECT tapewatch.shards_fence('{5,6}', '{4,4}', other, '2031-03-01') FROM mine $$, 'TWF01', NULL, 'another token does not');
SELECT throws_ok($$ SELECT tapewatch.shards_fence('{5,6}', '{4,4}', token, '2031-02-28') FROM mine $$, 'TWF01', NULL, 'another time does not');
SELECT lives_ok($$ SELECT tapewatch.idle_check(ARRAY[topic_id], '{3}', '{50}') FROM taken $$, 'an idle partition may be passed over');
SELECT throws_ok($$ SELECT tapewatch.idle_check(ARRAY[topic_id], '{3}', '{49}') FROM taken $$, 'TWE01', NULL, 'not when it has moved since');
SELECT throws_ok($$ SELECT tapewatch.shards_move('{5,6}', '{4,4}', token, '2031-03-01', '2031-03-02', 77) FROM mine $$, 'TWE01', NULL,
    'nobody evaluates past a rule set that he has not read');
SELECT lives_ok($$ SELECT tapewatch.shards_move('{5,6}', '{4,4}', token, '2031-03-01', '2031-03-02',
    (SELECT coalesce(max(rule_set_id), 0) FROM tapewatch.rule_sets)) FROM mine $$, 'their owner moves them');
SELECT throws_ok($$ SELECT tapewatch.shards_move('{5,6}', '{4,4}', token, '2031-03-01', '2031-03-02',
    (SELECT coalesce(max(rule_set_id), 0) FROM tapewatch.rule_sets)) FROM mine $$, 'TWF01', NULL, 'but not twice from the same time');
SELECT is(tapewatch.store_rule_set(repeat('a', 64), 'me', 'rules: []'), tapewatch.store_rule_set(repeat('a', 64), 'me', 'rules: []'),
    'the same rules again are no new set');

-- Leases of shards. This session is the one of member 1; nobody is behind member 2.
INSERT INTO tapewatch.members (member, name, version, backend_pid, backend_start)
    SELECT '00000000-0000-0000-0000-000000000001'::uuid, 'one', '0', pid, backend_start FROM pg_stat_get_activity(pg_backend_pid())
    UNION ALL SELECT '00000000-0000-0000-0000-000000000002'::uuid, 'two', '0', pg_backend_pid(), '2020-01-01';
SELECT results_eq('SELECT tapewatch.members_alive(10000)', $$ VALUES ('00000000-0000-0000-0000-000000000001'::uuid) $$,
    'alive is whose session stands');
SELECT is((SELECT count(*)::int FROM mine, tapewatch.take_shards('{7,8}', '00000000-0000-0000-0000-000000000002', token, 'two', 10000)), 2,
    'free shards are taken');
SELECT is((SELECT count(*)::int FROM mine, tapewatch.take_shards('{7}', '00000000-0000-0000-0000-000000000001', token, 'one', 10000)), 1,
    'and from whom is not alive');
SELECT is((SELECT count(*)::int FROM mine, tapewatch.take_shards('{7}', '00000000-0000-0000-0000-000000000002', token, 'two', 10000)), 0,
    'but not from whom is');
SELECT lives_ok($$ SELECT tapewatch.give_shards('{7,8}', '00000000-0000-0000-0000-000000000001') $$, 'it gives back what is its own');
SELECT results_eq('SELECT shard, holder IS NULL FROM tapewatch.shards WHERE shard IN (7, 8) ORDER BY shard',
    $$ VALUES (7::smallint, true), (8::smallint, false) $$, 'and nothing else');

SELECT * FROM finish();
ROLLBACK;
