"""Golden values of the forest index from Annoy itself, built as plain C++ (one thread, no SIMD, no fused operations).

    export ANNOY_COMPILER_ARGS="-O2,-std=c++14,-ffp-contract=off"
    pip install --no-binary :all: --no-cache-dir --target /tmp/annoy-release annoy==1.17.3
    pip install --no-cache-dir --target /tmp/annoy-repository CHECKOUT-OF-github.com/spotify/annoy   # 379f744
    python scripts/golden/forest.py --release /tmp/annoy-release --repository /tmp/annoy-repository

The release differs from the repository in the metric 'dot' only (rule and node layout).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(__file__), "../../Tests/RankingTests/Golden")


def values(count):
    s, out = 1, []
    for _ in range(count):
        s = (s * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append((s >> 8) / 16777216 - 0.5)
    return out


def fnv(path):
    h = 1469598103934665603
    with open(path, "rb") as file:
        for byte in file.read():
            h = ((h ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def rows(kind, count, f):
    flat = values(count * f)
    if kind == "bits":
        return [[1.0 if x > 0 else 0.0 for x in flat[i * f:(i + 1) * f]] for i in range(count)]
    if kind == "duplicates":  # eight different vectors, so that hyperplanes fail and coins are flipped
        return [flat[(i % 8) * f:(i % 8 + 1) * f] for i in range(count)]
    return [flat[i * f:(i + 1) * f] for i in range(count)]


CASES = [
    # name, metric, data, items, f, trees, seed, which annoy
    ("angular", "angular", "plain", 500, 16, 4, None, "release"),
    ("angular-seed-42", "angular", "plain", 500, 16, 4, 42, "release"),
    ("euclidean", "euclidean", "plain", 500, 16, 4, None, "release"),
    ("manhattan", "manhattan", "plain", 500, 16, 4, None, "release"),
    ("dot", "dot", "plain", 500, 16, 4, None, "repository"),
    ("dot-1.17", "dot", "plain", 500, 16, 4, None, "release"),
    ("hamming", "hamming", "bits", 500, 100, 4, None, "release"),
    ("angular-automatic", "angular", "plain", 300, 5, -1, 7, "release"),
    ("euclidean-duplicates", "euclidean", "duplicates", 400, 4, 3, 3, "release"),
    ("angular-tiny", "angular", "plain", 3, 8, 2, None, "release"),
]


def one(case):
    from annoy import AnnoyIndex

    name, metric, kind, count, f, trees, seed, which = case
    data = rows(kind, count, f)
    index = AnnoyIndex(f, metric)
    if seed is not None:
        index.set_seed(seed)
    for i, row in enumerate(data):
        index.add_item(i, row)
    index.build(trees)
    keep = {"angular": "angular.ann", "dot": "dot.ann", "hamming": "hamming.ann"}.get(name)
    path = os.path.join(FOLDER, keep) if keep else tempfile.mktemp()
    index.save(path)
    queries = []
    for item in (0, 1, count // 2, count - 1):
        for n, k in ((8, -1), (10, 100), (20, 1000)):
            ids, distances = index.get_nns_by_item(item, n, k, include_distances=True)
            queries.append({"item": item, "n": n, "search_k": k, "ids": ids, "distances": distances})
    result = {
        "name": name, "metric": metric, "data": kind, "items": count, "f": f, "trees": trees, "seed": seed,
        "annoy": which, "builtTrees": index.get_n_trees(), "bytes": os.path.getsize(path),
        # Uninitialised bytes of split nodes get into files of these two.
        "fnv1a": None if metric in ("hamming",) or name == "dot" else fnv(path), "queries": queries,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--case":
        one(CASES[int(sys.argv[2])])
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", required=True)
    parser.add_argument("--repository", required=True)
    folders = vars(parser.parse_args())
    out = []
    for number, case in enumerate(CASES):
        environment = dict(os.environ, PYTHONPATH=folders[case[-1]])
        run = subprocess.run([sys.executable, __file__, "--case", str(number)], env=environment, check=True,
                             capture_output=True, text=True)
        out.append(json.loads(run.stdout))
    with open(os.path.join(FOLDER, "forest.json"), "w") as file:
        json.dump({"cases": out}, file, indent=None, separators=(",", ":"))
        file.write("\n")
