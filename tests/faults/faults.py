"""faults: every kind of fault, how it is injected, how it is proved that it truly was, and what an operator must see of it.

    KINDS[name]      Kind: the function that injects it, what it needs for itself, what it must leave in a log
    inject(storm)    begins it, waits as long as it lasts, takes it back, and returns the proof in words;
                     raises NotInjected when it missed: then it is tried again

A storm lends servers, feeder, witness, a random generator of the seed, and `storm.nap(seconds)`, which ends early with the storm.
"""
import collections
import os
import re
import signal
import subprocess
import time

import psycopg2

import alerts
from servers import SERVICES, alive, port_free, state_of


class NotInjected(Exception):
    pass


class Kind:
    def __init__(self, inject, needs, shows=None, words="", root=False):
        self.inject, self.needs, self.shows, self.words, self.root = inject, needs, shows, words, root

    def wants(self):
        """What no other may hold; a daemon is chosen when it acts."""
        return set(self.needs.split()) - {"daemon"}


KINDS = {}
LOCK_TIMEOUT_S = 2.0  # store.lock_timeout, by default


def kind(name, needs, shows=None, root=False):
    """`needs`: what no other fault may hold meanwhile, words; `shows`: what a line of some daemon's log must match, or which counter must
    grow (`metric NAME`), from its beginning until twenty seconds after its end. None: it may pass unnoticed."""
    def register(function):
        KINDS[name] = Kind(function, needs, shows, (function.__doc__ or "").strip().split("\n")[0], root)
        return function
    return register


def require(truth, words):
    if not truth:
        raise NotInjected(words)


# -- daemons -----------------------------------------------------------------------------------------------------------


def away_and_back(storm, daemon, low, high):
    storm.nap(storm.random.uniform(low, high))
    daemon.start()


@kind("kill", "daemon", r"event=rebalanced")
def kill(storm):
    """SIGKILL of a daemon, started again a few seconds later."""
    daemon = storm.daemon()
    daemon.expected_away = True
    daemon.signal(signal.SIGKILL)
    status = daemon.process.wait(10)
    require(status == -signal.SIGKILL, f"{daemon.name} ended with {status}")
    away_and_back(storm, daemon, 0.5, 9)
    return f"{daemon.name} died by SIGKILL"


@kind("term", "daemon", r'event=(ended|"ended")')
def term(storm):
    """SIGTERM: a daemon must end with 0 within ten seconds; started again."""
    daemon = storm.daemon()
    daemon.expected_away = True
    began = time.monotonic()
    daemon.signal(signal.SIGTERM)
    try:
        status = daemon.process.wait(20)
    except subprocess.TimeoutExpired:
        status = "nothing"
        daemon.process.kill()
        daemon.process.wait()
    took = time.monotonic() - began
    if status != 0 or took > 12:
        storm.find("ended badly", f"{daemon.name} ended with {status} after {took:.1f} s of SIGTERM")
    away_and_back(storm, daemon, 0, 3)
    return f"{daemon.name} ended with {status} after {took:.1f} s"


@kind("freeze", "daemon")
def freeze(storm):
    """SIGSTOP of a daemon for less than its session with Kafka."""
    daemon = storm.daemon()
    daemon.signal(signal.SIGSTOP)
    time.sleep(0.1)
    stopped = state_of(daemon.pid) == "T"
    storm.nap(storm.random.uniform(0.5, 4))
    daemon.signal(signal.SIGCONT)
    require(stopped, f"{daemon.name} was not stopped")
    return f"{daemon.name} stood still"


def epochs(storm):
    return storm.servers.query("SELECT coalesce(sum(epoch), 0) FROM tapewatch.positions")[0][0]


@kind("zombie", "daemon", r"event=rebalanced")
def zombie(storm):
    """SIGSTOP until others have taken its partitions, then SIGCONT: it wakes up behind their back."""
    daemon = storm.daemon()
    before = epochs(storm)
    daemon.signal(signal.SIGSTOP)
    try:
        storm.nap(storm.random.uniform(8, 13))
        taken = epochs(storm) > before
    finally:
        daemon.signal(signal.SIGCONT)
    require(taken, f"nobody took a partition of {daemon.name}")
    return f"{daemon.name} woke up after its partitions were taken"


@kind("reload", "daemon", r"rules: ")
def reload(storm):
    """Another rules file, and SIGHUP for all: takes effect at a bar's edge."""
    name = "second" if storm.rules == "first" else "first"
    before = storm.servers.query("SELECT count(*) FROM tapewatch.rule_sets")[0][0]
    storm.servers.write_rules(alerts.rules_text(name))
    storm.rules = name
    for daemon in storm.servers.daemons:
        daemon.signal(signal.SIGHUP)
    for _ in range(100):
        time.sleep(0.1)
        if storm.servers.query("SELECT count(*) FROM tapewatch.rule_sets")[0][0] > before:
            return f"rule set {before + 1} is stored"
    raise NotInjected("no new rule set was stored within ten seconds")


HOUR_OFF = """SELECT count(*) FROM tapewatch.documents
    WHERE abs(extract(epoch FROM arrived_at - available_at)) BETWEEN 3000 AND 4200"""


@kind("clock", "daemon", root=True)
def clock(storm):
    """The wall clock of one daemon is an hour off for a while."""
    require(storm.servers.clocks, "daemons run without libfaketime")
    daemon = storm.daemon()
    offset = storm.random.choice(("+3600", "-3600"))
    before = storm.servers.query(HOUR_OFF)[0][0]
    try:
        daemon.set_clock(offset)
        storm.nap(storm.random.uniform(4, 8))
        rows = storm.servers.query(HOUR_OFF)[0][0] - before
    finally:
        daemon.set_clock("+0")
    require(rows > 0, f"{daemon.name} stored nothing meanwhile")
    return f"{rows} documents arrived {offset} s off at {daemon.name}"


# -- points of a commit, at the wire (relay.py) ------------------------------------------------------------------------


def at_point(storm, point, action, seconds=0.0):
    """Arms the relay of some daemon; true when the point was passed within eight seconds."""
    daemon = storm.daemon()
    count = len(daemon.events)
    if action == "kill":
        daemon.expected_away = True
    daemon.tell_relay("arm", point, action, daemon.pid, seconds)
    limit = time.monotonic() + 8
    while time.monotonic() < limit:
        done = [words for _, words in daemon.events[count:] if words[1:3] == [point, action]]
        if done:
            break
        time.sleep(0.02)
    else:
        daemon.tell_relay("disarm")
        time.sleep(0.1)
        daemon.expected_away = False
        require(any(words[1:3] == [point, action] for _, words in daemon.events[count:]), f"{daemon.name} committed nothing")
    if action == "kill":
        daemon.expected_away = True
        status = daemon.process.wait(10)
        require(status == -signal.SIGKILL, f"{daemon.name} ended with {status}")
        away_and_back(storm, daemon, 0, 4)
    elif action == "freeze":
        storm.nap(seconds)
        daemon.signal(signal.SIGCONT)
    return f"{action} of {daemon.name} at {point}"


def register_points():
    for point in ("fence", "rows", "sync", "answer"):
        for action, shows in (("kill", r"event=rebalanced"), ("cut", r'event="connection lost"'), ("freeze", None),
                              ("late", r'event="connection lost"')):
            if (point, action) in (("fence", "late"), ("answer", "late")):
                continue

            def inject(storm, point=point, action=action):
                draw = storm.random.uniform
                seconds = {"freeze": draw(1, 4) if draw(0, 1) < 0.5 else draw(8, 12), "late": draw(0.2, 1.5)}.get(action, 0.0)
                return at_point(storm, point, action, seconds)

            inject.__doc__ = f"At the point {point} of a commit: {action}."
            kind(f"{action}-at-{point}", "daemon", shows)(inject)


register_points()


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def started(storm):
    """When the server, as it is now, came up after a start or a crash."""
    return storm.servers.query("SELECT pg_postmaster_start_time()")[0][0]


def wait_for_server(storm, seconds=30):
    limit = time.monotonic() + seconds
    while True:
        try:
            return storm.servers.query("SELECT 1")
        except psycopg2.Error:
            require(time.monotonic() < limit, "PostgreSQL did not come back")
            time.sleep(0.2)


@kind("pg-crash", "postgres", r'event="connection lost"')
def pg_crash(storm):
    """PostgreSQL ends without a checkpoint, and recovers some seconds later."""
    before = started(storm)
    storm.servers.pg_ctl("stop", "-m", "immediate")
    storm.nap(storm.random.uniform(0.5, 8))
    storm.servers.pg_ctl("start")
    wait_for_server(storm)
    require(started(storm) > before, "the server is the one of before")
    return "the server is another"


@kind("pg-restart", "postgres", r'event="connection lost"')
def pg_restart(storm):
    """A fast restart."""
    before = started(storm)
    storm.servers.pg_ctl("restart", "-m", "fast")
    wait_for_server(storm)
    require(started(storm) > before, "the server is the one of before")
    return "the server is another"


# Of the stream's daemons: those of asides have other databases.
BACKENDS = """SELECT pid FROM pg_stat_activity WHERE usename = 'tapewatch_writer' AND application_name LIKE %s
    AND datname = current_database() ORDER BY pid"""


def backends(storm, which):
    return [row[0] for row in storm.servers.query(BACKENDS, (which,))]


@kind("pg-kill-backend", "postgres", r'event="connection lost"')
def pg_kill_backend(storm):
    """kill -9 of one backend: the server throws everybody out, and recovers."""
    found = backends(storm, "tapewatch store%")
    require(found, "no backend")
    pid = storm.random.choice(found)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    wait_for_server(storm)
    require(pid not in backends(storm, "tapewatch%"), "it lives")
    return f"backend {pid} was killed, and the server recovered"


@kind("pg-terminate", "postgres", r'event="connection lost"')
def pg_terminate(storm):
    """pg_terminate_backend of a daemon's session: one whose loss it must tell (those for evidence and for telling come back unseen)."""
    found = backends(storm, "tapewatch store%") + backends(storm, "tapewatch evaluate%")
    require(found, "no backend")
    pid = storm.random.choice(found)
    ended = storm.servers.query("SELECT pg_terminate_backend(%s)", (pid,))[0][0]
    require(ended, "there was nothing to end")
    return f"backend {pid} was ended"


@kind("pg-freeze", "postgres")
def pg_freeze(storm):
    """SIGSTOP of a backend, as when its storage hangs: shorter and longer than store.answer_most."""
    found = backends(storm, "tapewatch store%")
    require(found, "no backend")
    pid = storm.random.choice(found)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.1)
    stopped = state_of(pid) == "T"
    storm.nap(storm.random.choice((2, 5, 14)))
    if alive(pid):
        os.kill(pid, signal.SIGCONT)
    require(stopped, "it was not stopped")
    return f"backend {pid} stood still"


@kind("pg-lock", "postgres", r'event="commit will be tried again"')
def pg_lock(storm):
    """LOCK TABLE documents for longer than store.lock_timeout."""
    return lock_table(storm, storm.random.uniform(4, 7))


@kind("pg-lock-long", "postgres", r'event="commit will be tried again"')
def pg_lock_long(storm):
    """The same for so long that nobody may call himself ready."""
    return lock_table(storm, 24)


# Sessions of the stream's daemons that store, and wait for a lock.
STORES_WAITING = """SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tapewatch store%'
    AND datname = current_database() AND wait_event_type = 'Lock'"""


def lock_table(storm, seconds):
    """Nobody meets a lock that is held while the whole group joins anew; who met it for a moment gave up no commit."""
    connection = storm.servers.connect()
    waits, end = collections.Counter(), time.monotonic() + seconds
    try:
        cursor = connection.cursor()
        cursor.execute("SET lock_timeout = '5s'; LOCK TABLE tapewatch.documents IN SHARE MODE")
        while time.monotonic() < end:
            storm.nap(0.5)
            cursor.execute(STORES_WAITING)
            waits.update(row[0] for row in cursor.fetchall())
    except psycopg2.Error as problem:
        raise NotInjected(str(problem)) from None
    finally:
        connection.close()
    require(waits and max(waits.values()) * 0.5 > LOCK_TIMEOUT_S + 0.5, "no store waited for as long as store.lock_timeout")
    return f"the table was locked, {len(waits)} stores waited"


def require_told(storm, size, words):
    """The server refused a daemon's session with these words since its log had that size. What it refused to others alone (the
    judge's own session, its own workers) no daemon can tell of."""
    with open(storm.servers.server_log, errors="replace") as file:
        file.seek(size)
        told = re.search(r"@\S+/tapewatch (store|evaluate)\S* ERROR: .*" + re.escape(words), file.read())
    require(told, "no daemon met it")


@kind("pg-readonly", "postgres", r'SQLSTATE 25006')
def pg_readonly(storm):
    """Every transaction is read-only for a while, as on a standby that was not promoted."""
    size = os.path.getsize(storm.servers.server_log)

    def say(value):
        storm.servers.query(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        storm.servers.query("SELECT pg_reload_conf()")
    say("on")
    time.sleep(0.5)
    shown = storm.servers.query("SHOW default_transaction_read_only")[0][0]
    storm.nap(storm.random.uniform(2, 5))
    connection = storm.servers.connect(options="-c default_transaction_read_only=off")
    connection.autocommit = True
    connection.cursor().execute("ALTER SYSTEM RESET default_transaction_read_only")
    connection.cursor().execute("SELECT pg_reload_conf()")
    connection.close()
    require(shown == "on", f"it was {shown}")
    require_told(storm, size, "read-only transaction")
    return "default_transaction_read_only was on"


@kind("disk-full", "postgres", r'No space left|could not extend', root=True)
def disk_full(storm):
    """The disk of the documents' tables is full, and then has room again."""
    require(storm.servers.mounted, "no disk of its own")
    size = os.path.getsize(storm.servers.server_log)
    filler = os.path.join(storm.servers.mounted, "filler")
    with open(filler, "wb") as file:
        for piece in (1 << 24, 1 << 16, 1 << 12):
            try:
                while True:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, piece)
            except OSError:
                pass
    storm.nap(storm.random.uniform(6, 10))
    os.remove(filler)
    require_told(storm, size, "No space left on device")
    return "the server found no space"


@kind("pg-standby", "postgres aside", r'event="connection lost"')
def pg_standby(storm):
    """The server is lost, and a standby that lags behind it is promoted: what it never had must be read and stored again."""
    servers = storm.servers
    data, port = servers.copy_server()
    standby = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", connect_timeout=3)
    standby.autocommit = True
    standby.cursor().execute("ALTER SYSTEM SET primary_conninfo = ''")
    standby.cursor().execute("SELECT pg_reload_conf()")
    standby.close()
    storm.nap(storm.random.uniform(2, 6))
    storm.judge.audit()  # of what the standby will never have
    with storm.judge.lock:
        servers.pg_ctl("stop", "-m", "immediate")
        servers.must(servers.pg_ctl("promote", data=data))
        servers.lead_by(data, port)
        forgotten = storm.judge.go_back()
        for daemon in servers.daemons:
            daemon.tell_relay("to", port)
    require(forgotten > 0, "it lagged behind by nothing that was judged")
    return f"{forgotten} records were forgotten"


# -- the network -------------------------------------------------------------------------------------------------------


def relay_does(storm, words, seconds):
    daemon = storm.daemon()
    count = len(daemon.events)
    daemon.tell_relay(*words)
    storm.nap(seconds + 0.3)
    done = [event for _, event in daemon.events[count:] if event[:2] == ["done", words[0]]]
    require(done and done[0][2] != "0", f"{daemon.name} had no connection")
    return f"{words[0]} between {daemon.name} and PostgreSQL, {done[0][2]} connections"


BOUNCER = """[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
admin_users = postgres
pool_mode = session
max_client_conn = 100
"""


@kind("pooler", "postgres", r'event="connection lost"', root=True)
def pooler(storm):
    """A pgbouncer in session mode comes between one daemon and PostgreSQL, and goes again."""
    require(os.path.exists("/usr/sbin/pgbouncer"), "no pgbouncer")
    folder, port, daemon = os.path.join(storm.servers.work, "pooler"), port_free(), storm.daemon()
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    users, settings = os.path.join(folder, "users"), os.path.join(folder, "pgbouncer.ini")
    with open(users, "w") as file:
        file.write('"tapewatch_writer" ""\n"postgres" ""\n')
    with open(settings, "w") as file:
        file.write(BOUNCER.format(server=storm.servers.postgres_port, port=port, users=users))
    with open(os.path.join(folder, "log"), "a") as log:
        process = subprocess.Popen(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--",
                                    "/usr/sbin/pgbouncer", settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        time.sleep(1)
        daemon.tell_relay("to", port)
        storm.nap(storm.random.uniform(5, 9))
        admin = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="pgbouncer", connect_timeout=3)
        admin.autocommit = True
        cursor = admin.cursor()
        cursor.execute("SHOW CLIENTS")
        clients = sum(1 for row in cursor.fetchall() if "tapewatch_writer" in row)
        admin.close()
    finally:
        daemon.tell_relay("to", storm.servers.postgres_port)
        process.terminate()
        process.wait()
    require(clients > 0, f"{daemon.name} never came through it")
    return f"{clients} sessions of {daemon.name} went through pgbouncer"


@kind("net-hole", "daemon")
def net_hole(storm):
    """Nothing passes between a daemon and PostgreSQL, neither way, and then goes on."""
    seconds = storm.random.choice((2, 4, 10))
    return relay_does(storm, ("hole", seconds), seconds)


@kind("net-slow", "daemon")
def net_slow(storm):
    """Each piece of the talk with PostgreSQL comes a fifth of a second later."""
    return relay_does(storm, ("slow", 5, 200), 5)


@kind("net-reject", "daemon", r'event="connection lost"')
def net_reject(storm):
    """PostgreSQL's port is closed to a daemon for some seconds."""
    seconds = storm.random.uniform(1, 6)
    return relay_does(storm, ("reject", f"{seconds:.1f}"), seconds)


def filter_packets(storm, verdict, seconds, shows):
    """A packet filter between one daemon and all brokers, or one of them; the feeder's packets pass. Proved by its counter."""
    daemon = storm.daemon()
    ports = [address.rpartition(":")[2] for address in storm.servers.bootstrap.split(",")]
    if shows == "dropped" and storm.random.random() < 0.5:
        ports = [storm.random.choice(ports)]
    table = f"storm_{daemon.name}"
    rules = (f"add table inet {table}\nadd chain inet {table} out {{ type filter hook output priority 0; }}\n"
             f"add rule inet {table} out meta skuid {daemon.user} tcp dport {{ {', '.join(ports)} }} {verdict}\n")
    made = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True, check=False)
    require(made.returncode == 0, f"nft: {made.stderr}")
    storm.nap(seconds)
    listed = subprocess.run(["nft", "list", "table", "inet", table], text=True, capture_output=True, check=False).stdout
    subprocess.run(["nft", "delete", "table", "inet", table], check=False)
    packets = int((re.search(r"counter packets (\d+)", listed) or [0, 0])[1])
    require(packets > 0, "no packet met it")
    return f"{packets} packets of {daemon.name} to {len(ports)} brokers {shows}"


@kind("packets-dropped", "daemon", root=True)
def packets_dropped(storm):
    """Packets of a daemon to one broker or all are dropped."""
    return filter_packets(storm, "counter drop", storm.random.choice((3, 6, 12)), "dropped")


@kind("packets-rejected", "daemon", root=True)
def packets_rejected(storm):
    """The same, answered by a reset."""
    return filter_packets(storm, "counter reject with tcp reset", storm.random.uniform(2, 6), "rejected")


@kind("packets-lost", "daemon", root=True)
def packets_lost(storm):
    """A fifth of the packets of a daemon to brokers is lost."""
    return filter_packets(storm, "numgen random mod 100 < 20 counter drop", storm.random.uniform(4, 10), "lost")


# -- Kafka -------------------------------------------------------------------------------------------------------------


def broker_again(storm, number):
    done = subprocess.run([os.path.join(SERVICES, "kafka"), "again", os.path.join(storm.servers.kafka, str(number))],
                          env=dict(os.environ, TW_KAFKA_HEAP="256m"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        storm.servers.must(done)


def broker_away(storm, number, sign):
    pid = storm.servers.broker_pid(number)
    require(alive(pid), "it was not running")
    os.kill(pid, sign)
    limit = time.monotonic() + 30
    while alive(pid) and time.monotonic() < limit:
        time.sleep(0.1)
    require(not alive(pid), f"broker {number} did not end")
    storm.nap(storm.random.uniform(1, 8))
    broker_again(storm, number)


@kind("broker-kill", "broker", "metric tapewatch_kafka_errors_total")
def broker_kill(storm):
    """SIGKILL of a broker that leads something, started again: of another's death no daemon need know."""
    number = storm.random.choice((1, 2, 3))
    leaders = storm.servers.leaders()
    require(leaders, "nobody leads anything")
    number = number if number in leaders else min(leaders)
    broker_away(storm, number, signal.SIGKILL)
    return f"broker {number} died and came back"


@kind("broker-stop", "broker")
def broker_stop(storm):
    """An orderly stop of a broker, started again."""
    number = storm.random.choice((1, 2, 3))
    broker_away(storm, number, signal.SIGTERM)
    return f"broker {number} ended and came back"


@kind("broker-freeze", "broker")
def broker_freeze(storm):
    """SIGSTOP of a broker, shorter and longer than its session with the controller."""
    number = storm.random.choice((1, 2, 3))
    pid = storm.servers.broker_pid(number)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.1)
    stopped = state_of(pid) == "T"
    storm.nap(storm.random.choice((3, 5, 10)))
    os.kill(pid, signal.SIGCONT)
    require(stopped, "it was not stopped")
    return f"broker {number} stood still"


def has_rows(storm, count):
    """Whether so many partitions have a row; no, too, while PostgreSQL is away."""
    try:
        return storm.servers.query("SELECT count(*) FROM tapewatch.positions")[0][0] >= count
    except psycopg2.Error:
        return False


@kind("partitions", "topic", r"event=rebalanced")
def partitions(storm):
    """The topic gets more partitions, and when daemons have found them the stream goes into them too."""
    require(storm.servers.partitions < 14, "enough of them")
    count = storm.servers.partitions + storm.random.choice((1, 2))
    storm.servers.add_partitions(count)
    limit = time.monotonic() + 60
    while not has_rows(storm, count):
        require(time.monotonic() < limit, f"nobody took partition {count - 1} within a minute")
        time.sleep(0.5)
    storm.feeder("partitions", count)
    return f"the topic has {count} partitions"


def feeder_says(storm, words, pattern, seconds):
    before = len(storm.judge.said)
    storm.feeder(*words)
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if any(re.search(pattern, line) for line in storm.judge.said[before:]):
            return
        time.sleep(0.2)
    raise NotInjected(f"the feeder did not say {pattern!r}")


@kind("aborted", "transaction")
def aborted(storm):
    """A transaction that is aborted: its records stand in the topic, and must not be stored."""
    count = storm.random.randint(10, 200)
    feeder_says(storm, ("abort", count), f"transaction of {count}: aborted", 30)
    return f"{count} records aborted"


@kind("committed", "transaction")
def committed(storm):
    """A transaction that is committed: its markers leave holes in the offsets."""
    count = storm.random.randint(10, 200)
    feeder_says(storm, ("commit", count), f"transaction of {count}: committed", 30)
    return f"{count} records committed"


def leave_open(storm, seconds):
    feeder_says(storm, ("hang", seconds), "transaction of 5: aborted", seconds + 30)
    return f"a transaction stood open for {seconds} s"


@kind("open-transaction", "transaction")
def open_transaction(storm):
    """A transaction that is left open: what lies behind it cannot be read until it is aborted."""
    return leave_open(storm, storm.random.choice((5, 10)))


@kind("open-transaction-long", "transaction")
def open_transaction_long(storm):
    """The same for longer than a partition must be silent to be passed over by event time, and lateness on top."""
    return leave_open(storm, 50)
