// Squeeze-and-excitation, and the convolutions that take its gates into their weights.
#include "lowering.hpp"
#include "../parallel.hpp"

#include <algorithm>

namespace ct {

using dnnl::memory;

// MARK: lowering

static std::shared_ptr<Squeeze> squeezed(const Node &node) {
  const int64_t channels = node.shape.channels, width = block_width(), padded = rounded(channels, width);
  auto result = std::make_shared<Squeeze>();
  result->b1 = *node.bias;
  result->w1.assign(static_cast<size_t>(node.squeezed * padded), 0);
  result->w2 = result->w1;
  result->b2.assign(static_cast<size_t>(padded), 0);
  std::copy(node.bias2->begin(), node.bias2->end(), result->b2.begin());
  for (int64_t h = 0; h < node.squeezed; h++)
    for (int64_t c = 0; c < channels; c++) {
      result->w1[h * padded + c] = (*node.weight1)[h * channels + c];
      result->w2[(c / width * node.squeezed + h) * width + c % width] = (*node.weight2)[c * node.squeezed + h];
    }
  return result;
}

void Lowering::excite(int64_t index) {
  const Node &node = graph.nodes[index];
  const int64_t input = node.inputs[0];
  const Place mean = means(input), target = overwrite(input, index);
  made->arena.stretches[mean.stretch].last = time;
  const Place gate = stretch(static_cast<size_t>(blocks(index).count() * block_width()) * 4);
  read(index);
  auto &step = add<ExciteStep>(node.text());
  step.kernels = &kernels(isa_level(), bf16);
  step.blocks = blocks(index);
  step.value = target;
  step.mean = mean;
  step.gate = gate;
  step.hidden = node.squeezed;
  if (!node.squeeze) node.squeeze = squeezed(node);
  step.weights = node.squeeze;
  excitations[index] = &step;
}

ExciteStep *Lowering::gates(const Node &node) const {
  const int64_t input = node.inputs[0];
  const auto &w = node.window;
  const bool is_pointwise = node.groups == 1 && std::max(w.kernel[0], w.kernel[1]) == 1;
  // Numbers per channel to multiply: the weights' outputs instead of the values' places.
  const bool pays = graph.nodes[input].shape.places() >= 4 * node.shape.channels;
  return is_pointwise && readers[input] == 1 && pays ? excitations[input] : nullptr;
}

// Whether the weights lie as Kernels::gate expects them.
bool Lowering::can_be_gated(const Node &node, const memory::desc &weights) const {
  const auto layout = bf16                  ? memory::format_tag::OIhw8i16o2i
                      : block_width() == 16 ? memory::format_tag::OIhw16i16o
                                            : memory::format_tag::OIhw8i8o;
  const int64_t inputs = graph.nodes[node.inputs[0]].shape.channels;
  return weights == memory::desc({node.shape.channels, inputs, 1, 1}, type, layout);
}

PrimitiveStep &Lowering::gated(ExciteStep &excitation, const Node &node, int64_t result, const std::string &text) {
  const int64_t input = node.inputs[0];
  const Blocks from = blocks(input), to = blocks(result);
  made->arena.stretches[excitation.gate.stretch].last = time;
  const Place own = stretch(static_cast<size_t>(from.groups * from.width * to.groups * to.width * item));
  auto &step = add<GatedStep>(text + ", gated");
  step.kernels = &kernels(isa_level(), bf16);
  step.from = from;
  step.to = to;
  step.gate = excitation.gate;
  step.gated = own;
  excitation.scales = false;
  return step;
}

// MARK: running

void ExciteStep::bind(const Arena &arena) {
  values = arena.at(value);
  means = reinterpret_cast<float *>(arena.at(mean));
  gates = reinterpret_cast<float *>(arena.at(gate));
  units.resize(static_cast<size_t>(blocks.images * hidden));
}

void ExciteStep::run(const float *, float *) {
  const int64_t channels = blocks.groups * blocks.width;
  parallel_for(hidden, blocks.images * channels, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; h++)
      kernels->squeeze(means, blocks.images, channels, weights->w1.data() + h * channels, weights->b1[h],
                       units.data() + h, hidden);
  });
  parallel_for(blocks.groups, blocks.images * hidden * blocks.width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      kernels->excite(units.data(), blocks.images, hidden, weights->w2.data() + i * hidden * blocks.width,
                      weights->b2.data() + i * blocks.width, gates + i * blocks.width, channels);
  });
  if (!scales) return;
  parallel_for(blocks.count(), blocks.values(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      kernels->scale(values + i * blocks.values() * blocks.item, blocks.places, blocks.width, gates + i * blocks.width);
  });
}

void GatedStep::bind(const Arena &arena) {
  PrimitiveStep::bind(arena);
  input = arena.at(source);
  output = arena.at(target);
  gates = reinterpret_cast<const float *>(arena.at(gate));
  own = arena.at(gated);
  arguments.at(DNNL_ARG_WEIGHTS).set_data_handle(own);
}

void GatedStep::run(const float *, float *) {
  const int64_t channels = from.groups * from.width, bytes = channels * to.width * to.item;
  for (int64_t n = 0; n < from.images; n++) {
    parallel_for(to.groups, channels * to.width, [&](int64_t begin, int64_t end) {
      kernels->gate(weights->data() + begin * bytes, own + begin * bytes, end - begin, channels, gates + n * channels);
    });
    arguments.at(DNNL_ARG_SRC).set_data_handle(input + n * from.groups * from.values() * from.item);
    arguments.at(DNNL_ARG_DST).set_data_handle(output + n * to.groups * to.values() * to.item);
    made.primitive.execute(stream(), arguments);
  }
}

}  // namespace ct
