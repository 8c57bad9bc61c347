#!/usr/bin/env bash
# Runs the tests of every fast path as on a CPU without products in bf16, as on one without AVX-512, then as on one
# without AVX2; `avx512`, `avx2` or `sse41` as the first argument names one of the three. The tests must be built; further
# arguments go to `swift test` (such as `-c release`).
set -euo pipefail
cd "$(dirname "$0")/.."

# Not EncodersLayersTests and TransformerStackTests: oneDNN 2.6 multiplies matrices fast with AVX-512 alone, and in bf16
# where the CPU does (docs/performance.md).
tests='EncodersCompiledTests|InferenceFusionTests|InferenceExcitationTests|InferenceStreamTests'
tests+='|EncodersTextTests|EncodersClipTests|OptimizerTests|LayerTests|RecurrentTests|ProductTests|BatchNormTests'
tests+='|Convolution2dTests|Convolution1dTests|MediaResampleTests|MediaPlanesTests|RankTests|MetricTests|GroupTests'
tests+='|RescoringTests|FoldTests|IndexExactTests'
case "${1:-}" in
avx512 | avx2 | sse41) wanted="$1"; shift ;;
*) wanted='avx512 avx2 sse41' ;;
esac
for level in $wanted; do
  case "$level" in
  avx512) settings=(ONEDNN_MAX_CPU_ISA=AVX512_CORE) ;;
  avx2) settings=(ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 OPENBLAS_CORETYPE=Haswell) ;;
  sse41) settings=(ONEDNN_MAX_CPU_ISA=SSE41 ATEN_CPU_CAPABILITY=default OPENBLAS_CORETYPE=Nehalem) ;;
  esac
  echo "test-cpus: as with ${level^^} at most" >&2
  env "${settings[@]}" swift test --skip-build "$@" --filter "$tests"
done
