-- What each step of an alert was decided by stands in its row, written in the transaction that makes the step: what the value was
-- held against, from when documents counted, what is usual, how many copies were not counted, and which model read them.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.alert_steps
    ADD COLUMN window_from timestamptz,
    ADD COLUMN threshold bigint,
    ADD COLUMN baseline bigint,
    ADD COLUMN deviation bigint,
    ADD COLUMN copies bigint,
    ADD COLUMN baseline_days integer,
    ADD COLUMN model_id smallint;
COMMENT ON COLUMN tapewatch.alert_steps.window_from IS 'Event time (UTC) from which documents counted, up to step_time; all, any: from which alerts of others did; NULL of headlines and events, and where the rule is gone';
COMMENT ON COLUMN tapewatch.alert_steps.threshold IS 'What the value was held against, in 10,000ths: opened, updated: the value from which the rule opens (count, burst: documents; shift: z; all, any: rules; headline: sentiment); resolved: the value from which it is quiet; NULL of an event, and where the rule is gone';
COMMENT ON COLUMN tapewatch.alert_steps.baseline IS 'shift: median of the daily means; burst: documents to be expected in the window; in 10,000ths; NULL of other kinds, and where too few days are known';
COMMENT ON COLUMN tapewatch.alert_steps.deviation IS 'shift: how far the mean of so many documents strays from the baseline, in 10,000ths; NULL of other kinds';
COMMENT ON COLUMN tapewatch.alert_steps.baseline_days IS 'Days of the baseline: shift: with documents; burst: from the first with documents on; NULL of other kinds';
COMMENT ON COLUMN tapewatch.alert_steps.copies IS 'Documents of the window that were not counted because their story was told of the entity before: documents are then stories; NULL where stories are not filed, and of kinds that count no documents';
COMMENT ON COLUMN tapewatch.alert_steps.model_id IS 'Model of the newest score of the entity in the window, see models; NULL: there is none';

-- For people: as numbers, with the rules and the model that decided it.
CREATE VIEW tapewatch.alert_numbers AS
SELECT s.alert_id, s.alert_step_id, a.rule, a.entity, a.kind, a.measure, s.step, s.step_time, s.window_from,
    (s.value / 10000.0)::numeric(18, 4) AS value, (s.threshold / 10000.0)::numeric(18, 4) AS threshold,
    s.documents, CASE WHEN s.copies IS NOT NULL THEN s.documents END AS stories, s.copies,
    (s.baseline / 10000.0)::numeric(18, 4) AS baseline, (s.deviation / 10000.0)::numeric(18, 4) AS deviation, s.baseline_days,
    r.sha256 AS rules_sha256, m.sha256 AS model_sha256, s.reason, s.stepped_at
FROM tapewatch.alert_steps s
JOIN tapewatch.alerts a USING (alert_id)
LEFT JOIN tapewatch.rule_sets r ON r.rule_set_id = s.rule_set_id
LEFT JOIN tapewatch.models m ON m.model_id = s.model_id;
COMMENT ON VIEW tapewatch.alert_numbers IS 'Each step of each alert with the numbers that decided it, and which rules and model made them';
COMMENT ON COLUMN tapewatch.alert_numbers.alert_id IS 'Number of the alert';
COMMENT ON COLUMN tapewatch.alert_numbers.alert_step_id IS 'Number of the step, see alert_steps';
COMMENT ON COLUMN tapewatch.alert_numbers.rule IS 'Name of the rule';
COMMENT ON COLUMN tapewatch.alert_numbers.entity IS 'Symbol of the entity, see entities';
COMMENT ON COLUMN tapewatch.alert_numbers.kind IS 'Kind of the rule';
COMMENT ON COLUMN tapewatch.alert_numbers.measure IS 'What value and threshold are values of';
COMMENT ON COLUMN tapewatch.alert_numbers.step IS 'opened, updated or resolved';
COMMENT ON COLUMN tapewatch.alert_numbers.step_time IS 'Event time (UTC): end of the bar at which it happened';
COMMENT ON COLUMN tapewatch.alert_numbers.window_from IS 'Event time (UTC) from which documents counted, up to step_time; NULL of headlines and events';
COMMENT ON COLUMN tapewatch.alert_numbers.baseline IS 'shift: median of the daily means; burst: documents to be expected; NULL of other kinds';
COMMENT ON COLUMN tapewatch.alert_numbers.deviation IS 'shift: how far the mean of so many documents strays from the baseline; NULL of other kinds';
COMMENT ON COLUMN tapewatch.alert_numbers.baseline_days IS 'Days of the baseline';
COMMENT ON COLUMN tapewatch.alert_numbers.reason IS 'Why, in words';
COMMENT ON COLUMN tapewatch.alert_numbers.stepped_at IS 'Wall clock (UTC) of the server when it was stored';
COMMENT ON COLUMN tapewatch.alert_numbers.value IS 'Value of what measure says';
COMMENT ON COLUMN tapewatch.alert_numbers.threshold IS 'What the value was held against: to open, or, of a step resolved, to be quiet';
COMMENT ON COLUMN tapewatch.alert_numbers.documents IS 'Documents that counted (all, any: rules; headline, event: documents of this step)';
COMMENT ON COLUMN tapewatch.alert_numbers.stories IS 'Stories that counted: documents without copies; NULL where stories are not filed, and of kinds that count no documents';
COMMENT ON COLUMN tapewatch.alert_numbers.copies IS 'Documents of the window that are copies, and were not counted';
COMMENT ON COLUMN tapewatch.alert_numbers.rules_sha256 IS 'SHA-256 of the rules that decided it, see rule_sets';
COMMENT ON COLUMN tapewatch.alert_numbers.model_sha256 IS 'SHA-256 of the model that made the newest score of the window';

GRANT SELECT ON tapewatch.alert_numbers TO tapewatch_reader, tapewatch_writer;
