"""witness: what an operator could have seen: /readyz, /metrics and the log of each daemon, second by second; and whether anything
got on meanwhile. It finds one verdict:

    silent    a partition had records that were not stored for LIMIT_S, or bars below the watermark were not evaluated for so long,
              and every daemon that answered said that it was ready; or a fault left no sign where its kind must leave one

    witness = Witness(servers, ledger_path)
    witness.start(), witness.stop()
    mark = witness.mark()                where the logs end now
    witness.seen(mark, pattern)          a line of any daemon's log since then; pattern `metric NAME`: that counter has grown
    witness.verdicts, witness.examples   as the judge's
"""
import collections
import os
import re
import threading
import time

import psycopg2

import ledger

COUNTERS = ("tapewatch_kafka_errors_total", "tapewatch_commit_retries_total", "tapewatch_store_connections_lost_total",
            "tapewatch_fenced_total", "tapewatch_repeats_total", "tapewatch_gaps_total", "tapewatch_late_total")
LIMIT_S = 20.0  # 15 s is promised; the rest is how exactly this looks
POSITIONS = """SELECT partition, greatest(next_offset, 0), (extract(epoch FROM watermark) * 1000)::bigint, caught_up FROM tapewatch.positions"""
EVALUATED = "SELECT (extract(epoch FROM min(evaluated_to)) * 1000)::bigint FROM tapewatch.shards"


class Witness(threading.Thread):
    def __init__(self, servers, ledger_path):
        super().__init__(daemon=True)
        self.servers, self.reader = servers, ledger.Reader(ledger_path)
        self.verdicts = collections.Counter(silent=0)
        self.examples = collections.defaultdict(list)
        self.acknowledged = collections.Counter()
        self.offsets, self.moved = {}, {}     # partition > next offset, and when it moved or was first behind
        self.evaluated = self.evaluated_moved = None
        self.first_watermark = None
        self.answers = collections.deque()    # (time, status, daemon, text) of /readyz
        self.told = set()                     # episodes that were told already
        self.counters = collections.Counter()  # of all daemons that ever ran
        self.last = {}                        # (pid, counter) > value
        self.ready_seconds = self.not_ready_seconds = 0
        self.reasons = collections.Counter()
        self.longest_wait = 0.0
        self.stored = 0
        self.stored_times = collections.deque(maxlen=100000)  # (time, stored in all)
        self.connection = None
        self.ending = threading.Event()

    def find(self, words):
        self.verdicts["silent"] += 1
        if len(self.examples["silent"]) < 5:
            self.examples["silent"].append(f"{time.strftime('%T')} {words}")

    # -- logs

    def mark(self):
        sizes = {daemon.name: os.path.getsize(daemon.log) if os.path.exists(daemon.log) else 0 for daemon in self.servers.daemons}
        return {**sizes, "counters": dict(self.counters)}

    def seen(self, mark, pattern):
        if pattern.startswith("metric "):
            name = pattern.split()[1]
            return name if self.counters[name] > mark["counters"].get(name, 0) else None
        for daemon in self.servers.daemons:
            if not os.path.exists(daemon.log):
                continue
            with open(daemon.log, errors="replace") as log:
                log.seek(mark.get(daemon.name, 0))
                for line in log:
                    if re.search(pattern, line):
                        return line.strip()
        return None

    # -- second by second

    def run(self):
        while not self.ending.wait(1.0):
            now = time.monotonic()
            self.ask_daemons(now)
            self.read_ledger()
            self.ask_database(now)
            self.judge(now)

    def stop(self):
        self.ending.set()
        self.join()

    def ask_daemons(self, now):
        while self.answers and self.answers[0][0] < now - LIMIT_S:
            self.answers.popleft()
        for daemon in self.servers.daemons:
            if not daemon.running():
                continue
            status, text = daemon.get("/readyz", 0.5)
            if status == 200:
                self.ready_seconds += 1
            elif status == 503:
                self.not_ready_seconds += 1
                for line in text.splitlines():
                    self.reasons[re.sub(r"[0-9]+(\.[0-9]+)?( m?s\b)?", "N", line)[:60]] += 1
            self.answers.append((now, status, daemon.name, text.strip()))
            self.count(daemon)

    def count(self, daemon):
        pid = daemon.pid
        _, text = daemon.get("/metrics", 0.5)
        for name in COUNTERS:
            found = re.search(rf"^{name} (\d+)", text, re.MULTILINE)
            if found:
                self.counters[name] += int(found[1]) - self.last.get((pid, name), 0)
                self.last[pid, name] = int(found[1])

    def read_ledger(self):
        for line in self.reader.lines():
            if line[0] == "A":
                self.acknowledged[line[2]] = max(self.acknowledged[line[2]], line[3] + 1)

    def ask_database(self, now):
        """While it is away nothing moves."""
        try:
            if self.connection is None:
                self.connection = self.servers.connect(options="-c statement_timeout=1500 -c lock_timeout=1000")
                self.connection.autocommit = True
            cursor = self.connection.cursor()
            cursor.execute(POSITIONS)
            positions = cursor.fetchall()
            cursor.execute(EVALUATED)
            evaluated = cursor.fetchone()[0]
        except psycopg2.Error:
            self.connection = None
            return
        for partition, offset, _, _ in positions:
            if self.offsets.get(partition) != offset or self.acknowledged[partition] <= offset:
                self.offsets[partition], self.moved[partition] = offset, now
        self.stored = sum(self.offsets.values())
        self.stored_times.append((now, self.stored))
        marks = [row[2] for row in positions if row[2] is not None]
        self.first_watermark = min(marks) if marks else None
        waiting = self.first_watermark is not None and evaluated is not None and self.first_watermark - evaluated >= 10000
        if evaluated != self.evaluated or not waiting:
            self.evaluated, self.evaluated_moved = evaluated, now

    def everybody_ready(self):
        """Somebody answered in the last LIMIT_S, and nobody said no."""
        statuses = [status for _, status, _, _ in self.answers]
        return 200 in statuses and 503 not in statuses

    def judge(self, now):
        for partition, since in self.moved.items():
            waited = now - since
            self.longest_wait = max(self.longest_wait, waited)
            if waited > LIMIT_S and self.everybody_ready() and ("records", partition, since) not in self.told:
                self.told.add(("records", partition, since))
                self.find(f"partition {partition}: {self.acknowledged[partition] - self.offsets[partition]} records wait "
                          f"and none was stored for {waited:.0f} s, and every daemon says that it is ready")
        since = self.evaluated_moved
        if since is not None and now - since > LIMIT_S and self.everybody_ready() and ("bars", since) not in self.told:
            self.told.add(("bars", since))
            self.find(f"bars wait and none was evaluated for {now - since:.0f} s, and every daemon says that it is ready")
