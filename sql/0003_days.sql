-- Days of tables. CREATE TABLE ... PARTITION OF would take ACCESS EXCLUSIVE on the parent and, waiting behind
-- one reader, stop every INSERT; CREATE LIKE + ATTACH takes SHARE UPDATE EXCLUSIVE and waits for nobody who reads
-- or writes. Both functions run as the owner, with a fixed search_path, for the writer, who can do no DDL.

SET LOCAL ROLE tapewatch_owner;

CREATE FUNCTION tapewatch.ensure_days(event_days date[], arrival_days date[] DEFAULT '{}')
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
    PERFORM pg_advisory_xact_lock(1415006040, 1);
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
COMMENT ON FUNCTION tapewatch.ensure_days(date[], date[]) IS
    'Makes the tables of these days (UTC): documents, scores and bars of event days, dead_letters of arrival days; returns how many days were new';

-- DETACH ... CONCURRENTLY cannot run inside a function. The plain one takes ACCESS EXCLUSIVE on the parent, hence the
-- very short lock_timeout (55P03: try again later) and one day of one table a call. A DBA may instead run, as
-- tapewatch_owner:  ALTER TABLE tapewatch.documents DETACH PARTITION tapewatch_days.documents_20260101 CONCURRENTLY;
CREATE FUNCTION tapewatch.drop_day(parent text, day date)
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
    PERFORM pg_advisory_xact_lock(1415006040, 1);
    IF to_regclass(format('tapewatch_days.%I', child)) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE tapewatch.%I DETACH PARTITION tapewatch_days.%I', parent, child);
    EXECUTE format('DROP TABLE tapewatch_days.%I', child);
    RETURN true;
END
$$;
COMMENT ON FUNCTION tapewatch.drop_day(text, date) IS
    'Drops one day (UTC) of documents, scores, bars or dead_letters; false when there is none; 55P03 when a reader is in the way';

REVOKE ALL ON FUNCTION tapewatch.ensure_days(date[], date[]), tapewatch.drop_day(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.ensure_days(date[], date[]), tapewatch.drop_day(text, date) TO tapewatch_writer;

CREATE VIEW tapewatch.days AS
SELECT parent.relname::text AS parent,
    to_date(substr(child.relname, length(parent.relname) + 2), 'YYYYMMDD') AS day,
    child.relname::text AS day_table
FROM pg_catalog.pg_inherits link
JOIN pg_catalog.pg_class child ON child.oid = link.inhrelid
JOIN pg_catalog.pg_class parent ON parent.oid = link.inhparent
WHERE parent.relnamespace = 'tapewatch'::regnamespace AND child.relkind = 'r' AND NOT link.inhdetachpending;
COMMENT ON VIEW tapewatch.days IS 'Days for which there are tables';
COMMENT ON COLUMN tapewatch.days.parent IS 'documents, scores, bars or dead_letters';
COMMENT ON COLUMN tapewatch.days.day IS 'Day (UTC): of event time, for dead_letters of arrival';
COMMENT ON COLUMN tapewatch.days.day_table IS 'The table of schema tapewatch_days that holds it';
GRANT SELECT ON tapewatch.days TO tapewatch_writer, tapewatch_reader;
