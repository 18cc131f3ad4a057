-- Evidence: which stories weigh most in a step of an alert, and the words that made the model decide. Nothing on the way to an alert
-- waits for it: a daemon looks for steps without evidence of the shards that it holds, explains their documents beside its work
-- (daemon/evidence), and stores the rows afterwards.
--
--   alert_steps             of rules over many documents: its heaviest documents
--   alert_events            a headline or event: its document, from its commit on, so that what is `announced` has words too
--   alert_evidence_tries    how often each was tried, and what became of it. It stands apart, so that no row that an
--                           evaluator or a commit writes is ever locked for evidence

SET LOCAL ROLE tapewatch_owner;

CREATE INDEX alert_steps_of_windows ON tapewatch.alert_steps (stepped_at) WHERE step <> 'resolved' AND window_from IS NOT NULL;
CREATE INDEX alert_events_available ON tapewatch.alert_events (available_at);

CREATE TABLE tapewatch.alert_evidence_tries (
    alert_step_id bigint,
    alert_event_id bigint,
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries smallint NOT NULL DEFAULT 1,
    outcome text CHECK (outcome IN ('made', 'failed')),
    CHECK (num_nonnulls(alert_step_id, alert_event_id) = 1)
);
CREATE UNIQUE INDEX alert_evidence_tries_step ON tapewatch.alert_evidence_tries (alert_step_id) WHERE alert_step_id IS NOT NULL;
CREATE UNIQUE INDEX alert_evidence_tries_event ON tapewatch.alert_evidence_tries (alert_event_id) WHERE alert_event_id IS NOT NULL;
COMMENT ON TABLE tapewatch.alert_evidence_tries IS 'Steps, headlines and events whose evidence a daemon has begun to make; none: not yet, evidence.enabled is false, or nobody came to it within ten minutes';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.alert_step_id IS 'The step, see alert_steps; NULL of a headline or event';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.alert_event_id IS 'The headline or event, see alert_events; NULL of a step';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.tries IS 'Times that a daemon has begun to make it';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.tried_at IS 'Wall clock (UTC) of the server when it was tried last';
COMMENT ON COLUMN tapewatch.alert_evidence_tries.outcome IS 'made: see alert_evidence (no row there: its documents were dropped); failed: given up, the log says why; NULL: at work, or to be tried again';

CREATE TABLE tapewatch.alert_evidence (
    alert_evidence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_step_id bigint,
    alert_event_id bigint,
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    copies bigint,
    partition integer NOT NULL,
    base real,
    logit real,
    topic_id smallint NOT NULL,
    rank smallint NOT NULL,
    sentiment smallint NOT NULL,
    relevance smallint,
    method text NOT NULL CHECK (method IN ('gradients', 'pattern', 'none')),
    target text,
    label text,
    model_sha256 text NOT NULL,
    title text NOT NULL,
    words jsonb,
    CHECK (num_nonnulls(alert_step_id, alert_event_id) = 1)
);
CREATE UNIQUE INDEX alert_evidence_step ON tapewatch.alert_evidence (alert_step_id, rank) WHERE alert_step_id IS NOT NULL;
CREATE UNIQUE INDEX alert_evidence_event ON tapewatch.alert_evidence (alert_event_id, rank) WHERE alert_event_id IS NOT NULL;
COMMENT ON TABLE tapewatch.alert_evidence IS 'The documents that weigh most in a step of an alert, or that made a rule speak, with the words that decided; texts stay when the day of their document is dropped';
COMMENT ON COLUMN tapewatch.alert_evidence.alert_evidence_id IS 'Number of the row';
COMMENT ON COLUMN tapewatch.alert_evidence.alert_step_id IS 'Step in which it weighs, see alert_steps; NULL of a headline or event';
COMMENT ON COLUMN tapewatch.alert_evidence.alert_event_id IS 'Headline or event that it is, see alert_events; NULL of a step';
COMMENT ON COLUMN tapewatch.alert_evidence.rank IS 'From 1, the heaviest: the most negative sentiment of the entity; of a rule that counts, the furthest from neutral';
COMMENT ON COLUMN tapewatch.alert_evidence.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.alert_evidence.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.alert_evidence.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.alert_evidence.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.alert_evidence.title IS 'Its title, or the beginning of its body where it has none; 300 characters at the most';
COMMENT ON COLUMN tapewatch.alert_evidence.copies IS 'Copies of its story about the entity behind it in the window; NULL where stories are not filed, and of a headline or event';
COMMENT ON COLUMN tapewatch.alert_evidence.sentiment IS 'Sentiment of the entity in it, in 10,000ths, as it counted';
COMMENT ON COLUMN tapewatch.alert_evidence.relevance IS 'How far it is about the entity, 0 to 10000 (pipelines/link/relevance.h)';
COMMENT ON COLUMN tapewatch.alert_evidence.method IS 'How the words were found: gradients (integrated gradients of the logit of label), pattern (the words by which events.yaml told the event), none (a model that reads no words)';
COMMENT ON COLUMN tapewatch.alert_evidence.target IS 'What the logit is of: entity, or document where the text does not name the entity any more; NULL of other methods';
COMMENT ON COLUMN tapewatch.alert_evidence.label IS 'Label that is explained: negative, neutral or positive; NULL of other methods';
COMMENT ON COLUMN tapewatch.alert_evidence.logit IS 'Logit of label, before any temperature';
COMMENT ON COLUMN tapewatch.alert_evidence.base IS 'The same logit without the words: all weights together are logit - base';
COMMENT ON COLUMN tapewatch.alert_evidence.words IS 'The words that moved the logit most, the first most: [{"word", "begin", "end", "weight"}]; bytes of the cleaned text (title, one space, body); above 0: for the label; of a pattern without weights';
COMMENT ON COLUMN tapewatch.alert_evidence.model_sha256 IS 'SHA-256 of the model that was asked, which may be another than the one that scored';
COMMENT ON COLUMN tapewatch.alert_evidence.made_at IS 'Wall clock (UTC) of the server when it was stored';

-- -- making it -------------------------------------------------------------------------------------------------------

-- The heaviest documents of a step: each once, however often it came word for word, and no copy of a story told before.
CREATE FUNCTION tapewatch.heaviest_documents(the_step bigint, most integer)
RETURNS TABLE (rank bigint, topic_id smallint, partition integer, kafka_offset bigint, event_time timestamptz, sentiment smallint,
    copies bigint, title text, body text)
LANGUAGE sql STABLE AS $$
    WITH asked AS (
        SELECT s.alert_step_id, a.entity, a.measure, s.window_from, s.step_time, s.copies IS NOT NULL AS filed
        FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id) WHERE s.alert_step_id = the_step),
    heavy AS (
        SELECT c.topic_id, c.partition, c.kafka_offset, c.event_time, c.sentiment, f.story, t.topic,
            CASE WHEN k.measure = 'count' THEN -abs(c.sentiment) ELSE c.sentiment END AS weight
        FROM asked k
        JOIN tapewatch.scores c ON c.entity = k.entity AND c.event_time >= k.window_from AND c.event_time < k.step_time
        JOIN tapewatch.topics t ON t.topic_id = c.topic_id
        LEFT JOIN tapewatch.stories f ON f.topic_id = c.topic_id AND f.partition = c.partition
            AND f.kafka_offset = c.kafka_offset AND f.event_time = c.event_time
        WHERE NOT coalesce(k.entity = ANY (f.told), false) AND (k.measure <> 'negative_sum' OR c.sentiment < 0)
        ORDER BY weight, c.event_time, t.topic, c.partition, c.kafka_offset LIMIT most * 8),
    once AS (
        SELECT DISTINCT ON (md5(d.title), md5(d.body)) h.*, d.title, d.body
        FROM heavy h
        JOIN tapewatch.documents d ON d.topic_id = h.topic_id AND d.partition = h.partition
            AND d.kafka_offset = h.kafka_offset AND d.event_time = h.event_time
        ORDER BY md5(d.title), md5(d.body), h.weight, h.event_time, h.topic, h.partition, h.kafka_offset)
    SELECT row_number() OVER (ORDER BY o.weight, o.event_time, o.topic, o.partition, o.kafka_offset), o.topic_id, o.partition,
        o.kafka_offset, o.event_time, o.sentiment,
        CASE WHEN k.filed THEN (SELECT count(*) FROM tapewatch.stories f WHERE f.story = o.story AND f.event_time >= k.window_from
            AND f.event_time < k.step_time AND k.entity = ANY (f.told)) END, o.title, o.body
    FROM once o, asked k
    ORDER BY 1 LIMIT most
$$;
COMMENT ON FUNCTION tapewatch.heaviest_documents(bigint, integer) IS
    'Documents that weigh most in a step, the heaviest first: copies of a story and equal texts once, with the copies of it that the window holds (NULL where stories are not filed)';

-- The newest that waits goes first: under a flood of alerts fresh ones have their words, and older ones when there is time. A try is
-- counted before it is made, so that a text that ends the daemon is not tried for ever.
CREATE FUNCTION tapewatch.take_evidence(the_owner text, within_ms bigint, most_tries integer, most_documents integer)
RETURNS TABLE (alert_step_id bigint, alert_event_id bigint, age_ms bigint, entity text, rank smallint, topic_id smallint,
    partition integer, kafka_offset bigint, event_time timestamptz, sentiment smallint, copies bigint, event_begin integer,
    event_end integer, title text, body text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    since timestamptz := clock_timestamp() - within_ms * interval '1 ms';
    next record;
BEGIN
    SELECT w.* INTO next FROM (
        (SELECT s.alert_step_id AS step, NULL::bigint AS event, s.stepped_at AS at, a.entity AS entity
        FROM tapewatch.alert_steps s
        JOIN tapewatch.alerts a USING (alert_id)
        JOIN tapewatch.shards h ON h.shard = a.shard AND h.owner = the_owner
        WHERE s.step <> 'resolved' AND s.window_from IS NOT NULL AND s.stepped_at > since AND NOT EXISTS (
            SELECT FROM tapewatch.alert_evidence_tries x WHERE x.alert_step_id = s.alert_step_id
                AND (x.outcome IS NOT NULL OR x.tries >= most_tries))
        ORDER BY s.stepped_at DESC, s.alert_step_id DESC LIMIT 1)
        UNION ALL
        (SELECT NULL, v.alert_event_id, v.available_at, v.entity
        FROM tapewatch.alert_events v
        JOIN tapewatch.shards h ON h.shard = v.shard AND h.owner = the_owner
        WHERE v.available_at > since AND NOT EXISTS (
            SELECT FROM tapewatch.alert_evidence_tries x WHERE x.alert_event_id = v.alert_event_id
                AND (x.outcome IS NOT NULL OR x.tries >= most_tries))
            -- else it is a copy, not enough by itself, or no rule wanted it
            AND (v.alert_id IS NOT NULL OR (v.evaluated_at IS NULL AND v.stories = 1))
        ORDER BY v.available_at DESC, v.alert_event_id DESC LIMIT 1)) AS w
    ORDER BY w.at DESC LIMIT 1;
    IF next.step IS NOT NULL THEN
        INSERT INTO tapewatch.alert_evidence_tries AS x (alert_step_id) VALUES (next.step)
        ON CONFLICT (alert_step_id) WHERE x.alert_step_id IS NOT NULL
        DO UPDATE SET tries = x.tries + 1, tried_at = clock_timestamp();
        RETURN QUERY SELECT next.step, NULL::bigint, (extract(epoch FROM clock_timestamp() - next.at) * 1000)::bigint,
            next.entity::text, d.rank::smallint, d.topic_id, d.partition, d.kafka_offset, d.event_time, d.sentiment, d.copies,
            NULL::integer, NULL::integer, d.title, d.body
        FROM tapewatch.heaviest_documents(next.step, most_documents) d ORDER BY d.rank;
        IF NOT FOUND THEN -- its documents were dropped
            PERFORM tapewatch.end_evidence(next.step, NULL, true, most_tries);
        END IF;
    ELSIF next.event IS NOT NULL THEN
        INSERT INTO tapewatch.alert_evidence_tries AS x (alert_event_id) VALUES (next.event)
        ON CONFLICT (alert_event_id) WHERE x.alert_event_id IS NOT NULL
        DO UPDATE SET tries = x.tries + 1, tried_at = clock_timestamp();
        RETURN QUERY SELECT NULL::bigint, v.alert_event_id, (extract(epoch FROM clock_timestamp() - next.at) * 1000)::bigint,
            v.entity::text, 1::smallint, v.topic_id, v.partition, v.kafka_offset, v.event_time, v.sentiment, NULL::bigint,
            e.begin_byte, e.end_byte, d.title, d.body
        FROM tapewatch.alert_events v
        JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition AND d.kafka_offset = v.kafka_offset
            AND d.event_time = v.event_time
        LEFT JOIN LATERAL (SELECT x.begin_byte, x.end_byte FROM tapewatch.events x WHERE x.topic_id = v.topic_id
            AND x.partition = v.partition AND x.kafka_offset = v.kafka_offset AND x.event_time = v.event_time
            AND x.type = v.event_type AND x.entity = v.entity ORDER BY x.number LIMIT 1) AS e ON true
        WHERE v.alert_event_id = next.event;
        IF NOT FOUND THEN
            PERFORM tapewatch.end_evidence(NULL, next.event, true, most_tries);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.take_evidence(text, bigint, integer, integer) IS
    'The newest step or alert event without evidence of the shards of this daemon (owner), no older than so many milliseconds and tried fewer times than given: its documents, the heaviest first, with their texts; counts the try';

CREATE FUNCTION tapewatch.end_evidence(the_step bigint, the_event bigint, is_made boolean, most_tries integer)
RETURNS void LANGUAGE sql AS $$
    UPDATE tapewatch.alert_evidence_tries x SET outcome = CASE WHEN is_made THEN 'made' ELSE 'failed' END
    WHERE (x.alert_step_id = the_step OR x.alert_event_id = the_event) AND x.outcome IS NULL AND (is_made OR x.tries >= most_tries);
$$;
COMMENT ON FUNCTION tapewatch.end_evidence(bigint, bigint, boolean, integer) IS
    'Evidence of a step or alert event is made; or it failed, and is given up when it was tried so many times';

GRANT SELECT ON tapewatch.alert_evidence, tapewatch.alert_evidence_tries TO tapewatch_writer, tapewatch_reader;
GRANT INSERT ON tapewatch.alert_evidence, tapewatch.alert_evidence_tries TO tapewatch_writer;
GRANT UPDATE (tries, tried_at, outcome) ON tapewatch.alert_evidence_tries TO tapewatch_writer;
REVOKE ALL ON FUNCTION tapewatch.heaviest_documents(bigint, integer), tapewatch.take_evidence(text, bigint, integer, integer),
    tapewatch.end_evidence(bigint, bigint, boolean, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.heaviest_documents(bigint, integer) TO tapewatch_reader, tapewatch_writer;
GRANT EXECUTE ON FUNCTION tapewatch.take_evidence(text, bigint, integer, integer),
    tapewatch.end_evidence(bigint, bigint, boolean, integer) TO tapewatch_writer;
