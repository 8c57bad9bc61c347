// 1-D convolution as one differentiable operation, with what follows it fused where asked for.
#include "../recorded.hpp"
#include "../support.hpp"
#include "engines.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <cstdlib>
#include <torch/csrc/autograd/custom_function.h>

namespace ct {

Isa isa() {
  static const Isa found = [] {
    const char *limit = std::getenv("ATEN_CPU_CAPABILITY");
    std::string name = limit ? limit : "";
    if (name == "default") return Isa::baseline;
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (avx2 && avx512 && name != "avx2") return Isa::avx512;
    return avx2 ? Isa::avx2 : Isa::baseline;
  }();
  return found;
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t workspace_bytes = int64_t(1) << 30;

struct Settings {
  Conv1dShape shape;
  Epilogue after;
  bool fourier;
};

bool prefers_fourier(const Conv1dShape &s) { return fft_cost(s) < direct_cost(s); }

template <class T>
at::Tensor forward(const Settings &o, const at::Tensor &x, const at::Tensor &w, const at::Tensor &b, at::Tensor *choice) {
  const auto &s = o.shape;
  int64_t length = o.after.pool ? s.pooled() : s.out();
  auto y = at::empty({s.batch, s.outputs, length}, x.options());
  if (choice && o.after.pool) *choice = at::empty(y.sizes(), x.options().dtype(at::kByte));
  if (y.numel() == 0) return y;
  RowSink<T> sink{y.data_ptr<T>(), choice && o.after.pool ? choice->data_ptr<uint8_t>() : nullptr,
                  b.defined() ? b.data_ptr<T>() : nullptr, s.outputs, s.out(), o.after};
  int threads = at::get_num_threads();
  if (o.fourier) fft_forward<T>(s, x.data_ptr<T>(), w.data_ptr<T>(), sink, threads, workspace_bytes);
  else direct_forward<T>(s, x.data_ptr<T>(), w.data_ptr<T>(), sink, threads);
  return y;
}

template <class T>
variable_list backward(const Settings &o, const at::Tensor &x, const at::Tensor &w, const at::Tensor &choice,
                       const at::Tensor &g, std::array<bool, 3> wanted) {
  const auto &s = o.shape;
  at::Tensor dx, dw, db;
  bool none = g.numel() == 0;
  if (wanted[0]) dx = none ? at::zeros_like(x) : at::empty_like(x);
  if (wanted[1]) dw = at::zeros_like(w);
  if (wanted[2]) db = at::zeros({s.outputs}, w.options());
  if (none) return {dx, dw, db};
  RowSource<T> source{g.data_ptr<T>(), o.after.pool ? choice.data_ptr<uint8_t>() : nullptr, s.outputs, s.out(), o.after};
  Conv1dGradients<T> out{wanted[0] ? dx.data_ptr<T>() : nullptr, wanted[1] ? dw.data_ptr<T>() : nullptr,
                         wanted[2] ? db.data_ptr<T>() : nullptr};
  int threads = at::get_num_threads();
  if (o.fourier) fft_backward<T>(s, x.data_ptr<T>(), w.data_ptr<T>(), source, out, threads, workspace_bytes);
  else direct_backward<T>(s, x.data_ptr<T>(), w.data_ptr<T>(), source, out, threads);
  return {dx, dw, db};
}

struct Conv1d : torch::autograd::Function<Conv1d> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &w,
                            const c10::optional<at::Tensor> &bias, int64_t left, int64_t right, bool fourier, bool pool,
                            double dropout, int64_t seed, bool records) {
    Recorded timed("conv1d");
    auto input = x.contiguous(), weight = w.contiguous(), b = bias ? bias->contiguous() : at::Tensor();
    Settings o{{x.size(0), x.size(1), w.size(0), x.size(2), w.size(2), left, right},
               {pool, dropout, static_cast<uint64_t>(seed)}, fourier};
    at::Tensor choice;
    auto y = x.scalar_type() == at::kDouble ? ct::forward<double>(o, input, weight, b, records ? &choice : nullptr)
                                            : ct::forward<float>(o, input, weight, b, records ? &choice : nullptr);
    if (!records) return y;
    context->save_for_backward({input, weight, choice});
    context->saved_data["settings"] = std::vector<int64_t>{
        left, right, fourier, pool, seed, x.requires_grad(), w.requires_grad(), bias && bias->requires_grad()};
    context->saved_data["dropout"] = dropout;
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "conv1d has no second derivative");
    auto saved = context->get_saved_variables();
    auto v = context->saved_data["settings"].toIntVector();
    const auto &x = saved[0], &w = saved[1];
    Settings o{{x.size(0), x.size(1), w.size(0), x.size(2), w.size(2), v[0], v[1]},
               {v[3] != 0, context->saved_data["dropout"].toDouble(), static_cast<uint64_t>(v[4])}, v[2] != 0};
    std::array<bool, 3> wanted{v[5] != 0, v[6] != 0, v[7] != 0};
    auto g = gradients[0].contiguous();
    auto r = x.scalar_type() == at::kDouble ? ct::backward<double>(o, x, w, saved[2], g, wanted)
                                            : ct::backward<float>(o, x, w, saved[2], g, wanted);
    r.resize(10);
    return r;
  }
};

/// ReLU → max over pairs → dropout by plain operations: what the fused form must agree with.
at::Tensor finish(const at::Tensor &y, const Epilogue &after) {
  auto pooled = at::max_pool1d(at::relu(y), {2}, {2});
  return after.dropout > 0 ? ct::dropout(pooled, after.dropout, after.seed) : pooled;
}

bool suits(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b, int64_t left, int64_t right) {
  auto type = x.scalar_type();
  return x.dim() == 3 && w.dim() == 3 && x.size(1) == w.size(1) && w.size(0) > 0 && w.size(2) > 0 && x.size(1) > 0 &&
         x.device().is_cpu() && w.device().is_cpu() && (type == at::kFloat || type == at::kDouble) &&
         w.scalar_type() == type && (!b.defined() || (b.scalar_type() == type && b.numel() == w.size(0))) && left >= 0 &&
         right >= 0 && left < w.size(2) && right < w.size(2) && x.size(2) + left + right >= w.size(2);
}

at::Tensor convolve(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b, int64_t left, int64_t right,
                    ct_conv1d_engine engine, const Epilogue &after) {
  TORCH_CHECK(!after.pool || x.dim() != 3 || x.size(2) + left + right > w.size(-1),
              "conv1d: a sequence of ", x.size(-1), " has no pair to pool");
  bool own = engine != CT_CONV1D_LIBRARY && suits(x, w, b, left, right) && !autocasts();
  if (!own) {
    auto type = x.scalar_type();
    bool narrow = type == at::kBFloat16 || type == at::kHalf;
    if (narrow && x.device().is_cpu() && engine == CT_CONV1D_AUTOMATIC && !autocasts()) {
      // Faster in float32 by these engines than in the narrow type by the library's.
      auto bias = b.defined() ? b.to(at::kFloat) : b;
      return convolve(x.to(at::kFloat), w.to(at::kFloat), bias, left, right, engine, after).to(type);
    }
    TORCH_CHECK(engine == CT_CONV1D_AUTOMATIC || engine == CT_CONV1D_LIBRARY, "conv1d: these tensors need the library's own");
    auto padded = left == right ? x : at::constant_pad_nd(x, {left, right});
    auto y = at::conv1d(padded, w, b, {1}, {left == right ? left : 0});
    return after.pool ? finish(y, after) : y;
  }
  Conv1dShape s{x.size(0), x.size(1), w.size(0), x.size(2), w.size(2), left, right};
  bool fourier = engine == CT_CONV1D_FOURIER || (engine == CT_CONV1D_AUTOMATIC && s.batch > 0 && prefers_fourier(s));
  bool records = at::GradMode::is_enabled() && (x.requires_grad() || w.requires_grad() || (b.defined() && b.requires_grad()));
  auto bias = b.defined() ? c10::optional<at::Tensor>(b) : c10::nullopt;
  return Conv1d::apply(x, w, bias, left, right, fourier, after.pool, after.dropout, static_cast<int64_t>(after.seed), records);
}

}  // namespace
}  // namespace ct

int ct_conv1d(ct_tensor x, ct_tensor weight, ct_tensor bias, int64_t left, int64_t right, ct_conv1d_engine engine,
              ct_tensor *out) {
  CT_RETURN(ct::convolve(x->value, weight->value, ct::optional(bias), left, right, engine, {}))
}

int ct_conv1d_block(ct_tensor x, ct_tensor weight, ct_tensor bias, int64_t left, int64_t right, double dropout,
                    uint64_t seed, ct_conv1d_engine engine, ct_tensor *out) {
  CT_GUARD({
    TORCH_CHECK(dropout >= 0 && dropout < 1, "dropout probability must be in 0..<1, not ", dropout);
    *out = ct::wrap(ct::convolve(x->value, weight->value, ct::optional(bias), left, right, engine, {true, dropout, seed}));
  })
}

void ct_conv1d_cost(int64_t batch, int64_t inputs, int64_t outputs, int64_t length, int64_t kernel, double *direct,
                    double *fourier) {
  ct::Conv1dShape s{batch, inputs, outputs, length, kernel, (kernel - 1) / 2, kernel / 2};
  *direct = ct::direct_cost(s);
  *fourier = ct::fft_cost(s);
}
