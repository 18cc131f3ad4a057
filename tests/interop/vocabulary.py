#!/usr/bin/env python3
"""A folder that vocab wrote is loaded by transformers: BertTokenizer, BertTokenizerFast and AutoTokenizer give the ids of `tokenize`.

    vocabulary.py BINARY SCRATCH

Invented sentences in several scripts, cased and not, with characters that the alphabet leaves out, literal special tokens, and texts that
were not learned from. A model of random weights is then begun from the folder by `pretrain`, and BertForMaskedLM loads it.
"""
import json
import pathlib
import random
import subprocess
import sys

from transformers import AutoTokenizer, BertForMaskedLM, BertTokenizer, BertTokenizerFast

NAMES = ["Velquin", "Ordanelle", "Zürcher Käse", "Société Éclair", "Компания", "東京電子", "한국전자", "Marché"]
VERBS = ["rises", "falls", "profits", "reports a loss", "steigt", "растёт", "上昇", "can't"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def sentences(count, seed):
    dice = random.Random(seed)
    for _ in range(count):
        yield (f"{dice.choice(NAMES)} {dice.choice(VERBS)} {dice.randint(0, 99999) / 100}%, {dice.choice(NAMES).upper()} "
               f"{dice.choice(VERBS)}; {''.join(dice.choices('abcdefgh', k=dice.randint(1, 12)))}")


def run(*words, text=None):
    return subprocess.run([str(word) for word in words], check=True, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def compare(binary, folder, texts):
    ours = [json.loads(line) for line in run(binary, "tokenize", "-m", folder, "--input", "text", "--max-tokens", "0",
                                             text="\n".join(texts) + "\n").splitlines()]
    for kind in (BertTokenizerFast, BertTokenizer, AutoTokenizer):
        tokenizer = kind.from_pretrained(folder)
        assert tokenizer.convert_tokens_to_ids(SPECIAL) == list(range(5)), kind
        assert tokenizer.model_max_length == 512, kind
        theirs = tokenizer(texts)["input_ids"]
        wrong = [text for text, one, other in zip(texts, ours, theirs) if one != other]
        assert not wrong, f"{kind.__name__}: {len(wrong)} of {len(texts)} texts differ, as {wrong[0]!r}"
    return sum(map(len, ours)), sum(ids.count(1) for ids in ours)


def main():
    binary, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    archive = scratch / "archive.jsonl"
    scratch.mkdir(parents=True)
    learned = list(sentences(2000, 1))
    archive.write_text("".join(json.dumps({"text": text}) + "\n" for text in learned), encoding="utf-8")
    others = [*sentences(500, 2), "A [MASK] of [SEP] 漢字 and ☃ snow", "naïve x́y", "i" * 150]
    for name, options in {"lower case": [], "cased": ["--cased"], "few characters": ["--most-characters", "40"]}.items():
        folder = scratch / name
        run(binary, "vocab", "--raw", "--size", "600", "-o", folder, *options, archive)
        tokens, unknown = compare(binary, folder, learned + others)
        pieces = len((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())
        print(f"vocabulary of {pieces} pieces, {name}: {len(learned + others)} texts, {tokens} tokens, {unknown} unknown; "
              "the same ids from BertTokenizerFast, BertTokenizer and AutoTokenizer")
    begun = scratch / "begun"
    run(binary, "pretrain", "--vocab", scratch / "lower case", "--hidden", "32", "--heads", "2", "--layers", "1", "--steps", "2",
        "--threads", "1", "-o", begun, archive)
    _, report = BertForMaskedLM.from_pretrained(begun, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "mismatched_keys", "unexpected_keys")), report
    compare(binary, begun, learned)
    print("pretrain begins with it, transformers loads what it wrote")


if __name__ == "__main__":
    main()
