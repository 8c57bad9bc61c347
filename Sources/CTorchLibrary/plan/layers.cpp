// Transformer layers on packed products: tokens of all sentences lie one after the other, so nothing is padded.
#include "../include/ctorch_layers.h"
#include "kernels.hpp"
#include "onednn.hpp"
#include "../parallel.hpp"

#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>

namespace {

using dnnl::memory;

// Weights [outputs, inputs] with their packed forms.
struct Product {
  int64_t inputs = 0, outputs = 0;
  std::vector<float> plain;
  std::vector<ct::Packed> packed;
  std::vector<float> bias;
};

struct Layer {
  Product qkv, out, up, down;
  std::vector<float> attention_gain, attention_shift, perceptron_gain, perceptron_shift;
};

// The four products for one number of rows.
struct Products {
  ct::Primitive qkv, out, up, down;
};

}  // namespace

struct ct_layers_s {
  ct_layers_shape shape;
  bool bf16;
  int threads;
  const ct::Kernels *kernels;
  std::vector<Layer> layers;
  std::map<int64_t, Products> products;
  ct::Memory residual, normal, joined, mixed, wide, scratch;
  double seconds[CT_LAYERS_STAGES] = {};

  int64_t item() const { return bf16 ? 2 : 4; }
  memory::data_type type() const { return bf16 ? memory::data_type::bf16 : memory::data_type::f32; }
  dnnl::post_ops activation() const;
  const Products &of(int64_t rows);
  void apply(const ct::Primitive &primitive, Product &product, void *from, void *to);
  void normalise(const std::vector<float> &gain, const std::vector<float> &shift, int64_t rows, bool in_place);
  void attend(const std::vector<int64_t> &starts);
  void run(const std::vector<int64_t> &starts, int64_t rows);

  template <class Body>
  void timed(ct_layers_stage stage, const Body &body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    seconds[stage] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

dnnl::post_ops ct_layers_s::activation() const {
  dnnl::post_ops after;
  switch (shape.perceptron) {
    case CT_GELU_EXACT: after.append_eltwise(1, dnnl::algorithm::eltwise_gelu_erf, 0, 0); break;
    case CT_GELU_BY_TANH: after.append_eltwise(1, dnnl::algorithm::eltwise_gelu_tanh, 0, 0); break;
    case CT_GELU_QUICK: after.append_eltwise(1, dnnl::algorithm::eltwise_swish, 1.702f, 0); break;
    case CT_GELU_NONE_BUT_RELU: after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0); break;
  }
  return after;
}

const Products &ct_layers_s::of(int64_t rows) {
  auto known = products.find(rows);
  if (known != products.end()) return known->second;
  const int64_t width = shape.width, hidden = shape.hidden;
  const dnnl::post_ops none;
  Products made;
  made.qkv = ct::product(rows, width, 3 * width, type(), type(), false, none);
  made.out = ct::product(rows, width, width, type(), memory::data_type::f32, true, none);
  made.up = ct::product(rows, width, hidden, type(), type(), false, activation());
  made.down = ct::product(rows, hidden, width, type(), memory::data_type::f32, true, none);
  size_t most = 0;
  for (const auto *one : {&made.qkv, &made.out, &made.up, &made.down}) most = std::max(most, one->scratch);
  if (scratch.size() < most) scratch = ct::Memory(most);
  return products.emplace(rows, std::move(made)).first->second;
}

void ct_layers_s::apply(const ct::Primitive &primitive, Product &product, void *from, void *to) {
  const memory::desc plain({product.outputs, product.inputs}, memory::data_type::f32, memory::format_tag::oi);
  auto weights = ct::pack(product.plain.empty() ? nullptr : product.plain.data(), plain, primitive.weights, product.packed);
  product.plain = {};
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, memory(primitive.source, ct::cpu(), from)},
      {DNNL_ARG_WEIGHTS, memory(primitive.weights, ct::cpu(), weights->data())},
      {DNNL_ARG_BIAS, memory(primitive.bias, ct::cpu(), product.bias.data())},
      {DNNL_ARG_DST, memory(primitive.target, ct::cpu(), to)}};
  if (primitive.scratch) {
    const memory::desc flat({static_cast<int64_t>(primitive.scratch)}, memory::data_type::u8, memory::format_tag::x);
    arguments.emplace(DNNL_ARG_SCRATCHPAD, memory(flat, ct::cpu(), scratch.data()));
  }
  primitive.primitive.execute(ct::stream(), arguments);
}

// The residual's rows, normalised, to the input of the next product; `in_place` also to themselves.
void ct_layers_s::normalise(const std::vector<float> &gain, const std::vector<float> &shift, int64_t rows,
                           bool in_place) {
  const int64_t width = shape.width;
  auto x = reinterpret_cast<float *>(residual.data());
  ct::parallel_for(rows, width, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++)
      kernels->normalise(x + r * width, width, gain.data(), shift.data(), shape.epsilon,
                         in_place ? x + r * width : nullptr, normal.data() + r * width * item());
  });
}

void ct_layers_s::attend(const std::vector<int64_t> &starts) {
  const int64_t width = shape.width, size = width / shape.heads, sentences = static_cast<int64_t>(starts.size()) - 1;
  int64_t longest = 1;
  for (int64_t s = 0; s < sentences; s++) longest = std::max(longest, starts[s + 1] - starts[s]);
  ct::parallel_for(sentences * shape.heads, longest * longest * size, [&](int64_t begin, int64_t end) {
    ct::Attention one;
    one.time = longest;
    one.size = size;
    one.stride = 3 * width;
    one.result_stride = width;
    one.scale = 1.0f / std::sqrt(static_cast<float>(size));
    one.causal = shape.causal;
    float *const room = ct::workspace(static_cast<size_t>(one.scratch()));
    for (int64_t i = begin; i < end; i++) {
      const int64_t sentence = i / shape.heads, head = i % shape.heads, first = starts[sentence];
      one.time = starts[sentence + 1] - first;
      const char *row = joined.data() + (first * 3 * width + head * size) * item();
      kernels->attend(one, row, row + width * item(), row + 2 * width * item(),
                      mixed.data() + (first * width + head * size) * item(), room);
    }
  });
}

void ct_layers_s::run(const std::vector<int64_t> &starts, int64_t rows) {
  const Products &sizes = of(rows);
  const int64_t width = shape.width;
  for (double &stage : seconds) stage = 0;
  const auto normalised = [&](const std::vector<float> &gain, const std::vector<float> &shift, bool in_place) {
    timed(CT_LAYERS_NORM, [&] { normalise(gain, shift, rows, in_place); });
  };
  if (!shape.normalise_first)
    ct::parallel_for(rows, width, [&](int64_t begin, int64_t end) {
      kernels->narrow(reinterpret_cast<float *>(residual.data()) + begin * width,
                      normal.data() + begin * width * item(), (end - begin) * width);
    });
  for (auto &layer : layers) {
    if (shape.normalise_first) normalised(layer.attention_gain, layer.attention_shift, false);
    timed(CT_LAYERS_QKV, [&] { apply(sizes.qkv, layer.qkv, normal.data(), joined.data()); });
    timed(CT_LAYERS_ATTENTION, [&] { attend(starts); });
    timed(CT_LAYERS_OUT, [&] { apply(sizes.out, layer.out, mixed.data(), residual.data()); });
    if (shape.normalise_first) {
      normalised(layer.perceptron_gain, layer.perceptron_shift, false);
    } else {
      normalised(layer.attention_gain, layer.attention_shift, true);
    }
    timed(CT_LAYERS_UP, [&] { apply(sizes.up, layer.up, normal.data(), wide.data()); });
    timed(CT_LAYERS_DOWN, [&] { apply(sizes.down, layer.down, wide.data(), residual.data()); });
    if (!shape.normalise_first) normalised(layer.perceptron_gain, layer.perceptron_shift, true);
  }
}

int ct_layers_new(ct_layers_shape shape, ct_plan_precision precision, int32_t threads, ct_layers *out) {
  CT_PLAN_GUARD({
    if (shape.width < 1 || shape.hidden < 1 || shape.heads < 1 || shape.width % shape.heads || threads < 1)
      throw std::invalid_argument("the sizes make no transformer");
    const bool bf16 = precision == CT_PLAN_BF16;
    if (bf16 && !ct::has_bf16()) throw std::runtime_error("this CPU does not multiply in bf16");
    auto stack = std::make_unique<ct_layers_s>();
    stack->shape = shape;
    stack->bf16 = bf16;
    stack->threads = threads;
    stack->kernels = &ct::kernels(ct::isa_level(), bf16);
    ct::ThreadCount count(threads);
    stack->of(64);  // whether this CPU can
    *out = stack.release();
  })
}

void ct_layers_free(ct_layers stack) { delete stack; }

double ct_layers_seconds(ct_layers stack, ct_layers_stage stage) { return stack->seconds[stage]; }

int ct_layers_add(ct_layers stack, ct_layers_layer layer) {
  CT_PLAN_GUARD({
    const int64_t width = stack->shape.width, hidden = stack->shape.hidden;
    const auto values = [](const float *from, int64_t count) { return std::vector<float>(from, from + count); };
    const auto product = [&](const float *weight, const float *bias, int64_t inputs, int64_t outputs) {
      Product made;
      made.inputs = inputs;
      made.outputs = outputs;
      made.plain = values(weight, inputs * outputs);
      made.bias = values(bias, outputs);
      return made;
    };
    Layer made;
    made.qkv = product(layer.qkv, layer.qkv_bias, width, 3 * width);
    made.out = product(layer.out, layer.out_bias, width, width);
    made.up = product(layer.up, layer.up_bias, width, hidden);
    made.down = product(layer.down, layer.down_bias, hidden, width);
    made.attention_gain = values(layer.attention_gain, width);
    made.attention_shift = values(layer.attention_shift, width);
    made.perceptron_gain = values(layer.perceptron_gain, width);
    made.perceptron_shift = values(layer.perceptron_shift, width);
    stack->layers.push_back(std::move(made));
  })
}

int ct_layers_run(ct_layers stack, float *x, int64_t count, int64_t time, const int64_t *lengths) {
  CT_PLAN_GUARD({
    std::vector<int64_t> starts{0};
    for (int64_t i = 0; i < count; i++) {
      if (lengths[i] < 0 || lengths[i] > time) throw std::invalid_argument("a row is longer than its places");
      starts.push_back(starts.back() + lengths[i]);
    }
    if (starts.back() == 0) return CT_PLAN_OK;
    // Few different numbers of rows, so that few products have to be compiled.
    const int64_t step = starts.back() <= 64 ? 16 : 64, rows = ct::rounded(starts.back(), step);
    const int64_t width = stack->shape.width, item = stack->item();
    const auto room = [&](ct::Memory &memory, int64_t bytes) {
      if (static_cast<int64_t>(memory.size()) < bytes) memory = ct::Memory(static_cast<size_t>(bytes));
    };
    room(stack->residual, rows * width * 4);
    room(stack->normal, rows * width * item);
    room(stack->joined, rows * 3 * width * item);
    room(stack->mixed, rows * width * item);
    room(stack->wide, rows * stack->shape.hidden * item);
    ct::ThreadCount threads(stack->threads);
    auto residual = reinterpret_cast<float *>(stack->residual.data());
    const auto bytes = [&](int64_t i) { return static_cast<size_t>(lengths[i] * width) * sizeof(float); };
    for (int64_t i = 0; i < count; i++) std::memcpy(residual + starts[i] * width, x + i * time * width, bytes(i));
    // Rows that only fill up: their results are never read, but they shall not slow anything down by overflowing.
    std::memset(residual + starts.back() * width, 0, static_cast<size_t>((rows - starts.back()) * width) * sizeof(float));
    std::memset(stack->mixed.data() + starts.back() * width * item, 0,
                static_cast<size_t>((rows - starts.back()) * width * item));
    stack->run(starts, rows);
    for (int64_t i = 0; i < count; i++) std::memcpy(x + i * time * width, residual + starts[i] * width, bytes(i));
  })
}
