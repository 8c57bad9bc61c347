// Direct 1-D convolution: a block of output channels times a few vectors of positions stays in registers.
#include "engines.hpp"

namespace ct {
namespace {

/// Output channels of a register block.
template <int Bytes>
constexpr int block_rows = Bytes == 64 ? 8 : 4;

int64_t packed_rows() { return isa() == Isa::avx512 ? block_rows<64> : block_rows<32>; }

constexpr int64_t slack = 64;  // elements past a row's end that a kernel may read: more than three vectors

/// `out[r][l] = Σ_ci Σ_j w[ci][j][r] · x[ci][l + j]` for Count vectors from position l on.
template <class T, int Bytes, int Count>
CT_INLINE void block(const T *x, int64_t pitch, const T *w, int64_t inputs, int64_t kernel, T *out, int64_t out_pitch) {
  using S = Simd<T, Bytes>;
  constexpr int rows = block_rows<Bytes>;
  typename S::Vector sum[rows][Count];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < Count; v++) sum[r][v] = typename S::Vector{};
  for (int64_t ci = 0; ci < inputs; ci++, x += pitch)
    for (int64_t j = 0; j < kernel; j++, w += rows) {
      typename S::Vector in[Count];
      for (int v = 0; v < Count; v++) S::load(in[v], x + j + v * S::lanes);
      for (int r = 0; r < rows; r++)
        for (int v = 0; v < Count; v++) sum[r][v] += w[r] * in[v];
    }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < Count; v++) S::store(out + r * out_pitch + v * S::lanes, sum[r][v]);
}

/// All positions of one block of output channels.
template <class T, int Bytes>
CT_INLINE void correlate_body(const T *x, int64_t pitch, const T *w, int64_t inputs, int64_t kernel, int64_t count,
                              T *out, int64_t out_pitch) {
  constexpr int lanes = Simd<T, Bytes>::lanes;
  int64_t l = 0;
  for (; count - l > 2 * lanes; l += 3 * lanes)
    block<T, Bytes, 3>(x + l, pitch, w, inputs, kernel, out + l, out_pitch);
  if (count - l > lanes) return block<T, Bytes, 2>(x + l, pitch, w, inputs, kernel, out + l, out_pitch);
  if (count > l) block<T, Bytes, 1>(x + l, pitch, w, inputs, kernel, out + l, out_pitch);
}
CT_PER_ISA(correlate, correlate_body,
           (const T *x, int64_t pitch, const T *w, int64_t inputs, int64_t kernel, int64_t count, T *out,
            int64_t out_pitch),
           (x, pitch, w, inputs, kernel, count, out, out_pitch))

/// dw[co][ci][j] += Σ_l g[co][l] · x[ci][l + j]; past the last of `count` positions a vector's worth of g is zero.
template <class T, int Bytes>
CT_INLINE void weights_body(const T *x, int64_t pitch, const T *g, int64_t g_pitch, const Conv1dShape &s, int64_t count,
                            T *dw) {
  using S = Simd<T, Bytes>;
  constexpr int rows = 4, taps = Bytes == 64 ? 4 : 2;
  static_assert(rows * taps % S::lanes == 0);
  for (int64_t co = 0; co < s.outputs; co += rows)
    for (int64_t ci = 0; ci < s.inputs; ci++)
      for (int64_t j = 0; j < s.kernel; j += taps) {
        typename S::Vector sum[rows * taps];
        for (auto &v : sum) v = typename S::Vector{};
        const T *in = x + ci * pitch + j, *from = g + co * g_pitch;
        for (int64_t l = 0; l < count; l += S::lanes) {
          typename S::Vector slope[rows];
          for (int r = 0; r < rows; r++) S::load(slope[r], from + r * g_pitch + l);
          for (int t = 0; t < taps; t++) {
            typename S::Vector v;
            S::load(v, in + l + t);
            for (int r = 0; r < rows; r++) sum[r * taps + t] += slope[r] * v;
          }
        }
        T totals[rows * taps];
        for (int i = 0; i < rows * taps; i += S::lanes) {
          S::transpose(sum + i);
          for (int k = 1; k < S::lanes; k++) sum[i] += sum[i + k];
          S::store(totals + i, sum[i]);
        }
        for (int r = 0; r < rows && co + r < s.outputs; r++)
          for (int t = 0; t < taps && j + t < s.kernel; t++)
            dw[((co + r) * s.inputs + ci) * s.kernel + j + t] += totals[r * taps + t];
      }
}
CT_PER_ISA(weights, weights_body,
           (const T *x, int64_t pitch, const T *g, int64_t g_pitch, const Conv1dShape &s, int64_t count, T *dw),
           (x, pitch, g, g_pitch, s, count, dw))

template <class T, int>
CT_INLINE void put_body(const RowSink<T> &sink, int64_t n, int64_t c, const T *row) { sink.put(n, c, row); }
CT_PER_ISA(put, put_body, (const RowSink<T> &sink, int64_t n, int64_t c, const T *row), (sink, n, c, row))

template <class T, int>
CT_INLINE void get_body(const RowSource<T> &source, int64_t n, int64_t c, T *row) { source.get(n, c, row); }
CT_PER_ISA(get, get_body, (const RowSource<T> &source, int64_t n, int64_t c, T *row), (source, n, c, row))

template <class T, int Bytes>
CT_INLINE void total_body(const T *row, int64_t count, T *out) {
  using S = Simd<T, Bytes>;
  typename S::Vector sum{};
  int64_t i = 0;
  for (; i + S::lanes <= count; i += S::lanes) {
    typename S::Vector v;
    S::load(v, row + i);
    sum += v;
  }
  T result = 0;
  for (int k = 0; k < S::lanes; k++) result += sum[k];
  for (; i < count; i++) result += row[i];
  *out += result;
}
CT_PER_ISA(total, total_body, (const T *row, int64_t count, T *out), (row, count, out))

/// Weights as `correlate` reads them: [outputs / rows][inputs][kernel][rows], zeros past the last output.
/// - Parameter transposed: with inputs and outputs exchanged and taps reversed, for the gradient of the input.
template <class T>
std::vector<T> pack(const Conv1dShape &s, const T *w, bool transposed) {
  int64_t rows = packed_rows(), outputs = transposed ? s.inputs : s.outputs, inputs = transposed ? s.outputs : s.inputs;
  std::vector<T> packed((outputs + rows - 1) / rows * rows * inputs * s.kernel);
  for (int64_t o = 0; o < outputs; o++)
    for (int64_t i = 0; i < inputs; i++)
      for (int64_t j = 0; j < s.kernel; j++)
        packed[((o / rows * inputs + i) * s.kernel + j) * rows + o % rows] =
            transposed ? w[(i * s.inputs + o) * s.kernel + s.kernel - 1 - j] : w[(o * s.inputs + i) * s.kernel + j];
  return packed;
}

/// Channels of several items as one row each, the items `stride` apart with zeros between them: a short sequence then
/// costs no more per position than a long one.
template <class T>
struct JoinedRows {
  int64_t before, stride, pitch;
  std::vector<T> data;
  JoinedRows(int64_t channels, int64_t items, int64_t before, int64_t stride)
      : before(before), stride(stride), pitch(before + items * stride + slack), data((channels + 4) * pitch) {}
  T *row(int64_t channel, int64_t item) { return data.data() + channel * pitch + before + item * stride; }
  T *start() { return data.data(); }
};

/// What a thread works in. Input and gradient have the same stride, M + K − 1: far enough apart that no kernel meets two
/// items, and position by position in step, as the gradient of the weights needs them.
template <class T>
struct DirectScratch {
  int64_t items;
  JoinedRows<T> input, slope;
  std::vector<T> result;
  int64_t pitch;

  DirectScratch(const Conv1dShape &s, int64_t items, bool both)
      : items(items),
        input(s.inputs, items, s.left, s.out() + s.kernel - 1),
        slope(both ? s.outputs : 0, both ? items : 0, s.kernel - 1 - s.left, s.out() + s.kernel - 1),
        pitch(items * input.stride + slack) {
    result.resize(packed_rows() * pitch);
  }

  /// Copies `count` items in; the room of those that are missing stays as it was and is not read.
  void read_input(const Conv1dShape &s, const T *x, int64_t first, int64_t count) {
    for (int64_t c = 0; c < s.inputs; c++)
      for (int64_t i = 0; i < count; i++)
        std::memcpy(input.row(c, i), x + ((first + i) * s.inputs + c) * s.length, s.length * sizeof(T));
  }
  /// Takes an earlier item's values out of the vector that follows the last of `count` items.
  void clear_slope(int64_t channels, int64_t count) {
    for (int64_t c = 0; c < channels; c++) std::fill_n(slope.row(c, count), std::min(slack, slope.stride), T(0));
  }
  /// Positions that `count` items take together.
  int64_t positions(int64_t count) const { return count * input.stride; }
};

/// Items joined: about 1,500 positions, which with 32 channels fill a quarter of an L2 cache.
int64_t joined_items(const Conv1dShape &s, int64_t most) {
  return std::clamp<int64_t>(1536 / (s.out() + s.kernel - 1), 1, std::max<int64_t>(most, 1));
}

}  // namespace

template <class T>
void direct_forward(const Conv1dShape &s, const T *x, const T *w, const RowSink<T> &sink, int threads) {
  auto packed = pack(s, w, false);
  int64_t rows = packed_rows(), joined = joined_items(s, (s.batch + threads - 1) / threads);
  std::vector<DirectScratch<T>> scratch(threads, DirectScratch<T>(s, joined, false));
  parallel((s.batch + joined - 1) / joined, threads, [&](int64_t task, int thread) {
    auto &t = scratch[thread];
    int64_t first = task * joined, count = std::min(joined, s.batch - first);
    t.read_input(s, x, first, count);
    for (int64_t co = 0; co < s.outputs; co += rows) {
      correlate(t.input.start(), t.input.pitch, packed.data() + co * s.inputs * s.kernel, s.inputs, s.kernel,
                t.positions(count) - s.kernel + 1, t.result.data(), t.pitch);
      for (int64_t r = 0; r < rows && co + r < s.outputs; r++)
        for (int64_t i = 0; i < count; i++)
          put(sink, first + i, co + r, t.result.data() + r * t.pitch + i * t.input.stride);
    }
  });
}

template <class T>
void direct_backward(const Conv1dShape &s, const T *x, const T *w, const RowSource<T> &g, Conv1dGradients<T> out,
                     int threads) {
  // A fixed number of partial sums, added up in order: the same bits for every number of threads.
  const int64_t groups = std::min<int64_t>(s.batch, 8), size = s.outputs * s.inputs * s.kernel;
  auto packed = out.dx ? pack(s, w, true) : std::vector<T>();
  int64_t rows = packed_rows(), joined = joined_items(s, s.batch / groups);
  std::vector<DirectScratch<T>> scratch(threads, DirectScratch<T>(s, joined, true));
  std::vector<std::vector<T>> dw(groups, std::vector<T>(out.dw ? size : 0));
  std::vector<std::vector<T>> db(groups, std::vector<T>(s.outputs));
  parallel(groups, threads, [&](int64_t group, int thread) {
    auto &t = scratch[thread];
    int64_t end = s.batch * (group + 1) / groups;
    for (int64_t first = s.batch * group / groups; first < end; first += joined) {
      int64_t count = std::min(joined, end - first);
      for (int64_t c = 0; c < s.outputs; c++)
        for (int64_t i = 0; i < count; i++) {
          get(g, first + i, c, t.slope.row(c, i));
          if (out.db) total(t.slope.row(c, i), s.out(), &db[group][c]);
        }
      if (count < t.items) t.clear_slope(s.outputs, count);
      if (out.dw) {
        t.read_input(s, x, first, count);
        weights(t.input.start(), t.input.pitch, t.slope.row(0, 0), t.slope.pitch, s, t.positions(count),
                dw[group].data());
      }
      if (!out.dx) continue;
      for (int64_t ci = 0; ci < s.inputs; ci += rows) {
        correlate(t.slope.start(), t.slope.pitch, packed.data() + ci * s.outputs * s.kernel, s.outputs, s.kernel,
                  t.positions(count) - s.left, t.result.data(), t.pitch);
        for (int64_t r = 0; r < rows && ci + r < s.inputs; r++)
          for (int64_t i = 0; i < count; i++)
            std::memcpy(out.dx + ((first + i) * s.inputs + ci + r) * s.length,
                        t.result.data() + r * t.pitch + i * t.slope.stride, s.length * sizeof(T));
      }
    }
  });
  for (int64_t group = 0; group < groups; group++) {
    if (out.dw)
      for (int64_t i = 0; i < size; i++) out.dw[i] += dw[group][i];
    if (out.db)
      for (int64_t c = 0; c < s.outputs; c++) out.db[c] += db[group][c];
  }
}

double direct_cost(const Conv1dShape &s) {
  double products = double(s.batch) * s.out() * s.outputs * s.inputs * s.kernel;
  return 2 * products / 120e9;
}

template void direct_forward<float>(const Conv1dShape &, const float *, const float *, const RowSink<float> &, int);
template void direct_forward<double>(const Conv1dShape &, const double *, const double *, const RowSink<double> &, int);
template void direct_backward<float>(const Conv1dShape &, const float *, const float *, const RowSource<float> &,
                                     Conv1dGradients<float>, int);
template void direct_backward<double>(const Conv1dShape &, const double *, const double *, const RowSource<double> &,
                                      Conv1dGradients<double>, int);

}  // namespace ct
