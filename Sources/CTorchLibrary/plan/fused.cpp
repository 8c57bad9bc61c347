// Which pairs are one step, and how that step is carried out.
#include "fused.hpp"
#include "lowering.hpp"
#include "../parallel.hpp"

#include <algorithm>

namespace ct {

using dnnl::memory;

// MARK: which pairs

// Whether the pair is faster as one step. Below 28 x 28 places what lies between the two stays in a core's own cache
// anyway, and oneDNN's product over all pixels is up to a tenth faster than ours over rows of 7 or 14. From there on
// the one step takes 3 to 13 % less time in EfficientNet-b0 (one thread, nothing else running), in bf16 8 to 15 %.
static bool pays(const Shape &between) { return between.places() >= 28 * 28; }

void Lowering::find_expansions() {
  // Without products in bf16 oneDNN's emulation of them is faster than ours in single floats.
  if (bf16 && kernels(isa_level(), bf16).together == 1) return;
  std::vector<int> uses(graph.nodes.size(), 0);
  for (const auto &node : graph.nodes)
    for (int64_t input : node.inputs) uses[input]++;
  uses[output]++;
  for (int64_t i = 0; i <= output; i++) {
    const Node &node = graph.nodes[i];
    if (!is_depthwise(node) || deferred[i]) continue;
    const int64_t input = node.inputs[0];
    const Node &from = graph.nodes[input];
    const auto &w = from.window;
    const bool is_pointwise = from.kind == Kind::conv && from.groups == 1 && from.inputs[0] != 0 &&
                              std::max(w.kernel[0], w.kernel[1]) == 1 && std::max(w.stride[0], w.stride[1]) == 1 &&
                              from.shape.places() == graph.nodes[from.inputs[0]].shape.places();
    deferred[input] = is_pointwise && uses[input] == 1 && pays(from.shape);
  }
}

// [outputs / block, channels, block] single floats as [outputs / block, channels / 2, block, 2] in bf16.
std::shared_ptr<Memory> Lowering::pairs(const Memory &weights, int64_t outputs, int64_t channels) const {
  const int64_t even = rounded(channels, 2), width = block_width();
  const auto from = reinterpret_cast<const float *>(weights.data());
  std::vector<float> woven(static_cast<size_t>(outputs * even));
  for (int64_t block = 0; block < outputs / width; block++)
    for (int64_t c = 0; c < channels; c++)
      for (int64_t lane = 0; lane < width; lane++)
        woven[((block * even + c) / 2 * width + lane) * 2 + c % 2] = from[(block * channels + c) * width + lane];
  auto result = std::make_shared<Memory>(woven.size() * 2);
  kernels(isa_level(), bf16).narrow(woven.data(), result->data(), outputs * even);
  return result;
}

DepthwiseStep &Lowering::expanded(int64_t expansion, int64_t index) {
  const Node &node = graph.nodes[expansion];
  const Shape &from = graph.nodes[node.inputs[0]].shape;
  auto &step = add<ExpandedDepthwiseStep>(node.text() + " + " + graph.nodes[index].text() + "  own " +
                                          kernels(isa_level(), bf16).name);
  step.operations = operations(node);
  step.narrow = blocks(node.inputs[0]);
  step.channels = from.channels;
  step.threads = made->threads;
  const auto layout = block_width() == 16 ? memory::format_tag::Abcd16a : memory::format_tag::Abcd8a;
  const memory::dims weights{node.shape.channels, from.channels, 1, 1};
  step.expansion = packed(node, memory::desc(weights, memory::data_type::f32, layout));
  if (kernels(isa_level(), bf16).together == 2) {
    if (!node.pairs) node.pairs = pairs(*step.expansion, rounded(node.shape.channels, block_width()), from.channels);
    step.expansion = node.pairs;
  }
  step.expansion_bias = padded_bias(node);
  made->weight_bytes += step.expansion->size() + step.expansion_bias->size();
  return step;
}

// MARK: running

// Bytes of a core's own cache for the rows between the two convolutions; the rest is for weights and input.
static constexpr int64_t budget = 384 << 10;

// In how many parts the blocks of an image are made: few, since each reads the input, but each within the budget, and
// as many as give every thread the same number.
int64_t ExpandedDepthwiseStep::passes() const {
  const int64_t most = std::max<int64_t>(1, budget / (shape.scratch() * to.width * 4));
  int64_t result = (to.groups + most - 1) / most;
  while (result < to.groups && to.images * result % threads) result++;
  return result;
}

void ExpandedDepthwiseStep::run(const float *, float *) {
  const int64_t parts = passes(), own = shape.scratch() * to.width;
  const int64_t own_expansion = rounded(channels, kernels->together) / kernels->together * to.width * 4;
  // Rows of a block at a time: enough that its weights are worth loading, few enough that the input they need stays
  // in the nearest caches for the blocks that follow.
  const int64_t band = std::max<int64_t>(4, 256 / shape.out_width);
  parallel_for(to.images * parts, from.values() * channels, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t image = i / parts, part = i % parts;
      const int64_t first = to.groups * part / parts, last = to.groups * (part + 1) / parts;
      float *const scratch = workspace(static_cast<size_t>((last - first) * own));
      Expansion by;
      by.from = input + image * narrow.groups * narrow.values() * narrow.item;
      by.channels = channels;
      by.plane = narrow.values();
      for (int64_t y = 0; y < shape.out_height; y += band)
        for (int64_t group = first; group < last; group++) {
          const int64_t block = image * to.groups + group;
          by.weights = expansion->data() + group * own_expansion;
          by.bias = reinterpret_cast<const float *>(expansion_bias->data()) + group * to.width;
          kernels->expanded(shape, y, std::min(y + band, shape.out_height), by,
                            output + block * to.values() * to.item, own_weights(group), own_bias(group),
                            means ? means + block * to.width : nullptr, scratch + (group - first) * own);
        }
    }
  });
}

}  // namespace ct
