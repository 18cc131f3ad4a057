-- What comes down the stream. documents, scores, bars and dead_letters are cut by day; days are made ahead
-- (0003_days.sql), and there is no default partition: with one, attaching a day would wait for every reader.
--
-- No foreign keys here: they cost 15 to 40% of the loading rate. What they would promise is promised by the
-- transaction, which carries a document, its scores, its bars and the next offset together or not at all.
--
-- Columns stand widest first, so that no row carries padding. *_time is event time (when it happened);
-- *_at is the wall clock of a computer of ours.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.topics (
    topic_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL UNIQUE
);
COMMENT ON TABLE tapewatch.topics IS 'Kafka topics by a short number, which is what large tables hold';
COMMENT ON COLUMN tapewatch.topics.topic_id IS 'Number of the topic in this database';
COMMENT ON COLUMN tapewatch.topics.topic IS 'Name of the topic in Kafka';

CREATE TABLE tapewatch.models (
    model_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 text NOT NULL UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE tapewatch.models IS 'Models that have made scores, by a short number';
COMMENT ON COLUMN tapewatch.models.model_id IS 'Number of the model in this database';
COMMENT ON COLUMN tapewatch.models.sha256 IS 'SHA-256 of the model, 64 hexadecimal digits, as "tapewatch check" prints it';
COMMENT ON COLUMN tapewatch.models.first_used_at IS 'Wall clock (UTC) when a daemon first stored scores of it';

CREATE TABLE tapewatch.entities (
    symbol text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
    listed boolean NOT NULL
);
COMMENT ON TABLE tapewatch.entities IS 'Companies (and whatever else has a symbol) that documents have spoken of';
COMMENT ON COLUMN tapewatch.entities.symbol IS 'Symbol, as in the entities file or as written in the text';
COMMENT ON COLUMN tapewatch.entities.name IS 'First name of the entities file; the symbol itself when it is not listed there';
COMMENT ON COLUMN tapewatch.entities.shard IS 'Shard that evaluates its alerts: XXH3 (64 bits) of the symbol modulo 64';
COMMENT ON COLUMN tapewatch.entities.listed IS 'Whether it stood in the entities file when last stored';
COMMENT ON COLUMN tapewatch.entities.first_seen_at IS 'Wall clock (UTC) when a daemon first stored it';

CREATE TYPE tapewatch.time_source AS ENUM ('payload', 'header', 'kafka');
COMMENT ON TYPE tapewatch.time_source IS 'Where an event time comes from: a field of the message, a Kafka header, or the record''s own Kafka stamp for want of both';

CREATE TABLE tapewatch.documents (
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    arrived_at timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    partition integer NOT NULL,
    negative real NOT NULL,
    neutral real NOT NULL,
    positive real NOT NULL,
    tokens integer NOT NULL,
    repairs integer NOT NULL,
    time_source tapewatch.time_source NOT NULL,
    topic_id smallint NOT NULL,
    model_id smallint NOT NULL,
    sentiment smallint NOT NULL,
    truncated boolean NOT NULL,
    late boolean NOT NULL,
    id text,
    source text,
    language text,
    title text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (topic_id, partition, kafka_offset, event_time)
) PARTITION BY RANGE (event_time);
-- A hash index: an id is looked up by equality alone, and may be longer than what a B-tree takes (2,704 bytes).
CREATE INDEX documents_id ON tapewatch.documents USING hash (id);
COMMENT ON TABLE tapewatch.documents IS 'News and posts, each stored exactly once, by day (UTC) of event time; identity is (topic, partition, offset)';
COMMENT ON COLUMN tapewatch.documents.topic_id IS 'Kafka topic, see topics';
COMMENT ON COLUMN tapewatch.documents.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.documents.kafka_offset IS 'Kafka offset of the record, from 0';
COMMENT ON COLUMN tapewatch.documents.event_time IS 'When it happened (UTC, microseconds): the message''s own time, else the record''s Kafka stamp';
COMMENT ON COLUMN tapewatch.documents.time_source IS 'Where event_time comes from: payload, header or kafka';
COMMENT ON COLUMN tapewatch.documents.arrived_at IS 'Wall clock (UTC) of the daemon when it had read the record from Kafka';
COMMENT ON COLUMN tapewatch.documents.available_at IS 'Wall clock (UTC) of the server when the transaction that stores it began; readers saw it milliseconds later, never before';
COMMENT ON COLUMN tapewatch.documents.model_id IS 'Model that made the sentiment, see models';
COMMENT ON COLUMN tapewatch.documents.sentiment IS '10,000 x (P(positive) - P(negative)) of the whole text, -10000 to 10000';
COMMENT ON COLUMN tapewatch.documents.negative IS 'Probability of negative, 0 to 1';
COMMENT ON COLUMN tapewatch.documents.neutral IS 'Probability of neutral, 0 to 1';
COMMENT ON COLUMN tapewatch.documents.positive IS 'Probability of positive, 0 to 1';
COMMENT ON COLUMN tapewatch.documents.tokens IS 'Tokens that the model read, [CLS] and [SEP] included';
COMMENT ON COLUMN tapewatch.documents.truncated IS 'The text was longer than what the model reads; only its beginning was scored';
COMMENT ON COLUMN tapewatch.documents.late IS 'Came when event time had passed it already: in its bar, but perhaps not in the alerts';
COMMENT ON COLUMN tapewatch.documents.repairs IS 'Byte sequences mended in decoding (NUL, lone surrogates, broken UTF-8, a byte order mark)';
COMMENT ON COLUMN tapewatch.documents.id IS 'The message''s own id, NULL when it has none; indexed, NOT unique: two records of one id are two documents';
COMMENT ON COLUMN tapewatch.documents.source IS 'The message''s own source, NULL when it has none';
COMMENT ON COLUMN tapewatch.documents.language IS 'The message''s own language, NULL when it has none';
COMMENT ON COLUMN tapewatch.documents.title IS 'Title, cleaned; empty when it has none';
COMMENT ON COLUMN tapewatch.documents.body IS 'Body, cleaned; the model reads title, one space, body';

CREATE TABLE tapewatch.scores (
    kafka_offset bigint NOT NULL,
    event_time timestamptz NOT NULL,
    arrived_at timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    partition integer NOT NULL,
    mentions integer NOT NULL,
    negative real NOT NULL,
    neutral real NOT NULL,
    positive real NOT NULL,
    topic_id smallint NOT NULL,
    model_id smallint NOT NULL,
    sentiment smallint NOT NULL,
    from_document boolean NOT NULL,
    entity text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic_id, partition, kafka_offset, event_time, entity)
) PARTITION BY RANGE (event_time);
CREATE INDEX scores_entity ON tapewatch.scores (entity, event_time);
COMMENT ON TABLE tapewatch.scores IS 'What each document says of each entity in it, by day (UTC) of event time';
COMMENT ON COLUMN tapewatch.scores.topic_id IS 'Kafka topic of the document, see topics';
COMMENT ON COLUMN tapewatch.scores.partition IS 'Kafka partition of the document, from 0';
COMMENT ON COLUMN tapewatch.scores.kafka_offset IS 'Kafka offset of the document, from 0';
COMMENT ON COLUMN tapewatch.scores.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.scores.event_time IS 'When it happened (UTC, microseconds): event time of the document';
COMMENT ON COLUMN tapewatch.scores.arrived_at IS 'Wall clock (UTC) of the daemon when it had read the record from Kafka';
COMMENT ON COLUMN tapewatch.scores.available_at IS 'Wall clock (UTC) of the server when the transaction that stores it began; readers saw it milliseconds later, never before';
COMMENT ON COLUMN tapewatch.scores.model_id IS 'Model that made the score, see models';
COMMENT ON COLUMN tapewatch.scores.sentiment IS '10,000 x (P(positive) - P(negative)), -10000 to 10000';
COMMENT ON COLUMN tapewatch.scores.negative IS 'Probability of negative, 0 to 1';
COMMENT ON COLUMN tapewatch.scores.neutral IS 'Probability of neutral, 0 to 1';
COMMENT ON COLUMN tapewatch.scores.positive IS 'Probability of positive, 0 to 1';
COMMENT ON COLUMN tapewatch.scores.mentions IS 'Times the entity is mentioned in the document, at least 1';
COMMENT ON COLUMN tapewatch.scores.from_document IS 'The score is the whole document''s, because the model has no head for entities';

-- HOT updates need room on the page and no index on what changes: each day's table has fillfactor 70.
CREATE TABLE tapewatch.bars (
    bar_start timestamptz NOT NULL,
    scores bigint NOT NULL,
    sum bigint NOT NULL,
    sum_of_squares bigint NOT NULL,
    negative_sum bigint NOT NULL,
    partition integer NOT NULL,
    topic_id smallint NOT NULL,
    shard smallint NOT NULL,
    entity text COLLATE "C" NOT NULL,
    PRIMARY KEY (bar_start, entity, topic_id, partition)
) PARTITION BY RANGE (bar_start);
COMMENT ON TABLE tapewatch.bars IS 'Scores summed by entity and 10 seconds of event time, a row for each source partition (its owner alone writes it); sum over those';
COMMENT ON COLUMN tapewatch.bars.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.bars.bar_start IS 'Start of the bar (UTC, event time); it holds times from here to 10 s later, that end not included';
COMMENT ON COLUMN tapewatch.bars.topic_id IS 'Kafka topic of the documents, see topics';
COMMENT ON COLUMN tapewatch.bars.partition IS 'Kafka partition of the documents, from 0';
COMMENT ON COLUMN tapewatch.bars.shard IS 'Shard of the entity, as in entities';
COMMENT ON COLUMN tapewatch.bars.scores IS 'Number of scores in the bar';
COMMENT ON COLUMN tapewatch.bars.sum IS 'Sum of their sentiments, in 10,000ths';
COMMENT ON COLUMN tapewatch.bars.sum_of_squares IS 'Sum of the squares of their sentiments, in 100,000,000ths';
COMMENT ON COLUMN tapewatch.bars.negative_sum IS 'Sum of their negative sentiments, positive ones counted as 0, in 10,000ths';

CREATE TABLE tapewatch.dead_letters (
    kafka_offset bigint NOT NULL,
    arrived_at timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    stamp_time timestamptz,
    requeued_at timestamptz,
    partition integer NOT NULL,
    topic_id smallint NOT NULL,
    stage text NOT NULL CHECK (stage IN ('decode', 'store')),
    error_where text NOT NULL,
    error_what text NOT NULL,
    error_cure text NOT NULL,
    key bytea,
    payload bytea,
    header_names bytea[] NOT NULL,
    header_values bytea[] NOT NULL,
    PRIMARY KEY (topic_id, partition, kafka_offset, arrived_at)
) PARTITION BY RANGE (arrived_at);
COMMENT ON TABLE tapewatch.dead_letters IS 'Records that could not be used, whole, by day (UTC) of arrival; "tapewatch deadletters" lists, shows and requeues them';
COMMENT ON COLUMN tapewatch.dead_letters.topic_id IS 'Kafka topic, see topics';
COMMENT ON COLUMN tapewatch.dead_letters.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.dead_letters.kafka_offset IS 'Kafka offset of the record, from 0';
COMMENT ON COLUMN tapewatch.dead_letters.arrived_at IS 'Wall clock (UTC) of the daemon when it had read the record from Kafka';
COMMENT ON COLUMN tapewatch.dead_letters.available_at IS 'Wall clock (UTC) of the server when the transaction that stores it began';
COMMENT ON COLUMN tapewatch.dead_letters.stamp_time IS 'The record''s own Kafka stamp (UTC); NULL when it has none or one that no calendar holds';
COMMENT ON COLUMN tapewatch.dead_letters.requeued_at IS 'Wall clock (UTC) when it was last put back into its topic; NULL when never';
COMMENT ON COLUMN tapewatch.dead_letters.stage IS 'What refused it: decode (the message could not be read) or store (PostgreSQL refused its row)';
COMMENT ON COLUMN tapewatch.dead_letters.error_where IS 'Where in the message the error lies; may be empty';
COMMENT ON COLUMN tapewatch.dead_letters.error_what IS 'What is wrong with it';
COMMENT ON COLUMN tapewatch.dead_letters.error_cure IS 'What can be done about it; may be empty';
COMMENT ON COLUMN tapewatch.dead_letters.key IS 'Key of the record, raw bytes; NULL when it has none';
COMMENT ON COLUMN tapewatch.dead_letters.payload IS 'Value of the record, raw bytes; NULL when it has none';
COMMENT ON COLUMN tapewatch.dead_letters.header_names IS 'Names of its Kafka headers, raw bytes, in order';
COMMENT ON COLUMN tapewatch.dead_letters.header_values IS 'Values of its Kafka headers, raw bytes, in the same order';

GRANT SELECT ON tapewatch.topics, tapewatch.models, tapewatch.entities, tapewatch.documents, tapewatch.scores,
    tapewatch.bars, tapewatch.dead_letters TO tapewatch_writer, tapewatch_reader;
GRANT INSERT ON tapewatch.topics, tapewatch.models, tapewatch.entities, tapewatch.documents, tapewatch.scores,
    tapewatch.bars, tapewatch.dead_letters TO tapewatch_writer;
GRANT UPDATE (name, listed) ON tapewatch.entities TO tapewatch_writer;
GRANT UPDATE (scores, sum, sum_of_squares, negative_sum) ON tapewatch.bars TO tapewatch_writer;
GRANT UPDATE (requeued_at) ON tapewatch.dead_letters TO tapewatch_writer;
