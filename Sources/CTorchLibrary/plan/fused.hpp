// A depth-wise convolution that expands its input itself.
#pragma once
#include "steps.hpp"

namespace ct {

// A 1x1 convolution and the depth-wise one behind it, row by row: what lies between them, the largest values of a
// network by far, never exists as a whole. `source` is the 1x1 convolution's, `from` what lies between.
struct ExpandedDepthwiseStep : DepthwiseStep {
  Blocks narrow;
  int64_t channels = 0, threads = 1;
  // Per block: [channels, width] weights; [width] shifts.
  std::shared_ptr<Memory> expansion, expansion_bias;
  void run(const float *pixels, float *features) override;

 private:
  int64_t passes() const;
};

}  // namespace ct
