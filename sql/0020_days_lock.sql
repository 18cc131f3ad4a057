-- Whoever makes days waits for the lock "days" for lock_timeout, and then ends the sessions of its own role that hold it: a process
-- that was stopped while it made days would hold it for ever, and no document of a new day would be stored. The tables are made as
-- the owner, who may end nobody; so the caller takes the lock itself first.
--
-- Who holds a row's lock is found by its xmax, and only when the lock was not taken inside a block with an EXCEPTION: such a
-- block is a transaction of its own, whose number stands in pg_locks no more when the block is left. So lock_days has none.

SET LOCAL ROLE tapewatch_owner;

CREATE OR REPLACE FUNCTION tapewatch.lock_days()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wait interval := greatest(current_setting('lock_timeout')::interval, interval '300 ms');
    until timestamptz := clock_timestamp() + wait;
    holder xid;
    ended integer := 0;
BEGIN
    LOOP
        PERFORM FROM tapewatch.locks l WHERE l.name = 'days' FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            RETURN;
        END IF;
        EXIT WHEN clock_timestamp() >= until;
        PERFORM pg_sleep(0.02);
    END LOOP;
    holder := (SELECT l.xmax FROM tapewatch.locks l WHERE l.name = 'days');
    -- One of ours that is still making tables is not stopped: its server process waits for no client.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
        WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.transactionid = holder
            AND a.usename = current_user AND a.wait_event_type IS DISTINCT FROM 'Client') THEN
        ended := tapewatch.end_lockers(holder, 'the lock "days"');
    END IF;
    RAISE EXCEPTION 'the lock "days" was held for longer than %; % sessions of ours that held it are ended', wait, ended
        USING ERRCODE = 'lock_not_available', HINT = 'none needed: it is tried again';
END
$$;
COMMENT ON FUNCTION tapewatch.lock_days() IS
    'Takes the lock "days" until the transaction ends; when it takes longer than lock_timeout, ends who of the caller''s role holds it and waits for its client, and raises 55P03; names who else holds it';

ALTER FUNCTION tapewatch.ensure_days(date[], date[]) RENAME TO make_days;
COMMENT ON FUNCTION tapewatch.make_days(date[], date[]) IS
    'What ensure_days does, as the owner, under the lock "days": makes the tables of these days (UTC)';

CREATE FUNCTION tapewatch.ensure_days(event_days date[], arrival_days date[] DEFAULT '{}')
RETURNS integer LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
    -- Two creators at once: the second waits here and then finds the tables.
    PERFORM tapewatch.lock_days();
    RETURN tapewatch.make_days(event_days, arrival_days);
END
$$;
COMMENT ON FUNCTION tapewatch.ensure_days(date[], date[]) IS
    'Makes the tables of these days (UTC): documents, scores, events and bars of event days, dead_letters of arrival days; returns how many days were new; 55P03 when somebody else makes days for longer than 2 s: who of the caller''s role is stopped in it is ended';

REVOKE ALL ON FUNCTION tapewatch.ensure_days(date[], date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.ensure_days(date[], date[]), tapewatch.lock_days() TO tapewatch_writer;
