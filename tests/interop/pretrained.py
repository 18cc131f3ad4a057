#!/usr/bin/env python3
"""A folder that pretrain wrote is loaded by transformers as BertForMaskedLM: the same loss over the same masked words.

    pretrained.py BINARY SCRATCH

Invented sentences; once from a random BERT that transformers wrote without a head for masked words, once from scratch. Then one more
step from the result, at a rate of 0 and without dropout over all texts at once: its loss is what torch must find. Words are
hidden here as pipelines/examples/masking.h tells, from the same numbers (Philox4x32-10, Salmon et al. 2011), written out anew. transformers must
miss no tensor and find no other shape.
"""
import json
import pathlib
import subprocess
import sys

import torch
from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizerFast

LIMIT = 1e-4
MASKING, EPOCH = 3, 0
CHOOSE, REPLACE, REPLACEMENT, ONE_OF_ALL = range(4)
SEED = 11


def philox(counter, key):
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(second >> 32) ^ counter[1] ^ key[0], second & 0xFFFFFFFF, (first >> 32) ^ counter[3] ^ key[1],
                   first & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def bits(window, position, draw):
    index = window << 22 | position << 2 | draw
    drawn = philox([index & 0xFFFFFFFF, index >> 32, EPOCH, MASKING], [SEED, 0])
    return drawn[1] << 32 | drawn[0]


def uniform(*place):
    return (bits(*place) >> 11) * 2.0**-53


def below(limit, *place):
    return bits(*place) * limit >> 64


def hide(tokenizer, window, ids, share):
    """What the model sees of a window's ids, and the places of what was hidden."""
    special = set(tokenizer.all_special_ids)
    choices = [number for word, number in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
               if number not in special and not word.startswith("[unused")]
    candidates = [at for at, number in enumerate(ids) if number not in special]
    chosen = [at for at in candidates if uniform(window, at, CHOOSE) < share]
    if not chosen and candidates:
        chosen = [candidates[below(len(candidates), window, 0, ONE_OF_ALL)]]
    seen = list(ids)
    for at in chosen:
        drawn = uniform(window, at, REPLACE)
        if drawn < 0.8:
            seen[at] = tokenizer.mask_token_id
        elif drawn < 0.8 + 0.1:
            seen[at] = choices[below(len(choices), window, at, REPLACEMENT)]
    return seen, chosen


def write_base(folder):
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] [unused1] . , % acme beta corp marine bank percent on the of fell rose".split()
    words += [piece for sign in "abcdefghijklmnopqrstuvwxyz0123456789" for piece in (sign, "##" + sign)]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true, "model_max_length": 64}')
    torch.manual_seed(5)
    shape = BertConfig(vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                       intermediate_size=64, max_position_embeddings=64)
    BertModel(shape).save_pretrained(folder)


def write_records(path):
    verbs = ["fell", "rose"]
    texts = [f"the {name} {verbs[number % 2]} {number} percent, acme {verbs[number % 2]}"
             for number in range(120) for name in ("marine bank", "beta corp")]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return texts


def pretrain(binary, output, lines, *options):
    subprocess.run([binary, "pretrain", "-o", output, "--threads", "1", "--seed", str(SEED), *options, lines], check=True,
                   stderr=subprocess.DEVNULL)


def loss_here(folder, texts):
    model, report = BertForMaskedLM.from_pretrained(folder, output_loading_info=True)
    model.eval()
    assert not any(report[key] for key in ("missing_keys", "mismatched_keys", "unexpected_keys")), report
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True)
    total, hidden = 0.0, 0
    for window, text in enumerate(texts):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        seen, chosen = hide(tokenizer, window, ids, 0.15)
        with torch.no_grad():
            logits = model(torch.tensor([[tokenizer.cls_token_id, *seen, tokenizer.sep_token_id]])).logits[0, 1:-1]
        total += float(torch.nn.functional.cross_entropy(logits[chosen], torch.tensor([ids[at] for at in chosen]),
                                                         reduction="sum"))
        hidden += len(chosen)
    return total / hidden, hidden


def main():
    binary, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    base, lines = scratch / "base", scratch / "records.jsonl"
    write_base(base)
    texts = write_records(lines)
    shape = ["--hidden", "48", "--heads", "4", "--layers", "1", "--max-positions", "40"]
    worst = 0.0
    for name, origin in {"from a base": ["-m", base], "from scratch": ["--vocab", base / "vocab.txt", *shape]}.items():
        learned, again = scratch / name, scratch / f"{name} again"
        pretrain(binary, learned, lines, "--epochs", "10", "--lr", "3e-3", "--batch", "16", *origin)
        pretrain(binary, again, lines, "-m", learned, "--lr", "0", "--dropout", "0", "--validation-share", "0", "--steps", "1",
                 "--batch", "1000", "--log-steps", "1")
        row = json.loads((again / "metrics.jsonl").read_text().splitlines()[0])
        loss, hidden = loss_here(learned, texts)
        results = json.loads((learned / "eval_results.json").read_text())
        assert loss < 2.5, f"{name}: nothing was learned: {loss:.3f}"
        worst = max(worst, abs(loss - row["loss"]))
        print(f"pretrained {name}: loss over {hidden} masked words {row['loss']:.6f}, by transformers {loss:.6f}; "
              f"perplexity of what was held back {results['perplexity']:.2f}")
    print(f"largest difference {worst:.2e} (at most {LIMIT:.0e})")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
