-- Who may do what, and no more.
BEGIN;
SELECT plan(24);

SELECT is_empty($$
    SELECT c.relname, p.privilege FROM pg_class c,
        (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER'), ('REFERENCES')) AS p(privilege)
    WHERE c.relnamespace IN ('tapewatch'::regnamespace, 'tapewatch_days'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
        AND (has_table_privilege('tapewatch_reader', c.oid, p.privilege)
            OR p.privilege IN ('INSERT', 'UPDATE') AND has_any_column_privilege('tapewatch_reader', c.oid, p.privilege))
$$, 'the reader can write nothing');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'tapewatch'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        AND NOT has_table_privilege('tapewatch_reader', c.oid, 'SELECT')
$$, 'the reader can read every table and view');
SELECT is_empty($$
    SELECT c.relname, p.privilege FROM pg_class c, (VALUES ('DELETE'), ('TRUNCATE')) AS p(privilege)
    WHERE c.relnamespace IN ('tapewatch'::regnamespace, 'tapewatch_days'::regnamespace) AND c.relkind IN ('r', 'p')
        AND c.relname NOT IN ('members', 'late_bars', 'unfiled') AND has_table_privilege('tapewatch_writer', c.oid, p.privilege)
$$, 'the writer can delete nothing but its own sign of life, what it has read of late bars, and what it has filed');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'tapewatch'::regnamespace
        AND has_function_privilege('tapewatch_reader', p.oid, 'EXECUTE') AND p.provolatile = 'v'
$$, 'the reader can call nothing that changes anything');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE p.pronamespace = 'tapewatch'::regnamespace AND a.grantee = 0
$$, 'PUBLIC can call nothing');
SELECT is(has_schema_privilege('tapewatch_writer', 'tapewatch', 'CREATE'), false, 'the writer can make no tables');
SELECT is(has_schema_privilege('tapewatch_writer', 'tapewatch_days', 'CREATE'), false, 'nor days of its own');
SELECT is(has_schema_privilege('tapewatch_reader', 'tapewatch_days', 'USAGE'), false, 'days are nobody''s to read alone');
SELECT is(pg_has_role('tapewatch_writer', 'tapewatch_owner', 'MEMBER'), false, 'the writer is not the owner');
SELECT is(pg_has_role('tapewatch_reader', 'tapewatch_writer', 'MEMBER'), false, 'the reader is not the writer');
SELECT is((SELECT rolcanlogin FROM pg_roles WHERE rolname = 'tapewatch_owner'), false, 'nobody logs in as the owner');
SELECT is((SELECT bool_or(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) FROM pg_roles
    WHERE rolname LIKE 'tapewatch\_%'), false, 'no role of ours is more than a role');

SET LOCAL ROLE tapewatch_reader;
SELECT throws_ok($$ SELECT FROM tapewatch.locks FOR KEY SHARE $$, '42501', NULL, 'the reader can lock no row that daemons wait for');
SELECT throws_ok($$ SELECT FROM tapewatch.shards FOR KEY SHARE $$, '42501', NULL, 'nor a shard');
SELECT throws_ok($$ LOCK TABLE tapewatch.locks IN ROW SHARE MODE $$, '42501', NULL, 'nor their tables');

SET LOCAL ROLE tapewatch_writer;
SELECT lives_ok($$ SELECT tapewatch.lock_rules(true) $$, 'the writer can');
SELECT is(tapewatch.ensure_days('{2031-02-01}', '{2031-02-01}'), 1, 'the writer makes days through the function');
SELECT is((SELECT count(*)::int FROM tapewatch.days WHERE day = '2031-02-01'), 7, 'seven tables of them');
SELECT lives_ok($$ SELECT tapewatch.take_partition('t', 0, gen_random_uuid(), 'me') $$, 'the writer takes a partition');
SELECT throws_ok($$ DROP TABLE tapewatch_days.bars_20310201 $$, '42501', NULL, 'the writer cannot drop a table');
SELECT throws_ok($$ UPDATE tapewatch.documents SET title = '' $$, '42501', NULL, 'the writer cannot rewrite a document');
SELECT throws_ok($$ UPDATE tapewatch.alert_steps SET value = 0 $$, '42501', NULL, 'nor history');
SELECT throws_ok($$ UPDATE tapewatch.schema_version SET version = 0 $$, '42501', NULL, 'nor the schema''s version');
SELECT is(tapewatch.drop_day('bars', '2031-02-01'), true, 'the writer drops a day through the function');

SELECT * FROM finish();
ROLLBACK;
