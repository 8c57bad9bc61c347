// Building a graph: every layer is checked here, so that compiling only meets sound ones.
#include "graph.hpp"

#include <algorithm>
#include <stdexcept>

namespace ct {

static const Node &at(ct_graph graph, int64_t value) {
  if (value < 0 || value >= static_cast<int64_t>(graph->nodes.size()))
    throw std::out_of_range("the graph has no value " + std::to_string(value));
  return graph->nodes[value];
}

static int64_t add(ct_graph graph, Node node) {
  graph->nodes.push_back(std::move(node));
  return static_cast<int64_t>(graph->nodes.size()) - 1;
}

static int64_t extent(int64_t size, const ct_window &w, int axis) {
  int64_t padded = size + w.before[axis] + w.after[axis];
  if (w.kernel[axis] < 1 || w.stride[axis] < 1 || w.before[axis] < 0 || w.after[axis] < 0 || padded < w.kernel[axis])
    throw std::invalid_argument("a window of " + std::to_string(w.kernel[axis]) + " does not fit into " +
                                std::to_string(padded) + " places");
  return (padded - w.kernel[axis]) / w.stride[axis] + 1;
}

static std::shared_ptr<std::vector<float>> copied(const float *values, int64_t count) {
  return std::make_shared<std::vector<float>>(values, values + count);
}

std::string Node::text() const {
  static const char *names[] = {"input", "conv", "add", "pool", "concat", "excite"};
  std::string size = std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" +
                     std::to_string(shape.width);
  std::string kernel;
  if (kind == Kind::conv || kind == Kind::pool)
    kernel = " " + std::to_string(window.kernel[0]) + "x" + std::to_string(window.kernel[1]) + "/" +
             std::to_string(window.stride[0]) + (groups > 1 ? " groups " + std::to_string(groups) : "");
  return names[static_cast<int>(kind)] + kernel + " -> " + size;
}

}  // namespace ct

int ct_graph_new(int64_t channels, int64_t height, int64_t width, ct_graph *out) {
  CT_PLAN_GUARD({
    if (channels < 1 || height < 1 || width < 1) throw std::invalid_argument("an image needs a size");
    auto graph = std::make_unique<ct_graph_s>();
    ct::Node input;
    input.shape = {channels, height, width};
    graph->nodes.push_back(input);
    *out = graph.release();
  })
}

void ct_graph_free(ct_graph graph) { delete graph; }

int ct_graph_conv(ct_graph graph, int64_t input, ct_window window, int64_t outputs, int64_t groups,
                  ct_activation activation, const float *weight, const float *scale, const float *shift,
                  int64_t *value) {
  CT_PLAN_GUARD({
    const ct::Shape from = ct::at(graph, input).shape;
    if (groups < 1 || outputs < 1 || from.channels % groups || outputs % groups)
      throw std::invalid_argument("the groups of a convolution do not divide its channels");
    ct::Node node;
    node.kind = ct::Kind::conv;
    node.inputs = {input};
    node.shape = {outputs, ct::extent(from.height, window, 0), ct::extent(from.width, window, 1)};
    node.window = window;
    node.groups = groups;
    node.activation = activation;
    const int64_t taps = from.channels / groups * window.kernel[0] * window.kernel[1];
    node.weight = ct::copied(weight, outputs * taps);
    for (int64_t o = 0; o < outputs; o++)
      for (int64_t t = 0; t < taps; t++) (*node.weight)[o * taps + t] *= scale[o];
    node.weight_count = outputs * taps;
    node.bias = ct::copied(shift, outputs);
    *value = ct::add(graph, std::move(node));
  })
}

int ct_graph_add(ct_graph graph, int64_t a, int64_t b, ct_activation activation, int64_t *value) {
  CT_PLAN_GUARD({
    const ct::Shape left = ct::at(graph, a).shape, right = ct::at(graph, b).shape;
    if (left.channels != right.channels || left.height != right.height || left.width != right.width)
      throw std::invalid_argument("the terms of a sum differ in shape");
    ct::Node node;
    node.kind = ct::Kind::add;
    node.inputs = {a, b};
    node.shape = left;
    node.activation = activation;
    *value = ct::add(graph, std::move(node));
  })
}

int ct_graph_pool(ct_graph graph, int64_t input, ct_pool_kind kind, ct_window window, int64_t *value) {
  CT_PLAN_GUARD({
    const ct::Shape from = ct::at(graph, input).shape;
    ct::Node node;
    node.kind = ct::Kind::pool;
    node.inputs = {input};
    node.shape = {from.channels, ct::extent(from.height, window, 0), ct::extent(from.width, window, 1)};
    node.window = window;
    node.pool = kind;
    *value = ct::add(graph, std::move(node));
  })
}

int ct_graph_concat(ct_graph graph, const int64_t *inputs, int64_t count, int64_t *value) {
  CT_PLAN_GUARD({
    if (count < 1) throw std::invalid_argument("nothing to join");
    ct::Node node;
    node.kind = ct::Kind::concat;
    node.inputs.assign(inputs, inputs + count);
    node.shape = ct::at(graph, inputs[0]).shape;
    node.shape.channels = 0;
    for (int64_t input : node.inputs) {
      const ct::Shape part = ct::at(graph, input).shape;
      if (part.height != node.shape.height || part.width != node.shape.width)
        throw std::invalid_argument("joined images differ in size");
      node.shape.channels += part.channels;
    }
    *value = ct::add(graph, std::move(node));
  })
}

int ct_graph_excite(ct_graph graph, int64_t input, int64_t squeezed, const float *w1, const float *b1,
                    const float *w2, const float *b2, int64_t *value) {
  CT_PLAN_GUARD({
    if (squeezed < 1) throw std::invalid_argument("an excitation needs hidden units");
    ct::Node node;
    node.kind = ct::Kind::excite;
    node.inputs = {input};
    node.shape = ct::at(graph, input).shape;
    node.squeezed = squeezed;
    const int64_t channels = node.shape.channels;
    node.weight1 = ct::copied(w1, squeezed * channels);
    node.bias = ct::copied(b1, squeezed);
    node.weight2 = ct::copied(w2, channels * squeezed);
    node.bias2 = ct::copied(b2, channels);
    *value = ct::add(graph, std::move(node));
  })
}

int ct_graph_shape(ct_graph graph, int64_t value, int64_t shape[3]) {
  CT_PLAN_GUARD({
    const ct::Shape &from = ct::at(graph, value).shape;
    shape[0] = from.channels;
    shape[1] = from.height;
    shape[2] = from.width;
  })
}

double ct_graph_macs(ct_graph graph) {
  double total = 0;
  for (const auto &node : graph->nodes)
    if (node.kind == ct::Kind::conv)
      total += static_cast<double>(node.weight_count) * static_cast<double>(node.shape.places());
  return total;
}

int64_t ct_graph_batch(ct_graph graph) {
  // Weights are read once per micro-batch, activations once per image: with more images than the ratio, activations
  // leave the cache for nothing. The factor is measured (docs/performance.md).
  double weights = 0, activations = 0;
  for (const auto &node : graph->nodes) {
    if (node.kind == ct::Kind::conv) weights += static_cast<double>(node.weight_count);
    if (node.kind != ct::Kind::input) activations += static_cast<double>(node.shape.channels * node.shape.places());
  }
  const double ratio = 4 * weights / std::max(1.0, activations);
  return ratio >= 6 ? 8 : ratio >= 3 ? 4 : ratio >= 0.75 ? 2 : 1;
}
