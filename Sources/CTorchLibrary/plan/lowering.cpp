#include "lowering.hpp"
#include "../parallel.hpp"

#include <algorithm>
#include <stdexcept>

namespace ct {

using dnnl::memory;

Lowering::Lowering(ct_graph_s &graph, int64_t output, int64_t batch, bool bf16, int threads)
    : graph(graph), output(output), batch(batch), bf16(bf16), item(bf16 ? 2 : 4),
      type(bf16 ? memory::data_type::bf16 : memory::data_type::f32), made(std::make_unique<Program>()) {
  const size_t count = graph.nodes.size();
  made->threads = threads;
  last_reader.assign(count, -1);
  last_reads.assign(count, 0);
  readers.assign(count, 0);
  places.resize(count);
  mean_places.resize(count);
  excitations.assign(count, nullptr);
  joined.resize(count);
  sum_conv.assign(count, -1);
  deferred.assign(count, false);
  raw.assign(count, false);
}

std::unique_ptr<Program> Lowering::program() {
  find_fused_sums();
  find_expansions();
  find_readers();
  find_joined();
  find_raw();
  for (now = 0; now <= output; now++) lower(now);
  now = static_cast<int64_t>(graph.nodes.size());
  features();
  made->arena.memory = Memory(lay_out(made->arena.stretches));
  for (auto &step : made->steps) step->bind(made->arena);
  return std::move(made);
}

// MARK: what is known beforehand

// A convolution whose only reader is a sum adds into the other term as it writes.
void Lowering::find_fused_sums() {
  std::vector<int> uses(graph.nodes.size(), 0);
  for (const auto &node : graph.nodes)
    for (int64_t input : node.inputs) uses[input]++;
  uses[output]++;
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    const Node &node = graph.nodes[i];
    if (node.kind != Kind::add || node.inputs[0] == node.inputs[1]) continue;
    for (int64_t term : node.inputs) {
      const Node &conv = graph.nodes[term];
      if (conv.kind != Kind::conv || conv.activation != CT_ACT_NONE || uses[term] != 1) continue;
      sum_conv[i] = term;
      deferred[term] = true;
      break;
    }
  }
}

void Lowering::find_readers() {
  const auto reads = [&](int64_t value, int64_t reader) {
    if (last_reader[value] != reader) last_reads[value] = 0;
    last_reader[value] = reader;
    last_reads[value]++;
    readers[value]++;
  };
  for (int64_t i = 0; i <= output; i++) {
    if (deferred[i]) continue;
    for (int64_t input : graph.nodes[i].inputs) reads(source(input), i);
  }
  reads(output, static_cast<int64_t>(graph.nodes.size()));
}

// With one image the channels of a concatenation are parts of one stretch: each part is written where it belongs.
void Lowering::find_joined() {
  if (batch != 1) return;
  const int64_t width = block_width();
  std::vector<bool> is_part(graph.nodes.size(), false);
  for (int64_t i = 0; i <= output; i++) {
    const Node &node = graph.nodes[i];
    if (node.kind != Kind::concat) continue;
    bool fits = true;
    for (int64_t part : node.inputs) {
      const Node &from = graph.nodes[part];
      fits = fits && (from.kind == Kind::conv || from.kind == Kind::pool) && !is_part[part] &&
             from.shape.channels % width == 0 && std::count(node.inputs.begin(), node.inputs.end(), part) == 1;
    }
    if (!fits) continue;
    size_t offset = 0;
    for (int64_t part : node.inputs) {
      is_part[part] = true;
      joined[part].whole = i;
      joined[part].offset = offset;
      offset += blocks(part).bytes();
    }
  }
}

bool Lowering::is_depthwise(const Node &node) const {
  const auto &w = node.window;
  return node.kind == Kind::conv && node.groups > 1 && node.groups == node.shape.channels && node.inputs[0] != 0 &&
         node.groups == graph.nodes[node.inputs[0]].shape.channels && w.kernel[0] == w.kernel[1] &&
         w.stride[0] == w.stride[1] && Depthwise::covers(w.kernel[0], w.stride[0]);
}

void Lowering::find_raw() {
  for (int64_t i = 0; i <= output; i++) {
    if (!is_depthwise(graph.nodes[i]) || deferred[i]) continue;
    const int64_t input = graph.nodes[i].inputs[0];
    const Node &from = graph.nodes[input];
    raw[input] = from.kind == Kind::conv && !is_depthwise(from) && from.activation == CT_ACT_SILU && readers[input] == 1;
  }
}

// MARK: memory

Blocks Lowering::blocks(int64_t value) const {
  const Shape &shape = graph.nodes[value].shape;
  const int64_t width = block_width();
  return {batch, rounded(shape.channels, width) / width, shape.places(), width, item};
}

double Lowering::operations(const Node &conv) const {
  return 2.0 * static_cast<double>(batch * conv.weight_count * conv.shape.places());
}

Place Lowering::stretch(size_t bytes) {
  Stretch fresh;
  fresh.bytes = bytes;
  fresh.first = fresh.last = time;
  made->arena.stretches.push_back(fresh);
  return {static_cast<int>(made->arena.stretches.size()) - 1, 0};
}

Place Lowering::place(int64_t value) {
  const Joined part = joined[value];
  if (part.whole < 0) return places[value] = stretch(blocks(value).bytes());
  if (places[part.whole].stretch < 0) places[part.whole] = stretch(blocks(part.whole).bytes());
  places[value] = {places[part.whole].stretch, part.offset};
  return read(value);
}

Place Lowering::read(int64_t value) {
  const Place place = places[value];
  if (place.stretch < 0) throw std::logic_error("a value is read before it is made");
  made->arena.stretches[place.stretch].last = time;
  return place;
}

Place Lowering::overwrite(int64_t value, int64_t result) {
  if (is_last_read(value) && joined[value].whole < 0 && joined[result].whole < 0)
    return places[result] = read(value);
  const Place fresh = place(result);
  copy(read(value), fresh, blocks(value).bytes(), "copy");
  read(result);
  return fresh;
}

void Lowering::copy(const Place &from, const Place &to, size_t bytes, const std::string &why) {
  auto &step = add<CopyStep>(why);
  step.source = from;
  step.target = to;
  step.bytes = bytes;
}

std::shared_ptr<Memory> Lowering::packed(const Node &node, const memory::desc &desc) {
  const memory::desc plain(desc.dims(), memory::data_type::f32,
                           node.groups > 1 ? memory::format_tag::goihw : memory::format_tag::oihw);
  auto result = pack(node.weight ? node.weight->data() : nullptr, plain, desc, node.packed);
  node.weight.reset();
  return result;
}

// MARK: nodes

void Lowering::lower(int64_t index) {
  const Node &node = graph.nodes[index];
  if (deferred[index] || last_reader[index] < 0) return;
  switch (node.kind) {
    case Kind::input: return image(index);
    case Kind::conv: return is_depthwise(node) ? depthwise(index) : conv(index, node, index, -1);
    case Kind::add: return sum(index);
    case Kind::pool: return pool(index);
    case Kind::concat: return concat(index);
    case Kind::excite: return excite(index);
  }
}

void Lowering::image(int64_t index) {
  for (int64_t i = 0; i <= output; i++) {
    const Node &node = graph.nodes[i];
    if (node.kind == Kind::conv || std::count(node.inputs.begin(), node.inputs.end(), index) == 0) continue;
    throw std::runtime_error("'" + node.text() + "' reads the image itself, which only convolutions can here");
  }
  if (!bf16) return;
  const Shape &shape = graph.nodes[index].shape;
  places[index] = stretch(static_cast<size_t>(batch * shape.channels * shape.places() * item));
  auto &step = add<NarrowStep>("image to bf16");
  step.kernels = &kernels(isa_level(), bf16);
  step.target = places[index];
  step.count = batch * shape.channels * shape.places();
  step.item = item;
}

void Lowering::conv(int64_t index, const Node &node, int64_t result, int64_t residual) {
  const int64_t input = node.inputs[0];
  const bool plain = input == 0;
  const ct_activation activation = graph.nodes[result].activation;
  Place target;
  if (residual >= 0) {
    target = overwrite(residual, result);
  } else {
    target = place(result);
  }
  const auto made_for = [&](int64_t images) {
    return convolution(node, graph.nodes[input].shape, images, type, plain, residual >= 0, activation);
  };
  ExciteStep *excitation = gates(node);
  auto made_here = made_for(excitation ? 1 : batch);
  if (excitation && !can_be_gated(node, made_here.weights)) {
    excitation = nullptr;
    made_here = made_for(batch);
  }
  Place source, scratch;
  if (!plain || bf16) source = read(input);
  read(result);
  if (made_here.scratch) scratch = stretch(made_here.scratch);
  const std::string text = node.text() + (residual >= 0 ? " + sum" : "") + "  " + made_here.implementation;
  auto &step = excitation ? gated(*excitation, node, result, text) : add<PrimitiveStep>(text);
  step.operations = operations(node);
  step.made = std::move(made_here);
  step.reads_pixels = plain && !bf16;
  step.source = source;
  step.target = target;
  step.scratch = scratch;
  step.weights = packed(node, step.made.weights);
  step.bias = std::make_shared<Memory>(node.bias->size() * sizeof(float));
  std::copy(node.bias->begin(), node.bias->end(), reinterpret_cast<float *>(step.bias->data()));
  made->weight_bytes += step.weights->size() + step.bias->size();
  if (activation == CT_ACT_SILU && !raw[result]) silu(result, target);
}

Place Lowering::wanted_means(int64_t value) {
  const bool wanted = readers[value] == 1 && (last_reader[value] == static_cast<int64_t>(graph.nodes.size()) ||
                                              graph.nodes[last_reader[value]].kind == Kind::excite);
  if (!wanted) return {};
  return mean_places[value] = stretch(static_cast<size_t>(blocks(value).count() * block_width()) * 4);
}

// Shifts per channel, up to whole blocks.
std::shared_ptr<Memory> Lowering::padded_bias(const Node &node) const {
  const int64_t padded = rounded(node.shape.channels, block_width());
  auto result = std::make_shared<Memory>(static_cast<size_t>(padded) * sizeof(float));
  std::copy(node.bias->begin(), node.bias->end(), reinterpret_cast<float *>(result->data()));
  return result;
}

void Lowering::depthwise(int64_t index) {
  const Node &node = graph.nodes[index];
  const int64_t input = node.inputs[0], width = block_width(), taps = node.window.kernel[0] * node.window.kernel[1];
  const Place target = place(index), from_place = read(source(input)), mean = wanted_means(index);
  auto &step = deferred[input] ? expanded(input, index)
                               : add<DepthwiseStep>(node.text() + "  own " + kernels(isa_level(), bf16).name);
  step.operations += operations(node);
  step.kernels = &kernels(isa_level(), bf16);
  step.from = blocks(input);
  step.to = blocks(index);
  const Shape &from = graph.nodes[input].shape;
  const bool activates = deferred[input] || raw[input];
  step.shape = {from.height, from.width, node.shape.height, node.shape.width, node.window.kernel[0],
                node.window.stride[0], node.window.before[0], node.window.before[1],
                activates ? graph.nodes[input].activation : CT_ACT_NONE, node.activation};
  step.source = from_place;
  step.target = target;
  step.mean = mean;
  if (!node.lanes) {
    node.lanes = std::make_shared<Memory>(static_cast<size_t>(step.to.groups * taps * width) * sizeof(float));
    auto lanes = reinterpret_cast<float *>(node.lanes->data());
    for (int64_t c = 0; c < node.shape.channels; c++)
      for (int64_t t = 0; t < taps; t++)
        lanes[(c / width * taps + t) * width + c % width] = (*node.weight)[c * taps + t];
    node.weight.reset();
  }
  step.weights = node.lanes;
  step.bias = padded_bias(node);
  made->weight_bytes += step.weights->size() + step.bias->size();
}

void Lowering::silu(int64_t value, const Place &at) {
  const Place mean = wanted_means(value);
  read(value);
  auto &step = add<SiluStep>(mean.stretch < 0 ? "silu" : "silu + means");
  step.kernels = &kernels(isa_level(), bf16);
  step.blocks = blocks(value);
  step.value = at;
  step.mean = mean;
}

void Lowering::sum(int64_t index) {
  const Node &node = graph.nodes[index];
  const int64_t conv_index = sum_conv[index];
  if (conv_index >= 0) {
    const int64_t other = node.inputs[0] == conv_index ? node.inputs[1] : node.inputs[0];
    return conv(conv_index, graph.nodes[conv_index], index, other);
  }
  const Place target = overwrite(node.inputs[0], index), other = read(node.inputs[1]);
  read(index);
  auto &step = add<AddStep>(node.text());
  step.kernels = &kernels(isa_level(), bf16);
  step.blocks = blocks(index);
  step.target = target;
  step.other = other;
  step.activation = node.activation;
}

void Lowering::pool(int64_t index) {
  const Node &node = graph.nodes[index];
  auto made_here = pooling(node, graph.nodes[node.inputs[0]].shape, batch, type);
  const Place target = place(index), source = read(node.inputs[0]);
  Place scratch;
  if (made_here.scratch) scratch = stretch(made_here.scratch);
  auto &step = add<PrimitiveStep>(node.text() + "  " + made_here.implementation);
  step.made = std::move(made_here);
  step.source = source;
  step.target = target;
  step.scratch = scratch;
}

void Lowering::concat(int64_t index) {
  const Node &node = graph.nodes[index];
  if (joined[node.inputs[0]].whole == index) return;
  const Place target = place(index);
  const size_t image = blocks(index).bytes() / static_cast<size_t>(batch);
  int64_t channel = 0;
  size_t offset = 0;
  for (int64_t part : node.inputs) {
    if (channel % block_width())
      throw std::runtime_error("'" + node.text() + "' joins channels that are no multiple of " +
                               std::to_string(block_width()));
    const size_t bytes = blocks(part).bytes() / static_cast<size_t>(batch);
    const Place from = read(part);
    read(index);
    copy(from, {target.stretch, target.offset + offset}, bytes, "join " + graph.nodes[part].text());
    auto &step = static_cast<CopyStep &>(*made->steps.back());
    step.runs = batch;
    step.source_stride = bytes;
    step.target_stride = image;
    offset += bytes;
    channel += graph.nodes[part].shape.channels;
  }
}

Place Lowering::means(int64_t value) {
  if (mean_places[value].stretch >= 0) {
    made->arena.stretches[mean_places[value].stretch].last = time;
    return mean_places[value];
  }
  const Place mean = stretch(static_cast<size_t>(blocks(value).count() * block_width()) * 4);
  auto &step = add<MeanStep>("means of " + graph.nodes[value].text());
  step.kernels = &kernels(isa_level(), bf16);
  step.blocks = blocks(value);
  step.value = read(value);
  step.mean = mean;
  made->arena.stretches[mean.stretch].last = time;
  return mean;
}

void Lowering::features() {
  const Place mean = means(output);
  auto &step = add<FeaturesStep>("features");
  step.mean = mean;
  step.images = batch;
  step.channels = graph.nodes[output].shape.channels;
  step.padded = blocks(output).groups * block_width();
}

}  // namespace ct
