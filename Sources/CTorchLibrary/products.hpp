// Products of matrices on libgomp's threads, as the rest of a training step runs: the BLAS has a pool of its own, and
// two pools wait for work by spinning on the same cores.
#pragma once
#include <ATen/ATen.h>
#include <dnnl.hpp>
#include <vector>

namespace ct {

/// A right factor `[K, N]` that many products share: float32 values, brought once into the layout and type (float32 or
/// bfloat16) that they want.
class SharedFactor {
 public:
  SharedFactor(at::Tensor values, at::ScalarType type) : values(std::move(values)), type(type) {}
  int64_t rows() const { return values.size(0); }
  int64_t columns() const { return values.size(1); }
  const at::Tensor &plain();
  const dnnl::memory &as(const dnnl::memory::desc &wanted);

 private:
  struct Copy {
    dnnl::memory memory;
    at::Tensor bytes;
  };
  at::Tensor values;
  at::ScalarType type;
  std::vector<Copy> copies;
};

/// `out [M, N] = a [M, K] · b + bias [N]`, or added to what `out` holds. `a` is of b's type, the others float32.
void multiply(const at::Tensor &a, SharedFactor &b, const at::Tensor &bias, const at::Tensor &out, bool added = false);

/// `a [M, K] · b [K, N] + bias [N]` in float32, both of one type, of any strides; or a batch of them, `[B, M, K]` and
/// `[B, K, N]`, each matrix or its transpose contiguous. `bias` may be undefined.
at::Tensor product(const at::Tensor &a, const at::Tensor &b, const at::Tensor &bias = {});

/// `x [..., K] · weight [N, K]ᵀ + bias [N]` and `a · b`, differentiable. With several threads and float32 values on a
/// CPU they are the products above, else libtorch's.
at::Tensor linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias);
at::Tensor matmul(const at::Tensor &a, const at::Tensor &b);

}  // namespace ct
