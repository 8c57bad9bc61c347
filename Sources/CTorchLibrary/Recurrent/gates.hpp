// What happens between the products of a recurrent step: the gates of one row, and their gradients.
#pragma once
#include "../simd.hpp"

namespace ct {

enum class Cell { rnn = 1, gru = 3, lstm = 4 };

inline int64_t gates_of(Cell cell) { return static_cast<int64_t>(cell); }

template <class V>
CT_INLINE void sigmoid(V &x) {
  x = -x;
  exponential(x);
  x = 1.0f / (1.0f + x);
}

template <class V>
CT_INLINE void hyperbolic_tangent(V &x) {
  x = x * 2.0f;
  sigmoid(x);
  x = x * 2.0f - 1.0f;
}

/// One row of one step. `H` values each, gates one after the other as PyTorch orders them.
struct GateRow {
  float *gates;          // [G·H] the input's part; becomes the gates' values
  const float *product;  // [G·H] the state's part
  float *state;          // [H] hₜ₋₁, becomes hₜ
  float *cell;           // [H] cₜ₋₁, becomes cₜ (LSTM)
  float *candidate;      // [H] receives the state's part of n (GRU)
  float *output;         // [H] receives hₜ
};

/// The same row on the way back.
struct GateGradientRow {
  const float *gates, *candidate, *before, *cell_before;  // what the step had: before = hₜ₋₁, cell_before = cₜ₋₁
  const float *output;                                     // [H] gradient that comes from outside, or null
  float *state;  // [H] gradient of hₜ, becomes the part of hₜ₋₁'s that does not pass through the product
  float *cell;   // [H] gradient of cₜ, becomes cₜ₋₁'s (LSTM)
  float *inputs, *product;  // [G·H] receive the gradients of both parts; the same place where they are equal
};

template <class S>
struct GateSteps {
  using V = typename S::Vector;

  static CT_INLINE void get(V &v, const float *from, int64_t i) { S::load(v, from + i); }
  static CT_INLINE void put(float *to, int64_t i, const V &v) { S::store(to + i, v); }
  /// Both parts of a gate together.
  static CT_INLINE void joined(V &v, const GateRow &r, int64_t i) {
    V other;
    get(v, r.gates, i), get(other, r.product, i);
    v += other;
  }

  static CT_INLINE void rnn(const GateRow &r, int64_t i, int64_t) {
    V h;
    joined(h, r, i);
    hyperbolic_tangent(h);
    put(r.gates, i, h), put(r.state, i, h), put(r.output, i, h);
  }

  static CT_INLINE void gru(const GateRow &row, int64_t i, int64_t H) {
    V r, z, n, part, h;
    joined(r, row, i), joined(z, row, H + i);
    get(n, row.gates, 2 * H + i), get(part, row.product, 2 * H + i), get(h, row.state, i);
    sigmoid(r), sigmoid(z);
    n += r * part;
    hyperbolic_tangent(n);
    h = n + z * (h - n);
    put(row.gates, i, r), put(row.gates, H + i, z), put(row.gates, 2 * H + i, n), put(row.candidate, i, part);
    put(row.state, i, h), put(row.output, i, h);
  }

  static CT_INLINE void lstm(const GateRow &r, int64_t k, int64_t H) {
    V i, f, g, o, c;
    joined(i, r, k), joined(f, r, H + k), joined(g, r, 2 * H + k), joined(o, r, 3 * H + k), get(c, r.cell, k);
    sigmoid(i), sigmoid(f), hyperbolic_tangent(g), sigmoid(o);
    c = f * c + i * g;
    put(r.gates, k, i), put(r.gates, H + k, f), put(r.gates, 2 * H + k, g), put(r.gates, 3 * H + k, o);
    put(r.cell, k, c);
    hyperbolic_tangent(c);
    c *= o;
    put(r.state, k, c), put(r.output, k, c);
  }

  /// The gradient of hₜ, with what comes from outside.
  static CT_INLINE void arriving(V &d, const GateGradientRow &r, int64_t i) {
    get(d, r.state, i);
    if (!r.output) return;
    V outside;
    get(outside, r.output, i);
    d += outside;
  }

  static CT_INLINE void rnn_back(const GateGradientRow &r, int64_t i, int64_t) {
    V d, h;
    arriving(d, r, i), get(h, r.gates, i);
    d *= 1.0f - h * h;
    put(r.inputs, i, d), put(r.state, i, V{});
  }

  static CT_INLINE void gru_back(const GateGradientRow &row, int64_t i, int64_t H) {
    V d, r, z, n, part, h;
    arriving(d, row, i), get(r, row.gates, i), get(z, row.gates, H + i), get(n, row.gates, 2 * H + i);
    get(part, row.candidate, i), get(h, row.before, i);
    const V dn = d * (1.0f - z) * (1.0f - n * n), dz = d * (h - n) * z * (1.0f - z), dr = dn * part * r * (1.0f - r);
    put(row.inputs, i, dr), put(row.inputs, H + i, dz), put(row.inputs, 2 * H + i, dn);
    put(row.product, i, dr), put(row.product, H + i, dz), put(row.product, 2 * H + i, dn * r);
    put(row.state, i, d * z);
  }

  static CT_INLINE void lstm_back(const GateGradientRow &r, int64_t k, int64_t H) {
    V d, i, f, g, o, c, dc;
    arriving(d, r, k), get(i, r.gates, k), get(f, r.gates, H + k), get(g, r.gates, 2 * H + k);
    get(o, r.gates, 3 * H + k), get(c, r.cell_before, k), get(dc, r.cell, k);
    V t = f * c + i * g;
    hyperbolic_tangent(t);
    dc += d * o * (1.0f - t * t);
    put(r.inputs, k, dc * g * i * (1.0f - i)), put(r.inputs, H + k, dc * c * f * (1.0f - f));
    put(r.inputs, 2 * H + k, dc * i * (1.0f - g * g)), put(r.inputs, 3 * H + k, d * t * o * (1.0f - o));
    put(r.cell, k, dc * f), put(r.state, k, V{});
  }

  static CT_INLINE void step(Cell cell, const GateRow &r, int64_t i, int64_t H) {
    if (cell == Cell::gru) gru(r, i, H);
    else if (cell == Cell::lstm) lstm(r, i, H);
    else rnn(r, i, H);
  }
  static CT_INLINE void step(Cell cell, const GateGradientRow &r, int64_t i, int64_t H) {
    if (cell == Cell::gru) gru_back(r, i, H);
    else if (cell == Cell::lstm) lstm_back(r, i, H);
    else rnn_back(r, i, H);
  }
};

template <class T, int Bytes, class Row>
CT_INLINE void gates_body(Cell cell, const Row &row, int64_t hidden) {
  using Wide = Simd<T, Bytes>;
  int64_t i = 0;
  for (; i + Wide::lanes <= hidden; i += Wide::lanes) GateSteps<Wide>::step(cell, row, i, hidden);
  for (; i < hidden; i++) GateSteps<Simd<T, sizeof(T)>>::step(cell, row, i, hidden);
}

CT_PER_ISA(run_gates, gates_body, (Cell cell, const GateRow &row, int64_t hidden), (cell, row, hidden))
CT_PER_ISA(run_gates_back, gates_body, (Cell cell, const GateGradientRow &row, int64_t hidden), (cell, row, hidden))

template <class T, int Bytes>
CT_INLINE void narrow_body(const T *from, uint16_t *to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = bfloat16_bits(from[i]);
}
CT_PER_ISA(narrow, narrow_body, (const T *from, uint16_t *to, int64_t count), (from, to, count))

}  // namespace ct
