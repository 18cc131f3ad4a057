# What the service scripts share; sourced, never run.

# Everything fetched or compiled for the tests lives here, across runs.
cache=${TW_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/tapewatch}

fail() { # fail STATUS WORDS...
    local status=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$status"
}

# take_port: sets $port to a free port below 32768 (the kernel hands out those above by itself) and holds a lock on
# it. The lock is an open descriptor which the server inherits, so that it lasts as long as the server does.
take_port() {
    local locks=/tmp/tapewatch-ports-$(id -u) try fd
    mkdir -p "$locks"
    for try in {1..200}; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        exec {fd}>>"$locks/$port"
        if flock -n "$fd" && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return 0
        fi
        exec {fd}>&-
    done
    fail 69 "no free port between 20000 and 31999 after $try tries; cure: see what listens there with 'ss -ltn'"
}

# wait_until SECONDS COMMAND...: tries the command ten times a second; false when the time is over.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# alive PID: a process that has ended and waits for a slow init to collect it is not.
alive() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# end_process PID SECONDS: asks, waits, insists.
end_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    wait_until "$2" eval "! kill -0 $1" || kill -KILL "$1" 2>/dev/null || true
}
