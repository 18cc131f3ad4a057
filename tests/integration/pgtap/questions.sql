-- What analysts ask first: a company's day, who moved, what was known, why an alert opened, how rules have done.
BEGIN;
SELECT plan(25);

SELECT tapewatch.ensure_days('{2031-01-01,2031-01-02}');
INSERT INTO tapewatch.topics (topic) VALUES ('asked');
INSERT INTO tapewatch.models (sha256) VALUES (repeat('a', 64));
INSERT INTO tapewatch.entities (symbol, name, shard, listed, sector) VALUES ('E', 'Ee', 0, true, 'Steel'), ('F', 'Ef', 0, true, NULL), ('G', 'Gee', 0, true, NULL);
CREATE TEMP TABLE ids AS SELECT (SELECT topic_id FROM tapewatch.topics WHERE topic = 'asked') AS topic,
    (SELECT model_id FROM tapewatch.models WHERE sha256 = repeat('a', 64)) AS model;
-- A document of an entity: its offset, when it happened, when it was stored, what is said.
CREATE FUNCTION pg_temp.tell(the_offset bigint, the_time timestamptz, stored timestamptz, the_entity text, the_sentiment integer, the_title text)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.documents (kafka_offset, event_time, arrived_at, available_at, partition, negative, neutral, positive,
        tokens, repairs, time_source, topic_id, model_id, sentiment, truncated, late, id, title, body)
    SELECT the_offset, the_time, stored, stored, 0, 0, 1, 0, 3, 0, 'payload', topic, model, the_sentiment, false, false, 'd' || the_offset, the_title, ''
    FROM ids;
    INSERT INTO tapewatch.scores (kafka_offset, event_time, arrived_at, available_at, partition, mentions, negative, neutral, positive,
        topic_id, model_id, sentiment, from_document, entity)
    SELECT the_offset, the_time, stored, stored, 0, 1, 0, 1, 0, topic, model, the_sentiment, false, the_entity FROM ids;
    INSERT INTO tapewatch.bars (bar_start, scores, sum, sum_of_squares, negative_sum, partition, topic_id, shard, entity)
    SELECT date_bin('10 s', the_time, 'epoch'), 1, the_sentiment, the_sentiment * the_sentiment, least(the_sentiment, 0), 0, topic, 0, the_entity
    FROM ids;
$$;
SELECT pg_temp.tell(1, '2031-01-01 09:00Z', '2031-01-01 09:01Z', 'E', 1000, 'quiet'),
    pg_temp.tell(2, '2031-01-01 10:10Z', '2031-01-01 10:11Z', 'E', -8000, 'bad'),
    pg_temp.tell(3, '2031-01-01 10:20Z', '2031-01-01 10:21Z', 'E', -9000, 'worse'),
    pg_temp.tell(4, '2031-01-01 10:30Z', '2031-01-01 12:00Z', 'E', -7000, 'told late'),
    pg_temp.tell(5, '2031-01-01 10:40Z', '2031-01-01 10:41Z', 'F', 5000, 'good'),
    pg_temp.tell(6, '2031-01-01 09:30Z', '2031-01-01 09:31Z', 'G', -9000, 'long ago'),
    pg_temp.tell(7, '2031-01-02 00:00Z', '2031-01-02 00:01Z', 'E', 0, 'another day');
INSERT INTO tapewatch.events (kafka_offset, event_time, available_at, partition, begin_byte, end_byte, events_version, topic_id,
    number, polarity, in_title, type, severity, entity)
SELECT 3, '2031-01-01 10:20Z', '2031-01-01 10:21Z', 0, 0, 5, 1, topic, u.number, -10000, true, u.type, 'critical', u.entity
FROM ids, (VALUES (0, 'halt', 'E'), (1, 'probe', 'F'), (2, 'default', 'E')) AS u (number, type, entity);

SELECT results_eq($$SELECT event_time, sentiment, events, title, kafka_offset FROM tapewatch.company_day('E', '2031-01-01')$$,
    $$VALUES ('2031-01-01 09:00Z'::timestamptz, 0.1::numeric, '{}'::text[], 'quiet', 1::bigint), ('2031-01-01 10:10Z', -0.8, '{}', 'bad', 2),
        ('2031-01-01 10:20Z', -0.9, '{halt,default}', 'worse', 3), ('2031-01-01 10:30Z', -0.7, '{}', 'told late', 4)$$,
    'a company''s day has its documents, in order, each with its own events of that company');
SELECT is_empty($$SELECT * FROM tapewatch.company_day('E', '2031-01-03')$$, 'a day without any has none');

SELECT results_eq($$SELECT entity, name, sector, scores, mean, scores_before, mean_before, moved FROM tapewatch.top_movers('2031-01-01 11:00Z')$$,
    $$VALUES ('E', 'Ee', 'Steel', 3::bigint, -0.8::numeric, 1::bigint, 0.1::numeric, -0.9::numeric), ('F', 'Ef', NULL, 1, 0.5, 0, NULL, 0.5)$$,
    'who moved: three documents move more than one; who is not spoken of now has not moved');
SELECT is((SELECT count(*)::int FROM tapewatch.top_movers('2031-01-01 11:00Z', '1 hour', 1)), 1, 'as many as are asked for');

SELECT results_eq($$SELECT title, model FROM tapewatch.documents_known_at('E', '2031-01-01 11:00Z')$$,
    $$VALUES ('worse', repeat('a', 64)), ('bad', repeat('a', 64)), ('quiet', repeat('a', 64))$$,
    'what was stored later was not known, however early it happened');
SELECT is((SELECT count(*)::int FROM tapewatch.documents_known_at('E', '2031-01-01 13:00Z')), 4, 'later it was');
SELECT is((SELECT count(*)::int FROM tapewatch.documents_known_at('E', '2031-01-01 13:00Z', '3 hours')), 3, 'within the span that is asked for');

-- An alert that opened at 10:21 and was resolved at 11:30 by the wall clock.
INSERT INTO tapewatch.rule_sets (holds_from, stored_by, sha256, rules) VALUES ('-infinity', 'test', repeat('b', 64),
    E'rules:\n  - name: "bad.news"\n    kind: threshold\n    below: -1.0\n  - name: "badXnews"\n    kind: threshold\n    below: -2.0\n');
CREATE TEMP TABLE a AS WITH made AS (INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, resolved_time, reported_value, worst_value,
        documents, rule_set_id, shard, state, kind, measure, severity, rule, entity)
    SELECT '2031-01-01 10:20:10Z', '2031-01-01 11:00Z', '2031-01-01 10:00Z', '2031-01-01 11:00Z', -17000, -17000, 2, max(rule_set_id), 0,
        'resolved', 'shift', 'z', 'warning', 'bad.news', 'E' FROM tapewatch.rule_sets RETURNING alert_id) SELECT alert_id FROM made;
INSERT INTO tapewatch.alert_steps (alert_id, step_time, value, documents, rule_set_id, step, reason, stepped_at)
SELECT alert_id, u.step_time, -17000, 2, 1, u.step, u.reason, u.stepped_at FROM a, (VALUES
    ('2031-01-01 10:20:10Z'::timestamptz, 'opened', 'it fell', '2031-01-01 10:21:20Z'::timestamptz),
    ('2031-01-01 11:00Z', 'resolved', 'quiet', '2031-01-01 11:30Z')) AS u (step_time, step, reason, stepped_at);
INSERT INTO tapewatch.alert_actions (alert_id, action, reason) SELECT alert_id, 'acknowledged', 'on it' FROM a;
SELECT is_empty($$SELECT * FROM tapewatch.alerts_known_at('2031-01-01 10:21Z')$$, 'before it opened it was not known');
SELECT results_eq($$SELECT rule, entity, step, value, reason FROM tapewatch.alerts_known_at('2031-01-01 11:10Z')$$,
    $$VALUES ('bad.news', 'E', 'opened', -1.7::numeric, 'it fell')$$, 'until its end was stored it stood, though event time had passed it');
SELECT is_empty($$SELECT * FROM tapewatch.alerts_known_at('2031-01-01 11:30Z')$$, 'then it did not');

SELECT is((SELECT count(*)::int FROM tapewatch.alert_documents JOIN a USING (alert_id)), 3, 'an alert over a company''s days has its documents');
SELECT results_eq($$SELECT part, what, value, words FROM a, tapewatch.alert_why(a.alert_id)$$,
    $$VALUES ('rule', 'bad.news', NULL::numeric, E'  - name: "bad.news"\n    kind: threshold\n    below: -1.0'),
        ('step', 'opened', -1.7, 'it fell'), ('step', 'resolved', -1.7, 'quiet'), ('document', NULL, -0.9, 'worse'),
        ('document', NULL, -0.8, 'bad'), ('document', NULL, -0.7, 'told late'), ('people', 'acknowledged', NULL, 'on it')$$,
    'why: its rule as it stood, its steps, the worst of its documents, what people did');

-- Of its documents two are labelled: one is no news, one is negative indeed.
CREATE FUNCTION pg_temp.label(the_offset bigint, the_label text, the_entity text, the_right text) RETURNS void LANGUAGE sql AS $$
    SELECT tapewatch.label('asked', 0, the_offset, the_label, the_entity, the_right, 'because') $$;
PREPARE outcome AS SELECT rule, alerts, acknowledged, closed, judged, wrong, precision_of_judged
    FROM tapewatch.rule_outcomes('2031-01-01', '2031-01-02');
SELECT results_eq('outcome', $$VALUES ('bad.news', 1::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::numeric)$$, 'without labels nothing is judged');
SELECT pg_temp.label(3, 'wrong_sentiment', 'E', 'negative'), pg_temp.label(2, 'not_news', NULL, NULL), pg_temp.label(1, 'not_news', NULL, NULL),
    pg_temp.label(4, 'wrong_event', 'E', 'none');
SELECT results_eq('outcome', $$VALUES ('bad.news', 1::bigint, 1::bigint, 0::bigint, 1::bigint, 0::bigint, 1::numeric)$$, 'one of two is not most of them');
SELECT pg_temp.label(3, 'wrong_sentiment', 'E', 'neutral');
SELECT results_eq('outcome', $$VALUES ('bad.news', 1::bigint, 1::bigint, 0::bigint, 1::bigint, 1::bigint, 0::numeric)$$, 'a later label of the same kind holds');

SET LOCAL ROLE tapewatch_reader;
SELECT lives_ok($$SELECT count(*) FROM tapewatch.company_day('E', '2031-01-01'), tapewatch.top_movers(), tapewatch.alerts_known_at(now()),
    tapewatch.alert_why(1), tapewatch.rule_outcomes('2031-01-01', '2031-01-02'), tapewatch.documents_known_at('E', now())$$, 'a reader may ask all of it');
RESET ROLE;


-- A headline that spoke for two alerts, one after the other: each has it, and a label judges both.
RESET ROLE;
CREATE TEMP TABLE again AS WITH made AS (INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, resolved_time, reported_value,
        worst_value, documents, rule_set_id, shard, state, kind, measure, severity, rule, entity)
    SELECT t, t, '2031-01-01 09:00Z', t + interval '10 s', -8000, -8000, 2, max(rule_set_id), 0, 'resolved', 'headline', 'sentiment', 'warning',
        'chorus', 'E' FROM tapewatch.rule_sets, unnest('{2031-01-01 10:20:10Z,2031-01-01 10:30:10Z}'::timestamptz[]) AS t GROUP BY t
    RETURNING alert_id, opened_time) SELECT * FROM made;
INSERT INTO tapewatch.alert_events (topic_id, partition, kafka_offset, event_time, available_at, shard, sentiment, rule, entity, keyword, stories)
SELECT topic, 0, u.place, u.at, u.at, 0, -8000, 'chorus', 'E', '', 2
FROM ids, (VALUES (2, '2031-01-01 10:10Z'::timestamptz), (3, '2031-01-01 10:20Z'), (4, '2031-01-01 10:30Z')) AS u (place, at);
INSERT INTO tapewatch.alert_event_links (alert_id, alert_event_id)
SELECT g.alert_id, v.alert_event_id FROM again g JOIN tapewatch.alert_events v ON v.rule = 'chorus' AND v.event_time < g.opened_time;
SELECT results_eq('SELECT g.opened_time::time, array_agg(d.title ORDER BY d.event_time) FROM again g JOIN tapewatch.alert_documents d USING (alert_id) GROUP BY 1 ORDER BY 1',
    $$VALUES ('10:20:10'::time, '{bad,worse}'::text[]), ('10:30:10', '{bad,worse,"told late"}')$$, 'a document that spoke again is behind both alerts');
SELECT is_empty($$SELECT w.* FROM (SELECT alert_id FROM tapewatch.alerts) a, LATERAL (
        (SELECT * FROM tapewatch.alert_documents d WHERE d.alert_id = a.alert_id EXCEPT ALL SELECT * FROM tapewatch.documents_of_alert(a.alert_id))
        UNION ALL (SELECT * FROM tapewatch.documents_of_alert(a.alert_id) EXCEPT ALL SELECT * FROM tapewatch.alert_documents d WHERE d.alert_id = a.alert_id)) AS w$$,
    'documents_of_alert has what alert_documents has');
SELECT isnt_empty('SELECT * FROM again g, tapewatch.documents_of_alert(g.alert_id)', 'and has some');
-- Two of the three were stored with a relevance, one of them with the weight of its source.
UPDATE tapewatch.scores SET relevance = 8000 WHERE kafka_offset = 2;
UPDATE tapewatch.scores SET relevance = 2500, source_weight = 3125 WHERE kafka_offset = 3;
UPDATE tapewatch.alert_events v SET relevance = s.relevance, source_weight = s.source_weight FROM tapewatch.scores s
WHERE v.rule = 'chorus' AND s.kafka_offset = v.kafka_offset AND s.entity = 'E';
SELECT results_eq($$SELECT relevance, source_weight FROM tapewatch.company_day('E', '2031-01-01') WHERE kafka_offset IN (2, 3, 4)$$,
    'VALUES (0.8::numeric, NULL::numeric), (0.25, 0.3125), (NULL, NULL)', 'a day says how far each is about the company, and what its source counted');
SELECT results_eq($$SELECT d.relevance, d.source_weight FROM (SELECT max(alert_id) AS alert_id FROM again) g
        JOIN tapewatch.alert_documents d USING (alert_id) ORDER BY d.event_time$$,
    'VALUES (0.8::numeric, NULL::numeric), (0.25, 0.3125), (NULL, NULL)', 'so do the documents of an alert');
SELECT results_eq($$SELECT w.words FROM (SELECT max(alert_id) AS alert_id FROM again) g, tapewatch.alert_why(g.alert_id) w WHERE w.part = 'document'$$,
    $$VALUES (E'bad\nrelevance 0.8000'), (E'worse\nrelevance 0.2500, by a source of weight 0.3125'), ('told late')$$, 'and why');
SELECT is((SELECT count(*)::int FROM again g, tapewatch.alert_why(g.alert_id) w WHERE w.part = 'document'), 5, 'why says so of each');
SELECT tapewatch.label('asked', 0, 2, 'not_news', NULL, NULL, 'x'), tapewatch.label('asked', 0, 3, 'not_news', NULL, NULL, 'x');
SELECT results_eq($$SELECT alerts, judged, wrong FROM tapewatch.rule_outcomes('2031-01-01', '2031-01-02') WHERE rule = 'chorus'$$,
    $$VALUES (2::bigint, 2::bigint, 2::bigint)$$, 'labels of a document judge all of its alerts');
SELECT results_eq($$SELECT alerts, judged FROM tapewatch.rule_outcomes('2031-01-01 10:25Z', '2031-01-02') WHERE rule = 'chorus'$$,
    $$VALUES (1::bigint, 1::bigint)$$, 'of those that are asked for');
SELECT * FROM finish();
ROLLBACK;
