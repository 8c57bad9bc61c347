// Gradients, gradient clipping and optimiser steps.
#include "support.hpp"

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

bool ct_grad_mode(void) { return at::GradMode::is_enabled(); }
void ct_set_grad_mode(bool on) { at::GradMode::set_enabled(on); }

int ct_clip_grad_norm(const ct_tensor *parameters, int64_t count, double max_norm, double *norm) {
  CT_GUARD({
    at::NoGradGuard guard;
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
    at::NoGradGuard guard;
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

int ct_adam_step(const ct_tensor *parameters, const ct_tensor *first_moments, const ct_tensor *second_moments,
                 int64_t count, int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
                 double weight_decay, bool decoupled) {
  CT_GUARD({
    at::NoGradGuard guard;
    double correction1 = 1 - std::pow(beta1, step);
    double correction2 = std::sqrt(1 - std::pow(beta2, step));
    for (int64_t i = 0; i < count; i++) {
      auto &parameter = parameters[i]->value;
      auto gradient = parameter.grad();
      if (!gradient.defined()) continue;
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
