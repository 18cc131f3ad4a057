-- alerts_open from the commit of a document on: one row for each rule and entity, whatever waits and whatever is open.
BEGIN;
SELECT plan(14);

INSERT INTO tapewatch.entities (symbol, name, shard, listed) VALUES ('ANQ', 'Announquin', 3, true) ON CONFLICT DO NOTHING;
UPDATE tapewatch.shards SET evaluated_to = '2031-01-01 12:00:00Z' WHERE shard = 3;
-- spoken OFFSET TIME RULE KIND VALUE: a row of alert_events that nobody has taken.
CREATE FUNCTION pg_temp.spoken(the_offset bigint, the_time timestamptz, the_rule text, the_kind text, the_value integer)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.alert_events (kafka_offset, event_time, available_at, partition, topic_id, shard, sentiment, rule, entity,
        keyword, kind, severity, value, event_type)
    VALUES (the_offset, the_time, now(), 0, 1, 3, 0, the_rule, 'ANQ', '', the_kind, 'critical', the_value,
        CASE the_kind WHEN 'event' THEN 'bankruptcy' END)
$$;
CREATE FUNCTION pg_temp.alert(the_rule text, the_state text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.alerts (opened_time, stepped_time, resolved_time, first_time, reported_value, worst_value, documents,
        rule_set_id, shard, state, kind, severity, rule, entity)
    VALUES ('2031-01-01 11:00Z', '2031-01-01 11:00Z', CASE the_state WHEN 'resolved' THEN '2031-01-01 11:30Z'::timestamptz END,
        '2031-01-01 11:00Z', -5000, -7000, 4, 1, 3, the_state, 'event', 'warning', the_rule, 'ANQ')
$$;
CREATE TEMP VIEW shown AS SELECT alert_id IS NOT NULL AS numbered, state, severity, rule, kind, name, opened_time, stepped_time,
    quiet_since, value, worst, documents FROM tapewatch.alerts_open WHERE entity = 'ANQ';

SELECT is_empty('SELECT * FROM shown', 'nothing yet');
SELECT pg_temp.spoken(1, '2031-01-01 12:00:09.999999Z', 'a', 'event', -6000);
SELECT results_eq('SELECT * FROM shown', $$VALUES (false, 'announced', 'critical', 'a', 'event', 'Announquin' COLLATE "C",
    '2031-01-01 12:00:10Z'::timestamptz, '2031-01-01 12:00:10Z'::timestamptz, '2031-01-01 12:00:10Z'::timestamptz,
    -0.6::numeric(18, 4), -0.6::numeric(18, 4), 1::bigint)$$, 'announced, with the edge at which it will open');
SELECT pg_temp.spoken(2, '2031-01-01 12:00:10Z', 'a', 'event', -10000), pg_temp.spoken(3, '2031-01-01 12:00:31Z', 'a', 'event', -7000),
    pg_temp.spoken(4, '2031-01-01 12:00:32Z', 'a', 'event', -8000);
SELECT results_eq('SELECT opened_time, stepped_time, value, worst, documents FROM shown', $$VALUES ('2031-01-01 12:00:10Z'::timestamptz,
    '2031-01-01 12:00:40Z'::timestamptz, -0.8::numeric(18, 4), -1::numeric(18, 4), 4::bigint)$$,
    'more of one rule and entity stand in one row: from the first edge to the last, whose worst is the value');
-- Of a rule that asks for two stories, one is not enough.
SELECT pg_temp.spoken(7, '2031-01-01 12:00:12Z', 'chorus', 'event', -10000);
UPDATE tapewatch.alert_events SET stories = 2 WHERE rule = 'chorus';
SELECT is_empty($$SELECT * FROM shown WHERE rule = 'chorus'$$, 'one story of several that are asked for is not announced');
-- Of a rule that is held to watch lists, whoever stands on one of them just now.
SELECT pg_temp.spoken(8, '2031-01-01 12:00:13Z', 'watched', 'event', -10000);
UPDATE tapewatch.alert_events SET watch = E'mine\nyours' WHERE rule = 'watched';
SELECT is_empty($$SELECT * FROM shown WHERE rule = 'watched'$$, 'what stands on none of its watch lists is not announced');
SELECT tapewatch.watch_add('others', 'ANQ', 'test');
SELECT is_empty($$SELECT * FROM shown WHERE rule = 'watched'$$, 'nor what stands on another list');
SELECT tapewatch.watch_add('yours', 'ANQ', 'test');
SELECT results_eq($$SELECT state FROM shown WHERE rule = 'watched'$$, $$VALUES ('announced')$$, 'what stands on one of them is');
SELECT tapewatch.watch_remove('yours', 'ANQ', 'test');
SELECT is_empty($$SELECT * FROM shown WHERE rule = 'watched'$$, 'until it is taken off');
-- Late: its bar was evaluated long ago.
SELECT pg_temp.spoken(5, '2031-01-01 09:00Z', 'late', 'headline', -9500);
SELECT results_eq($$SELECT kind, opened_time, value FROM shown WHERE rule = 'late'$$,
    $$VALUES ('headline', '2031-01-01 12:00:10Z'::timestamptz, -0.95::numeric(18, 4))$$,
    'a late one opens at the end of the next bar to be evaluated');

SELECT pg_temp.alert('a', 'open');
SELECT results_eq($$SELECT numbered, state, severity, documents FROM shown WHERE rule = 'a'$$,
    $$VALUES (true, 'open', 'warning', 4::bigint)$$, 'an alert that is open already stands for both');
UPDATE tapewatch.alerts SET state = 'resolved', resolved_time = '2031-01-01 12:00Z' WHERE entity = 'ANQ';
SELECT results_eq($$SELECT numbered, state FROM shown WHERE rule = 'a'$$, $$VALUES (false, 'announced')$$,
    'resolved before what waits is seen, it is announced again');
UPDATE tapewatch.alert_events SET evaluated_at = now() WHERE entity = 'ANQ';
SELECT is_empty('SELECT * FROM shown', 'what was taken and made no alert is gone');

-- Stored before there was a value: a headline, whose value is its sentiment.
INSERT INTO tapewatch.alert_events (kafka_offset, event_time, available_at, partition, topic_id, shard, sentiment, rule, entity, keyword)
VALUES (6, '2031-01-01 12:00Z', now(), 0, 1, 3, -9000, 'old', 'ANQ', 'fraud');
SELECT results_eq('SELECT severity, kind, value FROM shown', $$VALUES ('warning', 'headline', -0.9::numeric(18, 4))$$,
    'one that an older program stored is shown, too');
SELECT ok((SELECT count(*) = count(DISTINCT (rule, entity)) FROM tapewatch.alerts_open), 'no rule and entity stands twice');

SELECT * FROM finish();
ROLLBACK;
