-- The schema as analysts see it: every table and column explains itself, one open alert for each rule and entity.
BEGIN;
SELECT plan(17);

SELECT is_empty($$
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'tapewatch'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(col_description(c.oid, a.attnum), '') = ''
$$, 'every column of every table and view has a comment');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'tapewatch'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        AND coalesce(obj_description(c.oid), '') = ''
$$, 'every table and view has a comment');
SELECT is_empty($$
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'tapewatch'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
        AND a.atttypid = 'timestamptz'::regtype AND col_description(c.oid, a.attnum) !~ 'UTC|Event time'
$$, 'the comment of every time says which clock it is');
SELECT is_empty($$
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'tapewatch'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
        AND a.attname IN ('sentiment', 'sum', 'sum_of_squares', 'negative_sum', 'value', 'reported_value', 'worst_value')
        AND col_description(c.oid, a.attnum) !~ '0,?000'
$$, 'the comment of every fixed-point number says its unit');
SELECT is_empty($$
    SELECT c.name, k.kind FROM (VALUES ('alerts'), ('alerts_open')) AS c(name),
        (VALUES ('threshold'), ('headline'), ('event'), ('shift'), ('burst'), ('all'), ('any')) AS k(kind)
    WHERE col_description(('tapewatch.' || c.name)::regclass, (SELECT a.attnum FROM pg_attribute a
        WHERE a.attrelid = ('tapewatch.' || c.name)::regclass AND a.attname = 'kind')) !~ ('\m' || k.kind || '\M')
$$, 'the comment of an alert''s kind names each kind');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'tapewatch'::regnamespace AND coalesce(obj_description(p.oid), '') = ''
$$, 'every function has a comment');
SELECT is_empty($$
    SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'tapewatch'::regnamespace AND p.prosecdef
        AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
$$, 'every SECURITY DEFINER function has a fixed search_path');
SELECT is_empty($$
    SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.relnamespace IN ('tapewatch'::regnamespace, 'tapewatch_days'::regnamespace) AND r.rolname <> 'tapewatch_owner'
$$, 'tapewatch_owner owns all');
SELECT is_empty($$
    SELECT conrelid::regclass FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('tapewatch.documents'::regclass,
        'tapewatch.scores'::regclass, 'tapewatch.bars'::regclass, 'tapewatch.dead_letters'::regclass)
$$, 'no foreign key stands on a table that grows');
SELECT results_eq('SELECT count(*)::int, min(shard)::int, max(shard)::int FROM tapewatch.shards', 'VALUES (64, 0, 63)',
    'there are 64 shards');

SELECT is(tapewatch.ensure_days('{2031-01-01,2031-01-02}', '{2031-01-02}'), 2, 'two days are made');
SELECT is(tapewatch.ensure_days('{2031-01-01,2031-01-02}', '{2031-01-02}'), 0, 'made again they are there');
SELECT is((SELECT reloptions FROM pg_class WHERE oid = 'tapewatch_days.bars_20310101'::regclass), '{fillfactor=70}',
    'a day of bars leaves room for updates');
SELECT is(tapewatch.drop_day('scores', '2031-01-01'), true, 'a day can be dropped');
SELECT is(tapewatch.drop_day('scores', '2031-01-01'), false, 'dropped again it is not there');
SELECT throws_ok($$ SELECT tapewatch.drop_day('positions', '2031-01-01') $$, '22023', NULL,
    'nothing but a day can be dropped');

PREPARE alert AS INSERT INTO tapewatch.alerts (opened_time, stepped_time, first_time, reported_value, worst_value, documents,
    rule_set_id, shard, state, kind, severity, rule, entity)
VALUES ('2031-01-01', '2031-01-01', '2031-01-01', 0, 0, 0, 1, 0, 'open', 'threshold', 'info', 'r', 'E');
EXECUTE alert;
SELECT throws_ok('EXECUTE alert', '23505', NULL, 'a second open alert of one rule and entity is refused');

SELECT * FROM finish();
ROLLBACK;
