// What a network does to one image, before it is compiled.
#pragma once
#include "../include/ctorch_plan.h"
#include "arena.hpp"

#include <cstddef>
#include <dnnl.hpp>
#include <memory>
#include <string>
#include <vector>

namespace ct {

void set_error(const std::string &message);

struct Shape {
  int64_t channels = 0, height = 0, width = 0;
  int64_t places() const { return height * width; }
};

// Weights in the layout that some implementation wants; shared by the plans that use it.
struct Packed {
  dnnl::memory::desc desc;
  std::shared_ptr<Memory> memory;
};

// Squeeze-and-excitation's weights up to whole blocks: W1 [S, padded C], W2 [blocks, S, width]; shifts.
struct Squeeze {
  std::vector<float> w1, b1, w2, b2;
};

enum class Kind { input, conv, add, pool, concat, excite };

struct Node {
  Kind kind = Kind::input;
  std::vector<int64_t> inputs;
  Shape shape;
  ct_window window{};
  int64_t groups = 1;
  ct_activation activation = CT_ACT_NONE;
  ct_pool_kind pool = CT_POOL_MAX;
  int64_t squeezed = 0;
  // Convolution: folded weight [O, I / G, KH, KW], given up for its packed forms when first compiled, and shift.
  mutable std::shared_ptr<std::vector<float>> weight;
  mutable std::vector<Packed> packed;
  // A depth-wise convolution's weights per block, [taps, block]; likewise in place of `weight`.
  mutable std::shared_ptr<Memory> lanes;
  // An expansion's weights in bf16, and an excitation's: made once for all plans and streams.
  mutable std::shared_ptr<Memory> pairs;
  mutable std::shared_ptr<Squeeze> squeeze;
  int64_t weight_count = 0;
  // Excitation: W1 [S, C], its bias, W2 [C, S], its bias.
  std::shared_ptr<std::vector<float>> bias, weight1, weight2, bias2;

  std::string text() const;
};

}  // namespace ct

struct ct_graph_s {
  std::vector<ct::Node> nodes;
};

// Runs the body; turns any exception into CT_FAILED and its message.
#define CT_PLAN_GUARD(...)                          \
  try {                                             \
    __VA_ARGS__;                                    \
    return CT_PLAN_OK;                              \
  } catch (const std::exception &error) {           \
    ct::set_error(error.what());                    \
  } catch (...) {                                   \
    ct::set_error("unknown failure inside oneDNN"); \
  }                                                 \
  return CT_PLAN_FAILED;

enum { CT_PLAN_OK = 0, CT_PLAN_FAILED = 1 };
