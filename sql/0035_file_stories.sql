-- Documents are filed by a plain INSERT. ON CONFLICT looks each row up in the key before it is stored, and marks it once more
-- afterwards: a quarter of what it cost to file a document, for what hardly ever happens. A document has its story already only when it
-- was stored again after the day of its documents was dropped and that of its stories was not; it may wait twice when it was stored
-- again before it was filed. Then what the INSERT did is taken back, what need not be filed waits no more, and the rest is filed.

SET LOCAL ROLE tapewatch_owner;

CREATE FUNCTION tapewatch.file_stories(the_first timestamptz, the_last timestamptz, the_topics smallint[], the_partitions integer[],
    the_offsets bigint[], the_numbers bigint[], the_stories bigint[], the_story_times timestamptz[], the_novelties integer[],
    within_12h integer[], within_24h integer[], within_3d integer[], within_7d integer[], told_rows integer[], told_symbols text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    again boolean := false;
BEGIN
    LOOP
        BEGIN
            WITH u AS (
                SELECT * FROM unnest(the_topics, the_partitions, the_offsets, the_numbers, the_stories, the_story_times,
                    the_novelties, within_12h, within_24h, within_3d, within_7d) WITH ORDINALITY
                AS u (topic_id, partition, kafka_offset, number, story, story_time, novelty, copies_12h, copies_24h, copies_3d,
                    copies_7d, nth)
            ), t AS (
                SELECT nth, array_agg(symbol COLLATE "C" ORDER BY symbol COLLATE "C") AS told
                FROM unnest(told_rows, told_symbols) AS t (nth, symbol) GROUP BY nth
            ), gone AS (
                DELETE FROM tapewatch.unfiled x USING u
                WHERE x.event_time >= the_first AND x.event_time <= the_last
                    AND x.topic_id = u.topic_id AND x.partition = u.partition AND x.kafka_offset = u.kafka_offset
                RETURNING x.event_time, x.sketch, u.*
            )
            INSERT INTO tapewatch.stories (topic_id, partition, kafka_offset, event_time, number, story, story_time, novelty,
                copies_12h, copies_24h, copies_3d, copies_7d, told, sketch)
            SELECT g.topic_id, g.partition, g.kafka_offset, g.event_time, g.number, g.story, g.story_time, g.novelty,
                g.copies_12h, g.copies_24h, g.copies_3d, g.copies_7d, coalesce(t.told, '{}'), g.sketch
            FROM gone g LEFT JOIN t ON t.nth = g.nth;
            RETURN;
        EXCEPTION WHEN unique_violation THEN
            IF again THEN
                RAISE;
            END IF;
            again := true;
        END;
        DELETE FROM tapewatch.unfiled x USING tapewatch.stories s
        WHERE x.event_time >= the_first AND x.event_time <= the_last AND s.topic_id = x.topic_id AND s.partition = x.partition
            AND s.kafka_offset = x.kafka_offset AND s.event_time = x.event_time;
        DELETE FROM tapewatch.unfiled x USING tapewatch.unfiled y
        WHERE x.event_time >= the_first AND x.event_time <= the_last AND y.topic_id = x.topic_id AND y.partition = x.partition
            AND y.kafka_offset = x.kafka_offset AND y.event_time = x.event_time AND y.ctid < x.ctid;
    END LOOP;
END
$$;
COMMENT ON FUNCTION tapewatch.file_stories(timestamptz, timestamptz, smallint[], integer[], bigint[], bigint[], bigint[], timestamptz[],
    integer[], integer[], integer[], integer[], integer[], integer[], text[]) IS
    'Files the documents of these arrays, which wait in unfiled between two event times, with their stories; told_rows and told_symbols are pairs of a document''s place in the arrays, from 1, and an entity of which its story told before. A document that has its story already keeps it';

REVOKE ALL ON FUNCTION tapewatch.file_stories(timestamptz, timestamptz, smallint[], integer[], bigint[], bigint[], bigint[],
    timestamptz[], integer[], integer[], integer[], integer[], integer[], integer[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tapewatch.file_stories(timestamptz, timestamptz, smallint[], integer[], bigint[], bigint[], bigint[],
    timestamptz[], integer[], integer[], integer[], integer[], integer[], integer[], text[]) TO tapewatch_writer;
