-- What the values of an alert are values of stands beside them: nobody need look for the rule set that opened it.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.alerts ADD COLUMN measure text;
COMMENT ON COLUMN tapewatch.alerts.measure IS
    'What reported_value and worst_value are values of: negative_sum, mean or count over the rule''s window, or sentiment (headline); NULL where it is not known any more (opened before schema version 7 by a rule set that is lost)';

-- Rule sets are stored with every key written out. That of the step `opened` decided what the alert measures; it never
-- measures anything else, for a rule that does resolves it.
UPDATE tapewatch.alerts a SET measure = CASE a.kind
    WHEN 'headline' THEN 'sentiment'
    ELSE (SELECT substring(rule FROM '\n    measure: ([a-z_]+)\n')
        FROM tapewatch.alert_steps s JOIN tapewatch.rule_sets r USING (rule_set_id),
            regexp_split_to_table(r.rules, '\n  - name: ') AS rule
        WHERE s.alert_id = a.alert_id AND s.step = 'opened' AND starts_with(rule, format(E'"%s"\n', a.rule))
        LIMIT 1)
    END;

-- Which kinds of rules there are, the program says; a new one needs no migration.
ALTER TABLE tapewatch.alerts DROP CONSTRAINT alerts_kind_check,
    ADD CONSTRAINT alerts_kind_check CHECK (kind ~ '^[a-z_]+$');

DROP FUNCTION tapewatch.store_alert(bigint, text, text, smallint, text, text, timestamptz, timestamptz, timestamptz,
    timestamptz, timestamptz, bigint, bigint, bigint, integer);
CREATE FUNCTION tapewatch.store_alert(the_id bigint, the_rule text, the_entity text, the_shard smallint, the_kind text,
    the_measure text, the_severity text, opened timestamptz, stepped timestamptz, resolved timestamptz, quiet timestamptz,
    first timestamptz, reported bigint, worst bigint, number bigint, the_rule_set integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF the_id IS NULL THEN
        INSERT INTO tapewatch.alerts (rule, entity, shard, kind, measure, severity, state, opened_time, stepped_time,
            resolved_time, quiet_since, first_time, reported_value, worst_value, documents, rule_set_id)
        VALUES (the_rule, the_entity, the_shard, the_kind, the_measure, the_severity,
            CASE WHEN resolved IS NULL THEN 'open' ELSE 'resolved' END, opened, stepped, resolved, quiet, first, reported,
            worst, number, the_rule_set);
    ELSE
        UPDATE tapewatch.alerts a SET measure = the_measure, severity = the_severity,
            state = CASE WHEN resolved IS NULL THEN 'open' ELSE 'resolved' END, stepped_time = stepped,
            resolved_time = resolved, quiet_since = quiet, reported_value = reported, worst_value = worst,
            documents = number, rule_set_id = the_rule_set, changed_at = clock_timestamp()
        WHERE a.alert_id = the_id;
    END IF;
END
$$;
COMMENT ON FUNCTION tapewatch.store_alert(bigint, text, text, smallint, text, text, text, timestamptz, timestamptz, timestamptz,
    timestamptz, timestamptz, bigint, bigint, bigint, integer) IS 'Writes an alert as the evaluator left it: a new one when the_id is NULL';
REVOKE ALL ON FUNCTION tapewatch.store_alert(bigint, text, text, smallint, text, text, text, timestamptz, timestamptz, timestamptz,
    timestamptz, timestamptz, bigint, bigint, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.store_alert(bigint, text, text, smallint, text, text, text, timestamptz, timestamptz,
    timestamptz, timestamptz, timestamptz, bigint, bigint, bigint, integer) TO tapewatch_writer;
