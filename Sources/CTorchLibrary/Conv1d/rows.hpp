// What a convolution reads and writes, row by row: plain tensors, or the far side of bias, ReLU, pooling and dropout.
#pragma once
#include "../simd.hpp"

namespace ct {

/// Sizes of a 1-D convolution with stride 1.
struct Conv1dShape {
  int64_t batch, inputs, outputs, length, kernel, left, right;
  int64_t out() const { return length + left + right - kernel + 1; }
  int64_t pooled() const { return out() / 2; }
};

/// What follows the products: nothing but the bias, or ReLU → max over pairs → dropout as well.
struct Epilogue {
  bool pool = false;
  double dropout = 0;
  uint64_t seed = 0;
};

/// 32 random bits for place `i` of a row; they depend on the seed, the row and the place alone.
/// - Source: the integer hash lowbias32 (C. Wellons 2018) over a splitmix64 key per row (Steele et al. 2014).
struct RowNoise {
  uint32_t key, twist;
  CT_INLINE RowNoise(uint64_t seed, uint64_t row) {
    uint64_t z = seed + (row + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    key = static_cast<uint32_t>(z);
    twist = static_cast<uint32_t>(z >> 32);
  }
  CT_INLINE uint32_t operator()(uint32_t i) const {
    uint32_t x = (i * 0x9e3779b9u) ^ key;
    x = (x ^ (x >> 16)) * 0x21f0aaadu + twist;
    x = (x ^ (x >> 15)) * 0xd35a2d97u;
    return x ^ (x >> 15);
  }
};

/// Noise below this is dropped.
inline uint64_t drop_threshold(double p) { return static_cast<uint64_t>(p * 4294967296.0); }

/// Where finished rows go: `y` is [N, Co, M] or, pooled, [N, Co, M / 2] with `choice` (nullable) saying which of a pair
/// was kept: 0 none, 1 the first, 2 the second.
template <class T>
struct RowSink {
  T *y;
  uint8_t *choice;
  const T *bias;
  int64_t channels, length;
  Epilogue after;

  CT_INLINE void put(int64_t n, int64_t c, const T *row) const {
    int64_t index = n * channels + c;
    T add = bias ? bias[c] : T(0);
    if (!after.pool) {
      T *to = y + index * length;
      for (int64_t i = 0; i < length; i++) to[i] = row[i] + add;
      return;
    }
    int64_t pairs = length / 2;
    T *to = y + index * pairs;
    uint8_t *kept = choice ? choice + index * pairs : nullptr;
    if (after.dropout > 0) return pool<true>(to, kept, row, add, pairs, index);
    pool<false>(to, kept, row, add, pairs, index);
  }

 private:
  template <bool drops>
  CT_INLINE void pool(T *to, uint8_t *kept, const T *row, T add, int64_t pairs, int64_t index) const {
    RowNoise noise(after.seed, index);
    auto limit = static_cast<uint32_t>(drop_threshold(after.dropout));
    T scale = T(1 / (1 - after.dropout));
    for (int64_t i = 0; i < pairs; i++) {
      T a = row[2 * i], b = row[2 * i + 1];
      bool second = b > a || b != b;  // NaN wins, as it does in max pooling
      T m = (second ? b : a) + add;
      bool live = !(m <= 0);
      if (drops) live = live & (noise(static_cast<uint32_t>(i)) >= limit);
      to[i] = live ? m * scale : T(0);
      if (kept) kept[i] = live ? (second ? 2 : 1) : 0;
    }
  }
};

/// Rows of a gradient [N, Co, M], read as they are or spread from the pooled one.
template <class T>
struct RowSource {
  const T *g;
  const uint8_t *choice;
  int64_t channels, length;
  Epilogue after;

  CT_INLINE void get(int64_t n, int64_t c, T *row) const {
    int64_t index = n * channels + c;
    if (!after.pool) {
      std::memcpy(row, g + index * length, length * sizeof(T));
      return;
    }
    int64_t pairs = length / 2;
    const T *from = g + index * pairs;
    const uint8_t *kept = choice + index * pairs;
    T scale = T(1 / (1 - after.dropout));
    for (int64_t i = 0; i < pairs; i++) {
      T v = from[i] * scale;
      row[2 * i] = kept[i] == 1 ? v : T(0);
      row[2 * i + 1] = kept[i] == 2 ? v : T(0);
    }
    if (length & 1) row[length - 1] = 0;
  }
};

}  // namespace ct
