// Layers: products, convolutions, pooling, normalisation, dropout.
#include "support.hpp"
#include "Conv1d/rows.hpp"
#include "Conv2d/winograd.hpp"
#include "Norm/batch_norm.hpp"
#include "products.hpp"

#include <cmath>

int ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out) {
  CT_RETURN(ct::linear(x->value, weight->value, ct::optional(bias)))
}

int ct_conv(ct_tensor x, ct_tensor weight, ct_tensor bias, const int64_t *stride, const int64_t *padding,
            const int64_t *dilation, int64_t dims, int64_t groups, ct_tensor *out) {
  CT_GUARD({
    auto s = ct::ints(stride, dims), p = ct::ints(padding, dims), d = ct::ints(dilation, dims);
    auto b = ct::optional(bias);
    auto y = dims == 2 && !bias ? ct::winograd(x->value, weight->value, {s, p, d, groups}) : at::Tensor();
    if (!y.defined()) {
      y = dims == 1 ? at::conv1d(x->value, weight->value, b, s, p, d, groups)
                    : at::conv2d(x->value, weight->value, b, s, p, d, groups);
    }
    *out = ct::wrap(y);
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

namespace {

/// -infinity, infinity is no clamp.
at::Tensor clamped(const at::Tensor &x, double low, double high) {
  if (std::isfinite(high)) return at::hardtanh(x, low, high);
  if (low == 0) return at::relu(x);
  return std::isfinite(low) ? at::clamp_min(x, low) : x;
}

}  // namespace

int ct_batch_norm(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor mean, ct_tensor variance, bool training,
                  double momentum, double epsilon, ct_tensor residual, double low, double high, ct_tensor *out) {
  CT_GUARD({
    ct::BatchNormTensors t{ct::optional(weight), ct::optional(bias), ct::optional(mean), ct::optional(variance)};
    auto other = ct::optional(residual);
    auto y = training ? ct::batch_norm(x->value, t, momentum, epsilon, other, low, high) : at::Tensor();
    if (!y.defined()) {
      y = at::batch_norm(x->value, t.weight, t.bias, t.running_mean, t.running_variance, training, momentum, epsilon, false);
      y = clamped(other.defined() ? y + other : y, low, high);
    }
    *out = ct::wrap(y);
  })
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
