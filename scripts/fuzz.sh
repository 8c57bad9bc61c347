#!/usr/bin/env bash
# Runs every fuzz target for SECONDS each (default 60), or only those named: scripts/fuzz.sh SECONDS [TARGET]...
# What is found is left in Fuzz/findings; new inputs that reach new code in .build-fuzz/corpus. Exit status 1 on a finding.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift || true
targets=("$@")
if ((${#targets[@]} == 0)); then
  for folder in Fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi

export IEUM_FUZZ=1
configuration=${FUZZ_CONFIGURATION:-release}
swift build -c "$configuration" --scratch-path .build-fuzz --product fuzz -Xswiftc -sanitize=fuzzer
program=.build-fuzz/$configuration/fuzz
mkdir -p Fuzz/findings

failed=()
for target in "${targets[@]}"; do
  grown=.build-fuzz/corpus/$target
  mkdir -p "$grown"
  echo "fuzz: $target, $seconds s" >&2
  log=.build-fuzz/$target.log
  if IEUM_FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -timeout="${FUZZ_TIMEOUT:-1}" -max_len=65536 \
    -rss_limit_mb=4096 -artifact_prefix="Fuzz/findings/$target-" "$grown" "Fuzz/corpus/$target" >"$log" 2>&1; then
    grep -E 'DONE|stat::number_of_executed_units' "$log" | tail -1 >&2 || true
  else
    failed+=("$target")
    grep -E 'Fatal error|==FUZZ==|SUMMARY|Test unit written' "$log" >&2 || tail -5 "$log" >&2
  fi
done
if ((${#failed[@]})); then
  echo "fuzz: findings in ${failed[*]}; see Fuzz/findings and .build-fuzz/*.log" >&2
  exit 1
fi
echo "fuzz: nothing found in ${#targets[@]} target(s)" >&2
