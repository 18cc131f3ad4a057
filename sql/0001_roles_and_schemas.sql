-- Three roles and two schemas.
--
--   tapewatch_owner    owns everything; nobody logs in as it
--   tapewatch_writer   the daemons; all of them log in as this one role, so that one may end another's backend
--   tapewatch_reader   analysts; reads, writes nothing
--
-- Roles belong to the whole cluster: they may stand already, made for another database or by a DBA.
-- They are made without a password; give one with ALTER ROLE ... PASSWORD or map them in pg_ident.conf.

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN VALUES ('tapewatch_owner', 'NOLOGIN'), ('tapewatch_writer', 'LOGIN'), ('tapewatch_reader', 'LOGIN') LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.column1) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', wanted.column1, wanted.column2);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of the cluster made it in the same moment
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'tapewatch_owner', 'MEMBER') THEN
        EXECUTE format('GRANT tapewatch_owner TO %I', current_user);
    END IF;
END
$$;

CREATE SCHEMA tapewatch AUTHORIZATION tapewatch_owner;
CREATE SCHEMA tapewatch_days AUTHORIZATION tapewatch_owner;

SET LOCAL ROLE tapewatch_owner;

COMMENT ON SCHEMA tapewatch IS 'Tapewatch: what news and posts say of each company, and the alerts made of it';
COMMENT ON SCHEMA tapewatch_days IS 'One table a day (UTC) behind documents, scores, bars and dead_letters of schema tapewatch; query those';
REVOKE ALL ON SCHEMA tapewatch, tapewatch_days FROM PUBLIC;
GRANT USAGE ON SCHEMA tapewatch TO tapewatch_writer, tapewatch_reader;

CREATE TABLE tapewatch.schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE tapewatch.schema_version IS 'Migrations that have run, written by "tapewatch migrate"';
COMMENT ON COLUMN tapewatch.schema_version.version IS 'Number of the migration; the highest is the version of the schema';
COMMENT ON COLUMN tapewatch.schema_version.name IS 'File name of the migration in sql/';
COMMENT ON COLUMN tapewatch.schema_version.sha256 IS 'SHA-256 of that file, 64 hexadecimal digits: a file must not change after it has run';
COMMENT ON COLUMN tapewatch.schema_version.applied_at IS 'Wall clock (UTC) when it ran';
COMMENT ON COLUMN tapewatch.schema_version.applied_by IS 'Role that logged in to run it';
GRANT SELECT ON tapewatch.schema_version TO tapewatch_writer, tapewatch_reader;
