"""stream: what record number n is, from the seed and n alone.

The feeder sends it, the judge expects it, and neither asks the other: only when it was made (its event time) and where Kafka put
it (partition and offset) stand in the ledger.

    stream = Stream(seed)
    record = stream.record(n, ts_ms)     value, headers, and what must come of it

Kinds, by n: most are documents; the others must become dead letters (POISON, OVERSIZED; REFUSED, which a trigger of the test's own
makes PostgreSQL refuse), or leave no row (TICK, TOMBSTONE).
"""
import json

DOCUMENT, POISON, OVERSIZED, REFUSED = "document", "poison", "oversized", "refused"
TICK, TOMBSTONE = "tick", "tombstone"
DEAD = (POISON, OVERSIZED, REFUSED)
REFUSED_SOURCE = "refuse-me"
ROWLESS = (TICK, TOMBSTONE)
MOST_BYTES = 8192  # decode.most_bytes of the daemons
TURN = 9000  # a symbol is spoken of less and less, and again from the most: it must be quiet for longer than windows are wide
MASK = (1 << 64) - 1
WORDS = ("profit", "outlook", "guidance", "orders", "margin", "loss", "court", "plant", "merger", "talks", "shares", "debt",
         "record", "quarter", "delay", "recall", "growth", "demand", "supply", "review")


def mix(number):
    """splitmix64: neighbours give numbers that have nothing to do with each other."""
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


class Record:
    """One record: what is sent, and what must be stored of it."""
    __slots__ = ("kind", "value", "headers", "id", "title", "body", "source", "entities", "ts_ms")


class Stream:
    def __init__(self, seed, symbols=60, poison=0.01, oversized=0.002, refused=0.001, ticks=0.005, tombstones=0.002):
        self.seed = seed
        self.prefix = f"s{seed}-"
        # Invented symbols; a few are spoken of far more often than others, and every TURN records it is others' turn, so that
        # alerts open and are resolved.
        self.symbols = [f"SY{chr(65 + s // 26)}{chr(65 + s % 26)}" for s in range(symbols)]
        bounds, upto = [], 0.0
        for share, kind in ((poison, POISON), (oversized, OVERSIZED), (refused, REFUSED), (ticks, TICK), (tombstones, TOMBSTONE)):
            upto += share
            bounds.append((int(upto * 10000), kind))
        self.bounds = bounds

    def kind(self, n):
        roll = mix(self.seed * 1000003 + n) % 10000
        for bound, kind in self.bounds:
            if roll < bound:
                return kind
        return DOCUMENT

    def number(self, identity):
        """The n of a document's id, or None when it is none of this stream's."""
        if identity is None or not identity.startswith(self.prefix):
            return None
        digits = identity[len(self.prefix):]
        return int(digits) if digits.isdigit() else None

    def symbol(self, n, draw):
        count = len(self.symbols)
        return self.symbols[((draw % count) * ((draw >> 16) % count) // count + n // TURN * 7) % count]

    def record(self, n, ts_ms):
        record = Record()
        record.kind, record.ts_ms, record.id = self.kind(n), ts_ms, f"{self.prefix}{n}"
        draw = mix(mix(self.seed) ^ n)
        first, second = self.symbol(n, draw), self.symbol(n, draw >> 8)
        record.entities = sorted({first, second}) if draw >> 40 & 3 == 0 else [first]
        words = [WORDS[(draw >> shift) % len(WORDS)] for shift in (10, 15, 20, 25, 30, 35)]
        record.title = f"{' and '.join('$' + e for e in record.entities)}: {words[0]} {words[1]}"
        record.body = f"The {words[2]} of {words[3]}, {words[4]} and {words[5]} was told in note {n} of today."
        record.source = REFUSED_SOURCE if record.kind == REFUSED else f"wire-{draw >> 50 & 7}"
        record.headers = None
        if record.kind == TICK:
            record.value, record.headers = None, [("tw-time", str(ts_ms).encode())]
        elif record.kind == TOMBSTONE:
            record.value = None
        elif record.kind == POISON:
            record.value = f'{{"id":"{record.id}","text":"$SYAA broken'.encode()
        else:
            fields = {"id": record.id, "ts": ts_ms, "title": record.title, "body": record.body, "source": record.source}
            if record.kind == OVERSIZED:
                fields["padding"] = "x" * MOST_BYTES
            record.value = json.dumps(fields, separators=(",", ":")).encode()
        return record
