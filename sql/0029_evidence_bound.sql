-- The heaviest documents of a step, asked for in the middle of a flood: of a company that is spoken of a thousand times a second a
-- window holds a million scores, and each was looked up among stories before it was known to be heavy. Now a step costs what the
-- last 100,000 scores of its window cost to read once (50 ms or so), and stories are asked for from the heaviest on, until enough are
-- found. A window that holds no more than that gives what it gave before.

SET LOCAL ROLE tapewatch_owner;

CREATE OR REPLACE FUNCTION tapewatch.heaviest_documents(the_step bigint, most integer)
RETURNS TABLE (rank bigint, topic_id smallint, partition integer, kafka_offset bigint, event_time timestamptz, sentiment smallint,
    copies bigint, title text, body text)
LANGUAGE sql STABLE AS $$
    WITH asked AS MATERIALIZED (
        SELECT s.alert_step_id, a.entity, a.measure, s.window_from, s.step_time, s.copies IS NOT NULL AS filed
        FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id) WHERE s.alert_step_id = the_step),
    -- in the order of weight; OFFSET 0: sorted before anything is joined to it
    weighed AS (
        SELECT c.topic_id, c.partition, c.kafka_offset, c.event_time, c.sentiment, t.topic, k.entity,
            CASE WHEN k.measure = 'count' THEN -abs(c.sentiment) ELSE c.sentiment END AS weight
        FROM asked k CROSS JOIN LATERAL (
            SELECT c.topic_id, c.partition, c.kafka_offset, c.event_time, c.sentiment FROM tapewatch.scores c
            WHERE c.entity = k.entity AND c.event_time >= k.window_from AND c.event_time < k.step_time
            ORDER BY c.event_time DESC, c.kafka_offset DESC, c.partition DESC, c.topic_id DESC LIMIT 100000) AS c
        JOIN tapewatch.topics t ON t.topic_id = c.topic_id
        WHERE k.measure <> 'negative_sum' OR c.sentiment < 0
        ORDER BY weight, c.event_time, t.topic, c.partition, c.kafka_offset OFFSET 0),
    heavy AS (
        SELECT w.*, f.story FROM weighed w LEFT JOIN LATERAL (
            SELECT f.story, f.told FROM tapewatch.stories f WHERE f.topic_id = w.topic_id AND f.partition = w.partition
                AND f.kafka_offset = w.kafka_offset AND f.event_time = w.event_time LIMIT 1) AS f ON true
        WHERE NOT coalesce(w.entity = ANY (f.told), false)
        ORDER BY w.weight, w.event_time, w.topic, w.partition, w.kafka_offset LIMIT most * 8),
    once AS (
        SELECT DISTINCT ON (md5(d.title), md5(d.body)) h.*, d.title, d.body
        FROM heavy h CROSS JOIN LATERAL (
            SELECT d.title, d.body FROM tapewatch.documents d WHERE d.topic_id = h.topic_id AND d.partition = h.partition
                AND d.kafka_offset = h.kafka_offset AND d.event_time = h.event_time LIMIT 1) AS d
        ORDER BY md5(d.title), md5(d.body), h.weight, h.event_time, h.topic, h.partition, h.kafka_offset)
    SELECT row_number() OVER (ORDER BY o.weight, o.event_time, o.topic, o.partition, o.kafka_offset), o.topic_id, o.partition,
        o.kafka_offset, o.event_time, o.sentiment,
        CASE WHEN k.filed THEN (SELECT count(*) FROM tapewatch.stories f WHERE f.story = o.story AND f.event_time >= k.window_from
            AND f.event_time < k.step_time AND k.entity = ANY (f.told)) END, o.title, o.body
    FROM once o, asked k
    ORDER BY 1 LIMIT most
$$;
COMMENT ON FUNCTION tapewatch.heaviest_documents(bigint, integer) IS
    'Documents that weigh most in a step, of the last 100,000 of its window, the heaviest first: copies of a story and equal texts once, with the copies of it that the window holds (NULL where stories are not filed)';
