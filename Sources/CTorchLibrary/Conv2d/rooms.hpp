// Memory that operators need for a moment only, used again: new pages cost as much as what is computed in them.
#pragma once
#include <ATen/ATen.h>

namespace ct {

/// Bytes that go back where they came from, and not to the system, with their last tensor.
at::Tensor room(size_t bytes);

}  // namespace ct
