-- Two sessions that wait for each other's locks come to nothing before PostgreSQL ends one of them. Whoever takes more than
-- one of these takes them in this order, and leaves out what it does not need:
--
--   rows of stories, copy_bars, late_bars, entity_days > rows of positions > `rules` > filing > rows of shards
--
-- An evaluator writes its rows first, then locks the partitions that it passes over, and moves filing or shards last;
-- bring_back (of `reset`) took `rules` first.

SET LOCAL ROLE tapewatch_owner;

-- As in 0023, in that order. Evaluators that are at rows of these tables are waited for before anything is locked that they
-- still need. Not for ever: a process that is stopped in it is ended by others' signs of life (end_silent) meanwhile. What takes
-- long is done while nothing else is locked: who holds `rules` or a position for longer than lock_timeout is ended by the others.
-- A turn that moves a shard meanwhile had nothing to write into these tables.
CREATE OR REPLACE FUNCTION tapewatch.bring_back(the_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
    IF the_time IS NULL OR the_time IS DISTINCT FROM date_bin('10 s', the_time, 'epoch') THEN
        RAISE EXCEPTION 'no edge of a bar: %', the_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE tapewatch.stories, tapewatch.copy_bars, tapewatch.entity_days IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM tapewatch.copy_bars c WHERE c.bar_start >= the_time;
    WITH back AS (DELETE FROM tapewatch.stories s WHERE s.event_time >= the_time
        RETURNING s.kafka_offset, s.event_time, s.partition, s.topic_id, s.sketch)
    INSERT INTO tapewatch.unfiled (kafka_offset, event_time, partition, topic_id, sketch) SELECT * FROM back;
    DELETE FROM tapewatch.entity_days d USING tapewatch.shards s
    WHERE s.shard = d.shard AND s.evaluated_to > the_time AND d.day >= (the_time AT TIME ZONE 'UTC')::date;
    INSERT INTO tapewatch.entity_days (day, shard, entity, scores, sum, sum_of_squares, negative_sum)
    SELECT (the_time AT TIME ZONE 'UTC')::date, b.shard, b.entity, sum(b.scores), sum(b.sum), sum(b.sum_of_squares),
        sum(b.negative_sum)
    FROM (SELECT bar_start, shard, entity, scores, sum, sum_of_squares, negative_sum FROM tapewatch.bars
        UNION ALL SELECT bar_start, shard, entity, -scores, -sum, -sum_of_squares, -negative_sum FROM tapewatch.copy_bars) b
    JOIN tapewatch.shards s USING (shard)
    WHERE s.evaluated_to > the_time AND b.bar_start < the_time
        AND b.bar_start >= date_trunc('day', the_time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    GROUP BY b.shard, b.entity HAVING sum(b.scores) > 0;
    PERFORM FROM tapewatch.positions p WHERE p.watermark > the_time ORDER BY p.topic_id, p.partition FOR UPDATE;
    PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR UPDATE;
    UPDATE tapewatch.filing f SET filed_to = the_time, moved_at = clock_timestamp() WHERE f.filed_to > the_time;
    PERFORM FROM tapewatch.shards s WHERE s.evaluated_to > the_time ORDER BY s.shard FOR UPDATE;
    UPDATE tapewatch.shards s SET evaluated_to = the_time, epoch = s.epoch + 1, owner_token = gen_random_uuid(),
        moved_at = clock_timestamp()
    WHERE s.evaluated_to > the_time;
    UPDATE tapewatch.positions p SET watermark = the_time, epoch = p.epoch + 1, owner_token = gen_random_uuid(),
        caught_up = false, silent_since = NULL
    WHERE p.watermark > the_time;
    UPDATE tapewatch.rule_sets r SET holds_from = the_time WHERE r.holds_from > the_time;
END
$$;

-- As in 0017; like whatever else people do, it needs a reason.
CREATE OR REPLACE FUNCTION tapewatch.watch_remove(the_list text, the_entity text, the_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF the_reason IS NULL OR the_reason !~ '\S' THEN
        RAISE EXCEPTION 'no reason is given' USING ERRCODE = 'invalid_parameter_value', HINT = 'say why, in a few words';
    END IF;
    UPDATE tapewatch.watched w SET removed_at = clock_timestamp(), removed_by = session_user, removed_reason = the_reason
    WHERE w.list = the_list AND w.entity = the_entity AND w.removed_at IS NULL;
    RETURN FOUND;
END
$$;
