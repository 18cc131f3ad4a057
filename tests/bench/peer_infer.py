"""Times how many documents a second models read, one beside the other, in one run.

    python peer_infer.py BINARY MODEL VOCABULARY TEXTS [--documents N] [--threads N] [--rounds N] [--seed N]

    MODEL        folder of the model in question, e.g. config/model
    VOCABULARY   vocab.txt of the BERT-base beside it
    TEXTS        JSON Lines with `text`, e.g. a set's train.jsonl; N of them are drawn by seed

Each round, one after the other: `tapewatch classify` with MODEL; with a BERT-base (12 layers of 768, weights drawn at random, made here by
`tapewatch pretrain` and `finetune`: speed does not depend on what they say); and, where torch and transformers can be imported, that same
folder in PyTorch, fp32, eager, batches of 32 padded to their longest, first in the order of the texts, then sorted by length.
Ours counts everything from JSON line to JSON line, theirs tokenizing and the model. The time of one document (start, loading) is taken off.
Prints a row each: documents a second, median and range over the rounds, and how many times BERT-base in ours.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

BATCH, MOST_TOKENS = 32, 512
LEARNED = [{"text": "profit rises", "label": "positive"}, {"text": "the board meets", "label": "neutral"}, {"text": "a heavy loss", "label": "negative"}]


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("binary", "model", "vocabulary", "texts"):
        parser.add_argument(name, type=pathlib.Path)
    for name, default in (("documents", 1000), ("threads", 1), ("rounds", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def make_base(arguments, folder):
    """A BERT-base with a document head, by our own commands."""
    learned = write_lines(folder / "learned.jsonl", LEARNED)
    common = ["--steps", "1", "--validation-share", "0", "--threads", str(arguments.threads), learned]
    subprocess.run([arguments.binary, "pretrain", "--vocab", arguments.vocabulary, "--hidden", "768", "--layers", "12", "--heads", "12",
                    "-o", folder / "language", *common], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    subprocess.run([arguments.binary, "finetune", "-m", folder / "language", "-o", folder / "base", *common],
                   check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return folder / "base"


def classify_seconds(arguments, model, path):
    began = time.perf_counter()
    subprocess.run([arguments.binary, "classify", "-m", model, "--max-tokens", str(MOST_TOKENS), "--workers", str(arguments.threads), path],
                   check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def ours(arguments, model, folder, texts):
    many = write_lines(folder / "many.jsonl", [{"text": text} for text in texts])
    one = write_lines(folder / "one.jsonl", [{"text": texts[0]}])
    classify_seconds(arguments, model, one)  # the file is in memory from here on
    return lambda: (len(texts) - 1) / (classify_seconds(arguments, model, many) - classify_seconds(arguments, model, one))


def theirs(arguments, folder, texts, sort):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    torch.set_num_threads(arguments.threads)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def read_all():
        began = time.perf_counter()
        order = sorted(texts, key=len) if sort else texts
        with torch.inference_mode():
            for at in range(0, len(order), BATCH):
                model(**tokenizer(order[at:at + BATCH], padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"))
        return len(texts) / (time.perf_counter() - began)
    return read_all


def contestants(arguments, folder, texts):
    base = make_base(arguments, folder)
    rows = {f"tapewatch, {arguments.model.name}": ours(arguments, arguments.model, folder, texts),
            "tapewatch, BERT-base": ours(arguments, base, folder, texts)}
    try:
        rows["PyTorch, BERT-base, in order"] = theirs(arguments, base, texts, False)
        rows["PyTorch, BERT-base, sorted by length"] = theirs(arguments, base, texts, True)
    except ImportError:
        print("PyTorch: SKIPPED, torch and transformers cannot be imported")
    return rows


def main():
    arguments = read_arguments()
    with open(arguments.texts, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    texts = random.Random(arguments.seed).sample(texts, min(arguments.documents, len(texts)))
    with tempfile.TemporaryDirectory() as folder:
        rows = contestants(arguments, pathlib.Path(folder), texts)
        speeds = {name: [] for name in rows}
        for _ in range(arguments.rounds):
            for name, run in rows.items():
                speeds[name].append(run())
    base = statistics.median(speeds["tapewatch, BERT-base"])
    print(f"{len(texts)} documents, fp32, {arguments.threads} thread(s), {arguments.rounds} rounds")
    for name, found in speeds.items():
        median = statistics.median(found)
        print(f"{name:40} {median:8.1f} documents/s ({min(found):.1f} to {max(found):.1f})  {median / base:5.2f} x")


main()
