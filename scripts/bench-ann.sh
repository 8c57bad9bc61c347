#!/usr/bin/env bash
# Measures ieum's indexes beside Annoy and faiss; writes results/ann. Both are installed into a throw-away environment, or
# taken from the Python that BENCH_PYTHON names.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${BENCH_PYTHON:-}"
if [ -z "$python" ]; then
  environment="${TMPDIR:-/tmp}/ieum-bench-ann-environment"
  python="$environment/bin/python"
  if ! "$python" -c 'import annoy, faiss, h5py' 2>/dev/null; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install -q annoy==1.17.3 faiss-cpu h5py numpy >&2
  fi
fi
exec "$python" Benchmarks/ann.py "${IEUM:-.build/release/ieum}" results/ann "$@"
