-- A topic is told from another of the same name by the record that was stored last of it. The row keeps what that record is
-- told by; whoever takes the partition reads the record once more and compares.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.positions ADD COLUMN last_stamp timestamptz, ADD COLUMN last_hash bigint;
COMMENT ON COLUMN tapewatch.positions.last_stamp IS
    'Kafka stamp (UTC) of the record at next_offset - 1; NULL when it has none that a calendar holds';
COMMENT ON COLUMN tapewatch.positions.last_hash IS
    'XXH3 (64 bits) of key, value and headers of the record at next_offset - 1; NULL when not known: nothing stored yet, moved by a reset, or stored before schema version 10';

DROP FUNCTION tapewatch.move_position(smallint, integer, bigint, uuid, bigint, bigint, timestamptz, timestamptz, timestamptz);
CREATE FUNCTION tapewatch.move_position(the_topic smallint, the_partition integer, the_epoch bigint, the_token uuid,
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
COMMENT ON FUNCTION tapewatch.move_position(smallint, integer, bigint, uuid, bigint, bigint, timestamptz, timestamptz, timestamptz, timestamptz, bigint) IS
    'Last statement of a commit: moves the offset under the fence; TWF01 when it is not the caller''s, TWE01 when rules have been evaluated past the_earliest and the caller assumed otherwise';

DROP FUNCTION tapewatch.take_partition(text, integer, uuid, text);
CREATE FUNCTION tapewatch.take_partition(the_topic text, the_partition integer, the_token uuid, the_owner text,
    OUT topic_id smallint, OUT epoch bigint, OUT next_offset bigint, OUT highest_offset bigint,
    OUT watermark timestamptz, OUT last_stamp timestamptz, OUT last_hash bigint)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT t.topic_id INTO topic_id FROM tapewatch.topics t WHERE t.topic = the_topic;
    IF topic_id IS NULL THEN
        INSERT INTO tapewatch.topics (topic) VALUES (the_topic) ON CONFLICT DO NOTHING;
        SELECT t.topic_id INTO topic_id FROM tapewatch.topics t WHERE t.topic = the_topic;
    END IF;
    INSERT INTO tapewatch.positions AS p (topic_id, partition, epoch, owner_token, owner, taken_at, seen_at)
    VALUES (topic_id, the_partition, 1, the_token, the_owner, clock_timestamp(), clock_timestamp())
    ON CONFLICT ON CONSTRAINT positions_pkey DO UPDATE
    SET epoch = p.epoch + 1, owner_token = excluded.owner_token, owner = excluded.owner,
        taken_at = excluded.taken_at, seen_at = excluded.seen_at, caught_up = false, silent_since = NULL
    RETURNING p.epoch, p.next_offset, p.highest_offset, p.watermark, p.last_stamp, p.last_hash
    INTO epoch, next_offset, highest_offset, watermark, last_stamp, last_hash;
END
$$;
COMMENT ON FUNCTION tapewatch.take_partition(text, integer, uuid, text) IS
    'Takes a partition: raises its epoch, writes the token, and says where to read on and what the record before that is told by; waits for an open commit of its last owner, so set lock_timeout';

CREATE OR REPLACE FUNCTION tapewatch.reset_position(the_topic text, the_partition integer, the_offset bigint)
RETURNS bigint LANGUAGE sql AS $$
    UPDATE tapewatch.positions p
    SET next_offset = the_offset, epoch = p.epoch + 1, owner_token = gen_random_uuid(), watermark = NULL,
        caught_up = false, silent_since = NULL, moved_at = clock_timestamp(), last_stamp = NULL, last_hash = NULL
    FROM tapewatch.topics t
    WHERE t.topic = the_topic AND p.topic_id = t.topic_id AND p.partition = the_partition
    RETURNING p.next_offset
$$;

REVOKE ALL ON FUNCTION
    tapewatch.move_position(smallint, integer, bigint, uuid, bigint, bigint, timestamptz, timestamptz, timestamptz, timestamptz, bigint),
    tapewatch.take_partition(text, integer, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    tapewatch.move_position(smallint, integer, bigint, uuid, bigint, bigint, timestamptz, timestamptz, timestamptz, timestamptz, bigint),
    tapewatch.take_partition(text, integer, uuid, text) TO tapewatch_writer;
