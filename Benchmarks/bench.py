"""Sets ieum beside what a user would pick instead, on this machine, and writes results/bench.

    bench.py IEUM PYTHON OUT [--quick] [--only WORD]

All contenders of a case are warm at the same time and answer in turn, five rounds; the figure is the median. A sample
during which other programs used the machine is taken again, at most twice; what was left of them stands in the table.
"""

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 5
QUIET = 0.05  # share of the machine that others may use during a sample

# encoder, images per call (the best of 8 and 32 for the peers), goal against the best peer per precision
ENCODERS = [
    ("resnet50", 8, {"f32": 1.0, "bf16": 1.0}),
    ("resnet152", 8, {"f32": 1.0, "bf16": 1.0}),
    ("inception-v3", 8, {"f32": 1.0, "bf16": 1.0}),
    ("efficientnet-b0", 8, {"f32": 1.4, "bf16": 1.4}),
    ("efficientnet-b7", 2, {"f32": 1.4, "bf16": 1.4}),
]
# size, goal; sentences of 32 tokens, 32 at a time
TEXTS = [("minilm", 1.05), ("base", 1.05)]
# queries, gallery, dimension, goal against numpy
RANKINGS = [(5000, 25000, 512, 20)]


class Contender:
    """A warm program that answers a line with a sample."""

    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        self.problem = None
        if not line:
            lines = self.process.stderr.read().strip().splitlines()
            self.problem = lines[-1] if lines else f"ended with status {self.process.wait()}"
        self.samples = []

    def sample(self):
        for attempt in range(3):
            busy = busy_time()
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                self.problem = "ended while it was measured"
                return
            taken = json.loads(line)
            cores = os.cpu_count()
            taken["others"] = max(0.0, (busy_time() - busy - taken["processorSeconds"]) / (cores * taken["seconds"]))
            if taken["others"] <= QUIET or attempt == 2:
                self.samples.append(taken)
                return
            time.sleep(1)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def median(self, key):
        return statistics.median(sample[key] for sample in self.samples)


def busy_time():
    """Seconds that all cores together have been busy."""
    with open("/proc/stat") as file:
        fields = [int(x) for x in file.readline().split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def environment(models):
    result = dict(os.environ, BENCH_MODELS=models)
    result.pop("OPENBLAS_CORETYPE", None)
    return result


def measure(case, commands, models, rounds):
    contenders = []
    for name, command in commands:
        print(f"{case}: starting {name}", file=sys.stderr)
        contenders.append(Contender(name, command, environment(models)))
    for _ in range(rounds):
        for contender in contenders:
            if contender.problem is None:
                contender.sample()
    for contender in contenders:
        contender.close()
    return contenders


def encoder_cases(ieum, python, seconds, threads, quick):
    for name, images, goals in ENCODERS[:1] + ENCODERS[3:4] if quick else ENCODERS:
        for precision, goal in goals.items():
            commands = [("ieum", [ieum, "bench", "encoder", "--encoder", name, "--precision", precision, "--images",
                                  str(images), "--seconds", str(seconds), "--answering"])]
            for peer in ["torch", "onnxruntime", "openvino"]:
                if peer == "onnxruntime" and precision == "bf16":
                    continue
                commands.append((peer, [python, f"{HERE}/peers.py", "encoder", peer, name, precision, str(images),
                                        str(seconds), str(threads)]))
            yield f"{name} {precision}", "images/s", goal, commands


def text_cases(ieum, python, seconds, threads, quick):
    for size, goal in TEXTS[:1] if quick else TEXTS:
        for precision in ["f32", "bf16"]:
            commands = [("ieum", [ieum, "bench", "text", "--size", size, "--precision", precision, "--seconds",
                                  str(seconds), "--answering"])]
            for peer in ["torch", "onnxruntime", "openvino"]:
                if peer == "onnxruntime" and precision == "bf16":
                    continue
                commands.append((peer, [python, f"{HERE}/peers.py", "text", peer, size, precision, "32", str(seconds),
                                        str(threads)]))
            yield f"BERT {size} {precision}", "sentences/s", goal, commands


def ranking_cases(ieum, python, seconds, threads, quick):
    for queries, gallery, dimension, goal in RANKINGS:
        if quick:
            queries, gallery = 1000, 5000
        sizes = [str(queries), str(gallery), str(dimension)]
        commands = [("ieum", [ieum, "bench", "rank", "--queries", sizes[0], "--gallery", sizes[1], "--dimension",
                              sizes[2], "--seconds", str(seconds), "--answering"])]
        for peer in ["numpy", "torchmetrics"]:
            commands.append((peer, [python, f"{HERE}/peers.py", "rank", peer] + sizes + [str(seconds), str(threads)]))
        yield f"exact ranks {queries}×{gallery}×{dimension}", "queries/s", goal, commands


def rows(case, unit, goal, contenders):
    measured = [c for c in contenders if c.problem is None and c.samples]
    own = next((c for c in measured if c.name == "ieum"), None)
    peers = [c for c in measured if c.name != "ieum"]
    best = max(peers, key=lambda c: c.median("perSecond"), default=None)
    for c in contenders:
        if c.problem is not None:
            yield {"case": case, "program": c.name, "unit": unit, "note": c.problem}
            continue
        row = {"case": case, "program": c.name, "unit": unit, "rate": c.median("perSecond"),
               "perProcessorSecond": c.median("perProcessorSecond"), "others": max(s["others"] for s in c.samples),
               "samples": len(c.samples)}
        if c is own and best:
            row |= {"goal": goal, "best": best.name, "ratio": own.median("perSecond") / best.median("perSecond")}
        elif own:
            row["ratio"] = own.median("perSecond") / c.median("perSecond")
        yield row


def versions(python):
    code = ("import importlib.metadata as m\n"
            "for n in ['torch','torchvision','transformers','onnxruntime','openvino','numpy','torchmetrics']:\n"
            " try: print(n, m.version(n))\n except Exception: pass")
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.split("\n")


def report(limits, results, python):
    giga = lambda value: "–" if value is None else f"{value / 1e9:.0f}"
    lines = ["# Measured speeds", "",
             f"{limits['cpu']}, {limits['threads']} thread(s), BLAS kernel {limits['blasCore']}, "
             + ", ".join(f"{k} {v}" for k, v in sorted(limits["versions"].items())) + ".",
             "Peers: " + ", ".join(v for v in versions(python) if v) + ".", "",
             "| limit of this machine | |", "| --- | ---: |",
             f"| multiply-adds f32, GFLOP/s (one thread) | {giga(limits['multiplyAddF32'])} ({giga(limits['oneThreadF32'])}) |",
             f"| multiply-adds bf16, GFLOP/s (one thread) | {giga(limits.get('multiplyAddBF16'))} ({giga(limits.get('oneThreadBF16'))}) |",
             f"| matrix product f32, GFLOP/s | {giga(limits['product'])} |",
             f"| reading main memory, GB/s | {giga(limits['memoryRead'])} |", "",
             f"Medians of {ROUNDS} alternating samples. `others` is the largest share of the machine that other programs used "
             "during a sample; where it is not small, the rates per processor second are the ones to compare.", "",
             "| case | program | rate | per processor second | others | ieum is | goal |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for row in results:
        if "rate" not in row:
            lines.append(f"| {row['case']} | {row['program']} | {row['note']} | | | | |")
            continue
        ratio = f"{row['ratio']:.2f}×" if "ratio" in row else ""
        goal = f"{row['goal']}× {row['best']}" if "goal" in row else ""
        lines.append(f"| {row['case']} | {row['program']} | {row['rate']:.4g} {row['unit']} | "
                     f"{row['perProcessorSecond']:.4g} | {100 * row['others']:.0f} % | {ratio} | {goal} |")
    return "\n".join(lines) + "\n"


def main(arguments):
    options = [a for a in arguments if a.startswith("--")]
    only = arguments[arguments.index("--only") + 1] if "--only" in options else ""
    ieum, python, out = arguments[:3]
    quick = "--quick" in options
    rounds, seconds = (3, 0.5) if quick else (ROUNDS, 1.0)
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory() as models:
        limits = json.loads(subprocess.run([ieum, "bench", "limits", "--seconds", str(seconds)], capture_output=True,
                                           text=True, check=True, env=environment(models)).stdout)
        results = []
        cases = [*encoder_cases(ieum, python, seconds, limits["threads"], quick),
                 *text_cases(ieum, python, seconds, limits["threads"], quick),
                 *ranking_cases(ieum, python, seconds, limits["threads"], quick)]
        for case, unit, goal, commands in cases:
            if only in case:
                results += rows(case, unit, goal, measure(case, commands, models, rounds))
    with open(f"{out}/speeds.csv", "w", newline="") as file:
        fields = ["case", "program", "unit", "rate", "perProcessorSecond", "others", "samples", "ratio", "best", "goal", "note"]
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(results)
    with open(f"{out}/limits.json", "w") as file:
        json.dump(limits, file, indent=2, sort_keys=True)
    text = report(limits, results, python)
    with open(f"{out}/report.md", "w") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
