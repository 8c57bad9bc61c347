#!/usr/bin/env bash
# Measures ieum beside PyTorch, ONNX Runtime, OpenVINO, numpy, torchmetrics, Pillow and PyAV; writes results/bench. The
# others are installed into a throw-away environment, in the versions of Benchmarks/requirements.txt, or taken from the
# Python that BENCH_PYTHON names; IEUM names another build of this program. Options: --quick, --only WORD, --list.
set -euo pipefail
start=$(date +%s)
cd "$(dirname "$0")/.."

ieum="${IEUM:-.build/release/ieum}"
case " $* " in
*" --list "*) exec python3 Benchmarks/bench.py "$ieum" python3 results/bench "$@" ;;
esac
python="${BENCH_PYTHON:-}"
if [ -z "$python" ]; then
  environment="${TMPDIR:-/tmp}/ieum-bench-environment"
  python="$environment/bin/python"
  needed=Benchmarks/requirements.txt
  if ! cmp -s "$needed" "$environment/requirements.txt"; then
    python3 -m venv "$environment"
    # The index of CPU builds: the ordinary one's bring gigabytes of CUDA along, and serve where it cannot be reached.
    index="${BENCH_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}"
    mapfile -t torch < <(grep -E '^torch(vision)?==' "$needed")
    "$environment/bin/pip" install -q --retries 1 --timeout 20 --index-url "$index" "${torch[@]}" >&2 ||
      echo "bench: no ${torch[*]} at $index (BENCH_TORCH_INDEX names another); taking the ordinary index's, which are larger" >&2
    "$environment/bin/pip" install -q -r "$needed" >&2 || {
      echo "bench: what $needed lists cannot be installed; name a Python that has it in BENCH_PYTHON" >&2
      exit 69
    }
    cp "$needed" "$environment/requirements.txt"
  fi
fi
exec "$python" Benchmarks/bench.py "$ieum" "$python" results/bench --since "$start" "$@"
