// Vectors of 16 floats (one register with AVX-512, two with AVX2, four without), how they are read and written, and
// activations; a part of kernels.inl.

typedef float Lanes __attribute__((vector_size(64), aligned(4)));
typedef int32_t Ints __attribute__((vector_size(64), aligned(4)));
typedef uint32_t Bits __attribute__((vector_size(64), aligned(4)));
typedef uint16_t Halves __attribute__((vector_size(32), aligned(2)));

// The channels of one block: 16 with AVX-512, else 8.
typedef float Block __attribute__((vector_size(4 * BLOCK), aligned(4)));

#define INLINE static INLINE_METHOD
#define INLINE_METHOD inline __attribute__((always_inline))

#define SPLAT(value) ((value) - Lanes{})

INLINE int64_t rounded16(int64_t value) { return (value + 15) / 16 * 16; }

struct Single {
  typedef float Type;
  // The pieces of the sigmoid, where vectors look them up.
  typedef SigmoidPieces<3> Sigmoid;
  INLINE void load(const float *from, Lanes &x) { x = *reinterpret_cast<const Lanes *>(from); }
  INLINE void store(float *to, const Lanes &x) { *reinterpret_cast<Lanes *>(to) = x; }
  // Which of two input channels the i-th of a convolution's packed weights belongs to.
  INLINE int64_t channel(int64_t i) { return i / BLOCK; }
  // How many input channels one instruction takes to their sum, and that instruction.
  static constexpr int together = 1;
  INLINE void multiply(Block &sum, const Block &weights, const float *value) { sum += weights * *value; }
  // A word holds `joined` numbers; `dot` adds the products of every lane's with the same ones, `join` makes words of
  // as many vectors, `split` these of them.
  static constexpr int joined = 1;
  INLINE void dot(Lanes &sum, const Lanes &words, const float *values) { sum += words * *values; }
  INLINE void join(const Lanes *parts, Lanes &words) { words = parts[0]; }
  INLINE void split(const Lanes &words, Lanes *parts) { parts[0] = words; }
};

#ifdef WIDE
// The words of half a vector, each twice; every second word of a vector.
static const Ints twice = {0x00000, 0x10001, 0x20002, 0x30003, 0x40004, 0x50005, 0x60006, 0x70007,
                           0x80008, 0x90009, 0xa000a, 0xb000b, 0xc000c, 0xd000d, 0xe000e, 0xf000f};
static const Ints second = {0x030001, 0x070005, 0x0b0009, 0x0f000d, 0x130011, 0x170015, 0x1b0019, 0x1f001d};
#endif

struct Brain {
  typedef uint16_t Type;
  typedef SigmoidPieces<1> Sigmoid;
#ifdef WIDE
  // One permutation each: conversions of AVX-512 take two or three steps.
  INLINE void load(const uint16_t *from, Lanes &x) {
    const __m512i words = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)));
    x = (Lanes)_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, (__m512i)twice, words);
  }
  // To the nearest, ties away from zero.
  INLINE void store(uint16_t *to, const Lanes &x) {
    const __m512i words = _mm512_permutexvar_epi16((__m512i)second, _mm512_add_epi32((__m512i)x, _mm512_set1_epi32(0x8000)));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_castsi512_si256(words));
  }
#else
  INLINE void load(const uint16_t *from, Lanes &x) {
    Bits wide = __builtin_convertvector(*reinterpret_cast<const Halves *>(from), Bits) << 16;
    __builtin_memcpy(&x, &wide, sizeof(x));
  }
  INLINE void store(uint16_t *to, const Lanes &x) {
    Bits bits;
    __builtin_memcpy(&bits, &x, sizeof(x));
    *reinterpret_cast<Halves *>(to) = __builtin_convertvector((bits + 0x8000) >> 16, Halves);
  }
#endif
  INLINE float single(uint16_t value) {
    const uint32_t wide = static_cast<uint32_t>(value) << 16;
    float result;
    __builtin_memcpy(&result, &wide, sizeof(result));
    return result;
  }
  INLINE int64_t channel(int64_t i) { return i % 2; }
#ifdef PAIRS
  static constexpr int together = 2;
  INLINE void multiply(Block &sum, const Block &weights, const uint16_t *values) {
    int32_t pair;
    __builtin_memcpy(&pair, values, sizeof(pair));
    sum = (Block)_mm512_dpbf16_ps((__m512)sum, (__m512bh)weights, (__m512bh)_mm512_set1_epi32(pair));
  }
#else
  static constexpr int together = 1;
  INLINE void multiply(Block &sum, const Block &weights, const uint16_t *value) { sum += weights * single(*value); }
#endif
  static constexpr int joined = 2;
  INLINE void dot(Lanes &sum, const Lanes &words, const uint16_t *values) {
#ifdef PAIRS
    int32_t pair;
    __builtin_memcpy(&pair, values, sizeof(pair));
    sum = (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)words, (__m512bh)_mm512_set1_epi32(pair));
#else
    Lanes parts[2];
    split(words, parts);
    sum += parts[0] * single(values[0]) + parts[1] * single(values[1]);
#endif
  }
  INLINE void join(const Lanes *parts, Lanes &words) {
    words = (Lanes)((((Bits)parts[0] + 0x8000) >> 16) | (((Bits)parts[1] + 0x8000) & 0xffff0000));
  }
  INLINE void split(const Lanes &words, Lanes *parts) {
    parts[0] = (Lanes)((Bits)words << 16);
    parts[1] = (Lanes)((Bits)words & 0xffff0000);
  }
};

#ifdef WIDE
// x <- x * gate(x). Permutations and additions run beside multiply-adds, of which there are few, so that a
// convolution's go on meanwhile. Made before a loop, it keeps the pieces in registers.
template <typename Pieces>
struct Gate {
  static constexpr int degree = Pieces::degree;
  __m512 low[degree + 1], high[degree + 1];
  __m512i limit;

  INLINE_METHOD explicit Gate(const Pieces &pieces) {
#pragma clang loop unroll(full)
    for (int i = 0; i <= degree; i++) {
      low[i] = _mm512_load_ps(pieces.factors[i]);
      high[i] = _mm512_load_ps(pieces.factors[i] + 16);
    }
    limit = _mm512_set1_epi32(pieces.limit);
  }

  INLINE_METHOD void operator()(Lanes &x) const {
    const __m512i size = _mm512_and_si512((__m512i)x, _mm512_set1_epi32(0x7fffffff));
    const __m512 a = (__m512)_mm512_min_epu32(size, limit), magic = _mm512_set1_ps(Pieces::magic);
    // Rounded to a multiple of the pieces' width, which one is in the last bits.
    const __m512 shifted = _mm512_add_ps(a, magic);
    const __m512 r = Pieces::is_centred ? _mm512_sub_ps(a, _mm512_sub_ps(shifted, magic)) : a;
    __m512 p = _mm512_permutex2var_ps(low[degree], (__m512i)shifted, high[degree]);
#pragma clang loop unroll(full)
    for (int i = degree - 1; i >= 0; i--)
      p = _mm512_fmadd_ps(p, r, _mm512_permutex2var_ps(low[i], (__m512i)shifted, high[i]));
    x = (Lanes)_mm512_fmadd_ps((__m512)size, p, _mm512_mul_ps((__m512)x, _mm512_set1_ps(0.5f)));
  }
};

template <typename Number>
struct Swish : Gate<typename Number::Sigmoid> {
  INLINE_METHOD Swish() : Gate<typename Number::Sigmoid>(sigmoid_pieces<Number::Sigmoid::degree>) {}
};
#else
template <typename Pieces>
struct Gate {
  const Pieces &pieces;

  INLINE_METHOD explicit Gate(const Pieces &pieces) : pieces(pieces) {}

  INLINE_METHOD void operator()(Lanes &x) const {
    for (int lane = 0; lane < 16; lane++) {
      const float size = __builtin_fabsf(x[lane]), last = (Pieces::count - 1) * Pieces::width;
      const int piece = static_cast<int>((size < last ? size : last) / Pieces::width + 0.5f);
      const float r = size - (Pieces::is_centred ? static_cast<float>(piece) * Pieces::width : 0);
      float p = pieces.factors[Pieces::degree][piece];
      for (int i = Pieces::degree - 1; i >= 0; i--) p = p * r + pieces.factors[i][piece];
      x[lane] = x[lane] * 0.5f + size * p;
    }
  }
};

template <typename Number>
struct Swish {
  INLINE_METHOD void operator()(Lanes &x) const {
    Lanes power = -x;
    exponential(power);
    x *= 1.0f / (1.0f + power);
  }
};
#endif

INLINE void sigmoid(Lanes &x) {
  x = -x;
  exponential(x);
  x = 1.0f / (1.0f + x);
}

template <typename Number>
INLINE void activate(Lanes &x, int activation) {
  if (activation == CT_ACT_SILU) return Swish<Number>()(x);
  if (activation != CT_ACT_NONE) x = __builtin_elementwise_max(x, SPLAT(0));
  if (activation == CT_ACT_RELU6) x = __builtin_elementwise_min(x, SPLAT(6));
}
