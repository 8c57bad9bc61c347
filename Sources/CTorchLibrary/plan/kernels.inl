// The passes themselves, included once per instruction set inside a namespace with that target. Vectors of 16 floats:
// one register with AVX-512, two with AVX2, four without.

typedef float Lanes __attribute__((vector_size(64), aligned(4)));
typedef int32_t Ints __attribute__((vector_size(64), aligned(4)));
typedef uint32_t Bits __attribute__((vector_size(64), aligned(4)));
typedef uint16_t Halves __attribute__((vector_size(32), aligned(2)));

#define INLINE static inline __attribute__((always_inline))

#define SPLAT(value) ((value) - Lanes{})

INLINE int64_t rounded16(int64_t value) { return (value + 15) / 16 * 16; }

struct Single {
  typedef float Type;
  // Newton steps that an estimated reciprocal needs.
  static constexpr int steps = 1;
  INLINE void load(const float *from, Lanes &x) { x = *reinterpret_cast<const Lanes *>(from); }
  INLINE void store(float *to, const Lanes &x) { *reinterpret_cast<Lanes *>(to) = x; }
  INLINE float single(float value) { return value; }
};

struct Brain {
  typedef uint16_t Type;
  static constexpr int steps = 0;
  INLINE void load(const uint16_t *from, Lanes &x) {
    Bits wide = __builtin_convertvector(*reinterpret_cast<const Halves *>(from), Bits) << 16;
    __builtin_memcpy(&x, &wide, sizeof(x));
  }
  INLINE float single(uint16_t value) {
    const uint32_t wide = static_cast<uint32_t>(value) << 16;
    float result;
    __builtin_memcpy(&result, &wide, sizeof(result));
    return result;
  }
  // To the nearest, ties to even; what is not a number stays one (its payload never overflows upwards here).
  INLINE void store(uint16_t *to, const Lanes &x) {
    Bits bits;
    __builtin_memcpy(&bits, &x, sizeof(x));
    bits += 0x7fff + ((bits >> 16) & 1);
    *reinterpret_cast<Halves *>(to) = __builtin_convertvector(bits >> 16, Halves);
  }
};

// The channels of one block: 16 with AVX-512, else 8.
typedef float Block __attribute__((vector_size(4 * BLOCK), aligned(4)));

// e^x for x <= 88: 2^n times a polynomial in the remainder, to about one unit in the last place.
INLINE void exponential(Lanes &x) {
  x = __builtin_elementwise_max(x, SPLAT(-87.3f));
  x = __builtin_elementwise_min(x, SPLAT(88.3f));
  const Lanes magic = SPLAT(12582912.0f);
  const Lanes shifted = x * 1.44269504f + magic;
  const Lanes n = shifted - magic;
  const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes p = SPLAT(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
  Lanes power;
  __builtin_memcpy(&power, &exponent, sizeof(power));
  x = p * power;
}

#ifdef HAS_SCALEF
// AVX-512 scales by powers of two and estimates reciprocals in single instructions. `steps` 0: 14 bits, 1: 23 bits.
template <int steps>
INLINE void sigmoid(Lanes &x) {
  __m512 t = _mm512_mul_ps((__m512)x, _mm512_set1_ps(-1.44269504f));
  t = _mm512_min_ps(t, _mm512_set1_ps(126.0f));
  const __m512 n = _mm512_roundscale_ps(t, 8);
  const __m512 r = _mm512_sub_ps(t, n);
  // 2^r for |r| <= 1/2 to 1e-4 (bf16 keeps 4e-3) or 1e-7: minimax polynomials with the constant fixed.
  __m512 p;
  if (steps == 0) {
    p = _mm512_set1_ps(5.50089320e-2f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.42210970e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.93282928e-1f));
  } else {
    p = _mm512_set1_ps(1.32647273e-3f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.67151282e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.55073374e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.40222421e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.93146978e-1f));
  }
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  const __m512 d = _mm512_add_ps(_mm512_scalef_ps(p, n), _mm512_set1_ps(1.0f));
  __m512 y = _mm512_rcp14_ps(d);
  if (steps > 0) y = _mm512_mul_ps(y, _mm512_fnmadd_ps(d, y, _mm512_set1_ps(2.0f)));
  x = (Lanes)y;
}
#else
template <int steps>
INLINE void sigmoid(Lanes &x) {
  x = -x;
  exponential(x);
  x = 1.0f / (1.0f + x);
}
#endif

template <int steps>
INLINE void swish(Lanes &x) {
  Lanes gate = x;
  sigmoid<steps>(gate);
  x *= gate;
}

template <typename Number>
INLINE void activate(Lanes &x, int activation) {
  if (activation == CT_ACT_SILU) return swish<Number::steps>(x);
  if (activation != CT_ACT_NONE) x = __builtin_elementwise_max(x, SPLAT(0));
  if (activation == CT_ACT_RELU6) x = __builtin_elementwise_min(x, SPLAT(6));
}

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
  over<Number>(static_cast<typename Number::Type *>(block), places, width, true, [&](Lanes &x) __attribute__((always_inline)) {
    swish<Number::steps>(x);
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

static void excite_gates(const float *mean, int64_t width, int64_t hidden, const float *w1, const float *b1,
                         const float *w2, const float *b2, float *gate) {
  for (int64_t c = 0; c < width; c++) gate[c] = b2[c];
  for (int64_t h = 0; h < hidden; h++) {
    Lanes sum = {};
    for (int64_t c = 0; c < width; c += 16) {
      Lanes weight, value;
      Single::load(w1 + h * width + c, weight);
      Single::load(mean + c, value);
      sum += weight * value;
    }
    float total = b1[h];
    for (int lane = 0; lane < 16; lane++) total += sum[lane];
    Lanes unit = SPLAT(total);
    swish<1>(unit);
    for (int64_t c = 0; c < width; c += 16) {
      Lanes weight, value;
      Single::load(w2 + h * width + c, weight);
      Single::load(gate + c, value);
      value += weight * unit;
      Single::store(gate + c, value);
    }
  }
  for (int64_t c = 0; c < width; c += 16) {
    Lanes value;
    Single::load(gate + c, value);
    sigmoid<1>(value);
    Single::store(gate + c, value);
  }
}

#include "depthwise.inl"

// MARK: transformers

INLINE float total(const Lanes &x) {
  float sum = 0;
  for (int lane = 0; lane < 16; lane++) sum += x[lane];
  return sum;
}

// A row's values less their mean, over their deviation, times gain plus shift.
template <typename Number>
void normalise_row(const float *x, int64_t width, const float *gain, const float *shift, float epsilon, float *wide,
                   void *narrow) {
  const int64_t whole = width / 16 * 16;
  Lanes sums = {}, squares = {};
  for (int64_t i = 0; i < whole; i += 16) sums += *reinterpret_cast<const Lanes *>(x + i);
  float sum = total(sums);
  for (int64_t i = whole; i < width; i++) sum += x[i];
  const float mean = sum / static_cast<float>(width);
  for (int64_t i = 0; i < whole; i += 16) {
    const Lanes d = *reinterpret_cast<const Lanes *>(x + i) - mean;
    squares += d * d;
  }
  float square = total(squares);
  for (int64_t i = whole; i < width; i++) square += (x[i] - mean) * (x[i] - mean);
  const float scale = 1.0f / __builtin_sqrtf(square / static_cast<float>(width) + epsilon);
  auto to = static_cast<typename Number::Type *>(narrow);
  for (int64_t i = 0; i < whole; i += 16) {
    Lanes y = (*reinterpret_cast<const Lanes *>(x + i) - mean) * scale;
    y = y * *reinterpret_cast<const Lanes *>(gain + i) + *reinterpret_cast<const Lanes *>(shift + i);
    if (wide) Single::store(wide + i, y);
    if (to) Number::store(to + i, y);
  }
  if (whole == width) return;
  float rest[16] = {};
  typename Number::Type few[16];
  for (int64_t i = whole; i < width; i++) rest[i - whole] = (x[i] - mean) * scale * gain[i] + shift[i];
  Lanes y;
  Single::load(rest, y);
  Number::store(few, y);
  for (int64_t i = whole; i < width; i++) {
    if (wide) wide[i] = rest[i - whole];
    if (to) to[i] = few[i - whole];
  }
}

// softmax(Q K^T * scale) V of one head of one sentence. Keys and values are first copied, transposed and widened.
template <typename Number>
void attend_head(const Attention &a, const void *query, const void *key, const void *value, void *result,
                 float *scratch) {
  typedef typename Number::Type Type;
  constexpr int several = 4;
  const int64_t time = rounded16(a.time), size = rounded16(a.size);
  float *const keys = scratch, *const values = keys + a.size * time, *const scores = values + a.time * size;
  float *const queries = scores + several * time, *const sums = queries + several * size;
  auto widened = [&](const void *from, int64_t row, int64_t i) __attribute__((always_inline)) {
    const Type one = static_cast<const Type *>(from)[row * a.stride + i];
    return Number::single(one);
  };
  for (int64_t i = 0; i < a.size * time; i++) keys[i] = 0;
  for (int64_t i = 0; i < a.time * size; i++) values[i] = 0;
  for (int64_t t = 0; t < a.time; t++)
    for (int64_t i = 0; i < a.size; i++) {
      keys[i * time + t] = widened(key, t, i);
      values[t * size + i] = widened(value, t, i);
    }
  for (int64_t first = 0; first < a.time; first += several) {
    const int64_t rows = a.time - first < several ? a.time - first : several;
    for (int64_t r = 0; r < several; r++)
      for (int64_t i = 0; i < a.size; i++) queries[r * size + i] = r < rows ? widened(query, first + r, i) * a.scale : 0;
    const int64_t seen = a.causal ? first + rows : a.time;
    for (int64_t t = 0; t < seen; t += 16) {
      Lanes products[several] = {};
      for (int64_t i = 0; i < a.size; i++) {
        const Lanes column = *reinterpret_cast<const Lanes *>(keys + i * time + t);
        for (int r = 0; r < several; r++) products[r] += column * queries[r * size + i];
      }
      for (int r = 0; r < several; r++) Single::store(scores + r * time + t, products[r]);
    }
    for (int64_t r = 0; r < rows; r++) {
      float *const row = scores + r * time;
      const int64_t own = a.causal ? first + r + 1 : a.time, padded = rounded16(seen);
      for (int64_t t = own; t < padded; t++) row[t] = -1e30f;
      Lanes most = *reinterpret_cast<const Lanes *>(row);
      for (int64_t t = 16; t < padded; t += 16)
        most = __builtin_elementwise_max(most, *reinterpret_cast<const Lanes *>(row + t));
      float top = most[0];
      for (int lane = 1; lane < 16; lane++) top = most[lane] > top ? most[lane] : top;
      Lanes exponentials = {};
      for (int64_t t = 0; t < padded; t += 16) {
        Lanes x = *reinterpret_cast<const Lanes *>(row + t) - top;
        exponential(x);
        Single::store(row + t, x);
      }
      for (int64_t t = own; t < padded; t++) row[t] = 0;
      for (int64_t t = 0; t < padded; t += 16) exponentials += *reinterpret_cast<const Lanes *>(row + t);
      sums[r] = 1.0f / total(exponentials);
    }
    for (int64_t i = 0; i < size; i += 16) {
      Lanes mixed[several] = {};
      for (int64_t t = 0; t < seen; t++) {
        const Lanes column = *reinterpret_cast<const Lanes *>(values + t * size + i);
        for (int r = 0; r < several; r++) mixed[r] += column * scores[r * time + t];
      }
      for (int64_t r = 0; r < rows; r++) {
        Type few[16];
        const Lanes x = mixed[r] * sums[r];
        Number::store(few, x);
        const int64_t count = a.size - i < 16 ? a.size - i : 16;
        __builtin_memcpy(static_cast<Type *>(result) + (first + r) * a.result_stride + i, few,
                         static_cast<size_t>(count) * sizeof(Type));
      }
    }
  }
}

template <typename Number>
const Kernels *table(const char *name) {
  static const Kernels all = {name,
                              silu_block<Number>,
                              mean_block<Number>,
                              scale_block<Number>,
                              add_values<Number>,
                              narrow_values<Number>,
                              excite_gates,
                              depthwise_block<Number>,
                              expanded_block<Number>,
                              normalise_row<Number>,
                              attend_head<Number>};
  return &all;
}

#undef INLINE
#undef BLOCK
#undef TILE
#undef SPLAT
#undef HAS_SCALEF
