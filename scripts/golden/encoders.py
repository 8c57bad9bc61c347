"""Writes the reference values of the encoder tests: torchvision's and transformers' features under weights and inputs
that both sides compute from a formula.

    python scripts/golden/encoders.py      (torch, torchvision, transformers)

A value is SplitMix64(FNV-1a(name) + index) as a double in [-1, 1). Weights scale it by their fan-in; running
statistics and scales get values that a wrong epsilon, stride or padding would show.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from transformers import BertConfig, BertModel

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ModelsTests" / "Golden"


def hashed(name, count):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1


def value(name, shape):
    """The tensor `name`: matrices and kernels by fan-in, vectors by their role."""
    count = int(np.prod(shape))
    v = hashed(name, count)
    if name.endswith("running_mean"):
        v = 0.1 * v
    elif name.endswith("running_var"):
        v = 0.75 + 0.25 * v
    elif len(shape) > 1:
        v = v * (6.0 / (count // shape[0])) ** 0.5
    elif name.endswith("weight"):
        v = 0.8 + 0.2 * v
    else:
        v = 0.1 * v
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def fill(model):
    state = model.state_dict()
    for name, tensor in state.items():
        if tensor.dtype == torch.float32:
            tensor.copy_(value(name, tuple(tensor.shape)))
    model.load_state_dict(state)
    return model.eval()


def pixels(side):
    return torch.from_numpy((hashed(f"pixels{side}", 2 * 3 * side * side) * 1.5).astype(np.float32)).reshape(2, 3, side, side)


def lite0(x):
    """EfficientNet-Lite0 by the names of its published PyTorch weights, TensorFlow padding, epsilon 1e-3."""

    def conv(x, name, shape, stride=1, groups=1):
        weight = value(name + ".weight", shape)
        pads = []
        for length in (x.shape[3], x.shape[2]):
            total = max(0, (-(-length // stride) - 1) * stride + shape[2] - length)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)

    def norm(x, name):
        c = (x.shape[1],)
        part = lambda p: value(f"{name}.{p}", c)
        return F.batch_norm(x, part("running_mean"), part("running_var"), part("weight"), part("bias"), eps=1e-3)

    stages = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]
    x = F.relu6(norm(conv(x, "_conv_stem", (32, 3, 3, 3), 2), "_bn0"))
    index = 0
    for expand, kernel, first, output, repeats in stages:
        for place in range(repeats):
            p, before, stride = f"_blocks.{index}.", x, first if place == 0 else 1
            if expand != 1:
                x = F.relu6(norm(conv(x, p + "_expand_conv", (x.shape[1] * expand, x.shape[1], 1, 1)), p + "_bn0"))
            c = x.shape[1]
            x = F.relu6(norm(conv(x, p + "_depthwise_conv", (c, 1, kernel, kernel), stride, c), p + "_bn1"))
            x = norm(conv(x, p + "_project_conv", (output, c, 1, 1)), p + "_bn2")
            if stride == 1 and before.shape[1] == output:
                x = x + before
            index += 1
    return F.relu6(norm(conv(x, "_conv_head", (1280, 320, 1, 1)), "_bn1")).mean((2, 3))


def image(name, build, head, side):
    model = fill(build())
    setattr(model, head, torch.nn.Identity())
    return entry(name, model(pixels(side)), side)


def entry(name, features, side):
    features = features.double()
    rows = [row[:: max(1, row.numel() // 24)][:24].tolist() for row in features]
    return {"name": name, "side": side, "dimension": features.shape[1], "rows": rows, "norms": features.norm(dim=1).tolist()}


def bert():
    sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, vocab_size=50,
                 max_position_embeddings=16, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0)
    sentences = [[1, 5, 9, 2], [1, 7, 8, 30, 49, 11, 2], [1, 2], [1, 44, 13, 9, 2]]
    cases = []
    for activation in ["gelu", "gelu_new", "relu"]:
        config = BertConfig(hidden_act=activation, **sizes)
        model = fill(BertModel(config, add_pooling_layer=False))
        states = [model(input_ids=torch.tensor([s])).last_hidden_state[0] for s in sentences]
        cases.append({"config": {**sizes, "hidden_act": activation, "model_type": "bert"},
                      "mean": torch.stack([s.mean(0) for s in states]).tolist(), "cls": torch.stack([s[0] for s in states]).tolist()})
    return {"sentences": sentences, "cases": cases}


def write(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(content) + "\n")


with torch.no_grad():
    models = torchvision.models
    write("encoders-images.json", [
        image("resnet18", lambda: models.resnet18(weights=None), "fc", 64),
        image("resnet50", lambda: models.resnet50(weights=None), "fc", 64),
        image("inception-v3", lambda: models.inception_v3(weights=None, init_weights=False), "fc", 107),
        image("efficientnet-b0", lambda: models.efficientnet_b0(weights=None), "classifier", 64),
        image("efficientnet-b5", lambda: models.efficientnet_b5(weights=None), "classifier", 48),
        entry("efficientnet-lite0", lite0(pixels(64)), 64),
    ])
    write("encoders-bert.json", bert())
