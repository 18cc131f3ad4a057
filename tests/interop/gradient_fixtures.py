"""Makes the training core's reference values with PyTorch and Hugging Face transformers (fp32, eager attention, CPU).

    python gradient_fixtures.py OUT_FOLDER

writes one small JSON file a case: config, token ids, targets, and what PyTorch answers: each part of the loss, the gradient
of every parameter, and for one case the weights after three steps of torch.optim.AdamW. Weights are made on both sides
from the generator of encoder_fixtures.py; a parameter's offset in it is stored beside its name.
"""
import json
import os
import sys

import torch
import torch.nn.functional as F
import transformers
from transformers import (BertConfig, BertForMaskedLM, BertForSequenceClassification, DistilBertConfig,
                          DistilBertForSequenceClassification, MPNetConfig, MPNetForMaskedLM,
                          MPNetForSequenceClassification)

from encoder_fixtures import LABELS, forward_order, plain, sequences, uniform, weights

SIZES = dict(vocab_size=53, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="eager",
             id2label=LABELS, label2id={v: k for k, v in LABELS.items()})
NO_LABEL = -1


class EntityHead(torch.nn.Module):
    """classifier(tanh(dense([CLS], mean of the entity's tokens))), as nn/model/heads.h has it."""

    def __init__(self, model, hidden):
        super().__init__()
        model.entity_pooler = torch.nn.Module()
        model.entity_pooler.dense = torch.nn.Linear(2 * hidden, hidden)
        model.entity_classifier = torch.nn.Linear(hidden, 3)


def fill(model):
    """Counts offsets as the C side does."""
    offsets, offset = {}, 0
    with torch.no_grad():
        for name, tensor in forward_order(model):
            tensor.copy_(weights(name, tuple(tensor.shape), offset))
            offsets[name] = offset
            offset += tensor.numel()
    return offsets


def texts(lengths, padding=0):
    """Without the padding word: transformers gives it no gradient (MPNet, where it is 1, no position either), and here
    nothing is padded."""
    return [[max(padding + 1, 1 + at % 52) for at in ids] for ids in sequences(53, lengths)]


def hidden_states(model, body, record):
    inputs = {"input_ids": torch.tensor([record["ids"]])}
    if record.get("types") is not None:
        inputs["token_type_ids"] = torch.tensor([record["types"]])
    return body(**inputs).last_hidden_state[0]


def document_logits(model, hidden):
    if isinstance(model, DistilBertForSequenceClassification):
        return model.classifier(torch.relu(model.pre_classifier(hidden[:1])))[0]
    if isinstance(model, MPNetForSequenceClassification):
        return model.classifier(hidden[None])[0]
    return model.classifier(model.bert.pooler(hidden[None]))[0]


def entity_logits(model, hidden, begin, end):
    joined = torch.cat([hidden[0], hidden[begin:end].mean(0)])
    return model.entity_classifier(torch.tanh(model.entity_pooler.dense(joined)))


def soft_loss(logits, teacher, temperature):
    return temperature ** 2 * F.kl_div(F.log_softmax(logits / temperature, -1), F.softmax(teacher / temperature, -1),
                                       reduction="batchmean")


def classification_losses(model, body, records, objective):
    """The parts of trainer.h's loss, each a mean over the batch."""
    documents, labels, entities, entity_labels, teacher = [], [], [], [], []
    for record in records:
        hidden = hidden_states(model, body, record)
        documents.append(document_logits(model, hidden))
        labels.append(record["label"])
        teacher.append(record["teacher"])
        for begin, end, label in record["entities"]:
            entities.append(entity_logits(model, hidden, begin, end))
            entity_labels.append(label)
    documents = torch.stack(documents)
    criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor(objective["class_weights"]), ignore_index=NO_LABEL,
                                          label_smoothing=objective["smoothing"])
    losses = {"document": smoothed(criterion, documents, labels)}
    if entities:
        losses["entity"] = smoothed(criterion, torch.stack(entities), entity_labels)
    losses["soft"] = soft_loss(documents, torch.tensor(teacher), objective["temperature"])
    return losses


def smoothed(criterion, logits, labels):
    return criterion(logits, torch.tensor(labels))


def masked_losses(model, records):
    rows, labels = [], []
    for record in records:
        logits = model(input_ids=torch.tensor([record["ids"]])).logits[0]
        for token, label in record["masked"]:
            rows.append(logits[token])
            labels.append(label)
    return {"masked": F.cross_entropy(torch.stack(rows), torch.tensor(labels))}


def total(losses, objective):
    return sum(objective[name] * loss for name, loss in losses.items())


def adamw_steps(model, losses_of, objective, offsets):
    """Three clipped steps; of each parameter the first values afterwards."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}],
                                  lr=1e-3, betas=(0.9, 0.999), eps=1e-6)
    norms, losses = [], []
    for _ in range(3):
        optimizer.zero_grad()
        loss = total(losses_of(), objective)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        losses.append(float(loss.detach()))
        optimizer.step()
    values = {name: [float(v) for v in tensor.detach().flatten()[:6]] for name, tensor in model.named_parameters()}
    return {"rate": 1e-3, "decay": 0.05, "epsilon": 1e-6, "norms": norms, "losses": losses, "values": values}


def write(folder, name, model, offsets, records, objective, losses_of, steps=False):
    model.train()
    model.zero_grad()
    losses = losses_of()
    total(losses, objective).backward()
    gradients = {}
    for parameter, tensor in model.named_parameters():
        gradient = tensor.grad if tensor.grad is not None else torch.zeros_like(tensor)
        gradients[parameter] = {"offset": offsets[parameter], "gradient": [float(v) for v in gradient.flatten()]}
    fixture = {
        "made_with": "transformers %s, torch %s" % (transformers.__version__, torch.__version__),
        "config": json.loads(model.config.to_json_string()),
        "records": records, "objective": objective,
        "losses": {part: float(loss.detach()) for part, loss in losses.items()},
        "parameters": gradients,
    }
    if steps:
        fixture["adamw"] = adamw_steps(model, losses_of, objective, offsets)
    with open(os.path.join(folder, name + ".json"), "w") as out:
        json.dump(plain(fixture), out, separators=(",", ":"))
        out.write("\n")


def classification_records(types, entities, lengths=(2, 9, 16, 5), padding=0):
    records = []
    for at, ids in enumerate(texts(lengths, padding)):
        record = {"ids": ids, "types": [int(t > len(ids) // 2) for t in range(len(ids))] if types else None,
                  "label": [2, NO_LABEL, 0, 1][at], "entities": [],
                  "teacher": [float(v) * 3 for v in uniform(5 * 10 ** 8 + 3 * at, 3)]}
        if entities and len(ids) > 4:
            record["entities"] = [[1, 3, at % 3], [2, len(ids) - 1, (at + 1) % 3]]
        records.append(record)
    return records


def bert(folder, activation):
    model = BertForSequenceClassification(BertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                                                     intermediate_size=24, max_position_embeddings=16,
                                                     hidden_act=activation, **SIZES))
    EntityHead(model, 16)
    offsets = fill(model)
    records = classification_records(types=True, entities=True)
    objective = {"document": 1.0, "entity": 0.7, "soft": 0.5, "smoothing": 0.1, "temperature": 2.0,
                 "class_weights": [1.5, 0.5, 1.25]}
    write(folder, "gradient_bert_" + activation, model, offsets, records, objective,
          lambda: classification_losses(model, model.bert, records, objective), steps=activation == "gelu")


def distilbert(folder):
    model = DistilBertForSequenceClassification(
        DistilBertConfig(dim=18, n_layers=2, n_heads=3, hidden_dim=20, max_position_embeddings=16, activation="relu",
                         dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0,
                         **{k: v for k, v in SIZES.items() if not k.endswith("_prob")}))
    offsets = fill(model)
    records = classification_records(types=False, entities=False)
    objective = {"document": 1.0, "soft": 0.25, "smoothing": 0.0, "temperature": 1.0, "class_weights": [1.0, 1.0, 1.0]}
    write(folder, "gradient_distilbert", model, offsets, records, objective,
          lambda: classification_losses(model, model.distilbert, records, objective))


def masked(folder):
    model = BertForMaskedLM(BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=4, intermediate_size=24,
                                       max_position_embeddings=16, hidden_act="gelu", **SIZES))
    offsets = fill(model)
    records = [{"ids": ids, "types": None, "masked": [[t, (7 * t + ids[t]) % 53] for t in range(1, len(ids) - 1, 3)]}
               for ids in texts([16, 3, 11])]
    objective = {"masked": 1.0, "smoothing": 0.0, "temperature": 1.0, "class_weights": [1.0, 1.0, 1.0]}
    write(folder, "gradient_masked", model, offsets, records, objective, lambda: masked_losses(model, records))


MPNET = dict(hidden_size=16, num_attention_heads=2, intermediate_size=24, layer_norm_eps=1e-5, hidden_act="gelu",
             **{k: v for k, v in SIZES.items() if k != "attn_implementation"})


def mpnet(folder):
    """Long enough for every bucket of distances."""
    model = MPNetForSequenceClassification(MPNetConfig(num_hidden_layers=2, max_position_embeddings=142, **MPNET))
    EntityHead(model, 16)
    offsets = fill(model)
    records = classification_records(types=False, entities=True, lengths=(2, 9, 140, 33), padding=1)
    objective = {"document": 1.0, "entity": 0.7, "soft": 0.5, "smoothing": 0.1, "temperature": 2.0,
                 "class_weights": [1.5, 0.5, 1.25]}
    write(folder, "gradient_mpnet", model, offsets, records, objective,
          lambda: classification_losses(model, model.mpnet, records, objective))


def masked_mpnet(folder):
    """Its head calls gelu whatever the layers call."""
    model = MPNetForMaskedLM(MPNetConfig(num_hidden_layers=1, max_position_embeddings=18, **{**MPNET, "hidden_act": "relu"}))
    offsets = fill(model)
    records = [{"ids": ids, "types": None, "masked": [[t, (7 * t + ids[t]) % 53] for t in range(1, len(ids) - 1, 3)]}
               for ids in texts([16, 3, 11], padding=1)]
    objective = {"masked": 1.0, "smoothing": 0.0, "temperature": 1.0, "class_weights": [1.0, 1.0, 1.0]}
    write(folder, "gradient_masked_mpnet", model, offsets, records, objective, lambda: masked_losses(model, records))


def main():
    torch.set_num_threads(1)
    folder = sys.argv[1]
    for activation in ("gelu", "gelu_new"):
        bert(folder, activation)
    distilbert(folder)
    masked(folder)
    mpnet(folder)
    masked_mpnet(folder)


if __name__ == "__main__":
    main()
