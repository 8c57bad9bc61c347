// Layers: products, convolutions, pooling, normalisation, recurrent networks.
#include "support.hpp"
#include "Conv1d/rows.hpp"

#include <algorithm>
#include <numeric>

int ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out) {
  CT_RETURN(at::linear(x->value, weight->value, ct::optional(bias)))
}

int ct_conv(ct_tensor x, ct_tensor weight, ct_tensor bias, const int64_t *stride, const int64_t *padding,
            const int64_t *dilation, int64_t dims, int64_t groups, ct_tensor *out) {
  CT_GUARD({
    auto s = ct::ints(stride, dims), p = ct::ints(padding, dims), d = ct::ints(dilation, dims);
    auto b = ct::optional(bias);
    *out = ct::wrap(dims == 1 ? at::conv1d(x->value, weight->value, b, s, p, d, groups)
                              : at::conv2d(x->value, weight->value, b, s, p, d, groups));
  })
}

int ct_max_pool(ct_tensor x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int64_t dims,
                bool ceil_mode, ct_tensor *out) {
  CT_GUARD({
    auto k = ct::ints(kernel, dims), s = ct::ints(stride, dims), p = ct::ints(padding, dims);
    *out = ct::wrap(dims == 1 ? at::max_pool1d(x->value, k, s, p, 1, ceil_mode)
                              : at::max_pool2d(x->value, k, s, p, 1, ceil_mode));
  })
}

int ct_avg_pool2d(ct_tensor x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, bool ceil_mode,
                  bool count_include_pad, ct_tensor *out) {
  CT_RETURN(at::avg_pool2d(x->value, ct::ints(kernel, 2), ct::ints(stride, 2), ct::ints(padding, 2), ceil_mode,
                           count_include_pad))
}

int ct_adaptive_avg_pool2d(ct_tensor x, int64_t height, int64_t width, ct_tensor *out) {
  CT_RETURN(at::adaptive_avg_pool2d(x->value, {height, width}))
}

int ct_batch_norm(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor mean, ct_tensor variance, bool training,
                  double momentum, double epsilon, ct_tensor *out) {
  CT_RETURN(at::batch_norm(x->value, ct::optional(weight), ct::optional(bias), ct::optional(mean),
                           ct::optional(variance), training, momentum, epsilon, false))
}

int ct_layer_norm(ct_tensor x, const int64_t *shape, int64_t rank, ct_tensor weight, ct_tensor bias, double epsilon,
                  ct_tensor *out) {
  CT_RETURN(at::layer_norm(x->value, ct::ints(shape, rank), ct::optional(weight), ct::optional(bias), epsilon, false))
}

int ct_embedding(ct_tensor weight, ct_tensor ids, int64_t padding_index, ct_tensor *out) {
  CT_RETURN(at::embedding(weight->value, ids->value, padding_index))
}

namespace {

template <class T>
at::Tensor dropout_mask(at::IntArrayRef sizes, double p, uint64_t seed) {
  auto mask = at::empty(sizes, at::TensorOptions(at::CppTypeToScalarType<T>::value));
  int64_t columns = sizes.empty() ? 1 : sizes.back(), rows = columns > 0 ? mask.numel() / columns : 0;
  T *to = mask.data_ptr<T>(), kept = p < 1 ? T(1 / (1 - p)) : T(0);
  uint64_t limit = ct::drop_threshold(p);
  for (int64_t r = 0; r < rows; r++, to += columns) {
    ct::RowNoise noise(seed, r);
    for (int64_t i = 0; i < columns; i++) to[i] = noise(static_cast<uint32_t>(i)) >= limit ? kept : T(0);
  }
  return mask;
}

/// The same mask by libtorch's integer operators (ct::RowNoise, word by word), where the tensor is: 1 and 0.
at::Tensor dropout_mask_by_operators(const at::Tensor &x, double p, uint64_t seed) {
  int64_t columns = x.dim() == 0 ? 1 : x.size(-1), rows = columns > 0 ? x.numel() / columns : 0;
  auto wide = at::TensorOptions(at::kLong).device(x.device()), narrow = wide.dtype(at::kInt);
  auto word = [](uint64_t bits) { return at::Scalar(static_cast<int64_t>(bits)); };
  auto half = [](uint32_t bits) { return at::Scalar(static_cast<int64_t>(static_cast<int32_t>(bits))); };
  // Shifts keep the sign here; the bits that come in from the left are taken away.
  auto shifted = [&](const at::Tensor &z, int by, int of) {
    auto rest = static_cast<int64_t>((~uint64_t(0) >> (64 - of)) >> by);
    return at::bitwise_and(at::bitwise_right_shift(z, at::Scalar(by)), at::Scalar(rest));
  };
  auto z = at::arange(1, rows + 1, wide).mul_(word(0x9e3779b97f4a7c15u)).add_(word(seed));
  z = at::bitwise_xor(z, shifted(z, 30, 64)).mul_(word(0xbf58476d1ce4e5b9u));
  z = at::bitwise_xor(z, shifted(z, 27, 64)).mul_(word(0x94d049bb133111ebu));
  z = at::bitwise_xor(z, shifted(z, 31, 64));
  auto key = z.to(at::kInt).unsqueeze(1), twist = at::bitwise_right_shift(z, at::Scalar(32)).to(at::kInt).unsqueeze(1);
  auto noise = at::bitwise_xor(at::arange(columns, narrow).mul_(half(0x9e3779b9u)), key);
  noise = at::bitwise_xor(noise, shifted(noise, 16, 32)).mul_(half(0x21f0aaadu)).add_(twist);
  noise = at::bitwise_xor(noise, shifted(noise, 15, 32)).mul_(half(0xd35a2d97u));
  noise = at::bitwise_xor(noise, shifted(noise, 15, 32));
  // Signed words order like unsigned ones once the highest bit is turned round.
  auto limit = static_cast<int64_t>(ct::drop_threshold(p)) - (int64_t(1) << 31);
  return at::ge(at::bitwise_xor(noise, half(0x80000000u)), at::Scalar(limit)).view(x.sizes());
}

}  // namespace

at::Tensor ct::dropout(const at::Tensor &x, double p, uint64_t seed) {
  TORCH_CHECK(p >= 0 && p <= 1, "dropout probability must be in 0...1, not ", p);
  if (p == 1) return x * 0;
  auto type = x.scalar_type();
  if (!x.device().is_cpu() || (type != at::kFloat && type != at::kDouble && type != at::kBFloat16))
    return x * (dropout_mask_by_operators(x, p, seed).to(type) * (1 / (1 - p)));
  auto mask = type == at::kDouble ? dropout_mask<double>(x.sizes(), p, seed) : dropout_mask<float>(x.sizes(), p, seed);
  return at::mul(x, mask.to(x.options().requires_grad(false)));
}

int ct_dropout(ct_tensor x, double p, uint64_t seed, ct_tensor *out) { CT_RETURN(ct::dropout(x->value, p, seed)) }

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

Result run_packed(ct_recurrent_kind kind, const Sequences &s, const at::Tensor &state, at::TensorList parameters,
                  bool bias, int64_t layers, bool both) {
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
