-- What comments say of columns that have come to hold more than when they were written: kinds of rules (0018), tables that are cut by
-- day (0014, 0023), texts that are read in windows of sentences, events that are told beside headlines (0015).

SET LOCAL ROLE tapewatch_owner;

COMMENT ON SCHEMA tapewatch_days IS 'One table a day (UTC) behind documents, scores, events, bars, stories, copy_bars and dead_letters of schema tapewatch; query those';
COMMENT ON COLUMN tapewatch.documents.truncated IS
    'The text was longer than what the model reads: its title and the windows of sentences behind it were scored, or, of a single window, its beginning';
COMMENT ON COLUMN tapewatch.alerts.kind IS
    'Kind of the rule: threshold, shift or burst (many documents, over a window), headline or event (single documents), all or any (alerts of other rules)';
COMMENT ON COLUMN tapewatch.alerts_open.kind IS 'Kind of the rule: threshold, shift, burst, headline, event, all or any';
COMMENT ON COLUMN tapewatch.alerts_open.value IS
    'Value at its last step: sum or mean of sentiment (1 = fully positive), number of documents, polarity of the event''s type, z (shift), or rules that speak (all, any)';
COMMENT ON COLUMN tapewatch.alert_steps.documents IS
    'threshold, shift, burst: documents in the window then; headline, event: documents of this step; all, any: rules that speak';
COMMENT ON FUNCTION tapewatch.notify_event() IS
    'NOTIFY tapewatch_alerts, "event <alert_event_id>" for each headline and event, unless its rule asks for several stories, or is held to watch lists on which its entity does not stand';
