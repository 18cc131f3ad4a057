# The vocabulary of the stories told with real servers; sourced by tests/integration/test_* and by hostile cases.
#
# Stories run side by side on the same two servers, each with its own database and topics. What would disturb others (a broker
# stopped, PostgreSQL brought down, a setting of the whole server) is done to a server of the story's own.
#
# tests/run gives each story TW_BIN, TW_SERVICES, TW_BOOTSTRAP, TW_KAFKA (the broker's folder), TW_CONNINFO (the superuser, without
# dbname), TW_DATABASE, TW_TOPIC and TW_WORK. A story run by hand gets servers of its own:   tests/integration/test_kill
#
#     given_database                    empty, migrated
#     given_topic PARTITIONS [K=V...]   the story's topic, made anew
#     given_own_kafka                   a broker that nobody else uses: one that is stopped, or set up in another way
#     given_own_postgres                a server that nobody else uses; its TW_DATABASE is empty
#     given_config                      tapewatch.yaml for it; `extra_config` (YAML) is put at its end
#     free_port                         prints a port that nobody listens on
#     frozen+=(PID)                     a process under SIGSTOP, let go on when the story ends: else its server could not stop
#     publish <FILE                     each line a record, partitions in turn
#     start_daemon NAME                 pid in ${daemon[NAME]}, log in NAME.log; {NAME} in the configuration is its name
#     stop_daemon NAME                  SIGTERM, and it must end with 0
#     kill_daemon NAME                  SIGKILL
#     wait_for SECONDS WORDS COMMAND    ends; shows every daemon's log when the time is over
#     query SQL                         unaligned rows
#     stored                            documents and dead letters of the topic, by the offsets in PostgreSQL
#     books_agree COUNT [DEAD [UNREAD]] every document exactly once, and every bar equal to what the scores say; of COUNT so many
#                                       are dead letters, and so many offsets were passed over unread
#     expect WORDS WANTED GOT           ends the story when they differ

set -euo pipefail
story_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export TW_BIN=${TW_BIN:-$story_root/build/release/tapewatch} TW_SERVICES=${TW_SERVICES:-$story_root/tests/services}
declare -A daemon=()
frozen=()

story_end() {
    local status=$? name
    set +e
    # A state machine that left its drawing went on all the same: whatever the story saw, that is a failure.
    if grep -s 'a move that is not allowed' "$TW_WORK"/*.log && [ $status = 0 ]; then status=1; fi
    for name in "${!daemon[@]}"; do kill -CONT "${daemon[$name]}" 2>/dev/null; kill -KILL "${daemon[$name]}" 2>/dev/null; done
    [ ${#frozen[@]} -eq 0 ] || kill -CONT "${frozen[@]}" 2>/dev/null
    for name in kafka postgres; do [ ! -e "$TW_WORK/$name" ] || "$TW_SERVICES/$name" stop "$TW_WORK/$name"; done
    if [ -n "${story_own:-}" ]; then
        "$TW_SERVICES/kafka" stop "$story_own/kafka"
        "$TW_SERVICES/postgres" stop "$story_own/postgres"
        if [ $status = 0 ]; then rm -rf "$story_own"; else echo "its files: $story_own"; fi
    fi
    exit $status
}
trap story_end EXIT
trap 'exit 130' INT TERM

if [ -z "${TW_BOOTSTRAP:-}" ]; then
    story_own=$(mktemp -d /tmp/tapewatch-story-XXXXXX)
    chmod 755 "$story_own"
    "$TW_SERVICES/kafka" start "$story_own/kafka"
    "$TW_SERVICES/postgres" start "$story_own/postgres"
    TW_BOOTSTRAP=$(cat "$story_own/kafka/bootstrap") TW_KAFKA=$story_own/kafka TW_CONNINFO=$(cat "$story_own/postgres/conninfo")
    TW_DATABASE=story TW_TOPIC=story TW_WORK=$story_own/work
    mkdir -p "$TW_WORK"
    psql -Xq "$TW_CONNINFO dbname=postgres" -c 'CREATE DATABASE story'
fi
export TW_BOOTSTRAP TW_KAFKA TW_CONNINFO
cd "$TW_WORK"

query() { psql -XAtq -F ' ' "$TW_CONNINFO dbname=$TW_DATABASE" -v ON_ERROR_STOP=1 -c "$1"; }

say() { printf '%s %s\n' "$(date +%T)" "$*"; }

fail() {
    say "FAILED: $*"
    local log
    for log in *.log; do
        [ -e "$log" ] || continue
        echo "--- $log"
        tail -n 15 "$log"
    done
    exit 1
}

expect() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; }

wait_for() {
    local end=$((SECONDS + $1)) words=$2 pause=0.1 tries=0
    shift 2
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "waited in vain: $words"
        [ $((tries += 1)) -lt 10 ] || pause=0.3 # a question costs a process or two, and stories wait side by side
        sleep $pause
    done
}

# login ROLE: the connection string of the story's database for that role.
login() { echo "${TW_CONNINFO/user=postgres/user=$1} dbname=$TW_DATABASE"; }

given_config() {
    cat >tapewatch.yaml <<END
dev: true
kafka:
  topics: [$TW_TOPIC]
  group: ${TW_GROUP:-$TW_TOPIC}
  properties:
    bootstrap.servers: $TW_BOOTSTRAP
    session.timeout.ms: 6000
    heartbeat.interval.ms: 1000
store:
  conninfo: "$(login "${TW_LOGIN:-tapewatch_writer}")"
http:
  port: 0
control:
  socket: $TW_WORK/{NAME}.socket
${extra_config:-}
END
}

given_own_kafka() {
    "$TW_SERVICES/kafka" start "$TW_WORK/kafka"
    TW_BOOTSTRAP=$(cat "$TW_WORK/kafka/bootstrap") TW_KAFKA=$TW_WORK/kafka
}

given_own_postgres() {
    "$TW_SERVICES/postgres" start "$TW_WORK/postgres"
    TW_CONNINFO=$(cat "$TW_WORK/postgres/conninfo")
    psql -Xq "$TW_CONNINFO dbname=postgres" -c "CREATE DATABASE \"$TW_DATABASE\""
}

free_port() { (. "$TW_SERVICES/lib.sh" && take_port && echo "$port"); }

given_database() {
    "$TW_BIN" migrate --conninfo "$(login postgres)" >migrate.log 2>&1 || fail "migrate"
}

given_topic() {
    "$TW_SERVICES/topic" delete "$TW_TOPIC" 2>/dev/null && sleep 1
    "$TW_SERVICES/topic" create "$TW_TOPIC" "$@"
}

publish() { "$TW_SERVICES/topic" produce "$TW_TOPIC" >/dev/null; }

start_daemon() {
    sed "s|{NAME}|$1|g" tapewatch.yaml >"$1.yaml"
    : >>"$1.log" # who looks into it may be faster than the shell that starts the daemon
    "$TW_BIN" serve -c "$1.yaml" 2>>"$1.log" </dev/null &
    daemon[$1]=$!
}

stop_daemon() {
    local status=0
    kill -TERM "${daemon[$1]}"
    wait "${daemon[$1]}" || status=$?
    unset "daemon[$1]"
    expect "$1 ends by SIGTERM" 0 $status
}

kill_daemon() {
    kill -KILL "${daemon[$1]}"
    wait "${daemon[$1]}" 2>/dev/null || true
    unset "daemon[$1]"
}

# The rate tests' model: everything runs but the encoder (it needs dev: true, which given_config writes).
constant_model='model:
  kind: constant'

stored() { query 'SELECT coalesce(sum(greatest(next_offset, 0)), 0) FROM tapewatch.positions'; }
all_stored() { [ "$(stored)" = "$1" ]; }

books_agree() {
    local read="FROM tapewatch.dead_letters WHERE last_offset IS NULL"
    local unread="coalesce(sum(last_offset - kafka_offset + 1), 0) FROM tapewatch.dead_letters WHERE last_offset IS NOT NULL"
    expect "documents, dead letters and offsets passed over" "$1" "$(query "SELECT (SELECT count(*) FROM tapewatch.documents) +
        (SELECT count(*) $read) + (SELECT $unread)")"
    expect "dead letters" "${2:-0}" "$(query "SELECT count(*) $read")"
    expect "offsets passed over unread" "${3:-0}" "$(query "SELECT $unread")"
    expect "records stored twice" 0 "$(query 'SELECT count(*) FROM (SELECT FROM tapewatch.documents
        GROUP BY topic_id, partition, kafka_offset HAVING count(*) > 1) AS twice')"
    expect "ids" "$(($1 - ${2:-0} - ${3:-0}))" "$(query 'SELECT count(DISTINCT id) FROM tapewatch.documents')"
    expect "documents whose scores are missing" 0 "$(query 'SELECT count(*) FROM tapewatch.documents d WHERE NOT EXISTS (
        SELECT FROM tapewatch.scores s WHERE (s.topic_id, s.partition, s.kafka_offset, s.event_time) =
            (d.topic_id, d.partition, d.kafka_offset, d.event_time))')"
    expect "bars that differ from the scores" 0 "$(query "
        SELECT count(*) FROM (
            SELECT entity, topic_id, partition, date_bin('10 s', event_time, 'epoch') AS bar_start, count(*) AS scores,
                sum(sentiment::bigint) AS sum, sum(sentiment::bigint * sentiment) AS sum_of_squares,
                sum(least(sentiment, 0)::bigint) AS negative_sum
            FROM tapewatch.scores GROUP BY 1, 2, 3, 4) AS told
        FULL JOIN tapewatch.bars AS kept USING (entity, topic_id, partition, bar_start)
        WHERE (told.scores, told.sum, told.sum_of_squares, told.negative_sum)
            IS DISTINCT FROM (kept.scores, kept.sum, kept.sum_of_squares, kept.negative_sum)")"
}

# lines FROM TO: messages about a hundred invented symbols, a tenth of a second of event time apart, ids line-FROM on.
lines() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        for (n = from; n <= to; n++)
            printf "{\"id\":\"line-%d\",\"ts\":%.0f,\"text\":\"$SY%c%c results of quarter %d were out today, number %d\"}\n",
                n, 1700000000000 + n * 100, 65 + n % 10, 65 + int(n / 10) % 10, n % 4 + 1, n
    }'
}
