#!/usr/bin/env python3
"""A folder that transformers wrote is fine-tuned and distilled by tapewatch, and read back by transformers: the same logits on both sides.

    finetuned.py BINARY SCRATCH

Invented sentences, a random BERT of two layers, and an MPNet. The document head is asked through AutoModelForSequenceClassification; the entity
head, which is our own, is written out in torch from its formula (nn/model/heads.h). Logits agree within 1e-4, probabilities
of entities too; transformers must miss no tensor and find no other shape.
"""
import json
import math
import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertModel, MPNetConfig, MPNetModel

LIMIT = 1e-4
LABELS = ["negative", "neutral", "positive"]
VERBS = {"negative": ["fell", "sinks"], "neutral": ["flat", "steady"], "positive": ["rose", "gains"]}
NAMES = ["Acme", "Beta Corp", "Marine Bank"]


# Special tokens in the order of their ids, what tokenizer_config.json says of them, configuration, model. MPNet counts positions from 2.
FAMILIES = {"bert": ("[PAD] [UNK] [CLS] [SEP] [MASK]", {"do_lower_case": True, "model_max_length": 64}, BertConfig, BertModel, 64),
            "mpnet": ("<s> <pad> </s> [UNK] <mask>",
                      {"do_lower_case": True, "model_max_length": 64, "tokenizer_class": "MPNetTokenizer", "bos_token": "<s>",
                       "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "[UNK]",
                       "mask_token": "<mask>"}, MPNetConfig, MPNetModel, 66)}


def write_base(folder, hidden=32, family="bert"):
    special, own, config, model, positions = FAMILIES[family]
    words = special.split() + ". , % acme beta corp marine bank percent on the of".split()
    words += [verb for verbs in VERBS.values() for verb in verbs]
    words += [piece for sign in "abcdefghijklmnopqrstuvwxyz0123456789" for piece in (sign, "##" + sign)]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(own))
    torch.manual_seed(5)
    shape = config(vocab_size=len(words), hidden_size=hidden, num_hidden_layers=2, num_attention_heads=4,
                   intermediate_size=64, max_position_embeddings=positions)
    model(shape).save_pretrained(folder)


def write_records(path):
    records = []
    for number in range(90):
        one, other = LABELS[number % 3], LABELS[(number // 3) % 3]
        left, right = NAMES[number % 3], NAMES[(number + 1) % 3]
        text = f"{left} {VERBS[one][number % 2]} {number} percent, {right} {VERBS[other][number % 2]}"
        entities = [{"name": left, "label": one}, {"name": right, "label": other}]
        records.append({"text": text, "label": one, "entities": entities})
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return records


def entity_probabilities(tensors, config, hidden, begin, end):
    joined = torch.cat([hidden[0], hidden[begin:end].mean(0)])
    pooled = torch.tanh(tensors["entity_pooler.dense.weight"] @ joined + tensors["entity_pooler.dense.bias"])
    logits = tensors["entity_classifier.weight"] @ pooled + tensors["entity_classifier.bias"]
    own, shares = config["tapewatch"], torch.softmax(logits.double(), 0)
    entropy = max(float(-(shares * shares.log()).nansum()) / math.log(3), 1e-3)
    return torch.softmax(logits / (own["entity_temperature"] * entropy ** own["entity_temperature_exponent"]), 0)


def compare(binary, folder, lines, records, what):
    """The largest difference of document logits and entity probabilities between the two readers of one folder."""
    said = subprocess.run([binary, "classify", "-m", folder, "--logits", "--input", "json", lines], check=True,
                          capture_output=True, text=True).stdout.splitlines()
    model, report = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    model.float().eval()
    assert not report["missing_keys"] and not report["mismatched_keys"], report
    assert all(name.startswith("entity_") for name in report["unexpected_keys"]), report
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    config = json.loads((folder / "config.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    worst, largest = {"document": 0.0, "entity": 0.0}, 0.0
    for record, line in zip(records, map(json.loads, said), strict=True):
        tokens = tokenizer(record["text"], return_tensors="pt", return_offsets_mapping=True)
        offsets = tokens.pop("offset_mapping")[0].tolist()
        with torch.no_grad():
            logits = model(**tokens).logits[0]
            hidden = model.base_model(**tokens).last_hidden_state[0]
        largest = max(largest, float(logits.abs().max()))
        for place, label in model.config.id2label.items():
            worst["document"] = max(worst["document"], abs(float(logits[place]) - line["logits"][label]))
        for entity in line["entities"]:
            first = record["text"].index(entity["name"])
            last = first + len(entity["name"])
            inside = [at for at, (begin, end) in enumerate(offsets) if end > first and begin < last and end > begin]
            probabilities = entity_probabilities(tensors, config, hidden, inside[0], inside[-1] + 1)
            for place, label in model.config.id2label.items():
                worst["entity"] = max(worst["entity"], abs(float(probabilities[place]) - entity["probs"][label]))
    assert largest > 0.5, f"nothing was learned: no logit is larger than {largest:.3f}"
    print(f"{what} here, read by transformers: largest difference of document logits {worst['document']:.2e}, "
          f"of entity probabilities {worst['entity']:.2e} (at most {LIMIT:.0e})")
    return max(worst.values()) <= LIMIT


def finetune(binary, base, tuned, lines):
    subprocess.run([binary, "finetune", "-m", base, "-o", tuned, "--epochs", "40", "--lr", "3e-3", "--patience", "0",
                    "--threads", "1", lines],
                   check=True, stderr=subprocess.DEVNULL)


def main():
    binary, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    base, tuned, small, lines = scratch / "base", scratch / "tuned", scratch / "small", scratch / "records.jsonl"
    narrow, matched = scratch / "narrow", scratch / "matched"
    write_base(base)
    write_base(narrow, hidden=16)
    records = write_records(lines)
    mpnet, mpnet_tuned = scratch / "mpnet", scratch / "mpnet-tuned"
    write_base(mpnet, family="mpnet")
    finetune(binary, base, tuned, lines)
    finetune(binary, mpnet, mpnet_tuned, lines)
    subprocess.run([binary, "distill", "--teacher", tuned, "-m", base, "--layers", "1", "-o", small, "--epochs", "20", "--lr", "3e-3",
                    "--vocabulary", "95", "--vocabulary-margin", "0", "--compare-seconds", "0.1", "--threads", "1", lines],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Half as wide as its teacher: what projects its hidden states must stay out of the folder.
    subprocess.run([binary, "distill", "--teacher", tuned, "-m", narrow, "-o", matched, "--epochs", "40", "--lr", "1e-2",
                    "--hidden-loss", "0.5", "--dtype", "f16", "--compare-seconds", "0.1", "--threads", "1", lines],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before, after = (json.loads((folder / "config.json").read_text()) for folder in (tuned, small))
    assert after["num_hidden_layers"] == 1 and after["vocab_size"] < before["vocab_size"], after
    agree = [compare(binary, tuned, lines, records, "fine-tuned"), compare(binary, mpnet_tuned, lines, records, "fine-tuned MPNet"),
             compare(binary, small, lines, records, "distilled"),
             compare(binary, matched, lines, records, "distilled with hidden states")]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
