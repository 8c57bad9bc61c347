// Gradients, gradient clipping and optimiser steps.
#include "support.hpp"
#include "parallel.hpp"
#include "simd.hpp"

#include <cmath>

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

int ct_clip_grad_norm(const ct_tensor *parameters, int64_t count, double max_norm, double *norm) {
  CT_GUARD({
    c10::NoGradGuard guard;
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

}  // namespace

int ct_adam_step(const ct_tensor *parameters, const ct_tensor *first_moments, const ct_tensor *second_moments,
                 int64_t count, int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
                 double weight_decay, bool decoupled) {
  CT_GUARD({
    c10::NoGradGuard guard;
    double correction1 = 1 - std::pow(beta1, step);
    double correction2 = std::sqrt(1 - std::pow(beta2, step));
    for (int64_t i = 0; i < count; i++) {
      auto &parameter = parameters[i]->value;
      auto gradient = parameter.grad();
      if (!gradient.defined()) continue;
      if (is_plain(parameter) && is_plain(gradient) && is_plain(first_moments[i]->value) &&
          is_plain(second_moments[i]->value)) {
        AdamFactors factors{float(beta1), float(beta2), float(epsilon), decoupled ? 0 : float(weight_decay),
                            decoupled ? float(1 - learning_rate * weight_decay) : 1, float(1 / correction2),
                            float(learning_rate / correction1)};
        adam_fused(parameter, gradient, first_moments[i]->value, second_moments[i]->value, factors);
        continue;
      }
      if (weight_decay != 0 && decoupled) parameter.mul_(1 - learning_rate * weight_decay);
      if (weight_decay != 0 && !decoupled) gradient = gradient.add(parameter, weight_decay);
      auto &mean = first_moments[i]->value;
      auto &square = second_moments[i]->value;
      mean.mul_(beta1).add_(gradient, 1 - beta1);
      square.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
      auto denominator = square.sqrt().div_(correction2).add_(epsilon);
      parameter.addcdiv_(mean, denominator, -learning_rate / correction1);
    }
  })
}
