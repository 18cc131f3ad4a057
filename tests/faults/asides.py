"""asides: faults that would end the stream itself, on a topic, a database and a daemon of their own beside it, in the same storm.

    with Aside(storm, "remade") as aside:      its topic, database and daemon; all gone at the end
        aside.publish(0, 200)                  records by number; known once Kafka has acknowledged them
        aside.start(), aside.stop()            the daemon; `stop` is SIGTERM and must end with 0
        aside.await_ids({0, 1, 2})             exactly these are stored, within a minute and a half
        aside.await_refusal("stranded")        /readyz answers 503 and says so, and its log has the event
        aside.must(truth, words)               else the verdict `not as told`

What must come of such a fault is not what the judge of the stream knows (a topic made anew has other records at the same offsets), so
each kind of faults.py says it itself. Servers may die under it: all waits are long, and what failed is tried again.
"""
import json
import os
import random
import signal
import subprocess
import time

import psycopg2
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import ConfigResource, NewTopic

import servers as places

WAIT_S = 90.0
AWAY_S = 60.0  # for servers that are away


class Wrong(Exception):
    """Something else came of it than must come; it has been told as a finding."""


class Aside:
    def __init__(self, storm, name, config=None, extra="", model=None):
        storm.servers.asides += 1
        self.storm, self.servers = storm, storm.servers
        self.name = f"{name}-{storm.servers.asides}"
        self.topic, self.database = f"aside-{self.name}", f"aside_{self.name.replace('-', '_')}"
        self.config, self.extra, self.model = config or {}, extra, model
        self.sent, self.waiting = {}, []  # n: its offset; what was not sent yet
        self.offset_of_log = 0
        self.daemon = None

    # -- what it stands on

    def __enter__(self):
        self.daemon = places.Daemon(self.servers, f"aside-{self.name}", places.FIRST_USER + 20, topic=self.topic,
                                    database=self.database, model=self.model, extra=self.extra)
        self.servers.beside.append(self.daemon)
        try:
            self.again(self.make_database)
            self.make_topic()
            self.daemon.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.daemon.end()
        self.servers.beside.remove(self.daemon)
        try:
            self.delete_topic()
            self.servers.query(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        except (KafkaException, psycopg2.Error, OSError):
            pass  # nobody misses the room

    def again(self, function, *words):
        """Servers are in a storm: once more, for a minute."""
        limit = time.monotonic() + AWAY_S
        while True:
            try:
                return function(*words)
            except (psycopg2.Error, KafkaException, RuntimeError, OSError):
                if time.monotonic() > limit or self.storm.ending.is_set():
                    raise
                time.sleep(1)

    def make_database(self):
        self.servers.query(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.servers.query(f"CREATE DATABASE {self.database}")
        self.servers.migrate(self.database)

    def query(self, sql, parameters=None):
        return self.again(lambda: self.servers.query(sql, parameters, self.database))

    def make_topic(self):
        topic = NewTopic(self.topic, 1, 3, config={"min.insync.replicas": "2", **self.config})

        def make():
            self.servers.admin.create_topics([topic])[self.topic].result(30)

        self.again(make)
        self.servers.await_leaders(self.topic, 1)

    def delete_topic(self):
        self.servers.admin.delete_topics([self.topic])[self.topic].result(30)
        limit = time.monotonic() + AWAY_S
        while self.topic in self.servers.admin.list_topics(timeout=10).topics and time.monotonic() < limit:
            time.sleep(0.5)

    def set_topic(self, **settings):
        self.config.update({name.replace("_", "."): value for name, value in settings.items()})
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.topic, set_config={"min.insync.replicas": "2", **self.config})
        self.again(lambda: list(self.servers.admin.alter_configs([resource]).values())[0].result(30))

    # -- records

    def identity(self, n):
        return f"{self.topic}-{n}"

    def publish(self, first, count, keys=None, letters=20):
        """Numbers from `first` on, each acknowledged; with `keys`, by a key of so many; random letters that do not pack."""
        chance = random.Random(first)
        for n in range(first, first + count):
            body = "The word of the day is " + "".join(chance.choice("abcdefghijklmnopqrstuvwxyz ") for _ in range(letters))
            value = json.dumps({"id": self.identity(n), "ts": int(time.time() * 1000), "title": "$SYAA: a word", "body": body}).encode()
            self.sent[n] = None
            self.waiting.append((n, value, f"k{n % keys}".encode() if keys else None))
        self.flush()

    def flush(self):
        """Idempotent, so that a broker's death doubles nothing."""
        producer = Producer({"bootstrap.servers": self.servers.bootstrap, "enable.idempotence": True, "log_level": 0,
                             "message.timeout.ms": int(WAIT_S * 1000), "linger.ms": 5})
        for n, value, key in self.waiting:
            def delivered(error, message, n=n):
                if error is None:
                    self.sent[n] = message.offset()
            producer.produce(self.topic, value, key=key, partition=0, on_delivery=delivered)
            producer.poll(0)
        producer.flush(WAIT_S)
        missing = [n for n, _, _ in self.waiting if self.sent[n] is None]
        self.waiting.clear()
        if missing:
            raise RuntimeError(f"{len(missing)} records of an aside were not acknowledged")

    def held(self):
        """(first offset, one past the last, numbers that the topic holds): what a reader from the beginning finds."""
        return self.again(self.read)

    def read(self):
        consumer = Consumer({"bootstrap.servers": self.servers.bootstrap, "group.id": f"{self.topic}-judge", "log_level": 0,
                             "enable.auto.commit": False, "enable.partition.eof": True, "isolation.level": "read_committed"})
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(self.topic, 0), timeout=20)
            found, limit = set(), time.monotonic() + 30
            consumer.assign([TopicPartition(self.topic, 0, low)])
            while time.monotonic() < limit:
                for message in consumer.consume(1000, 1.0):
                    if message.error():
                        if message.error().code() == KafkaError._PARTITION_EOF:
                            return low, high, found
                        continue
                    found.add(int(json.loads(message.value())["id"].rpartition("-")[2]))
            raise RuntimeError("the topic could not be read to its end")
        finally:
            consumer.close()

    # -- the daemon

    def start(self):
        self.offset_of_log = os.path.getsize(self.daemon.log) if os.path.exists(self.daemon.log) else 0
        self.daemon.start()

    def stop(self):
        self.daemon.signal(signal.SIGTERM)
        try:
            status = self.daemon.process.wait(30)
        except subprocess.TimeoutExpired:
            status = "nothing within 30 s"
        self.must(status == 0, f"SIGTERM was answered by {status}")

    def tapewatch(self, *words):
        """A command of the program's own; (exit status, what it said)."""
        done = subprocess.run([self.servers.binary, words[0], "-c", self.daemon.config(), *words[1:]], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, **self.daemon.as_user())
        return done.returncode, done.stdout

    def command(self, *words):
        limit = time.monotonic() + AWAY_S
        while True:
            status, said = self.tapewatch(*words)
            if status == 0:
                return said
            if time.monotonic() > limit or self.storm.ending.is_set():
                self.must(False, f"tapewatch {' '.join(words)} ended with {status}: {said.strip()[-300:]}")
            time.sleep(1)

    def logged(self, pattern):
        """A line of the log since the last start that has these words."""
        with open(self.daemon.log, errors="replace") as log:
            log.seek(self.offset_of_log)
            return next((line.strip() for line in log if pattern in line), None)

    # -- what must come of it

    def must(self, truth, words):
        if not truth:
            self.storm.find("not as told", f"{self.name}: {words}; see {self.daemon.log}")
            raise Wrong(words)

    def wait_for(self, what, truth, seconds=WAIT_S):
        limit = time.monotonic() + seconds
        while not truth():
            if self.storm.ending.is_set():
                raise RuntimeError("the storm is over")
            self.must(self.daemon.process is None or self.daemon.running() or not self.daemon.starts,
                      f"it ended by itself while it was waited that {what}")
            self.must(time.monotonic() < limit, f"{what}: not within {seconds:.0f} s; /readyz {self.daemon.get('/readyz')}")
            time.sleep(0.5)

    def stored(self):
        return {int(row[0].rpartition("-")[2]) for row in self.query("SELECT id FROM tapewatch.documents")}

    def await_ids(self, wanted):
        """Exactly these documents, each once."""
        wanted = set(wanted)
        self.wait_for(f"{len(wanted)} documents are stored", lambda: len(self.stored()) >= len(wanted))
        stored = self.stored()
        count = self.query("SELECT count(*) FROM tapewatch.documents")[0][0]
        self.must(stored == wanted, f"missing {sorted(wanted - stored)[:5]}, not expected {sorted(stored - wanted)[:5]}")
        self.must(count == len(stored), f"{count} rows of {len(stored)} documents")

    def await_ready(self):
        self.wait_for("it is ready", lambda: self.daemon.get("/readyz")[0] == 200)

    def await_refusal(self, words, event):
        """Not ready for that reason, and the log says so: what an operator must see."""
        self.wait_for(f"/readyz says {words!r}", lambda: (lambda told: told[0] == 503 and words in told[1])(self.daemon.get("/readyz")))
        self.wait_for(f"the log has {event!r}", lambda: self.logged(event) is not None, 10)
