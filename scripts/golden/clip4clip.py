"""Writes the reference values of the CLIP4Clip tests: heads, loss and training steps, by a plain program of their own in
PyTorch (nn.MultiheadAttention, nn.LSTM) and NumPy (the optimiser, step by step).

    python scripts/golden/clip4clip.py      (torch, numpy)
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch import nn

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ModelsTests" / "Golden"
WIDTH, LAYERS, POSITIONS, FRAMES = 64, 2, 9, 4
LENGTHS = [4, 2, 3]


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(WIDTH, WIDTH // 64, batch_first=True)
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(WIDTH, 4 * WIDTH), "c_proj": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, x, padding):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, key_padding_mask=padding, need_weights=False)[0]
        return x + self.mlp["c_proj"](quick_gelu(self.mlp["c_fc"](self.ln_2(x))))


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.frame_position_embeddings = nn.Embedding(POSITIONS, WIDTH)
        self.transformerClip = nn.ModuleDict({"resblocks": nn.ModuleList(Block() for _ in range(LAYERS))})
        self.lstm_visual = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.cross = nn.ModuleDict({
            "embeddings": nn.ModuleDict({"position_embeddings": nn.Embedding(POSITIONS, WIDTH)}),
            "transformer": nn.ModuleDict({"resblocks": nn.ModuleList(Block() for _ in range(LAYERS))}),
            "pooler": nn.ModuleDict({"ln_pool": nn.LayerNorm(WIDTH, eps=1e-12), "dense": nn.Linear(WIDTH, WIDTH)}),
        })
        self.similarity_dense = nn.Linear(WIDTH, 1)

    def pooled(self, frames, rows):
        """Mean of unit frames, made a unit vector."""
        out = []
        for row, length in zip(rows, LENGTHS):
            unit = row[:length] / row[:length].norm(dim=1, keepdim=True)
            mean = unit.mean(0)
            out.append(mean / mean.norm())
        return torch.stack(out)

    def meanP(self, frames):
        return self.pooled(frames, frames)

    def seqLSTM(self, frames):
        rows = [torch.cat([self.lstm_visual(f[None, :n])[0][0] + f[:n], f[n:]]) for f, n in zip(frames, LENGTHS)]
        return self.pooled(frames, rows)

    def seqTransf(self, frames):
        padding = torch.tensor([[i >= n for i in range(FRAMES)] for n in LENGTHS])
        x = frames + self.frame_position_embeddings.weight[:FRAMES]
        for block in self.transformerClip["resblocks"]:
            x = block(x, padding)
        return self.pooled(frames, x + frames)

    def tight(self, texts, frames):
        scores = torch.zeros(len(texts), len(frames))
        for i, text in enumerate(texts):
            for j, (row, length) in enumerate(zip(frames, LENGTHS)):
                x = torch.cat([text[None], row[:length]])[None] + self.cross["embeddings"]["position_embeddings"].weight[: length + 1]
                for block in self.cross["transformer"]["resblocks"]:
                    x = block(x, None)
                pooler = self.cross["pooler"]
                scores[i, j] = self.similarity_dense(quick_gelu(pooler["dense"](pooler["ln_pool"](x)[0, 0])))[0]
        return scores


def hashed(name, count):
    """SplitMix64(FNV-1a(name) + index) as doubles in [-1, 1), as scripts/golden/encoders.py has it."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1


def tensor(name, shape, scale=1.0):
    return torch.from_numpy((hashed(name, int(np.prod(shape))) * scale).astype(np.float32).reshape(shape))


def heads():
    model = Heads().eval()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            scale = 0.1 if value.dim() > 1 else 0.05
            value.copy_(tensor(name, tuple(value.shape), scale))
            if ("ln_" in name) and name.endswith("weight"):
                value.add_(1)
        frames, texts = tensor("frames", (3, FRAMES, WIDTH)), tensor("texts", (2, WIDTH))
        result = {"meanP": model.meanP(frames), "seqLSTM": model.seqLSTM(frames), "seqTransf": model.seqTransf(frames),
                  "tight": model.tight(texts, frames)}
    return {name: value.double().flatten().tolist() for name, value in result.items()}


def loss():
    """The sheet's matrix, and another whose rows 0 and 2 are of one clip."""
    cos = torch.tensor([[.9, .3, .5], [.2, .6, .7], [.4, .1, .8]], dtype=torch.float64)
    logits = 10 * cos
    target = torch.arange(3)
    plain = (nn.functional.cross_entropy(logits, target) + nn.functional.cross_entropy(logits.t(), target)) / 2
    masked = logits.clone()
    masked[0, 2] = masked[2, 0] = -math.inf
    grouped = (nn.functional.cross_entropy(masked, target) + nn.functional.cross_entropy(masked.t(), target)) / 2
    return {"cos": cos.tolist(), "plain": plain.item(), "grouped": grouped.item()}


def published_steps():
    """Three steps of the published optimiser: BERT's Adam without bias correction, decoupled decay, both clippings."""
    names = ["clip.visual.proj", "clip.visual.ln_pre.weight", "clip.visual.ln_pre.bias", "clip.visual.conv1.weight",
             "transformerClip.resblocks.0.ln_1.weight", "similarity_dense.weight"]
    shapes = [(3, 2), (3,), (3,), (2, 3), (3,), (1, 3)]
    values = {n: hashed(n, int(np.prod(s))) for n, s in zip(names, shapes)}
    moments = {n: (np.zeros(int(np.prod(s))), np.zeros(int(np.prod(s)))) for n, s in zip(names, shapes)}
    rate, tower, decay, total, trace = 0.01, 0.1, 0.2, 8, []
    for step in range(3):
        grads = {n: 2 * hashed(f"{n} {step}", len(values[n])) for n in names if "conv1" not in n}
        norm = math.sqrt(sum((g ** 2).sum() for g in grads.values()))
        for n in grads:
            grads[n] = grads[n] * min(1, 1 / (norm + 1e-6))
            grads[n] = grads[n] * min(1, 1 / (math.sqrt((grads[n] ** 2).sum()) + 1e-6))
        share = step / total
        factor = share / 0.25 if share < 0.25 else (1 + math.cos(math.pi * share)) / 2
        for n, g in grads.items():
            m, v = moments[n]
            m[:] = 0.9 * m + 0.1 * g
            v[:] = 0.98 * v + 0.02 * g * g
            update = m / (np.sqrt(v) + 1e-6)
            if "bias" not in n and "LayerNorm." not in n:
                update = update + decay * values[n]
            values[n] = values[n] - rate * (tower if n.startswith("clip.") else 1) * factor * update
        trace.append({n: v.tolist() for n, v in values.items()})
    return {"names": names, "shapes": shapes, "trace": trace}


def schedules():
    published = [p / 0.1 if p < 0.1 else (1 + math.cos(math.pi * p)) / 2 for p in (i / 40 for i in range(40))]
    rise, total = 4, 40
    sensible = [(i + 1) / rise if i + 1 < rise else (1 + math.cos(math.pi * (i + 1 - rise) / (total + 1 - rise))) / 2 for i in range(total)]
    return {"published": published, "sensible": sensible}


if __name__ == "__main__":
    content = {"heads": heads(), "loss": loss(), "steps": published_steps(), "schedules": schedules()}
    (OUT / "clip4clip.json").write_text(json.dumps(content))
    print(content["loss"], {n: len(v) for n, v in content["heads"].items()})
