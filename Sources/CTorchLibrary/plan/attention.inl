// Attention; a part of kernels.inl. Sixteen queries stand in the lanes, so that scores, their maxima and their sums
// need nothing from other lanes. Both products take words of Number::joined values: of a head's numbers for the
// scores, of the places' probabilities and values for the result.

template <typename Number>
INLINE void load_some(const typename Number::Type *from, int64_t count, Lanes &x) {
  if (count >= 16) return Number::load(from, x);
  typename Number::Type few[16] = {};
  for (int64_t i = 0; i < count; i++) few[i] = from[i];
  Number::load(few, x);
}

template <typename Number>
INLINE void store_some(typename Number::Type *to, int64_t count, const Lanes &x) {
  if (count >= 16) return Number::store(to, x);
  typename Number::Type few[16];
  Number::store(few, x);
  for (int64_t i = 0; i < count; i++) to[i] = few[i];
}

// e^x to 3e-7, of numbers up to 88; far below 0 it vanishes.
INLINE void power(Lanes &x) {
#ifdef WIDE
  const Lanes y = x * 1.44269504f, whole = (Lanes)_mm512_roundscale_ps((__m512)y, _MM_FROUND_TO_NEAREST_INT);
  const Lanes r = y - whole;
  Lanes p = SPLAT(1.32765e-3f) * r + 9.67554e-3f;
  p = p * r + 5.550713e-2f;
  p = p * r + 2.4022120e-1f;
  p = p * r + 6.9314697e-1f;
  p = p * r + 1.0f;
  x = (Lanes)_mm512_scalef_ps((__m512)p, (__m512)whole);
#else
  exponential(x);
#endif
}

// How many sums of vectors grow side by side.
constexpr int several = BLOCK == 16 ? 8 : 4;

// sums[r] = the words at left[r], `step` values apart, times the vectors at `right`.
template <typename Number>
INLINE void multiply_words(const typename Number::Type *const *left, int64_t step, const float *right, int64_t words,
                           Lanes *sums) {
  Lanes own[several] = {};
  for (int64_t i = 0; i < words; i++) {
    const Lanes column = *reinterpret_cast<const Lanes *>(right + i * 16);
#pragma clang loop unroll(full)
    for (int r = 0; r < several; r++) Number::dot(own[r], column, left[r] + i * step);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < several; r++) sums[r] = own[r];
}

// The words of up to 16 rows of `size` values, one row per lane.
template <typename Number>
INLINE void load_columns(const typename Number::Type *from, int64_t rows, int64_t stride, int64_t size, float *to) {
  constexpr int64_t most = 16 * Number::joined;
  for (int64_t i = 0; i < size; i += most, to += 256) {
    const int64_t count = size - i < most ? size - i : most;
    Simd<float, 64>::Vector square[16] = {};
    for (int64_t r = 0; r < rows; r++) {
      const typename Number::Type *const row = from + r * stride + i;
      if (count == most) __builtin_memcpy(&square[r], row, sizeof(square[r]));
      else __builtin_memcpy(&square[r], row, static_cast<size_t>(count) * sizeof(*row));
    }
    Simd<float, 64>::transpose(square);
    __builtin_memcpy(to, square, sizeof(square));
  }
}

// Every 16 columns of the values in turn, as the words of places that follow one another; zeros fill up.
template <typename Number>
INLINE void load_values(const Attention &a, const typename Number::Type *from, float *to) {
  for (int64_t i = 0; i < a.size; i += 16)
    for (int64_t t = 0; t < a.time; t += Number::joined, to += 16) {
      Lanes rows[Number::joined] = {}, words;
      for (int64_t r = 0; r < Number::joined && t + r < a.time; r++)
        load_some<Number>(from + (t + r) * a.stride + i, a.size - i, rows[r]);
      Number::join(rows, words);
      Single::store(to, words);
    }
}

// The powers of `seen` rows of scores, of each lane less its highest, in words; and one over their sums. Lane i sees
// the rows up to `diagonal` + i.
template <typename Number>
INLINE void soften(float *scores, int64_t seen, int64_t diagonal, float scale, Lanes &share) {
  const Ints lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const int64_t padded = (seen + Number::joined - 1) / Number::joined * Number::joined;
  const auto row = [&](int64_t t) __attribute__((always_inline)) -> Lanes & {
    return *reinterpret_cast<Lanes *>(scores + t * 16);
  };
  for (int64_t t = diagonal + 1; t < seen; t++)
    row(t) = lanes < static_cast<int32_t>(t - diagonal) ? SPLAT(-1e30f) : row(t);
  for (int64_t t = seen; t < padded; t++) row(t) = SPLAT(-1e30f);
  Lanes top = row(0);
  for (int64_t t = 1; t < seen; t++) top = top < row(t) ? row(t) : top;
  Lanes sum = {};
  for (int64_t t = 0; t < padded; t += Number::joined) {
    Lanes powers[Number::joined];
#pragma clang loop unroll(full)
    for (int r = 0; r < Number::joined; r++) {
      powers[r] = (row(t + r) - top) * scale;
      power(powers[r]);
      sum += powers[r];
    }
    Number::join(powers, row(t / Number::joined));
  }
  share = 1.0f / sum;
}

// softmax(Q K^T * scale) V of one head of one sentence.
template <typename Number>
void attend_head(const Attention &a, const void *query, const void *key, const void *value, void *result,
                 float *scratch) {
  typedef typename Number::Type Type;
  constexpr int joined = Number::joined;
  const int64_t words = (a.size + joined - 1) / joined, pairs = (a.time + joined - 1) / joined;
  float *const queries = scratch, *const scores = queries + 16 * rounded16(a.size);
  float *const values = scores + 16 * rounded16(a.time);
  const Type *left[several];
  Lanes products[several], share;
  load_values<Number>(a, static_cast<const Type *>(value), values);
  for (int64_t first = 0; first < a.time; first += 16) {
    const int64_t rows = a.time - first < 16 ? a.time - first : 16, seen = a.causal ? first + rows : a.time;
    load_columns<Number>(static_cast<const Type *>(query) + first * a.stride, rows, a.stride, a.size, queries);
    for (int64_t t = 0; t < seen; t += several) {
      for (int r = 0; r < several; r++)
        left[r] = static_cast<const Type *>(key) + (t + r < seen ? t + r : seen - 1) * a.stride;
      multiply_words<Number>(left, joined, queries, words, products);
#pragma clang loop unroll(full)
      for (int r = 0; r < several; r++) Single::store(scores + (t + r) * 16, products[r]);
    }
    soften<Number>(scores, seen, a.causal ? first : seen, a.scale, share);
    for (int64_t r = 0; r < rows; r += several) {
      for (int i = 0; i < several; i++) left[i] = reinterpret_cast<const Type *>(scores + r + i);
      for (int64_t i = 0; i < a.size; i += 16) {
        multiply_words<Number>(left, 16 * joined, values + i * pairs, (seen + joined - 1) / joined, products);
#pragma clang loop unroll(full)
        for (int k = 0; k < several; k++)
          if (r + k < rows)
            store_some<Number>(static_cast<Type *>(result) + (first + r + k) * a.result_stride + i, a.size - i,
                               products[k] * share[r + k]);
      }
    }
  }
}
