// Products of matrices as oneDNN primitives, made once per shape.
#include "products.hpp"
#include "plan/onednn.hpp"

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
  return memory::desc({x.size(0), x.size(1)}, data_type(x.scalar_type()), memory::dims{x.stride(0), x.stride(1)});
}

memory wrapped(const at::Tensor &x) { return memory(described(x), cpu(), x.data_ptr()); }

struct Product {
  dnnl::matmul primitive;
  memory::desc weights;
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
  return {dnnl::matmul(description), description.weights_desc()};
}

/// The primitive for shapes met before. `rows`, `inputs`, `outputs`, what tells the strides and types apart.
const Product &known(const std::array<int64_t, 11> &key, const Form &form) {
  thread_local std::map<std::array<int64_t, 11>, Product> products;
  auto found = products.find(key);
  if (found != products.end()) return found->second;
  // Lengths of sentences make many shapes; more than these are a leak rather than a help.
  if (products.size() >= 1024) products.clear();
  return products.emplace(key, made(form)).first->second;
}

void execute(const Product &one, const at::Tensor &a, const memory &b, const at::Tensor &bias, const at::Tensor &out) {
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, wrapped(a)}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, wrapped(out)}};
  if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, wrapped(bias.view({1, -1})));
  one.primitive.execute(stream(), arguments);
  stream().wait();
}

}  // namespace

const memory &SharedFactor::as(const memory::desc &wanted) {
  for (const auto &copy : copies)
    if (copy.memory.get_desc() == wanted) return copy.memory;
  if (copies.empty() && values.scalar_type() != type) values = values.to(type);
  auto bytes = at::empty({static_cast<int64_t>(wanted.get_size()) + 63}, at::TensorOptions(at::kByte));
  const auto address = (reinterpret_cast<uintptr_t>(bytes.data_ptr()) + 63) / 64 * 64;
  copies.push_back({memory(wanted, cpu(), reinterpret_cast<void *>(address)), bytes});
  memory from = wrapped(values), &to = copies.back().memory;
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return to;
}

/// Below AVX-512 oneDNN 2.6 has no blocked products, and with several threads its plain ones round differently from
/// one call to the next: those CPUs stay with the BLAS.
static bool has_blocked_products() { return isa_level() == 2; }

/// The BLAS is asked for float32, whatever else computes in.
using InFloat = c10::impl::ExcludeDispatchKeyGuard;
static constexpr c10::DispatchKey reducing = c10::DispatchKey::AutocastCPU;

void multiply(const at::Tensor &a, SharedFactor &b, const at::Tensor &bias, const at::Tensor &out, bool added) {
  if (!has_blocked_products()) {
    InFloat guard(reducing);
    auto to = out;
    to.addmm_(a, b.plain(), added ? 1 : 0);
    if (bias.defined()) to.add_(bias);
    return;
  }
  const int64_t rows = a.size(0), inputs = b.rows(), outputs = b.columns();
  const std::array<int64_t, 11> key{rows, inputs, outputs, a.stride(0), a.stride(1), -1, -1, out.stride(0),
                                    a.scalar_type() == at::kBFloat16, bias.defined(), added};
  const memory::desc any({inputs, outputs}, data_type(b.kind()), memory::format_tag::any);
  const auto &one = known(key, {described(a), any, described(out), bias.defined(), added});
  execute(one, a, b.as(one.weights), bias, out);
}

at::Tensor product(const at::Tensor &a, const at::Tensor &b) {
  if (!has_blocked_products()) {
    InFloat guard(reducing);
    return at::mm(a, b);
  }
  auto out = at::empty({a.size(0), b.size(1)}, a.options().dtype(at::kFloat));
  const std::array<int64_t, 11> key{a.size(0), a.size(1), b.size(1), a.stride(0), a.stride(1), b.stride(0),
                                    b.stride(1), out.stride(0), a.scalar_type() == at::kBFloat16, false, false};
  execute(known(key, {described(a), described(b), described(out), false, false}), a, wrapped(b), {}, out);
  return out;
}

bool multiplies_bf16() { return has_bf16(); }

}  // namespace ct
