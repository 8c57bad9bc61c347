// One copy of the passes per instruction set.
#include "kernels.hpp"
#include "../include/ctorch_plan.h"
#include "../simd.hpp"
#include "gates.hpp"

#include <cstddef>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ct {

#if defined(__x86_64__)
// BLOCK: channels per block. TILE: pixels whose sums fit into the registers beside a weight (and, below AVX-512, an input;
// with it, the pieces of the sigmoid). NEIGHBOURS: the same of a depth-wise convolution, a power of two. WIDE: AVX-512.
// PAIRS: it multiplies in bf16.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), \
                             apply_to = function)
namespace avx512bf16 {
#define BLOCK 16
#define TILE 20
#define NEIGHBOURS 8
#define WIDE
#define PAIRS
#include "kernels.inl"
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
namespace avx512 {
#define BLOCK 16
#define TILE 20
#define NEIGHBOURS 8
#define WIDE
#include "kernels.inl"
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace avx2 {
#define BLOCK 8
#define TILE 12
#define NEIGHBOURS 4
#include "kernels.inl"
}
#pragma clang attribute pop
#endif

namespace plain {
#define BLOCK 8
#define TILE 4
#define NEIGHBOURS 4
#include "kernels.inl"
}

const Kernels &kernels(int isa, bool bf16) {
#if defined(__x86_64__)
  if (isa == 3 && bf16) return *avx512bf16::table<avx512bf16::Brain>("AVX-512 bf16");
  if (isa >= 2) return *(bf16 ? avx512::table<avx512::Brain>("AVX-512") : avx512::table<avx512::Single>("AVX-512"));
  if (isa == 1) return *(bf16 ? avx2::table<avx2::Brain>("AVX2") : avx2::table<avx2::Single>("AVX2"));
#endif
  return *(bf16 ? plain::table<plain::Brain>("plain") : plain::table<plain::Single>("plain"));
}

}  // namespace ct
