-- What an analyst asks: names without a schema, sentiment by minute without reading every day, companies by sector.
BEGIN;
SELECT plan(8);

SELECT is((SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'tapewatch_reader'::regrole
        AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())),
    '{"search_path=tapewatch, public"}', 'tapewatch_reader has a search_path in this database');

SELECT tapewatch.ensure_days('{2031-01-01,2031-01-02,2031-01-03}', '{}');
-- A score each ten seconds of three days, from two source partitions in turn; two more of another company in one bar.
INSERT INTO tapewatch.bars (bar_start, scores, sum, sum_of_squares, negative_sum, partition, topic_id, shard, entity)
SELECT t, 1, -2000, 4000000, -2000, extract(epoch FROM t)::bigint / 10 % 2, 1, 0, 'VELQ'
FROM generate_series('2031-01-01 00:00:00Z'::timestamptz, '2031-01-03 23:59:50Z', '10 s') AS t
UNION ALL VALUES ('2031-01-02 12:00:50Z'::timestamptz, 2, 1000, 10000000 + 12250000, -1000, 0, 1, 0, 'ODNL');
ANALYZE tapewatch.bars;

-- The days of bars that a query really opens.
CREATE FUNCTION pg_temp.days_read(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    days text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
        IF line ~ 'Scan.* on bars_\d{8}' AND line !~ 'never executed' THEN
            days := days || substring(line FROM 'bars_(\d{8})');
        END IF;
    END LOOP;
    RETURN (SELECT string_agg(DISTINCT day, ' ' ORDER BY day) FROM unnest(days) AS day);
END
$$;
SELECT is(pg_temp.days_read($$SELECT * FROM tapewatch.sentiment_by_minute
    WHERE minute >= '2031-01-02 12:00Z' AND minute < '2031-01-02 13:00Z'$$), '20310102', 'an hour reads its day alone');
SELECT is(pg_temp.days_read($$SELECT * FROM tapewatch.sentiment_by_minute
    WHERE entity = 'VELQ' AND minute >= (SELECT '2031-01-02 23:50Z'::timestamptz) AND minute < (SELECT '2031-01-03 00:10Z'::timestamptz)$$),
    '20310102 20310103', 'bounds that are known only when it runs leave days out, too');
SELECT is(pg_temp.days_read($$SELECT * FROM tapewatch.sentiment_by_minute WHERE minute >= now() + interval '100 years'$$), NULL,
    'no bar is read for times that have none');
SELECT results_eq($$SELECT entity, minute, scores, mean, negative_sum, deviation FROM tapewatch.sentiment_by_minute
        WHERE minute = '2031-01-02 12:00Z' ORDER BY entity$$,
    $$VALUES ('ODNL' COLLATE "C", '2031-01-02 12:00Z'::timestamptz, 2::numeric, 0.0500::numeric(9, 4), -0.1000::numeric(18, 4), 0.3298::numeric(9, 4)),
             ('VELQ', '2031-01-02 12:00Z', 6, -0.2000, -1.2000, 0.0000)$$, 'a minute sums its bars over source partitions');
SELECT results_eq($$SELECT sum(scores), count(*) FROM tapewatch.sentiment_by_minute WHERE entity = 'VELQ'$$,
    'VALUES (3 * 8640::numeric, 3 * 1440::bigint)', 'no bar is left out, and none counted twice');

SELECT has_column('tapewatch', 'entities', 'sector', 'entities have a sector');
SET LOCAL ROLE tapewatch_writer;
SELECT lives_ok($$INSERT INTO tapewatch.entities AS e (symbol, name, shard, listed, exchange, kind, sector)
    VALUES ('VELQ', 'Velquin Chemicals', 1, true, 'MSX', 'company', 'Chemicals')
    ON CONFLICT (symbol) DO UPDATE SET exchange = excluded.exchange, kind = excluded.kind, sector = excluded.sector$$,
    'which daemons write');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
