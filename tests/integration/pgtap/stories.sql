-- Filing under its fence, days of stories, and event time brought back: what was filed since is filed again.
BEGIN;
SELECT plan(23);

SELECT tapewatch.ensure_days('{2031-01-01,2031-01-02}', '{}');
INSERT INTO tapewatch.topics (topic) VALUES ('pgtap-stories');
CREATE TEMP TABLE mine AS SELECT '22222222-2222-2222-2222-222222222222'::uuid AS token, topic_id
    FROM tapewatch.topics WHERE topic = 'pgtap-stories';
GRANT SELECT ON mine TO tapewatch_writer;
UPDATE tapewatch.shards SET epoch = 7, owner_token = (SELECT token FROM mine), evaluated_to = '2031-01-02 00:00Z';

SELECT results_eq('SELECT filed_to, filed FROM tapewatch.filing', 'VALUES (NULL::timestamptz, 0::bigint)', 'nothing was ever filed');
SET LOCAL ROLE tapewatch_writer;
SELECT lives_ok('SELECT tapewatch.filing_fence(7, token, NULL, 0) FROM mine', 'whoever has shard 0 may file');
SELECT throws_ok('SELECT tapewatch.filing_fence(6, token, NULL, 0) FROM mine', 'TWF01', NULL, 'not under another epoch');
SELECT throws_ok('SELECT tapewatch.filing_fence(7, gen_random_uuid(), NULL, 0) FROM mine', 'TWF01', NULL, 'nor another token');
SELECT throws_ok('SELECT tapewatch.filing_fence(7, token, now(), 0) FROM mine', 'TWF01', NULL, 'nor from another time');
SELECT lives_ok($$SELECT tapewatch.filing_move(7, token, NULL, 0, '2031-01-02 00:00Z', 3) FROM mine$$, 'filed to a time and number');
SELECT throws_ok($$SELECT tapewatch.filing_move(7, token, NULL, 0, '2031-01-02 00:00Z', 3) FROM mine$$, 'TWF01', NULL, 'but once');
RESET ROLE;

INSERT INTO tapewatch.stories SELECT n, '2031-01-01 10:00Z'::timestamptz + n * interval '1 hour', n, 1, '2031-01-01 11:00Z', 0,
    n - 1, n - 1, n - 1, n - 1, topic_id, CASE n WHEN 1 THEN 10000 ELSE 0 END, '{}', '\x01' FROM mine, generate_series(1, 3) AS n;
INSERT INTO tapewatch.copy_bars VALUES ('2031-01-01 12:00Z', 1, -5000, 25000000, -5000, 0, 'STQ'),
    ('2031-01-01 13:00Z', 1, -5000, 25000000, -5000, 0, 'STQ');
SET LOCAL ROLE tapewatch_reader;
SELECT results_eq($$SELECT number, first, novelty FROM tapewatch.story_documents WHERE topic = 'pgtap-stories' ORDER BY number$$,
    'VALUES (1::bigint, true, 1.0000), (2, false, 0), (3, false, 0)', 'the first of a story is new, copies are not');
SELECT throws_ok('DELETE FROM tapewatch.unfiled', '42501', NULL, 'the reader takes nothing away');
RESET ROLE;

SELECT lives_ok($$SELECT tapewatch.bring_back('2031-01-01 12:30Z')$$, 'event time is brought back');
SELECT results_eq('SELECT filed_to, filed FROM tapewatch.filing', $$VALUES ('2031-01-01 12:30Z'::timestamptz, 3::bigint)$$,
    'filed to there; numbers are not given twice');
SELECT results_eq('SELECT kafka_offset, documents, sketches FROM tapewatch.unfiled',
    $$VALUES (3::bigint, 1, '\x0000000000000003'::bytea || timestamptz_send('2031-01-01 13:00Z') || '\x0000000101')$$,
    'what came after is to be filed again');
SELECT results_eq('SELECT bar_start FROM tapewatch.copy_bars', $$VALUES ('2031-01-01 12:00Z'::timestamptz)$$, 'its copies count no more');

SELECT is(tapewatch.drop_day('stories', '2031-01-01'), true, 'a day of stories is dropped');
SELECT is_empty('SELECT * FROM tapewatch.unfiled', 'and what waited to be filed in it');
SELECT tapewatch.drop_day('bars', '2031-01-02');
SELECT is((SELECT string_agg(parent, ' ' ORDER BY parent) FROM tapewatch.days WHERE day = '2031-01-02'),
    'documents events scores stories', 'with a day of bars goes what copies brought into them');

-- Filed: 12 has its story already, 13 waits twice; 11 and 13 are filed, once, and of their rows 14 alone waits on.
INSERT INTO tapewatch.stories SELECT 12, '2031-01-02 12:00Z', 7, 7, '2031-01-02 12:00Z', 0, 0, 0, 0, 0, topic_id, 10000, '{}', '\x07'
    FROM mine;
CREATE TEMP TABLE given AS SELECT ARRAY['2031-01-02 11:00Z', '2031-01-02 12:00Z', '2031-01-02 13:00Z', '2031-01-02 13:00Z']::timestamptz[] AS times,
    '{11,12,13,13}'::bigint[] AS offsets;
GRANT SELECT ON given TO tapewatch_writer, tapewatch_reader;
INSERT INTO tapewatch.unfiled (kafka_offset, event_time, partition, documents, topic_id, sketches)
    SELECT o, t, 0, CASE WHEN o = 13 THEN 2 ELSE 1 END, topic_id, '\x00' FROM mine, given, unnest(offsets, times) AS u (o, t);
CREATE FUNCTION pg_temp.file(last_time timestamptz) RETURNS void LANGUAGE sql AS $$
    SELECT tapewatch.file_stories('2031-01-02 11:00Z', last_time, r.whole, r.cut, '{1}', '{14}', '{2031-01-02 13:00:05Z}',
        array_agg(topic_id), array_agg(0), array_agg(o), array_agg(t), array_agg(7 + n), array_agg(7 + n), array_agg(t),
        array_agg(10000), array_agg(0), array_agg(0), array_agg(0), array_agg(0), array_agg('\x08'::bytea), '{1,1}', '{STQ,ARB}')
    FROM mine, given, unnest(offsets, times) WITH ORDINALITY AS u (o, t, n), (SELECT
        ARRAY(SELECT unfiled_id FROM tapewatch.unfiled ORDER BY unfiled_id LIMIT 3) AS whole,
        ARRAY(SELECT unfiled_id FROM tapewatch.unfiled ORDER BY unfiled_id OFFSET 3) AS cut) AS r
    GROUP BY r.whole, r.cut
$$;
SET LOCAL ROLE tapewatch_reader;
SELECT throws_ok($$SELECT pg_temp.file('2031-01-02 13:00Z')$$, '42501', NULL, 'the reader files nothing');
SET LOCAL ROLE tapewatch_writer;
SELECT throws_ok($$SELECT pg_temp.file('2031-01-02 12:30Z')$$, 'TWE01', NULL, 'nothing is filed of rows that are not there any more');
SELECT lives_ok($$SELECT pg_temp.file('2031-01-02 13:00Z')$$, 'documents are filed, whatever is filed already');
RESET ROLE;
SELECT results_eq($$SELECT kafka_offset, number, told, sketch FROM tapewatch.stories WHERE event_time >= '2031-01-02' ORDER BY kafka_offset, number$$,
    $$VALUES (11::bigint, 8::bigint, '{ARB,STQ}'::text[] COLLATE "C", '\x08'::bytea), (12, 7, '{}', '\x07'), (13, 10, '{}', '\x08')$$,
    'each has one story, the first that it had');
SELECT results_eq('SELECT kafka_offset, event_time, documents FROM tapewatch.unfiled',
    $$VALUES (14::bigint, '2031-01-02 13:00:05Z'::timestamptz, 1)$$, 'what is left of a row waits on, and nothing else');

-- A turn's further documents come in statements of their own, which name no rows.
SET LOCAL ROLE tapewatch_writer;
SELECT lives_ok($$SELECT tapewatch.file_stories(NULL, NULL, '{}', '{}', '{}', '{}', '{}', ARRAY[topic_id], '{0}', '{15}',
    '{2031-01-02 14:00Z}', '{12}', '{8}', '{2031-01-02 11:00Z}', '{500}', '{1}', '{1}', '{1}', '{1}', ARRAY['\x09'::bytea], '{1}', '{STQ}')
    FROM mine$$, 'documents are filed whose rows another statement named');
RESET ROLE;
SELECT results_eq($$SELECT number, story, told, (SELECT sum(documents) FROM tapewatch.unfiled) FROM tapewatch.stories WHERE kafka_offset = 15$$,
    $$VALUES (12::bigint, 8::bigint, '{STQ}'::text[] COLLATE "C", 1::bigint)$$, 'with their stories, and nothing else waits or is gone');

SELECT * FROM finish();
ROLLBACK;
