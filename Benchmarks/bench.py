"""Sets ieum beside what a user would pick instead, on this machine, and writes OUT/report.md, speeds.csv, bench.json.

    bench.py IEUM PYTHON OUT [--quick] [--only WORD] [--list]

A sample during which other programs used the machine is taken again, at most twice; what was left of them stands in the
table. The machine's own limits are measured before, amid and after the cases.
"""

import argparse
import csv
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import report
from cases import HERE, Cases
from contender import measure

PEERS = ["torch", "torchvision", "transformers", "onnx", "onnxruntime", "openvino", "numpy", "torchmetrics", "pillow", "av"]
FIELDS = ["case", "program", "variant", "unit", "perSecond", "perProcessorSecond", "seconds", "processorSeconds",
          "extraBytes", "busy", "others", "samples", "ratio", "note"]


def environment(folder):
    """What all programs are started with: BLAS kernels are theirs to choose."""
    result = dict(os.environ, BENCH_MODELS=folder)
    for name in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "OMP_NUM_THREADS"]:
        result.pop(name, None)
    return result


def output(command, variables):
    return subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout


def better(known, taken):
    """The larger of two measured rates; a limit is what was ever reached."""
    return {key: max(known[key], value) if isinstance(value, float) and key in known else value
            for key, value in taken.items()}


def limits(ieum, variables, known=None):
    taken = json.loads(output([ieum, "bench", "limits", "--seconds", "1"], variables))
    return better(known, taken) if known else taken


def versions(python):
    code = ("import importlib.metadata as m, json, sys\nfound = {'python': sys.version.split()[0]}\n"
            f"for n in {PEERS}:\n try: found[n] = m.version(n)\n except Exception: pass\nprint(json.dumps(found))")
    return json.loads(output([python, "-c", code], os.environ))


def revision():
    run = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser()
    for name in ["ieum", "python", "out"]:
        parser.add_argument(name)
    parser.add_argument("--quick", action="store_true", help="a small selection, three short samples each")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    given = parser.parse_args()
    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        run = measured(given, folder, start)
        if run is None:
            return
    # A partial run leaves the report of the whole one alone.
    out = given.out if not (given.quick or given.only) else given.out + "-partial"
    write(run, out)
    print(report.text(run))


def measured(given, folder, start):
    # A copy: a build beside the benchmark would otherwise pull the program from under it.
    ieum = os.path.join(folder, "ieum")
    shutil.copy2(given.ieum, ieum)
    for name in os.listdir(os.path.dirname(os.path.abspath(given.ieum))):
        if name.endswith(".resources"):
            shutil.copytree(os.path.join(os.path.dirname(given.ieum), name), os.path.join(folder, name))
    variables = environment(folder)
    top = limits(ieum, variables)
    cases = [case for case in Cases(ieum, given.python, folder, top["threads"], given.quick).all() if given.only in case.name]
    if given.list:
        print("\n".join(case.name for case in cases))
        return None
    output([given.python, f"{HERE}/peers.py", "make-media", folder], variables)
    done = []
    for index, case in enumerate(cases):
        contenders = measure(case, variables)
        done.append((case, list(report.rows(case, contenders)), {c.name: c.samples for c in contenders}))
        print(f"{case.name}: {(time.time() - start) / 60:.1f} minutes so far", file=sys.stderr, flush=True)
        if index in (len(cases) // 2, len(cases) - 1):
            top = limits(ieum, variables, top)
    goals, profiles = [], {}
    for case, rows, _ in done:
        lines = list(report.judged(case, rows[0], rows, top))
        goals += lines
        if case.profile and any(line["met"] is False for line in lines):
            profiles[case.name] = output(case.profile, variables)
    provenance = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "revision": revision(),
        "minutes": (time.time() - start) / 60, "peers": versions(given.python), "kernel": os.uname().release,
        "arguments": {"quick": given.quick, "only": given.only}}
    return {"provenance": provenance, "limits": top, "goals": goals, "rows": [row for _, rows, _ in done for row in rows],
            "samples": {case.name: samples for case, _, samples in done}, "profiles": profiles,
            "notes": {case.name: case.note for case, _, _ in done}}


def write(run, out):
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/speeds.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(run["rows"])
    with open(f"{out}/bench.json", "w") as file:
        json.dump(run, file, indent=1, sort_keys=True, ensure_ascii=False)
    with open(f"{out}/report.md", "w") as file:
        file.write(report.text(run))


if __name__ == "__main__":
    main()
