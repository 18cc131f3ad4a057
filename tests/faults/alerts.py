"""alerts: which steps rules must have taken, computed plainly from the scores of the stored documents.

    wanted = expected(rules, spans, scores, headlines, upto_us)   {(rule, entity, step, edge_us): (value, documents)}

A second opinion: it walks every bar's edge from the first to the last, keeps no state beyond an alert's own, and knows nothing of
how the daemon goes about it. Only what the storms' own rules use: thresholds of negative_sum and count, and headlines without
keywords. deploy/docs/rules.md says what they mean. It holds while no document is late.
"""
import bisect

BAR_US = 10_000_000
ONE = 10_000

# The rules of the storms; `twitchy` has another `below` in the second set, which a reload brings.
SETS = {
    "first": {"below": -14.0, "count": 60, "headline": -0.985},
    "second": {"below": -11.0, "count": 60, "headline": -0.985},
}


def rules_text(name):
    """The rules file of a set."""
    numbers = SETS[name]
    return f"""rules:
  - name: twitchy
    kind: threshold
    measure: negative_sum
    window: 30s
    below: {numbers["below"]}
    at_least: 3
    resolve: -8.0
    quiet: 10s
    update_step: 20%
  - name: crowded
    kind: threshold
    measure: count
    window: 20s
    at_least: {numbers["count"]}
    resolve: 40
    quiet: 10s
    update_step: 30%
  - name: shout
    kind: headline
    at_most: {numbers["headline"]}
    quiet: 20s
"""


def bar_of(time_us):
    return time_us // BAR_US * BAR_US


class Threshold:
    """One rule of sums or counts for one entity, edge by edge."""

    def __init__(self, name, window_s, resolve, quiet_s, step, rises, at_least):
        self.name, self.window, self.resolve, self.quiet = name, window_s * 1_000_000, resolve, quiet_s * 1_000_000
        self.step, self.rises, self.at_least = step, rises, at_least
        self.open = self.reported = self.quiet_since = None

    def edge(self, edge_us, documents, negative, below):
        """What happens at this edge: (step, value, documents), or None."""
        if self.rises:
            value, holds, past = documents * ONE, documents >= self.at_least, documents * ONE <= self.resolve
        else:
            value, holds, past = negative, negative < below and documents >= self.at_least, negative >= self.resolve
        if not self.open:
            if not holds:
                return None
            self.open, self.reported, self.quiet_since = True, value, None
            return "opened", value, documents
        if not past:
            self.quiet_since = None
            worse = value > self.reported if self.rises else value < self.reported
            enough = value * 100 >= self.reported * (100 + self.step) if self.rises \
                else value * 100 <= self.reported * (100 + self.step)
            if holds and worse and enough:
                self.reported = value
                return "updated", value, documents
            return None
        if self.quiet_since is None:
            self.quiet_since = edge_us
        if edge_us - self.quiet_since < self.quiet:
            return None
        self.open = False
        return "resolved", value, documents


def set_at(spans, edge_us):
    """The set that governs an edge: the last one that holds from before it."""
    governing = spans[0][1]
    for holds_from_us, name in spans:
        if holds_from_us < edge_us:
            governing = name
    return governing


def expected(spans, bars, headlines, upto_us):
    """`spans`: [(holds_from_us, name of the set)], in order. `bars`: {entity: {bar_us: [documents, negative sum]}}, the judge's own.
    `headlines`: {entity: [event_time_us]} of documents at or below the headline rule's sentiment."""
    steps = {}
    for entity, own in bars.items():
        own = {bar: sums for bar, sums in own.items() if sums[0]}
        if not own:
            continue
        first = min(own)
        twitchy = Threshold("twitchy", 30, int(-8.0 * ONE), 10, 20, False, 3)
        crowded = Threshold("crowded", 20, 40 * ONE, 10, 30, True, SETS["first"]["count"])
        spoken, last_spoken = sorted(headlines.get(entity, ())), None
        at, ordered, edge = 0, sorted(own), first
        while edge + BAR_US <= upto_us:
            edge += BAR_US
            if not twitchy.open and not crowded.open and last_spoken is None:
                # Nothing happens while nobody speaks: a night is passed over.
                next_bar = ordered[bisect.bisect_left(ordered, edge - twitchy.window):][:1]
                if not next_bar:
                    break
                edge = max(edge, next_bar[0] + BAR_US)
                if edge > upto_us:
                    break
            below = int(round(SETS[set_at(spans, edge)]["below"] * ONE))
            for rule in (twitchy, crowded):
                documents = negative = 0
                for bar in range(edge - rule.window, edge, BAR_US):
                    if bar in own:
                        documents += own[bar][0]
                        negative += own[bar][1]
                taken = rule.edge(edge, documents, negative, below)
                if taken:
                    steps[rule.name, entity, taken[0], edge] = taken[1:]
            came = 0
            while at < len(spoken) and bar_of(spoken[at]) + BAR_US <= edge:
                at, came = at + 1, came + 1
            if came:
                steps["shout", entity, "updated" if last_spoken is not None else "opened", edge] = None
                last_spoken = edge
            elif last_spoken is not None and edge - last_spoken >= 20_000_000:
                steps["shout", entity, "resolved", edge] = None
                last_spoken = None
    return steps
