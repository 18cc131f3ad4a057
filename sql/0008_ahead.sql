-- A record whose time lies too far ahead is stored, but moves no watermark. That is decided once, by the clock and the
-- configuration of the day on which it is stored, and kept: read again after a reset, it decides alike.

SET LOCAL ROLE tapewatch_owner;

ALTER TABLE tapewatch.documents ADD COLUMN ahead boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tapewatch.documents.ahead IS
    'Its event_time is later than its record''s Kafka stamp by more than watermark.max_ahead, or that stamp than the daemon''s clock by more than a day: it did not move the watermark';
