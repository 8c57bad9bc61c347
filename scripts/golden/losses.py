"""Golden values and gradients of every loss, in float64, from plain formulas written as loops over rows.

Usage: python scripts/golden/losses.py Tests/ModelsTests/Golden/losses.json
Needs torch and pytorch-metric-learning (checked where it has the same loss).
"""

import json
import sys

import torch
from pytorch_metric_learning import losses as pml
from pytorch_metric_learning.distances import LpDistance

torch.set_default_dtype(torch.float64)


def distance(a, b, kind):
    if kind == "cosine":
        return 1 - torch.dot(a, b) / (torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b))
    return torch.linalg.vector_norm(a - b)


def similarity(a, b, kind):
    dot = torch.dot(a, b)
    return dot if kind == "dot" else dot / (torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b))


def hinge(x):
    return torch.clamp(x, min=0)


def triplet(x, margin=0.2, distance="euclidean"):
    a, p, n = x["anchors"], x["positives"], x["negatives"]
    d = globals()["distance"]
    return [hinge(margin + d(a[i], p[i], distance) - d(a[i], n[i], distance)) for i in range(len(a))]


def in_batch(x, margin, kind, semi_hard):
    a, p = x["anchors"], x["positives"]
    terms = []
    for i in range(len(a)):
        positive = distance(a[i], p[i], kind)
        others = [distance(a[i], p[j], kind) for j in range(len(p)) if j != i]
        if semi_hard:
            others = [d for d in others if positive < d < positive + margin]
        others.sort(key=float)
        terms.append(hinge(margin + positive - others[0]) if others else 0 * positive)
    return terms


def triplet_hard(x, margin=0.2, distance="euclidean"):
    return in_batch(x, margin, distance, False)


def triplet_semihard(x, margin=0.2, distance="euclidean"):
    return in_batch(x, margin, distance, True)


def swish_triplet(x, distance="euclidean"):
    a, p, n = x["anchors"], x["positives"], x["negatives"]
    d = globals()["distance"]
    z = [d(a[i], p[i], distance) - d(a[i], n[i], distance) for i in range(len(a))]
    return [v / (1 + torch.exp(-v)) for v in z]


def contrastive(x, margin=1.0, distance="euclidean"):
    terms = []
    for left, right, y in zip(x["left"], x["right"], x["labels"]):
        z = globals()["distance"](left, right, distance)
        terms.append((1 - y) * 0.5 * z**2 + y * 0.5 * hinge(margin - z) ** 2)
    return terms


def sum_hinge(x, margin=0.2, similarity="cosine", directions="forward"):
    a, p, s = x["anchors"], x["positives"], globals()["similarity"]
    terms = []
    for i in range(len(a)):
        own = s(a[i], p[i], similarity)
        term = 0 * own
        for j in range(len(a)):
            if j == i:
                continue
            term = term + hinge(s(a[i], p[j], similarity) - own + margin)
            if directions == "both":
                term = term + hinge(s(a[j], p[i], similarity) - own + margin)
        terms.append(term)
    return terms


def max_hinge(x, margin=0.2, similarity="cosine"):
    a, p, s = x["anchors"], x["positives"], globals()["similarity"]
    terms = []
    for i in range(len(a)):
        own = s(a[i], p[i], similarity)
        forward = [hinge(margin + s(a[i], p[j], similarity) - own) for j in range(len(a)) if j != i]
        backward = [hinge(margin + s(a[j], p[i], similarity) - own) for j in range(len(a)) if j != i]
        terms.append((max(forward, key=float) + max(backward, key=float)) if forward else 0 * own)
    return terms


def variable_margin(x, margin=0.2, similarity="cosine"):
    a, p, s = x["anchors"], x["positives"], globals()["similarity"]
    terms = []
    for i in range(len(a)):
        own = s(a[i], p[i], similarity)
        term = 0 * own
        for j in range(len(a)):
            if j != i:
                size = margin / (1 + torch.exp(s(a[i], a[j], similarity).detach()))
                term = term + hinge(s(a[i], p[j], similarity) - own + size)
        terms.append(term)
    return terms


def info_nce(x, temperature=0.07, similarity="cosine"):
    a, p, s = x["anchors"], x["positives"], globals()["similarity"]
    count = len(a)
    terms = []
    for i in range(count):
        own = s(a[i], p[i], similarity) / temperature
        row = torch.stack([s(a[i], p[j], similarity) / temperature for j in range(count)])
        column = torch.stack([s(a[j], p[i], similarity) / temperature for j in range(count)])
        terms.append(0.5 * (torch.logsumexp(row, 0) - own) + 0.5 * (torch.logsumexp(column, 0) - own))
    return terms


LOSSES = {
    "triplet": (triplet, ["anchors", "positives", "negatives"], [{"margin": 0.7}, {"distance": "cosine"}]),
    "triplet-hard": (triplet_hard, ["anchors", "positives"], [{"margin": 1.1}, {"distance": "cosine"}]),
    "triplet-semihard": (triplet_semihard, ["anchors", "positives"], [{"margin": 1.1}, {"distance": "cosine"}]),
    "swish-triplet": (swish_triplet, ["anchors", "positives", "negatives"], [{"distance": "cosine"}]),
    "contrastive": (contrastive, ["left", "right"], [{"margin": 3.5}, {"distance": "cosine"}]),
    "sum-hinge": (sum_hinge, ["anchors", "positives"], [{"directions": "both"}, {"similarity": "dot", "margin": 0.5}]),
    "max-hinge": (max_hinge, ["anchors", "positives"], [{"margin": 0.5}]),
    "variable-margin": (variable_margin, ["anchors", "positives"], [{"margin": 0.9}]),
    "info-nce": (info_nce, ["anchors", "positives"], [{"temperature": 0.5}]),
}


def inputs(names, rows, seed):
    generator = torch.Generator().manual_seed(seed)
    x = {name: torch.randn(rows, 5, generator=generator) for name in names}
    if "left" in names:
        x["labels"] = torch.tensor([float(i % 2) for i in range(rows)])
    return x


def case(name, settings, reduction, normalize, rows, seed):
    function, names, _ = LOSSES[name]
    x = inputs(names, rows, seed)
    for key in names:
        x[key].requires_grad_(True)
    scaled = dict(x)
    if normalize:
        for key in names:
            scaled[key] = x[key] / torch.linalg.vector_norm(x[key], dim=1, keepdim=True)
    terms = torch.stack(function(scaled, **settings))
    value = terms.sum() / (rows if reduction == "mean" else 1)
    value.backward()
    return {
        "loss": name,
        "parameters": {**settings, "reduction": reduction, "normalize": normalize},
        "rows": rows,
        "columns": 5,
        "inputs": {key: tensor.detach().flatten().tolist() for key, tensor in x.items()},
        "terms": terms.tolist(),
        "value": value.item(),
        "gradients": {key: x[key].grad.flatten().tolist() for key in names},
    }


def check_against_pytorch_metric_learning():
    """The loop formulas agree with the library where it has the same loss."""
    x = inputs(["anchors", "positives", "negatives"], 7, 99)
    rows = torch.cat([x["anchors"], x["positives"], x["negatives"]])
    index = torch.arange(7)
    euclidean = LpDistance(normalize_embeddings=False)
    ours = torch.stack(triplet(x, margin=0.7))
    theirs = pml.TripletMarginLoss(margin=0.7, distance=euclidean)(
        rows, torch.arange(21), indices_tuple=(index, index + 7, index + 14))
    torch.testing.assert_close(ours[ours > 0].mean(), theirs)  # the library averages the non-zero terms

    x = inputs(["left", "right"], 8, 98)
    similar, dissimilar = torch.arange(0, 8, 2), torch.arange(1, 8, 2)
    rows = torch.cat([x["left"], x["right"]])
    theirs = pml.ContrastiveLoss(pos_margin=0, neg_margin=3.5, distance=LpDistance(normalize_embeddings=False, power=1))
    empty = torch.empty(0, dtype=torch.long)
    z = torch.linalg.vector_norm(x["left"] - x["right"], dim=1)
    hinges = hinge(3.5 - z[dissimilar])
    value = theirs(rows, torch.arange(16), indices_tuple=(empty, empty, dissimilar, dissimilar + 8))
    torch.testing.assert_close(hinges[hinges > 0].mean(), value)
    ours = torch.stack(contrastive(x, margin=3.5))
    torch.testing.assert_close(ours[dissimilar], 0.5 * hinges**2)
    torch.testing.assert_close(ours[similar], 0.5 * z[similar] ** 2)

    x = inputs(["anchors", "positives"], 6, 97)
    labels = torch.arange(6)  # a clone on the other side: the library drops the diagonal of one and the same tensor
    loss = pml.NTXentLoss(temperature=0.3)
    one = loss(x["anchors"], labels, ref_emb=x["positives"], ref_labels=labels.clone())
    other = loss(x["positives"], labels, ref_emb=x["anchors"], ref_labels=labels.clone())
    torch.testing.assert_close(torch.stack(info_nce(x, temperature=0.3)).mean(), (one + other) / 2)


def main():
    check_against_pytorch_metric_learning()
    cases = []
    for number, (name, (_, _, variants)) in enumerate(LOSSES.items()):
        for index, settings in enumerate([{}] + variants):
            cases.append(case(name, settings, "mean", False, 6, 10 * number + index))
        cases.append(case(name, {}, "sum", True, 5, 10 * number + 8))
        cases.append(case(name, {}, "mean", False, 1, 10 * number + 9))
    with open(sys.argv[1], "w") as file:
        json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"), sort_keys=True)
        file.write("\n")


main()
