#!/usr/bin/env python3
"""Writes tests/interop/fixtures/tokenizer/hashes.txt: what Hugging Face's BertTokenizerFast answers, as hashes.

    python3 tests/interop/tokenizer_fixtures.py [--data ../shared/data]

tests/unit/nn/tokenizer/test_tokenizer_peer.c makes the same inputs and compares. A line is

    tokens <setting> <input> <most tokens, 0 = no limit> <chunk> <hash of ids> <hash of offsets>
    words  <setting> <input> 0 <chunk> <hash of words> -

A hash is the first 16 digits of the SHA-256 over the records of the chunk, in order, all numbers 32 bits little-endian:
    ids      count, tokens of segment 0, truncated (0 or 1), the ids
    offsets  begins, then ends: bytes into the UTF-8 source, 0 and 0 for [CLS] and [SEP] that were added. Left out where
             canonical ordering moves a mark: the peer then gives a mark the place of the one it changed with, we its own
    words    number of words, then each word's bytes and a newline (a word over 100 characters: just a newline)

Inputs: the corpora (chunks of 1,000 records; of Reuters title, space, body), `code_points` (chunks of 4,096; for each
code point but surrogates the texts <cp> and a<cp>b), `strings` (chunks of 1,000, made by the generator below; for
tokens every fourth is a pair and most tokens varies).

Needs the packages `transformers` and `tokenizers`.
"""
import argparse
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import struct
import tempfile

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers  # noqa: E402
import transformers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures" / "tokenizer"

# name, do_lower_case, strip_accents, tokenize_chinese_chars
SETTINGS = [
    ("uncased", True, None, True),
    ("cased", False, None, True),
    ("uncased-accents", True, False, True),
    ("cased-stripped", False, True, True),
    ("uncased-chinese", True, None, False),
]

CORPORA = [
    ("reuters-21578", "reuters-21578/stream.jsonl.gz"),
    ("sentfin", "sentfin/train.jsonl"),
    ("twitter-financial-news", "twitter-financial-news/train.jsonl"),
    ("financial-phrasebank", "financial-phrasebank/train.jsonl"),
]

TOKEN_STRINGS = 100_000
WORD_STRINGS = 20_000

# --- The generator; test_tokenizer_peer.c holds the same tables ---

# first code point, how many, fewest and most in a row
RANGES = [
    (0x61, 26, 1, 8), (0x41, 26, 1, 4), (0x30, 10, 1, 6), (0x21, 15, 1, 2), (0x3A, 7, 1, 1), (0x5B, 6, 1, 1),
    (0x61, 26, 95, 105), (0xC0, 0x140, 1, 3), (0x300, 0x70, 1, 3), (0x370, 0x1C0, 1, 5), (0x590, 0x170, 1, 4),
    (0x900, 0x500, 1, 4), (0x1DC0, 0x40, 1, 2), (0x1E00, 0x200, 1, 3), (0x2000, 0x70, 1, 2), (0x20A0, 0x400, 1, 2),
    (0x3000, 0x100, 1, 3), (0x302A, 6, 1, 3), (0x4E00, 0x51A0, 1, 3), (0xA000, 0xC00, 1, 2), (0xAC00, 11172, 1, 3),
    (0xF900, 0x200, 1, 2), (0xFE00, 0x200, 1, 2), (0x1D100, 0x100, 1, 4), (0x1F300, 0x400, 1, 2), (0x16FE0, 0x20, 1, 2),
    (0x0, 0x20, 1, 2), (0x7F, 0x22, 1, 1), (0x0, 0xD800, 1, 2), (0xE000, 0x102000, 1, 2),
]
LITERALS = [
    "the ", "Company ", "profits", "unbelievable", "fell ", "Q3", "U.S.", "can't", "$AAPL ", "https://t.co/x1",
    "[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]", "[sep]", "[SE", "P]", "[[SEP]]", "##ing", "\u0130stanbul", "\u00e9\u0301",
    "\t", "\r\n", "\u00a0", "\u3000", "\u2028", "\ufffd", "\u200d", "\u2026", "\u1e9e", "\u03a3\u03c2",
]
MASK64 = (1 << 64) - 1


class Random:
    """splitmix64 (Steele, Lea and Flood, 2014)"""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK64
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
        return (z ^ (z >> 31)) % limit


def make_string(random):
    parts = []
    for _ in range(random.below(16)):
        kind = random.below(len(RANGES) + 14)
        if kind < len(RANGES):
            first, count, fewest, most = RANGES[kind]
            for _ in range(fewest + random.below(most - fewest + 1)):
                parts.append(chr(first + random.below(count)))
        else:
            parts.append(LITERALS[random.below(len(LITERALS))])
        if random.below(2):
            parts.append(" ")
    return "".join(parts)


def make_record(index):
    """text, second text or None, most tokens (0: no limit)"""
    random = Random(index)
    text = make_string(random)
    pair = make_string(random) if index % 4 == 3 else None
    most = (0, 512, 3 + random.below(40))[random.below(3)]
    return text, pair, most


# --- Inputs ---


def records_of(data, path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(data / path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["text"] if "text" in record else record["title"] + " " + record["body"]


def code_point_texts(chunk):
    for code_point in range(chunk * 4096, chunk * 4096 + 4096):
        if not 0xD800 <= code_point <= 0xDFFF:
            yield chr(code_point)
            yield "a" + chr(code_point) + "b"


def chunks_of(items, size):
    chunk = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


# --- The peer's answers ---


def byte_offsets(text):
    places = [0]
    for character in text:
        places.append(places[-1] + len(character.encode()))
    return places


def numbers(values):
    return struct.pack(f"<{len(values)}I", *values)


cleaned = tokenizers.normalizers.BertNormalizer(
    clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False).normalize_str
decomposed = tokenizers.normalizers.NFD().normalize_str


def ordering_moves_a_mark(text):
    text = cleaned(text)
    return decomposed(text) != "".join(decomposed(character) for character in text)


def encode(tokenizer, text, pair, most):
    if most:
        tokenizer.enable_truncation(most, strategy="longest_first")
    else:
        tokenizer.no_truncation()
    encoding = tokenizer.encode(text, pair)
    places = (byte_offsets(text), byte_offsets(pair or ""))
    segments = encoding.type_ids
    begins = [places[segment][begin] for segment, (begin, _) in zip(segments, encoding.offsets)]
    ends = [places[segment][end] for segment, (_, end) in zip(segments, encoding.offsets)]
    ids = numbers([len(encoding.ids), segments.count(0), bool(encoding.overflowing)]) + numbers(encoding.ids)
    if ordering_moves_a_mark(text) or ordering_moves_a_mark(pair or ""):
        return ids, b""
    return ids, numbers(begins) + numbers(ends)


def words_of(tokenizer, text):
    words = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
    shown = ["" if len(word) > 100 else word for word, _ in words]
    return numbers([len(shown)]) + "".join(word + "\n" for word in shown).encode()


def short_hash(pieces):
    return hashlib.sha256(b"".join(pieces)).hexdigest()[:16]


def load(setting):
    """The folder as a user would have it, opened as a user would open it."""
    _, lower, strip, chinese = setting
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(FIXTURES / "vocab.txt", folder)
        config = dict(tokenizer_class="BertTokenizer", do_lower_case=lower, strip_accents=strip,
                      tokenize_chinese_chars=chinese, model_max_length=512)
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = transformers.BertTokenizerFast.from_pretrained(folder)
    backend = tokenizer.backend_tokenizer
    state = json.loads(backend.to_str())["normalizer"]
    assert (state["lowercase"], state["strip_accents"], state["handle_chinese_chars"]) == (lower, strip, chinese)
    return backend


def token_lines(setting, name, records):
    tokenizer = load(setting)
    for chunk, items in enumerate(records):
        answers = [encode(tokenizer, *item) for item in items]
        ids, offsets = short_hash(a for a, _ in answers), short_hash(b for _, b in answers)
        most = {item[2] for item in items} if name != "strings" else {0}
        yield f"tokens {setting[0]} {name} {most.pop() if most else 0} {chunk} {ids} {offsets}"


def word_lines(setting, name, texts):
    tokenizer = load(setting)
    for chunk, items in enumerate(texts):
        yield f"words {setting[0]} {name} 0 {chunk} {short_hash(words_of(tokenizer, text) for text in items)} -"


def all_lines(data):
    uncased, cased = SETTINGS[0], SETTINGS[1]
    for name, path in CORPORA:
        for most in (512, 0):
            records = ((text, None, most) for text in records_of(data, path))
            yield from token_lines(uncased, name, chunks_of(records, 1000))
    code_point_chunks = [list(code_point_texts(chunk)) for chunk in range(0x110)]
    yield from token_lines(uncased, "code_points", [[(t, None, 0) for t in chunk] for chunk in code_point_chunks])
    for setting, count in ((uncased, TOKEN_STRINGS), (cased, WORD_STRINGS)):
        yield from token_lines(setting, "strings", chunks_of(map(make_record, range(count)), 1000))
    for setting in SETTINGS:
        yield from word_lines(setting, "code_points", code_point_chunks)
        # Without literal special tokens: they are taken out before the normalizer, which is asked alone here.
        texts = (make_record(index)[0].replace("[", "(") for index in range(WORD_STRINGS))
        yield from word_lines(setting, "strings", chunks_of(texts, 1000))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=pathlib.Path, default=HERE.parents[1].parent / "shared" / "data")
    data = arguments.parse_args().data
    lines = [f"# tokenizers {tokenizers.__version__}, transformers {transformers.__version__}"]
    lines += all_lines(data)
    (FIXTURES / "hashes.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(lines) - 1} hashes")


if __name__ == "__main__":
    main()
