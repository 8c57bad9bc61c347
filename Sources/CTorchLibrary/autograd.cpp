// Gradients, gradient clipping and optimiser steps.
#include "support.hpp"
#include "parallel.hpp"
#include "simd.hpp"

#include <ATen/Parallel.h>
#include <cmath>
#include <map>

int ct_set_requires_grad(ct_tensor t, bool on) { CT_GUARD(t->value.set_requires_grad(on)) }
bool ct_requires_grad(ct_tensor t) { return t->value.requires_grad(); }

int ct_grad(ct_tensor t, ct_tensor *out) {
  CT_GUARD({
    auto gradient = t->value.is_leaf() || t->value.retains_grad() ? t->value.grad() : at::Tensor();
    *out = gradient.defined() ? ct::wrap(gradient) : nullptr;
  })
}

int ct_zero_grad(ct_tensor t) { CT_GUARD(if (t->value.is_leaf()) t->value.mutable_grad() = at::Tensor()) }

int ct_backward(ct_tensor t, ct_tensor gradient, bool retain_graph) {
  CT_GUARD(t->value.backward(ct::optional(gradient), retain_graph))
}

int ct_detach(ct_tensor t, ct_tensor *out) { CT_RETURN(t->value.detach()) }

bool ct_grad_mode(void) { return c10::GradMode::is_enabled(); }
void ct_set_grad_mode(bool on) { c10::GradMode::set_enabled(on); }

namespace {

/// The same without leaving the GPU, where the gradients are there.
bool clipped_on_device(const std::vector<at::Tensor> &parameters, double max_norm) {
  std::vector<at::Tensor> gradients, norms;
  for (const auto &parameter : parameters)
    if (parameter.grad().defined() && !parameter.device().is_cpu()) gradients.push_back(parameter.grad());
  if (gradients.empty()) return false;
  for (const auto &gradient : gradients) norms.push_back(at::norm(gradient).to(at::kFloat));
  auto factor = at::clamp_max(at::reciprocal(at::norm(at::stack(norms)) + 1e-6) * max_norm, 1);
  for (auto &gradient : gradients) gradient.mul_(factor);
  return true;
}

}  // namespace

int ct_clip_grad_norm(const ct_tensor *parameters, int64_t count, double max_norm, double *norm) {
  CT_GUARD({
    c10::NoGradGuard guard;
    if (clipped_on_device(ct::list(parameters, count), max_norm)) {
      *norm = std::nan("");
      return CT_OK;
    }
    double squares = 0;
    for (int64_t i = 0; i < count; i++) {
      auto gradient = parameters[i]->value.grad();
      if (!gradient.defined()) continue;
      double length = at::norm(gradient).item<double>();
      squares += length * length;
    }
    *norm = std::sqrt(squares);
    double factor = max_norm / (*norm + 1e-6);
    if (factor < 1)
      for (int64_t i = 0; i < count; i++) {
        auto gradient = parameters[i]->value.grad();
        if (gradient.defined()) gradient.mul_(factor);
      }
  })
}

int ct_sgd_step(const ct_tensor *parameters, const ct_tensor *momentum_buffers, int64_t count, double learning_rate,
                double momentum, double dampening, double weight_decay, bool nesterov, bool first) {
  CT_GUARD({
    c10::NoGradGuard guard;
    for (int64_t i = 0; i < count; i++) {
      auto &parameter = parameters[i]->value;
      auto gradient = parameter.grad();
      if (!gradient.defined()) continue;
      if (weight_decay != 0) gradient = gradient.add(parameter, weight_decay);
      if (momentum != 0) {
        auto &buffer = momentum_buffers[i]->value;
        if (first)
          buffer.copy_(gradient);
        else
          buffer.mul_(momentum).add_(gradient, 1 - dampening);
        gradient = nesterov ? gradient.add(buffer, momentum) : buffer;
      }
      parameter.add_(gradient, -learning_rate);
    }
  })
}

namespace {

struct AdamFactors {
  float beta1, beta2, epsilon, decay, shrink, root, rate;  // root = 1 / sqrt(1 − β₂ᵗ), rate = η / (1 − β₁ᵗ)
};

struct AdamSettings {
  double learning_rate, beta1, beta2, epsilon, weight_decay, correction1, correction2;
  bool decoupled;
};

/// One pass over parameter, gradient and both moments; `decay` joins the gradient, `shrink` scales the parameter.
template <class T, int Bytes>
CT_INLINE void adam_body(T *p, const T *g, T *mean, T *square, int64_t count, const AdamFactors &a) {
  using S = ct::Simd<T, Bytes>;
  for (int64_t i = 0; i < count; i += S::lanes) {
    typename S::Vector value, slope, m, v;
    T room[4][S::lanes] = {};
    bool whole = i + S::lanes <= count;
    const T *from[4] = {p + i, g + i, mean + i, square + i};
    if (!whole)
      for (int k = 0; k < 4; k++) {
        std::memcpy(room[k], from[k], (count - i) * sizeof(T));
        from[k] = room[k];
      }
    S::load(value, from[0]), S::load(slope, from[1]), S::load(m, from[2]), S::load(v, from[3]);
    slope += value * a.decay;
    value *= a.shrink;
    m = m * a.beta1 + slope * (1 - a.beta1);
    v = v * a.beta2 + slope * slope * (1 - a.beta2);
    value -= a.rate * m / (__builtin_elementwise_sqrt(v) * a.root + a.epsilon);
    S::store(p + i, value, count - i), S::store(mean + i, m, count - i), S::store(square + i, v, count - i);
  }
}
CT_PER_ISA(adam, adam_body, (T *p, const T *g, T *mean, T *square, int64_t count, const AdamFactors &a),
           (p, g, mean, square, count, a))

/// Whether the fused pass serves; it takes plain float32 on the CPU.
bool is_plain(const at::Tensor &t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
}

void adam_fused(at::Tensor &parameter, const at::Tensor &gradient, at::Tensor &mean, at::Tensor &square,
                const AdamFactors &factors) {
  const int64_t share = 1 << 16;
  float *p = parameter.data_ptr<float>(), *m = mean.data_ptr<float>(), *v = square.data_ptr<float>();
  const float *g = gradient.data_ptr<float>();
  int64_t count = parameter.numel(), shares = (count + share - 1) / share;
  ct::parallel(shares, shares > 8 ? at::get_num_threads() : 1, [&](int64_t i, int) {
    int64_t at = i * share;
    adam(p + at, g + at, m + at, v + at, std::min(share, count - at), factors);
  });
}

/// What the fused pass does not take, list by list: on a GPU a handful of kernels for all parameters together.
struct AdamLists {
  std::vector<at::Tensor> parameters, gradients, means, squares;

  void step(const AdamSettings &s) {
    if (parameters.empty()) return;
    if (s.weight_decay != 0 && s.decoupled) at::_foreach_mul_(parameters, 1 - s.learning_rate * s.weight_decay);
    if (s.weight_decay != 0 && !s.decoupled)
      for (size_t i = 0; i < gradients.size(); i++) gradients[i] = gradients[i].add(parameters[i], s.weight_decay);
    at::_foreach_mul_(means, s.beta1);
    at::_foreach_add_(means, gradients, 1 - s.beta1);
    at::_foreach_mul_(squares, s.beta2);
    at::_foreach_addcmul_(squares, gradients, gradients, 1 - s.beta2);
    auto denominators = at::_foreach_sqrt(squares);
    at::_foreach_div_(denominators, s.correction2);
    at::_foreach_add_(denominators, s.epsilon);
    at::_foreach_addcdiv_(parameters, means, denominators, -s.learning_rate / s.correction1);
  }
};

}  // namespace

int ct_adam_step(const ct_tensor *parameters, const ct_tensor *first_moments, const ct_tensor *second_moments,
                 int64_t count, int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
                 double weight_decay, bool decoupled) {
  CT_GUARD({
    c10::NoGradGuard guard;
    AdamSettings s{learning_rate, beta1, beta2, epsilon, weight_decay, 1 - std::pow(beta1, step),
                   std::sqrt(1 - std::pow(beta2, step)), decoupled};
    AdamFactors factors{float(beta1), float(beta2), float(epsilon), decoupled ? 0 : float(weight_decay),
                        decoupled ? float(1 - learning_rate * weight_decay) : 1, float(1 / s.correction2),
                        float(learning_rate / s.correction1)};
    // Lists of one element type each, which is what their kernels want.
    std::map<at::ScalarType, AdamLists> lists;
    for (int64_t i = 0; i < count; i++) {
      auto &parameter = parameters[i]->value;
      auto gradient = parameter.grad();
      if (!gradient.defined()) continue;
      auto &mean = first_moments[i]->value;
      auto &square = second_moments[i]->value;
      if (is_plain(parameter) && is_plain(gradient) && is_plain(mean) && is_plain(square)) {
        adam_fused(parameter, gradient, mean, square, factors);
        continue;
      }
      auto &list = lists[parameter.scalar_type()];
      list.parameters.push_back(parameter);
      list.gradients.push_back(gradient);
      list.means.push_back(mean);
      list.squares.push_back(square);
    }
    for (auto &entry : lists) entry.second.step(s);
  })
}
