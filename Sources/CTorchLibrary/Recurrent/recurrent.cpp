// Recurrent networks: the own layers on a CPU, libtorch's elsewhere.
#include "../plan/onednn.hpp"
#include "../support.hpp"
#include "layer.hpp"

#include <algorithm>
#include <numeric>

namespace {

struct Sequences {
  at::Tensor data, batch_sizes, order, inverse;
};

// Rows sorted by falling length and packed time-major, as libtorch's recurrent kernels want them.
Sequences pack(const at::Tensor &x, const std::vector<int64_t> &lengths) {
  int64_t count = x.size(0);
  std::vector<int64_t> order(count), inverse(count), sorted(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return lengths[a] > lengths[b]; });
  for (int64_t i = 0; i < count; i++) {
    inverse[order[i]] = i;
    sorted[i] = lengths[order[i]];
  }
  auto ids = [&](std::vector<int64_t> &v) {
    return at::from_blob(v.data(), {count}, at::TensorOptions(at::kLong)).clone();
  };
  Sequences result;
  result.order = ct::moved(ids(order), x.device());
  result.inverse = ct::moved(ids(inverse), x.device());
  auto packed = at::_pack_padded_sequence(x.index_select(0, result.order), ids(sorted), true);
  result.data = std::get<0>(packed);
  result.batch_sizes = std::get<1>(packed);
  return result;
}

struct Result {
  at::Tensor output, hidden, cell;
};

ct::Cell cell_of(ct_recurrent_kind kind) {
  return kind == CT_LSTM ? ct::Cell::lstm : kind == CT_GRU ? ct::Cell::gru : ct::Cell::rnn;
}

/// Rounding pays where the CPU multiplies bfloat16 faster; elsewhere products stay float32.
bool rounds() { return ct::autocasts() && ct::autocast_type() == at::kBFloat16 && ct::has_bf16(); }

/// All layers and directions over rows packed step by step; `output` is packed likewise.
Result run_own(ct_recurrent_kind kind, at::Tensor rows, const ct::Steps &steps, at::TensorList parameters, bool bias,
               int64_t layers, bool both) {
  std::vector<at::Tensor> hidden, cells;
  auto next = parameters.begin();
  for (int64_t layer = 0; layer < layers; layer++) {
    std::vector<at::Tensor> outputs;
    for (int direction = 0; direction < (both ? 2 : 1); direction++, next += bias ? 4 : 2) {
      ct::RecurrentWeights weights{next[0], next[1], {}, {}};
      if (bias) weights.input_bias = next[2], weights.state_bias = next[3];
      auto r = ct::recurrent_layer(cell_of(kind), rows, weights, steps, direction == 1, rounds());
      outputs.push_back(r.outputs);
      hidden.push_back(r.last);
      if (r.cell.defined()) cells.push_back(r.cell);
    }
    rows = both ? at::cat(outputs, 1) : outputs[0];
  }
  return {rows, at::stack(hidden), cells.empty() ? at::Tensor() : at::stack(cells)};
}

/// Whether the own layers take these: float32 weights on a CPU.
bool suits(const at::Tensor &x, at::TensorList parameters) {
  const auto type = x.scalar_type();
  bool fits = x.device().is_cpu() && x.numel() > 0 && (type == at::kFloat || type == at::kBFloat16);
  for (const auto &p : parameters) fits = fits && p.device().is_cpu() && p.scalar_type() == at::kFloat;
  return fits && (type == at::kFloat || ct::autocasts());
}

Result run_packed(ct_recurrent_kind kind, const Sequences &s, const at::Tensor &state, at::TensorList parameters,
                  bool bias, int64_t layers, bool both) {
  if (suits(s.data, parameters)) {
    const int64_t *sizes = s.batch_sizes.data_ptr<int64_t>();
    const ct::Steps steps(std::vector<int64_t>(sizes, sizes + s.batch_sizes.numel()));
    return run_own(kind, s.data, steps, parameters, bias, layers, both);
  }
  if (kind == CT_LSTM) {
    std::vector<at::Tensor> start{state, state};
    auto r = at::lstm(s.data, s.batch_sizes, start, parameters, bias, layers, 0.0, false, both);
    return {std::get<0>(r), std::get<1>(r), std::get<2>(r)};
  }
  auto r = kind == CT_GRU ? at::gru(s.data, s.batch_sizes, state, parameters, bias, layers, 0.0, false, both)
                          : at::rnn_tanh(s.data, s.batch_sizes, state, parameters, bias, layers, 0.0, false, both);
  return {std::get<0>(r), std::get<1>(r), at::Tensor()};
}

Result run_dense(ct_recurrent_kind kind, const at::Tensor &x, const at::Tensor &state, at::TensorList parameters,
                 bool bias, int64_t layers, bool both) {
  if (suits(x, parameters)) {
    const int64_t count = x.size(0), time = x.size(1);
    const ct::Steps steps(std::vector<int64_t>(time, count));
    auto rows = x.transpose(0, 1).reshape({time * count, x.size(2)});
    auto r = run_own(kind, rows, steps, parameters, bias, layers, both);
    r.output = r.output.view({time, count, -1}).transpose(0, 1);
    return r;
  }
  if (kind == CT_LSTM) {
    std::vector<at::Tensor> start{state, state};
    auto r = at::lstm(x, start, parameters, bias, layers, 0.0, false, both, true);
    return {std::get<0>(r), std::get<1>(r), std::get<2>(r)};
  }
  auto r = kind == CT_GRU ? at::gru(x, state, parameters, bias, layers, 0.0, false, both, true)
                          : at::rnn_tanh(x, state, parameters, bias, layers, 0.0, false, both, true);
  return {std::get<0>(r), std::get<1>(r), at::Tensor()};
}

Result run_with_lengths(ct_recurrent_kind kind, const at::Tensor &x, const int64_t *lengths, const at::Tensor &state,
                        at::TensorList parameters, bool bias, int64_t layers, bool both) {
  int64_t count = x.size(0), time = x.size(1);
  std::vector<int64_t> used(count);
  auto empty = at::zeros({count}, at::TensorOptions(at::kBool));
  bool any_empty = false;
  for (int64_t i = 0; i < count; i++) {
    TORCH_CHECK(lengths[i] >= 0 && lengths[i] <= time, "length ", lengths[i], " of row ", i, " is not in 0...", time);
    used[i] = std::max<int64_t>(lengths[i], 1);
    if (lengths[i] == 0) {
      empty[i].fill_(true);
      any_empty = true;
    }
  }
  auto sequences = pack(x, used);
  auto r = run_packed(kind, sequences, state, parameters, bias, layers, both);
  auto padded = at::_pad_packed_sequence(r.output, sequences.batch_sizes, true, 0, time);
  r.output = std::get<0>(padded).index_select(0, sequences.inverse);
  r.hidden = r.hidden.index_select(1, sequences.inverse);
  if (r.cell.defined()) r.cell = r.cell.index_select(1, sequences.inverse);
  if (any_empty) {
    // libtorch refuses empty rows: they run one step and are then blanked.
    empty = ct::moved(empty, x.device());
    r.output = r.output.masked_fill(empty.view({count, 1, 1}), 0);
    r.hidden = r.hidden.masked_fill(empty.view({1, count, 1}), 0);
    if (r.cell.defined()) r.cell = r.cell.masked_fill(empty.view({1, count, 1}), 0);
  }
  return r;
}

}  // namespace

int ct_recurrent(ct_recurrent_kind kind, ct_tensor x, const int64_t *lengths, const ct_tensor *parameters,
                 int64_t parameter_count, int64_t layers, int64_t hidden_size, bool has_bias, bool bidirectional,
                 ct_tensor *output, ct_tensor *hidden, ct_tensor *cell) {
  CT_GUARD({
    auto &input = x->value;
    TORCH_CHECK(input.dim() == 3, "a recurrent layer wants [N, T, D], not ", input.sizes());
    auto weights = ct::list(parameters, parameter_count);
    auto state = at::zeros({layers * (bidirectional ? 2 : 1), input.size(0), hidden_size},
                           input.options().requires_grad(false));
    auto r = lengths ? run_with_lengths(kind, input, lengths, state, weights, has_bias, layers, bidirectional)
                     : run_dense(kind, input, state, weights, has_bias, layers, bidirectional);
    *output = ct::wrap(r.output);
    *hidden = ct::wrap(r.hidden);
    *cell = r.cell.defined() ? ct::wrap(r.cell) : nullptr;
  })
}
