// Our own passes over blocked activations, for each instruction set, chosen at run time.
#pragma once
#include "gates.hpp"

#include <cstdint>

namespace ct {

// One depth-wise convolution over a block, with what stands before and after it.
struct Depthwise {
  int64_t height = 0, width = 0, out_height = 0, out_width = 0;
  int64_t kernel = 0, stride = 0, top = 0, left = 0;
  // Activations of the input, as it is read, and of the result.
  int before = 0, after = 0;

  // Values per channel of a row that holds the input with its margins.
  int64_t row() const { return (out_width - 1) * stride + kernel; }
  // Columns of the input that the window reaches: those beyond have no place in such a row.
  int64_t kept() const { return width < row() - left ? width : row() > left ? row() - left : 0; }
  // Values per channel of working memory: sums, a ring of rows, a row of zeros.
  int64_t scratch() const { return 2 + (kernel + 1) * row(); }
  static bool covers(int64_t kernel, int64_t stride) { return (kernel == 3 || kernel == 5) && (stride == 1 || stride == 2); }
};

// The 1x1 convolution that makes one block of a depth-wise convolution's input from an image's `channels`.
struct Expansion {
  const void *from = nullptr;
  // Values from one block of the source to the next.
  int64_t channels = 0, plane = 0;
  // [channels, block], or [channels / 2, block, 2] in bf16 where two channels are taken together; [block].
  const void *weights = nullptr;
  const float *bias = nullptr;
};

// One head over one sentence: rows of queries, keys and values lie `stride` values apart, results `result_stride`.
struct Attention {
  int64_t time = 0, size = 0, stride = 0, result_stride = 0;
  float scale = 1;
  bool causal = false;

  // Floats of working memory: queries and scores of 16, values.
  int64_t scratch() const {
    const int64_t padded = (time + 15) / 16 * 16, width = (size + 15) / 16 * 16;
    return 16 * width + 16 * padded + padded * width;
  }
};

// A block is `places` x `width` values, pixel by pixel; `width` (8 or 16) channels of one image.
struct Kernels {
  const char *name;
  // How many channels an expansion takes together.
  int64_t together;
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
  // Squeeze-and-excitation, sigmoid(W2 silu(W1 mean + b1) + b2), in two parts for all images at once, so that weights
  // are read once. One hidden unit: `means` [images, width], `weights` [width]; to[n * stride] is written.
  void (*squeeze)(const float *means, int64_t images, int64_t width, const float *weights, float shift, float *to,
                  int64_t stride);
  // The gates of one block: `units` [images, hidden], `weights` [hidden, block]; gates[n * stride...] are written.
  void (*excite)(const float *units, int64_t images, int64_t hidden, const float *weights, const float *shift,
                 float *gates, int64_t stride);
  // A 1x1 convolution's packed weights, each times the gate of its input channel: [outputs, channels, block] in single
  // floats, [outputs, channels / 2, block, 2] in bf16; `outputs` counts blocks, `channels` fill whole ones.
  void (*gate)(const void *from, void *to, int64_t outputs, int64_t channels, const float *gates);
  // `weights` [kernel * kernel, block], `bias` [block]; `mean` as in silu; `scratch` has room for
  // shape.scratch() * block floats. The block is 16 channels wide with AVX-512, else 8.
  void (*depthwise)(const Depthwise &shape, const void *from, void *to, const float *weights, const float *bias,
                    float *mean, float *scratch);
  // The same on rows that are expanded when they are needed, for output rows `begin` up to `end`: `scratch`, which
  // belongs to this block, carries what the next rows need, and `mean` is written with the last ones.
  void (*expanded)(const Depthwise &shape, int64_t begin, int64_t end, const Expansion &by, void *to,
                   const float *weights, const float *bias, float *mean, float *scratch);
  // Layer normalisation of one row to single floats, to the plan's type, or both (either may be null).
  void (*normalise)(const float *x, int64_t width, const float *gain, const float *shift, float epsilon, float *wide,
                    void *narrow);
  // x <- GELU(x) over `count` values.
  void (*gelu)(void *x, int64_t count, const GeluPieces &pieces);
  // softmax(Q K^T * scale) V in the plan's type.
  void (*attend)(const Attention &shape, const void *query, const void *key, const void *value, void *result,
                 float *scratch);
};

// `isa`: 3 = AVX-512 with products in bf16, 2 = AVX-512 with its byte/word parts, 1 = AVX2 with FMA, 0 = anything.
const Kernels &kernels(int isa, bool bf16);

}  // namespace ct
