// Our own passes over blocked activations, for each instruction set, chosen at run time.
#pragma once
#include <cstdint>

namespace ct {

// A block is `places` x `width` values, pixel by pixel; `width` (8 or 16) channels of one image.
struct Kernels {
  const char *name;
  // x <- x * sigmoid(x); where `mean` is not null it receives each channel's mean over the places.
  void (*silu)(void *block, int64_t places, int64_t width, float *mean);
  // Each channel's mean.
  void (*mean)(const void *block, int64_t places, int64_t width, float *mean);
  // Each channel times its gate.
  void (*scale)(void *block, int64_t places, int64_t width, const float *gate);
  // sum <- activation(sum + x) over `count` values.
  void (*add)(void *sum, const void *x, int64_t count, int activation);
  // Single floats to the plan's type.
  void (*narrow)(const float *from, void *to, int64_t count);
  // gate <- sigmoid(W2 silu(W1 mean + b1) + b2); `width` a multiple of 16; W1 [hidden, width], W2 [hidden, width].
  void (*excite)(const float *mean, int64_t width, int64_t hidden, const float *w1, const float *b1, const float *w2,
                 const float *b2, float *gate);
};

// `isa`: 2 = AVX-512 with its byte/word and bf16-friendly parts, 1 = AVX2 with FMA, 0 = anything.
const Kernels &kernels(int isa, bool bf16);

}  // namespace ct
