"""Sets ieum beside what a user would pick instead, on this machine, and writes OUT/report.md, speeds.csv, bench.json.

    bench.py IEUM PYTHON OUT [--quick] [--only WORD] [--list] [--minutes N]

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
from contender import left_out, measure

LONGEST = 3  # minutes of a case: none is begun later than so long before the end
PEERS = ["torch", "torchvision", "transformers", "onnx", "onnxruntime", "openvino", "numpy", "torchmetrics", "pillow", "av"]
FIELDS = ["case", "program", "variant", "unit", "perSecond", "perProcessorSecond", "seconds", "processorSeconds",
          "extraBytes", "busy", "expected", "others", "samples", "ratio", "share", "note"]


def environment(folder):
    """What all programs are started with: BLAS kernels are theirs to choose, and Python keeps what it has compiled."""
    result = dict(os.environ, BENCH_MODELS=folder)
    for name in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "OMP_NUM_THREADS",
                 "PYTHONDONTWRITEBYTECODE"]:
        result.pop(name, None)
    return result


def output(command, variables):
    return subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout


def better(known, taken):
    """The larger of two measured rates; a limit is what was ever reached."""
    return {key: max(known[key], value) if isinstance(value, float) and key in known else value
            for key, value in taken.items()}


def limits(ieum, variables, known=None):
    taken = json.loads(output([ieum, "bench", "limits", "--seconds", "0.5"], variables))
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
    parser.add_argument("--minutes", type=float, default=30, help="for measuring; what does not fit is left out")
    parser.add_argument("--since", type=float, default=time.time(),
                        help="when building and installing began, in seconds since 1970")
    given = parser.parse_args()
    if not given.minutes > LONGEST:
        parser.error(f"--minutes: {given.minutes:g} leave no time for a case; give more than {LONGEST}")
    known = [case.name for case in chosen(given, given.ieum, "", 1)]
    if not known:
        parser.error(f"no case is called '{given.only}'; see --list")
    if given.list:
        print("\n".join(known))
        return
    # A partial run leaves the report of the whole one alone.
    out = given.out if not (given.quick or given.only) else given.out + "-partial"
    with tempfile.TemporaryDirectory() as folder:
        for run in measured(given, folder, given.since):
            write(run, out)
    print(report.text(run))


def chosen(given, ieum, folder, threads):
    return [case for case in Cases(ieum, given.python, folder, threads, given.quick).all() if given.only in case.name]


def copied(program, folder):
    """The program with all that lies beside it: a build during the benchmark would otherwise pull it from under us."""
    beside = os.path.dirname(os.path.abspath(program))
    for name in os.listdir(beside):
        path = os.path.join(beside, name)
        if name.endswith(".resources"):
            shutil.copytree(path, os.path.join(folder, name))
        elif os.path.isfile(path) and (".so" in name or name.startswith("ieum") and "." not in name and os.access(path, os.X_OK)):
            shutil.copy2(path, folder)
    return os.path.join(folder, os.path.basename(program))


def measured(given, folder, start):
    """The run so far, after each case: what comes to nothing later leaves what was measured before."""
    begun = time.time()
    ieum = copied(given.ieum, folder)
    variables = environment(folder)
    top = limits(ieum, variables)
    cases = chosen(given, ieum, folder, top["threads"])
    output([given.python, f"{HERE}/peers.py", "make-media", folder], variables)
    # Before the first results are written, which change the working tree.
    peers, measured_revision = versions(given.python), revision()
    done, profiles, took = [], {}, {}
    for index, case in enumerate(cases):
        minutes = (time.time() - start) / 60
        print(f"case {index + 1} of {len(cases)}, {case.name}: {minutes:.1f} minutes so far", file=sys.stderr, flush=True)
        late = (time.time() - begun) / 60 > given.minutes - LONGEST
        contenders, why = (left_out(case, f"left out after {minutes:.0f} minutes"), None) if late else measure(
            case, variables, lambda contenders: case.shows or any(
                report.is_close(line) for line in judged(case, list(report.rows(case, contenders)), done, top)))
        took[case.name] = {"seconds": time.time() - start - 60 * minutes, "preparing": {c.name: c.preparing for c in contenders}}
        if why:
            profiles[case.name] = why | {"limit": case.limit}
        done.append((case, list(report.rows(case, contenders)), {c.name: c.samples for c in contenders}))
        if not late and index in (len(cases) // 2, len(cases) - 1):
            top = again(ieum, variables, top)
        goals = [line for case, rows, _ in done for line in judged(case, rows, done, top)]
        provenance = {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "revision": measured_revision,
            "minutes": (time.time() - start) / 60, "peers": peers, "kernel": os.uname().release, "cases": len(cases),
            "arguments": {"quick": given.quick, "only": given.only}}
        yield {"provenance": provenance, "limits": top, "goals": goals,
               "rows": [report.limited(row, case, top) for case, rows, _ in done for row in rows],
               "samples": {case.name: samples for case, _, samples in done}, "profiles": dict(profiles), "took": dict(took),
               "notes": {case.name: case.note for case, _, _ in done}}


def judged(case, rows, done, top):
    return report.judged(case, rows[0], rows, top, {other.name: others[0] for other, others, _ in done})


def again(ieum, variables, top):
    try:
        return limits(ieum, variables, top)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"the limits could not be measured again: {error}", file=sys.stderr)
        return top


def write(run, out):
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/speeds.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(run["rows"])
    with open(f"{out}/bench.json", "w") as file:
        json.dump(run, file, indent=1, ensure_ascii=False)
    with open(f"{out}/report.md", "w") as file:
        file.write(report.text(run))


if __name__ == "__main__":
    main()
