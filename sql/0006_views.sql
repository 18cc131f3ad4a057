-- What an analyst asks for first. Sentiment is shown as people speak of it, -1 to 1.

SET LOCAL ROLE tapewatch_owner;

CREATE VIEW tapewatch.alerts_open AS
SELECT a.alert_id, a.severity, a.rule, a.kind, a.entity, coalesce(e.name, a.entity) AS name, a.opened_time,
    a.stepped_time, a.quiet_since, (a.reported_value / 10000.0)::numeric(18, 4) AS value,
    (a.worst_value / 10000.0)::numeric(18, 4) AS worst, a.documents
FROM tapewatch.alerts a
LEFT JOIN tapewatch.entities e ON e.symbol = a.entity
WHERE a.state <> 'resolved'
ORDER BY a.opened_time DESC, a.alert_id DESC;
COMMENT ON VIEW tapewatch.alerts_open IS 'Alerts that are open, newest first';
COMMENT ON COLUMN tapewatch.alerts_open.alert_id IS 'Number of the alert';
COMMENT ON COLUMN tapewatch.alerts_open.severity IS 'info, warning or critical';
COMMENT ON COLUMN tapewatch.alerts_open.rule IS 'Name of the rule';
COMMENT ON COLUMN tapewatch.alerts_open.kind IS 'threshold or headline';
COMMENT ON COLUMN tapewatch.alerts_open.entity IS 'Symbol of the entity';
COMMENT ON COLUMN tapewatch.alerts_open.name IS 'Name of the entity';
COMMENT ON COLUMN tapewatch.alerts_open.opened_time IS 'Event time (UTC) at which it opened';
COMMENT ON COLUMN tapewatch.alerts_open.stepped_time IS 'Event time (UTC) of its last step';
COMMENT ON COLUMN tapewatch.alerts_open.quiet_since IS 'Event time (UTC) since which it has been quiet; NULL while it is not';
COMMENT ON COLUMN tapewatch.alerts_open.value IS 'Value at its last step: sum or mean of sentiment (1 = fully positive), or number of documents';
COMMENT ON COLUMN tapewatch.alerts_open.worst IS 'Worst value since it opened, same unit as value';
COMMENT ON COLUMN tapewatch.alerts_open.documents IS 'Number of documents behind its last step (headline: so far)';

CREATE VIEW tapewatch.sentiment_by_minute AS
SELECT b.entity, coalesce(e.name, b.entity) AS name, b.minute, b.scores,
    (b.sum / 10000.0 / b.scores)::numeric(9, 4) AS mean,
    (b.negative_sum / 10000.0)::numeric(18, 4) AS negative_sum,
    sqrt(greatest(b.sum_of_squares / b.scores - (b.sum / b.scores) ^ 2, 0) / 1e8)::numeric(9, 4) AS deviation
FROM (
    SELECT entity, date_trunc('minute', bar_start, 'UTC') AS minute, sum(scores) AS scores, sum(sum) AS sum,
        sum(sum_of_squares) AS sum_of_squares, sum(negative_sum) AS negative_sum
    FROM tapewatch.bars
    GROUP BY entity, date_trunc('minute', bar_start, 'UTC')) AS b
LEFT JOIN tapewatch.entities e ON e.symbol = b.entity;
COMMENT ON VIEW tapewatch.sentiment_by_minute IS 'Sentiment by company and minute of event time; for a short span of a large database ask sentiment(entity, begin, end), which reads only its days';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.entity IS 'Symbol of the entity';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.name IS 'Name of the entity';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.minute IS 'Start of the minute (UTC, event time)';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.scores IS 'Number of scores: documents that speak of it';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.mean IS 'Mean sentiment, -1 to 1';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.negative_sum IS 'Sum of negative sentiments, 0 or below: 1 for each document at most';
COMMENT ON COLUMN tapewatch.sentiment_by_minute.deviation IS 'Standard deviation of sentiment, 0 to 1';

CREATE FUNCTION tapewatch.sentiment(the_entity text, the_begin timestamptz, the_end timestamptz)
RETURNS TABLE (minute timestamptz, scores numeric, mean numeric, negative_sum numeric)
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('minute', b.bar_start, 'UTC'), sum(b.scores), (sum(b.sum) / 10000.0 / sum(b.scores))::numeric(9, 4),
        (sum(b.negative_sum) / 10000.0)::numeric(18, 4)
    FROM tapewatch.bars b
    WHERE b.entity = the_entity AND b.bar_start >= the_begin AND b.bar_start < the_end
    GROUP BY 1 ORDER BY 1
$$;
COMMENT ON FUNCTION tapewatch.sentiment(text, timestamptz, timestamptz) IS
    'Sentiment of one entity by minute between two event times, the end not included; mean -1 to 1';

CREATE VIEW tapewatch.alert_documents AS
SELECT a.alert_id, a.rule, a.entity, s.event_time, (s.sentiment / 10000.0)::numeric(6, 4) AS sentiment, d.title, d.body,
    d.id, d.source, t.topic, s.partition, s.kafka_offset
FROM tapewatch.alerts a
JOIN tapewatch.scores s ON s.entity = a.entity AND s.event_time >= a.first_time
    AND s.event_time < coalesce(a.resolved_time, 'infinity')
JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition
    AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time
JOIN tapewatch.topics t ON t.topic_id = s.topic_id
WHERE a.kind = 'threshold'
UNION ALL
SELECT a.alert_id, a.rule, a.entity, v.event_time, (v.sentiment / 10000.0)::numeric(6, 4), d.title, d.body,
    d.id, d.source, t.topic, v.partition, v.kafka_offset
FROM tapewatch.alerts a
JOIN tapewatch.alert_events v ON v.alert_id = a.alert_id
JOIN tapewatch.documents d ON d.topic_id = v.topic_id AND d.partition = v.partition
    AND d.kafka_offset = v.kafka_offset AND d.event_time = v.event_time
JOIN tapewatch.topics t ON t.topic_id = v.topic_id
WHERE a.kind = 'headline';
COMMENT ON VIEW tapewatch.alert_documents IS 'The documents behind an alert: what stood in its window from its opening until it was resolved, or the headlines it was made of';
COMMENT ON COLUMN tapewatch.alert_documents.alert_id IS 'Number of the alert';
COMMENT ON COLUMN tapewatch.alert_documents.rule IS 'Name of the rule';
COMMENT ON COLUMN tapewatch.alert_documents.entity IS 'Symbol of the entity';
COMMENT ON COLUMN tapewatch.alert_documents.event_time IS 'Event time of the document (UTC, microseconds)';
COMMENT ON COLUMN tapewatch.alert_documents.sentiment IS 'Sentiment of the entity in the document, -1 to 1';
COMMENT ON COLUMN tapewatch.alert_documents.title IS 'Title, cleaned; empty when it has none';
COMMENT ON COLUMN tapewatch.alert_documents.body IS 'Body, cleaned';
COMMENT ON COLUMN tapewatch.alert_documents.id IS 'The message''s own id; NULL when it has none';
COMMENT ON COLUMN tapewatch.alert_documents.source IS 'The message''s own source; NULL when it has none';
COMMENT ON COLUMN tapewatch.alert_documents.topic IS 'Kafka topic';
COMMENT ON COLUMN tapewatch.alert_documents.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.alert_documents.kafka_offset IS 'Kafka offset, from 0';

CREATE VIEW tapewatch.stream_positions AS
SELECT t.topic, p.partition, p.next_offset, p.end_offset,
    greatest(p.end_offset - greatest(p.next_offset, 0), 0) AS lag, p.watermark, p.caught_up,
    CASE WHEN p.caught_up THEN extract(epoch FROM clock_timestamp() - p.silent_since)::numeric(18, 3) END AS silent_seconds,
    p.seen_at, p.moved_at, p.owner, p.epoch
FROM tapewatch.positions p
JOIN tapewatch.topics t USING (topic_id);
COMMENT ON VIEW tapewatch.stream_positions IS 'How far each partition is stored, and how far behind Kafka that is';
COMMENT ON COLUMN tapewatch.stream_positions.topic IS 'Kafka topic';
COMMENT ON COLUMN tapewatch.stream_positions.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.stream_positions.next_offset IS 'Kafka offset to read next; -1: nothing is stored yet';
COMMENT ON COLUMN tapewatch.stream_positions.end_offset IS 'End of the partition in Kafka as last seen; NULL when unknown';
COMMENT ON COLUMN tapewatch.stream_positions.lag IS 'Offsets not yet stored (markers of transactions count too); NULL when unknown';
COMMENT ON COLUMN tapewatch.stream_positions.watermark IS 'Event time (UTC) that this partition has passed; NULL when none';
COMMENT ON COLUMN tapewatch.stream_positions.caught_up IS 'The owner has seen the end of the partition, and no record since';
COMMENT ON COLUMN tapewatch.stream_positions.silent_seconds IS 'Seconds without a record; NULL unless caught up';
COMMENT ON COLUMN tapewatch.stream_positions.seen_at IS 'Wall clock (UTC) when its owner was last heard of';
COMMENT ON COLUMN tapewatch.stream_positions.moved_at IS 'Wall clock (UTC) when next_offset last moved; NULL when never';
COMMENT ON COLUMN tapewatch.stream_positions.owner IS 'Daemon that holds it: host and process id';
COMMENT ON COLUMN tapewatch.stream_positions.epoch IS 'Counts the takeovers of the partition';

GRANT SELECT ON tapewatch.alerts_open, tapewatch.sentiment_by_minute, tapewatch.alert_documents,
    tapewatch.stream_positions TO tapewatch_reader, tapewatch_writer;
REVOKE ALL ON FUNCTION tapewatch.sentiment(text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.sentiment(text, timestamptz, timestamptz) TO tapewatch_reader, tapewatch_writer;
