#!/usr/bin/env bash
# Measures ieum beside PyTorch, ONNX Runtime, OpenVINO, numpy and torchmetrics; writes results/bench. The others are
# installed into a throw-away environment, or taken from the Python that BENCH_PYTHON names.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${BENCH_PYTHON:-}"
if [ -z "$python" ]; then
  environment="${TMPDIR:-/tmp}/ieum-bench-environment"
  python="$environment/bin/python"
  if ! "$python" -c 'import torchvision, transformers, onnxruntime, openvino, onnx, torchmetrics' 2>/dev/null; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install -q torch torchvision transformers onnx onnxruntime openvino torchmetrics numpy >&2
  fi
fi
exec "$python" Benchmarks/bench.py .build/release/ieum "$python" results/bench "$@"
