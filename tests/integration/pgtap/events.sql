-- Events as analysts ask for them: a company's day with the words that say so, and types counted; days come and go with them.
BEGIN;
SELECT plan(12);

SELECT tapewatch.ensure_days('{2031-01-01,2031-01-02}', '{}');
SELECT is((SELECT string_agg(parent, ' ' ORDER BY parent) FROM tapewatch.days WHERE day = '2031-01-01'),
    'bars copy_bars documents events scores stories', 'a day has a table of events');
INSERT INTO tapewatch.topics (topic) VALUES ('pgtap-events');
INSERT INTO tapewatch.entities (symbol, name, shard, listed) VALUES ('EVQ', 'Eventquin', 1, true) ON CONFLICT DO NOTHING;
CREATE FUNCTION pg_temp.document(the_offset bigint, the_time timestamptz, the_title text, the_body text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.documents (kafka_offset, event_time, arrived_at, available_at, partition, negative, neutral, positive,
        tokens, repairs, time_source, topic_id, model_id, sentiment, truncated, late, title, body)
    SELECT the_offset, the_time, now(), now(), 0, 0, 1, 0, 5, 0, 'payload', t.topic_id, 1, 0, false, false, the_title, the_body
    FROM tapewatch.topics t WHERE t.topic = 'pgtap-events'
$$;
CREATE FUNCTION pg_temp.event(the_offset bigint, the_time timestamptz, the_number smallint, the_type text, the_entity text,
    the_begin integer, the_end integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.events (kafka_offset, event_time, available_at, partition, begin_byte, end_byte, events_version,
        topic_id, number, polarity, in_title, type, severity, entity)
    SELECT the_offset, the_time, now(), 0, the_begin, the_end, 1, t.topic_id, the_number, -10000, true, the_type, 'critical', the_entity
    FROM tapewatch.topics t WHERE t.topic = 'pgtap-events'
$$;
-- Two bytes a letter in the name before it; the second stands in a body without a title; the third's document is gone.
SELECT pg_temp.document(1, '2031-01-01 12:00Z', 'Événtquîn files for Chapter 11', 'Shares halted.');
SELECT pg_temp.document(2, '2031-01-01 13:00Z', '', 'Eventquin was halted');
SELECT pg_temp.event(1, '2031-01-01 12:00Z', 0::smallint, 'bankruptcy', 'EVQ', 13, 33);
SELECT pg_temp.event(1, '2031-01-01 12:00Z', 1::smallint, 'halt', NULL, 34, 47);
SELECT pg_temp.event(2, '2031-01-01 13:00Z', 0::smallint, 'halt', 'EVQ', 14, 20);
SELECT pg_temp.event(3, '2031-01-02 00:00Z', 0::smallint, 'halt', 'EVQ', 0, 4);

SELECT throws_ok($$SELECT pg_temp.event(1, '2031-01-01 12:00Z', 0::smallint, 'bankruptcy', 'EVQ', 13, 33)$$, '23505', NULL,
    'an event of a document stands once');
SET LOCAL ROLE tapewatch_reader;
SELECT results_eq($$SELECT type, words FROM tapewatch.company_events('EVQ', '2031-01-01')$$,
    $$VALUES ('bankruptcy', 'files for Chapter 11'), ('halt', 'halted')$$, 'a company''s day, with the words that say so');
SELECT results_eq($$SELECT type, words FROM tapewatch.company_events('EVQ', '2031-01-02')$$,
    $$VALUES ('halt', NULL)$$, 'of a document that was dropped the words are gone, the event stays');
SELECT results_eq($$SELECT type COLLATE "C", severity, events, entities, last_time FROM tapewatch.events_by_type('2031-01-01', '2031-01-02')$$,
    $$VALUES ('halt' COLLATE "C", 'critical', 2::bigint, 1::bigint, '2031-01-01 13:00Z'::timestamptz),
             ('bankruptcy', 'critical', 1, 1, '2031-01-01 12:00Z')$$, 'types, the most frequent first; the end is not included');
SELECT results_eq($$SELECT words, name FROM tapewatch.event_documents WHERE topic = 'pgtap-events' AND type = 'halt'
        AND event_time = '2031-01-01 12:00Z'$$, $$VALUES ('Shares halted', NULL::text)$$, 'an event of nobody has no name');
SELECT throws_ok($$INSERT INTO tapewatch.events SELECT * FROM tapewatch.events$$, '42501', NULL, 'the reader writes none');
RESET ROLE;
SELECT isnt_empty($$SELECT 1 FROM tapewatch.event_documents LIMIT 1$$, 'the view can be read');

SET LOCAL ROLE tapewatch_writer;
SELECT throws_ok($$DELETE FROM tapewatch.events$$, '42501', NULL, 'the writer deletes none');
RESET ROLE;
SELECT is(tapewatch.drop_day('events', '2031-01-02'), true, 'a day of events can be dropped');
SELECT is(tapewatch.drop_day('events', '2031-01-02'), false, 'dropped again it is not there');
SELECT is(tapewatch.ensure_days('{2031-01-01,2031-01-02}', '{}'), 1, 'a day that lacks its events only is made whole');

SELECT * FROM finish();
ROLLBACK;
