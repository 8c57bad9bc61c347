#!/usr/bin/env bash
# Measures ieum beside PyTorch, ONNX Runtime, OpenVINO, numpy, torchmetrics, Pillow and PyAV; writes results/bench. The
# others are installed into a throw-away environment, in the versions of Benchmarks/requirements.txt, while ieum is
# built; BENCH_PYTHON names a Python that has them already, IEUM a program that is built already. Options: --quick,
# --only WORD, --minutes N, --list.
set -euo pipefail
start=$(date +%s)
cd "$(dirname "$0")/.."

ieum="${IEUM:-.build/release/ieum}"
# What is wrong with the options is told before anything is built.
cases=$(python3 Benchmarks/bench.py "$ieum" python3 results/bench --list "$@")
case " $* " in
*" --list "* | *" -h "* | *" --help "*)
  echo "$cases"
  exit
  ;;
esac
environment="${TMPDIR:-/tmp}/ieum-bench-environment"
python="${BENCH_PYTHON:-$environment/bin/python}"
needed=Benchmarks/requirements.txt

install() {
  python3 -m venv "$environment"
  # The index of CPU builds: the ordinary one's bring gigabytes of CUDA along, and serve where it cannot be reached.
  local index="${BENCH_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" torch
  mapfile -t torch < <(grep -E '^torch(vision)?==' "$needed")
  "$environment/bin/pip" install -q --retries 1 --timeout 20 --index-url "$index" "${torch[@]}" >&2 ||
    echo "bench: no ${torch[*]} at $index (BENCH_TORCH_INDEX names another); taking the ordinary index's, larger ones" >&2
  "$environment/bin/pip" install -q -r "$needed" >&2 || {
    echo "bench: what $needed lists cannot be installed; name a Python that has it in BENCH_PYTHON" >&2
    return 69
  }
  cp "$needed" "$environment/requirements.txt"
}

if [ -z "${IEUM:-}" ]; then make setup; fi
installing=
if [ -z "${BENCH_PYTHON:-}" ] && ! cmp -s "$needed" "$environment/requirements.txt"; then
  install &
  installing=$!
fi
built=0
if [ -z "${IEUM:-}" ]; then make build weights || built=$?; fi
if [ -n "$installing" ]; then wait "$installing"; fi
if [ "$built" != 0 ]; then exit "$built"; fi
exec "$python" Benchmarks/bench.py "$ieum" "$python" results/bench --since "$start" "$@"
