"""witness: what an operator could have seen: /readyz, /metrics and the log of each daemon, second by second; and whether anything
got on meanwhile. It finds one verdict:

    silent    a partition had records that were not stored for LIMIT_S, and whoever answered for it said all the while that he
              was ready: the daemon that owns its row, and others but for what is their own; the same of bars below the
              watermark that were not evaluated; or a fault left no sign where its kind must leave one

    witness = Witness(servers, ledger_path)
    witness.start(), witness.stop()
    mark = witness.mark()                where the logs end now
    witness.seen(mark, pattern)          a line of any daemon's log since then; pattern `metric NAME`: that counter has grown
    witness.verdicts, witness.examples   as the judge's
"""
import bisect
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
LOOK_S = 0.25   # how often it looks how far partitions are
KEPT_S = 4000   # for so long it is remembered how much was stored when
MOST_S = 120    # commits later than that have nothing to do with a fault's end
POSITIONS = """SELECT partition, greatest(next_offset, 0), (extract(epoch FROM watermark) * 1000)::bigint, owner
    FROM tapewatch.positions"""
# What a daemon says of what is its own, and of no other's partition.
OF_ITSELF = re.compile(r"records wait and none was stored|no rule was evaluated|rules are not evaluated|alerts wait")
EVALUATED = """SELECT (extract(epoch FROM evaluated_to) * 1000)::bigint, owner FROM tapewatch.shards
    ORDER BY evaluated_to NULLS FIRST LIMIT 1"""


class Witness(threading.Thread):
    def __init__(self, servers, ledger_path):
        super().__init__(daemon=True)
        self.servers, self.reader = servers, ledger.Reader(ledger_path)
        self.verdicts = collections.Counter(silent=0)
        self.examples = collections.defaultdict(list)
        self.acknowledged = collections.Counter()
        self.offsets, self.moved = {}, {}     # partition > next offset, and when it moved or was first behind
        self.evaluator = None                 # process that holds the shard which is furthest behind
        self.owners = {}                      # partition > process that owns its row
        self.evaluated = self.evaluated_moved = None
        self.first_watermark = None
        self.answers = []                     # (time, status, process, text, who owned what) of /readyz in the last LIMIT_S
        self.episodes = set()                 # what was found already
        self.counters = collections.Counter()  # of all daemons that ever ran
        self.last = {}                        # (pid, counter) > value
        self.ready_seconds = self.not_ready_seconds = 0
        self.reasons = collections.Counter()
        self.longest_wait = 0.0
        self.stored = 0
        self.progress = collections.deque(maxlen=int(KEPT_S / LOOK_S))  # (time, {partition: next offset})
        self.asking = threading.Thread(target=self.ask_on, daemon=True)
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
        self.asking.start()
        while not self.ending.wait(LOOK_S):
            self.read_ledger()
            self.ask_database(time.monotonic())
            self.judge(time.monotonic())

    def stop(self):
        """However often: what was seen is whole then."""
        self.ending.set()
        if self.ident is not None:
            self.join()
            self.asking.join()

    def ask_on(self):
        """A daemon that stands still does not answer, which must not keep others from being looked at: a thread of its own."""
        while not self.ending.wait(1.0):
            self.ask_daemons()

    def ask_daemons(self):
        for daemon in self.servers.daemons:
            if not daemon.running():
                continue
            pid = daemon.pid
            status, text = daemon.get("/readyz", 0.5)
            if status == 200:
                self.ready_seconds += 1
            elif status == 503:
                self.not_ready_seconds += 1
                for line in text.splitlines():
                    self.reasons[re.sub(r"[0-9]+(\.[0-9]+)?( m?s\b)?", "N", line)[:60]] += 1
            now = time.monotonic()
            self.answers = [answer for answer in self.answers if answer[0] >= now - LIMIT_S]
            self.answers.append((now, status, str(pid), text.strip(), {**self.owners, "shard": self.evaluator}))
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
            evaluated, evaluator = cursor.fetchone()
        except psycopg2.Error:
            self.connection = None
            return
        self.evaluator = (evaluator or "").rpartition(":")[2]
        self.owners = {row[0]: row[3].rpartition(":")[2] for row in positions}
        for partition, offset, _, _ in positions:
            if self.offsets.get(partition) != offset or self.acknowledged[partition] <= offset:
                self.offsets[partition], self.moved[partition] = offset, now
        self.stored = sum(self.offsets.values())
        self.progress.append((now, dict(self.offsets)))
        marks = [row[2] for row in positions if row[2] is not None]
        self.first_watermark = min(marks) if marks else None
        waiting = self.first_watermark is not None and evaluated is not None and self.first_watermark - evaluated >= 10000
        if evaluated != self.evaluated or not waiting:
            self.evaluated, self.evaluated_moved = evaluated, now

    def told(self, owned, means):
        """Whether in the last LIMIT_S who owned it then was not ready or did not answer, or another was not ready for a reason that
        may mean this, or nobody answered at all. Who has just taken it need not answer for the time before. `owned` is a partition,
        or "shard"."""
        if all(status != 200 for _, status, _, _, _ in self.answers):
            return True
        return any(status != 200 if pid == owners.get(owned) else status == 503 and any(means(line) for line in text.splitlines())
                   for _, status, pid, text, owners in self.answers)

    # -- how fast it went on

    def owed(self):
        """Partitions with records that are not stored."""
        return {partition for partition, end in self.acknowledged.items() if end > self.offsets.get(partition, 0)}

    def commits_after(self, began, owed):
        """Seconds from `began` to the first commit, and to one in each partition of `owed`; None: there was none."""
        first, last, left = None, None, dict.fromkeys(owed)
        seen = list(self.progress)
        at = max(0, bisect.bisect_right(seen, began, key=lambda one: one[0]) - 1)
        before = seen[at][1] if seen else {}
        for when, offsets in seen[at + 1:]:
            if when > began + MOST_S:
                break
            for partition in [p for p in offsets if offsets[p] > before.get(p, 0)]:
                first = when - began if first is None else first
                left.pop(partition, None)
            if not left and first is not None:
                last = when - began
                break
            before = offsets
        return first, last

    def rate(self, began, until):
        """Records that were stored a second in that time; None when it was not looked at, or something was forgotten."""
        seen = [(when, sum(offsets.values())) for when, offsets in list(self.progress) if began <= when <= until]
        if len(seen) < 2 or seen[-1][0] - seen[0][0] < (until - began) / 2 or seen[-1][1] < seen[0][1]:
            return None
        return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])

    def judge(self, now):
        for partition, since in list(self.moved.items()):
            def means(line, partition=partition):
                named = re.search(r"partition (\d+)", line)
                return int(named[1]) == partition if named else not OF_ITSELF.search(line)

            waited, owner = now - since, self.owners.get(partition)
            self.longest_wait = max(self.longest_wait, waited)
            if waited > LIMIT_S and not self.told(partition, means) and ("records", partition, since) not in self.episodes:
                self.episodes.add(("records", partition, since))
                self.find(f"partition {partition}: {self.acknowledged[partition] - self.offsets[partition]} records wait and none "
                          f"was stored for {waited:.0f} s, and nobody says so; its owner is process {owner}")
        since = self.evaluated_moved
        if since is not None and now - since > LIMIT_S and ("bars", since) not in self.episodes and \
                not self.told("shard", lambda line: not re.search(r"partition \d|none was stored", line)):
            self.episodes.add(("bars", since))
            self.find(f"bars wait and none was evaluated for {now - since:.0f} s, and nobody says so; the shard that is furthest "
                      f"behind is of process {self.evaluator}")
