// 3×3 convolutions that a training step spends most of its time in, with a quarter of the products.
#pragma once
#include <ATen/ATen.h>

namespace ct {

/// The sizes that `at::conv2d` takes beside its tensors.
struct Conv2dWindow {
  at::IntArrayRef stride, padding, dilation;
  int64_t groups;
};

/// The convolution without a bias by Winograd's filters, recorded for its gradients; undefined where `at::conv2d` serves
/// better: without gradients, for other windows, layouts and types, for small images, below AVX-512.
at::Tensor winograd(const at::Tensor &x, const at::Tensor &weight, const Conv2dWindow &window);

}  // namespace ct
