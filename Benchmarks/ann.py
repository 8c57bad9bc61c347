"""Sets ieum's indexes beside Annoy and faiss on this machine: results/ann.

    ann.py IEUM OUT [--rounds 2] [--scale 1] [--only forest]

Both sides get the same vectors and the same parameters, all cores to build and one thread to search, a query at a time.
Contenders take turns, each in a process of its own; of all rounds the fastest build and the shortest median query time
count. What a peer's call costs before it searches (Annoy reads a query from a Python list) is measured on an index of two
rows and not counted. Recall is counted by ieum's rule for both: a row is a hit when 1 − cos is at most 0.001 above the true
10th neighbour's. Ratios are ieum over peer, above 1 = ieum is faster, and stand only where the two recalls are within 0.02.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

import ann_report
from contender import busy_time, others

K, QUERIES = 10, 1000
# 100,000 rows without structure; and as many rows as the Korean clips have, in 800 clusters, each query near one of them, as
# a text is near its clip.
DATA = {
    "gaussian-100k-40": dict(count=100_000, dimension=40, clusters=0),
    "clips-79204-512": dict(count=79_204, dimension=512, clusters=800),
}
# index -> per data set: build parameters (several values: several builds), search parameters
INDEXES = {
    "forest": {"gaussian-100k-40": ({"n_trees": [10, 80], "seed": [1]}, {"search_k": [1000, 5000, 10000]}),
               "clips-79204-512": ({"n_trees": [10, 50], "seed": [1]}, {"search_k": [1000, 5000]})},
    "hnsw": {"gaussian-100k-40": ({"M": [16], "efConstruction": [40]}, {"efSearch": [16, 64, 256]}),
             "clips-79204-512": ({"M": [16], "efConstruction": [40]}, {"efSearch": [16, 64, 256]})},
    "ivf-pq": {"gaussian-100k-40": ({"nlist": [256], "m": [20], "nbits": [8]}, {"nprobe": [1, 8, 32]}),
               "clips-79204-512": ({"nlist": [256], "m": [64], "nbits": [8]}, {"nprobe": [1, 8]})},
    "pq": {"gaussian-100k-40": ({"m": [20], "nbits": [8]}, {}),
           "clips-79204-512": ({"m": [64], "nbits": [8]}, {})},
}


# ---- data

def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make(spec, path, scale):
    """Writes an embedding file: gallery, queries, and for each query the one row that it is about."""
    random = np.random.default_rng(7)
    count, dimension = int(spec["count"] * scale), spec["dimension"]
    gallery = random.standard_normal((count, dimension), dtype=np.float32)
    if spec["clusters"]:
        centres = random.standard_normal((spec["clusters"], dimension), dtype=np.float32)
        gallery = centres[random.integers(0, spec["clusters"], count)] + 0.7 * gallery
    wanted = random.permutation(count)[:min(QUERIES, count // 2)]
    noise = random.standard_normal((len(wanted), dimension), dtype=np.float32)
    # So much noise that the exact search finds the right row first in about a third of the queries.
    share = 5.5 if spec["clusters"] else 1.1
    queries = gallery[wanted] + share * noise
    with h5py.File(path, "w") as file:
        file["gallery"], file["queries"], file["relevance"] = gallery, queries, wanted.astype(np.int64)


def read(path):
    with h5py.File(path) as file:
        return file["gallery"][:], file["queries"][:]


def truth(gallery, queries):
    """Unit rows of both, and per query the largest 1 − cos that still is a hit."""
    rows, asked = unit(gallery), unit(queries)
    blocks = [asked[start:start + 100] @ rows.T for start in range(0, len(asked), 100)]
    limits = [1 - np.partition(scores, -K)[-K] + 1e-3 for block in blocks for scores in block]
    return rows, asked, limits


def recall(rows, asked, limits, answers):
    hits = sum(int(np.sum(1 - rows[found] @ query <= limit)) for query, limit, found in zip(asked, limits, answers))
    return hits / (len(asked) * K)


# ---- contenders

def grid(values):
    points = [{}]
    for key, tried in values.items():
        points = [{**point, key: value} for point in points for value in tried]
    return points


def named(values):
    return " ".join(f"{key}={value}" for key, value in sorted(values.items()) if key != "seed")


def timed(ask, queries, free=0.0):
    """Answers, and the median time of a query less what the call alone takes."""
    answers, seconds = [], []
    for query in queries:
        start = time.perf_counter()
        answers.append(ask(query))
        seconds.append(time.perf_counter() - start)
    return answers, max(1e-9, float(np.median(seconds)) - free)


def annoy(gallery, queries, build, searches):
    from annoy import AnnoyIndex

    def index_of(rows, trees):
        index = AnnoyIndex(rows.shape[1], "angular")
        index.set_seed(build["seed"])
        for row, vector in enumerate(rows):
            index.add_item(row, vector)
        start = time.perf_counter()
        index.build(trees, n_jobs=-1)
        return index, time.perf_counter() - start

    lists = [query.tolist() for query in queries]
    tiny, _ = index_of(gallery[:2], 1)
    _, free = timed(lambda query: tiny.get_nns_by_vector(query, 1, 1), lists)
    index, seconds = index_of(gallery, build["n_trees"])
    for search in searches:
        answers, median = timed(lambda query: index.get_nns_by_vector(query, K, search["search_k"]), lists, free)
        yield search, answers, median, seconds


def faiss_peer(kind):
    def run(gallery, queries, build, searches):
        import faiss

        rows, dimension = unit(gallery), gallery.shape[1]
        asked = [query[None] for query in unit(queries)]
        if kind == "hnsw":
            index = faiss.IndexHNSWFlat(dimension, build["M"])
            index.hnsw.efConstruction = build["efConstruction"]
        elif kind == "pq":
            index = faiss.IndexPQ(dimension, build["m"], build["nbits"])
        else:
            coarse = faiss.IndexFlatL2(dimension)
            index = faiss.IndexIVFPQ(coarse, dimension, build["nlist"], build["m"], build["nbits"])
        start = time.perf_counter()
        index.train(rows)
        index.add(rows)
        seconds = time.perf_counter() - start
        faiss.omp_set_num_threads(1)
        tiny = faiss.IndexFlatL2(dimension)
        tiny.add(rows[:2])
        _, free = timed(lambda query: tiny.search(query, 1), asked)
        for search in searches:
            if kind == "hnsw":
                index.hnsw.efSearch = search["efSearch"]
            elif kind == "ivf-pq":
                index.nprobe = search["nprobe"]
            answers, median = timed(lambda query: index.search(query, K)[1][0], asked, free)
            yield search, [found[found >= 0] for found in answers], median, seconds

    return run


def peer(path, name, data):
    """The peer's part, in a process of its own."""
    gallery, queries = read(path)
    rows, asked, limits = truth(gallery, queries)
    builds, searches = INDEXES[name][data]
    points = []
    for build in grid(builds):
        contender = annoy if name == "forest" else faiss_peer(name)
        for search, answers, median, seconds in contender(gallery, queries, build, grid(searches)):
            points.append({"index": name, "setting": named({**build, **search}), "qps": 1 / median, "buildSeconds": seconds,
                           "recall": recall(rows, asked, limits, answers)})
    return points


def measured(command):
    """Standard output of a program, its peak memory in bytes, and the share of the machine that others used meanwhile."""
    busy, start = busy_time(), time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{command[0]}: {errors.read().decode().strip()[-500:]}")
    taken = {"processorSeconds": usage.ru_utime + usage.ru_stime, "seconds": time.monotonic() - start}
    return output, usage.ru_maxrss * 1024, others(busy, taken)


def ieum(program, path, name, data):
    builds, searches = INDEXES[name][data]
    parameters = [f"{key}={','.join(map(str, values))}" for key, values in {**builds, **searches}.items()]
    output, memory, foreign = measured(
        [program, "index", "bench", path, "--index", name, "-k", str(K), "--runs", "1", "--json", "--metric", "angular"]
        + (["--param", *parameters] if parameters else []))
    points = []
    for point in json.loads(output)["results"]:
        points.append({"index": name, "setting": named({**point["parameters"], **point["search"]}),
                       "qps": 1000 / point["p50Milliseconds"], "bytes": point["bytes"], "buildSeconds": point["buildSeconds"],
                       "recall": point[f"annRecall@{K}"], "retrieval": point["retrieval"]})
    return points, memory, foreign


def exact(program, path):
    output, _, _ = measured([program, "index", "bench", path, "--index", "exact", "-k", str(K), "--runs", "1", "--json",
                             "--metric", "angular"])
    point = json.loads(output)["results"][0]
    return {"index": "exact", "setting": "", "qps": 1000 / point["p50Milliseconds"], "recall": 1.0, "bytes": point["bytes"],
            "buildSeconds": point["buildSeconds"], "retrieval": point["retrieval"]}


# ---- the run

def fastest(rounds):
    points = {}
    for point in (point for round_points in rounds for point in round_points):
        known = points.setdefault(point["setting"], dict(point))
        known["qps"] = max(known["qps"], point["qps"])
        known["buildSeconds"] = min(known["buildSeconds"], point["buildSeconds"])
    return points


def compare(program, path, name, data, rounds):
    ours, theirs, memory, shares = [], [], {"ieum": 0, "peer": 0}, []
    # The faiss indexes take long to build and share their code with the peer: one round of them says enough.
    for _ in range(rounds if name == "forest" else 1):
        points, most, busy = ieum(program, path, name, data)
        ours.append(points)
        memory["ieum"] = max(memory["ieum"], most)
        output, most, peer_busy = measured([sys.executable, __file__, "--peer", path, name, data])
        theirs.append(json.loads(output))
        memory["peer"] = max(memory["peer"], most)
        shares += [busy, peer_busy]
    ours, theirs = fastest(ours), fastest(theirs)
    rows = []
    for setting, own in ours.items():
        other = theirs[setting]
        close = abs(own["recall"] - other["recall"]) <= 0.02
        rows.append({"index": name, "setting": setting, "ieum": own, "peer": other,
                     "queryRatio": own["qps"] / other["qps"] if close else None,
                     "buildRatio": other["buildSeconds"] / own["buildSeconds"]})
    return rows, {"index": name, **memory, "others": max(shares)}


def run(program, rounds, scale, only):
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for data, spec in DATA.items():
            path = os.path.join(folder, data + ".h5")
            make(spec, path, scale)
            points, memory = [], []
            for name in INDEXES:
                if only and name != only:
                    continue
                print(f"{data}: {name}", file=sys.stderr)
                rows, used = compare(program, path, name, data, rounds)
                points += rows
                memory.append(used)
            report[data] = {"vectors": int(spec["count"] * scale), "dimension": spec["dimension"], "k": K,
                            "exact": exact(program, path), "points": points, "memory": memory}
            os.unlink(path)
    return report


def main():
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(peer(*sys.argv[2:5])))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("ieum")
    parser.add_argument("out")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1, help="share of the vectors, to try things out")
    parser.add_argument("--only", choices=list(INDEXES))
    given = parser.parse_args()
    report = run(given.ieum, given.rounds, given.scale, given.only)
    how = " ".join(__doc__.split("\n\n")[2].split())
    ann_report.write(report, given.out, how, ann_report.provenance(given.ieum, given.rounds, given.scale))


if __name__ == "__main__":
    main()
