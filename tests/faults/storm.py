"""storm: who does what when: the mixture of faults changes every ROUND_S seconds, with a rest at each round's end.

    storm = Storm(servers, seed, kinds, rate, work)
    storm.run(minutes)         servers run already; returns when everything is over and judged; sooner after storm.stop()
    storm.run_until_found(s)   the same for as many seconds at most, until some verdict is not 0 (mutants)
    storm.verdicts()           {name: number} of judge, witness and its own
    storm.recoveries()         how things went on after each fault

Its own verdicts:
    ended badly      a daemon ended by itself, not with 0 by SIGTERM, or left the drawing of one of its machines
    not injected     a kind that was asked for and never truly happened
    not as told      a kind that says itself what must come of it (asides.py) saw something else
"""
import collections
import os
import random
import subprocess
import threading
import time

import aside_faults  # noqa: F401, which registers its kinds
import asides
import faults
import judge as judges
import psycopg2
import stream as streams
import witness as witnesses
from confluent_kafka import KafkaException

ROUND_S, REST_S = 30.0, 7.0
AUDIT_S = 4.0
AT_ONCE = 3          # faults that act at the same time
EACH_S = 8.0         # with so much time for each kind, each must have happened
MOST_TRIES = 4       # for one that misses
SIGN_S = 45.0        # after its end a fault must have left its sign: another may lock a table for 24 s meanwhile
DRAIN_S = 120.0      # for what was published to be stored, once all faults are over
PROBE_S = 15.0       # for a fresh document then
FEEDER_END_S = 150.0  # for the feeder to end, at most: it may have to wait for what is under way, and for a transaction
LAST_S = 240.0       # for faults that act still when no more begin
RATE_S = 10.0        # rates before and after a fault are taken over so long


class Storm:
    def __init__(self, servers, seed, kinds, rate, work, say=print, days=(0, 0)):
        self.servers, self.seed, self.kinds, self.rate, self.say = servers, seed, list(kinds), rate, say
        self.random = random.Random(seed)
        self.rules = "first"
        self.ledger_path = os.path.join(work, f"ledger-{servers.topic}")
        open(self.ledger_path, "w").close()
        self.judge = judges.Judge(servers, streams.Stream(seed), self.ledger_path)
        self.witness = witnesses.Witness(servers, self.ledger_path)
        self.own = collections.Counter({"ended badly": 0, "not injected": 0, "not as told": 0})
        self.days = days                                 # of event time: how many ago it begins, and how long each lasts
        self.examples = collections.defaultdict(list)
        self.injected = collections.Counter()
        self.missed = collections.Counter()
        self.held, self.lock = set(), threading.Lock()   # what faults that act now need for themselves
        self.acting = []
        self.again = []                                  # kinds that missed, for another try
        self.signs = []                                  # (kind, mark, when it must have been seen)
        self.over = []                                   # (kind, began, ended, partitions that were owed something then)
        self.ending = threading.Event()
        self.stopping = threading.Event()
        self.seconds = 0.0                               # for which faults were injected
        self.told = collections.Counter()                # findings that were told already
        self.feeding = None
        self.next_audit = 0.0

    # -- what faults are lent

    def nap(self, seconds):
        self.ending.wait(seconds)

    def daemon(self):
        """A daemon that runs and that no other fault acts on; it is this fault's from now on."""
        with self.lock:
            free = [d for d in self.servers.daemons if d.running() and not d.expected_away and ("daemon", d.name) not in self.held]
            faults.require(free, "no daemon is free")
            chosen = self.random.choice(free)
            self.held.add(("daemon", chosen.name))
            threading.current_thread().holds.add(("daemon", chosen.name))
        return chosen

    def feeder(self, *words):
        self.feeding.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.feeding.stdin.flush()

    def find(self, name, words):
        self.own[name] += 1
        self.examples[name].append(f"{time.strftime('%T')} {words}")

    # -- faults

    def begin_fault(self, name):
        kind = faults.KINDS[name]
        thread = threading.Thread(target=self.act, args=(name, kind), name=name, daemon=True)
        thread.holds = set()
        wanted = kind.wants()
        with self.lock:
            if wanted & self.held:
                return False
            self.held |= wanted
            thread.holds |= wanted
        self.acting.append(thread)
        thread.start()
        return True

    def act(self, name, kind):
        thread, began, mark = threading.current_thread(), time.monotonic(), self.witness.mark()
        try:
            proof = kind.inject(self)
            self.injected[name] += 1
            self.say(f"  {name}: {proof} ({time.monotonic() - began:.1f} s)")
            if kind.shows:
                self.signs.append((name, kind.shows, mark, time.monotonic() + SIGN_S))
        except asides.Wrong as wrong:
            self.injected[name] += 1
            self.say(f"  {name}: {wrong}")
        except (faults.NotInjected, psycopg2.Error, KafkaException, OSError, RuntimeError) as missed:
            self.missed[name] += 1
            self.again += [name] if self.missed[name] < MOST_TRIES else []
            self.say(f"  {name}: missed: {str(missed).strip()[:300]}")
        finally:
            self.release(thread, began)

    def release(self, thread, began):
        """The fault is over: what it held is free, and a daemon that it ended runs again."""
        self.over.append((thread.name, began, time.monotonic(), self.witness.owed()))
        for daemon in self.servers.daemons:
            if ("daemon", daemon.name) in thread.holds and not daemon.running() and daemon.expected_away:
                daemon.start()
        with self.lock:
            self.held -= thread.holds
            self.acting.remove(thread)

    def check_signs(self, everything=False):
        for sign in list(self.signs):
            name, pattern, mark, until = sign
            line = self.witness.seen(mark, pattern)
            if line or everything or time.monotonic() > until:
                self.signs.remove(sign)
                if not line:
                    self.witness.find(f"{name} left no line like {pattern} in any log")

    def check_daemons(self):
        for daemon in self.servers.daemons:
            if daemon.process is not None and daemon.process.poll() is not None and not daemon.expected_away:
                status = daemon.process.poll()
                self.find("ended badly", f"{daemon.name} ended by itself with {status}, see {daemon.log}")
                daemon.start()

    def recoveries(self):
        """For each fault that happened: (kind, seconds to the first commit, to one in each partition, rate before, after)."""
        told = []
        for name, began, ended, owed in self.over:
            if not self.injected[name]:
                continue
            first, every = self.witness.commits_after(ended, owed)
            since = ended + (first or 0)
            told.append((name, first, every, self.witness.rate(began - RATE_S, began), self.witness.rate(since, since + RATE_S)))
        return told

    def tell_findings(self):
        """At once, for somebody may be looking on."""
        for name, count in self.verdicts().items():
            if count > self.told[name]:
                example = (self.all_examples().get(name) or ["?"])[-1]
                self.say(f"  FOUND {name}: {count - self.told[name]} more, {example[:300]}")
                self.told[name] = count

    def stop(self):
        """No more faults; what there is will be judged."""
        self.stopping.set()

    # -- the run

    def start_feeder(self):
        self.feeding = subprocess.Popen(["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "feeder.py"),
                                         self.servers.bootstrap, self.servers.topic, str(self.servers.partitions),
                                         str(self.seed), self.ledger_path, str(self.rate), *(str(days) for days in self.days)],
                                        stdin=subprocess.PIPE, text=True)

    def end_feeder(self):
        self.feeder("end")
        try:
            self.feeding.wait(FEEDER_END_S)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the feeder did not end within {FEEDER_END_S:.0f} s") from None

    def wait_for_first(self):
        limit = time.monotonic() + 60
        while self.witness.stored == 0:
            ended = [daemon for daemon in self.servers.daemons if not daemon.running()]
            if ended or time.monotonic() > limit:
                with open((ended or self.servers.daemons)[0].log, errors="replace") as log:
                    raise RuntimeError(f"nothing was stored within a minute of the start: {log.read()[-1000:]}")
            time.sleep(0.2)

    def tick(self, until):
        """Until then, audits and looks at the daemons."""
        while time.monotonic() < until:
            self.check_daemons()
            self.check_signs()
            if time.monotonic() >= self.next_audit:
                began = time.monotonic()
                if self.judge.audit():
                    self.judge.drop_days()
                self.tell_findings()
                self.next_audit = time.monotonic() + max(AUDIT_S, 3 * (time.monotonic() - began))
            time.sleep(0.1)

    def rounds(self, seconds):
        began = time.monotonic()
        end = began + seconds
        deck, number = [], 0
        while time.monotonic() < end and not self.stopping.is_set():
            number += 1
            round_end = min(end, time.monotonic() + ROUND_S)
            self.say(f"{time.strftime('%T')} round {number} of {seconds / ROUND_S:.0f}: {self.progress()}")
            while time.monotonic() < round_end and not self.stopping.is_set():
                if self.kinds and time.monotonic() < round_end - min(REST_S, seconds / 4) and len(self.acting) < AT_ONCE:
                    deck += self.again
                    self.again = []
                    deck = deck or self.random.sample(self.kinds, len(self.kinds))
                    # What is needed by another waits for its turn.
                    at = next((at for at, name in enumerate(deck) if not faults.KINDS[name].wants() & self.held), None)
                    if at is not None:
                        self.begin_fault(deck.pop(at))
                self.tick(min(round_end, time.monotonic() + self.random.uniform(0.5, 2.0)))
        self.seconds = time.monotonic() - began

    def progress(self):
        counts = self.judge.counts
        found = sum(self.verdicts().values())
        return (f"{counts['acknowledged']} acknowledged, {counts['documents']} documents, {self.judge.lag()} not judged yet, "
                f"{sum(self.injected.values())} faults, {sum(self.missed.values())} misses, "
                f"{counts['days dropped']} days dropped, {'nothing found' if not found else f'{found} FINDINGS'}")

    def run(self, minutes):
        self.witness.start()
        self.start_feeder()
        self.wait_for_first()
        self.rounds(minutes * 60)
        self.say(f"{time.strftime('%T')} no more faults")
        limit = time.monotonic() + LAST_S
        while self.acting and time.monotonic() < limit:
            self.tick(time.monotonic() + 0.5)
        if self.acting:
            raise RuntimeError(f"{', '.join(thread.name for thread in self.acting)} did not end within {LAST_S:.0f} s")
        self.feeder("rate", 0)
        self.drain()
        self.probe()
        self.witness.stop()
        self.check_signs(everything=True)
        self.judge.end()
        self.judge_injections(self.seconds / 60)
        line = self.witness.seen({}, "a move that is not allowed")
        if line:
            self.find("ended badly", line)
        self.tell_findings()

    def run_until_found(self, seconds):
        """One kind after another, and the end in a hurry: what has not settled in a quarter of a minute never will."""
        self.witness.start()
        self.start_feeder()
        try:
            self.wait_for_first()
        except RuntimeError as problem:
            self.judge.find("unseen", str(problem))
        end = time.monotonic() + seconds
        kinds = list(self.kinds)
        while time.monotonic() < end and not self.found():
            if kinds and not self.acting:
                self.begin_fault(kinds[0])
                kinds.append(kinds.pop(0))
            self.tick(time.monotonic() + 1)
        limit = time.monotonic() + 30
        while self.acting and time.monotonic() < limit:
            self.tick(time.monotonic() + 0.5)
        if not self.found():
            self.feeder("rate", 0)
            self.drain(15)
            self.end_feeder()
            self.judge.audit()
            self.judge.end()
        self.witness.stop()

    def found(self):
        return any(self.verdicts().values())

    def judge_injections(self, minutes):
        """Each kind truly happened, if there was time for each; one that missed once may have come too late for another try."""
        for name in self.kinds:
            if not self.injected[name] and (self.missed[name] > 1 or minutes * 60 >= EACH_S * len(self.kinds)):
                self.find("not injected", f"{name}: missed {self.missed[name]} times")
        reached = sum(1 for name in self.kinds if self.injected[name] or self.missed[name])
        if reached < len(self.kinds):
            self.say(f"{len(self.kinds) - reached} kinds were not reached in {minutes:g} minutes")

    def drain(self, seconds=DRAIN_S):
        """Until everything acknowledged is stored."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            self.tick(time.monotonic() + AUDIT_S + 0.5)
            if self.judge.lag() == 0:
                return
        self.say(f"{self.judge.lag()} records are not stored after {seconds:.0f} s")

    def probe(self):
        """A fresh document into each partition is stored soon; then the feeder ends, and event time comes to its end."""
        before = self.judge.counts["documents"]
        self.feeder("probe")
        limit = time.monotonic() + PROBE_S
        while self.judge.counts["documents"] < before + self.servers.partitions and time.monotonic() < limit:
            self.judge.audit()
            time.sleep(0.3)
        stored = self.judge.counts["documents"] - before
        if stored < self.servers.partitions:
            self.judge.find("unseen", f"only {stored} of {self.servers.partitions} fresh documents were stored within {PROBE_S:.0f} s")
        self.end_feeder()
        self.judge.audit()
        # Partitions are idle some time after their last record; lateness on top closes the last bar.
        last = self.servers.query("SELECT (extract(epoch FROM max(event_time)) * 1000)::bigint FROM tapewatch.documents")[0][0]
        most = self.servers.idle_s + self.servers.lateness_s + 25
        limit = time.monotonic() + most
        while time.monotonic() < limit:
            self.tick(time.monotonic() + 1)
            evaluated = self.witness.evaluated
            if evaluated is not None and evaluated > last:
                return
        self.judge.find("missed alert", f"the last bar was not evaluated within {most} s")

    def verdicts(self):
        return {**self.judge.verdicts, **self.witness.verdicts, **self.own}

    def all_examples(self):
        return {**self.judge.examples, **self.witness.examples, **self.examples}

    def end(self):
        self.ending.set()
        self.witness.stop()
        if self.feeding and self.feeding.poll() is None:
            self.feeding.kill()
            self.feeding.wait()
