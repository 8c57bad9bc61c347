// What the shim's files share: the handle, the status macro, conversions.
#pragma once
#include "ctorch.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <string>
#include <vector>

struct ct_tensor_s {
  at::Tensor value;
};

namespace ct {

void set_error(const std::string &message);
ct_tensor wrap(at::Tensor value);
at::ScalarType scalar_type(ct_dtype dtype);
at::Device device(int32_t index);
/// The tensor on another device. Pinned and small ones go to a GPU without waiting for what is queued there.
at::Tensor moved(const at::Tensor &x, at::Device to);

/// Whether operators on the CPU compute in a narrower type now, and in which.
bool autocasts();
at::ScalarType autocast_type();

inline at::Tensor optional(ct_tensor t) { return t ? t->value : at::Tensor(); }
/// Dropout whose mask depends on the seed and the place alone, so that it is the same on every device.
at::Tensor dropout(const at::Tensor &x, double p, uint64_t seed);

inline at::IntArrayRef ints(const int64_t *values, int64_t count) {
  return at::IntArrayRef(values, static_cast<size_t>(count));
}
inline std::vector<at::Tensor> list(const ct_tensor *tensors, int64_t count) {
  std::vector<at::Tensor> result;
  result.reserve(count);
  for (int64_t i = 0; i < count; i++) result.push_back(tensors[i]->value);
  return result;
}

}  // namespace ct

// Runs the body; turns any exception into CT_FAILED and a message without a back trace.
#define CT_GUARD(...)                                   \
  try {                                                 \
    __VA_ARGS__;                                        \
    return CT_OK;                                       \
  } catch (const c10::Error &error) {                   \
    ct::set_error(error.what_without_backtrace());      \
  } catch (const std::exception &error) {               \
    ct::set_error(error.what());                        \
  } catch (...) {                                       \
    ct::set_error("unknown failure inside libtorch");   \
  }                                                     \
  return CT_FAILED;

#define CT_RETURN(expression) CT_GUARD(*out = ct::wrap(expression))
