// The passes themselves, included once per instruction set inside a namespace with that target.

#include "lanes.inl"

// Visits `places` pixels of `width` channels 16 values at a time; with 8 channels a step holds two pixels. A lone last
// pixel of 8 is handled through a padded buffer whose second half `visit` is told to leave out of any sum.
template <typename Number, typename Visit>
INLINE void over(typename Number::Type *block, int64_t places, int64_t width, bool writes, Visit visit) {
  const int64_t count = places * width, whole = count / 16 * 16;
  for (int64_t i = 0; i < whole; i += 16) {
    Lanes x;
    Number::load(block + i, x);
    visit(x);
    if (writes) Number::store(block + i, x);
  }
  if (whole == count) return;
  typename Number::Type rest[16] = {};
  for (int64_t i = whole; i < count; i++) rest[i - whole] = block[i];
  Lanes x;
  Number::load(rest, x);
  visit(x);
  if (!writes) return;
  Number::store(rest, x);
  for (int64_t i = whole; i < count; i++) block[i] = rest[i - whole];
}

INLINE void finish_mean(const Lanes &sum, int64_t places, int64_t width, float *mean) {
  for (int64_t c = 0; c < width; c++)
    mean[c] = (width == 8 ? sum[c] + sum[c + 8] : sum[c]) / static_cast<float>(places);
}

template <typename Number>
void silu_block(void *block, int64_t places, int64_t width, float *mean) {
  Lanes sum = {};
  const Swish<Number> swish;
  over<Number>(static_cast<typename Number::Type *>(block), places, width, true, [&](Lanes &x) __attribute__((always_inline)) {
    swish(x);
    sum += x;
  });
  if (mean) finish_mean(sum, places, width, mean);
}

template <typename Number>
void mean_block(const void *block, int64_t places, int64_t width, float *mean) {
  auto values = static_cast<typename Number::Type *>(const_cast<void *>(block));
  Lanes sum = {};
  over<Number>(values, places, width, false, [&](Lanes &x) __attribute__((always_inline)) { sum += x; });
  finish_mean(sum, places, width, mean);
}

template <typename Number>
void scale_block(void *block, int64_t places, int64_t width, const float *gate) {
  Lanes factor;
  for (int lane = 0; lane < 16; lane++) factor[lane] = gate[lane % width];
  over<Number>(static_cast<typename Number::Type *>(block), places, width, true,
               [&](Lanes &x) __attribute__((always_inline)) { x *= factor; });
}

template <typename Number>
void add_values(void *sum, const void *other, int64_t count, int activation) {
  auto a = static_cast<typename Number::Type *>(sum);
  auto b = static_cast<const typename Number::Type *>(other);
  for (int64_t i = 0; i < count; i += 16) {
    typename Number::Type left[16] = {}, right[16] = {};
    const int64_t n = count - i < 16 ? count - i : 16;
    const size_t bytes = static_cast<size_t>(n) * sizeof(left[0]);
    __builtin_memcpy(left, a + i, bytes);
    __builtin_memcpy(right, b + i, bytes);
    Lanes x, y;
    Number::load(left, x);
    Number::load(right, y);
    x += y;
    activate<Number>(x, activation);
    Number::store(left, x);
    __builtin_memcpy(a + i, left, bytes);
  }
}

template <typename Number>
void narrow_values(const float *from, void *to, int64_t count) {
  auto target = static_cast<typename Number::Type *>(to);
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    Lanes x;
    Single::load(from + i, x);
    Number::store(target + i, x);
  }
  if (i == count) return;
  float rest[16] = {};
  typename Number::Type narrow[16];
  for (int64_t k = i; k < count; k++) rest[k - i] = from[k];
  Lanes x;
  Single::load(rest, x);
  Number::store(narrow, x);
  for (int64_t k = i; k < count; k++) target[k] = narrow[k - i];
}

// One hidden unit of an excitation, of all images.
static void squeeze_unit(const float *means, int64_t images, int64_t width, const float *weights, float shift,
                         float *to, int64_t stride) {
  for (int64_t n = 0; n < images; n++, means += width) {
    // Several chains hide the latency of additions.
    Block sums[4] = {};
    for (int64_t c = 0; c < width; c += BLOCK)
      sums[c / BLOCK % 4] += *reinterpret_cast<const Block *>(weights + c) * *reinterpret_cast<const Block *>(means + c);
    const Block sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    Lanes unit = SPLAT(shift);
    for (int lane = 0; lane < BLOCK; lane++) unit[0] += sum[lane];
    Swish<Single>()(unit);
    to[n * stride] = unit[0];
  }
}

// The gates of one block of channels, of all images.
static void excite_block(const float *units, int64_t images, int64_t hidden, const float *weights, const float *shift,
                         float *gates, int64_t stride) {
  for (int64_t n = 0; n < images; n++, units += hidden) {
    Block sums[4] = {*reinterpret_cast<const Block *>(shift)};
    for (int64_t h = 0; h < hidden; h++)
      sums[h % 4] += *reinterpret_cast<const Block *>(weights + h * BLOCK) * units[h];
    const Block sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    Lanes gate = {};
    __builtin_memcpy(&gate, &sum, sizeof(sum));
    sigmoid(gate);
    __builtin_memcpy(gates + n * stride, &gate, sizeof(sum));
  }
}

// Two input channels at a time, whose values alternate as Number::channel says.
template <typename Number>
void gate_weights(const void *from, void *to, int64_t outputs, int64_t channels, const float *gates) {
  auto source = static_cast<const typename Number::Type *>(from);
  auto target = static_cast<typename Number::Type *>(to);
  for (int64_t c = 0; c < channels; c += 2)
    for (int64_t v = 0; v < 2 * BLOCK; v += 16) {
      Lanes factor;
#pragma clang loop unroll(full)
      for (int lane = 0; lane < 16; lane++) factor[lane] = gates[c + Number::channel(v + lane)];
      for (int64_t o = 0; o < outputs; o++) {
        const int64_t at = (o * channels + c) * BLOCK + v;
        Lanes x;
        Number::load(source + at, x);
        x *= factor;
        Number::store(target + at, x);
      }
    }
}

#include "depthwise.inl"
#include "transformer.inl"
#include "attention.inl"

template <typename Number>
const Kernels *table(const char *name) {
  static const Kernels all = {name,
                              Number::together,
                              silu_block<Number>,
                              mean_block<Number>,
                              scale_block<Number>,
                              add_values<Number>,
                              narrow_values<Number>,
                              squeeze_unit,
                              excite_block,
                              gate_weights<Number>,
                              depthwise_block<Number>,
                              expanded_block<Number>,
                              normalise_row<Number>,
                              gelu_values<Number>,
                              attend_head<Number>};
  return &all;
}

#undef INLINE
#undef INLINE_METHOD
#undef BLOCK
#undef TILE
#undef NEIGHBOURS
#undef SPLAT
#undef WIDE
#undef PAIRS
