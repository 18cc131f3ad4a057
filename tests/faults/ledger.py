"""ledger: what the feeder did, a line each, appended to a file as it becomes known; the judge reads it while it grows.

    A n partition offset ts_ms     acknowledged: it stands at that offset, and must be stored
    X n partition offset ts_ms     sent in a transaction that was aborted: it stands there, and must not be stored
    U n partition - ts_ms          nobody knows: it may appear once, anywhere in that partition
    P count                        the topic has so many partitions from here on
    W ts_ms words                  what the feeder has to say (waits, errors); for people
    E n                            the end: numbers below n were used

A send of which no line tells yet is under way: its row may be seen before its line.
"""


class Writer:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1 << 16)

    def acknowledged(self, n, partition, offset, ts_ms):
        self.file.write(f"A {n} {partition} {offset} {ts_ms}\n")

    def aborted(self, n, partition, offset, ts_ms):
        self.file.write(f"X {n} {partition} {offset} {ts_ms}\n")

    def unknown(self, n, partition, ts_ms):
        self.file.write(f"U {n} {partition} - {ts_ms}\n")

    def partitions(self, count):
        self.file.write(f"P {count}\n")

    def words(self, ts_ms, words):
        self.file.write(f"W {ts_ms} {words}\n")

    def end(self, n):
        self.file.write(f"E {n}\n")

    def flush(self):
        self.file.flush()


class Reader:
    """Whole lines since the last call, each a tuple of its fields: (letter, n, partition, offset, ts_ms), ("P", count), ("E", n)."""

    def __init__(self, path):
        self.file = open(path, "r")
        self.rest = ""

    def lines(self):
        text = self.rest + self.file.read()
        complete, newline, self.rest = text.rpartition("\n")
        if not newline:
            return
        for line in complete.split("\n"):
            fields = line.split(" ", 4)
            if fields[0] in ("A", "X", "U"):
                offset = None if fields[3] == "-" else int(fields[3])
                yield fields[0], int(fields[1]), int(fields[2]), offset, int(fields[4])
            elif fields[0] in ("P", "E"):
                yield fields[0], int(fields[1])
            elif fields[0] == "W":
                yield "W", line[2:]
