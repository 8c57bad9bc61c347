// Batch normalisation in training with what follows it, over maps whose channels lie side by side.
#pragma once
#include <ATen/ATen.h>

namespace ct {

struct BatchNormTensors {
  at::Tensor weight, bias, running_mean, running_variance;
};

/// clamp(norm(x) + residual, low, high) by the batch's statistics, recorded for its gradients; `residual` may be
/// undefined. The result is undefined where libtorch's operators have to serve: other devices, types and layouts.
at::Tensor batch_norm(const at::Tensor &x, const BatchNormTensors &tensors, double momentum, double epsilon,
                      const at::Tensor &residual, double low, double high);

}  // namespace ct
