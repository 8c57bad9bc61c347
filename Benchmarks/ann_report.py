"""Tables, figures and provenance of Benchmarks/ann.py."""
import csv
import json
import os
import platform
import subprocess
import sys

COLOURS = {"forest": "#332288", "hnsw": "#cc6677", "ivf-pq": "#117733", "pq": "#ddaa33"}
PEERS = {"forest": "Annoy", "hnsw": "faiss", "ivf-pq": "faiss", "pq": "faiss"}


def provenance(program, rounds, scale):
    def first(command):
        try:
            return subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines()[0]
        except (OSError, IndexError):
            return "unknown"

    from importlib.metadata import version
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return {"processor": model, "cores": os.cpu_count(), "commit": first(["git", "describe", "--always", "--dirty"]),
            "annoy": version("annoy"), "faiss (peer)": version("faiss-cpu"),
            "faiss (ieum)": first(["dpkg-query", "-W", "-f", "${Version}", "libfaiss-dev"]),
            "python": sys.version.split()[0], "numpy": version("numpy"), "rounds": rounds, "scale": scale,
            "command": "make bench-ann"}


def ratio(value):
    return "" if value is None else f"{value:.2f}"


def speed(points):
    header = ["index", "setting", "recall@10", "peer's recall", "queries/s", "peer's queries/s", "ratio", "build s",
              "peer's build s", "build ratio", "MB"]
    rows = [[point["index"], point["setting"], f"{point['ieum']['recall']:.3f}", f"{point['peer']['recall']:.3f}",
             f"{point['ieum']['qps']:.0f}", f"{point['peer']['qps']:.0f}", ratio(point["queryRatio"]),
             f"{point['ieum']['buildSeconds']:.2f}", f"{point['peer']['buildSeconds']:.2f}", ratio(point["buildRatio"]),
             f"{point['ieum']['bytes'] / 1e6:.0f}"] for point in points]
    return header, rows


def retrieval(data):
    header = ["index", "setting", "R@1", "R@5", "R@10", "recall@10", "queries/s"]
    points = [data["exact"]] + [point["ieum"] for point in data["points"]]
    rows = [[point["index"], point["setting"]] + [f"{point['retrieval'][f'R@{k}']:.1f}" for k in (1, 5, 10)]
            + [f"{point['recall']:.3f}", f"{point['qps']:.0f}"] for point in points]
    return header, rows


def memory(data):
    raw = data["vectors"] * data["dimension"] * 4
    header = ["index", "ieum, peak MB", "peer's, peak MB", "ieum's peak over the vectors", "used by others"]
    rows = [[used["index"], f"{used['ieum'] / 1e6:.0f}", f"{used['peer'] / 1e6:.0f}", f"{used['ieum'] / raw:.1f} ×",
             f"{100 * used['others']:.0f} %"] for used in data["memory"]]
    return header, rows


def markdown(header, rows):
    marks = [" --- " if column < 2 and header[1] == "setting" or column < 1 else " ---: " for column in range(len(header))]
    return "\n".join("|" + "|".join(line) + "|" for line in
                     [[f" {cell} " for cell in header], marks] + [[f" {cell} " for cell in row] for row in rows])


def save(folder, name, table):
    header, rows = table
    with open(os.path.join(folder, "tables", name + ".csv"), "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header] + rows)
    with open(os.path.join(folder, "tables", name + ".md"), "w") as file:
        file.write(markdown(header, rows) + "\n")


def front(points):
    kept = [p for p in points if not any(o["recall"] >= p["recall"] and o["qps"] > p["qps"] for o in points)]
    return sorted(kept, key=lambda point: point["recall"])


def figure(folder, name, data, title):
    """Recall against queries per second: ieum's fronts as lines with filled marks, the peers' dashed with open ones."""
    blocks, plots = [], []
    for index in COLOURS:
        points = [point for point in data["points"] if point["index"] == index]
        if not points:
            continue
        for side, who, style in [("ieum", "ieum", "dt 1 pt 7"), ("peer", PEERS[index], "dt 2 pt 6")]:
            rows = [f"{point['recall']} {point['qps']}" for point in front([point[side] for point in points])]
            plots.append(f"'{name}.dat' index {len(blocks)} using 1:2 with linespoints lw 2 {style} ps 0.9 "
                         f"lc rgb '{COLOURS[index]}' title '{index}, {who}'")
            blocks.append("\n".join(rows))
    script = f"""# drawn by Benchmarks/ann.py; run: gnuplot {name}.gp
set style line 1 lc rgb '#222222'
set border 3 lc rgb '#222222'; set tics nomirror tc rgb '#222222'
set title '{title}' tc rgb '#222222'
set logscale y; set format y '%.0f'; set grid xtics ytics lc rgb '#dddddd'
set xrange [0:1.02]; set xlabel 'recall\\@{data["k"]}' tc rgb '#222222'; set ylabel 'queries per second, one thread' tc rgb '#222222'
set key outside right top tc rgb '#222222'
"""
    drawn = "plot " + ", \\\n  ".join(plots)
    outputs = [("svg size 760,420 background 'white'", "svg"), ("pngcairo size 1140,630 fontscale 1.4", "png")]
    for terminal, ending in outputs:
        script += f"set terminal {terminal} font 'NanumGothic'\nset output '{name}.{ending}'\n{drawn}\n"
    with open(os.path.join(folder, "figures", name + ".dat"), "w") as file:
        file.write("\n\n\n".join(blocks) + "\n")
    with open(os.path.join(folder, "figures", name + ".gp"), "w") as file:
        file.write(script)
    subprocess.run(["gnuplot", name + ".gp"], cwd=os.path.join(folder, "figures"), check=True)


def goal(points):
    """The forest beside Annoy, in a sentence."""
    own = [point for point in points if point["index"] == "forest"]
    close = [point["queryRatio"] for point in own if point["queryRatio"] is not None]
    if not close:
        return ""
    builds = [point["buildRatio"] for point in own]
    return (f"The forest beside Annoy, at recall within 0.02 ({len(close)} of {len(own)} settings): queries "
            f"{min(close):.2f}–{max(close):.2f} ×, build {min(builds):.2f}–{max(builds):.2f} ×.")


def write(report, folder, how, made):
    for part in ("tables", "figures"):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    text = ["# Indexes beside Annoy and faiss", "", how, "",
            "; ".join(f"{key} {value}" for key, value in made.items()) + "."]
    for name, data in report.items():
        title = f"{data['vectors']:,} × {data['dimension']}, angular"
        save(folder, name, speed(data["points"]))
        save(folder, name + "-retrieval", retrieval(data))
        save(folder, name + "-memory", memory(data))
        figure(folder, name, data, title)
        text += ["", f"## {name}: {title}", "", goal(data["points"]), "", markdown(*speed(data["points"])), "",
                 f"![recall and speed](figures/{name}.png)", "",
                 "What each index costs in the retrieval task (made data: one right row per query):", "",
                 markdown(*retrieval(data)), "",
                 f"Memory of the whole process, build and search; the vectors alone take "
                 f"{data['vectors'] * data['dimension'] * 4 / 1e6:.0f} MB:", "", markdown(*memory(data))]
    with open(os.path.join(folder, "README.md"), "w") as file:
        file.write("\n".join(text) + "\n")
    with open(os.path.join(folder, "ann.json"), "w") as file:
        json.dump({"provenance": made, "data": report}, file, indent=1)
        file.write("\n")
