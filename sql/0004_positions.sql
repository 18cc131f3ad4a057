-- How far each partition has been stored, by whom; and the fence that keeps everybody else out.
--
-- One transaction is one pipeline with one Sync. Its first statement is fence(), a plain read that raises when the
-- partition is not the caller's any more or its offset is not where the caller left it; its last is move_position(),
-- which checks the same again under the row's lock. So a stopped client holds no lock that another one needs.
--
-- Error codes of ours:
--   TWF01   fenced: another owner, or another offset. Nothing was changed.
--   TWE01   rules have been evaluated past the earliest document of the batch since the client decided which
--           documents are late: decide anew and send again.

SET LOCAL ROLE tapewatch_owner;

-- A row is updated with every commit: room for HOT updates on its page.
CREATE TABLE tapewatch.positions (
    next_offset bigint NOT NULL DEFAULT -1 CHECK (next_offset >= -1),
    highest_offset bigint NOT NULL DEFAULT -1,
    epoch bigint NOT NULL,
    watermark timestamptz,
    end_offset bigint,
    silent_since timestamptz,
    seen_at timestamptz NOT NULL,
    taken_at timestamptz NOT NULL,
    moved_at timestamptz,
    owner_token uuid NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    topic_id smallint NOT NULL,
    caught_up boolean NOT NULL DEFAULT false,
    owner text NOT NULL,
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE tapewatch.positions IS 'How far each partition is stored: the only truth about offsets (Kafka''s own are advisory)';
COMMENT ON COLUMN tapewatch.positions.topic_id IS 'Kafka topic, see topics';
COMMENT ON COLUMN tapewatch.positions.partition IS 'Kafka partition, from 0';
COMMENT ON COLUMN tapewatch.positions.next_offset IS 'Kafka offset to read next: all below it is stored; -1: nothing is, reading starts at the beginning';
COMMENT ON COLUMN tapewatch.positions.highest_offset IS 'Highest next_offset there ever was: after a reset, what lies below may be stored already and is compared first';
COMMENT ON COLUMN tapewatch.positions.epoch IS 'Counts the takeovers of this partition';
COMMENT ON COLUMN tapewatch.positions.owner_token IS 'Random token of the owner''s takeover; with epoch, the fence';
COMMENT ON COLUMN tapewatch.positions.owner IS 'Daemon that took it: host and process id';
COMMENT ON COLUMN tapewatch.positions.watermark IS 'Highest event time (UTC) stored, less the allowed lateness; NULL when none';
COMMENT ON COLUMN tapewatch.positions.end_offset IS 'End of the partition in Kafka as last seen by the owner: one past its last record; NULL when unknown';
COMMENT ON COLUMN tapewatch.positions.caught_up IS 'The owner has seen the end of the partition, and no record since';
COMMENT ON COLUMN tapewatch.positions.silent_since IS 'Wall clock (UTC) of the server since which the owner has had no record; NULL when unknown';
COMMENT ON COLUMN tapewatch.positions.seen_at IS 'Wall clock (UTC) of the server when the owner last refreshed this row, at least each second while it lives';
COMMENT ON COLUMN tapewatch.positions.taken_at IS 'Wall clock (UTC) of the server when the owner took it';
COMMENT ON COLUMN tapewatch.positions.moved_at IS 'Wall clock (UTC) of the server when next_offset last moved; NULL when never';

-- Evaluation of alerts, cut by entity into 64 shards: XXH3 (64 bits) of the symbol modulo 64, fixed here for good.
CREATE TABLE tapewatch.shards (
    evaluated_to timestamptz,
    epoch bigint NOT NULL DEFAULT 0,
    taken_at timestamptz,
    moved_at timestamptz,
    owner_token uuid,
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    owner text
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
INSERT INTO tapewatch.shards (shard) SELECT generate_series(0, 63);
COMMENT ON TABLE tapewatch.shards IS 'Who evaluates the alerts of which entities, and how far: 64 shards, each held by one daemon through an advisory lock and an epoch';
COMMENT ON COLUMN tapewatch.shards.shard IS 'Number of the shard, 0 to 63';
COMMENT ON COLUMN tapewatch.shards.evaluated_to IS 'Edge of a bar (UTC, event time) up to which rules have been evaluated; NULL when never';
COMMENT ON COLUMN tapewatch.shards.epoch IS 'Counts the takeovers of this shard';
COMMENT ON COLUMN tapewatch.shards.owner_token IS 'Random token of the owner''s takeover; with epoch, the fence';
COMMENT ON COLUMN tapewatch.shards.owner IS 'Daemon that took it: host and process id; NULL when never taken';
COMMENT ON COLUMN tapewatch.shards.taken_at IS 'Wall clock (UTC) of the server when the owner took it';
COMMENT ON COLUMN tapewatch.shards.moved_at IS 'Wall clock (UTC) of the server when evaluated_to last moved';

CREATE TABLE tapewatch.members (
    member uuid PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    name text NOT NULL,
    version text NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE tapewatch.members IS 'Daemons that evaluate alerts; shards are shared out among those seen lately';
COMMENT ON COLUMN tapewatch.members.member IS 'Random number of this start of the daemon';
COMMENT ON COLUMN tapewatch.members.name IS 'Host and process id';
COMMENT ON COLUMN tapewatch.members.version IS 'Version of the program';
COMMENT ON COLUMN tapewatch.members.started_at IS 'Wall clock (UTC) of the server when it was first seen';
COMMENT ON COLUMN tapewatch.members.seen_at IS 'Wall clock (UTC) of the server when it was last seen';

CREATE FUNCTION tapewatch.fence(the_topic smallint, the_partition integer, the_epoch bigint, the_token uuid, the_begin bigint)
RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_epoch bigint;
    found_token uuid;
    found_offset bigint;
BEGIN
    SELECT p.epoch, p.owner_token, p.next_offset INTO found_epoch, found_token, found_offset
    FROM tapewatch.positions p WHERE p.topic_id = the_topic AND p.partition = the_partition;
    IF found_token IS DISTINCT FROM the_token OR found_epoch IS DISTINCT FROM the_epoch
        OR found_offset IS DISTINCT FROM the_begin THEN
        RAISE EXCEPTION 'fenced: partition % of topic %: expected epoch % at offset %, found epoch % at offset %',
            the_partition, the_topic, the_epoch, the_begin, found_epoch, found_offset USING ERRCODE = 'TWF01';
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.fence(smallint, integer, bigint, uuid, bigint) IS
    'Raises TWF01 unless the partition is owned under this epoch and token and stands at this offset; takes no lock';

CREATE FUNCTION tapewatch.move_position(the_topic smallint, the_partition integer, the_epoch bigint, the_token uuid,
    the_begin bigint, the_end bigint, the_watermark timestamptz, the_earliest timestamptz, assumed_evaluated timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    evaluated timestamptz;
BEGIN
    UPDATE tapewatch.positions p
    SET next_offset = the_end, highest_offset = greatest(p.highest_offset, the_end), watermark = greatest(p.watermark, the_watermark),
        moved_at = clock_timestamp(), silent_since = clock_timestamp()
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
COMMENT ON FUNCTION tapewatch.move_position(smallint, integer, bigint, uuid, bigint, bigint, timestamptz, timestamptz, timestamptz) IS
    'Last statement of a commit: moves the offset under the fence; TWF01 when it is not the caller''s, TWE01 when rules have been evaluated past the_earliest and the caller assumed otherwise';

CREATE FUNCTION tapewatch.take_partition(the_topic text, the_partition integer, the_token uuid, the_owner text,
    OUT topic_id smallint, OUT epoch bigint, OUT next_offset bigint, OUT highest_offset bigint,
    OUT watermark timestamptz)
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
    RETURNING p.epoch, p.next_offset, p.highest_offset, p.watermark INTO epoch, next_offset, highest_offset, watermark;
END
$$;
COMMENT ON FUNCTION tapewatch.take_partition(text, integer, uuid, text) IS
    'Takes a partition: raises its epoch, writes the token, and says where to read on; waits for an open commit of its last owner, so set lock_timeout';

-- Who holds the lock on a row stands in its xmax; the backend of that transaction stands in pg_locks. A role may end
-- its own role's backends, no more rights needed.
CREATE FUNCTION tapewatch.end_blockers(the_topic text, the_partition integer)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    locker xid;
    lockers xid[];
    ended integer;
BEGIN
    SELECT p.xmax INTO locker FROM tapewatch.positions p JOIN tapewatch.topics t USING (topic_id)
    WHERE t.topic = the_topic AND p.partition = the_partition;
    IF locker IS NULL OR locker = '0'::xid THEN
        RETURN 0;
    END IF;
    lockers := ARRAY[locker];
    BEGIN -- several lockers share one number; asking for one that is none is an error
        lockers := lockers || ARRAY(SELECT m.xid FROM pg_catalog.pg_get_multixact_members(locker) m);
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    SELECT count(*) INTO ended FROM (
        SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
            AND l.transactionid = ANY (lockers) AND l.pid <> pg_catalog.pg_backend_pid()) AS holder
    WHERE pg_catalog.pg_terminate_backend(holder.pid);
    RETURN ended;
END
$$;
COMMENT ON FUNCTION tapewatch.end_blockers(text, integer) IS
    'Ends the backends that hold the lock on a partition''s row (a stopped process); returns how many. Only after lock_timeout';

CREATE FUNCTION tapewatch.reset_position(the_topic text, the_partition integer, the_offset bigint)
RETURNS bigint LANGUAGE sql AS $$
    UPDATE tapewatch.positions p
    SET next_offset = the_offset, epoch = p.epoch + 1, owner_token = gen_random_uuid(), watermark = NULL,
        caught_up = false, silent_since = NULL, moved_at = clock_timestamp()
    FROM tapewatch.topics t
    WHERE t.topic = the_topic AND p.topic_id = t.topic_id AND p.partition = the_partition
    RETURNING p.next_offset
$$;
COMMENT ON FUNCTION tapewatch.reset_position(text, integer, bigint) IS
    'Moves a stored offset by hand (-1: to the beginning) and fences off its owner, who then takes the partition anew; NULL when there is no such partition';

GRANT SELECT ON tapewatch.positions, tapewatch.shards, tapewatch.members TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, UPDATE ON tapewatch.positions TO tapewatch_writer;
GRANT UPDATE ON tapewatch.shards TO tapewatch_writer;
GRANT INSERT, UPDATE, DELETE ON tapewatch.members TO tapewatch_writer;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tapewatch FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tapewatch TO tapewatch_writer;
