"""aside_faults: the kinds of faults that stand on a topic of their own (asides.py): what is cut off, compacted or made anew under a
daemon, models exchanged under it, members of its group that speak another protocol. Each proves that it came about, and says what
must come of it. Its own file for faults.py's sake; importing it registers the kinds.
"""
import ctypes
import os
import shutil
import subprocess
import time

from confluent_kafka import Consumer

import asides
from faults import kind, require
from servers import state_of

STRANDED = "is stranded at offset"


@kind("topic-remade", "aside")
def topic_remade(storm):
    """A topic is made anew under its name while its daemon is down, and holds more records than were stored of it."""
    with asides.Aside(storm, "remade") as aside:
        aside.start()
        aside.publish(0, 150)
        aside.await_ids(range(150))
        aside.stop()
        aside.delete_topic()
        aside.make_topic()
        aside.publish(1000, 250)
        low, high, held = aside.held()
        require((low, high) == (0, 250) and min(held) == 1000, f"the topic holds {low} to {high}, from number {min(held)}")
        aside.start()
        aside.await_refusal(STRANDED, "partition stranded")
        aside.await_ids(range(150))  # nothing of the other topic
        aside.command("reset", "--topic", aside.topic, "--partition", "0", "--to-offset", "150", "--force", "--execute")
        aside.await_ids([*range(150), *range(1150, 1250)])
        aside.await_ready()
        return "another topic of 250 records stood there; stranded, and read on from where reset said"


@kind("retention", "aside")
def retention(storm):
    """Records are deleted by retention before they were read, for nobody read for too long."""
    with asides.Aside(storm, "cut-off", {"segment.bytes": "1048576"}) as aside:
        aside.start()
        aside.publish(0, 100)
        aside.await_ids(range(100))
        aside.stop()
        aside.publish(100, 600, letters=7000)
        aside.set_topic(retention_bytes="1048576")
        limit = time.monotonic() + 60
        while aside.held()[0] <= 100 and time.monotonic() < limit:
            storm.nap(1)
        aside.set_topic(retention_bytes="-1")
        storm.nap(2)
        low, _, held = aside.held()
        require(low > 100, "retention deleted nothing within a minute")
        aside.start()
        aside.await_refusal(STRANDED, "partition stranded")
        aside.command("reset", "--topic", aside.topic, "--to-beginning", "--force", "--execute")
        aside.await_ids({*range(100), *held})
        aside.await_ready()
        return f"{low - 100} records were gone before they were read; stranded, and read on from the first that is left"


@kind("compaction", "aside")
def compaction(storm):
    """The topic is compacted, behind what is stored and before it: offsets are missing everywhere."""
    settings = {"cleanup.policy": "compact", "segment.ms": "1500", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "1500"}
    with asides.Aside(storm, "compacted", settings) as aside:
        aside.start()
        aside.publish(0, 100, keys=20)
        aside.await_ids(range(100))
        aside.stop()
        aside.publish(100, 400, keys=20)
        held, number, limit = set(range(500)), 500, time.monotonic() + 75
        while len(held) > 250 and time.monotonic() < limit:
            storm.nap(2)
            aside.publish(number, 1, keys=20)  # ends a segment, so that it can be compacted
            number += 1
            held = aside.held()[2]
        require(len(held) <= 250, f"the topic still holds {len(held)} of {number} records")
        aside.start()
        stays = {n for n in held if n >= 100}
        aside.wait_for("it reads to the end", lambda: aside.query("SELECT next_offset FROM tapewatch.positions")[0][0] >= number)
        stored = aside.stored() - set(range(100))
        # It may have been compacted further between our look and its own.
        aside.must(stored <= stays and number - 1 in stored, f"stored {sorted(stored - stays)[:5]} that the topic did not hold")
        aside.must(aside.held()[2] - set(range(100)) <= stored, "what the topic holds is not stored")
        aside.await_ready()
        aside.must(aside.logged("offsets without a message") is not None, "missing offsets are not told")
        return f"{number - len(held)} of {number} records were compacted away"


def make_model(storm, folder, seed):
    """A model so small that it is made in a second or two; what it says means nothing."""
    binary, where = storm.servers.binary, os.path.dirname(folder)
    vocabulary, texts = os.path.join(where, "vocab.txt"), os.path.join(where, "texts.jsonl")
    with open(vocabulary, "w") as file:
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word", "day", "the", "of", "is", ".", *"abcdefghijklmnopqrstuvwxyz"]
        file.write("\n".join(words + ["##" + letter for letter in "abcdefghijklmnopqrstuvwxyz"]) + "\n")
    with open(texts, "w") as file:
        for n in range(60):
            file.write('{"title":"a word of the day","body":"%s","label":"%s"}\n' % ("abc"[n % 3] * 5, ("negative", "neutral", "positive")[n % 3]))
    for words in (["pretrain", "--vocab", vocabulary, "--hidden", "16", "--heads", "2", "--layers", "1", "--max-positions", "64",
                   "--threads", "1", "--steps", "2", "--seed", str(seed), "-o", folder + ".language", texts],
                  ["finetune", "-m", folder + ".language", "--threads", "1", "--epochs", "1", "--batch", "4", "--seed", str(seed),
                   "-o", folder, texts]):
        done = subprocess.run([binary, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        require(done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stdout.strip()[-300:]}")


def models_of(aside):
    """{number of a document: SHA-256 of its model}"""
    return {int(identity.rpartition("-")[2]): sha256 for identity, sha256 in
            aside.query("SELECT d.id, m.sha256 FROM tapewatch.documents d JOIN tapewatch.models m USING (model_id)")}


@kind("model-swapped", "aside")
def model_swapped(storm):
    """The model's folder is exchanged under a daemon, its old weights are cut off in place, and it is told to reload: the model that
    was loaded goes on, and the other one holds from the next start."""
    work = os.path.join(storm.servers.work, storm.servers.topic, f"models-{storm.servers.asides}")
    os.makedirs(work)
    model = os.path.join(work, "model")
    with asides.Aside(storm, "swapped", model=f"model:\n  path: {model}") as aside:
        make_model(storm, model, 1)
        make_model(storm, os.path.join(work, "other"), 2)
        weights = [open(os.path.join(work, name, "model.safetensors"), "rb").read() for name in ("model", "other")]
        require(weights[0] != weights[1], "the two models are one")
        aside.start()
        aside.publish(0, 50)
        aside.await_ids(range(50))
        os.rename(model, os.path.join(work, "old"))
        os.rename(os.path.join(work, "other"), model)
        os.truncate(os.path.join(work, "old", "model.safetensors"), 100)
        aside.publish(50, 50)
        aside.await_ids(range(100))
        aside.daemon.signal(1)  # SIGHUP
        storm.nap(2)
        aside.publish(100, 50)
        aside.await_ids(range(150))
        aside.stop()
        aside.start()
        aside.publish(150, 50)
        aside.await_ids(range(200))
        models = models_of(aside)
        first, second = models[0], models[150]
        aside.must(first != second, "a restart did not load the other model")
        aside.must({models[n] for n in range(150)} == {first}, "documents before the restart are said to be of several models")
        aside.must({models[n] for n in range(150, 200)} == {second}, "documents after the restart are said to be of several models")
        aside.await_ready()
        aside.stop()
        os.truncate(os.path.join(model, "model.safetensors"), len(weights[1]) // 2)
        aside.start()
        status = aside.daemon.process.wait(30)
        aside.must(status == 78 and aside.logged("model.safetensors") is not None, f"half a model is answered by {status}")
    shutil.rmtree(work, ignore_errors=True)
    return "weights were exchanged, cut off, and at last half gone"


def stranger(storm, group, topic, strategy):
    """A member that others' programs bring into the group."""
    return Consumer({"bootstrap.servers": storm.servers.bootstrap, "group.id": group, "partition.assignment.strategy": strategy,
                     "enable.auto.commit": False, "session.timeout.ms": 10000, "log_level": 0})


def hears(consumer, pattern, seconds):
    """An error that a member is told, in words; None when there was none."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        message = consumer.poll(0.5)
        if message is not None and message.error() and pattern in str(message.error()).lower():
            return str(message.error())
    return None


@kind("strategies-mixed", "aside")
def strategies_mixed(storm):
    """A cooperative member is in the group before an eager daemon: Kafka refuses the daemon, which says so by name, and goes on when
    the other has left."""
    with asides.Aside(storm, "mixed") as aside:
        other = stranger(storm, aside.topic, aside.topic, "cooperative-sticky")
        try:
            other.subscribe([aside.topic])
            limit = time.monotonic() + 60
            while not other.assignment() and time.monotonic() < limit:
                other.poll(0.5)
            require(other.assignment(), "the other member never got its partition")
            aside.start()
            aside.publish(0, 60)
            began = time.monotonic()
            while time.monotonic() < began + 60 and not aside.logged("protocol"):
                other.poll(0.5)
            aside.must(aside.logged("partition.assignment.strategy") is not None, "the log does not name what they differ in")
            told = aside.daemon.get("/readyz")
            aside.must(told[0] == 503 and "partition.assignment.strategy" in told[1], f"/readyz says {told}")
        finally:
            other.close()
        aside.await_ids(range(60))
        aside.await_ready()
        return "a daemon was refused for as long as a cooperative member was there"


# -- a worker that makes no step: one thread stands still, the process goes on --------------------------------------------

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WAIT_THREAD = 0x4206, 0x4207, 17, 0x40000000


def workers_of(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as name:
            if name.read().startswith("worker"):
                found.append(int(task))
    return found


@kind("worker-stuck", "daemon", root=True)
def worker_stuck(storm):
    """All workers of a daemon stand still, and nothing else of it: batches never come back."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    daemon = storm.daemon()
    threads, held = workers_of(daemon.pid), []
    require(threads, f"{daemon.name} has no workers")
    try:
        for thread in threads:
            require(libc.ptrace(PTRACE_SEIZE, thread, None, None) == 0, f"ptrace: {os.strerror(ctypes.get_errno())}")
            held.append(thread)
            libc.ptrace(PTRACE_INTERRUPT, thread, None, None)
            os.waitpid(thread, WAIT_THREAD)
        stopped = [state_of(f"{daemon.pid}/task/{thread}") for thread in threads]
        require(set(stopped) == {"t"}, f"they are in the states {stopped}")
        # One that was about to hand over a batch has the lock that the loop waits for: then more stands still than is meant.
        require(daemon.get("/healthz", 2)[0] != 0, "a worker stood still at the door of the loop")
        storm.nap(storm.random.choice((5, 24)))
    finally:
        for thread in held:
            libc.ptrace(PTRACE_DETACH, thread, None, None)
    return f"{len(threads)} workers of {daemon.name} stood still"
