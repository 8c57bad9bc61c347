// Products that are learned through: linear layers, and matrices with matrices.
#include "products.hpp"
#include "support.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ct {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// With one thread there is no second pool to wait beside, and the BLAS is as fast.
bool suits(const at::Tensor &a, const at::Tensor &b) {
  auto fits = [](const at::Tensor &x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0; };
  return fits(a) && fits(b) && at::get_num_threads() > 1 && !at::in_parallel_region() && !autocasts();
}

/// Matrices of a batch as they are where oneDNN takes them so, else copied together.
at::Tensor tight(const at::Tensor &x) {
  return x.is_contiguous() || x.transpose(-2, -1).is_contiguous() ? x : x.contiguous();
}

at::Tensor turned(const at::Tensor &x) { return x.transpose(-2, -1); }

struct Matmul : torch::autograd::Function<Matmul> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &left, const at::Tensor &right,
                            const c10::optional<at::Tensor> &bias) {
    auto a = tight(left), b = tight(right);
    context->save_for_backward({a, b});
    context->saved_data["wanted"] =
        std::vector<int64_t>{left.requires_grad(), right.requires_grad(), bias && bias->requires_grad()};
    return product(a, b, bias.value_or(at::Tensor()));
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "a product has no second derivative here");
    const auto saved = context->get_saved_variables();
    const auto wanted = context->saved_data["wanted"].toIntVector();
    const auto g = tight(gradients[0]);
    variable_list results(3);
    if (wanted[0]) results[0] = product(g, turned(saved[1]));
    if (wanted[1]) results[1] = product(turned(saved[0]), g);
    if (wanted[2]) results[2] = g.sum({0});
    return results;
  }
};

}  // namespace

at::Tensor linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
  const bool own = x.dim() > 0 && weight.dim() == 2 && x.size(-1) == weight.size(1) && suits(x, weight) &&
                   (!bias.defined() || suits(bias, weight));
  if (!own) return at::linear(x, weight, bias);
  auto sizes = x.sizes().vec();
  sizes.back() = weight.size(0);
  auto given = bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt;
  return Matmul::apply(x.reshape({-1, weight.size(1)}), weight.t(), given).view(sizes);
}

at::Tensor matmul(const at::Tensor &a, const at::Tensor &b) {
  const int64_t d = a.dim();
  bool own = d >= 2 && b.dim() == d && a.size(d - 1) == b.size(d - 2) && suits(a, b);
  for (int64_t i = 0; own && i < d - 2; i++) own = a.size(i) == b.size(i);
  if (!own) return at::matmul(a, b);
  if (d < 4) return Matmul::apply(a, b, c10::nullopt);
  auto sizes = a.sizes().vec();
  sizes.back() = b.size(d - 1);
  auto flat = [&](const at::Tensor &x) { return x.reshape({-1, x.size(d - 2), x.size(d - 1)}); };
  return Matmul::apply(flat(a), flat(b), c10::nullopt).view(sizes);
}

}  // namespace ct
