// Depth-wise convolutions, alone and behind the 1x1 convolution that expands their input; a part of kernels.inl.

// `count` values in the plan's type to single floats, activated.
template <typename Number>
INLINE void widen(const typename Number::Type *from, float *to, int64_t count, int activation) {
  const int64_t whole = count / 16 * 16;
  if (activation == CT_ACT_SILU) {
    for (int64_t i = 0; i < whole; i += 16) {
      Lanes x;
      Number::load(from + i, x);
      swish<Number::steps>(x);
      Single::store(to + i, x);
    }
  } else {
    for (int64_t i = 0; i < whole; i += 16) {
      Lanes x;
      Number::load(from + i, x);
      activate<Number>(x, activation);
      Single::store(to + i, x);
    }
  }
  if (whole == count) return;
  typename Number::Type rest[16] = {};
  float wide[16];
  for (int64_t i = whole; i < count; i++) rest[i - whole] = from[i];
  Lanes x;
  Number::load(rest, x);
  activate<Number>(x, activation);
  Single::store(wide, x);
  for (int64_t i = whole; i < count; i++) to[i] = wide[i - whole];
}

// One row of results from `K` rows of input; `several` neighbours at a time share their inputs.
template <int K, int S>
INLINE void convolve_row(const float *const *rows, const float *weights, const float *bias, float *to, int64_t width) {
  constexpr int several = K == 3 ? 8 : 6;
  const Block start = *reinterpret_cast<const Block *>(bias);
  int64_t x = 0;
  for (; x + several <= width; x += several) {
    Block sums[several];
    for (int u = 0; u < several; u++) sums[u] = start;
    for (int ky = 0; ky < K; ky++) {
      const float *row = rows[ky] + x * S * BLOCK;
#pragma clang loop unroll(full)
      for (int kx = 0; kx < K; kx++) {
        const Block weight = *reinterpret_cast<const Block *>(weights + (ky * K + kx) * BLOCK);
#pragma clang loop unroll(full)
        for (int u = 0; u < several; u++)
          sums[u] += *reinterpret_cast<const Block *>(row + (u * S + kx) * BLOCK) * weight;
      }
    }
    for (int u = 0; u < several; u++) *reinterpret_cast<Block *>(to + (x + u) * BLOCK) = sums[u];
  }
  for (; x < width; x++) {
    Block sum = start;
    for (int ky = 0; ky < K; ky++)
      for (int kx = 0; kx < K; kx++)
        sum += *reinterpret_cast<const Block *>(rows[ky] + (x * S + kx) * BLOCK) *
               *reinterpret_cast<const Block *>(weights + (ky * K + kx) * BLOCK);
    *reinterpret_cast<Block *>(to + x * BLOCK) = sum;
  }
}

template <typename Number, bool is_silu>
INLINE void finish_row(const float *from, typename Number::Type *to, int64_t count, int activation, Lanes &sum) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    Lanes x;
    Single::load(from + i, x);
    if (is_silu) swish<Number::steps>(x);
    else activate<Number>(x, activation);
    sum += x;
    Number::store(to + i, x);
  }
  if (i == count) return;
  float rest[16] = {};
  typename Number::Type narrow[16];
  for (int64_t k = i; k < count; k++) rest[k - i] = from[k];
  Lanes x;
  Single::load(rest, x);
  activate<Number>(x, activation);
  sum += x;
  Number::store(narrow, x);
  for (int64_t k = i; k < count; k++) to[k] = narrow[k - i];
}

// Output rows `begin` up to `end` of one block. `fill(line, slot)` writes an input row, activated; each is asked for once
// and kept in a ring of `K` rows with margins of zeros. The ring and the sums stay in `scratch` from call to call.
template <typename Number, int K, int S, typename Fill>
void depthwise_rows(const Depthwise &shape, int64_t begin, int64_t end, const Fill &fill, void *to,
                    const float *weights, const float *bias, float *mean, float *scratch) {
  auto output = static_cast<typename Number::Type *>(to);
  const int64_t row = shape.row() * BLOCK, count = shape.out_width * BLOCK;
  float *const ring = scratch + 2 * BLOCK, *const zeros = ring + K * row, *const result = zeros + row;
  if (begin == 0)
    for (float *x = scratch; x < result; x++) *x = 0;
  Lanes sum;
  Single::load(scratch, sum);
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
    convolve_row<K, S>(rows, weights, bias, result, shape.out_width);
    // Activated and summed while the row is still in the nearest cache.
    auto target = output + y * count;
    if (shape.after == CT_ACT_SILU) {
      finish_row<Number, true>(result, target, count, shape.after, sum);
    } else {
      finish_row<Number, false>(result, target, count, shape.after, sum);
    }
  }
  Single::store(scratch, sum);
  if (mean && end == shape.out_height) finish_mean(sum, shape.out_height * shape.out_width, BLOCK, mean);
}

template <typename Number, typename Fill>
INLINE void depthwise_filled(const Depthwise &shape, int64_t begin, int64_t end, const Fill &fill, void *to,
                             const float *weights, const float *bias, float *mean, float *scratch) {
  const bool single = shape.stride == 1;
  if (shape.kernel == 3 && single)
    return depthwise_rows<Number, 3, 1>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  if (shape.kernel == 3)
    return depthwise_rows<Number, 3, 2>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  if (single) return depthwise_rows<Number, 5, 1>(shape, begin, end, fill, to, weights, bias, mean, scratch);
  depthwise_rows<Number, 5, 2>(shape, begin, end, fill, to, weights, bias, mean, scratch);
}

template <typename Number>
void depthwise_block(const Depthwise &shape, const void *from, void *to, const float *weights, const float *bias,
                     float *mean, float *scratch) {
  auto input = static_cast<const typename Number::Type *>(from);
  const int64_t kept = shape.kept();
  const auto fill = [&](int64_t line, float *slot) __attribute__((always_inline)) {
    widen<Number>(input + line * shape.width * BLOCK, slot, kept * BLOCK, shape.before);
  };
  depthwise_filled<Number>(shape, 0, shape.out_height, fill, to, weights, bias, mean, scratch);
}

// MARK: expansion

// `U` pixels of one block of results: each weight is loaded once, each input value goes to all lanes.
template <typename Number, int U>
INLINE void expand_pixels(const typename Number::Type *from, const Expansion &by, float *to) {
  const float *weights = by.weights;
  Block sums[U];
  for (int u = 0; u < U; u++) sums[u] = *reinterpret_cast<const Block *>(by.bias);
  for (int64_t first = 0; first < by.channels; first += BLOCK, from += by.plane) {
    const int64_t count = by.channels - first < BLOCK ? by.channels - first : BLOCK;
    for (int64_t c = 0; c < count; c++, weights += BLOCK) {
      const Block weight = *reinterpret_cast<const Block *>(weights);
#pragma clang loop unroll(full)
      for (int u = 0; u < U; u++) sums[u] += weight * Number::single(from[u * BLOCK + c]);
    }
  }
  for (int u = 0; u < U; u++) *reinterpret_cast<Block *>(to + u * BLOCK) = sums[u];
}

// A row in equal pieces of `piece` <= `U` pixels; the last one overlaps the one before it where they do not divide it.
template <typename Number, int U>
void expand_row(int64_t piece, int64_t width, const typename Number::Type *from, const Expansion &by, float *to) {
  if constexpr (U > 1)
    if (piece < U) return expand_row<Number, U - 1>(piece, width, from, by, to);
  for (int64_t x = 0; x < width; x += U) {
    const int64_t start = x + U > width ? width - U : x;
    expand_pixels<Number, U>(from + start * BLOCK, by, to + start * BLOCK);
  }
}

template <typename Number>
void expanded_block(const Depthwise &shape, int64_t begin, int64_t end, const Expansion &by, void *to,
                    const float *weights, const float *bias, float *mean, float *scratch) {
  auto input = static_cast<const typename Number::Type *>(by.from);
  const int64_t kept = shape.kept(), pieces = (kept + TILE - 1) / TILE;
  const int64_t piece = pieces ? (kept + pieces - 1) / pieces : 1;
  const auto fill = [&](int64_t line, float *slot) __attribute__((always_inline)) {
    expand_row<Number, TILE>(piece, kept, input + line * shape.width * BLOCK, by, slot);
    widen<Single>(slot, slot, kept * BLOCK, shape.before);
  };
  depthwise_filled<Number>(shape, begin, end, fill, to, weights, bias, mean, scratch);
}
