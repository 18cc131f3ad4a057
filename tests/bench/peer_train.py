"""Times PyTorch's training step on the CPU, beside ours, in one run.

    python peer_train.py BENCH_TRAIN [minilm|base] [THREADS] [SECONDS] [padded,packed,ours ...]

The batch is bench_train's: 16 sequences of many lengths up to 128 (headlines and a few stories). Three ways, one after the
other, each in a process of its own: eager transformers with padded batches, as Trainer does it; eager with the same
tokens packed (linear maps, norms and activations on packed rows, attention sequence by sequence); and bench_train. Tokens
are real tokens, padding not counted. Dropout 0.1, AdamW, clipping at 1, fp32. Prints one line of JSON each.
"""
import json
import resource
import subprocess
import sys
import time

LENGTHS = [12, 21, 33, 17, 128, 26, 40, 19, 64, 23, 30, 15, 90, 28, 36, 22]
SHAPES = {"minilm": dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536),
          "base": dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)}


def packed_forward(model, ids, lengths):
    """BertForSequenceClassification over one row of tokens without padding."""
    import torch
    import torch.nn.functional as F
    bert, config = model.bert, model.config
    positions = torch.cat([torch.arange(n) for n in lengths])
    x = bert.embeddings.word_embeddings(ids) + bert.embeddings.position_embeddings(positions)
    x = x + bert.embeddings.token_type_embeddings.weight[0]
    x = bert.embeddings.dropout(bert.embeddings.LayerNorm(x))
    heads = config.num_attention_heads
    for layer in bert.encoder.layer:
        own = layer.attention.self
        shape = (x.shape[0], heads, config.hidden_size // heads)
        parts = [torch.split(f(x).view(shape).transpose(0, 1), lengths, dim=1)
                 for f in (own.query, own.key, own.value)]
        context = torch.cat([F.scaled_dot_product_attention(q[None], k[None], v[None], dropout_p=0.1)[0]
                             for q, k, v in zip(*parts)], dim=1)
        x = layer.attention.output(context.transpose(0, 1).reshape(x.shape), x)
        x = layer.output(layer.intermediate(x), x)
    starts = torch.tensor([0] + lengths[:-1]).cumsum(0)
    pooled = torch.tanh(bert.pooler.dense(x[starts]))
    return model.classifier(model.dropout(pooled))


def peer(way, shape, threads, seconds):
    import torch
    from transformers import BertConfig, BertForSequenceClassification
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = BertForSequenceClassification(BertConfig(num_labels=3, **SHAPES[shape]))
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    labels = torch.tensor([at % 3 for at in range(len(LENGTHS))])
    ids = [torch.randint(0, 30000, (n,)) for n in LENGTHS]
    padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones(n, dtype=torch.long) for n in LENGTHS], batch_first=True)
    flat = torch.cat(ids)

    def step():
        optimizer.zero_grad()
        logits = (model(input_ids=padded, attention_mask=mask).logits if way == "padded"
                  else packed_forward(model, flat, LENGTHS))
        torch.nn.functional.cross_entropy(logits, labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    step()
    begun, steps, best = time.monotonic(), 0, 1e9
    while steps < 3 or time.monotonic() - begun < seconds:
        start = time.monotonic()
        step()
        best = min(best, time.monotonic() - start)
        steps += 1
    tokens = sum(LENGTHS)
    print(json.dumps({"way": "PyTorch %s, %s" % (torch.__version__, way), "shape": shape, "threads": threads,
                      "tokens": tokens, "steps": steps,
                      "tokens_per_s": round(tokens * steps / (time.monotonic() - begun)),
                      "best_tokens_per_s": round(tokens / best),
                      "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}), flush=True)


def main():
    bench, shape = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "minilm"
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 10.0
    ways = sys.argv[5].split(",") if len(sys.argv) > 5 else ["padded", "packed", "ours"]
    if bench == "--peer":
        return peer(ways[0], shape, threads, seconds)
    for way in ways:
        if way == "ours":
            subprocess.run([bench, shape, str(threads), str(seconds), "fixed", "mixed"], check=True)
        else:
            subprocess.run([sys.executable, __file__, "--peer", shape, str(threads), str(seconds), way], check=True)


main()
