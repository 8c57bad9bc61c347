// Winograd's minimal filtering F(4×4, 3×3) by oneDNN, for float32 with gradients: 36 products instead of 144.
// - Source: Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks".
#include "winograd.hpp"
#include "rooms.hpp"
#include "../plan/onednn.hpp"
#include "../recorded.hpp"
#include "../support.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace ct {
namespace {

using dnnl::memory;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A tensor's numbers in one of oneDNN's layouts.
struct Laid {
  at::Tensor room;
  memory::desc layout;

  explicit Laid(const memory::desc &desc) : room(ct::room(desc.get_size())), layout(desc) {}
  Laid(const at::Tensor &tensor, const memory::desc &desc) : room(tensor), layout(desc) {}

  memory values() const { return memory(layout, cpu(), room.data_ptr()); }
  void copy(const Laid &other) const {
    auto from = other.values(), to = values();
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
  }
  Laid in(const memory::desc &wanted) const {
    if (wanted == layout) return *this;
    Laid result(wanted);
    result.copy(*this);
    return result;
  }
};

/// The three products of a convolution and the layouts they want. Primitives come from oneDNN's cache.
struct Products {
  dnnl::convolution_forward::primitive_desc forward;
  dnnl::convolution_backward_data::primitive_desc data;
  dnnl::convolution_backward_weights::primitive_desc weights;

  /// - Throws: dnnl::error where oneDNN has no such filters.
  Products(at::IntArrayRef x, at::IntArrayRef w, int64_t pad, bool gradients) {
    const memory::dims stride{1, 1}, padding{pad, pad};
    auto any = [](memory::dims sizes) { return memory::desc(sizes, memory::data_type::f32, memory::format_tag::any); };
    auto from = any(x.vec()), kernel = any(w.vec());
    auto to = any({x[0], w[0], x[2] + 2 * pad - 2, x[3] + 2 * pad - 2});
    const auto way = dnnl::algorithm::convolution_winograd;
    dnnl::primitive_attr own;
    own.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    forward = {{dnnl::prop_kind::forward_training, way, from, kernel, to, stride, padding, padding}, own, cpu()};
    if (!gradients) return;
    data = {{way, from, kernel, to, stride, padding, padding}, own, cpu(), forward};
    weights = {{way, from, kernel, to, stride, padding, padding}, own, cpu(), forward};
  }
};

void run(const dnnl::primitive_desc &description, std::unordered_map<int, memory> arguments) {
  Laid scratch(description.scratchpad_desc());
  arguments.emplace(DNNL_ARG_SCRATCHPAD, scratch.values());
  dnnl::primitive(description).execute(stream(), arguments);
  stream().wait();
}

memory::desc plain(at::IntArrayRef sizes, memory::format_tag tag) {
  return memory::desc(sizes.vec(), memory::data_type::f32, tag);
}

/// Pictures and their gradients, channels last.
Laid picture(const at::Tensor &t) { return Laid(t, plain(t.sizes(), memory::format_tag::nhwc)); }
Laid kernel(const at::Tensor &t) { return Laid(t, plain(t.sizes(), memory::format_tag::oihw)); }

at::Tensor empty_picture(at::IntArrayRef sizes) {
  return at::empty(sizes, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
}

struct Winograd : torch::autograd::Function<Winograd> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &w, int64_t pad) {
    Products products(x.sizes(), w.sizes(), pad, false);
    const auto &p = products.forward;
    auto y = empty_picture(p.dst_desc().dims());
    Recorded timed("winograd", {y, w});
    auto from = picture(x).in(p.src_desc());
    Laid to(p.dst_desc());
    auto weights = kernel(w).in(p.weights_desc());
    run(p, {{DNNL_ARG_SRC, from.values()}, {DNNL_ARG_WEIGHTS, weights.values()}, {DNNL_ARG_DST, to.values()}});
    picture(y).copy(to);
    context->save_for_backward({x, w});
    context->saved_data["padding"] = pad;
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "this convolution has no second derivative");
    auto saved = context->get_saved_variables();
    const auto &x = saved[0], &w = saved[1];
    Products products(x.sizes(), w.sizes(), context->saved_data["padding"].toInt(), true);
    auto slope = picture(gradients[0].contiguous(at::MemoryFormat::ChannelsLast)).in(products.data.diff_dst_desc());
    variable_list result(3);
    if (context->needs_input_grad(0)) {
      Recorded timed("winograd", {gradients[0], w});
      result[0] = data_gradient(products.data, slope, w, x.sizes());
    }
    if (context->needs_input_grad(1)) {
      Recorded timed("winograd", {gradients[0], w});
      result[1] = weight_gradient(products.weights, slope, x, w.sizes());
    }
    return result;
  }

 private:
  static at::Tensor data_gradient(const dnnl::convolution_backward_data::primitive_desc &p, const Laid &slope,
                                  const at::Tensor &w, at::IntArrayRef sizes) {
    auto result = empty_picture(sizes);
    Laid to(p.diff_src_desc());
    auto weights = kernel(w).in(p.weights_desc());
    auto above = slope.in(p.diff_dst_desc());
    run(p, {{DNNL_ARG_DIFF_DST, above.values()}, {DNNL_ARG_WEIGHTS, weights.values()}, {DNNL_ARG_DIFF_SRC, to.values()}});
    picture(result).copy(to);
    return result;
  }

  static at::Tensor weight_gradient(const dnnl::convolution_backward_weights::primitive_desc &p, const Laid &slope,
                                    const at::Tensor &x, at::IntArrayRef sizes) {
    auto result = at::empty(sizes, at::TensorOptions(at::kFloat));
    Laid to(p.diff_weights_desc());
    auto from = picture(x).in(p.src_desc());
    auto above = slope.in(p.diff_dst_desc());
    run(p, {{DNNL_ARG_SRC, from.values()}, {DNNL_ARG_DIFF_DST, above.values()}, {DNNL_ARG_DIFF_WEIGHTS, to.values()}});
    kernel(result).copy(to);
    return result;
  }
};

/// A tile of 4 × 4 places costs what 6 places cost otherwise, and the filters of a layer what 130 do (measured).
bool pays(at::IntArrayRef x, int64_t pad) {
  int64_t height = x[2] + 2 * pad - 2, width = x[3] + 2 * pad - 2;
  int64_t tiles = x[0] * ((height + 3) / 4) * ((width + 3) / 4);
  return x[0] * height * width * 10 > (tiles * 6 + 130) * 12;
}

bool is_window(const Conv2dWindow &window) {
  auto all = [](at::IntArrayRef values, int64_t value) { return values[0] == value && values[1] == value; };
  return all(window.stride, 1) && all(window.dilation, 1) && (all(window.padding, 0) || all(window.padding, 1)) &&
         window.groups == 1;
}

bool suits(const at::Tensor &x, const at::Tensor &w, const Conv2dWindow &window) {
  bool records = at::GradMode::is_enabled() && (x.requires_grad() || w.requires_grad());
  return records && is_window(window) && x.dim() == 4 && w.dim() == 4 && w.size(2) == 3 && w.size(3) == 3 &&
         x.size(1) == w.size(1) && x.size(1) % 16 == 0 && w.size(0) % 16 == 0 && x.device().is_cpu() &&
         w.device().is_cpu() && x.scalar_type() == at::kFloat && w.scalar_type() == at::kFloat &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && w.is_contiguous() && x.numel() > 0 && isa_level() == 2 &&
         !autocasts() && pays(x.sizes(), window.padding[0]);
}

bool has_filters(const at::Tensor &x, const at::Tensor &w, int64_t pad) {
  try {
    Products products(x.sizes(), w.sizes(), pad, true);
    return true;
  } catch (const dnnl::error &) {
    return false;
  }
}

}  // namespace

at::Tensor winograd(const at::Tensor &x, const at::Tensor &weight, const Conv2dWindow &window) {
  if (!suits(x, weight, window) || !has_filters(x, weight, window.padding[0])) return {};
  return Winograd::apply(x, weight, window.padding[0]);
}

}  // namespace ct
