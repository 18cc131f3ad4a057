#!/usr/bin/env python3
"""Times Hugging Face's WordPiece trainer and `tapewatch vocab` on the same texts, one core each, and compares what they learn.

    python3 tests/bench/peer_vocab.py build/release/tapewatch [--data ../shared/data] [--size 30522] [--passes 3]

The peer: tokenizers' WordPieceTrainer behind BertNormalizer and BertPreTokenizer, one thread, from texts that stand in memory.
Ours reads, unpacks and decodes the archive besides (--raw: both learn from the same texts), and writes the folder. Best of some passes,
time of the processor. Where the peer numbers characters that continue words in the order of its hash table, ties may fall otherwise:
vocabularies of two of its own runs differ by as much, which is printed too. Needs `tokenizers`.
"""
import argparse
import gzip
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402
from tokenizers import models, normalizers, pre_tokenizers, trainers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
CORPORA = [("reuters-21578", "stream.jsonl.gz"), ("twitter-financial-news", "train.jsonl")]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def texts_of(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["text"] if "text" in record else record["title"] + " " + record["body"]


def peer(texts, size):
    learner = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer = normalizers.BertNormalizer()
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, limit_alphabet=1000, special_tokens=SPECIAL,
                                        show_progress=False)
    begin = time.process_time()
    learner.train_from_iterator(iter(texts), trainer)
    taken = time.process_time() - begin
    pieces = learner.get_vocab()
    return taken, sorted(pieces, key=pieces.get)


def ours(binary, path, size):
    with tempfile.TemporaryDirectory() as scratch:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = subprocess.run([binary, "vocab", "--raw", "--size", str(size), "-o", scratch + "/out", path], check=True,
                              stderr=subprocess.PIPE, text=True).stderr
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        pieces = pathlib.Path(scratch, "out", "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken, pieces, said.strip().splitlines()[-1].partition(": ")[2]


def shared(one, other):
    """Pieces that both have, and the first place at which they part."""
    parted = next((at for at, (left, right) in enumerate(zip(one, other)) if left != right), min(len(one), len(other)))
    return f"{len(set(one) & set(other)) / max(len(one), len(other)):.4%} in common, the same up to piece {parted}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("binary")
    arguments.add_argument("--data", type=pathlib.Path, default=HERE.parents[1].parent / "shared" / "data")
    arguments.add_argument("--size", type=int, default=30522)
    arguments.add_argument("--passes", type=int, default=3)
    options = arguments.parse_args()
    for name, file in CORPORA:
        path = options.data / name / file
        texts = list(texts_of(path))
        theirs = [peer(texts, options.size) for _ in range(options.passes)]
        mine = [ours(options.binary, path, options.size) for _ in range(options.passes)]
        fastest, pieces = min(mine)[0], mine[0][1]
        words = int(mine[0][2].split(" records, ")[1].split(" words")[0])
        peers = min(taken for taken, _ in theirs)
        print(f"{name}: {len(texts)} texts, {words} words")
        print(f"tokenizers {tokenizers.__version__}: {peers:.2f} s, {words / peers / 1e6:.2f} million words/s, "
              f"{len(theirs[0][1])} pieces")
        print(f"tapewatch vocab: {fastest:.2f} s, {words / fastest / 1e6:.2f} million words/s; {mine[0][2]}")
        print(f"vocabularies: {shared(theirs[0][1], pieces)}; two runs of the peer: {shared(theirs[0][1], theirs[1][1])}",
              flush=True)


if __name__ == "__main__":
    main()
