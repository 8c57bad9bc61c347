// Convolution by Fourier transforms: one matrix product over the channels per frequency.
//
// A row is cut into tiles that overlap by the kernel (overlap-save forward, overlap-add for the gradient of the input);
// two tiles of two items travel as real and imaginary part of one transform, a vector of channels at a time. Items and
// output channels are processed in blocks, so that memory is bounded.
#include "engines.hpp"
#include "gemm.hpp"
#include "spectra.hpp"

namespace ct {
namespace {

CT_PER_ISA(analyse, analyse_body,
           (const FourierPlan<T> &plan, const SegmentPair<T> &s, Operand kind, const Spectra<T> &to, int64_t row,
            int64_t second_row, int64_t column, const FourierScratch<T> &scratch),
           (plan, s, kind, to, row, second_row, column, scratch))
CT_PER_ISA(synthesise, synthesise_body,
           (const FourierPlan<T> &plan, const Spectra<T> &from, int64_t row, int64_t second_row, int64_t column,
            int64_t count, T *const *out, int64_t pitch, int64_t length, bool adds, const FourierScratch<T> &scratch),
           (plan, from, row, second_row, column, count, out, pitch, length, adds, scratch))

template <class T, int>
CT_INLINE void put_rows_body(const RowSink<T> &sink, int64_t n, int64_t c, int64_t count, const T *rows, int64_t pitch) {
  for (int64_t r = 0; r < count; r++) sink.put(n, c + r, rows + r * pitch);
}
CT_PER_ISA(put_rows, put_rows_body,
           (const RowSink<T> &sink, int64_t n, int64_t c, int64_t count, const T *rows, int64_t pitch),
           (sink, n, c, count, rows, pitch))

template <class T, int>
CT_INLINE void get_rows_body(const RowSource<T> &g, int64_t n, int64_t c, int64_t count, T *rows, int64_t pitch, T *sums) {
  for (int64_t r = 0; r < count; r++) {
    g.get(n, c + r, rows + r * pitch);
    if (!sums) continue;
    T part[16] = {};  // 16 running sums, so that the compiler may use vectors
    int64_t i = 0;
    for (; i + 16 <= g.length; i += 16)
      for (int k = 0; k < 16; k++) part[k] += rows[r * pitch + i + k];
    for (; i < g.length; i++) part[0] += rows[r * pitch + i];
    for (int k = 0; k < 16; k++) sums[r] += part[k];
  }
}
CT_PER_ISA(get_rows, get_rows_body,
           (const RowSource<T> &g, int64_t n, int64_t c, int64_t count, T *rows, int64_t pitch, T *sums),
           (g, n, c, count, rows, pitch, sums))

template <class T>
int64_t lanes() {
  switch (isa()) {
    case Isa::avx512: return 64 / sizeof(T);
    case Isa::avx2: return 32 / sizeof(T);
    case Isa::baseline: return 16 / sizeof(T);
  }
  return 1;
}

/// Transform size, outputs a tile yields, tiles of a row.
struct Tiling {
  int64_t size, hop, tiles;
  int64_t frequencies() const { return size / 2 + 1; }
};

struct Cost {
  double seconds;
  Tiling tiling;
};

/// Rates of one core, measured where this was written; only their proportions decide.
Cost cost_of(const Conv1dShape &s, int64_t size) {
  Tiling t{size, size - s.kernel + 1, 0};
  t.tiles = (s.out() + t.hop - 1) / t.hop;
  auto blocks = [](int64_t channels) { return double((channels + 15) / 16 * 16); };
  double segments = double(s.batch) * t.tiles, frequencies = double(t.frequencies());
  double products = 6 * frequencies * segments * s.inputs * s.outputs;
  double points = size * (segments * (blocks(s.inputs) + blocks(s.outputs)) + s.outputs * blocks(s.inputs));
  double values = 6 * frequencies * (segments * (s.inputs + s.outputs) + double(s.inputs) * s.outputs);
  return {products / 150e9 + points * std::log2(double(size)) / 12e9 + values * 4 / 8e9, t};
}

Cost best_tiling(const Conv1dShape &s) {
  Cost best{0, {0, 0, 0}};
  for (int64_t size = 2; size < 4 * (s.out() + 2 * s.kernel); size += 2) {
    if (size < s.kernel || !FourierPlan<float>::fits(size)) continue;
    auto cost = cost_of(s, size);
    if (best.tiling.size == 0 || cost.seconds < best.seconds) best = cost;
    if (cost.tiling.tiles == 1) break;  // larger ones only cost more
  }
  return best;
}

/// One convolution: its tiling and the blocks it is processed in.
template <class T>
struct Engine {
  const Conv1dShape s;
  const Tiling tiling;
  const FourierPlan<T> plan;
  const int threads;
  const int64_t width = lanes<T>();
  const int64_t pitch = (tiling.tiles - 1) * tiling.hop + tiling.size + 16;
  int64_t items, channels;  // of a block: batch entries, output channels
  std::vector<FourierScratch<T>> scratch;
  std::vector<std::vector<T>> rows;  // per thread, two blocks of `width` rows
  std::vector<std::vector<const T *>> pointers;

  Engine(const Conv1dShape &s, int threads, int64_t bytes, bool both)
      : s(s), tiling(best_tiling(s).tiling), plan(tiling.size), threads(threads), items(s.batch), channels(s.outputs) {
    double unit = 3.0 * sizeof(T) * tiling.frequencies();
    for (;;) {
      double per_block = unit * channels * (items * tiling.tiles + (both ? 2 : 1) * s.inputs);
      double inputs = unit * items * tiling.tiles * s.inputs * (both ? 2 : 1);
      if (per_block + inputs <= double(bytes)) break;
      if (channels > 32 && (per_block >= inputs || items <= 8)) channels = (channels / 2 + 15) / 16 * 16;
      else if (items > 8) items = (items + 1) / 2;
      else break;
    }
    for (int t = 0; t < threads; t++) {
      scratch.emplace_back(tiling.size);
      rows.emplace_back(2 * width * pitch);
      pointers.emplace_back(2 * width);
    }
  }

  T *room(int thread, int half) { return rows[thread].data() + half * width * pitch; }

  /// `read(row, channel, count, thread, half, pointers)` says where `count` rows lie; every pair of rows of every block
  /// of channels is analysed, tile by tile.
  template <class Read>
  void analyse_all(int64_t count, int64_t columns, int64_t tiles, int64_t start, int64_t length, int64_t row_length,
                   Operand kind, const Spectra<T> &to, const Read &read) {
    int64_t blocks = (columns + width - 1) / width;
    parallel((count + 1) / 2 * blocks, threads, [&](int64_t task, int thread) {
      int64_t n = task / blocks * 2, c = task % blocks * width;
      const T **at = pointers[thread].data();
      SegmentPair<T> pair{{at, n + 1 < count ? at + width : nullptr}, std::min(width, columns - c), 0, length, row_length};
      for (int half = 0; half < (n + 1 < count ? 2 : 1); half++) read(n + half, c, pair.count, thread, half, at + half * width);
      for (int64_t t = 0; t < tiles; t++) {
        pair.start = t * tiling.hop + start;
        analyse(plan, pair, kind, to, n * tiles + t, (n + 1) * tiles + t, c, scratch[thread]);
      }
    });
  }

  void analyse_input(const T *x, int64_t first, int64_t count, const Spectra<T> &to) {
    analyse_all(count, s.inputs, tiling.tiles, -s.left, tiling.size, s.length, Operand::left, to,
                [&](int64_t n, int64_t c, int64_t rows, int, int, const T **at) {
                  for (int64_t r = 0; r < rows; r++) at[r] = x + ((first + n) * s.inputs + c + r) * s.length;
                });
  }

  void analyse_weights(const T *w, int64_t first, int64_t count, Operand kind, const Spectra<T> &to) {
    analyse_all(count, s.inputs, 1, 0, s.kernel, s.kernel, kind, to,
                [&](int64_t co, int64_t c, int64_t rows, int, int, const T **at) {
                  for (int64_t r = 0; r < rows; r++) at[r] = w + ((first + co) * s.inputs + c + r) * s.kernel;
                });
  }

  /// `sums` (nullable) receives the sum of every row, [N, Co].
  void analyse_gradient(const RowSource<T> &g, int64_t item, int64_t count, int64_t channel, T *sums, const Spectra<T> &to) {
    analyse_all(count, to.columns, tiling.tiles, 0, tiling.hop, s.out(), Operand::right, to,
                [&](int64_t n, int64_t c, int64_t rows, int thread, int half, const T **at) {
                  T *into = room(thread, half);
                  T *total = sums ? sums + (item + n) * s.outputs + channel + c : nullptr;
                  get_rows(g, item + n, channel + c, rows, into, pitch, total);
                  for (int64_t r = 0; r < rows; r++) at[r] = into + r * pitch;
                });
  }

  /// Calls `take(row, channel, count, rows)` with finished rows; `adds`: tiles overlap and are summed.
  template <class Take>
  void synthesise_all(const Spectra<T> &from, int64_t count, int64_t length, bool adds, const Take &take) {
    int64_t blocks = (from.columns + width - 1) / width;
    parallel((count + 1) / 2 * blocks, threads, [&](int64_t task, int thread) {
      int64_t n = task / blocks * 2, c = task % blocks * width, channels = std::min(width, from.columns - c);
      bool pair = n + 1 < count;
      if (adds) std::fill(rows[thread].begin(), rows[thread].end(), T(0));
      for (int64_t t = 0; t < tiling.tiles; t++) {
        T *out[2] = {room(thread, 0) + t * tiling.hop, pair ? room(thread, 1) + t * tiling.hop : nullptr};
        int64_t piece = adds ? tiling.size : std::min(tiling.hop, length - t * tiling.hop);
        synthesise(plan, from, n * tiling.tiles + t, (n + 1) * tiling.tiles + t, c, channels, out, pitch, piece, adds,
                   scratch[thread]);
      }
      for (int half = 0; half < (pair ? 2 : 1); half++) take(n + half, c, channels, room(thread, half));
    });
  }

  /// Adds the first `kernel` lags of a product [Co block, Ci] to dw.
  void add_weights(const Spectra<T> &from, int64_t first, T *dw) {
    int64_t blocks = (s.inputs + width - 1) / width;
    parallel((from.rows + 1) / 2 * blocks, threads, [&](int64_t task, int thread) {
      int64_t co = task / blocks * 2, c = task % blocks * width;
      T *to = dw + ((first + co) * s.inputs + c) * s.kernel;
      T *out[2] = {to, co + 1 < from.rows ? to + s.inputs * s.kernel : nullptr};
      synthesise(plan, from, co, co + 1, c, std::min(width, s.inputs - c), out, s.kernel, s.kernel, true, scratch[thread]);
    });
  }

  /// One product per frequency and part; `left` and `right` say which part of which operand.
  template <class A, class B>
  void multiply(const A &a, const B &b, bool accumulate, const Spectra<T> &c) {
    SingleThreadedBlas alone;
    parallel(tiling.frequencies(), SingleThreadedBlas::callers(threads), [&](int64_t f, int) {
      for (int part = 0; part < 3; part++)
        gemm<T>(a(f, part), b(f, part), accumulate ? T(1) : T(0), {c.plane(f, part), c.rows, c.columns});
    });
  }
};

/// Part `table[part]` of an operand at each frequency.
template <class T>
auto operand(const Spectra<T> &of, std::array<int, 3> table, bool transposed = false) {
  return [&of, table, transposed](int64_t f, int part) {
    return Matrix<const T>{of.plane(f, table[part]), of.rows, of.columns, transposed};
  };
}

// Which planes make P1, P2, P3 (see Operand): the left operand's, the right one's, and the conjugated right one's.
constexpr std::array<int, 3> left_parts{2, 1, 0}, right_parts{0, 1, 2}, conjugate_parts{0, 2, 1};

}  // namespace

template <class T>
void fft_forward(const Conv1dShape &s, const T *x, const T *w, const RowSink<T> &sink, int threads, int64_t bytes) {
  Engine<T> engine(s, threads, bytes, false);
  int64_t frequencies = engine.tiling.frequencies(), tiles = engine.tiling.tiles;
  for (int64_t n = 0; n < s.batch; n += engine.items) {
    int64_t items = std::min(engine.items, s.batch - n);
    Spectra<T> input(frequencies, items * tiles, s.inputs);
    engine.analyse_input(x, n, items, input);
    for (int64_t co = 0; co < s.outputs; co += engine.channels) {
      int64_t channels = std::min(engine.channels, s.outputs - co);
      Spectra<T> weights(frequencies, channels, s.inputs), product(frequencies, items * tiles, channels);
      engine.analyse_weights(w, co, channels, Operand::right, weights);
      engine.multiply(operand(input, left_parts), operand(weights, conjugate_parts, true), false, product);
      engine.synthesise_all(product, items, s.out(), false, [&](int64_t i, int64_t c, int64_t count, T *rows) {
        put_rows(sink, n + i, co + c, count, static_cast<const T *>(rows), engine.pitch);
      });
    }
  }
}

template <class T>
void fft_backward(const Conv1dShape &s, const T *x, const T *w, const RowSource<T> &g, Conv1dGradients<T> out,
                  int threads, int64_t bytes) {
  Engine<T> engine(s, threads, bytes, true);
  int64_t frequencies = engine.tiling.frequencies(), tiles = engine.tiling.tiles;
  std::vector<T> sums(out.db ? s.batch * s.outputs : 0);
  for (int64_t n = 0; n < s.batch; n += engine.items) {
    int64_t items = std::min(engine.items, s.batch - n);
    Spectra<T> input(out.dw ? frequencies : 0, items * tiles, s.inputs);
    Spectra<T> slope(out.dx ? frequencies : 0, items * tiles, s.inputs);
    if (out.dw) engine.analyse_input(x, n, items, input);
    for (int64_t co = 0; co < s.outputs; co += engine.channels) {
      int64_t channels = std::min(engine.channels, s.outputs - co);
      Spectra<T> gradient(frequencies, items * tiles, channels), weights(frequencies, channels, s.inputs);
      engine.analyse_gradient(g, n, items, co, out.db ? sums.data() : nullptr, gradient);
      if (out.dx) {
        engine.analyse_weights(w, co, channels, Operand::left, weights);
        engine.multiply(operand(gradient, right_parts), operand(weights, left_parts), co > 0, slope);
      }
      if (out.dw) {  // the weights' room serves their gradient
        engine.multiply(operand(gradient, conjugate_parts, true), operand(input, left_parts), false, weights);
        engine.add_weights(weights, co, out.dw);
      }
    }
    if (!out.dx) continue;
    engine.synthesise_all(slope, items, s.length, true, [&](int64_t i, int64_t c, int64_t count, T *rows) {
      for (int64_t r = 0; r < count; r++)
        std::memcpy(out.dx + ((n + i) * s.inputs + c + r) * s.length, rows + r * engine.pitch + s.left, s.length * sizeof(T));
    });
  }
  if (out.db)
    for (int64_t n = 0; n < s.batch; n++)
      for (int64_t c = 0; c < s.outputs; c++) out.db[c] += sums[n * s.outputs + c];
}

double fft_cost(const Conv1dShape &s) { return best_tiling(s).seconds; }

#define CT_INSTANTIATE(T)                                                                                                \
  template void fft_forward<T>(const Conv1dShape &, const T *, const T *, const RowSink<T> &, int, int64_t);             \
  template void fft_backward<T>(const Conv1dShape &, const T *, const T *, const RowSource<T> &, Conv1dGradients<T>, int, \
                                int64_t);
CT_INSTANTIATE(float)
CT_INSTANTIATE(double)

}  // namespace ct
