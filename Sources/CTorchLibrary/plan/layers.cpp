// Transformer layers on packed products: tokens of all sentences lie one after the other, so nothing is padded.
#include "../include/ctorch_layers.h"
#include "kernels.hpp"
#include "onednn.hpp"
#include "../parallel.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
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
  Product qkv, out;
  // The perceptron's parts, whose results add up.
  std::vector<Product> up, down;
  std::vector<float> attention_gain, attention_shift, perceptron_gain, perceptron_shift;
};

// The four products for one number of rows; those of a perceptron are of one part.
struct Products {
  ct::Primitive qkv, out, up, down;
};

// Sentences that go through all layers together, their tokens one after the other: all of them on every thread, or some
// on one thread of their own, which then waits for nobody and finds what it made a moment ago in its own cache.
struct Share {
  int64_t first = 0;
  // The row where each sentence begins, and where the last one ends.
  std::vector<int64_t> starts{0};
  int threads = 1;
  ct::Memory residual, normal, joined, mixed, wide, scratch;
  double seconds[CT_LAYERS_STAGES] = {};

  int64_t sentences() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t rows() const { return starts.back(); }

  template <class Body>
  void timed(ct_layers_stage stage, const Body &body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    seconds[stage] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

// Rows that are multiplied at once.
struct Block {
  int64_t begin = 0, rows = 0;
};

// Few different numbers of rows, so that few products have to be compiled. Each block reads all weights, and what it
// makes had better stay in the cache: wide networks, whose weights do not, want larger blocks.
std::vector<Block> blocks(const Share &share, int64_t width) {
  const int64_t most = (width < 768 ? 256 : 512) * share.threads;
  const int64_t count = std::max<int64_t>((share.rows() + most - 1) / most, 1);
  const int64_t height = ct::rounded((share.rows() + count - 1) / count, 16);
  std::vector<Block> result;
  for (int64_t row = 0; row < share.rows(); row += height)
    result.push_back({row, std::min(height, ct::rounded(share.rows() - row, 16))});
  return result;
}

}  // namespace

struct ct_layers_s {
  ct_layers_shape shape;
  bool bf16;
  int threads;
  const ct::Kernels *kernels;
  std::vector<Layer> layers;
  // By threads and rows.
  std::map<std::pair<int, int64_t>, Products> products;
  std::vector<Share> shares;

  int64_t item() const { return bf16 ? 2 : 4; }
  // oneDNN divides f32 sums over more than 1024 inputs among threads, as many as the rows suggest: a row's bits would
  // depend on what stands beside it.
  int64_t parts() const { return bf16 ? 1 : (shape.hidden + 1023) / 1024; }
  // Hidden units of a part; the last one may be filled up with units that are 0.
  int64_t part() const { return (shape.hidden + parts() - 1) / parts(); }
  memory::data_type type() const { return bf16 ? memory::data_type::bf16 : memory::data_type::f32; }
  const Products &make(int threads, int64_t rows);
  void pack(const Products &sizes);
  void deal(int64_t count, const int64_t *lengths);
  void prepare(Share &share);
  void apply(Share &share, const ct::Primitive &primitive, const Product &product, void *from, void *to) const;
  void normalise(Share &share, const std::vector<float> &gain, const std::vector<float> &shift, Block block,
                 bool in_place) const;
  void attend(Share &share) const;
  void activate(Share &share, int64_t rows) const;
  void run(Share &share, float *x, int64_t time) const;
  void run(Share &share, const Layer &layer, const std::vector<Block> &all) const;
};

const Products &ct_layers_s::make(int threads, int64_t rows) {
  auto known = products.find({threads, rows});
  if (known != products.end()) return known->second;
  ct::ThreadCount count(threads);
  const int64_t width = shape.width, hidden = part();
  dnnl::post_ops none, activation;
  if (shape.perceptron == CT_GELU_NONE_BUT_RELU) activation.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
  Products made;
  made.qkv = ct::product(rows, width, 3 * width, type(), type(), false, none);
  made.out = ct::product(rows, width, width, type(), memory::data_type::f32, true, none);
  made.up = ct::product(rows, width, hidden, type(), type(), false, activation);
  made.down = ct::product(rows, hidden, width, type(), memory::data_type::f32, true, none);
  return products.emplace(std::make_pair(threads, rows), std::move(made)).first->second;
}

// The weights as these products take them; those of other numbers of rows mostly do the same.
void ct_layers_s::pack(const Products &sizes) {
  const auto one = [](Product &product, const ct::Primitive &primitive) {
    const memory::desc plain({product.outputs, product.inputs}, memory::data_type::f32, memory::format_tag::oi);
    ct::pack(product.plain.empty() ? nullptr : product.plain.data(), plain, primitive.weights, product.packed);
    product.plain = {};
  };
  for (auto &layer : layers) {
    one(layer.qkv, sizes.qkv);
    one(layer.out, sizes.out);
    for (auto &up : layer.up) one(up, sizes.up);
    for (auto &down : layer.down) one(down, sizes.down);
  }
}

// One share per thread where that is even and enough for each, else one for all.
void ct_layers_s::deal(int64_t count, const int64_t *lengths) {
  const int64_t total = std::accumulate(lengths, lengths + count, int64_t{0});
  int64_t most = 0;
  const auto dealt = [&](int64_t parts) {
    shares.resize(static_cast<size_t>(parts));
    for (auto &share : shares) share.starts = {0};
    int64_t before = 0;
    for (int64_t i = 0; i < count; before += lengths[i++]) {
      // Where the middle of the sentence lies.
      const int64_t owner = std::min((2 * before + lengths[i]) * parts / (2 * total), parts - 1);
      Share &share = shares[static_cast<size_t>(owner)];
      if (share.sentences() == 0) share.first = i;
      share.starts.push_back(share.rows() + lengths[i]);
      share.threads = parts == 1 ? threads : 1;
      most = std::max(most, share.rows());
    }
  };
  if (total >= 16 * threads) dealt(threads);
  if (most == 0 || 10 * most * threads > 11 * total) dealt(1);
}

void ct_layers_s::prepare(Share &share) {
  int64_t rows = 0, highest = 0, scratch = 0;
  for (const Block block : blocks(share, shape.width)) {
    const Products &sizes = make(share.threads, block.rows);
    pack(sizes);
    rows = block.begin + block.rows;
    highest = std::max(highest, block.rows);
    for (const auto *one : {&sizes.qkv, &sizes.out, &sizes.up, &sizes.down})
      scratch = std::max(scratch, static_cast<int64_t>(one->scratch));
  }
  const auto room = [](ct::Memory &memory, int64_t bytes) {
    if (static_cast<int64_t>(memory.size()) < bytes) memory = ct::Memory(static_cast<size_t>(bytes));
  };
  room(share.residual, rows * shape.width * 4);
  room(share.normal, rows * shape.width * item());
  room(share.joined, rows * 3 * shape.width * item());
  room(share.mixed, rows * shape.width * item());
  room(share.wide, highest * part() * item());
  room(share.scratch, scratch);
  // Rows that only fill up: their results are never read, but they shall not slow anything down by overflowing.
  const int64_t own = share.rows() * shape.width, filling = (rows - share.rows()) * shape.width;
  std::memset(share.residual.data() + own * 4, 0, static_cast<size_t>(filling * 4));
  std::memset(share.mixed.data() + own * item(), 0, static_cast<size_t>(filling * item()));
}

void ct_layers_s::apply(Share &share, const ct::Primitive &primitive, const Product &product, void *from,
                        void *to) const {
  const auto weights = std::find_if(product.packed.begin(), product.packed.end(),
                                    [&](const ct::Packed &one) { return one.desc == primitive.weights; });
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, memory(primitive.source, ct::cpu(), from)},
      {DNNL_ARG_WEIGHTS, memory(primitive.weights, ct::cpu(), weights->memory->data())},
      {DNNL_ARG_BIAS, memory(primitive.bias, ct::cpu(), const_cast<float *>(product.bias.data()))},
      {DNNL_ARG_DST, memory(primitive.target, ct::cpu(), to)}};
  if (primitive.scratch) {
    const memory::desc flat({static_cast<int64_t>(primitive.scratch)}, memory::data_type::u8, memory::format_tag::x);
    arguments.emplace(DNNL_ARG_SCRATCHPAD, memory(flat, ct::cpu(), share.scratch.data()));
  }
  primitive.primitive.execute(ct::stream(), arguments);
}

// The residual's rows, normalised, to the input of the next product; `in_place` also to themselves.
void ct_layers_s::normalise(Share &share, const std::vector<float> &gain, const std::vector<float> &shift, Block block,
                            bool in_place) const {
  const int64_t width = shape.width;
  share.timed(CT_LAYERS_NORM, [&] {
    ct::parallel_for(block.rows, width, [&](int64_t begin, int64_t end) {
      for (int64_t r = block.begin + begin; r < block.begin + end; r++) {
        float *const row = reinterpret_cast<float *>(share.residual.data()) + r * width;
        kernels->normalise(row, width, gain.data(), shift.data(), shape.epsilon, in_place ? row : nullptr,
                           share.normal.data() + r * width * item());
      }
    });
  });
}

// GELU by pieces, while the block is in the cache: oneDNN's, worked out inside the product, takes three times as long.
void ct_layers_s::activate(Share &share, int64_t rows) const {
  if (shape.perceptron == CT_GELU_NONE_BUT_RELU) return;
  const bool is_exact = shape.perceptron == CT_GELU_EXACT, is_quick = shape.perceptron == CT_GELU_QUICK;
  const auto &pieces = is_exact ? ct::gelu_exact : is_quick ? ct::gelu_quick : ct::gelu_by_tanh;
  ct::parallel_for(rows, part(), [&](int64_t begin, int64_t end) {
    kernels->gelu(share.wide.data() + begin * part() * item(), (end - begin) * part(), pieces);
  });
}

void ct_layers_s::attend(Share &share) const {
  const int64_t width = shape.width, size = width / shape.heads, sentences = share.sentences();
  int64_t longest = 1;
  for (int64_t s = 0; s < sentences; s++) longest = std::max(longest, share.starts[s + 1] - share.starts[s]);
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
      const int64_t sentence = i / shape.heads, head = i % shape.heads, first = share.starts[sentence];
      one.time = share.starts[sentence + 1] - first;
      const char *row = share.joined.data() + (first * 3 * width + head * size) * item();
      kernels->attend(one, row, row + width * item(), row + 2 * width * item(),
                      share.mixed.data() + (first * width + head * size) * item(), room);
    }
  });
}

void ct_layers_s::run(Share &share, const Layer &layer, const std::vector<Block> &all) const {
  const int64_t width = shape.width, row = width * item();
  for (const Block block : all) {
    char *const normal = share.normal.data() + block.begin * row;
    char *const joined = share.joined.data() + block.begin * 3 * row;
    const Products &sizes = products.at({share.threads, block.rows});
    if (shape.normalise_first) normalise(share, layer.attention_gain, layer.attention_shift, block, false);
    share.timed(CT_LAYERS_QKV, [&] { apply(share, sizes.qkv, layer.qkv, normal, joined); });
  }
  share.timed(CT_LAYERS_ATTENTION, [&] { attend(share); });
  for (const Block block : all) {
    char *const normal = share.normal.data() + block.begin * row, *const mixed = share.mixed.data() + block.begin * row;
    char *const residual = share.residual.data() + block.begin * width * 4, *const wide = share.wide.data();
    const Products &sizes = products.at({share.threads, block.rows});
    share.timed(CT_LAYERS_OUT, [&] { apply(share, sizes.out, layer.out, mixed, residual); });
    if (shape.normalise_first) {
      normalise(share, layer.perceptron_gain, layer.perceptron_shift, block, false);
    } else {
      normalise(share, layer.attention_gain, layer.attention_shift, block, true);
    }
    for (size_t i = 0; i < layer.up.size(); i++) {
      share.timed(CT_LAYERS_UP, [&] {
        apply(share, sizes.up, layer.up[i], normal, wide);
        activate(share, block.rows);
      });
      share.timed(CT_LAYERS_DOWN, [&] { apply(share, sizes.down, layer.down[i], wide, residual); });
    }
    if (!shape.normalise_first) normalise(share, layer.perceptron_gain, layer.perceptron_shift, block, true);
  }
}

// All layers over the share's sentences of x [count, time, width].
void ct_layers_s::run(Share &share, float *x, int64_t time) const {
  const int64_t width = shape.width;
  const std::vector<Block> all = blocks(share, width);
  float *const residual = reinterpret_cast<float *>(share.residual.data());
  const auto each = [&](const auto &copy) {
    for (int64_t i = 0; i < share.sentences(); i++)
      copy(x + (share.first + i) * time * width, residual + share.starts[i] * width,
           static_cast<size_t>((share.starts[i + 1] - share.starts[i]) * width) * sizeof(float));
  };
  for (double &stage : share.seconds) stage = 0;
  each([](float *outside, float *inside, size_t bytes) { std::memcpy(inside, outside, bytes); });
  if (!shape.normalise_first)
    for (const Block block : all)
      kernels->narrow(residual + block.begin * width, share.normal.data() + block.begin * width * item(),
                      block.rows * width);
  for (const auto &layer : layers) run(share, layer, all);
  each([](float *outside, float *inside, size_t bytes) { std::memcpy(outside, inside, bytes); });
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
    stack->make(threads, 64);  // whether this CPU can
    *out = stack.release();
  })
}

void ct_layers_free(ct_layers stack) { delete stack; }

// Shares run at the same time.
double ct_layers_seconds(ct_layers stack, ct_layers_stage stage) {
  double sum = 0;
  for (const auto &share : stack->shares) sum += share.seconds[stage];
  return sum / static_cast<double>(std::max<size_t>(stack->shares.size(), 1));
}

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
    for (int64_t from = 0; from < hidden; from += stack->part()) {
      const int64_t part = stack->part(), own = std::min(part, hidden - from);
      std::vector<float> up(part * width), bias(part), down(width * part), shift(width);
      std::copy_n(layer.up + from * width, own * width, up.begin());
      std::copy_n(layer.up_bias + from, own, bias.begin());
      for (int64_t i = 0; i < width; i++) std::copy_n(layer.down + i * hidden + from, own, down.begin() + i * part);
      if (from == 0) std::copy_n(layer.down_bias, width, shift.begin());
      made.up.push_back(product(up.data(), bias.data(), width, part));
      made.down.push_back(product(down.data(), shift.data(), part, width));
    }
    made.attention_gain = values(layer.attention_gain, width);
    made.attention_shift = values(layer.attention_shift, width);
    made.perceptron_gain = values(layer.perceptron_gain, width);
    made.perceptron_shift = values(layer.perceptron_shift, width);
    stack->layers.push_back(std::move(made));
  })
}

int ct_layers_run(ct_layers stack, float *x, int64_t count, int64_t time, const int64_t *lengths) {
  CT_PLAN_GUARD({
    for (int64_t i = 0; i < count; i++)
      if (lengths[i] < 0 || lengths[i] > time) throw std::invalid_argument("a row is longer than its places");
    if (std::all_of(lengths, lengths + count, [](int64_t length) { return length == 0; })) {
      stack->shares.clear();
      return CT_PLAN_OK;
    }
    stack->deal(count, lengths);
    for (auto &share : stack->shares) stack->prepare(share);
    ct::parallel(static_cast<int64_t>(stack->shares.size()), stack->threads, [&](int64_t i, int) {
      Share &share = stack->shares[static_cast<size_t>(i)];
      ct::ThreadCount threads(share.threads);
      stack->run(share, x, time);
    });
  })
}
