// Passes of ours, told like libtorch's operators while these are timed.
#pragma once
#include <ATen/record_function.h>
#include <initializer_list>

namespace ct {

/// While it lives, time counts as the pass's; what is `given` tells its work (operators.cpp).
class Recorded {
 public:
  explicit Recorded(const char *name, std::initializer_list<at::Tensor> given = {}) {
    if (!guard.isActive()) return;
    const std::vector<c10::IValue> values(given.begin(), given.end());
    guard.before(name, c10::ArrayRef<const c10::IValue>(values.data(), values.size()));
  }

 private:
  at::RecordFunction guard{at::RecordScope::FUNCTION};
};

}  // namespace ct
