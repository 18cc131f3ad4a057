-- Two trees of scores cost a fifth of all that PostgreSQL does for a document: one is enough.
--
--   the key              begins with entity and time, by which scores are asked for; it still refuses a score twice
--   scores_document      which scores a document has: a BRIN index, which costs an insertion next to nothing. Offsets grow in a day's
--                        table as the table grows, so a few pages are read for a document, or the batch that it came in
--
-- What late documents change is told by the bars of their batch, which the daemon has at hand, not read back from the scores.

SET LOCAL ROLE tapewatch_owner;
SET LOCAL maintenance_work_mem = '256MB';

ALTER TABLE tapewatch.scores DROP CONSTRAINT scores_pkey;
DROP INDEX tapewatch.scores_entity;
ALTER TABLE tapewatch.scores ADD PRIMARY KEY (entity, event_time, kafka_offset, partition, topic_id);
CREATE INDEX scores_document ON tapewatch.scores USING brin (kafka_offset, partition, topic_id) WITH (pages_per_range = 32);

DROP FUNCTION tapewatch.note_late(smallint, integer, bigint, bigint, timestamptz, timestamptz);

-- Whom an evaluator could have missed: documents below what has been evaluated, and those below the partition's own
-- watermark, for a turn that is under way may have read their bars. (It never reads beyond the watermark of a partition
-- that is not idle; of one that is idle it locks the row.) No rule looks back further than 7 days: whoever loads an
-- archive of years below what has been evaluated notes nothing. Called before move_position(), which refuses the whole when
-- more has been evaluated meanwhile.
CREATE FUNCTION tapewatch.note_late(the_topic smallint, the_partition integer, the_earliest timestamptz, starts timestamptz[],
    shards smallint[], entities text[])
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.late_bars (bar_start, shard, entity)
    SELECT b.bar_start, b.shard, b.entity
    FROM unnest(starts, shards, entities) AS b (bar_start, shard, entity)
    JOIN tapewatch.shards h ON h.shard = b.shard
    WHERE b.bar_start > the_earliest - interval '10 seconds'
        AND b.bar_start < greatest((SELECT max(s.evaluated_to) FROM tapewatch.shards s),
            (SELECT p.watermark FROM tapewatch.positions p WHERE p.topic_id = the_topic AND p.partition = the_partition))
        AND b.bar_start > h.evaluated_to - interval '7 days 10 seconds'
$$;
COMMENT ON FUNCTION tapewatch.note_late(smallint, integer, timestamptz, timestamptz[], smallint[], text[]) IS
    'Notes in late_bars those of a batch''s bars that begin before what has been evaluated, or before the partition''s watermark, and that a rule may look back on';

-- As in 0012, without what note_late does now.
CREATE OR REPLACE FUNCTION tapewatch.move_position(the_topic smallint, the_partition integer, the_epoch bigint, the_token uuid,
    the_begin bigint, the_end bigint, the_watermark timestamptz, the_earliest timestamptz, assumed_evaluated timestamptz,
    the_stamp timestamptz DEFAULT NULL, the_hash bigint DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    evaluated timestamptz;
BEGIN
    UPDATE tapewatch.positions p
    SET next_offset = the_end, highest_offset = greatest(p.highest_offset, the_end), watermark = greatest(p.watermark, the_watermark),
        moved_at = clock_timestamp(), silent_since = clock_timestamp(), last_stamp = the_stamp, last_hash = the_hash
    WHERE p.topic_id = the_topic AND p.partition = the_partition AND p.epoch = the_epoch
        AND p.owner_token = the_token AND p.next_offset = the_begin;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fenced: partition % of topic % while storing offsets % to %', the_partition, the_topic,
            the_begin, the_end USING ERRCODE = 'TWF01';
    END IF;
    -- Read after the row is locked: an evaluator that passes over an idle partition locks its row FOR SHARE until
    -- its "evaluated to" stands, so either we see that here, or it sees our new offset there.
    SELECT max(s.evaluated_to) INTO evaluated FROM tapewatch.shards s;
    IF evaluated > the_earliest AND evaluated IS DISTINCT FROM assumed_evaluated THEN
        RAISE EXCEPTION 'rules have been evaluated to % meanwhile', evaluated USING ERRCODE = 'TWE01';
    END IF;
END
$$;

REVOKE ALL ON FUNCTION tapewatch.note_late(smallint, integer, timestamptz, timestamptz[], smallint[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.note_late(smallint, integer, timestamptz, timestamptz[], smallint[], text[]) TO tapewatch_writer;
