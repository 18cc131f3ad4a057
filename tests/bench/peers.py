"""Documents a second of one model in several engines, text in to label out, in one run. Started by tests/bench/peers.

    peers [--model FOLDER] [--int8 FOLDER] [--documents N] [--rounds N] [--threads N,N] [--engines NAME,NAME] [FILE...]

    FILE   JSON Lines with `text`, or `title` and `body`; the first N texts of each are read (default: Twitter Financial News and
           Reuters-21578 of $TW_DATA)

Every engine reads the same texts as they stand, cut at 512 tokens. Peers tokenize with the folder's own fast tokenizer, sorted by length, in
batches of the size that was fastest on a part of the file; their threads work inside a batch. Ours is `tapewatch bench --raw`: from messages
in memory to rows, its threads each with batches of their own. Each round runs all engines one after the other; medians are told, ratios to
Tapewatch's int8, and in how many labels of texts each agrees with PyTorch in fp32. int8: ONNX Runtime's dynamic quantisation, OpenVINO's by
NNCF, calibrated on 300 of the texts, CTranslate2's own.
"""
import argparse
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

MOST_TOKENS, CALIBRATION, TRIED = 512, 300, 256
BATCHES = (8, 32, 64)
OURS = ("tapewatch fp32", "tapewatch int8")


def read_arguments():
    parser = argparse.ArgumentParser(prog="peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--int8", type=pathlib.Path)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=lambda text: [int(one) for one in text.split(",")], default=[1, 2], metavar="N,N")
    parser.add_argument("--engines", type=lambda text: text.split(","), default=list(ENGINES), metavar="NAME,NAME", help=", ".join(ENGINES))
    parser.add_argument("files", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    data = pathlib.Path(os.environ.get("TW_DATA", ""))
    arguments.int8 = arguments.int8 or arguments.binary.parent / "model-int8"
    arguments.files = arguments.files or [data / "twitter-financial-news/train.jsonl", data / "reuters-21578/stream.jsonl.gz"]
    return arguments


def read_texts(path, most):
    texts = []
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            text = record.get("text") or f"{record.get('title', '')} {record.get('body', '')}".strip()
            if text:
                texts.append(text)
            if len(texts) == most:
                break
    return texts


# ---- peers: each is made of (arguments, work folder, threads, texts) and turns a padded batch into labels

def load_torch(arguments):
    from transformers import AutoModelForSequenceClassification
    return AutoModelForSequenceClassification.from_pretrained(arguments.model).float().eval()


def load_tokenizer(arguments):
    from transformers import AutoTokenizer
    return AutoTokenizer.from_pretrained(arguments.model)


def of_torch(arguments, _work, threads, _texts):
    import torch
    torch.set_num_threads(threads)
    model = load_torch(arguments)

    def run(inputs):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            return model(**{name: torch.from_numpy(values) for name, values in inputs.items()}).logits.argmax(1).tolist()
    return run


def exported(arguments, work):
    """The folder as ONNX, once. The exporter changes the module, so it has one of its own."""
    path = work / "model.onnx"
    if path.exists():
        return path
    import torch
    inputs = load_tokenizer(arguments)(["a text", "another text that is longer"], padding=True, return_tensors="pt")
    # In the order of the model's own parameters, which is not the tokenizer's.
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in inputs]
    axes = {name: {0: "batch", 1: "tokens"} for name in names}
    torch.onnx.export(load_torch(arguments), tuple(inputs[name] for name in names), path, input_names=names, output_names=["logits"],
                      dynamic_axes={**axes, "logits": {0: "batch"}}, opset_version=17, dynamo=False)
    return path


def of_onnxruntime(arguments, work, threads, _texts, int8=False):
    import onnxruntime
    path = exported(arguments, work)
    if int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic
        small = work / "model.int8.onnx"
        if not small.exists():
            quantize_dynamic(path, small, weight_type=QuantType.QInt8, per_channel=True)
        path = small
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["logits"], dict(inputs))[0].argmax(1).tolist()


def of_openvino(arguments, work, threads, texts, int8=False):
    import openvino
    path = work / f"openvino{'-int8' if int8 else ''}.xml"
    if not path.exists():
        model = openvino.convert_model(exported(arguments, work))
        if int8:
            import nncf
            tokenizer = load_tokenizer(arguments)
            sample = texts[:: max(1, len(texts) // CALIBRATION)][:CALIBRATION]
            model = nncf.quantize(model, nncf.Dataset(sample, lambda text: dict(encode(tokenizer, [text]))),
                                  model_type=nncf.ModelType.TRANSFORMER, subset_size=len(sample))
        openvino.save_model(model, path, compress_to_fp16=False)
    # Else it computes in bf16 where the processor can.
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                           "INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: compiled(dict(inputs))[0].argmax(1).tolist()


def of_ctranslate2(arguments, work, threads, _texts):
    import ctranslate2
    import numpy
    import transformers
    folder = work / "ctranslate2"
    if not folder.exists():
        # Its converter asks for what transformers no longer has.
        if not hasattr(transformers.BertConfig, "position_embedding_type"):
            transformers.BertConfig.position_embedding_type = "absolute"
        ctranslate2.converters.TransformersConverter(str(arguments.model)).convert(str(folder), quantization="int8")
    encoder = ctranslate2.Encoder(str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1)
    model = load_torch(arguments)
    weight, bias = (values.detach().numpy() for values in (model.classifier.weight, model.classifier.bias))

    def run(inputs):
        lengths = inputs["attention_mask"].sum(1)
        ids = [row[:length].tolist() for row, length in zip(inputs["input_ids"], lengths)]
        pooled = numpy.array(encoder.forward_batch(ids).pooler_output)
        return (pooled @ weight.T + bias).argmax(1).tolist()
    return run


ENGINES = {
    "tapewatch int8": None,
    "tapewatch fp32": None,
    "CTranslate2 int8": of_ctranslate2,
    "OpenVINO int8 (NNCF)": lambda *known: of_openvino(*known, int8=True),
    "ONNX Runtime int8": lambda *known: of_onnxruntime(*known, int8=True),
    "PyTorch fp32": of_torch,
    "OpenVINO fp32": of_openvino,
    "ONNX Runtime fp32": of_onnxruntime,
}


# ---- measuring

def encode(tokenizer, texts):
    return tokenizer(texts, padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="np")


def read_all(run, tokenizer, texts, batch):
    """Labels in the order of the texts, and seconds."""
    began = time.perf_counter()
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    labels = [0] * len(texts)
    for first in range(0, len(order), batch):
        part = order[first:first + batch]
        for at, label in zip(part, run(encode(tokenizer, [texts[at] for at in part]))):
            labels[at] = label
    return labels, time.perf_counter() - began


def peer(arguments, work, name, threads, tokenizer, texts):
    run = ENGINES[name](arguments, work, threads, texts)
    some = texts[:: max(1, len(texts) // TRIED)]
    read_all(run, tokenizer, some, BATCHES[0])
    best = min(BATCHES, key=lambda batch: read_all(run, tokenizer, some, batch)[1])
    return lambda: read_all(run, tokenizer, texts, best), f"batch {best}"


def ours(arguments, work, name, threads, classes, texts):
    folder = arguments.int8 if name == "tapewatch int8" else arguments.model
    path = work / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    said = subprocess.run([arguments.binary, "classify", "-m", folder, "--raw", path], check=True, capture_output=True, text=True)
    labels = [classes[json.loads(line)["label"]] for line in said.stdout.splitlines()]

    def run():
        said = subprocess.run([arguments.binary, "bench", "-m", folder, "--raw", "--documents", "0", "--rounds", "1", "--workers",
                               str(threads), "--format", "json", path], check=True, capture_output=True, text=True)
        row = [row for row in json.loads(said.stdout)["runs"] if row["workers"] == threads][0]
        return labels, len(texts) / row["documents_per_second"]
    return run, ""


def classes_of(arguments):
    """Our words to the model's numbers."""
    names = json.loads((arguments.model / "config.json").read_text(encoding="utf-8"))["id2label"]
    return {name.lower(): int(number) for number, name in names.items()}


def table(arguments, path, threads):
    texts = read_texts(path, arguments.documents)
    tokenizer = load_tokenizer(arguments)
    tokens = sum(int(encode(tokenizer, [text])["attention_mask"].sum()) for text in texts)
    with tempfile.TemporaryDirectory() as folder:
        work, runs, notes = pathlib.Path(folder), {}, {}
        for name in arguments.engines:
            if name in OURS:
                runs[name], notes[name] = ours(arguments, work, name, threads, classes_of(arguments), texts)
            else:
                runs[name], notes[name] = peer(arguments, work, name, threads, tokenizer, texts)
        seconds, labels = {name: [] for name in runs}, {}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                labels[name], took = run()
                seconds[name].append(took)
    print_table(path, threads, texts, tokens, seconds, labels, notes)


def print_table(path, threads, texts, tokens, seconds, labels, notes):
    load = os.getloadavg()[0]
    print(f"\n{path.parent.name}: {len(texts)} texts of {tokens / len(texts):.1f} tokens, {threads} thread(s), load {load:.1f}\n")
    print("| engine | docs/s | least to most | tok/s | of tapewatch int8 | labels as PyTorch fp32 | |\n| --- | --- | --- | --- | --- | --- | --- |")
    rates = {name: sorted(len(texts) / one for one in took) for name, took in seconds.items()}
    base = statistics.median(rates.get("tapewatch int8", [1]))
    truth = labels.get("PyTorch fp32")
    for name, found in sorted(rates.items(), key=lambda item: -statistics.median(item[1])):
        middle = statistics.median(found)
        same = f"{sum(one == other for one, other in zip(labels[name], truth)) / len(texts):.3f}" if truth else ""
        print(f"| {name} | {middle:.0f} | {found[0]:.0f} to {found[-1]:.0f} | {middle * tokens / len(texts):.0f} | {middle / base:.2f} | {same} "
              f"| {notes[name]} |", flush=True)


def main():
    arguments = read_arguments()
    for path in arguments.files:
        for threads in arguments.threads:
            table(arguments, path, threads)


main()
