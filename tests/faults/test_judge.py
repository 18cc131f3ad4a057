#!/usr/bin/python3
"""test_judge: what the judge and the witness remember, without servers: small stories that once misled them."""
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import judge as judges  # noqa: E402
import ledger  # noqa: E402
import stream  # noqa: E402
import witness as witnesses  # noqa: E402


class Positions:
    """A server that says where partition 0 stands, and nothing else."""

    def __init__(self, end):
        self.end = end

    def query(self, _text):
        return [(0, self.end)]


def empty_ledger(story):
    file = tempfile.NamedTemporaryFile(mode="w", suffix=".ledger")
    story.addCleanup(file.close)
    return file.name


def judge_of(story, rows, end):
    """A judge who has seen so many rows of partition 0, in whatever order the server gave them; the server then stands at `end`."""
    judge = judges.Judge(Positions(end), stream.Stream(1), empty_ledger(story))
    judge.compare = lambda *_: None  # what rows say is not what these stories are about
    for offset in rows:
        judge.pending[0][offset] = (offset, 0)
        judge.rows[0] += 1
        judge.counts["documents"] += 1
        judge.waiting[0, offset] = ("document", None)
    judge.explain_waiting()
    judge.begins[0] = max(rows) + 1
    return judge


class AServerThatForgets(unittest.TestCase):
    def test_what_it_forgot_is_awaited_again_in_whatever_order_its_rows_came(self):
        count = judges.REMEMBERED + 1000
        judge = judge_of(self, range(count - 1, -1, -1), count - 5000)
        self.assertEqual(judge.go_back(), 5000)
        self.assertEqual(judge.rows[0], count - 5000)
        self.assertEqual(sorted(judge.pending[0]), list(range(count - 5000, count)))

    def test_more_than_is_remembered_ends_the_storm_instead_of_accusing_anybody(self):
        judge = judge_of(self, range(judges.REMEMBERED + 1000), 500)
        with self.assertRaises(SystemExit):
            judge.go_back()


class APartitionThatWaits(unittest.TestCase):
    """Partition 0 has had records since 30 s ago and none was stored; process 2 owns it now."""

    def verdicts(self, answers):
        witness = witnesses.Witness(None, empty_ledger(self))
        now = time.monotonic()
        witness.acknowledged[0], witness.offsets[0], witness.moved[0], witness.owners = 10, 0, now - 30, {0: "2"}
        witness.answers = [(now - ago, status, process, "", {0: owner}) for ago, status, process, owner in answers]
        witness.judge(now)
        return witness.verdicts["silent"]

    def test_an_owner_that_is_ready_is_silent(self):
        self.assertEqual(self.verdicts([(10, 200, "2", "2"), (1, 200, "2", "2")]), 1)

    def test_who_has_just_taken_it_need_not_answer_for_the_time_before(self):
        self.assertEqual(self.verdicts([(10, 0, "1", "1"), (10, 200, "2", "1"), (1, 200, "2", "2")]), 0)

    def test_that_another_did_not_answer_says_nothing_of_it(self):
        self.assertEqual(self.verdicts([(10, 0, "1", "2"), (10, 200, "2", "2")]), 1)


if __name__ == "__main__":
    unittest.main()
