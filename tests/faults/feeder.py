#!/usr/bin/python3
"""feeder: publishes the stream of a seed, and keeps the ledger. A process of its own, told what to do by lines of its input.

    feeder.py BOOTSTRAP TOPIC PARTITIONS SEED LEDGER RATE [DAYS SECONDS]

With DAYS, event time begins so many days ago, and goes on to the next day each SECONDS, so that days can be dropped behind it; a
day begins when all of the one before is known to stand in Kafka.

    rate N          records a second from here on; 0: none
    partitions N    the topic has been enlarged
    abort N         a transaction of N records, aborted
    commit N        a transaction of N records, committed
    hang SECONDS    a transaction that is left open for so long, and then aborted
    probe           a document into each partition, whatever the rate
    end             waits for what is under way, writes the ledger's end, and ends

Sends are not retried, and each number is sent once, so that what is not acknowledged may appear once, at most. It goes in step:
when one partition has not acknowledged anything for STALL_MS, nothing is sent to any, so that event time never runs ahead where
the broker of another partition is away. Hence no document of this stream is ever late by the daemons' own rules.
"""
import collections
import os
import select
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from confluent_kafka import KafkaException, Producer  # noqa: E402

import ledger  # noqa: E402
import stream  # noqa: E402

STALL_MS = 2000
DISORDER_MS = 3000  # event times go back by up to this within a partition; watermark.lateness is far more
UNKNOWN_S = 45      # a send that nobody knows of may appear for so long; it would be late on another day
DAY_MS = 86400000


def now_ms():
    return int(time.time() * 1000)


class Feeder:
    def __init__(self, bootstrap, topic, partitions, seed, path, rate, days=0, day_s=0.0):
        self.topic, self.partitions, self.rate, self.next = topic, partitions, rate, 0
        self.days, self.day_s, self.day_ends = days, day_s, time.monotonic() + day_s
        self.unknown_at = -UNKNOWN_S
        self.bootstrap = bootstrap
        self.stream = stream.Stream(seed)
        self.ledger = ledger.Writer(path)
        self.ledger.partitions(partitions)
        self.producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "retries": 0, "linger.ms": 10, "max.in.flight": 5,
                                  "compression.type": "lz4", "message.timeout.ms": 20000, "socket.timeout.ms": 8000,
                                  "partitioner": "random", "queue.buffering.max.messages": 200000,
                                  "topic.metadata.refresh.interval.ms": 2000,  # partitions that are added
                                  "log_level": 0})
        self.out = [collections.OrderedDict() for _ in range(64)]  # by partition: n under way, and when it was sent
        self.transactor = None
        self.open = None  # a transaction left open: its producer, what was sent, where it went, until when
        self.stalled = False

    def event_ms(self, n):
        return now_ms() - self.days * DAY_MS - stream.mix(n) % DISORDER_MS

    def is_night(self):
        """The day is over, and what was sent of it is still under way: nothing is sent. When it has arrived, the next day begins."""
        now = time.monotonic()
        if self.days <= 0 or now < self.day_ends or self.open or now < self.unknown_at + UNKNOWN_S:
            return False
        if any(self.out):
            return True
        self.days -= 1
        self.day_ends = now + self.day_s
        self.say(f"a day begins, {self.days} days ago")
        return False

    def unknown(self, n, partition, ts_ms):
        self.unknown_at = time.monotonic()
        self.ledger.unknown(n, partition, ts_ms)

    def say(self, words):
        self.ledger.words(now_ms(), words)

    # -- ordinary sends

    def send(self, partition):
        n = self.next
        self.next += 1
        ts_ms = self.event_ms(n)
        record = self.stream.record(n, ts_ms)

        def delivered(error, message):
            self.out[partition].pop(n, None)
            if error is None:
                self.ledger.acknowledged(n, partition, message.offset(), ts_ms)
            else:
                self.unknown(n, partition, ts_ms)

        self.out[partition][n] = now_ms()
        try:
            self.producer.produce(self.topic, record.value, key=b"t" if record.value is None else None, partition=partition,
                                  headers=record.headers, on_delivery=delivered)
        except (BufferError, KafkaException):
            self.out[partition].pop(n, None)  # never sent: the number is passed over
            return False
        return True

    def in_step(self):
        limit = now_ms() - STALL_MS
        stalled = any(out and next(iter(out.values())) < limit for out in self.out)
        if stalled != self.stalled:
            self.say("a partition does not acknowledge: waiting" if stalled else "all partitions acknowledge")
        self.stalled = stalled
        return not stalled

    # -- transactions

    def begin(self, name, timeout_ms):
        transactor = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": f"feeder-{os.getpid()}-{name}",
                               "transaction.timeout.ms": timeout_ms, "linger.ms": 5, "log_level": 0,
                               "compression.type": "lz4", "message.timeout.ms": timeout_ms - 1000})
        transactor.init_transactions(15)
        return transactor

    def fill(self, transactor, count):
        """Begins a transaction of so many records; returns what was sent, and where each went as that becomes known."""
        sent, placed = [], {}
        transactor.begin_transaction()
        for _ in range(count):
            n = self.next
            self.next += 1
            partition = stream.mix(n) % self.partitions
            ts_ms = self.event_ms(n)
            record = self.stream.record(n, ts_ms)
            sent.append((n, partition, ts_ms))
            transactor.produce(self.topic, record.value, key=b"t" if record.value is None else None, partition=partition,
                               headers=record.headers, on_delivery=lambda error, message, n=n: placed.__setitem__(
                                   n, None if error else message.offset()))
        transactor.flush(8)
        return sent, placed

    def settle(self, sent, placed, outcome):
        """What is known at a transaction's end: committed it is acknowledged, aborted it must not appear; else nobody knows."""
        for n, partition, ts_ms in sent:
            offset = placed.get(n)
            if outcome == "committed" and offset is not None:
                self.ledger.acknowledged(n, partition, offset, ts_ms)
            elif outcome == "aborted" and offset is not None:
                self.ledger.aborted(n, partition, offset, ts_ms)
            elif outcome != "aborted":
                self.unknown(n, partition, ts_ms)
        self.say(f"transaction of {len(sent)}: {outcome}")

    def transaction(self, count, commit):
        sent, placed, outcome = [], {}, "unknown"
        try:
            self.transactor = self.transactor or self.begin("short", 10000)
            sent, placed = self.fill(self.transactor, count)
            if commit:
                self.transactor.commit_transaction(15)
            else:
                self.transactor.abort_transaction(15)
            outcome = "committed" if commit else "aborted"
        except (KafkaException, BufferError) as problem:
            self.say(f"transaction: {problem}")
            self.transactor = None
        self.settle(sent, placed, outcome)

    def hang(self, seconds):
        """Leaves a transaction open while the stream goes on: what lies behind it in its partitions cannot be read meanwhile."""
        try:
            transactor = self.begin("open", 120000)
            sent, placed = self.fill(transactor, 5)
            self.open = (transactor, sent, placed, time.monotonic() + seconds)
        except (KafkaException, BufferError) as problem:
            self.say(f"open transaction: {problem}")

    def end_open(self):
        transactor, sent, placed, _ = self.open
        self.open, outcome = None, "unknown"
        try:
            transactor.abort_transaction(15)
            outcome = "aborted"
        except KafkaException as problem:
            self.say(f"open transaction: {problem}")
        self.settle(sent, placed, outcome)

    # -- the loop

    def run(self):
        due, last, turn = 0.0, time.monotonic(), 0
        while True:
            self.producer.poll(0.01)
            self.ledger.flush()
            now = time.monotonic()
            due = min(due + (now - last) * self.rate, self.rate * 0.5)
            last = now
            if self.is_night():
                due = 0.0
            elif due >= 1 and self.in_step():
                for _ in range(int(due)):
                    turn += 1
                    if not self.send(turn % self.partitions):
                        break
                    due -= 1
            elif self.stalled:
                self.in_step()
                due = 0.0
            if self.open and time.monotonic() >= self.open[3]:
                self.end_open()
            ready, _, _ = select.select([sys.stdin], [], [], 0)
            if ready and not self.command(sys.stdin.readline().split()):
                break
        if self.open:
            self.end_open()
        self.producer.flush(30)
        for partition, out in enumerate(self.out):
            for n in out:
                self.ledger.unknown(n, partition, 0)
        self.ledger.end(self.next)
        self.ledger.flush()

    def command(self, words):
        if not words or words[0] == "end":
            return False
        verb, number = words[0], float(words[1]) if len(words) > 1 else 0.0
        if verb == "rate":
            self.rate = number
        elif verb == "partitions":
            self.partitions = int(number)
            self.ledger.partitions(self.partitions)
        elif verb in ("abort", "commit"):
            self.transaction(int(number), verb == "commit")
        elif verb == "hang":
            self.hang(number)
        elif verb == "probe":
            for partition in range(self.partitions):
                while self.stream.kind(self.next) != stream.DOCUMENT:
                    self.next += 1
                self.send(partition)
        return True


def main():
    bootstrap, topic, partitions, seed, path, rate = sys.argv[1:7]
    days, day_s = (int(sys.argv[7]), float(sys.argv[8])) if len(sys.argv) > 8 else (0, 0.0)
    try:
        Feeder(bootstrap, topic, int(partitions), int(seed), path, float(rate), days, day_s).run()
    except KafkaException as problem:
        sys.exit(f"feeder: {problem}")


if __name__ == "__main__":
    main()
