"""Golden values of the text CNN, the temporal poolings and the projection head, from torch.nn, float32 weights.

Usage: python scripts/golden/towers.py Tests/ModelsTests/Golden/towers.json
Needs torch.
"""

import json
import sys

import torch
from torch import nn

torch.manual_seed(2020)


def flat(tensor):
    return [round(value, 7) for value in tensor.detach().flatten().tolist()]


def state(module, prefix=""):
    return {prefix + name: {"shape": list(t.shape), "values": t.flatten().tolist()} for name, t in module.state_dict().items()}


def text_cnn():
    table = torch.randn(7, 6)
    table[0] = 0
    ids = torch.tensor([[1, 2, 3, 4, 5], [6, 2, 0, 0, 0], [0, 0, 0, 0, 0]])
    kernels, filters = [1, 2, 3], 4
    convolutions = [nn.Conv1d(6, filters, k, padding=k // 2) for k in kernels]
    sentence = table[ids].transpose(1, 2)
    output = torch.cat([c(sentence).relu().amax(dim=2) for c in convolutions], dim=1)
    weights = {}
    for index, c in enumerate(convolutions):
        weights |= state(c, f"conv{index + 1}.")
    weights["words.weight"] = {"shape": [7, 6], "values": table.flatten().tolist()}
    return {"ids": ids.flatten().tolist(), "shape": [3, 5], "kernels": kernels, "filters": filters,
            "table": table.flatten().tolist(), "weights": weights, "output": flat(output)}


def pooling():
    frames = torch.randn(3, 4, 8)
    lengths = [4, 2, 1]
    mask = torch.arange(4)[None, :] < torch.tensor(lengths)[:, None]
    hidden, score = nn.Linear(8, 2), nn.Linear(2, 1, bias=False)
    logits = score(torch.tanh(hidden(frames))).masked_fill(~mask[:, :, None], -torch.inf)
    lstm = nn.LSTM(8, 8, batch_first=True)
    packed = nn.utils.rnn.pack_padded_sequence(frames, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    outputs = {
        "mean": torch.stack([f[:n].mean(0) for f, n in zip(frames, lengths)]),
        "max": torch.stack([f[:n].amax(0) for f, n in zip(frames, lengths)]),
        "attention": (logits.softmax(1) * frames).sum(1),
        "lstm": lstm(packed)[1][0][-1],
    }
    weights = {"attention": state(hidden, "hidden.") | state(score, "score."), "lstm": state(lstm, "lstm.")}
    return {"frames": frames.flatten().tolist(), "shape": [3, 4, 8], "lengths": lengths, "weights": weights,
            "outputs": {name: flat(value) for name, value in outputs.items()}}


def head():
    x = torch.randn(4, 6)
    layers = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    weights = state(layers[0], "fc1.") | state(layers[2], "fc2.")
    return {"x": x.flatten().tolist(), "shape": [4, 6], "weights": weights,
            "output": flat(nn.functional.normalize(layers(x), dim=1))}


with open(sys.argv[1], "w") as file:
    cases = {"torch": torch.__version__, "textCNN": text_cnn(), "pooling": pooling(), "head": head()}
    json.dump(cases, file, separators=(",", ":"), sort_keys=True)
    file.write("\n")
