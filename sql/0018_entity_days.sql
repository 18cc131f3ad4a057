-- What rules with a baseline (kinds shift and burst) hold a window against: each entity's days, summed from its bars. The
-- evaluator of a shard alone writes them, in the transaction that moves its "evaluated to": a row holds exactly the bars of
-- its day that begin before that.
--
-- A late document is added where late_bars are read: its day is summed anew from the scores.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.entity_days (
    day date NOT NULL,
    shard smallint NOT NULL,
    entity text COLLATE "C" NOT NULL,
    scores bigint NOT NULL,
    sum bigint NOT NULL,
    sum_of_squares bigint NOT NULL,
    negative_sum bigint NOT NULL,
    PRIMARY KEY (entity, day)
) WITH (fillfactor = 70);
CREATE INDEX entity_days_shard ON tapewatch.entity_days (shard, day);
COMMENT ON TABLE tapewatch.entity_days IS 'Scores summed by entity and day: the bars of that day that have been evaluated';
COMMENT ON COLUMN tapewatch.entity_days.day IS 'Day (UTC) of event time';
COMMENT ON COLUMN tapewatch.entity_days.shard IS 'Shard of the entity, see shards';
COMMENT ON COLUMN tapewatch.entity_days.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.entity_days.scores IS 'Number of scores';
COMMENT ON COLUMN tapewatch.entity_days.sum IS 'Sum of their sentiments, in 10,000ths';
COMMENT ON COLUMN tapewatch.entity_days.sum_of_squares IS 'Sum of the squares of their sentiments, in 100,000,000ths';
COMMENT ON COLUMN tapewatch.entity_days.negative_sum IS 'Sum of their negative sentiments, positive ones counted as 0, in 10,000ths';
GRANT SELECT ON tapewatch.entity_days TO tapewatch_writer, tapewatch_reader;
GRANT INSERT, UPDATE ON tapewatch.entity_days TO tapewatch_writer;

INSERT INTO tapewatch.entity_days (day, shard, entity, scores, sum, sum_of_squares, negative_sum)
SELECT (b.bar_start AT TIME ZONE 'UTC')::date, b.shard, b.entity, sum(b.scores), sum(b.sum), sum(b.sum_of_squares),
    sum(b.negative_sum)
FROM tapewatch.bars b JOIN tapewatch.shards s USING (shard)
WHERE b.bar_start < s.evaluated_to
GROUP BY 1, 2, 3;

COMMENT ON COLUMN tapewatch.alerts.measure IS
    'What reported_value and worst_value are values of: negative_sum, mean or count over the rule''s window, sentiment (headline), polarity (event), z (shift), count (burst) or rules that speak (all, any); NULL where it is not known any more (opened before schema version 7 by a rule set that is lost)';
COMMENT ON COLUMN tapewatch.alerts.documents IS
    'threshold, shift, burst: documents in the window at the last step; headline, event: documents so far; all, any: rules that speak';

-- Alerts that were resolved of late: rules of kinds all and any count them from where they opened.
CREATE INDEX alerts_shard_opened ON tapewatch.alerts (shard, opened_time) WHERE state = 'resolved';

-- Days behind a time that is brought back are as if nothing had been evaluated since.
CREATE OR REPLACE FUNCTION tapewatch.bring_back(the_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF the_time IS NULL OR the_time IS DISTINCT FROM date_bin('10 s', the_time, 'epoch') THEN
        RAISE EXCEPTION 'no edge of a bar: %', the_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR UPDATE;
    DELETE FROM tapewatch.entity_days d USING tapewatch.shards s
    WHERE s.shard = d.shard AND s.evaluated_to > the_time AND d.day >= (the_time AT TIME ZONE 'UTC')::date;
    INSERT INTO tapewatch.entity_days (day, shard, entity, scores, sum, sum_of_squares, negative_sum)
    SELECT (the_time AT TIME ZONE 'UTC')::date, b.shard, b.entity, sum(b.scores), sum(b.sum), sum(b.sum_of_squares),
        sum(b.negative_sum)
    FROM tapewatch.bars b JOIN tapewatch.shards s USING (shard)
    WHERE s.evaluated_to > the_time AND b.bar_start < the_time
        AND b.bar_start >= date_trunc('day', the_time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    GROUP BY b.shard, b.entity;
    UPDATE tapewatch.shards s SET evaluated_to = the_time, epoch = s.epoch + 1, owner_token = gen_random_uuid(),
        moved_at = clock_timestamp()
    WHERE s.evaluated_to > the_time;
    UPDATE tapewatch.positions p SET watermark = the_time, epoch = p.epoch + 1, owner_token = gen_random_uuid(),
        caught_up = false, silent_since = NULL
    WHERE p.watermark > the_time;
    UPDATE tapewatch.rule_sets r SET holds_from = the_time WHERE r.holds_from > the_time;
END
$$;
