"""Other programs' speeds, in the protocol of `ieum bench ... --answering`: one sample per line on stdin.

    peers.py encoder torch|onnxruntime|openvino NAME f32|bf16 IMAGES SECONDS THREADS
    peers.py text torch|onnxruntime|openvino minilm|base f32|bf16 SENTENCES SECONDS THREADS
    peers.py rank numpy|torchmetrics QUERIES GALLERY DIMENSION SECONDS THREADS
"""

import json
import os
import resource
import sys
import time

os.environ.pop("OPENBLAS_CORETYPE", None)


def answer(seconds, work):
    """Answers each line on stdin with the rate of `work`, which returns how many items it did."""
    work()
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        items, start, used = 0, time.perf_counter(), processor_time()
        while True:
            items += work()
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                break
        used = processor_time() - used
        print(json.dumps({"perSecond": items / elapsed, "perProcessorSecond": items / max(used, 1e-9),
                          "seconds": elapsed, "processorSeconds": used}), flush=True)


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def network(name):
    """torchvision's module without its classifier, with random weights, and its input size."""
    import torch
    import torchvision

    sizes = {"inception-v3": 299, "efficientnet-b7": 600}
    function = name.replace("-", "_")
    kwargs = {"init_weights": True, "aux_logits": True} if name == "inception-v3" else {}
    model = getattr(torchvision.models, function)(weights=None, **kwargs).eval()
    if name == "inception-v3":
        model.aux_logits, model.AuxLogits, model.fc = False, None, torch.nn.Identity()
    elif name.startswith("resnet"):
        model.fc = torch.nn.Identity()
    else:
        model.classifier = torch.nn.Identity()
    return model, sizes.get(name, 224)


def torch_encoder(name, precision, images):
    import torch

    model, side = network(name)
    model = model.to(memory_format=torch.channels_last)
    pixels = torch.rand(images, 3, side, side).contiguous(memory_format=torch.channels_last)
    if precision == "bf16":
        model, pixels = model.to(torch.bfloat16), pixels.to(torch.bfloat16)
    model = torch.jit.freeze(torch.jit.trace(model, pixels))
    for _ in range(3):
        model(pixels)

    def work():
        with torch.inference_mode():
            model(pixels)
        return images

    return work


def exported(name, images, folder):
    """The network as an ONNX file of a fixed batch."""
    import torch

    path = os.path.join(folder, f"{name}-{images}.onnx")
    if not os.path.exists(path):
        model, side = network(name)
        torch.onnx.export(model, torch.rand(images, 3, side, side), path + ".part", input_names=["pixels"],
                          output_names=["features"], opset_version=17, dynamo=False)
        os.rename(path + ".part", path)
    return path


def onnxruntime_session(path, precision, threads):
    import onnxruntime

    if precision != "f32":
        sys.exit("ONNX Runtime has no bf16 convolutions on CPUs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnxruntime_encoder(name, precision, images, threads, folder):
    import numpy

    session = onnxruntime_session(exported(name, images, folder), precision, threads)
    side = session.get_inputs()[0].shape[2]
    pixels = numpy.random.rand(images, 3, side, side).astype(numpy.float32)

    def work():
        session.run(None, {"pixels": pixels})
        return images

    return work


def openvino_request(path, precision, threads):
    import openvino

    core = openvino.Core()
    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32"}
    return core.compile_model(core.read_model(path), "CPU", settings).create_infer_request()


def openvino_encoder(name, precision, images, threads, folder):
    import numpy

    request = openvino_request(exported(name, images, folder), precision, threads)
    side = request.get_input_tensor(0).shape[2]
    pixels = numpy.random.rand(images, 3, side, side).astype(numpy.float32)

    def work():
        request.infer({0: pixels}, share_inputs=True)
        return images

    return work


TOKENS = 32


def bert(size):
    """transformers' BertModel without its pooler, with random weights, up to the mean over tokens."""
    import torch
    import transformers

    sizes = {"minilm": dict(hidden_size=384, num_hidden_layers=6, intermediate_size=1536), "base": {}}
    model = transformers.BertModel(transformers.BertConfig(**sizes[size]), add_pooling_layer=False).eval()

    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, ids):
            return self.model(input_ids=ids).last_hidden_state.mean(1)

    return Mean().eval()


def text_encoder(program, size, precision, sentences, threads, folder):
    import numpy

    ids = numpy.random.randint(1, 30000, (sentences, TOKENS))
    if program == "torch":
        import torch

        torch.set_num_threads(threads)
        model, tokens = bert(size), torch.from_numpy(ids)
        if precision == "bf16":
            model = model.to(torch.bfloat16)

        def work():
            with torch.inference_mode():
                model(tokens)
            return sentences

        return work
    path = os.path.join(folder, f"bert-{size}-{sentences}.onnx")
    if not os.path.exists(path):
        import torch

        torch.onnx.export(bert(size), torch.from_numpy(ids), path + ".part", input_names=["ids"],
                          output_names=["vectors"], opset_version=17, dynamo=False)
        os.rename(path + ".part", path)
    if program == "onnxruntime":
        session = onnxruntime_session(path, precision, threads)
        return lambda: len(session.run(None, {"ids": ids})[0])
    request = openvino_request(path, precision, threads)
    return lambda: len(request.infer({0: ids}, share_inputs=True)[0])


def numpy_rank(queries, gallery, dimension):
    """What a user writes: the whole score matrix, a full sort of every row, the place of the right item."""
    import numpy

    q, g, right = rank_data(queries, gallery, dimension)

    def work():
        left = q / numpy.linalg.norm(q, axis=1, keepdims=True)
        other = g / numpy.linalg.norm(g, axis=1, keepdims=True)
        order = numpy.argsort(-(left @ other.T), axis=1)
        ranks = numpy.argmax(order == right[:, None], axis=1) + 1
        [(ranks <= k).mean() for k in (1, 5, 10)], numpy.median(ranks), ranks.mean()
        return queries

    return work


def torchmetrics_rank(queries, gallery, dimension):
    import torch
    from torchmetrics.retrieval import RetrievalHitRate

    # One flat list of pairs is all torchmetrics takes: a slice of the queries, or it would not fit into memory.
    queries = min(queries, 64)
    q, g, right = (torch.from_numpy(x) for x in rank_data(queries, gallery, dimension))
    indexes = torch.arange(queries).repeat_interleave(gallery)

    def work():
        scores = torch.nn.functional.normalize(q) @ torch.nn.functional.normalize(g).T
        target = torch.zeros(queries, gallery, dtype=torch.bool)
        target[torch.arange(queries), right] = True
        for k in (1, 5, 10):
            RetrievalHitRate(top_k=k)(scores.flatten(), target.flatten(), indexes=indexes)
        return queries

    return work


def rank_data(queries, gallery, dimension):
    import numpy

    random = numpy.random.default_rng(1)
    q = random.random((queries, dimension), dtype=numpy.float32) * 2 - 1
    g = random.random((gallery, dimension), dtype=numpy.float32) * 2 - 1
    return q, g, numpy.arange(queries) % gallery


def main(arguments):
    kind, program = arguments[0], arguments[1]
    threads = int(arguments[-1])
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if kind == "encoder":
        name, precision, images, seconds = arguments[2], arguments[3], int(arguments[4]), float(arguments[5])
        folder = os.environ.get("BENCH_MODELS", "/tmp")
        if program == "torch":
            import torch

            torch.set_num_threads(threads)
            work = torch_encoder(name, precision, images)
        elif program == "onnxruntime":
            work = onnxruntime_encoder(name, precision, images, threads, folder)
        else:
            work = openvino_encoder(name, precision, images, threads, folder)
    elif kind == "text":
        seconds = float(arguments[5])
        work = text_encoder(program, arguments[2], arguments[3], int(arguments[4]), threads,
                            os.environ.get("BENCH_MODELS", "/tmp"))
    else:
        sizes, seconds = [int(x) for x in arguments[2:5]], float(arguments[5])
        if program == "torchmetrics":
            import torch

            torch.set_num_threads(threads)
        work = numpy_rank(*sizes) if program == "numpy" else torchmetrics_rank(*sizes)
    answer(seconds, work)


if __name__ == "__main__":
    main(sys.argv[1:])
