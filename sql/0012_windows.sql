-- What evaluators need in order to keep windows in memory and read each bar once.
--
--   late_bars    bars that have changed behind what was read: a late document is in its bar, and counts in the windows
--                that still look back on it, as it did when windows were read anew at each turn
--   rule sets    those that decide nothing any more are not read; those that nobody refers to either are deleted

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.late_bars (
    late_bar_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bar_start timestamptz NOT NULL,
    shard smallint NOT NULL,
    entity text COLLATE "C" NOT NULL
);
CREATE INDEX late_bars_shard ON tapewatch.late_bars (shard, late_bar_id);
COMMENT ON TABLE tapewatch.late_bars IS 'Bars that a late document was added to, until the evaluator of their shard has read them again';
COMMENT ON COLUMN tapewatch.late_bars.late_bar_id IS 'Number of the row';
COMMENT ON COLUMN tapewatch.late_bars.bar_start IS 'Start of the bar (UTC, event time), see bars';
COMMENT ON COLUMN tapewatch.late_bars.shard IS 'Shard of the entity, see shards';
COMMENT ON COLUMN tapewatch.late_bars.entity IS 'Symbol of the entity, see entities';
GRANT SELECT ON tapewatch.late_bars TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, DELETE ON tapewatch.late_bars TO tapewatch_writer;

-- Whom an evaluator could have missed: documents below what has been evaluated, and those below the partition's own
-- watermark, for a turn that is under way may have read their bars. (It never reads beyond the watermark of a partition
-- that is not idle; of one that is idle it locks the row.) No rule looks back further than 7 days: whoever loads an
-- archive of years below what has been evaluated notes nothing.
CREATE FUNCTION tapewatch.note_late(the_topic smallint, the_partition integer, the_begin bigint, the_end bigint,
    the_earliest timestamptz, the_bound timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tapewatch.late_bars (bar_start, shard, entity)
    SELECT DISTINCT date_bin('10 seconds', s.event_time, '1970-01-01 00:00:00+00'), e.shard, s.entity
    FROM tapewatch.scores s JOIN tapewatch.entities e ON e.symbol = s.entity JOIN tapewatch.shards h ON h.shard = e.shard
    WHERE s.topic_id = the_topic AND s.partition = the_partition AND s.kafka_offset >= the_begin
        AND s.kafka_offset < the_end AND s.event_time >= the_earliest AND s.event_time < the_bound
        AND s.event_time >= h.evaluated_to - interval '7 days'
$$;
COMMENT ON FUNCTION tapewatch.note_late(smallint, integer, bigint, bigint, timestamptz, timestamptz) IS
    'Notes the bars of the documents between two offsets that happened before the_bound, and that a rule may look back on, in late_bars';

CREATE OR REPLACE FUNCTION tapewatch.move_position(the_topic smallint, the_partition integer, the_epoch bigint, the_token uuid,
    the_begin bigint, the_end bigint, the_watermark timestamptz, the_earliest timestamptz, assumed_evaluated timestamptz,
    the_stamp timestamptz DEFAULT NULL, the_hash bigint DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before timestamptz;
    evaluated timestamptz;
BEGIN
    SELECT p.watermark INTO before FROM tapewatch.positions p WHERE p.topic_id = the_topic AND p.partition = the_partition;
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
    IF the_earliest < greatest(evaluated, before) THEN
        PERFORM tapewatch.note_late(the_topic, the_partition, the_begin, the_end, the_earliest, greatest(evaluated, before));
    END IF;
END
$$;

-- -- rule sets -------------------------------------------------------------------------------------------------------

-- A set governs the edges from its own on to the next set's: of those that hold from an edge that every shard has passed
-- only the last one still decides anything.
CREATE FUNCTION tapewatch.first_rule_set()
RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(r.rule_set_id), 0) FROM tapewatch.rule_sets r
    WHERE r.holds_from <= (SELECT min(coalesce(s.evaluated_to, '-infinity')) FROM tapewatch.shards s)
$$;
COMMENT ON FUNCTION tapewatch.first_rule_set() IS
    'The first rule set that may still decide anything, for any shard; those before it need not be read. 0: none is stored';

CREATE INDEX alerts_rule_set ON tapewatch.alerts (rule_set_id);
CREATE INDEX alert_steps_rule_set ON tapewatch.alert_steps (rule_set_id);

CREATE FUNCTION tapewatch.prune_rule_sets()
RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM tapewatch.rule_sets r
        WHERE r.rule_set_id < tapewatch.first_rule_set()
            AND (SELECT min(n.stored_at) FROM tapewatch.rule_sets n WHERE n.rule_set_id > r.rule_set_id)
                < clock_timestamp() - interval '30 days'
            AND NOT EXISTS (SELECT FROM tapewatch.alerts a WHERE a.rule_set_id = r.rule_set_id)
            AND NOT EXISTS (SELECT FROM tapewatch.alert_steps s WHERE s.rule_set_id = r.rule_set_id)
        RETURNING 1)
    SELECT count(*)::integer FROM pruned
$$;
COMMENT ON FUNCTION tapewatch.prune_rule_sets() IS
    'Deletes rule sets that decide nothing any more, were replaced more than 30 days ago, and that no alert and no step of one refers to; returns how many';

CREATE OR REPLACE FUNCTION tapewatch.store_rule_set(the_sha256 text, the_owner text, the_rules text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    last record;
    stored integer;
BEGIN
    -- Nobody moves a shard while it is decided from when the new set holds: a bar is never evaluated by both.
    PERFORM tapewatch.lock_rules(true);
    SELECT r.rule_set_id, r.sha256 INTO last FROM tapewatch.rule_sets r ORDER BY r.rule_set_id DESC LIMIT 1;
    IF last.sha256 = the_sha256 THEN
        RETURN last.rule_set_id;
    END IF;
    INSERT INTO tapewatch.rule_sets (holds_from, sha256, stored_by, rules)
    SELECT CASE WHEN last.rule_set_id IS NULL THEN '-infinity'
        ELSE greatest((SELECT max(s.evaluated_to) FROM tapewatch.shards s),
            (SELECT max(r.holds_from) FROM tapewatch.rule_sets r)) END, the_sha256, the_owner, the_rules
    RETURNING rule_set_id INTO stored;
    PERFORM tapewatch.prune_rule_sets();
    RETURN stored;
END
$$;

REVOKE ALL ON FUNCTION tapewatch.note_late(smallint, integer, bigint, bigint, timestamptz, timestamptz),
    tapewatch.first_rule_set(), tapewatch.prune_rule_sets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.note_late(smallint, integer, bigint, bigint, timestamptz, timestamptz),
    tapewatch.first_rule_set(), tapewatch.prune_rule_sets() TO tapewatch_writer;
