// One copy of the passes per instruction set.
#include "kernels.hpp"
#include "../include/ctorch_plan.h"

#include <cstddef>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ct {

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
// BLOCK: channels per block. TILE: pixels whose sums fit into the registers beside a weight (and, below AVX-512, an input).
namespace avx512 {
#define BLOCK 16
#define TILE 28
#define HAS_SCALEF
#include "kernels.inl"
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace avx2 {
#define BLOCK 8
#define TILE 12
#include "kernels.inl"
}
#pragma clang attribute pop
#endif

namespace plain {
#define BLOCK 8
#define TILE 4
#include "kernels.inl"
}

const Kernels &kernels(int isa, bool bf16) {
#if defined(__x86_64__)
  if (isa == 2) return *(bf16 ? avx512::table<avx512::Brain>("AVX-512") : avx512::table<avx512::Single>("AVX-512"));
  if (isa == 1) return *(bf16 ? avx2::table<avx2::Brain>("AVX2") : avx2::table<avx2::Single>("AVX2"));
#endif
  return *(bf16 ? plain::table<plain::Brain>("plain") : plain::table<plain::Single>("plain"));
}

}  // namespace ct
