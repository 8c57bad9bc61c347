// Convolutions and pools as oneDNN primitives, only ever on compiled (jit) implementations.
#include "onednn.hpp"

#include <stdexcept>

namespace ct {

using dnnl::memory;

const dnnl::engine &cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream &stream() {
  static thread_local dnnl::stream own(cpu());
  return own;
}

int isa_level() {
  static const int level = [] {
    const int isa = static_cast<int>(dnnl::get_effective_cpu_isa());
    if ((isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16) return 3;
    if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) return 2;
    return (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2 ? 1 : 0;
  }();
  return level;
}

int block_width() { return isa_level() >= 2 ? 16 : 8; }

// Native or emulated, oneDNN's bf16 convolutions start with AVX-512.
bool has_bf16() { return isa_level() >= 2; }

memory::desc blocked(const Shape &shape, int64_t batch, memory::data_type type) {
  const auto tag = block_width() == 16 ? memory::format_tag::nChw16c : memory::format_tag::nChw8c;
  return memory::desc({batch, shape.channels, shape.height, shape.width}, type, tag);
}

// The first implementation that is compiled for this CPU; `ref` and `gemm` ones are many times slower.
template <typename Description>
static bool choose(Description &description, Primitive &result) {
  for (;;) {
    const std::string name = description.impl_info_str();
    if (name.compare(0, 3, "jit") == 0 || name.compare(0, 6, "brgemm") == 0 || name.compare(0, 7, "brgconv") == 0) {
      result.implementation = name;
      return true;
    }
    result.implementation = name;
    if (!description.next_impl()) return false;
  }
}

static dnnl::primitive_attr attributes(bool accumulate, ct_activation activation) {
  dnnl::post_ops after;
  if (accumulate) after.append_sum(1.0f);
  if (activation == CT_ACT_RELU) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  if (activation == CT_ACT_RELU6) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_bounded_relu, 6.0f, 0.0f);
  dnnl::primitive_attr result;
  result.set_post_ops(after);
  result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return result;
}

[[noreturn]] static void refuse(const Node &node, const std::string &name) {
  throw std::runtime_error("no fast implementation of '" + node.text() + "' on this CPU (only " +
                           (name.empty() ? "none" : name) + ")");
}

Primitive convolution(const Node &node, const Shape &from, int64_t batch, memory::data_type type, bool plain,
                      bool accumulate, ct_activation activation) {
  const auto &w = node.window;
  const memory::dims kernel{w.kernel[0], w.kernel[1]};
  memory::dims weights = node.groups == 1
                             ? memory::dims{node.shape.channels, from.channels}
                             : memory::dims{node.groups, node.shape.channels / node.groups, from.channels / node.groups};
  weights.insert(weights.end(), kernel.begin(), kernel.end());
  const memory::desc source =
      plain ? memory::desc({batch, from.channels, from.height, from.width}, type, memory::format_tag::nchw)
            : blocked(from, batch, type);
  Primitive result;
  try {
    const dnnl::convolution_forward::desc wish(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, source,
        memory::desc(weights, type, memory::format_tag::any),
        memory::desc({node.shape.channels}, memory::data_type::f32, memory::format_tag::x),
        blocked(node.shape, batch, type), {w.stride[0], w.stride[1]}, {w.before[0], w.before[1]},
        {w.after[0], w.after[1]});
    dnnl::convolution_forward::primitive_desc description(wish, attributes(accumulate, activation), cpu());
    if (!choose(description, result)) refuse(node, result.implementation);
    result.source = description.src_desc();
    result.weights = description.weights_desc();
    result.bias = description.bias_desc();
    result.target = description.dst_desc();
    result.scratch = description.scratchpad_desc().get_size();
    result.primitive = dnnl::convolution_forward(description);
  } catch (const dnnl::error &error) {
    throw std::runtime_error("'" + node.text() + "': " + error.what());
  }
  return result;
}

Primitive pooling(const Node &node, const Shape &from, int64_t batch, memory::data_type type) {
  const auto &w = node.window;
  const auto algorithm = node.pool == CT_POOL_MAX   ? dnnl::algorithm::pooling_max
                         : node.pool == CT_POOL_AVG ? dnnl::algorithm::pooling_avg_include_padding
                                                    : dnnl::algorithm::pooling_avg_exclude_padding;
  Primitive result;
  try {
    const dnnl::pooling_forward::desc wish(
        dnnl::prop_kind::forward_inference, algorithm, blocked(from, batch, type), blocked(node.shape, batch, type),
        {w.stride[0], w.stride[1]}, {w.kernel[0], w.kernel[1]}, {w.before[0], w.before[1]}, {w.after[0], w.after[1]});
    dnnl::pooling_forward::primitive_desc description(wish, attributes(false, CT_ACT_NONE), cpu());
    if (!choose(description, result)) refuse(node, result.implementation);
    result.source = description.src_desc();
    result.target = description.dst_desc();
    result.scratch = description.scratchpad_desc().get_size();
    result.primitive = dnnl::pooling_forward(description);
  } catch (const dnnl::error &error) {
    throw std::runtime_error("'" + node.text() + "': " + error.what());
  }
  return result;
}

Primitive product(int64_t rows, int64_t inputs, int64_t outputs, memory::data_type type, memory::data_type target,
                  bool accumulate, const dnnl::post_ops &after) {
  dnnl::post_ops all;
  if (accumulate) all.append_sum(1.0f);
  for (int i = 0; i < after.len(); i++) {
    float scale, alpha, beta;
    dnnl::algorithm algorithm;
    after.get_params_eltwise(i, scale, algorithm, alpha, beta);
    all.append_eltwise(scale, algorithm, alpha, beta);
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(all);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  Primitive result;
  const std::string text = "product " + std::to_string(inputs) + " -> " + std::to_string(outputs);
  try {
    const dnnl::inner_product_forward::desc wish(
        dnnl::prop_kind::forward_inference, memory::desc({rows, inputs}, type, memory::format_tag::nc),
        memory::desc({outputs, inputs}, type, memory::format_tag::any),
        memory::desc({outputs}, memory::data_type::f32, memory::format_tag::x),
        memory::desc({rows, outputs}, target, memory::format_tag::nc));
    dnnl::inner_product_forward::primitive_desc description(wish, attributes, cpu());
    if (!choose(description, result))
      throw std::runtime_error("no fast implementation of '" + text + "' on this CPU (only " + result.implementation + ")");
    result.source = description.src_desc();
    result.weights = description.weights_desc();
    result.bias = description.bias_desc();
    result.target = description.dst_desc();
    result.scratch = description.scratchpad_desc().get_size();
    result.primitive = dnnl::inner_product_forward(description);
  } catch (const dnnl::error &error) {
    throw std::runtime_error("'" + text + "': " + error.what());
  }
  return result;
}

std::shared_ptr<Memory> pack(const float *plain, const memory::desc &from, const memory::desc &to,
                             std::vector<Packed> &known) {
  for (const auto &one : known)
    if (one.desc == to) return one.memory;
  auto result = std::make_shared<Memory>(to.get_size());
  memory source = plain ? memory(from, cpu(), const_cast<float *>(plain))
                        : memory(known.front().desc, cpu(), known.front().memory->data());
  memory target(to, cpu(), result->data());
  dnnl::reorder(source, target).execute(stream(), source, target);
  stream().wait();
  known.push_back({to, result});
  return result;
}

}  // namespace ct
