-- Locks that only our own roles can take. An advisory lock may be taken by whoever may log in, and hold everybody up: a
-- reader could stop the daemons by one. A row's lock needs the right to update the row, which only the writer has.
--
--   locks     two rows: `days` is held by whoever makes or drops days, `rules` by whoever stores a rule set, shared with
--             those who move shards
--   shards    are leased: a shard is its holder's for as long as that daemon gives signs of life in a session that
--             stands. No lock is held for longer than a transaction
--
-- A stopped process can still hold a row's lock for ever, when it was stopped between the statements of a transaction.
-- So each sign of life ends the sessions of those who have given none for long (end_silent), and whoever waits for a row
-- longer than lock_timeout ends those of its own role that hold it (end_lockers). A session of another role is not ours
-- to end: it is named instead.

SET LOCAL ROLE tapewatch_owner;

CREATE TABLE tapewatch.locks (
    name text PRIMARY KEY,
    purpose text NOT NULL
);
INSERT INTO tapewatch.locks (name, purpose) VALUES
    ('days', 'tables of days are being made or dropped'),
    ('rules', 'a rule set is being stored; shared: shards are being moved by the last one');
COMMENT ON TABLE tapewatch.locks IS 'Rows that are locked so that one thing happens at a time; who may not update them cannot lock them';
COMMENT ON COLUMN tapewatch.locks.name IS 'Name of the lock';
COMMENT ON COLUMN tapewatch.locks.purpose IS 'What happens while it is held';
GRANT SELECT ON tapewatch.locks TO tapewatch_writer, tapewatch_reader;
GRANT UPDATE (purpose) ON tapewatch.locks TO tapewatch_writer; -- nobody changes it: the right to update is the right to lock

ALTER TABLE tapewatch.members ADD COLUMN backend_start timestamptz, ADD COLUMN backend_pid integer;
COMMENT ON COLUMN tapewatch.members.backend_pid IS 'Process of the server that serves its session';
COMMENT ON COLUMN tapewatch.members.backend_start IS 'Wall clock (UTC) when that session began: process numbers come again';

ALTER TABLE tapewatch.shards ADD COLUMN holder uuid;
COMMENT ON COLUMN tapewatch.shards.holder IS 'Daemon that has the lease, see members; NULL: given back, or never taken';
COMMENT ON TABLE tapewatch.shards IS 'Who evaluates the alerts of which entities, and how far: 64 shards, each leased by one daemon, under an epoch';

-- -- who holds a row -------------------------------------------------------------------------------------------------

-- Who has locked a row stands in its xmax; the session of that transaction stands in pg_locks. A role may end its own
-- role's sessions, no more rights needed.
CREATE FUNCTION tapewatch.end_lockers(locker xid, the_row text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    lockers xid[] := ARRAY[locker];
    holder record;
    stranger record;
    ended integer := 0;
BEGIN
    IF locker IS NULL OR locker = '0'::xid THEN
        RETURN 0;
    END IF;
    BEGIN -- several lockers share one number; asking for one that is none is an error
        lockers := lockers || ARRAY(SELECT m.xid FROM pg_catalog.pg_get_multixact_members(locker) m);
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    FOR holder IN
        SELECT DISTINCT l.pid, coalesce(a.usename::text, '?') AS role, coalesce(a.application_name, '') AS application
        FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
        WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
            AND l.transactionid = ANY (lockers) AND l.pid <> pg_catalog.pg_backend_pid()
    LOOP
        IF holder.role = current_user THEN
            ended := ended + pg_catalog.pg_terminate_backend(holder.pid)::integer;
        ELSE
            stranger := holder;
        END IF;
    END LOOP;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION '% is locked by session % of role "%" ("%"), which is not ours to end', the_row, stranger.pid,
            stranger.role, stranger.application USING ERRCODE = 'lock_not_available',
            HINT = format('let it end its transaction, or end it as that role or as a superuser: SELECT pg_terminate_backend(%s)',
                stranger.pid);
    END IF;
    RETURN ended;
END
$$;
COMMENT ON FUNCTION tapewatch.end_lockers(xid, text) IS
    'Ends the sessions of the caller''s own role that hold a row''s lock, given its xmax; returns how many; 55P03, naming it, when one of another role holds it. Only after lock_timeout';

CREATE OR REPLACE FUNCTION tapewatch.end_blockers(the_topic text, the_partition integer)
RETURNS integer LANGUAGE sql AS $$
    SELECT tapewatch.end_lockers(p.xmax, format('the row of partition %s of topic %s', the_partition, the_topic))
    FROM tapewatch.positions p JOIN tapewatch.topics t USING (topic_id)
    WHERE t.topic = the_topic AND p.partition = the_partition
$$;
COMMENT ON FUNCTION tapewatch.end_blockers(text, integer) IS
    'Ends our own sessions that hold the lock on a partition''s row (a stopped process); returns how many; 55P03 when another role''s does. Only after lock_timeout';

CREATE FUNCTION tapewatch.lock_rules(alone boolean)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        IF alone THEN
            PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR UPDATE;
        ELSE
            PERFORM FROM tapewatch.locks l WHERE l.name = 'rules' FOR SHARE;
        END IF;
        RETURN;
    EXCEPTION WHEN lock_not_available THEN
        NULL;
    END;
    PERFORM tapewatch.end_lockers((SELECT l.xmax FROM tapewatch.locks l WHERE l.name = 'rules'), 'the lock "rules"');
    RAISE EXCEPTION 'the lock "rules" was held for longer than lock_timeout; sessions of ours that held it are ended'
        USING ERRCODE = 'lock_not_available', HINT = 'none needed: it is tried again';
END
$$;
COMMENT ON FUNCTION tapewatch.lock_rules(boolean) IS
    'Takes the lock "rules" until the transaction ends, alone or shared; when it takes longer than lock_timeout, ends who of ours holds it, and raises 55P03';

-- As the owner, who may end nobody: it names who is in the way.
CREATE FUNCTION tapewatch.lock_days()
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    BEGIN
        PERFORM FROM tapewatch.locks l WHERE l.name = 'days' FOR UPDATE;
        RETURN;
    EXCEPTION WHEN lock_not_available THEN
        NULL;
    END;
    PERFORM tapewatch.end_lockers((SELECT l.xmax FROM tapewatch.locks l WHERE l.name = 'days'), 'the lock "days"');
    RAISE EXCEPTION 'the lock "days" was held for longer than lock_timeout'
        USING ERRCODE = 'lock_not_available', HINT = 'none needed: it is tried again';
END
$$;
COMMENT ON FUNCTION tapewatch.lock_days() IS 'Takes the lock "days" until the transaction ends; 55P03, naming who holds it, after lock_timeout';

-- -- days, as in 0003, under the row's lock --------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION tapewatch.ensure_days(event_days date[], arrival_days date[] DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    wanted record;
    child text;
    made date[] := '{}';
BEGIN
    -- Two creators at once: the second waits here and then finds the tables (IF NOT EXISTS alone ends in 42P07).
    PERFORM tapewatch.lock_days();
    FOR wanted IN
        SELECT p.parent, d.day
        FROM unnest(event_days) AS d(day), (VALUES ('documents'), ('scores'), ('bars')) AS p(parent)
        UNION
        SELECT 'dead_letters', d.day FROM unnest(arrival_days) AS d(day)
        ORDER BY 2, 1
    LOOP
        child := format('%s_%s', wanted.parent, to_char(wanted.day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(format('tapewatch_days.%I', child)) IS NOT NULL;
        EXECUTE format('CREATE TABLE tapewatch_days.%I (LIKE tapewatch.%I INCLUDING ALL)%s', child, wanted.parent,
            CASE WHEN wanted.parent = 'bars' THEN ' WITH (fillfactor = 70)' ELSE '' END);
        EXECUTE format('ALTER TABLE tapewatch.%I ATTACH PARTITION tapewatch_days.%I FOR VALUES FROM (%L) TO (%L)',
            wanted.parent, child, wanted.day::text || ' 00:00:00+00', (wanted.day + 1)::text || ' 00:00:00+00');
        IF NOT wanted.day = ANY (made) THEN
            made := made || wanted.day;
        END IF;
    END LOOP;
    RETURN cardinality(made);
END
$$;

CREATE OR REPLACE FUNCTION tapewatch.drop_day(parent text, day date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '300ms'
AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
    IF parent IS NULL OR day IS NULL OR parent NOT IN ('documents', 'scores', 'bars', 'dead_letters') THEN
        RAISE EXCEPTION 'no table "%" that is cut by day', parent
            USING ERRCODE = 'invalid_parameter_value', HINT = 'documents, scores, bars or dead_letters';
    END IF;
    PERFORM tapewatch.lock_days();
    IF to_regclass(format('tapewatch_days.%I', child)) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE tapewatch.%I DETACH PARTITION tapewatch_days.%I', parent, child);
    EXECUTE format('DROP TABLE tapewatch_days.%I', child);
    RETURN true;
END
$$;

-- -- shards: leases --------------------------------------------------------------------------------------------------

-- The start of a session is hidden from other roles: then its signs of life alone are looked at.
CREATE FUNCTION tapewatch.members_alive(alive_ms bigint)
RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT m.member FROM tapewatch.members m
    WHERE m.seen_at > clock_timestamp() - make_interval(secs => alive_ms / 1000.0) AND m.backend_pid IS NOT NULL
        AND EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity(m.backend_pid) a
            WHERE a.backend_start IS NULL OR a.backend_start = m.backend_start)
$$;
COMMENT ON FUNCTION tapewatch.members_alive(bigint) IS
    'Daemons that have given a sign of life within so many milliseconds, and whose session stands';

CREATE FUNCTION tapewatch.end_silent(alive_ms bigint)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    silent record;
BEGIN
    FOR silent IN
        SELECT m.name, m.backend_pid FROM tapewatch.members m
        WHERE m.seen_at <= clock_timestamp() - make_interval(secs => alive_ms / 1000.0)
            AND m.backend_pid <> pg_catalog.pg_backend_pid()
            AND EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity(m.backend_pid) a WHERE a.backend_start = m.backend_start)
    LOOP
        IF pg_catalog.pg_terminate_backend(silent.backend_pid) THEN
            RETURN NEXT silent.name;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION tapewatch.end_silent(bigint) IS
    'Ends the sessions of daemons that have given no sign of life for so many milliseconds (stopped, or hung), and with them whatever they hold; returns their names';

CREATE FUNCTION tapewatch.take_shards(the_shards smallint[], the_member uuid, the_token uuid, the_owner text, alive_ms bigint)
RETURNS TABLE (shard smallint, epoch bigint, evaluated_to timestamptz) LANGUAGE sql AS $$
    UPDATE tapewatch.shards s SET epoch = s.epoch + 1, owner_token = the_token, owner = the_owner, holder = the_member,
        taken_at = clock_timestamp()
    FROM (SELECT f.shard FROM tapewatch.shards f
        WHERE f.shard = ANY (the_shards) AND (f.holder IS NULL OR f.holder = the_member
            OR f.holder NOT IN (SELECT tapewatch.members_alive(alive_ms)))
        ORDER BY f.shard FOR UPDATE SKIP LOCKED) AS free
    WHERE s.shard = free.shard
    RETURNING s.shard, s.epoch, s.evaluated_to
$$;
COMMENT ON FUNCTION tapewatch.take_shards(smallint[], uuid, uuid, text, bigint) IS
    'Leases those of the shards that are free, one''s own already, or whose holder is not alive; under a new epoch and this token. Waits for nobody: what is locked is tried again';

CREATE FUNCTION tapewatch.give_shards(the_shards smallint[], the_member uuid)
RETURNS void LANGUAGE sql AS $$
    UPDATE tapewatch.shards s SET holder = NULL
    FROM (SELECT f.shard FROM tapewatch.shards f WHERE f.shard = ANY (the_shards) AND f.holder = the_member
        ORDER BY f.shard FOR UPDATE) AS mine
    WHERE s.shard = mine.shard
$$;
COMMENT ON FUNCTION tapewatch.give_shards(smallint[], uuid) IS 'Gives back those of the shards that this daemon holds';

-- -- as in 0005, under the row's lock --------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION tapewatch.shards_move(the_shards smallint[], the_epochs bigint[], the_token uuid, the_from timestamptz,
    the_to timestamptz, the_rule_set integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved integer;
BEGIN
    PERFORM tapewatch.lock_rules(false);
    IF (SELECT coalesce(max(r.rule_set_id), 0) FROM tapewatch.rule_sets r) <> the_rule_set THEN
        RAISE EXCEPTION 'there are new rules' USING ERRCODE = 'TWE01';
    END IF;
    UPDATE tapewatch.shards s SET evaluated_to = the_to, moved_at = clock_timestamp()
    FROM unnest(the_shards, the_epochs) AS u (shard, epoch)
    WHERE s.shard = u.shard AND s.epoch = u.epoch AND s.owner_token = the_token
        AND s.evaluated_to IS NOT DISTINCT FROM the_from;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(the_shards) THEN
        RAISE EXCEPTION 'fenced: a shard has another owner, or was evaluated to another time' USING ERRCODE = 'TWF01';
    END IF;
END
$$;

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
    RETURN stored;
END
$$;

REVOKE ALL ON FUNCTION tapewatch.end_lockers(xid, text), tapewatch.lock_rules(boolean), tapewatch.lock_days(),
    tapewatch.members_alive(bigint), tapewatch.end_silent(bigint),
    tapewatch.take_shards(smallint[], uuid, uuid, text, bigint), tapewatch.give_shards(smallint[], uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.end_lockers(xid, text), tapewatch.lock_rules(boolean),
    tapewatch.members_alive(bigint), tapewatch.end_silent(bigint),
    tapewatch.take_shards(smallint[], uuid, uuid, text, bigint), tapewatch.give_shards(smallint[], uuid) TO tapewatch_writer;
