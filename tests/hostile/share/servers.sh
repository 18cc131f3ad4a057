# For cases that meet servers. Sourced after $TW_BOOTSTRAP and $TW_CONNINFO stand.

. "$SHARE/model.sh"
name=$(basename "$(dirname "$CASE")")_$(basename "$CASE")
topic=hostile-${name//_/-}
database=hostile_$name
conninfo="$TW_CONNINFO dbname=$database"

query() { psql -XAtq "$conninfo" -v ON_ERROR_STOP=1 -c "$1"; }

fresh_database() {
    psql -Xq "$TW_CONNINFO dbname=postgres" 2>/dev/null -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" -c "CREATE DATABASE $database"
}

# config [CONNINFO [BROKERS]]: tapewatch.yaml here, with the tiny model and no rules.
config() {
    [ -e model ] || tiny_model model
    cat >tapewatch.yaml <<END
kafka:
  topics: [$topic]
  group: $topic
  properties:
    bootstrap.servers: ${2:-${TW_BOOTSTRAP:-127.0.0.1:9}}
    session.timeout.ms: 6000
store:
  conninfo: "${1:-$conninfo}"
model:
  path: model
http:
  port: 0
END
}

wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "waited in vain for: $*" >&2; return 1; }
        sleep 0.2
    done
}
