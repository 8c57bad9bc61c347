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


def negatives(x, i, reversed_=False):
    """The wrong partners of row i, in the batch and the queue, each with the anchor it belongs to."""
    own, other = ("positives", "anchors") if reversed_ else ("anchors", "positives")
    rows = [(x[other][j], x[own][j]) for j in range(len(x[own])) if j != i]
    if "queue_anchors" in x:
        queue = {"anchors": x["queue_anchors"], "positives": x["queue_positives"]}
        rows += list(zip(queue[other], queue[own]))
    return rows


def hinges(x, i, kind, margin, mining="all", variable=False, reversed_=False):
    """One anchor's hinges, mined and summed."""
    own, other = ("positives", "anchors") if reversed_ else ("anchors", "positives")
    anchor = x[own][i]
    true = similarity(anchor, x[other][i], kind)
    terms = []
    for row, its_anchor in negatives(x, i, reversed_):
        size = margin / (1 + torch.exp(similarity(anchor, its_anchor, kind).detach())) if variable else margin
        score = similarity(anchor, row, kind)
        if mining == "semi-hard" and not score < true:
            continue
        terms.append(hinge(score - true + size))
    if not terms:
        return 0 * true
    return sum(terms) if mining == "all" else max(terms, key=float)


def sum_hinge(x, margin=0.2, similarity="cosine", directions="forward", mining="all"):
    rows = range(len(x["anchors"]))
    terms = [hinges(x, i, similarity, margin, mining) for i in rows]
    if directions == "both":
        terms = [t + hinges(x, i, similarity, margin, mining, reversed_=True) for i, t in zip(rows, terms)]
    return terms


def max_hinge(x, margin=0.2, similarity="cosine"):
    return [
        hinges(x, i, similarity, margin, "hard") + hinges(x, i, similarity, margin, "hard", reversed_=True)
        for i in range(len(x["anchors"]))
    ]


def variable_margin(x, margin=0.2, similarity="cosine", mining="all"):
    return [hinges(x, i, similarity, margin, mining, variable=True) for i in range(len(x["anchors"]))]


def four_term(x, margin=0.2, similarity="cosine", variable="image", mining="all"):
    terms = []
    for i in range(len(x["image"])):
        term = 0
        for partner in ["audio", "text"]:
            pair = {"anchors": x["image"], "positives": x[partner]}
            term = term + hinges(pair, i, similarity, margin, mining, variable in ("image", "both"))
            term = term + hinges(pair, i, similarity, margin, mining, variable in ("other", "both"), reversed_=True)
        terms.append(term)
    return terms


def info_nce(x, temperature=0.07, similarity="cosine", learned=False, maximumScale=100.0):
    a, p, s = x["anchors"], x["positives"], globals()["similarity"]
    scale = torch.exp(x["logit_scale"]) if learned else 1 / temperature
    terms = []
    for i in range(len(a)):
        own = scale * s(a[i], p[i], similarity)
        row = torch.stack([own] + [scale * s(a[i], n, similarity) for n, _ in negatives(x, i)])
        column = torch.stack([own] + [scale * s(p[i], n, similarity) for n, _ in negatives(x, i, True)])
        terms.append(0.5 * (torch.logsumexp(row, 0) - own) + 0.5 * (torch.logsumexp(column, 0) - own))
    return terms


def mil_nce(x, temperature=1.0, similarity="dot"):
    a, c, s = x["anchors"], x["positives"], globals()["similarity"]
    count, bag = len(a), len(c) // len(a)
    own = lambda i: range(i * bag, (i + 1) * bag)
    terms = []
    for i in range(count):
        positives = [s(a[i], c[k], similarity) / temperature for k in own(i)]
        wrong = [s(a[i], c[k], similarity) / temperature for j in range(count) if j != i for k in own(j)]
        wrong += [s(a[j], c[k], similarity) / temperature for j in range(count) if j != i for k in own(i)]
        terms.append(torch.logsumexp(torch.stack(positives + wrong), 0) - torch.logsumexp(torch.stack(positives), 0))
    return terms


LOSSES = {
    "triplet": (triplet, ["anchors", "positives", "negatives"], [{"margin": 0.7}, {"distance": "cosine"}]),
    "triplet-hard": (triplet_hard, ["anchors", "positives"], [{"margin": 1.1}, {"distance": "cosine"}]),
    "triplet-semihard": (triplet_semihard, ["anchors", "positives"], [{"margin": 1.1}, {"distance": "cosine"}]),
    "swish-triplet": (swish_triplet, ["anchors", "positives", "negatives"], [{"distance": "cosine"}]),
    "contrastive": (contrastive, ["left", "right"], [{"margin": 3.5}, {"distance": "cosine"}]),
    "sum-hinge": (
        sum_hinge, ["anchors", "positives"],
        [{"directions": "both"}, {"similarity": "dot", "margin": 0.5}, {"mining": "hard"},
         {"mining": "semi-hard", "margin": 1.3, "directions": "both"}, {"directions": "both", "queue": 3}]),
    "max-hinge": (max_hinge, ["anchors", "positives"], [{"margin": 0.5}, {"queue": 4}]),
    "variable-margin": (
        variable_margin, ["anchors", "positives"],
        [{"margin": 0.9}, {"margin": 0.9, "queue": 3}, {"margin": 1.7, "mining": "semi-hard"}]),
    "info-nce": (
        info_nce, ["anchors", "positives"],
        [{"temperature": 0.5}, {"temperature": 0.3, "learned": True}, {"temperature": 0.4, "learned": True, "queue": 5}]),
    "mil-nce": (mil_nce, ["anchors", "positives"], [{"temperature": 0.6, "similarity": "cosine"}, {"bag": 3}]),
    "four-term": (
        four_term, ["image", "audio", "text"],
        [{"margin": 0.9}, {"variable": "other"}, {"variable": "both", "margin": 0.6}, {"variable": "none"},
         {"mining": "hard"}]),
}


def inputs(names, rows, seed, queue=0, bag=1):
    generator = torch.Generator().manual_seed(seed)
    x = {name: torch.randn(rows, 5, generator=generator) for name in names}
    if "left" in names:
        x["labels"] = torch.tensor([float(i % 2) for i in range(rows)])
    if bag > 1:
        x["positives"] = torch.randn(rows * bag, 5, generator=generator)
    if queue > 0:
        x["queue_anchors"] = torch.randn(queue, 5, generator=generator)
        x["queue_positives"] = torch.randn(queue, 5, generator=generator)
    return x


def case(name, settings, reduction, normalize, rows, seed):
    function, names, _ = LOSSES[name]
    settings = dict(settings)
    x = inputs(names, rows, seed, settings.pop("queue", 0), settings.pop("bag", 1))
    learned = ["logit_scale"] if settings.get("learned") else []
    if learned:
        x["logit_scale"] = -torch.log(torch.tensor(settings["temperature"]))
    for key in names + learned:
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
        "inputs": {key: tensor.detach().flatten().tolist() for key, tensor in x.items() if key not in learned},
        "terms": terms.tolist(),
        "value": value.item(),
        "gradients": {key: x[key].grad.flatten().tolist() for key in names + learned},
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


def check_mil_nce():
    """The loops agree with the tensor form of the authors' code, its doubled positives taken out of the denominator."""
    x = inputs(["anchors", "positives"], 5, 96, bag=3)
    scores = (x["anchors"] @ x["positives"].t()).view(5, 5, 3)
    positives = torch.logsumexp((scores * torch.eye(5)[:, :, None]).sum(dim=1), dim=1)
    both = torch.cat((scores, scores.permute(1, 0, 2)), dim=1).view(5, -1)
    denominator = torch.log(torch.exp(torch.logsumexp(both, dim=1)) - torch.exp(positives))
    torch.testing.assert_close(torch.stack(mil_nce(x)), denominator - positives)


def main():
    check_against_pytorch_metric_learning()
    check_mil_nce()
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
