#!/usr/bin/env bash
# Measures ieum beside PyTorch, ONNX Runtime, OpenVINO, numpy, torchmetrics, Pillow and PyAV; writes results/bench. The
# others are installed into a throw-away environment, or taken from the Python that BENCH_PYTHON names; IEUM names another
# build of this program. Options: --quick, --only WORD, --list.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${BENCH_PYTHON:-}"
if [ -z "$python" ]; then
  environment="${TMPDIR:-/tmp}/ieum-bench-environment"
  python="$environment/bin/python"
  needed="torch torchvision transformers onnx onnxruntime openvino torchmetrics numpy pillow av"
  if ! "$python" -c 'import torchvision, transformers, onnxruntime, openvino, onnx, torchmetrics, PIL, av' 2>/dev/null; then
    python3 -m venv "$environment"
    # shellcheck disable=SC2086
    "$environment/bin/pip" install -q $needed >&2
  fi
fi
exec "$python" Benchmarks/bench.py "${IEUM:-.build/release/ieum}" "$python" results/bench "$@"
