-- A batch of records that cannot be read (damaged, or packed in a way that nobody knows) strands its partition. When an operator
-- passes it over, it becomes one dead letter for the range of its offsets: what is published is then documents + dead letters
-- + offsets passed over.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.dead_letters ADD COLUMN last_offset bigint;
COMMENT ON COLUMN tapewatch.dead_letters.kafka_offset IS
    'Kafka offset of the record, from 0; of a batch that could not be read: the first that was passed over';
COMMENT ON COLUMN tapewatch.dead_letters.last_offset IS
    'Last offset of a batch of records that could not be read and was passed over by hand, nothing of which is known; NULL: a single record';
COMMENT ON COLUMN tapewatch.dead_letters.stage IS
    'What refused it: decode (the message could not be read), store (PostgreSQL refused its row) or read (a batch of records that could not be read at all)';

-- The days have the old rule as one of their own, too.
ALTER TABLE tapewatch.dead_letters DROP CONSTRAINT dead_letters_stage_check;
DO $$
DECLARE
    child record;
BEGIN
    FOR child IN SELECT d.day_table FROM tapewatch.days d WHERE d.parent = 'dead_letters' LOOP
        EXECUTE format('ALTER TABLE tapewatch_days.%I DROP CONSTRAINT IF EXISTS dead_letters_stage_check', child.day_table);
    END LOOP;
END
$$;
ALTER TABLE tapewatch.dead_letters
    ADD CONSTRAINT dead_letters_stage_check CHECK (stage IN ('decode', 'store', 'read')),
    ADD CONSTRAINT dead_letters_range_check CHECK ((stage = 'read') = (last_offset IS NOT NULL) AND last_offset >= kafka_offset);

-- The watermark stays: reading goes forward. What was passed over before, and is come to again after a reset, is not written
-- a second time.
CREATE FUNCTION tapewatch.pass_unreadable(the_topic text, the_partition integer, the_stored bigint, the_next bigint, the_what text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    the_topic_id smallint;
    the_first bigint := greatest(the_stored, 0);
    the_time timestamptz := clock_timestamp();
BEGIN
    UPDATE tapewatch.positions p
    SET next_offset = the_next, highest_offset = greatest(p.highest_offset, the_next), epoch = p.epoch + 1,
        owner_token = gen_random_uuid(), caught_up = false, silent_since = NULL, moved_at = the_time,
        last_stamp = NULL, last_hash = NULL
    FROM tapewatch.topics t
    WHERE t.topic = the_topic AND p.topic_id = t.topic_id AND p.partition = the_partition AND p.next_offset = the_stored
    RETURNING p.topic_id INTO the_topic_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'partition % of topic "%" does not stand at offset % any more', the_partition, the_topic, the_stored
            USING ERRCODE = 'TWF01', HINT = 'look again';
    END IF;
    PERFORM tapewatch.ensure_days('{}', ARRAY[(the_time AT TIME ZONE 'UTC')::date]);
    INSERT INTO tapewatch.dead_letters (topic_id, partition, kafka_offset, last_offset, arrived_at, available_at, stage,
        error_where, error_what, error_cure, header_names, header_values)
    SELECT the_topic_id, the_partition, the_first, the_next - 1, the_time, now(), 'read',
        format('offsets %s to %s', the_first, the_next - 1), the_what,
        'send what they held once more; see the sender, the broker''s disk, and whether the library knows how they are packed',
        '{}', '{}'
    WHERE NOT EXISTS (SELECT FROM tapewatch.dead_letters d WHERE d.topic_id = the_topic_id AND d.partition = the_partition
        AND d.kafka_offset <= the_first AND d.last_offset >= the_next - 1);
    RETURN the_next;
END
$$;
COMMENT ON FUNCTION tapewatch.pass_unreadable(text, integer, bigint, bigint, text) IS
    'Passes over a batch of records that cannot be read: moves a partition from the_stored to the_next, fences off its owner, and writes one dead letter for the range; TWF01 when it does not stand there';

REVOKE ALL ON FUNCTION tapewatch.pass_unreadable(text, integer, bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.pass_unreadable(text, integer, bigint, bigint, text) TO tapewatch_writer;
