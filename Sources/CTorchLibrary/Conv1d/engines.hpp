// The two ways to compute a 1-D convolution of stride 1, and what each costs.
#pragma once
#include "../parallel.hpp"
#include "rows.hpp"

namespace ct {

/// What a backward pass is to fill; null where not wanted. dx [N, Ci, L], dw [Co, Ci, K], db [Co].
template <class T>
struct Conv1dGradients {
  T *dx, *dw, *db;
};

/// Register-blocked products along the sequence: best for short kernels or few channels.
/// - Padding must be less than the kernel.
template <class T>
void direct_forward(const Conv1dShape &s, const T *x, const T *w, const RowSink<T> &sink, int threads);
template <class T>
void direct_backward(const Conv1dShape &s, const T *x, const T *w, const RowSource<T> &g, Conv1dGradients<T> out,
                     int threads);

/// Products per frequency, as real matrix products: best for long kernels over many channels.
/// - Parameter bytes: working memory aimed at.
template <class T>
void fft_forward(const Conv1dShape &s, const T *x, const T *w, const RowSink<T> &sink, int threads, int64_t bytes);
template <class T>
void fft_backward(const Conv1dShape &s, const T *x, const T *w, const RowSource<T> &g, Conv1dGradients<T> out,
                  int threads, int64_t bytes);

/// Expected seconds of one forward pass on one core (f32); backward takes about twice as much.
double direct_cost(const Conv1dShape &s);
double fft_cost(const Conv1dShape &s);

}  // namespace ct
