"""Reference values of `ieum compare`: ranks, metrics, paired tests and Holm's correction, written anew with NumPy and SciPy.

    /opt/golden/bin/python scripts/golden/compare.py     # writes Tests/RankingTests/Golden/compare.json

Where a test draws at random, the file holds the bounds between which a correct one stays (five standard errors of
its draws around a value from many more draws); exact tests have one value.
"""
import json
import pathlib

import numpy as np
from scipy import stats

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/RankingTests/Golden/compare.json"
DRAWS = 10_000  # what ieum draws
REFERENCE = 100_000
rng = np.random.default_rng(2022)


def rounded(array):
    return [round(float(x), 3) for x in np.asarray(array).ravel()]


def ranking(queries, gallery, relevant, exclude):
    """Per query: sorted (score, is relevant) of the dot products, best first."""
    rows = []
    scores = np.asarray(queries, dtype=np.float64) @ np.asarray(gallery, dtype=np.float64).T
    for q, wanted in enumerate(relevant):
        pairs = [(s, g in wanted) for g, s in enumerate(scores[q]) if not (exclude and g == q)]
        pairs.sort(key=lambda p: -p[0])
        if len({p[0] for p in pairs}) == len(pairs):
            gaps = np.diff([-p[0] for p in pairs])
            assert gaps.min() > 1e-7, "scores too close for float32"
        rows.append(pairs)
    return rows


def per_query(metric, pairs):
    best = max(s for s, r in pairs if r)
    above = sum(1 for s, r in pairs if s > best)
    tied = sum(1 for s, r in pairs if s == best and not r)
    at = sum(1 for s, r in pairs if s == best and r)
    relevant = sum(r for _, r in pairs)
    if metric in ("MnR", "MedR"):
        return above + tied / (at + 1) + 1
    if metric == "MRR":
        assert tied == 0
        return 1 / (above + 1)
    if metric.startswith("R@"):
        k = int(metric[2:])
        m = min(max(k - above, 0), tied + at)
        assert at == 1 or tied == 0
        return 100.0 * (m / (tied + 1) if at == 1 else float(m > 0))
    if metric.startswith("cappedR@"):
        k = int(metric[8:])
        assert tied == 0
        return 100.0 * sum(r for _, r in pairs[:k]) / min(k, relevant)
    if metric == "mAP":
        hits = np.flatnonzero([r for _, r in pairs]) + 1
        return 100.0 * float(np.mean(np.arange(1, len(hits) + 1) / hits))
    raise ValueError(metric)


def centre(metric):
    return np.median if metric == "MedR" else np.mean


def bounds(p, low=False):
    error = 5 * np.sqrt(p * (1 - p) / DRAWS) + 2 / DRAWS
    return [max(0.0, p - error), min(1.0, p + error)]


def randomisation(metric, a, b, blocks):
    """a, b: [seeds, queries]. Two-sided; swaps whole blocks."""
    labels, unit = np.unique(blocks, return_inverse=True)
    middle = centre(metric)
    observed = abs(np.mean([middle(x) - middle(y) for x, y in zip(a, b)]))
    if len(labels) <= 12:
        swaps = ((np.arange(2 ** len(labels))[:, None] >> np.arange(len(labels))) & 1).astype(bool)
    else:
        swaps = rng.random((REFERENCE // (10 if metric == "MedR" else 1), len(labels))) < 0.5
    extreme = 0
    for part in np.array_split(swaps, max(1, len(swaps) // 2000)):
        flip = part[:, unit]
        total = np.zeros(len(part))
        for x, y in zip(a, b):
            total += middle(np.where(flip, y, x), axis=1) - middle(np.where(flip, x, y), axis=1)
        extreme += np.sum(np.abs(total / len(a)) >= observed * (1 - 1e-9) - 1e-12)
    p = extreme / len(swaps)
    if len(labels) <= 12 and len(labels) == a.shape[1] and len(a) == 1:
        known = stats.permutation_test(
            (a[0], b[0]), lambda x, y: middle(x) - middle(y), permutation_type="samples", n_resamples=np.inf
        ).pvalue
        assert abs(known - p) < 1e-12, (known, p)
    return [p, p] if len(labels) <= 12 else bounds(p)


def bootstrap(metric, a, b, blocks):
    labels, unit = np.unique(blocks, return_inverse=True)
    middle = centre(metric)
    members = [np.flatnonzero(unit == u) for u in range(len(labels))]
    values = []
    for _ in range(REFERENCE // (5 if metric == "MedR" else 1) if len(labels) == a.shape[1] else 20_000):
        rows = np.concatenate([members[u] for u in rng.integers(len(labels), size=len(labels))])
        values.append(np.mean(middle(a[:, rows], axis=1) - middle(b[:, rows], axis=1)))
    values = np.sort(values)
    spread = 5 * np.sqrt(0.025 * 0.975 / DRAWS) + 5 * np.sqrt(0.025 * 0.975 / len(values))
    low = [float(np.quantile(values, 0.025 + s)) for s in (-spread, spread)]
    high = [float(np.quantile(values, 0.975 + s)) for s in (-spread, spread)]
    share = min(np.mean(values <= 0), np.mean(values >= 0))
    error = 5 * np.sqrt(share * (1 - share) / DRAWS) + 5 * np.sqrt(share * (1 - share) / len(values)) + 2 / DRAWS
    return low, high, [max(0.0, 2 * (share - error)), min(1.0, 2 * (share + error))]


def holm(ps):
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    out = [0.0] * len(ps)
    for place, i in enumerate(order):
        out[i] = max(min(1.0, (len(ps) - j) * ps[order[j]]) for j in range(place + 1))
    return out


def case(name, metrics, a, b, relevant, exclude=False, blocks=None):
    """a, b: lists (seeds) of (queries, gallery)."""
    count = len(relevant)
    blocks = list(range(count)) if blocks is None else blocks
    sides = [[ranking(q, g, relevant, exclude) for q, g in side] for side in (a, b)]
    expected = {}
    for metric in metrics:
        x, y = [np.array([[per_query(metric, p) for p in run] for run in side]) for side in sides]
        middle = centre(metric)
        means = [float(np.mean(middle(s, axis=1))) for s in (x, y)]
        d = x.mean(axis=0) - y.mean(axis=0)
        sign = -1 if metric in ("MnR", "MedR") else 1
        low, high, bootstrap_p = bootstrap(metric, x, y, blocks)
        expected[metric] = {
            "a": means[0], "b": means[1], "effectSize": float(d.mean() / d.std(ddof=1)),
            "better": int(np.sum(sign * d > 1e-9)), "worse": int(np.sum(sign * d < -1e-9)),
            "low": low, "high": high, "bootstrapP": bootstrap_p, "randomisationP": randomisation(metric, x, y, blocks),
        }
    pack = lambda side: [{"queries": rounded(q), "gallery": rounded(g)} for q, g in side]
    return {
        "name": name, "dimension": int(np.asarray(a[0][0]).shape[1]), "a": pack(a), "b": pack(b),
        "relevant": [sorted(int(x) for x in w) for w in relevant], "excludeSelf": exclude, "expected": expected,
    }


def noisy(targets, noise):
    return np.round(targets + noise * rng.normal(size=targets.shape), 3)


def cases():
    # Few queries over small whole numbers: ties, and an exact test.
    whole = lambda n: rng.integers(-2, 3, size=(n, 3)).astype(float)
    gallery = whole(15)
    # Each relevant item is wanted by one query only, so that no two queries share a block.
    order = rng.permutation(15)[:12]
    relevant = [{int(x)} for x in order]
    near = gallery[order]
    yield case("few", ["R@1", "R@5", "MnR", "MedR"], [(near, gallery)], [(whole(12), gallery)], relevant)

    # Item to item, three seeds each, several relevant items: labels.
    labels = rng.integers(8, size=90)
    centres = rng.normal(size=(8, 6))
    def items(noise):
        return [(v, v) for v in (noisy(centres[labels], noise) for _ in range(3))]
    relevant = [{int(j) for j in np.flatnonzero(labels == labels[i]) if j != i} for i in range(90)]
    yield case("seeds", ["cappedR@10", "mAP", "MRR", "MedR"], items(0.9), items(1.1), relevant, exclude=True)

    # Four captions of each video: blocks.
    videos = np.round(rng.normal(size=(45, 5)), 3)
    relevant = [{q // 4} for q in range(180)]
    def captions(noise):
        shared = np.repeat(rng.normal(size=(45, 5)), 4, axis=0)
        return noisy(np.repeat(videos, 4, axis=0) + 0.7 * shared, noise)
    yield case(
        "blocks", ["R@1", "R@5", "MnR", "MedR"], [(captions(0.7), videos)], [(captions(1.1), videos)], relevant,
        blocks=[q // 4 for q in range(180)])


if __name__ == "__main__":
    made = list(cases())
    ps = rounded(rng.random(9) ** 3)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"cases": made, "holm": {"p": ps, "adjusted": holm(ps)}}) + "\n")
    print(OUT, OUT.stat().st_size, "bytes")
    for c in made:
        for metric, e in c["expected"].items():
            print(c["name"], metric, {k: e[k] for k in ("a", "b", "effectSize", "randomisationP", "bootstrapP")})
