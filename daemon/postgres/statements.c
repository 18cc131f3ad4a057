#include "postgres/statements.h"

#include "postgres/wire.h"

#include <stddef.h>

#define I2 TW_OID_INT2
#define I4 TW_OID_INT4
#define I8 TW_OID_INT8
#define TX TW_OID_TEXT
#define TZ TW_OID_TIMESTAMPTZ
#define ID TW_OID_UUID
#define BO TW_OID_BOOL
#define BY TW_OID_BYTEA
#define AI2 TW_OID_INT2_ARRAY
#define AI4 TW_OID_INT4_ARRAY
#define AI8 TW_OID_INT8_ARRAY
#define AF4 TW_OID_FLOAT4_ARRAY
#define ATX TW_OID_TEXT_ARRAY
#define ATZ TW_OID_TIMESTAMPTZ_ARRAY
#define ABO TW_OID_BOOL_ARRAY
#define ABY TW_OID_BYTEA_ARRAY
#define ADA TW_OID_DATE_ARRAY

/* clang-format off */
const struct tw_statement_row tw_statements[TW_STATEMENTS] = {
    [TW_DAYS_KNOWN] = {"days_known", TW_FOR_STORE, 0, {0},
        /* a day counts as known when all six tables of it stand */
        "SELECT false, day - '2000-01-01'::date FROM tapewatch.days WHERE parent <> 'dead_letters'"
        " GROUP BY day HAVING count(*) = 6"
        " UNION ALL SELECT true, day - '2000-01-01'::date FROM tapewatch.days WHERE parent = 'dead_letters'"},
    [TW_DAYS_ENSURE] = {"days_ensure", TW_FOR_STORE, 2, {ADA, ADA},
        /* in a transaction of its own; waits for other makers of days, for nobody who reads or writes */
        "SELECT tapewatch.ensure_days($1, $2)"},
    [TW_MODEL_REGISTER] = {"model_register", TW_FOR_STORE, 1, {TX},
        "WITH made AS (INSERT INTO tapewatch.models (sha256) SELECT $1"
        " WHERE NOT EXISTS (SELECT FROM tapewatch.models WHERE sha256 = $1) ON CONFLICT DO NOTHING RETURNING model_id)"
        " SELECT model_id FROM made UNION ALL SELECT model_id FROM tapewatch.models WHERE sha256 = $1"},
    [TW_ENTITIES_STORE] = {"entities_store", TW_FOR_STORE, 4, {ATX, ATX, AI2, ABO},
        /* a transaction of its own, in the order of symbols: a stopped process never holds these rows */
        "INSERT INTO tapewatch.entities AS e (symbol, name, shard, listed)"
        " SELECT DISTINCT ON (u.symbol COLLATE \"C\") u.* FROM unnest($1, $2, $3, $4) AS u (symbol, name, shard, listed)"
        " ORDER BY u.symbol COLLATE \"C\""
        " ON CONFLICT (symbol) DO UPDATE SET name = excluded.name, listed = excluded.listed"
        " WHERE (e.name, e.listed) IS DISTINCT FROM (excluded.name, excluded.listed)"},
    [TW_ENTITIES_LIST] = {"entities_list", TW_FOR_STORE, 6, {ATX, ATX, AI2, ATX, ATX, ATX},
        /* likewise: what the entities file says; rows that say so already are left alone */
        "INSERT INTO tapewatch.entities AS e (symbol, name, shard, listed, exchange, kind, sector)"
        " SELECT u.symbol, u.name, u.shard, true, nullif(u.exchange, ''), nullif(u.kind, ''), nullif(u.sector, '')"
        " FROM unnest($1, $2, $3, $4, $5, $6) AS u (symbol, name, shard, exchange, kind, sector)"
        " ORDER BY u.symbol COLLATE \"C\""
        " ON CONFLICT (symbol) DO UPDATE SET name = excluded.name, listed = true, exchange = excluded.exchange,"
        " kind = excluded.kind, sector = excluded.sector"
        " WHERE (e.name, e.listed, e.exchange, e.kind, e.sector)"
        " IS DISTINCT FROM (excluded.name, true, excluded.exchange, excluded.kind, excluded.sector)"},
    [TW_ENTITIES_UNLIST] = {"entities_unlist", TW_FOR_STORE, 1, {ATX},
        /* likewise: whatever is none of these symbols; rows are locked in the order of symbols here, too */
        "UPDATE tapewatch.entities SET listed = false WHERE symbol IN (SELECT e.symbol FROM tapewatch.entities e"
        " WHERE e.listed AND NOT EXISTS (SELECT FROM unnest($1) AS u (symbol) WHERE u.symbol COLLATE \"C\" = e.symbol)"
        " ORDER BY e.symbol FOR UPDATE OF e)"},
    [TW_PARTITION_TAKE] = {"partition_take", TW_FOR_STORE, 4, {TX, I4, ID, TX},
        /* locks the position's row: waits for its last owner's open commit, lock_timeout long */
        "SELECT t.topic_id, t.epoch, t.next_offset, t.highest_offset, t.watermark, t.last_stamp, t.last_hash,"
        " (SELECT greatest(0, 1000 * extract(epoch FROM clock_timestamp() - p.moved_at))::bigint"
        " FROM tapewatch.positions p WHERE p.topic_id = t.topic_id AND p.partition = $2)"
        " FROM tapewatch.take_partition($1, $2, $3, $4) t"},
    [TW_BLOCKERS_END] = {"blockers_end", TW_FOR_STORE, 2, {TX, I4},
        "SELECT tapewatch.end_blockers($1, $2)"},
    [TW_POSITION_READ_LOCKED] = {"position_read_locked", TW_FOR_STORE, 2, {I2, I4},
        /* the lock waits for a backend that is still finishing: a plain read could show the old offset */
        "SELECT epoch, owner_token, next_offset, watermark FROM tapewatch.positions WHERE topic_id = $1 AND partition = $2"
        " FOR UPDATE"},
    [TW_POSITION_REFRESH] = {"position_refresh", TW_FOR_STORE, 7, {I2, I4, I8, ID, BO, I8, I8},
        "UPDATE tapewatch.positions SET caught_up = $5, end_offset = $6, seen_at = clock_timestamp(),"
        " silent_since = clock_timestamp() - make_interval(secs => $7 / 1000.0)"
        " WHERE topic_id = $1 AND partition = $2 AND epoch = $3 AND owner_token = $4"},
    [TW_EVALUATED_READ] = {"evaluated_read", TW_FOR_STORE, 0, {0},
        "SELECT max(evaluated_to) FROM tapewatch.shards"},
    [TW_FENCE] = {"fence", TW_FOR_STORE, 5, {I2, I4, I8, ID, I8},
        "SELECT tapewatch.fence($1, $2, $3, $4, $5)"},
    /* what carries rows is written from the columns of its table: store/row_statements.h */
    [TW_DOCUMENTS_INSERT] = {"documents_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_SCORES_INSERT] = {"scores_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_BARS_ADD] = {"bars_add", TW_FOR_STORE, 0, {0}, NULL},
    [TW_EVENTS_INSERT] = {"events_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_HEADLINES_INSERT] = {"headlines_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_DEAD_LETTER_INSERT] = {"dead_letter_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_AHEAD_TICKS_INSERT] = {"ahead_ticks_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_UNFILED_INSERT] = {"unfiled_insert", TW_FOR_STORE, 0, {0}, NULL},
    [TW_LATE_NOTE] = {"late_note", TW_FOR_STORE, 6, {I2, I4, TZ, ATZ, AI2, ATX},
        /* of bars that a late document is in (store/transaction.h) */
        "SELECT tapewatch.note_late($1, $2, $3, $4, $5, $6)"},
    [TW_POSITION_MOVE] = {"position_move", TW_FOR_STORE, 11, {I2, I4, I8, ID, I8, I8, TZ, TZ, TZ, TZ, I8},
        /* the last statement before Sync: the only lock that another needs */
        "SELECT tapewatch.move_position($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"},
    [TW_DOCUMENTS_COMPARE] = {"documents_compare", TW_FOR_STORE, 0, {0}, NULL},
    [TW_REMAINS_FIND] = {"remains_find", TW_FOR_STORE, 4, {I2, I4, AI8, ATZ},
        /* offset, true: documents that were stored, as what hangs on them says, and dropped since */
        "SELECT u.kafka_offset, true FROM unnest($3, $4) AS u (kafka_offset, event_time)"
        " WHERE NOT EXISTS (SELECT FROM tapewatch.documents d WHERE d.topic_id = $1 AND d.partition = $2"
        " AND d.kafka_offset = u.kafka_offset AND d.event_time = u.event_time)"
        /* scores have no tree by document: read once for the batch */
        " AND ((u.kafka_offset, u.event_time) IN (SELECT s.kafka_offset, s.event_time FROM tapewatch.scores s"
        " WHERE s.topic_id = $1 AND s.partition = $2"
        " AND s.kafka_offset >= (SELECT min(o) FROM unnest($3) AS o) AND s.kafka_offset <= (SELECT max(o) FROM unnest($3) AS o)"
        " AND s.event_time >= (SELECT min(o) FROM unnest($4) AS o) AND s.event_time <= (SELECT max(o) FROM unnest($4) AS o))"
        " OR EXISTS (SELECT FROM tapewatch.events h WHERE h.topic_id = $1 AND h.partition = $2"
        " AND h.kafka_offset = u.kafka_offset AND h.event_time = u.event_time)"
        " OR EXISTS (SELECT FROM tapewatch.alert_events v WHERE v.topic_id = $1 AND v.partition = $2"
        " AND v.kafka_offset = u.kafka_offset AND v.event_time = u.event_time)"
        " OR u.kafka_offset < (SELECT p.highest_offset FROM tapewatch.positions p WHERE p.topic_id = $1 AND p.partition = $2)"
        " AND EXISTS (SELECT FROM tapewatch.thinned_days t WHERE t.day = (u.event_time AT TIME ZONE 'UTC')::date))"},
    [TW_DEAD_LETTER_COMPARE] = {"dead_letter_compare", TW_FOR_STORE, 0, {0}, NULL},
    [TW_AHEAD_TICKS_READ] = {"ahead_ticks_read", TW_FOR_STORE, 4, {I2, I4, I8, I8},
        "SELECT kafka_offset FROM tapewatch.ahead_ticks WHERE topic_id = $1 AND partition = $2"
        " AND kafka_offset >= $3 AND kafka_offset < $4"},

    [TW_MEMBER_BEAT] = {"member_beat", TW_FOR_EVALUATOR, 3, {ID, TX, TX},
        "INSERT INTO tapewatch.members AS m (member, name, version, backend_pid, backend_start)"
        " SELECT $1, $2, $3, a.pid, a.backend_start FROM pg_stat_get_activity(pg_backend_pid()) a"
        " ON CONFLICT (member) DO UPDATE SET seen_at = clock_timestamp(), backend_pid = excluded.backend_pid,"
        " backend_start = excluded.backend_start"},
    [TW_SILENT_END] = {"silent_end", TW_FOR_EVALUATOR, 1, {I8},
        /* a stopped daemon of ours holds nothing for longer */
        "SELECT tapewatch.end_silent($1)"},
    [TW_MEMBERS_READ] = {"members_read", TW_FOR_EVALUATOR, 1, {I8},
        /* in an order that all members see alike: each one's share follows from its place in it */
        "SELECT member FROM tapewatch.members_alive($1) AS member ORDER BY member"},
    [TW_MEMBER_LEAVE] = {"member_leave", TW_FOR_EVALUATOR, 1, {ID},
        "DELETE FROM tapewatch.members WHERE member = $1 OR seen_at < clock_timestamp() - interval '1 day'"},
    [TW_SHARDS_GIVE] = {"shards_give", TW_FOR_EVALUATOR, 2, {AI2, ID},
        "SELECT tapewatch.give_shards($1, $2)"},
    [TW_SHARDS_TAKE] = {"shards_take", TW_FOR_EVALUATOR, 5, {AI2, ID, ID, TX, I8},
        /* waits for nobody: rows that are locked are left out, and tried again */
        "SELECT shard, epoch, evaluated_to FROM tapewatch.take_shards($1, $2, $3, $4, $5)"},
    [TW_RULE_SET_STORE] = {"rule_set_store", TW_FOR_EVALUATOR, 3, {TX, TX, TX},
        "SELECT tapewatch.store_rule_set($1, $2, $3)"},
    [TW_RULE_SETS_FIRST] = {"rule_sets_first", TW_FOR_EVALUATOR, 0, {0},
        "SELECT tapewatch.first_rule_set()"},
    [TW_RULE_SETS_READ] = {"rule_sets_read", TW_FOR_EVALUATOR, 1, {I4},
        "SELECT rule_set_id, holds_from, rules FROM tapewatch.rule_sets"
        " WHERE rule_set_id > $1 AND rule_set_id >= tapewatch.first_rule_set() ORDER BY rule_set_id"},
    [TW_WATCHED_READ] = {"watched_read", TW_FOR_EVALUATOR, 1, {I8},
        /* nothing while there was no change; else all lists, one row with NULLs when nobody stands on any */
        "SELECT v.version, w.list, w.entity FROM (SELECT tapewatch.watched_version() AS version) AS v"
        " LEFT JOIN tapewatch.watched w ON w.removed_at IS NULL WHERE v.version <> $1 ORDER BY w.list, w.entity"},
    [TW_WATCHED_DATE] = {"watched_date", TW_FOR_EVALUATOR, 1, {I8},
        /* behind rule_set_store, in its transaction */
        "SELECT tapewatch.date_watched($1)"},
    [TW_POSITIONS_READ] = {"positions_read", TW_FOR_EVALUATOR, 1, {ATX},
        "SELECT p.topic_id, p.partition, p.next_offset, p.watermark, p.caught_up,"
        " coalesce((extract(epoch FROM clock_timestamp() - p.silent_since) * 1000000)::int8, 0),"
        " (extract(epoch FROM clock_timestamp() - p.seen_at) * 1000000)::int8, clock_timestamp(), t.topic"
        " FROM tapewatch.positions p JOIN tapewatch.topics t USING (topic_id) WHERE t.topic = ANY ($1)"
        " AND p.forgotten_at IS NULL"},
    [TW_BARS_CUT] = {"bars_cut", TW_FOR_EVALUATOR, 4, {TZ, TZ, AI2, I8},
        /* where an interval is cut when there is too much in it for one turn */
        "SELECT bar_start FROM tapewatch.bars WHERE bar_start >= $1 AND bar_start < $2 AND shard = ANY ($3)"
        " ORDER BY bar_start OFFSET $4 LIMIT 1"},
    [TW_LATE_READ] = {"late_read", TW_FOR_EVALUATOR, 3, {AI2, TZ, I8},
        /* So many at a time: the next turn reads the rest. An index scan for each, whatever the planner
         * thinks of their number. Gone with the turn that took them in: late_done. */
        "SELECT l.entity, coalesce(e.listed, false), l.bar_start, b.scores, b.sum, b.sum_of_squares, b.negative_sum,"
        " l.late_bar_id FROM (SELECT * FROM tapewatch.late_bars WHERE shard = ANY ($1) LIMIT $3) AS l CROSS JOIN LATERAL ("
        "SELECT sum(scores)::int8 AS scores, sum(sum)::int8 AS sum, sum(sum_of_squares)::int8 AS sum_of_squares,"
        " sum(negative_sum)::int8 AS negative_sum"
        " FROM (SELECT scores, sum, sum_of_squares, negative_sum FROM tapewatch.bars"
        " WHERE bar_start = l.bar_start AND entity = l.entity AND l.bar_start >= $2"
        " UNION ALL SELECT -scores, -sum, -sum_of_squares, -negative_sum FROM tapewatch.copy_bars"
        " WHERE bar_start = l.bar_start AND entity = l.entity AND l.bar_start >= $2) AS a) AS b"
        " LEFT JOIN tapewatch.entities e ON e.symbol = l.entity"},
    [TW_BARS_READ] = {"bars_read", TW_FOR_EVALUATOR, 3, {TZ, TZ, AI2},
        /* without what copies brought, where stories are filed */
        "SELECT b.entity, coalesce(e.listed, false), b.bar_start, b.scores, b.sum, b.sum_of_squares, b.negative_sum"
        " FROM (SELECT entity, bar_start, sum(scores)::int8 AS scores, sum(sum)::int8 AS sum,"
        " sum(sum_of_squares)::int8 AS sum_of_squares, sum(negative_sum)::int8 AS negative_sum"
        " FROM (SELECT entity, bar_start, scores, sum, sum_of_squares, negative_sum FROM tapewatch.bars"
        " WHERE bar_start >= $1 AND bar_start < $2 AND shard = ANY ($3)"
        " UNION ALL SELECT entity, bar_start, -scores, -sum, -sum_of_squares, -negative_sum FROM tapewatch.copy_bars"
        " WHERE bar_start >= $1 AND bar_start < $2 AND shard = ANY ($3)) AS a GROUP BY bar_start, entity) AS b"
        " LEFT JOIN tapewatch.entities e ON e.symbol = b.entity ORDER BY b.bar_start"},
    [TW_DAYS_READ] = {"days_read", TW_FOR_EVALUATOR, 2, {AI2, TZ},
        "SELECT entity, false, day::timestamp AT TIME ZONE 'UTC', scores, sum, sum_of_squares, negative_sum"
        " FROM tapewatch.entity_days WHERE shard = ANY ($1) AND day >= ($2 AT TIME ZONE 'UTC')::date ORDER BY day"},
    [TW_EVENTS_READ] = {"events_read", TW_FOR_EVALUATOR, 4, {TZ, AI2, TZ, TZ},
        /* what waits; and what rules that ask for several stories look back on */
        "SELECT v.entity, coalesce(e.listed, false), v.rule, v.event_time, v.sentiment, v.keyword, t.topic, v.partition,"
        " v.kafka_offset, v.alert_event_id, coalesce(v.value, v.sentiment), coalesce(v.event_type, ''),"
        " coalesce(v.entity = ANY (s.told), false), v.evaluated_at IS NOT NULL, v.severity"
        " FROM (SELECT * FROM tapewatch.alert_events WHERE evaluated_at IS NULL AND event_time < $1 AND shard = ANY ($2)"
        " UNION ALL SELECT * FROM tapewatch.alert_events WHERE evaluated_at IS NOT NULL AND stories > 1"
        " AND event_time >= $3 AND event_time < $4 AND shard = ANY ($2)) AS v JOIN tapewatch.topics t USING (topic_id)"
        " LEFT JOIN tapewatch.stories s ON s.topic_id = v.topic_id AND s.partition = v.partition"
        " AND s.kafka_offset = v.kafka_offset AND s.event_time = v.event_time"
        " LEFT JOIN tapewatch.entities e ON e.symbol = v.entity"
        " ORDER BY v.entity, v.event_time, t.topic, v.partition, v.kafka_offset, v.rule"},
    [TW_ALERTS_READ] = {"alerts_read", TW_FOR_EVALUATOR, 1, {AI2},
        "SELECT a.entity, coalesce(e.listed, false), a.rule, a.kind, a.measure, a.severity, a.opened_time, a.stepped_time,"
        " a.quiet_since, a.reported_value, a.worst_value, a.documents, a.alert_id"
        " FROM tapewatch.alerts a"
        " LEFT JOIN tapewatch.entities e ON e.symbol = a.entity WHERE a.state <> 'resolved' AND a.shard = ANY ($1)"
        " ORDER BY a.entity, a.rule"},
    [TW_PAST_READ] = {"past_read", TW_FOR_EVALUATOR, 3, {AI2, TZ, TZ},
        /* none of a time that was brought back since */
        "SELECT a.entity, coalesce(e.listed, false), a.rule, a.opened_time, a.resolved_time FROM tapewatch.alerts a"
        " LEFT JOIN tapewatch.entities e ON e.symbol = a.entity WHERE a.state = 'resolved' AND a.shard = ANY ($1)"
        " AND a.opened_time > $2 AND a.opened_time <= $3 ORDER BY a.entity, a.opened_time, a.rule"},
    [TW_SHARDS_FENCE] = {"shards_fence", TW_FOR_EVALUATOR, 4, {AI2, AI8, ID, TZ},
        "SELECT tapewatch.shards_fence($1, $2, $3, $4)"},
    [TW_LATE_DONE] = {"late_done", TW_FOR_EVALUATOR, 2, {AI8, TZ},
        /* behind the fence. Late documents are in the bars, and were added to no day: it is summed anew,
         * from the scores, which have an index by entity; where those were dropped, the day is left as it
         * is. */
        "WITH late AS (DELETE FROM tapewatch.late_bars WHERE late_bar_id = ANY ($1) RETURNING shard, entity, bar_start)"
        " INSERT INTO tapewatch.entity_days AS d (day, shard, entity, scores, sum, sum_of_squares, negative_sum)"
        " SELECT l.day, l.shard, l.entity, s.* FROM (SELECT DISTINCT (bar_start AT TIME ZONE 'UTC')::date AS day, shard, entity"
        " FROM late WHERE bar_start < $2) AS l CROSS JOIN LATERAL (SELECT sum(scores)::int8 AS scores, sum(sum)::int8,"
        " sum(squares)::int8, sum(negative)::int8 FROM (SELECT count(*) AS scores, sum(sentiment)::int8 AS sum,"
        " sum(sentiment::int8 * sentiment)::int8 AS squares, sum(least(sentiment, 0))::int8 AS negative FROM tapewatch.scores"
        " WHERE entity = l.entity AND event_time >= l.day::timestamp AT TIME ZONE 'UTC'"
        " AND event_time < least((l.day + 1)::timestamp AT TIME ZONE 'UTC', $2)"
        " UNION ALL SELECT -scores, -sum, -sum_of_squares, -negative_sum FROM tapewatch.copy_bars"
        " WHERE entity = l.entity AND bar_start >= l.day::timestamp AT TIME ZONE 'UTC'"
        " AND bar_start < least((l.day + 1)::timestamp AT TIME ZONE 'UTC', $2)) AS a) AS s WHERE s.scores > 0"
        " ORDER BY l.entity, l.day ON CONFLICT (entity, day) DO UPDATE SET scores = excluded.scores, sum = excluded.sum,"
        " sum_of_squares = excluded.sum_of_squares, negative_sum = excluded.negative_sum WHERE excluded.scores > d.scores"
        " RETURNING entity, false, day::timestamp AT TIME ZONE 'UTC', scores, sum, sum_of_squares, negative_sum"},
    [TW_DAYS_ADD] = {"days_add", TW_FOR_EVALUATOR, 7, {AI4, AI2, ATX, AI8, AI8, AI8, AI8},
        /* likewise; days counted from 1970 */
        "INSERT INTO tapewatch.entity_days AS d (day, shard, entity, scores, sum, sum_of_squares, negative_sum)"
        " SELECT '1970-01-01'::date + u.day, u.shard, u.entity, u.scores, u.sum, u.squares, u.negative"
        " FROM unnest($1, $2, $3, $4, $5, $6, $7) AS u (day, shard, entity, scores, sum, squares, negative)"
        " ON CONFLICT (entity, day) DO UPDATE SET scores = d.scores + excluded.scores, sum = d.sum + excluded.sum,"
        " sum_of_squares = d.sum_of_squares + excluded.sum_of_squares, negative_sum = d.negative_sum + excluded.negative_sum"},
    [TW_ALERT_STORE] = {"alert_store", TW_FOR_EVALUATOR, 16,
        {I8, TX, TX, I2, TX, TX, TX, TZ, TZ, TZ, TZ, TZ, I8, I8, I8, I4},
        "SELECT tapewatch.store_alert($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"},
    [TW_ALERT_STEP_STORE] = {"alert_step_store", TW_FOR_EVALUATOR, 15,
        {TX, TX, TZ, TX, TZ, I8, I8, TX, I4, TZ, I8, I8, I8, I8, TZ},
        "INSERT INTO tapewatch.alert_steps (alert_id, step, step_time, value, documents, reason, rule_set_id, window_from,"
        " threshold, baseline, deviation, baseline_days, copies, model_id)"
        /* the newest: event time that was brought back may open an alert where one was opened before */
        " SELECT a.alert_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::integer, CASE WHEN $15 IS NOT NULL THEN"
        " (SELECT coalesce(sum(c.scores), 0) FROM tapewatch.copy_bars c WHERE c.bar_start >= $15 AND c.bar_start < $5"
        " AND c.entity = $2) END, (SELECT s.model_id FROM tapewatch.scores s WHERE s.entity = $2 AND s.event_time < $5"
        " AND s.event_time >= coalesce($10, $5 - interval '10 s') ORDER BY s.event_time DESC LIMIT 1)"
        " FROM tapewatch.alerts a"
        " WHERE a.rule = $1 AND a.entity = $2 AND a.opened_time = $3 ORDER BY a.alert_id DESC LIMIT 1"},
    [TW_EVENT_DONE] = {"event_done", TW_FOR_EVALUATOR, 4, {I8, TX, TX, TZ},
        /* taken up, and linked with the alert that it is given with; once more for each further one */
        "WITH found AS (SELECT a.alert_id FROM tapewatch.alerts a WHERE a.rule = $2 AND a.entity = $3 AND a.opened_time = $4"
        " ORDER BY a.alert_id DESC LIMIT 1), linked AS (INSERT INTO tapewatch.alert_event_links (alert_id, alert_event_id)"
        " SELECT f.alert_id, $1 FROM found f ON CONFLICT DO NOTHING)"
        " UPDATE tapewatch.alert_events SET evaluated_at = coalesce(evaluated_at, clock_timestamp()),"
        " alert_id = coalesce(alert_id, (SELECT f.alert_id FROM found f)) WHERE alert_event_id = $1"},
    [TW_IDLE_CHECK] = {"idle_check", TW_FOR_EVALUATOR, 3, {AI2, AI4, AI8},
        /* shares the lock of idle partitions' rows until "evaluated to" stands */
        "SELECT tapewatch.idle_check($1, $2, $3)"},
    [TW_SHARDS_MOVE] = {"shards_move", TW_FOR_EVALUATOR, 6, {AI2, AI8, ID, TZ, TZ, I4},
        "SELECT tapewatch.shards_move($1, $2, $3, $4, $5, $6)"},
    [TW_FILED_READ] = {"filed_read", TW_FOR_EVALUATOR, 0, {0},
        "SELECT filed_to, filed FROM tapewatch.filing"},
    [TW_STORY_TIMES_READ] = {"story_times_read", TW_FOR_EVALUATOR, 2, {TZ, TZ},
        /* of stories that go on within the window, documents before it, back to the longest span */
        "SELECT s.story, s.story_time, s.event_time FROM (SELECT DISTINCT story FROM tapewatch.stories"
        " WHERE event_time >= $1 AND story_time < $1) AS l JOIN tapewatch.stories s USING (story)"
        " WHERE s.event_time >= $2 AND s.event_time < $1 ORDER BY s.number"},
    [TW_STORIES_READ] = {"stories_read", TW_FOR_EVALUATOR, 3, {TZ, I8, I8},
        "SELECT story, story_time, event_time, number, sketch FROM tapewatch.stories"
        " WHERE event_time >= $1 AND number > $2 ORDER BY number LIMIT $3"},
    [TW_UNFILED_READ] = {"unfiled_read", TW_FOR_EVALUATOR, 2, {TZ, I8},
        /* rows of several documents each, in the order of their first ones */
        "SELECT u.unfiled_id, u.topic_id, t.topic, u.partition, u.documents, u.kafka_offset, u.event_time, u.sketches"
        " FROM tapewatch.unfiled u JOIN tapewatch.topics t USING (topic_id) WHERE u.event_time < $1"
        " ORDER BY u.event_time, t.topic COLLATE \"C\", u.partition, u.kafka_offset LIMIT $2"},
    [TW_FILING_FENCE] = {"filing_fence", TW_FOR_EVALUATOR, 4, {I8, ID, TZ, I8},
        "SELECT tapewatch.filing_fence($1, $2, $3, $4)"},
    [TW_STORIES_FILE] = {"stories_file", TW_FOR_EVALUATOR, 22,
        {TZ, TZ, AI8, AI8, AI4, AI8, ATZ, AI2, AI4, AI8, ATZ, AI8, AI8, ATZ, AI4, AI4, AI4, AI4, AI4, ABY, AI4, ATX},
        /* behind the fence */
        "SELECT tapewatch.file_stories($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
        " $19, $20, $21, $22)"},
    [TW_COPY_BARS_ADD] = {"copy_bars_add", TW_FOR_EVALUATOR, 7, {ATZ, AI2, ATX, AI8, AI8, AI8, AI8},
        "INSERT INTO tapewatch.copy_bars AS c (bar_start, shard, entity, scores, sum, sum_of_squares, negative_sum)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (bar_start, entity) DO UPDATE SET scores = c.scores + excluded.scores, sum = c.sum + excluded.sum,"
        " sum_of_squares = c.sum_of_squares + excluded.sum_of_squares, negative_sum = c.negative_sum + excluded.negative_sum"},
    [TW_COPIES_LATE] = {"copies_late", TW_FOR_EVALUATOR, 3, {ATZ, AI2, ATX},
        /* bars that rules may have read already: they are read again */
        "INSERT INTO tapewatch.late_bars (bar_start, shard, entity) SELECT * FROM unnest($1, $2, $3)"},
    [TW_FILING_MOVE] = {"filing_move", TW_FOR_EVALUATOR, 6, {I8, ID, TZ, I8, TZ, I8},
        "SELECT tapewatch.filing_move($1, $2, $3, $4, $5, $6)"},

    [TW_TELL_LEASE] = {"tell_lease", TW_FOR_TELL, 5, {TX, ID, TX, I8, I8},
        /* waits for nobody: a row that is locked is left out, and tried again */
        "SELECT held, owner, waiting, oldest_ms, expired FROM tapewatch.tell_lease($1, $2, $3, $4, $5)"},
    [TW_TELL_LEAVE] = {"tell_leave", TW_FOR_TELL, 2, {TX, ID},
        "SELECT tapewatch.tell_leave($1, $2)"},
    [TW_OUTBOX_READ] = {"outbox_read", TW_FOR_TELL, 3, {TX, ID, I4},
        "SELECT outbox_id, alert_id, key, partition_by, message FROM tapewatch.outbox_read($1, $2, $3)"},
    [TW_OPEN_READ] = {"open_read", TW_FOR_TELL, 4, {TX, ID, I8, I4},
        "SELECT outbox_id, alert_id, key, partition_by, message FROM tapewatch.open_read($1, $2, $3, $4)"},
    [TW_OUTBOX_DONE] = {"outbox_done", TW_FOR_TELL, 6, {TX, ID, AI8, AI8, ATX, ATX},
        "SELECT tapewatch.outbox_done($1, $2, $3, $4, $5, $6)"},

    [TW_EVIDENCE_GIVE_UP] = {"evidence_give_up", TW_FOR_EVIDENCE, 3, {TX, I8, I4},
        "SELECT failed, late, alert_step_id, alert_event_id FROM tapewatch.give_up_evidence($1, $2, $3)"},
    [TW_EVIDENCE_GIVE_BACK] = {"evidence_give_back", TW_FOR_EVIDENCE, 2, {I8, I8},
        "UPDATE tapewatch.alert_evidence_tries SET tries = tries - 1"
        " WHERE (alert_step_id = $1 OR alert_event_id = $2) AND outcome IS NULL AND tries > 0"},
    [TW_EVIDENCE_TAKE] = {"evidence_take", TW_FOR_EVIDENCE, 4, {TX, I8, I4, I4},
        "SELECT alert_step_id, alert_event_id, age_ms, entity, rank, topic_id, partition, kafka_offset, event_time, sentiment,"
        " copies, event_begin, event_end, title, body, source_weight FROM tapewatch.take_evidence($1, $2, $3, $4)"},
    [TW_EVIDENCE_STORE] = {"evidence_store", TW_FOR_EVIDENCE, 19,
        {I8, I8, I2, I2, I4, I8, TZ, I2, I8, I2, I2, TX, TX, TX, TX, TX, TX, TX, TX},
        /* two daemons may have explained the same step: one stores it */
        "INSERT INTO tapewatch.alert_evidence (alert_step_id, alert_event_id, rank, topic_id, partition, kafka_offset,"
        " event_time, sentiment, copies, relevance, source_weight, method, target, label, base, logit, model_sha256, title, words)"
        " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::real, $16::real, $17, $18, $19::jsonb"
        " ON CONFLICT DO NOTHING"},
    [TW_EVIDENCE_END] = {"evidence_end", TW_FOR_EVIDENCE, 2, {I8, I8},
        "SELECT tapewatch.end_evidence($1, $2)"},
};
/* clang-format on */
