"""Frozen encoders in PyTorch, ONNX Runtime and OpenVINO."""

import functools
import os
import sys

FOLDER = os.environ.get("BENCH_MODELS", "/tmp")
TOKENS = 32


def encoders(program, name, precision, images, threads):
    """The settings that are tried, each with a function that makes its work; and, for the best of them, the same with
    twice the batch. A call of the largest network takes seconds, so it is given no larger batch."""
    larger = name not in ("efficientnet-b7", "resnet152")
    if program == "torch":
        import torch

        torch.set_num_threads(threads)
        traced = traced_encoder(name, precision)
        ways = {f"channels-last, {way}": lambda batch, way=way: torch_encoder(traced, way, batch)
                for way in ["frozen", "optimised"]}
    elif program == "onnxruntime":
        ways = {"": lambda batch: onnxruntime_encoder(name, precision, batch, threads)}
    else:
        ways = {f"{streams} stream(s)": lambda batch, streams=streams: openvino_encoder(name, precision, batch, threads, streams)
                for streams in [1, threads]}

    def variant(way, batch):
        return f"{way}, batch {batch}".lstrip(", "), lambda: ways[way](batch)

    def refined(best):
        return [variant(way, 2 * images) for way in ways if larger and best == variant(way, images)[0]]

    return [variant(way, images) for way in ways], refined


def network(name):
    """torchvision's module without its classifier, with random weights, and its input size."""
    import torch
    import torchvision

    sizes = {"inception-v3": 299, "efficientnet-b7": 600}
    function = name.replace("-", "_")
    kwargs = {"init_weights": False, "aux_logits": True} if name == "inception-v3" else {}
    model = getattr(torchvision.models, function)(weights=None, **kwargs).eval()
    if name == "inception-v3":
        model.aux_logits, model.AuxLogits, model.fc = False, None, torch.nn.Identity()
    elif name.startswith("resnet"):
        model.fc = torch.nn.Identity()
    else:
        model.classifier = torch.nn.Identity()
    return model, sizes.get(name, 224)


def traced_encoder(name, precision):
    """A function of a number of images: the network's graph for so many, recorded once, and such images."""
    import torch

    model, side = network(name)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    model = model.to(kind, memory_format=torch.channels_last)

    @functools.cache
    def traced(images):
        pixels = torch.rand(images, 3, side, side).to(kind).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            return torch.jit.trace(model, pixels, check_trace=False), pixels

    return traced


def torch_encoder(traced, way, images):
    import torch

    graph, pixels = traced(images)
    with torch.inference_mode():
        model = torch.jit.freeze(graph)
        if way == "optimised":
            model = torch.jit.optimize_for_inference(model)

    def work():
        with torch.inference_mode():
            model(pixels)
        return images

    return work


def exported(file, make):
    """An ONNX file with any batch, written once for all programs."""
    import torch

    path = os.path.join(FOLDER, file)
    if not os.path.exists(path):
        model, example, (given, taken) = make()
        torch.onnx.export(model, example, path + ".part", input_names=[given], output_names=[taken], opset_version=17,
                          dynamo=False, dynamic_axes={given: {0: "batch"}, taken: {0: "batch"}})
        os.rename(path + ".part", path)
    return path


def exported_encoder(name):
    def make():
        import torch

        model, side = network(name)
        return model, torch.rand(2, 3, side, side), ("pixels", "features")

    return exported(f"{name}.onnx", make)


def onnxruntime_session(path, precision, threads, batch):
    import onnxruntime

    if precision != "f32":
        sys.exit("ONNX Runtime has no bf16 convolutions on CPUs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("batch", batch)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnxruntime_encoder(name, precision, images, threads):
    session = onnxruntime_session(exported_encoder(name), precision, threads, images)
    pixels = random_pixels(images, session.get_inputs()[0].shape[2])

    def work():
        session.run(None, {"pixels": pixels})
        return images

    return work


def random_pixels(images, side):
    import numpy

    return numpy.random.default_rng(1).random((images, 3, side, side), dtype=numpy.float32)


def openvino_work(path, inputs, precision, threads, streams):
    """One request after the other, or one per stream at a time."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(list(inputs.shape))
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": streams,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32"})
    if streams == 1:
        request = compiled.create_infer_request()

        def work():
            request.infer({0: inputs}, share_inputs=True)
            return len(inputs)

        return work
    queue = openvino.AsyncInferQueue(compiled, streams)

    def several():
        for _ in range(2 * streams):
            queue.start_async({0: inputs}, share_inputs=True)
        queue.wait_all()
        return 2 * streams * len(inputs)

    return several


def openvino_encoder(name, precision, images, threads, streams):
    side = {"inception-v3": 299, "efficientnet-b7": 600}.get(name, 224)
    return openvino_work(exported_encoder(name), random_pixels(images, side), precision, threads, streams)


def bert(size):
    """transformers' BertModel without its pooler, with random weights, up to the mean over tokens."""
    import torch
    sys.modules.setdefault("torchaudio", None)  # transformers would load it, and BERT has no use for it
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


def texts(program, size, precision, sentences, threads):
    import numpy

    ids = numpy.random.default_rng(1).integers(1, 30000, (sentences, TOKENS))
    if program == "torch":
        import torch

        torch.set_num_threads(threads)
        return [(way, lambda way=way: torch_text(size, precision, ids, way)) for way in ["as it is", "frozen"]]
    path = exported(f"bert-{size}.onnx", lambda: exported_bert(size, ids))
    if program == "onnxruntime":
        session = onnxruntime_session(path, precision, threads, sentences)
        return [("", lambda: lambda: len(session.run(None, {"ids": ids})[0]))]
    return [(f"{streams} stream(s)", lambda streams=streams: openvino_work(path, ids, precision, threads, streams))
            for streams in [1, threads]]


def exported_bert(size, ids):
    import torch

    return bert(size), torch.from_numpy(ids), ("ids", "vectors")


def torch_text(size, precision, ids, way):
    import torch

    model, tokens = bert(size), torch.from_numpy(ids)
    if precision == "bf16":
        model = model.to(torch.bfloat16)
    with torch.inference_mode():
        if way == "frozen":
            model = torch.jit.freeze(torch.jit.trace(model, tokens, check_trace=False))

    def work():
        with torch.inference_mode():
            model(tokens)
        return len(ids)

    return work
