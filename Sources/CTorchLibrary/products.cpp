// Products of matrices as oneDNN primitives, made once per shape.
#include "products.hpp"
#include "plan/onednn.hpp"
#include "recorded.hpp"

#include <array>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <map>

namespace ct {
namespace {

using dnnl::memory;

memory::data_type data_type(at::ScalarType type) {
  return type == at::kBFloat16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory::desc described(const at::Tensor &x) {
  return memory::desc(x.sizes().vec(), data_type(x.scalar_type()), x.strides().vec());
}

memory wrapped(const at::Tensor &x) { return memory(described(x), cpu(), x.data_ptr()); }

struct Product {
  dnnl::matmul primitive;
  memory::desc weights;
  bool blocked;
};

struct Form {
  memory::desc a, b, out;
  bool biased, added;
};

Product made(const Form &form) {
  dnnl::primitive_attr attributes;
  if (form.added) {
    dnnl::post_ops after;
    after.append_sum(1.0f);
    attributes.set_post_ops(after);
  }
  const memory::desc bias({1, form.out.dims()[1]}, memory::data_type::f32, memory::format_tag::ab);
  const auto wish = form.biased ? dnnl::matmul::desc(form.a, form.b, bias, form.out)
                                : dnnl::matmul::desc(form.a, form.b, form.out);
  const dnnl::matmul::primitive_desc description(wish, attributes, cpu());
  const bool blocked = std::string(description.impl_info_str()).compare(0, 3, "brg") == 0;
  return {dnnl::matmul(description), description.weights_desc(), blocked};
}

/// What tells products apart: sizes, strides (of `b`: none where its layout is free), types, what is added.
using Key = std::array<int64_t, 12>;

Key key(const at::Tensor &a, int64_t outputs, at::IntArrayRef b_strides, const at::Tensor &out, bool biased, bool added) {
  const int64_t d = a.dim(), b = static_cast<int64_t>(b_strides.size());
  return {d > 2 ? a.size(0) : 0, a.size(d - 2), a.size(d - 1), outputs, a.stride(d - 2), a.stride(d - 1),
          b ? b_strides[b - 2] : -1, b ? b_strides[b - 1] : -1, out.stride(d - 2),
          a.scalar_type() == at::kBFloat16, biased, added};
}

/// The primitive for such a product, made once. oneDNN 2.6 has blocked products with AVX-512 alone; with several
/// threads its plain ones round differently from one call to the next, so what has no blocked one is the BLAS's (null).
const Product *blocked_product(const Key &key, const Form &form) {
  if (isa_level() < 2) return nullptr;
  thread_local std::map<Key, Product> products;
  auto found = products.find(key);
  if (found == products.end()) {
    // Lengths of sentences make many shapes; more than these are a leak rather than a help.
    if (products.size() >= 1024) products.clear();
    found = products.emplace(key, made(form)).first;
  }
  return found->second.blocked ? &found->second : nullptr;
}

void execute(const Product &one, const at::Tensor &a, const memory &b, const at::Tensor &bias, const at::Tensor &out) {
  Recorded timed("product", {a, out});
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrapped(a)}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, wrapped(out)}};
  if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, wrapped(bias.view({1, -1})));
  one.primitive.execute(stream(), arguments);
  stream().wait();
}

/// The BLAS is asked for float32, whatever else computes in.
struct InFloat32 {
  c10::impl::ExcludeDispatchKeyGuard guard{c10::DispatchKey::AutocastCPU};
};

at::Tensor by_library(const at::Tensor &a, const at::Tensor &b, const at::Tensor &bias) {
  InFloat32 guard;
  auto x = a.to(at::kFloat), y = b.to(at::kFloat);
  if (a.dim() > 2) return at::bmm(x, y);
  return bias.defined() ? at::addmm(bias, x, y) : at::mm(x, y);
}

}  // namespace

const at::Tensor &SharedFactor::plain() {
  if (values.scalar_type() != type) values = values.to(type);
  return values;
}

const memory &SharedFactor::as(const memory::desc &wanted) {
  for (const auto &copy : copies)
    if (copy.memory.get_desc() == wanted) return copy.memory;
  auto bytes = at::empty({static_cast<int64_t>(wanted.get_size()) + 63}, at::TensorOptions(at::kByte));
  const auto address = (reinterpret_cast<uintptr_t>(bytes.data_ptr()) + 63) / 64 * 64;
  copies.push_back({memory(wanted, cpu(), reinterpret_cast<void *>(address)), bytes});
  memory from = wrapped(plain()), &to = copies.back().memory;
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return to;
}

void multiply(const at::Tensor &a, SharedFactor &b, const at::Tensor &bias, const at::Tensor &out, bool added) {
  const memory::desc any({b.rows(), b.columns()}, data_type(a.scalar_type()), memory::format_tag::any);
  const Form form{described(a), any, described(out), bias.defined(), added};
  if (const auto *one = blocked_product(key(a, b.columns(), {}, out, form.biased, added), form))
    return execute(*one, a, b.as(one->weights), bias, out);
  auto to = out, sum = by_library(a, b.plain(), bias);
  added ? to.add_(sum) : to.copy_(sum);
}

at::Tensor product(const at::Tensor &a, const at::Tensor &b, const at::Tensor &bias) {
  auto sizes = a.sizes().vec();
  sizes.back() = b.size(-1);
  auto out = at::empty(sizes, a.options().dtype(at::kFloat));
  const Form form{described(a), described(b), described(out), bias.defined(), false};
  const auto *one = blocked_product(key(a, sizes.back(), b.strides(), out, form.biased, false), form);
  if (!one) return by_library(a, b, bias);
  execute(*one, a, wrapped(b), bias, out);
  return out;
}

}  // namespace ct
