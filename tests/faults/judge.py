"""judge: holds PostgreSQL against the feeder's ledger, while the storm is on and after it. Plain SQL and the stream's seed.

    judge = Judge(servers, stream, ledger_path)
    judge.audit()       one consistent look (REPEATABLE READ): all that was committed since the last one
    judge.go_back()     a standby that lagged is the server now: what it never had is to be stored again
    judge.drop_days()   days that the stream has left behind and that were judged are dropped, as an operator would
    judge.end()         the last look, after everything was stored: the topic itself, counts, alerts
    judge.verdicts      {name: number}, and judge.examples {name: [words]}

Verdicts; each must be 0:

    lost              acknowledged, its partition's offset is past it, and at the end it is neither document nor dead letter
    unseen            acknowledged, and not stored at the end, though there was time
    doubled           one record in two rows
    invented          a row that no record stands for: unknown offset, or of a transaction that was aborted
    wrong content     a row that does not say what was sent
    offset back       a partition's stored offset was lower than before
    offset ahead      an offset was committed whose rows were not (seen during the run; what is never stored is `lost` too)
    rows ahead        rows were committed whose offset was not
    wrong sum         a bar that is not the sum of its scores, or a document without its scores
    missed alert      a step that the rules must have taken
    invented alert    a step that they must not
    late that is not  marked late, though the feeder keeps step
"""
import collections
import threading
import time

import psycopg2
from confluent_kafka import Consumer, KafkaError, TopicPartition

import alerts
import ledger
import stream as streams

VERDICTS = ("lost", "unseen", "doubled", "invented", "wrong content", "offset back", "offset ahead", "rows ahead", "wrong sum",
            "missed alert", "invented alert", "late that is not")
EXAMPLES = 5
DAY_MS = 86400000
DAY_IS_OVER_S = 60  # what nobody knows of may still be stored in it until then
READ_S = 900        # for the topic to be read, at the end
REMEMBERED = 100000  # records of a partition that were judged of late, in case the server forgets them
SCORED = 500000      # documents whose scores are remembered for that

DOCUMENTS = """SELECT d.partition, d.kafka_offset, d.id, d.title, d.body, d.source, (extract(epoch FROM d.event_time) * 1000)::bigint,
        d.time_source::text, d.late
    FROM unnest(%(partitions)s, %(begins)s) AS b (partition, begin)
    JOIN tapewatch.documents d ON d.partition = b.partition AND d.kafka_offset >= b.begin"""
DEAD_LETTERS = """SELECT d.partition, d.kafka_offset, d.payload, d.last_offset
    FROM unnest(%(partitions)s, %(begins)s) AS b (partition, begin)
    JOIN tapewatch.dead_letters d ON d.partition = b.partition AND d.kafka_offset >= b.begin"""
SCORES = """SELECT s.partition, s.kafka_offset, s.entity, (extract(epoch FROM s.event_time) * 1000000)::bigint, s.sentiment
    FROM unnest(%(partitions)s, %(begins)s) AS b (partition, begin)
    JOIN tapewatch.scores s ON s.partition = b.partition AND s.kafka_offset >= b.begin"""
BARS = """SELECT entity, partition, bar_start FROM (
        SELECT entity, topic_id, partition, date_bin('10 s', event_time, 'epoch') AS bar_start, count(*) AS scores,
            sum(sentiment::bigint) AS sum, sum(sentiment::bigint * sentiment) AS sum_of_squares,
            sum(least(sentiment, 0)::bigint) AS negative_sum
        FROM tapewatch.scores WHERE event_time >= %(since)s GROUP BY 1, 2, 3, 4) AS told
    FULL JOIN (SELECT * FROM tapewatch.bars WHERE bar_start >= %(since)s) AS kept USING (entity, topic_id, partition, bar_start)
    WHERE (told.scores, told.sum, told.sum_of_squares, told.negative_sum)
        IS DISTINCT FROM (kept.scores, kept.sum, kept.sum_of_squares, kept.negative_sum)"""


class Judge:
    def __init__(self, servers, stream, ledger_path):
        self.servers, self.stream, self.reader = servers, stream, ledger.Reader(ledger_path)
        self.verdicts = collections.Counter({name: 0 for name in VERDICTS})
        self.examples = collections.defaultdict(list)
        self.pending = collections.defaultdict(dict)   # partition > offset > (n, ts): acknowledged, its row not seen yet
        self.aborted = collections.defaultdict(set)    # partition > offsets
        self.unknown = {}                              # n > (partition, ts)
        self.waiting = {}                              # (partition, offset) > row that no line of the ledger explains yet
        self.begins = collections.defaultdict(int)     # partition > the offset that was judged up to
        self.ahead = set()                             # (partition, offset) passed by an offset and not stored
        self.acknowledged = collections.Counter()      # partition > one past the highest acknowledged offset
        self.rows = collections.Counter()              # partition > documents and dead letters judged
        self.bars = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
        self.headlines = collections.defaultdict(list)
        self.counts = collections.Counter()
        # partition > what was judged last: (offset, n, ts, what); and (partition, offset) > scores that were added
        self.judged = collections.defaultdict(lambda: collections.deque(maxlen=REMEMBERED))
        self.scored = {}
        self.days = {}                                 # day of event times > when the first of it was seen
        self.dropped, self.gone = set(), collections.Counter()  # days; partition > documents that went with them
        self.lock = threading.RLock()
        self.ended = False
        self.audits = self.missed_audits = 0
        self.said = []

    def find(self, name, words):
        self.verdicts[name] += 1
        if len(self.examples[name]) < EXAMPLES:
            self.examples[name].append(f"{time.strftime('%T')} {words}")

    # -- the ledger

    def read_ledger(self):
        for line in self.reader.lines():
            letter = line[0]
            if letter == "A":
                _, n, partition, offset, ts_ms = line
                self.counts["acknowledged"] += 1
                self.pending[partition][offset] = (n, ts_ms)
                self.acknowledged[partition] = max(self.acknowledged[partition], offset + 1)
                self.note_day(ts_ms)
            elif letter == "X":
                self.counts["aborted"] += 1
                self.aborted[line[2]].add(line[3])
            elif letter == "U":
                self.counts["unknown"] += 1
                self.unknown[line[1]] = (line[2], line[4])
            elif letter == "E":
                self.ended = True
            elif letter == "W":
                self.said.append(line[1])

    def lag(self):
        """Acknowledged records that are not known to be stored."""
        return sum(len(offsets) for offsets in self.pending.values())

    # -- one look

    def audit(self):
        """False when PostgreSQL is away: the next one sees what this one did not."""
        with self.lock:
            return self.audit_alone()

    def audit_alone(self):
        self.read_ledger()
        try:
            connection = self.servers.connect(options="-c lock_timeout=2s -c statement_timeout=20s")
            try:
                connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
                self.look(connection.cursor())
                self.audits += 1
                return True
            finally:
                connection.close()
        except psycopg2.Error:
            self.missed_audits += 1
            return False

    def look(self, cursor):
        cursor.execute("SELECT partition, greatest(next_offset, 0) FROM tapewatch.positions")
        ends = dict(cursor.fetchall())
        wanted = {"partitions": list(ends), "begins": [self.begins[p] for p in ends]}
        cursor.execute(DOCUMENTS, wanted)
        documents = cursor.fetchall()
        cursor.execute(DEAD_LETTERS, wanted)
        dead = cursor.fetchall()
        cursor.execute(SCORES, wanted)
        scores = cursor.fetchall()
        if documents:
            cursor.execute(BARS, {"since": time.strftime("%FT%TZ", time.gmtime(min(d[6] for d in documents) // 10000 * 10))})
            for row in cursor.fetchall():
                self.find("wrong sum", f"bar of {row[0]}, partition {row[1]}, {row[2]}")
        # From here on nothing can fail: what was read is judged once.
        self.read_ledger()
        for partition, end in ends.items():
            if end < self.begins[partition]:
                self.find("offset back", f"partition {partition}: {end}, was {self.begins[partition]}")
        linked = collections.defaultdict(list)
        for score in scores:
            linked[score[:2]].append(score[2:])
        seen = set()
        for row in documents:
            self.judge_row(ends, seen, row[:2], "document", row)
            self.judge_scores(row, linked.pop(row[:2], []))
        for row in dead:
            self.judge_row(ends, seen, row[:2], "dead letter", row)
        for key in linked:
            self.find("invented", f"scores of partition {key[0]} offset {key[1]}, which is no document")
        self.explain_waiting()
        self.pass_offsets(ends)

    def judge_row(self, ends, seen, key, what, row):
        partition, offset = key
        if offset >= ends.get(partition, 0):
            self.find("rows ahead", f"{what} of partition {partition} offset {offset}, stored offset {ends.get(partition)}")
            return
        if key in seen:
            self.find("doubled", f"{what} of partition {partition} offset {offset}")
            return
        seen.add(key)
        self.rows[partition] += 1
        self.counts["documents" if what == "document" else "dead letters"] += 1
        self.waiting[key] = (what, row)

    def judge_scores(self, document, found):
        n = self.stream.number(document[2])
        if n is None:
            return
        wanted = self.stream.record(n, 0).entities
        if sorted(score[0] for score in found) != wanted:
            self.find("wrong sum", f"document {document[2]} has scores of {[score[0] for score in found]}, wanted {wanted}")
        limit = alerts.SETS["first"]["headline"] * alerts.ONE
        self.scored[document[:2]] = found
        if len(self.scored) > SCORED:
            for key in list(self.scored)[:SCORED // 10]:
                del self.scored[key]
        for entity, time_us, sentiment in found:
            self.add_score(entity, time_us, sentiment, limit, 1)

    def add_score(self, entity, time_us, sentiment, limit, sign):
        bar = self.bars[entity][alerts.bar_of(time_us)]
        bar[0] += sign
        bar[1] += sign * min(sentiment, 0)
        if sentiment <= limit:
            (self.headlines[entity].append if sign > 0 else self.headlines[entity].remove)(time_us)

    def explain_waiting(self):
        """Rows whose records the ledger knows by now; in order, so that the oldest of a partition are forgotten first."""
        for key in sorted(self.waiting):
            partition, offset = key
            sent = self.pending[partition].pop(offset, None)
            if sent is not None:
                what, row = self.waiting.pop(key)
                self.ahead.discard(key)
                self.judged[partition].append((offset, *sent, what))
                self.compare(key, what, row, *sent)
            elif offset in self.aborted[partition]:
                what, _ = self.waiting.pop(key)
                self.find("invented", f"{what} of partition {partition} offset {offset}: its transaction was aborted")

    def compare(self, key, what, row, n, ts_ms):
        record = self.stream.record(n, ts_ms)
        words = f"{what} of partition {key[0]} offset {key[1]}, record {n} ({record.kind})"
        if record.kind in streams.ROWLESS:
            self.find("invented", words)
        elif (what == "dead letter") != (record.kind in streams.DEAD):
            self.find("wrong content", words)
        elif what == "dead letter":
            if bytes(row[2] or b"") != record.value or row[3] is not None:
                self.find("wrong content", words)
        elif row[2:8] != (record.id, record.title, record.body, record.source, ts_ms, "payload"):
            self.find("wrong content", f"{words}: {row[2:8]}")
        if what == "document" and row[8]:
            self.find("late that is not", words)

    def pass_offsets(self, ends):
        """What was acknowledged below the stored offsets and has no row."""
        for partition, end in ends.items():
            for offset in [offset for offset in self.pending[partition] if offset < end]:
                n, _ = self.pending[partition][offset]
                if self.stream.kind(n) in streams.ROWLESS:
                    self.judged[partition].append((offset, *self.pending[partition].pop(offset), None))
                    self.counts["rowless"] += 1
                elif (partition, offset) not in self.ahead:
                    self.ahead.add((partition, offset))
                    self.find("offset ahead", f"partition {partition} offset {offset}, record {n} ({self.stream.kind(n)})")
            self.begins[partition] = max(self.begins[partition], end)

    # -- days

    def note_day(self, ts_ms):
        self.days.setdefault(ts_ms // DAY_MS, time.monotonic())

    def drop_days(self):
        """Each in one transaction, so that no look sees half of it; who reads the tables is in its way, and it comes again."""
        with self.lock:
            # The newest day that has been going on for long enough, and none that has records which were not judged.
            over = [day for day, since in self.days.items() if time.monotonic() > since + DAY_IS_OVER_S]
            if not over:
                return
            open_days = {ts_ms // DAY_MS for offsets in self.pending.values() for _, ts_ms in offsets.values()}
            try:
                connection = self.servers.connect(options="-c lock_timeout=1s -c statement_timeout=20s")
                try:
                    self.drop_on(connection, min(open_days | {max(over)}))
                finally:
                    connection.close()
            except psycopg2.Error:
                self.counts["days not dropped at once"] += 1

    def drop_on(self, connection, before):
        cursor = connection.cursor()
        cursor.execute("""SELECT DISTINCT day, (extract(epoch FROM day::timestamp) / 86400)::int FROM tapewatch.days
            WHERE parent = 'documents' AND day::timestamp < to_timestamp(%s) AT TIME ZONE 'UTC' ORDER BY 1""", (before * 86400,))
        for day, number in cursor.fetchall():
            cursor.execute("""SELECT partition, count(*) FROM tapewatch.documents WHERE event_time >= to_timestamp(%s)
                AND event_time < to_timestamp(%s) GROUP BY 1""", (number * 86400, (number + 1) * 86400))
            rows = cursor.fetchall()
            for parent in ("documents", "scores", "events", "stories", "bars"):
                cursor.execute("SELECT tapewatch.drop_day(%s, %s)", (parent, day))
            connection.commit()
            if number not in self.dropped:  # else a standby did not know yet that it was
                self.dropped.add(number)
                self.gone.update(dict(rows))
                self.counts["days dropped"] += 1

    # -- a server that has forgotten

    def go_back(self):
        """Under the lock, before anybody writes to the new server: returns how many records it does not have."""
        ends = dict(self.servers.query("SELECT partition, greatest(next_offset, 0) FROM tapewatch.positions"))
        forgotten = 0
        for partition in list(self.begins):
            end = ends.get(partition, 0)
            judged = list(self.judged[partition])  # as audits came to them: rows before what leaves none
            if len(judged) == REMEMBERED and judged[0][0] > end:
                raise SystemExit(f"tests/faults/run: the server forgot more of partition {partition} than the judge remembers; "
                                 "cure: a lower --rate, or a larger REMEMBERED")
            self.judged[partition].clear()
            self.judged[partition].extend(one for one in judged if one[0] < end)
            for offset, n, ts_ms, what in judged:
                if offset >= end:
                    self.pending[partition][offset] = (n, ts_ms)
                    self.forget_row(partition, offset, what)
                    forgotten += 1
            for key in [key for key in self.waiting if key[0] == partition and key[1] >= end]:
                self.forget_row(*key, self.waiting.pop(key)[0])
            self.begins[partition] = min(self.begins[partition], end)
        return forgotten

    def forget_row(self, partition, offset, what):
        if what is None:
            self.counts["rowless"] -= 1
            return
        self.rows[partition] -= 1
        self.counts["documents" if what == "document" else "dead letters"] -= 1
        limit = alerts.SETS["first"]["headline"] * alerts.ONE
        for entity, time_us, sentiment in self.scored.pop((partition, offset), ()):
            self.add_score(entity, time_us, sentiment, limit, -1)

    # -- the end

    def end(self):
        """After the feeder has ended and everything was stored, or the time for that is over."""
        self.read_ledger()
        held = self.read_topic()
        self.resolve_unknown(held)
        self.explain_waiting()
        for (partition, offset), (what, row) in self.waiting.items():
            self.find("invented", f"{what} of partition {partition} offset {offset}: {row[2]!r}")
        ends = dict(self.servers.query("SELECT partition, greatest(next_offset, 0) FROM tapewatch.positions"))
        for partition, offsets in self.pending.items():
            for offset, (n, _) in offsets.items():
                if offset >= ends.get(partition, 0):
                    self.find("unseen", f"partition {partition} offset {offset}, record {n}")
                elif self.stream.kind(n) not in streams.ROWLESS:
                    self.find("lost", f"partition {partition} offset {offset}, record {n} ({self.stream.kind(n)})")
        for partition, end in ends.items():
            if end > held["ends"].get(partition, 0):
                self.find("offset ahead", f"partition {partition}: {end}, the topic ends at {held['ends'].get(partition)}")
        self.count_rows()
        self.judge_alerts()

    def read_topic(self):
        """What Kafka itself holds, committed, of the sends that nobody knows of, and where rows stand that no line of the ledger
        explains: {(partition, offset): n}; and where partitions end."""
        consumer = Consumer({"bootstrap.servers": self.servers.bootstrap, "group.id": "judge", "enable.auto.commit": False,
                             "auto.offset.reset": "earliest", "isolation.level": "read_committed",
                             "enable.partition.eof": True, "log_level": 0})
        held, ends, left = {}, {}, set()
        for partition in range(self.servers.partitions):
            _, ends[partition] = consumer.get_watermark_offsets(TopicPartition(self.servers.topic, partition), timeout=20)
            if ends[partition] > 0:
                left.add(partition)
        wanted = [TopicPartition(self.servers.topic, partition, 0) for partition in left]
        consumer.assign(wanted)
        limit = time.monotonic() + READ_S
        while left and time.monotonic() < limit:
            for message in consumer.consume(2000, 1.0):
                if message.error():
                    if message.error().code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition())
                    continue
                n = self.number_of(message)
                if n in self.unknown or (message.partition(), message.offset()) in self.waiting:
                    held[message.partition(), message.offset()] = n
        consumer.close()
        if left:
            raise RuntimeError(f"partitions {sorted(left)} of the topic could not be read within {READ_S} s")
        return {"records": held, "ends": ends}

    def number_of(self, message):
        """The n of a record, by the id that stands in its value."""
        value = message.value() or b""
        begin = value.find(b'"id":"')
        return self.stream.number(value[begin + 6:value.find(b'"', begin + 6)].decode()) if begin >= 0 else None

    def resolve_unknown(self, held):
        """A send that nobody knows of may stand in the topic, once; then it must be stored like any other. So must one that stands
        there and again where it was acknowledged: the client sent it twice, though it is told not to (a leader that changes)."""
        places = collections.defaultdict(list)
        for key, n in held["records"].items():
            if n in self.unknown:
                places[n].append(key)
            elif n is not None:
                self.counts["sent twice by the client"] += 1
                self.pending[key[0]][key[1]] = (n, self.waiting[key][1][6])
        for n, found in places.items():
            if len(found) > 1:
                self.said.append(f"Kafka holds record {n} {len(found)} times")
            for partition, offset in found:
                self.counts["unknown that appeared"] += 1
                self.pending[partition][offset] = (n, self.unknown[n][1])
                if self.unknown[n][1] == 0 and (partition, offset) in self.waiting:
                    self.pending[partition][offset] = (n, self.waiting[partition, offset][1][6])

    def count_rows(self):
        """Rows that were judged once are still there, and no others."""
        for partition, count in self.servers.query("""SELECT partition, sum(count)::bigint FROM (
                SELECT partition, count(*) FROM tapewatch.documents GROUP BY 1
                UNION ALL SELECT partition, count(*) FROM tapewatch.dead_letters GROUP BY 1) AS of_both GROUP BY 1"""):
            wanted = self.rows[partition] - self.gone[partition]
            if count < wanted:
                self.find("lost", f"partition {partition}: {wanted - count} rows that were there are gone")
            if count > wanted:
                self.find("doubled", f"partition {partition}: {count - wanted} rows more than records")

    def judge_alerts(self):
        spans = []
        for holds_from_us, text in self.servers.query("""SELECT CASE WHEN isfinite(holds_from)
                THEN (extract(epoch FROM holds_from) * 1000000)::bigint ELSE 0 END, rules FROM tapewatch.rule_sets
                ORDER BY rule_set_id"""):
            name = next((name for name, numbers in alerts.SETS.items() if f"below: {numbers['below']}" in text), None)
            if name is None:
                self.find("invented alert", f"a rule set that nobody wrote: {text[:200]!r}")
                return
            spans.append((holds_from_us, name))
        evaluated = self.servers.query("""SELECT min((extract(epoch FROM evaluated_to) * 1000000)::bigint),
            max((extract(epoch FROM evaluated_to) * 1000000)::bigint) FROM tapewatch.shards""")[0]
        if not spans or evaluated[0] is None:
            self.find("missed alert", "no rules were evaluated at all")
            return
        wanted = alerts.expected(spans, self.bars, self.headlines, evaluated[1])
        self.counts["alert steps"] = 0
        for rule, entity, step, edge, value, documents in self.servers.query("""SELECT a.rule, a.entity, s.step,
                (extract(epoch FROM s.step_time) * 1000000)::bigint, s.value, s.documents
                FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id)"""):
            self.counts["alert steps"] += 1
            key = rule, entity, step, edge
            if key not in wanted:
                self.find("invented alert", f"{rule} of {entity} {step} at {time.strftime('%T', time.gmtime(edge // 1000000))}")
            elif wanted[key] is not None and wanted[key] != (value, documents):
                self.find("invented alert", f"{rule} of {entity} {step}: {value} of {documents}, wanted {wanted[key]}")
            wanted.pop(key, None)
        for rule, entity, step, edge in wanted:
            if edge <= evaluated[0]:
                self.find("missed alert", f"{rule} of {entity} {step} at {time.strftime('%T', time.gmtime(edge // 1000000))}")
