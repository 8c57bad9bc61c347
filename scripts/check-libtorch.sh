#!/usr/bin/env bash
# Checks that the tensor shim compiles against another libtorch (LIBTORCH=FOLDER, such as site-packages/torch of PyTorch's
# wheel). With `--run` also links it, as the program's build does, into a shared library that has all it needs in that build's
# libraries, and adds two tensors with it.
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

shim=(-ISources/CTorch/include -ISources/CLazyLibrary/include)
flags=(-std="$standard" -DNDEBUG -w -fPIC "${shim[@]}" -Iscripts/onednn -isystem "$torch/include/torch/csrc/api/include" -isystem "$torch/include")
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
done < <(find Sources/CTorchLibrary -name '*.cpp' | sort)

if [ "${1:-}" = --run ]; then
  cat >"$objects/main.c" <<'C'
#include "ctorch.h"
#include <stdio.h>
int main(void) {
  const int64_t shape[] = {2};
  ct_tensor one, two, sum;
  float values[2];
  if (ct_tensor_full(1, CT_FLOAT32, -1, shape, 1, &one) || ct_tensor_full(2, CT_FLOAT32, -1, shape, 1, &two) ||
      ct_binary(CT_ADD, one, two, &sum) || ct_tensor_read(sum, CT_FLOAT32, values, sizeof values)) {
    fprintf(stderr, "check-libtorch: %s\n", ct_last_error());
    return 1;
  }
  printf("libtorch %s, %d GPU(s), %s; 1 + 2 = %g\n", ct_version(), ct_cuda_devices(), ct_plan_engine(), values[1]);
  return values[0] == 3 && values[1] == 3 ? 0 : 1;
}
C
  more=()
  [ -f "$torch/lib/libtorch_cuda.so" ] && more=(-Wl,--no-as-needed -ltorch_cuda)
  # Libraries that the wheel takes from its neighbours (CUDA's own) are found when the library is opened, not here.
  "$compiler" -shared "$objects"/*.o -o "$objects/libieum-torch.so" -L"$torch/lib" -Wl,-rpath,"$torch/lib" -Wl,--no-undefined \
    -Wl,--allow-shlib-undefined "${more[@]}" -ltorch -ltorch_cpu -lc10 -ldnnl -lgomp
  echo "check-libtorch: libieum-torch.so is linked" >&2
  "${compiler/++/}" -pthread "${shim[@]}" "$objects/main.c" Sources/CTorch/calls.S Sources/CLazyLibrary/{lazy_library.c,resolve.S} \
    -o "$objects/check" -ldl -Wl,-rpath,'$ORIGIN'
  "$objects/check"
fi
echo "check-libtorch: $count files fit the libtorch at $torch as $standard"
