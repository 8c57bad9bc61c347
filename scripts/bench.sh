#!/usr/bin/env bash
# Measures ieum beside PyTorch, ONNX Runtime, OpenVINO, numpy, torchmetrics, Pillow and PyAV; writes results/bench. While
# ieum is built, its weights are fetched and the others installed into a throw-away environment, in the versions of
# Benchmarks/requirements.txt; BENCH_PYTHON names a Python that has them already, IEUM a program that is built already.
# Options: --quick, --only WORD, --minutes N, --list.
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

# Modules are compiled when they are first imported: most of what comes along never is.
pip_install() { "$environment/bin/pip" install -q --no-compile "$@" >&2; }

install() {
  python3 -m venv "$environment"
  # The index of CPU builds: the ordinary one's bring gigabytes of CUDA along, and serve where it cannot be reached.
  local index="${BENCH_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" torch
  mapfile -t torch < <(grep -E '^torch(vision)?==' "$needed")
  pip_install --retries 1 --timeout 20 --index-url "$index" "${torch[@]}" ||
    echo "bench: no ${torch[*]} at $index (BENCH_TORCH_INDEX names another); taking the ordinary index's, larger ones" >&2
  pip_install -r "$needed" || {
    echo "bench: what $needed lists cannot be installed; name a Python that has it in BENCH_PYTHON" >&2
    return 69
  }
  cp "$needed" "$environment/requirements.txt"
}

# The build goes first, and leaves processors idle towards its end.
fetch() {
  renice -n 19 "$BASHPID" >/dev/null
  if [ -z "${IEUM:-}" ]; then make weights; fi
  if [ -z "${BENCH_PYTHON:-}" ] && ! cmp -s "$needed" "$environment/requirements.txt"; then install; fi
}

if [ -z "${IEUM:-}" ]; then make setup; fi
fetch &
fetching=$!
built=0
if [ -z "${IEUM:-}" ]; then make build || built=$?; fi
wait "$fetching"
if [ "$built" != 0 ]; then exit "$built"; fi
exec "$python" Benchmarks/bench.py "$ieum" "$python" results/bench --since "$start" "$@"
