// Normalisation and GELU; a part of kernels.inl.

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

// A vector of words at a time: what alternates in memory is worked on together, so nothing moves between lanes.
template <typename Number>
void gelu_values(void *x, int64_t count, const GeluPieces &pieces) {
  typedef typename Number::Type Type;
  constexpr int64_t step = 16 * Number::joined;
  const Gate<GeluPieces> gate(pieces);
  const auto one = [&](void *at) __attribute__((always_inline)) {
    Lanes words, parts[Number::joined];
    __builtin_memcpy(&words, at, sizeof(words));
    Number::split(words, parts);
#pragma clang loop unroll(full)
    for (int i = 0; i < Number::joined; i++) gate(parts[i]);
    Number::join(parts, words);
    __builtin_memcpy(at, &words, sizeof(words));
  };
  auto values = static_cast<Type *>(x);
  int64_t i = 0;
  for (; i + step <= count; i += step) one(values + i);
  if (i == count) return;
  Type rest[step] = {};
  __builtin_memcpy(rest, values + i, static_cast<size_t>(count - i) * sizeof(Type));
  one(rest);
  __builtin_memcpy(values + i, rest, static_cast<size_t>(count - i) * sizeof(Type));
}
