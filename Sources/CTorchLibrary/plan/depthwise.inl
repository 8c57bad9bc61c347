// Depth-wise convolutions, alone and behind the 1x1 convolution that expands their input; a part of kernels.inl.

// `count` values in the plan's type to single floats, activated.
template <typename Number, bool is_silu>
INLINE void widen(const typename Number::Type *from, float *to, int64_t count, int activation) {
  const Swish<Number> swish;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    Lanes x;
    Number::load(from + i, x);
    if (is_silu) swish(x);
    else activate<Number>(x, activation);
    Single::store(to + i, x);
  }
  if (i == count) return;
  typename Number::Type rest[16] = {};
  float wide[16];
  for (int64_t k = i; k < count; k++) rest[k - i] = from[k];
  Lanes x;
  Number::load(rest, x);
  activate<Number>(x, activation);
  Single::store(wide, x);
  for (int64_t k = i; k < count; k++) to[k] = wide[k - i];
}

// The sums of `U` neighbours from `K` rows of input, which they share.
template <int K, int S, int U>
INLINE void convolve(const float *const *rows, int64_t x, const float *weights, const float *bias, Block (&sums)[U]) {
#pragma clang loop unroll(full)
  for (int u = 0; u < U; u++) sums[u] = *reinterpret_cast<const Block *>(bias);
  for (int ky = 0; ky < K; ky++) {
    const float *row = rows[ky] + x * S * BLOCK;
#pragma clang loop unroll(full)
    for (int kx = 0; kx < K; kx++) {
      const Block weight = *reinterpret_cast<const Block *>(weights + (ky * K + kx) * BLOCK);
#pragma clang loop unroll(full)
      for (int u = 0; u < U; u++) sums[u] += *reinterpret_cast<const Block *>(row + (u * S + kx) * BLOCK) * weight;
    }
  }
}

// One row of results, activated and summed while they are in registers.
template <typename Number, bool is_silu>
struct Row {
  const float *const weights, *const bias;
  const int64_t width;
  const int activation;
  Lanes sum;
  const Swish<Number> swish;
  const float *const *rows = nullptr;
  typename Number::Type *to = nullptr;

  INLINE_METHOD Row(const Depthwise &shape, const float *weights, const float *bias)
      : weights(weights), bias(bias), width(shape.out_width), activation(shape.after) {}

  INLINE_METHOD void finish(Lanes &x) {
    if (is_silu) swish(x);
    else activate<Number>(x, activation);
    sum += x;
  }

  // As many `U` neighbours as there are from `x` on, then fewer.
  template <int K, int S, int U>
  INLINE_METHOD void run(int64_t x) {
    constexpr int lanes = U * BLOCK / 16;
    for (; x + U <= width; x += U) {
      Block sums[U];
      convolve<K, S, U>(rows, x, weights, bias, sums);
#pragma clang loop unroll(full)
      for (int i = 0; i < lanes; i++) {
        Lanes y;
        __builtin_memcpy(&y, sums + i * 16 / BLOCK, sizeof(y));
        finish(y);
        Number::store(to + x * BLOCK + i * 16, y);
      }
      if (lanes == 0) {
        Lanes y = {};
        typename Number::Type narrow[16];
        __builtin_memcpy(&y, sums, sizeof(sums));
        finish(y);
        Number::store(narrow, y);
        __builtin_memcpy(to + x * BLOCK, narrow, BLOCK * sizeof(narrow[0]));
      }
    }
    if constexpr (U > 1) run<K, S, U / 2>(x);
  }
};

// Output rows `begin` up to `end` of one block. `fill(line, slot)` writes an input row, activated; each is asked for once
// and kept in a ring of `K` rows with margins of zeros. The ring and the sums stay in `scratch` from call to call.
template <typename Number, int K, int S, bool is_silu, typename Fill>
void depthwise_rows(const Depthwise &shape, int64_t begin, int64_t end, const Fill &fill, void *to,
                    const float *weights, const float *bias, float *mean, float *scratch) {
  auto output = static_cast<typename Number::Type *>(to);
  const int64_t row = shape.row() * BLOCK;
  float *const ring = scratch + 2 * BLOCK, *const zeros = ring + K * row;
  if (begin == 0)
    for (float *x = scratch; x < zeros + row; x++) *x = 0;
  Row<Number, is_silu> result(shape, weights, bias);
  Single::load(scratch, result.sum);
  // The first line that no earlier row has asked for.
  int64_t next = begin == 0 ? 0 : (begin - 1) * S - shape.top + K;
  if (next < 0) next = 0;
  for (int64_t y = begin; y < end; y++) {
    const float *rows[K];
    for (int ky = 0; ky < K; ky++) {
      const int64_t line = y * S - shape.top + ky;
      if (line < 0 || line >= shape.height) {
        rows[ky] = zeros;
        continue;
      }
      for (; next <= line; next++) fill(next, ring + next % K * row + shape.left * BLOCK);
      rows[ky] = ring + line % K * row;
    }
    result.rows = rows;
    result.to = output + y * shape.out_width * BLOCK;
    result.template run<K, S, NEIGHBOURS>(0);
  }
  Single::store(scratch, result.sum);
  if (mean && end == shape.out_height) finish_mean(result.sum, shape.out_height * shape.out_width, BLOCK, mean);
}

template <typename Number, int K, int S, typename Fill>
INLINE void depthwise_activated(const Depthwise &shape, int64_t begin, int64_t end, const Fill &fill, void *to,
                                const float *weights, const float *bias, float *mean, float *scratch) {
  if (shape.after == CT_ACT_SILU)
    return depthwise_rows<Number, K, S, true>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  depthwise_rows<Number, K, S, false>(shape, begin, end, fill, to, weights, bias, mean, scratch);
}

template <typename Number, typename Fill>
INLINE void depthwise_filled(const Depthwise &shape, int64_t begin, int64_t end, const Fill &fill, void *to,
                             const float *weights, const float *bias, float *mean, float *scratch) {
  const bool single = shape.stride == 1;
  if (shape.kernel == 3 && single)
    return depthwise_activated<Number, 3, 1>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  if (shape.kernel == 3)
    return depthwise_activated<Number, 3, 2>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  if (single) return depthwise_activated<Number, 5, 1>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  depthwise_activated<Number, 5, 2>(shape, begin, end, fill, to, weights, bias, mean, scratch);
}

template <typename Number>
void depthwise_block(const Depthwise &shape, const void *from, void *to, const float *weights, const float *bias,
                     float *mean, float *scratch) {
  auto input = static_cast<const typename Number::Type *>(from);
  const int64_t kept = shape.kept();
  const auto fill = [&](int64_t line, float *slot) __attribute__((always_inline)) {
    const auto row = input + line * shape.width * BLOCK;
    if (shape.before == CT_ACT_SILU) widen<Number, true>(row, slot, kept * BLOCK, shape.before);
    else widen<Number, false>(row, slot, kept * BLOCK, shape.before);
  };
  depthwise_filled<Number>(shape, 0, shape.out_height, fill, to, weights, bias, mean, scratch);
}

// MARK: expansion

// `U` pixels of one block of results: each weight is loaded once, each input value goes to all lanes.
template <typename Number, int U>
INLINE void expand_pixels(const typename Number::Type *from, const Expansion &by, int activation, float *to) {
  auto weights = static_cast<const float *>(by.weights);
  Block sums[U];
#pragma clang loop unroll(full)
  for (int u = 0; u < U; u++) sums[u] = *reinterpret_cast<const Block *>(by.bias);
  for (int64_t first = 0; first < by.channels; first += BLOCK, from += by.plane) {
    const int64_t count = by.channels - first < BLOCK ? by.channels - first : BLOCK;
    for (int64_t c = 0; c < count; c += Number::together, weights += BLOCK) {
      const Block weight = *reinterpret_cast<const Block *>(weights);
#pragma clang loop unroll(full)
      for (int u = 0; u < U; u++) Number::multiply(sums[u], weight, from + u * BLOCK + c);
    }
  }
#ifdef WIDE
  const Swish<Number> swish;
#pragma clang loop unroll(full)
  for (int u = 0; u < U; u++) {
    Lanes x = (Lanes)sums[u];
    if (activation == CT_ACT_SILU) swish(x);
    else activate<Number>(x, activation);
    Single::store(to + u * BLOCK, x);
  }
#else
  // Too few registers for the sums and an activation.
  for (int u = 0; u < U; u++) *reinterpret_cast<Block *>(to + u * BLOCK) = sums[u];
  if (activation == CT_ACT_SILU) widen<Single, true>(to, to, U * BLOCK, activation);
  else widen<Single, false>(to, to, U * BLOCK, activation);
#endif
}

// A row in equal pieces of `piece` <= `U` pixels; the last one overlaps the one before it where they do not divide it.
template <typename Number, int U>
void expand_row(int64_t piece, int64_t width, const typename Number::Type *from, const Expansion &by, int activation,
                float *to) {
  if constexpr (U > 1)
    if (piece < U) return expand_row<Number, U - 1>(piece, width, from, by, activation, to);
  for (int64_t x = 0; x < width; x += U) {
    const int64_t start = x + U > width ? width - U : x;
    expand_pixels<Number, U>(from + start * BLOCK, by, activation, to + start * BLOCK);
  }
}

template <typename Number>
void expanded_block(const Depthwise &shape, int64_t begin, int64_t end, const Expansion &by, void *to,
                    const float *weights, const float *bias, float *mean, float *scratch) {
  auto input = static_cast<const typename Number::Type *>(by.from);
  const int64_t kept = shape.kept(), pieces = (kept + TILE - 1) / TILE;
  const int64_t piece = pieces ? (kept + pieces - 1) / pieces : 1;
  const auto fill = [&](int64_t line, float *slot) __attribute__((always_inline)) {
    expand_row<Number, TILE>(piece, kept, input + line * shape.width * BLOCK, by, shape.before, slot);
  };
  depthwise_filled<Number>(shape, begin, end, fill, to, weights, bias, mean, scratch);
}
