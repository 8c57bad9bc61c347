#!/usr/bin/env bash
# Runs every fuzz target for SECONDS each (default 60), or only those named: scripts/fuzz.sh SECONDS [TARGET]...
# FUZZ_JOBS of them at once (default 1).
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
for product in ieum-torch ieum-media fuzz; do
  swift build -c "$configuration" --scratch-path .build-fuzz --product "$product" -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
done
program=.build-fuzz/$configuration/fuzz
mkdir -p Fuzz/findings

fuzz_one() {
  local target=$1 grown=.build-fuzz/corpus/$1 log=.build-fuzz/$1.log
  mkdir -p "$grown"
  if IEUM_FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -timeout="${FUZZ_TIMEOUT:-1}" -max_len=65536 \
    -rss_limit_mb=4096 -artifact_prefix="Fuzz/findings/$target-" "$grown" "Fuzz/corpus/$target" >"$log" 2>&1; then
    echo "fuzz: $target, nothing found; $(grep -E '^Done' "$log" | tail -1)" >&2
  else
    { grep -E 'Fatal error|==FUZZ==|SUMMARY|Test unit written' "$log" || tail -5 "$log"; } | sed "s/^/fuzz: $target: /" >&2
    return 1
  fi
}
export -f fuzz_one
export seconds program

if ! printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-1}" -I{} bash -c 'fuzz_one {}'; then
  echo "fuzz: findings; see Fuzz/findings and .build-fuzz/*.log" >&2
  exit 1
fi
echo "fuzz: nothing found in ${#targets[@]} target(s)" >&2
