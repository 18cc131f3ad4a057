"""tally: what a run has found so far, in a file that it goes on from.

    tally = Tally(path, options)     options of a new run
    tally = Tally.read(path)         of one that was stopped, with its own options
    tally.left()                     minutes that are still to be stormed
    tally.add(storm, ...)            a leg that is over; written at once, whole or not at all
    tally.print()                    verdicts, and a table of the kinds of faults; returns the number of findings

A leg is judged to its end before it counts; what was under way when the machine went down is stormed again.
"""
import collections
import json
import os


def median(numbers):
    return sorted(numbers)[len(numbers) // 2] if numbers else None


def shown(number, form):
    return format(number, form) if number is not None else "-"


class Tally:
    def __init__(self, path, options, legs=()):
        self.path, self.options, self.legs = path, options, list(legs)

    @classmethod
    def read(cls, path):
        with open(path) as file:
            held = json.load(file)
        return cls(path, held["options"], held["legs"])

    def write(self):
        with open(self.path + ".new", "w") as file:
            json.dump({"options": self.options, "legs": self.legs}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)

    def left(self):
        return self.options["minutes"] - sum(leg["minutes"] for leg in self.legs)

    def add(self, storm):
        witness = storm.witness
        self.legs.append({
            "seed": storm.seed, "minutes": storm.seconds / 60, "counts": dict(storm.judge.counts), "verdicts": storm.verdicts(),
            "examples": {name: words[:5] for name, words in storm.all_examples().items()},
            "injected": dict(storm.injected), "missed": dict(storm.missed), "recoveries": storm.recoveries(),
            "longest wait": witness.longest_wait, "audits": [storm.judge.audits, storm.judge.missed_audits],
            "ready": [witness.ready_seconds, witness.not_ready_seconds], "reasons": dict(witness.reasons.most_common(30)),
        })
        self.write()

    def add_broken(self, seed, minutes, words):
        """A leg that could not be judged: a finding, whosever fault it is."""
        self.legs.append({"seed": seed, "minutes": minutes, "counts": {}, "verdicts": {"not judged": 1},
                          "examples": {"not judged": [words[-2000:]]}, "injected": {}, "missed": {}, "recoveries": [],
                          "longest wait": 0.0, "audits": [0, 0], "ready": [0, 0], "reasons": {}})
        self.write()

    def sum(self, what):
        summed = collections.Counter()
        for leg in self.legs:
            summed.update(leg[what])
        return summed

    def print_kinds(self):
        injected, missed = self.sum("injected"), self.sum("missed")
        told = collections.defaultdict(list)
        for leg in self.legs:
            for recovery in leg["recoveries"]:
                told[recovery[0]].append(recovery[1:])
        print(f"{'fault':24} {'times':>5} {'missed':>6}   {'first commit':>13}   {'each partition':>14}   {'records a second':>16}")
        print(f"{'':24} {'':>5} {'':>6}   {'median':>6} {'most':>6}   {'median':>7} {'most':>6}   {'before':>7} {'after':>8}")
        for name in [*sorted(set(injected) | set(missed)), "all"]:
            rows = told[name] if name != "all" else [row for rows in list(told.values()) for row in rows]
            columns = [[row[at] for row in rows if row[at] is not None] for at in range(4)]
            print(f"{name:24} {injected[name] if name != 'all' else sum(injected.values()):5} "
                  f"{missed[name] if name != 'all' else sum(missed.values()):6}   "
                  f"{shown(median(columns[0]), '6.1f'):>6} {shown(max(columns[0], default=None), '6.1f'):>6}   "
                  f"{shown(median(columns[1]), '7.1f'):>7} {shown(max(columns[1], default=None), '6.1f'):>6}   "
                  f"{shown(median(columns[2]), '7.0f'):>7} {shown(median(columns[3]), '8.0f'):>8}")
        print("seconds from a fault's end, by whom it was taken back; rates over ten seconds, medians; other faults act meanwhile")

    def print(self):
        counts, verdicts = self.sum("counts"), self.sum("verdicts")
        for leg in self.legs:
            verdicts.update(dict.fromkeys(leg["verdicts"], 0))
        print(f"stream: {', '.join(f'{counts[name]} {name}' for name in sorted(counts))}")
        if self.sum("injected"):
            self.print_kinds()
        reasons = self.sum("reasons")
        for reason, times in reasons.most_common(12):
            print(f"not ready {times:5} times: {reason}")
        audits = [sum(leg["audits"][at] for leg in self.legs) for at in (0, 1)]
        ready = [sum(leg["ready"][at] for leg in self.legs) for at in (0, 1)]
        print(f"audits: {audits[0]}, {audits[1]} while PostgreSQL was away; ready {ready[0]} times, not ready {ready[1]} times; "
              f"longest wait of a partition {max((leg['longest wait'] for leg in self.legs), default=0.0):.1f} s")
        for name, count in verdicts.items():
            print(f"verdict {name}: {count}")
            for leg in self.legs:
                for example in leg["examples"].get(name, ()) if leg["verdicts"].get(name) else ():
                    print(f"    seed {leg['seed']}: {example}")
        bad = sum(verdicts.values())
        minutes = sum(leg["minutes"] for leg in self.legs)
        print(f"{'all is well' if bad == 0 else f'{bad} findings'}: {sum(self.sum('injected').values())} faults in {minutes:.1f} minutes "
              f"and {len(self.legs)} legs, first seed {self.options['seed']}, {self.options['rate']:g} records a second")
        return bad
