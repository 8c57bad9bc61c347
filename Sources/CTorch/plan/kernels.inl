// The passes themselves, included once per instruction set inside a namespace with that target. Vectors of 16 floats:
// one register with AVX-512, two with AVX2, four without.

typedef float Lanes __attribute__((vector_size(64), aligned(4)));
typedef int32_t Ints __attribute__((vector_size(64), aligned(4)));
typedef uint32_t Bits __attribute__((vector_size(64), aligned(4)));
typedef uint16_t Halves __attribute__((vector_size(32), aligned(2)));

#define INLINE static inline __attribute__((always_inline))

INLINE Lanes splat(float value) { return value - Lanes{}; }

struct Single {
  typedef float Type;
  INLINE void load(const float *from, Lanes &x) { x = *reinterpret_cast<const Lanes *>(from); }
  INLINE void store(float *to, const Lanes &x) { *reinterpret_cast<Lanes *>(to) = x; }
};

struct Brain {
  typedef uint16_t Type;
  INLINE void load(const uint16_t *from, Lanes &x) {
    Bits wide = __builtin_convertvector(*reinterpret_cast<const Halves *>(from), Bits) << 16;
    __builtin_memcpy(&x, &wide, sizeof(x));
  }
  // To the nearest, ties to even; what is not a number stays one (its payload never overflows upwards here).
  INLINE void store(uint16_t *to, const Lanes &x) {
    Bits bits;
    __builtin_memcpy(&bits, &x, sizeof(x));
    bits += 0x7fff + ((bits >> 16) & 1);
    *reinterpret_cast<Halves *>(to) = __builtin_convertvector(bits >> 16, Halves);
  }
};

// e^x for x <= 88: 2^n times a polynomial in the remainder, to about one unit in the last place.
INLINE void exponential(Lanes &x) {
  x = __builtin_elementwise_max(x, splat(-87.3f));
  x = __builtin_elementwise_min(x, splat(88.3f));
  const Lanes magic = splat(12582912.0f);
  const Lanes shifted = x * 1.44269504f + magic;
  const Lanes n = shifted - magic;
  const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes p = splat(1.9875691500e-4f);
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

INLINE void sigmoid(Lanes &x) {
  x = -x;
  exponential(x);
  x = 1.0f / (1.0f + x);
}

INLINE void swish(Lanes &x) {
  Lanes gate = x;
  sigmoid(gate);
  x *= gate;
}

INLINE void activate(Lanes &x, int activation) {
  if (activation == CT_ACT_SILU) return swish(x);
  if (activation != CT_ACT_NONE) x = __builtin_elementwise_max(x, splat(0));
  if (activation == CT_ACT_RELU6) x = __builtin_elementwise_min(x, splat(6));
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
    activate(x, activation);
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
    Lanes unit = splat(total);
    swish(unit);
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
    sigmoid(value);
    Single::store(gate + c, value);
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
                              excite_gates};
  return &all;
}

#undef INLINE
