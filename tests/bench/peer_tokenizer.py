#!/usr/bin/env python3
"""Times Hugging Face's fast tokenizer and ours on the same text, one core each.

    python3 tests/bench/peer_tokenizer.py build/release/tests/bench_tokenizer [--data ../shared/data] [--most 512]

The peer: BertTokenizerFast's backend, encode_batch over batches of 1,000 texts, one thread, best of five passes, in
time of the processor (and encode_batch_fast, which leaves offsets out, where it has it). Ours computes offsets. Needs `transformers` and `tokenizers`.
"""
import argparse
import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402
import transformers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY = HERE.parent / "interop" / "fixtures" / "tokenizer"
CORPORA = [("reuters-21578", "stream.jsonl.gz"), ("twitter-financial-news", "train.jsonl")]


def texts_of(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            text = record["text"] if "text" in record else record["title"] + " " + record["body"]
            yield text.replace("\n", " ").replace("\r", " ")


def best_of(encode, texts, passes=5):
    batches = [texts[begin:begin + 1000] for begin in range(0, len(texts), 1000)]
    best, tokens = None, 0
    for _ in range(passes):
        taken, tokens = 0.0, 0
        for batch in batches:
            begin = time.process_time()
            encodings = encode(batch)
            taken += time.process_time() - begin
            tokens += sum(len(encoding.ids) for encoding in encodings)
        best = taken if best is None else min(best, taken)
    return best, tokens


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("binary")
    arguments.add_argument("--data", type=pathlib.Path, default=HERE.parents[1].parent / "shared" / "data")
    arguments.add_argument("--most", type=int, default=512)
    options = arguments.parse_args()
    backend = transformers.BertTokenizerFast.from_pretrained(str(VOCABULARY)).backend_tokenizer
    if options.most:
        backend.enable_truncation(options.most)
    else:
        backend.no_truncation()
    for name, file in CORPORA:
        texts = list(texts_of(options.data / name / file))
        size = sum(len(text.encode()) + 1 for text in texts)
        print(f"{name}: {len(texts)} texts, {size / 1e6:.2f} MB, at most {options.most or 'all'} tokens")
        for how in ("encode_batch", "encode_batch_fast"):
            if hasattr(backend, how):
                best, tokens = best_of(getattr(backend, how), texts)
                print(f"tokenizers {tokenizers.__version__} {how}: {size / best / 1e6:.1f} MB/s, "
                      f"{tokens / best / 1e6:.2f} million tokens/s ({tokens} tokens, {best * 1e3:.1f} ms)", flush=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as lines:
            lines.write("\n".join(texts) + "\n")
            lines.flush()
            subprocess.run([options.binary, str(VOCABULARY), lines.name, str(options.most)], check=True)


if __name__ == "__main__":
    main()
