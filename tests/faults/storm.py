"""storm: who does what when: the mixture of faults changes every ROUND_S seconds, with a rest at each round's end.

    storm = Storm(servers, seed, kinds, rate, work)
    storm.run(minutes)         servers run already; returns when everything is over and judged
    storm.run_until_found(s)   the same for as many seconds at most, until some verdict is not 0 (mutants)
    storm.verdicts()           {name: number} of judge, witness and its own

Its own verdicts:
    ended badly      a daemon ended by itself, not with 0 by SIGTERM, or left the drawing of one of its machines
    not injected     a kind that was asked for and never truly happened
"""
import collections
import os
import random
import subprocess
import threading
import time

import faults
import judge as judges
import psycopg2
import stream as streams
import witness as witnesses

ROUND_S, REST_S = 30.0, 7.0
AUDIT_S = 4.0
AT_ONCE = 3          # faults that act at the same time
EACH_S = 8.0         # with so much time for each kind, each must have happened
MOST_TRIES = 4       # for one that misses
SIGN_S = 20.0        # after its end a fault must have left its sign
DRAIN_S = 120.0      # for what was published to be stored, once all faults are over
PROBE_S = 15.0       # for a fresh document then


class Storm:
    def __init__(self, servers, seed, kinds, rate, work, say=print):
        self.servers, self.seed, self.kinds, self.rate, self.say = servers, seed, list(kinds), rate, say
        self.random = random.Random(seed)
        self.rules = "first"
        self.ledger_path = os.path.join(work, f"ledger-{servers.topic}")
        open(self.ledger_path, "w").close()
        self.judge = judges.Judge(servers, streams.Stream(seed), self.ledger_path)
        self.witness = witnesses.Witness(servers, self.ledger_path)
        self.own = collections.Counter({"ended badly": 0, "not injected": 0})
        self.examples = collections.defaultdict(list)
        self.injected = collections.Counter()
        self.missed = collections.Counter()
        self.held, self.lock = set(), threading.Lock()   # what faults that act now need for themselves
        self.acting = []
        self.again = []                                  # kinds that missed, for another try
        self.signs = []                                  # (kind, mark, when it must have been seen)
        self.recoveries = []                             # seconds from a fault's end to the next commit
        self.ending = threading.Event()
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
        if kind.needs != "daemon":
            if kind.needs in self.held:
                return False
            self.held.add(kind.needs)
            thread.holds.add(kind.needs)
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
        except (faults.NotInjected, psycopg2.Error, OSError, RuntimeError) as missed:
            self.missed[name] += 1
            self.again += [name] if self.missed[name] < MOST_TRIES else []
            self.say(f"  {name}: missed: {str(missed).strip()[:300]}")
        finally:
            self.release(thread)

    def release(self, thread):
        """The fault is over: what it held is free, and a daemon that it ended runs again."""
        self.recoveries.append([thread.name, time.monotonic(), self.witness.stored, None])
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

    def note_recoveries(self):
        for recovery in self.recoveries:
            if recovery[3] is None and self.witness.stored > recovery[2]:
                recovery[3] = time.monotonic() - recovery[1]

    # -- the run

    def start_feeder(self):
        self.feeding = subprocess.Popen(["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "feeder.py"),
                                         self.servers.bootstrap, self.servers.topic, str(self.servers.partitions),
                                         str(self.seed), self.ledger_path, str(self.rate)], stdin=subprocess.PIPE, text=True)

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
            self.note_recoveries()
            self.check_signs()
            if time.monotonic() >= self.next_audit:
                began = time.monotonic()
                self.judge.audit()
                self.next_audit = time.monotonic() + max(AUDIT_S, 3 * (time.monotonic() - began))
            time.sleep(0.1)

    def rounds(self, seconds):
        end = time.monotonic() + seconds
        deck, number = [], 0
        while time.monotonic() < end:
            number += 1
            round_end = min(end, time.monotonic() + ROUND_S)
            self.say(f"{time.strftime('%T')} round {number}: {self.judge.counts['acknowledged']} acknowledged, "
                     f"{self.witness.stored} stored")
            while time.monotonic() < round_end:
                if self.kinds and time.monotonic() < round_end - min(REST_S, seconds / 4) and len(self.acting) < AT_ONCE:
                    deck += self.again
                    self.again = []
                    deck = deck or self.random.sample(self.kinds, len(self.kinds))
                    # What is needed by another waits for its turn.
                    at = next((at for at, name in enumerate(deck) if faults.KINDS[name].needs not in self.held), None)
                    if at is not None:
                        self.begin_fault(deck.pop(at))
                self.tick(min(round_end, time.monotonic() + self.random.uniform(0.5, 2.0)))

    def run(self, minutes):
        self.witness.start()
        self.start_feeder()
        self.wait_for_first()
        self.rounds(minutes * 60)
        self.say(f"{time.strftime('%T')} no more faults")
        limit = time.monotonic() + 60
        while self.acting and time.monotonic() < limit:
            self.tick(time.monotonic() + 0.5)
        self.feeder("rate", 0)
        self.drain()
        self.probe()
        self.witness.stop()
        self.check_signs(everything=True)
        self.judge.end()
        self.judge_injections(minutes)
        line = self.witness.seen({}, "a move that is not allowed")
        if line:
            self.find("ended badly", line)

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
            self.feeder("end")
            self.feeding.wait(40)
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
        self.feeder("end")
        self.feeding.wait(60)
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
        if self.feeding and self.feeding.poll() is None:
            self.feeding.kill()
            self.feeding.wait()
