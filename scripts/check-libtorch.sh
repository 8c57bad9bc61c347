#!/usr/bin/env bash
# Checks that the tensor shim compiles against another libtorch (LIBTORCH=FOLDER, such as site-packages/torch of PyTorch's
# wheel) and that all it needs is found in that build's libraries. With `--run` also links and starts a small program.
# Whole program: LIBTORCH=FOLDER swift build -c release
set -euo pipefail
cd "$(dirname "$0")/.."

torch="${LIBTORCH:?name the folder that holds include/ and lib/}"
header="$torch/include/torch/csrc/api/include/torch/version.h"
[ -f "$header" ] || { echo "check-libtorch: no libtorch at $torch" >&2; exit 65; }
standard=c++20
if grep -q 'TORCH_VERSION_MAJOR 1$' "$header"; then standard=c++17; fi
compiler="${CXX:-clang++}"
command -v "$compiler" >/dev/null || compiler=g++

flags=(-std="$standard" -w -fPIC -ISources/CTorch/include -Iscripts/onednn -isystem "$torch/include/torch/csrc/api/include" -isystem "$torch/include")
objects="$(mktemp -d)"
trap 'rm -rf "$objects"' EXIT
count=0
while IFS= read -r source; do
  echo "check-libtorch: $source" >&2
  if [ "${1:-}" = --run ]; then
    "$compiler" "${flags[@]}" -O1 -c "$source" -o "$objects/$count.o"
  else
    "$compiler" "${flags[@]}" -fsyntax-only "$source"
  fi
  count=$((count + 1))
done < <(find Sources/CTorch -name '*.cpp' | sort)

if [ "${1:-}" = --run ]; then
  cat >"$objects/main.cpp" <<'C'
#include "ctorch.h"
#include <cstdio>
int main() {
  std::printf("libtorch %s, %d GPU(s)\n", ct_version(), ct_cuda_devices());
  return 0;
}
C
  more=()
  [ -f "$torch/lib/libtorch_cuda.so" ] && more=(-Wl,--no-as-needed -ltorch_cuda)
  # Libraries that the wheel takes from its neighbours (CUDA's own) are found when the program starts, not here.
  "$compiler" "${flags[@]}" "$objects/main.cpp" "$objects"/*.o -o "$objects/check" -L"$torch/lib" -Wl,-rpath,"$torch/lib" \
    -Wl,--allow-shlib-undefined "${more[@]}" -ltorch -ltorch_cpu -lc10 -ldnnl -lgomp
  "$objects/check"
fi
echo "check-libtorch: $count files fit the libtorch at $torch as $standard"
