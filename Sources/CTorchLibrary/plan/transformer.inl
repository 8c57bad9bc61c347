// Normalisation and attention; a part of kernels.inl.

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
