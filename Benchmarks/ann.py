"""Sets ieum's forest beside Annoy, and its faiss indexes beside faiss from PyPI, on this machine; writes OUT/ann.{md,json}.

    pip install annoy==1.17.3 faiss-cpu h5py numpy
    ann.py IEUM OUT [--quick] [--rounds 3] [--only WORD]

Both sides get the same vectors, the same parameters, all cores to build and one thread to search. The queries are rows of
the data, so that Annoy is asked by item and pays nothing for Python's lists. Contenders take turns; of all rounds the fastest
counts for each. Queries per second are 1 / the median time of a query, which other programs disturb least. Recall is counted by ieum's rule for both: a row is a hit when it is no farther than the true 10th neighbour.
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

K, QUERIES = 10, 1000
DATA = {
    # 100,000 x 40 without structure, and as many vectors as the Korean clips have, in 800 clusters
    "gaussian-100k-40": dict(count=100_000, dimension=40, clusters=0, trees=[10, 80], search_k=[1000, 5000, 10000]),
    "clips-79204-512": dict(count=79_204, dimension=512, clusters=800, trees=[10, 50], search_k=[1000, 5000]),
}
FAISS = [("hnsw", {"M": 32, "efConstruction": 40}, "efSearch", [16, 64, 256]),
         ("ivf-pq", {"nlist": 64, "m": 8, "nbits": 8}, "nprobe", [1, 8])]


def vectors(spec):
    random = np.random.default_rng(7)
    if not spec["clusters"]:
        return random.standard_normal((spec["count"], spec["dimension"]), dtype=np.float32)
    centres = random.standard_normal((spec["clusters"], spec["dimension"]), dtype=np.float32)
    rows = centres[random.integers(0, spec["clusters"], spec["count"])]
    return rows + 0.7 * random.standard_normal(rows.shape, dtype=np.float32)


def truth(data, queries):
    unit = data / np.linalg.norm(data, axis=1, keepdims=True)
    found = np.empty((len(queries), K), dtype=np.float32)
    for start in range(0, len(queries), 100):
        scores = unit[queries[start:start + 100]] @ unit.T
        found[start:start + 100] = -np.sort(np.partition(-scores, K, axis=1)[:, :K], axis=1)
    return unit, 1 - found[:, -1] + 1e-3


def recall(unit, queries, limits, answers):
    hits = 0
    for query, limit, rows in zip(queries, limits, answers):
        rows = [row for row in rows if row >= 0]
        hits += int(np.sum(1 - unit[rows] @ unit[query] <= limit))
    return hits / (len(queries) * K)


def timed(ask, queries):
    """The answers, and one over the median time of a query."""
    answers, seconds = [], []
    for query in queries:
        start = time.perf_counter()
        answers.append(ask(query))
        seconds.append(time.perf_counter() - start)
    return answers, 1 / float(np.median(seconds))


def annoy(path, spec, out):
    from annoy import AnnoyIndex

    with h5py.File(path) as file:
        data = file["train"][:]
    queries = query_rows(len(data))
    unit, limits = truth(data, queries)
    for trees in spec["trees"]:
        index = AnnoyIndex(data.shape[1], "angular")
        index.set_seed(1)
        for row, vector in enumerate(data):
            index.add_item(row, vector)
        start = time.perf_counter()
        index.build(trees, n_jobs=-1)
        built = time.perf_counter() - start
        for search_k in spec["search_k"]:
            answers, qps = timed(lambda row: index.get_nns_by_item(int(row), K, search_k), queries)
            out.append({"index": "forest", "setting": f"n_trees={trees} search_k={search_k}", "qps": qps,
                        "buildSeconds": built, "recall": recall(unit, queries, limits, answers)})


def faiss_peer(path, spec, out):
    import faiss

    with h5py.File(path) as file:
        data = file["train"][:]
    queries = query_rows(len(data))
    unit, limits = truth(data, queries)
    unit = np.ascontiguousarray(unit)
    for name, build, breadth, values in FAISS:
        if name == "hnsw":
            index = faiss.IndexHNSWFlat(unit.shape[1], build["M"])
            index.hnsw.efConstruction = build["efConstruction"]
        else:
            coarse = faiss.IndexFlatL2(unit.shape[1])
            index = faiss.IndexIVFPQ(coarse, unit.shape[1], build["nlist"], build["m"], build["nbits"])
        start = time.perf_counter()
        index.train(unit)
        index.add(unit)
        built = time.perf_counter() - start
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        for value in values:
            if name == "hnsw":
                index.hnsw.efSearch = value
            else:
                index.nprobe = value
            asked = [unit[row:row + 1] for row in queries]
            answers, qps = timed(lambda query: index.search(query, K)[1][0], asked)
            out.append({"index": name, "setting": setting({**build, breadth: value}), "qps": qps,
                        "buildSeconds": built, "recall": recall(unit, queries, limits, answers)})
        faiss.omp_set_num_threads(threads)


def setting(values):
    return " ".join(f"{key}={value}" for key, value in sorted(values.items()))


def query_rows(count):
    return np.random.default_rng(3).permutation(count)[:QUERIES]


def ieum(program, path, spec, only):
    out = []
    grids = [("forest", ["n_trees=" + ",".join(map(str, spec["trees"])), "seed=1",
                         "search_k=" + ",".join(map(str, spec["search_k"]))])]
    for name, build, breadth, values in FAISS:
        grids.append((name, [f"{key}={value}" for key, value in build.items()]
                      + [f"{breadth}=" + ",".join(map(str, values))]))
    for name, parameters in grids:
        if (only == "annoy") != (name == "forest") and only:
            continue
        run = subprocess.run([program, "index", "bench", path, "--index", name, "-k", str(K), "--runs", "1", "--json",
                              "--metric", "angular", "--param", *parameters], capture_output=True, text=True, check=True)
        for point in json.loads(run.stdout)["results"]:
            values = {**point["parameters"], **point["search"]}
            if name == "forest":
                values.pop("seed", None)
            out.append({"index": name, "setting": setting(values), "qps": 1000 / point["p50Milliseconds"], "bytes": point["bytes"],
                        "buildSeconds": point["buildSeconds"], "recall": point[f"annRecall@{K}"]})
    return out


def peer(which, path, name):
    """In a process of its own: both libraries bring threads that would stand in each other's way."""
    run = subprocess.run([sys.executable, __file__, "--peer", which, path, name], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{which}: {run.stderr.strip().splitlines()[-1] if run.stderr else 'failed'}")
    return json.loads(run.stdout)


def best(rounds):
    points = {}
    for point in (point for points_of_round in rounds for point in points_of_round):
        known = points.setdefault((point["index"], point["setting"]), dict(point))
        known["qps"] = max(known["qps"], point["qps"])
        known["buildSeconds"] = min(known["buildSeconds"], point["buildSeconds"])
    return points


def main():
    if sys.argv[1:2] == ["--peer"]:
        out = []
        (annoy if sys.argv[2] == "annoy" else faiss_peer)(sys.argv[3], DATA[sys.argv[4]], out)
        print(json.dumps(out))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("ieum")
    parser.add_argument("out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the vectors, one round")
    parser.add_argument("--only", choices=["annoy", "faiss"], help="one peer only")
    given = parser.parse_args()
    report, lines = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, spec in DATA.items():
            data = vectors({**spec, "count": spec["count"] // (10 if given.quick else 1)})
            path = os.path.join(folder, name + ".hdf5")
            with h5py.File(path, "w") as file:
                file["train"] = data
                file["test"] = data[query_rows(len(data))]
                file.attrs["distance"] = "angular"
            peers = [which for which in ("annoy", "faiss") if given.only in (None, which)]
            ours, theirs = [], []
            for _ in range(1 if given.quick else given.rounds):
                ours.append(ieum(given.ieum, path, spec, given.only))
                theirs.append([point for which in peers for point in peer(which, path, name)])
            ours, theirs = best(ours), best(theirs)
            report[name] = [
                {"index": key[0], "setting": key[1], "ieum": ours[key], "peer": theirs[key],
                 "queryRatio": ours[key]["qps"] / theirs[key]["qps"],
                 "buildRatio": theirs[key]["buildSeconds"] / ours[key]["buildSeconds"]}
                for key in ours if key in theirs]
            lines += table(name, data.shape, report[name])
            os.unlink(path)
    os.makedirs(given.out, exist_ok=True)
    with open(os.path.join(given.out, "ann.json"), "w") as file:
        json.dump(report, file, indent=1)
    text = "# Indexes beside Annoy 1.17.3 and faiss (PyPI)\n\n" + __doc__.split("\n\n")[2].replace("\n", " ") + "\n" + "\n".join(lines)
    with open(os.path.join(given.out, "ann.md"), "w") as file:
        file.write(text + "\n")
    print(text)


def table(name, shape, points):
    lines = ["", f"## {name}: {shape[0]:,} × {shape[1]}, angular", "",
             "| index | setting | recall@10 | peer's | queries/s | peer's | ratio | build s | peer's | ratio |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for point in points:
        a, b = point["ieum"], point["peer"]
        lines.append(f"| {point['index']} | {point['setting']} | {a['recall']:.3f} | {b['recall']:.3f} | {a['qps']:.0f} | "
                     f"{b['qps']:.0f} | {point['queryRatio']:.2f} | {a['buildSeconds']:.2f} | {b['buildSeconds']:.2f} | "
                     f"{point['buildRatio']:.2f} |")
    return lines


main()
