#!/usr/bin/env bash
# Runs the tests of every fast path as on a CPU without AVX-512, then as on one without AVX2. The tests must be built;
# arguments go to `swift test` (such as `-c release`).
set -euo pipefail
cd "$(dirname "$0")/.."

tests='EncodersCompiledTests|EncodersTextTests|Convolution1dTests|RankTests|IndexExactTests'
levels=("AVX2 avx2 Haswell" "SSE41 default Nehalem")
for level in "${levels[@]}"; do
  read -r onednn aten blas <<<"$level"
  echo "test-cpus: as with $onednn at most" >&2
  ONEDNN_MAX_CPU_ISA=$onednn ATEN_CPU_CAPABILITY=$aten OPENBLAS_CORETYPE=$blas \
    swift test --skip-build "$@" --filter "$tests"
done
