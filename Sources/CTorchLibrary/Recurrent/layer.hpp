// One layer of a recurrent network in one direction, on a CPU.
#pragma once
#include "gates.hpp"

#include <ATen/ATen.h>
#include <vector>

namespace ct {

/// Rows of all steps one after the other: step t holds the first `sizes[t]` sequences, never more than step t − 1.
struct Steps {
  std::vector<int64_t> sizes, starts;  // starts[t]: the first row of step t
  int64_t rows = 0;

  explicit Steps(std::vector<int64_t> sizes);
};

struct RecurrentWeights {
  at::Tensor inputs, state;            // [G·H, D], [G·H, H]
  at::Tensor input_bias, state_bias;   // [G·H] or undefined
};

struct RecurrentStates {
  at::Tensor outputs;  // [rows, H]
  at::Tensor last;     // [N, H], of each sequence's last step in this direction
  at::Tensor cell;     // [N, H]; LSTM
};

/// Differentiable; sums and states are float32. `reduced`: the products' factors are rounded to bfloat16.
RecurrentStates recurrent_layer(Cell cell, const at::Tensor &x, const RecurrentWeights &weights, const Steps &steps,
                                bool reversed, bool reduced);

}  // namespace ct
