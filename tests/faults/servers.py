"""servers: what a storm runs on: a Kafka of three brokers, a PostgreSQL, daemons with a relay before each.

    servers = Servers(work, ...)          nothing runs yet
    servers.start()                       Kafka and PostgreSQL
    servers.begin(rules, binary)          another database and topic, daemons of that binary with a relay each
    servers.stop()                        ends all of it, whatever state it is in

Brokers and PostgreSQL are begun by tests/services, as for every other test. Each daemon runs as a user of its own, so that packet
filters can tell its packets from those of the feeder, the judge, and the other daemons.
"""
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import psycopg2
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

import stream

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = os.path.join(ROOT, "tests", "services")
HERE = os.path.join(ROOT, "tests", "faults")
FIRST_USER = 61001
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

CONFIG = """dev: true
kafka:
  topics: [{topic}]
  group: {topic}
  properties:
    bootstrap.servers: "{bootstrap}"
    session.timeout.ms: 6000
    heartbeat.interval.ms: 1000
store:
  conninfo: "host=127.0.0.1 port={relay} user=tapewatch_writer dbname={database} sslmode=disable gssencmode=disable"
  answer_most: 8s
{model}
decode:
  most_bytes: {most_bytes}B
batch:
  most_documents: 250
watermark:
  lateness: {lateness}s
  idle_after: {idle}s
rules:
  path: {rules}
http:
  port: {port}
control:
  socket: {folder}/control
"""


def port_free():
    """A port below 32768 that nobody listens on, locked as tests/services does."""
    script = f'. "{SERVICES}/lib.sh" && take_port && echo "$port"'
    return int(subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout)


def alive(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            return not any(line.startswith("State:\tZ") for line in status)
    except OSError:
        return False


def state_of(pid):
    """The letter that the kernel gives a process: T is stopped."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return "-"


class Daemon:
    """One tapewatch serve, and the relay before its PostgreSQL."""

    def __init__(self, servers, name, user, topic=None, database=None, model=None, extra=""):
        self.servers, self.name, self.user = servers, name, user
        self.topic, self.database = topic or servers.topic, database or servers.database
        self.model, self.extra = model or servers.model, extra  # of its configuration
        self.folder = os.path.join(servers.work, servers.topic, self.name)
        self.log = os.path.join(self.folder, "log")
        self.clock = os.path.join(self.folder, "clock")
        self.process = self.relay = None
        self.expected_away = False  # a fault has ended it, and starts it again
        self.events = []            # what the relay says it has done: (monotonic time, words)
        self.starts = 0
        self.ended_by_itself = []

    def prepare(self):
        os.makedirs(self.folder, exist_ok=True)
        if os.getuid() == 0:
            os.chown(self.folder, self.user, self.user)
        self.port, self.relay_port = port_free(), port_free()
        self.relay = subprocess.Popen(["/usr/bin/python3", os.path.join(HERE, "relay.py"), str(self.relay_port),
                                       str(self.servers.postgres_port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, bufsize=1)
        assert self.relay.stdout.readline() == "ready\n"
        threading.Thread(target=self.hear_relay, daemon=True).start()
        with open(self.config(), "w") as file:
            file.write(CONFIG.format(topic=self.topic, bootstrap=self.servers.bootstrap, relay=self.relay_port,
                                     port=self.port, folder=self.folder, rules=self.servers.rules_path,
                                     most_bytes=stream.MOST_BYTES, lateness=self.servers.lateness_s,
                                     database=self.database, idle=self.servers.idle_s, model=self.model) + self.extra)

    def config(self):
        return os.path.join(self.folder, "tapewatch.yaml")

    def hear_relay(self):
        for line in self.relay.stdout:
            self.events.append((time.monotonic(), line.split()))

    def tell_relay(self, *words):
        self.relay.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.relay.stdin.flush()

    def start(self):
        environment = dict(os.environ, TZ="UTC")
        if self.servers.clocks:
            self.set_clock("+0")
            environment.update(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=self.clock, FAKETIME_NO_CACHE="1",
                               FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.servers.binary, "serve", "-c", self.config()], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment, **self.as_user())
        self.starts += 1
        self.expected_away = False

    def as_user(self):
        return {"user": self.user, "group": self.user, "extra_groups": []} if os.getuid() == 0 else {}

    def set_clock(self, offset):
        with open(self.clock + ".new", "w") as file:
            file.write(offset + "\n")
        os.rename(self.clock + ".new", self.clock)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def get(self, path, seconds=1.0):
        """(status, text) of its HTTP; (0, why) when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except (OSError, ValueError) as problem:
            return 0, str(problem)

    def end(self):
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        if self.relay:
            self.relay.kill()
            self.relay.wait()


REFUSE = f"""CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'refused by a trigger of the test' USING ERRCODE = '22000'; END $$;
    CREATE TRIGGER refuse_row BEFORE INSERT ON tapewatch.documents FOR EACH ROW WHEN (NEW.source = '{stream.REFUSED_SOURCE}')
    EXECUTE FUNCTION refuse_row()"""


class Servers:
    idle_s = 15
    disk_megabytes = 1500

    def __init__(self, work, daemons=2, partitions=6, model="model:\n  kind: constant", clocks=False, lateness_s=20):
        self.work, self.count, self.first_partitions = work, daemons, partitions
        self.model, self.clocks, self.lateness_s = model, clocks, lateness_s
        self.kafka, self.postgres = os.path.join(work, "kafka"), os.path.join(work, "postgres")
        self.rules_path = os.path.join(work, "rules.yaml")
        self.daemons, self.begun, self.mounted = [], 0, None
        self.data, self.server_log = os.path.join(self.postgres, "data"), os.path.join(self.postgres, "server.log")
        self.standbys = 0
        self.beside, self.asides = [], 0  # daemons of asides (asides.py), and how many there were

    # -- starting and stopping

    def service(self, name, *words, **environment):
        return subprocess.run([os.path.join(SERVICES, name), *words], env=dict(os.environ, **environment),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def must(self, done):
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(done.args)}: {done.stdout or done.stderr}")

    def start(self):
        os.makedirs(self.work, exist_ok=True)
        os.chmod(self.work, 0o755)
        properties = os.path.join(self.work, "broker.properties")
        with open(properties, "w") as file:
            file.write("default.replication.factor=3\nmin.insync.replicas=1\nbroker.session.timeout.ms=6000\n"
                       "broker.heartbeat.interval.ms=1000\nreplica.lag.time.max.ms=8000\n"
                       "unclean.leader.election.enable=false\n"
                       # what asides need: records are cut off and compacted within seconds
                       "log.retention.check.interval.ms=1000\nlog.cleaner.backoff.ms=1000\nlog.initial.task.delay.ms=1000\n")
        kafka = threading.Thread(target=self.start_kafka, args=(properties,))
        kafka.start()
        self.start_postgres()
        kafka.join()
        if not os.path.exists(os.path.join(self.kafka, "bootstrap")):
            raise RuntimeError(f"Kafka did not start: {self.kafka_said}")
        with open(os.path.join(self.kafka, "bootstrap")) as file:
            self.bootstrap = file.read().strip()
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def begin(self, rules, binary):
        """Nothing of what ran before is left; what it logged is."""
        for daemon in self.daemons:
            daemon.end()
        self.begun += 1
        self.topic = self.database = f"storm{self.begun}"
        os.makedirs(os.path.join(self.work, self.topic))
        # Of its own: the tree may lie where other users cannot go, and may be built anew meanwhile.
        self.binary = shutil.copy(binary, os.path.join(self.work, self.topic, "tapewatch"))
        self.make_database()
        self.write_rules(rules)
        self.partitions = self.first_partitions
        topic = NewTopic(self.topic, self.partitions, 3, config={"min.insync.replicas": "2"})
        self.admin.create_topics([topic])[self.topic].result(30)
        self.await_leaders()
        self.daemons = [Daemon(self, "abcdefgh"[number], FIRST_USER + number) for number in range(self.count)]
        for daemon in self.daemons:
            daemon.prepare()
            daemon.start()

    def make_database(self):
        connection = self.connect("postgres")
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"DROP DATABASE IF EXISTS storm{self.begun - 1} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {self.database} {'TABLESPACE disk' if self.mounted else ''}")
        connection.close()
        self.migrate(self.database)
        self.query(REFUSE)

    def migrate(self, database):
        self.must(subprocess.run([self.binary, "migrate", "--conninfo",
                                  f"host=127.0.0.1 port={self.postgres_port} user=postgres dbname={database}"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False))

    def start_kafka(self, properties):
        done = self.service("kafka", "start", self.kafka, "3", TW_KAFKA_HEAP="256m", TW_KAFKA_PROPERTIES=properties)
        self.kafka_said = done.stdout

    def start_postgres(self):
        self.must(self.service("postgres", "start", self.postgres))
        with open(os.path.join(self.postgres, "conninfo")) as file:
            self.postgres_port = int(file.read().split("port=")[1].split()[0])
        if self.mount_disk():
            connection = self.connect("postgres")
            connection.autocommit = True
            connection.cursor().execute(f"CREATE TABLESPACE disk LOCATION '{self.mounted}/tables'")
            connection.close()

    def mount_disk(self):
        """A small disk for the tables, which a fault fills; the log of transactions stays elsewhere. Only in a mount namespace."""
        if not os.environ.get("TW_STORM_WITHIN"):
            return False
        disk = os.path.join(self.work, "disk")
        os.makedirs(disk, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.disk_megabytes}m,mode=755", "disk", disk], check=False)
        if done.returncode == 0:
            self.mounted = disk
            os.mkdir(os.path.join(disk, "tables"))
            shutil.chown(os.path.join(disk, "tables"), "postgres", "postgres")
        return done.returncode == 0

    def leaders(self):
        """The brokers that lead a partition of the stream: daemons read from them."""
        return {p.leader for p in self.admin.list_topics(timeout=10).topics[self.topic].partitions.values() if p.leader >= 0}

    def await_leaders(self, topic=None, partitions=None):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                found = self.admin.list_topics(timeout=10).topics.get(topic or self.topic)
            except KafkaException:
                found = None  # a broker is away
            partitions_found = found.partitions if found else {}
            if len(partitions_found) >= (partitions or self.partitions) and all(p.leader >= 0 for p in partitions_found.values()):
                return
            time.sleep(0.2)
        raise RuntimeError("the topic has no leaders")

    def write_rules(self, text):
        with open(self.rules_path + ".new", "w") as file:
            file.write(text)
        os.rename(self.rules_path + ".new", self.rules_path)

    def add_partitions(self, count):
        self.admin.create_partitions([NewPartitions(self.topic, count)])[self.topic].result(30)
        self.partitions = count
        self.await_leaders()

    def connect(self, database=None, **settings):
        return psycopg2.connect(host="127.0.0.1", port=self.postgres_port, user="postgres", dbname=database or self.database,
                                connect_timeout=3, application_name="judge", **settings)

    def query(self, sql, parameters=None, database=None):
        """Rows of one statement on a connection of its own."""
        connection = self.connect(database)
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def broker_pid(self, number):
        with open(os.path.join(self.kafka, str(number), "pid")) as file:
            return int(file.read())

    def as_server(self, tool, *words):
        """One of PostgreSQL's own programs, as the user that the server runs as."""
        script = 'PATH=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1):$PATH; exec "$@"'
        who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.getuid() == 0 else []
        return subprocess.run([*who, "bash", "-c", script, "sh", tool, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, cwd="/")

    def pg_ctl(self, *words, data=None):
        return self.as_server("pg_ctl", "-D", data or self.data, "-l", self.server_log, "-w", "-t", "30", "-s", *words)

    def copy_server(self):
        """A standby of the server: (its data, its port); it follows from here on."""
        self.standbys += 1
        folder, port = os.path.join(self.work, f"standby{self.standbys}"), port_free()
        os.makedirs(folder)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        words = ["-h", "127.0.0.1", "-p", str(self.postgres_port), "-U", "postgres", "-D", os.path.join(folder, "data"),
                 "-R", "-X", "stream", "-c", "fast"]
        for (place,) in self.query("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'disk'"):
            tables = os.path.join(self.mounted, f"tables{self.standbys}")
            os.mkdir(tables)
            shutil.chown(tables, "postgres", "postgres")
            words += ["-T", f"{place}={tables}"]
        self.must(self.as_server("pg_basebackup", *words))
        with open(os.path.join(folder, "data", "postgresql.conf"), "a") as file:
            file.write(f"port = {port}\n")
        self.must(self.pg_ctl("start", data=os.path.join(folder, "data")))
        return os.path.join(folder, "data"), port

    def lead_by(self, data, port):
        """The standby is the server from here on; whoever connects meets it. The small disk is its own."""
        self.data, self.postgres_port = data, port
        if self.mounted:
            own = f"tables{self.standbys}"
            for name in [name for name in os.listdir(self.mounted) if name.startswith("tables") and name != own]:
                shutil.rmtree(os.path.join(self.mounted, name), ignore_errors=True)

    def stop(self):
        for daemon in [*self.daemons, *self.beside]:
            daemon.end()
        for number in (1, 2, 3):
            try:
                os.kill(self.broker_pid(number), signal.SIGCONT)
            except (OSError, ValueError):
                pass
        self.keep_logs()
        self.service("kafka", "stop", self.kafka)
        if self.standbys:
            self.pg_ctl("stop", "-m", "immediate")
        self.service("postgres", "stop", self.postgres)
        if self.mounted:
            subprocess.run(["umount", "-l", self.mounted], check=False)

    def keep_logs(self):
        """The services take their folders away."""
        for number in (1, 2, 3):
            found = os.path.join(self.kafka, str(number), "broker.log")
            if os.path.exists(found):
                shutil.copy(found, os.path.join(self.work, f"broker-{number}.log"))
        if os.path.exists(self.server_log):
            shutil.copy(self.server_log, os.path.join(self.work, "postgres.log"))
