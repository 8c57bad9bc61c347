#include "steps.hpp"
#include "../parallel.hpp"

#include <cstring>

namespace ct {

// MARK: oneDNN

void PrimitiveStep::bind(const Arena &arena) {
  // A pixel source gets its address at every run.
  void *from = reads_pixels ? DNNL_MEMORY_NONE : static_cast<void *>(arena.at(source));
  arguments.emplace(DNNL_ARG_SRC, dnnl::memory(made.source, cpu(), from));
  arguments.emplace(DNNL_ARG_DST, dnnl::memory(made.target, cpu(), arena.at(target)));
  if (weights) arguments.emplace(DNNL_ARG_WEIGHTS, dnnl::memory(made.weights, cpu(), weights->data()));
  if (bias) arguments.emplace(DNNL_ARG_BIAS, dnnl::memory(made.bias, cpu(), bias->data()));
  if (made.scratch) {
    const dnnl::memory::desc flat({static_cast<int64_t>(made.scratch)}, dnnl::memory::data_type::u8,
                                  dnnl::memory::format_tag::x);
    arguments.emplace(DNNL_ARG_SCRATCHPAD, dnnl::memory(flat, cpu(), arena.at(scratch)));
  }
}

void PrimitiveStep::run(const float *pixels, float *) {
  if (reads_pixels) arguments.at(DNNL_ARG_SRC).set_data_handle(const_cast<float *>(pixels));
  made.primitive.execute(stream(), arguments);
}

// MARK: our own passes, each block on one thread

void SiluStep::bind(const Arena &arena) {
  values = arena.at(value);
  means = mean.stretch < 0 ? nullptr : reinterpret_cast<float *>(arena.at(mean));
}

void SiluStep::run(const float *, float *) {
  parallel_for(blocks.count(), blocks.values(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      kernels->silu(values + i * blocks.values() * blocks.item, blocks.places, blocks.width,
                    means ? means + i * blocks.width : nullptr);
  });
}

void DepthwiseStep::bind(const Arena &arena) {
  input = arena.at(source);
  output = arena.at(target);
  means = mean.stretch < 0 ? nullptr : reinterpret_cast<float *>(arena.at(mean));
}

const float *DepthwiseStep::own_weights(int64_t group) const {
  return reinterpret_cast<const float *>(weights->data()) + group * shape.kernel * shape.kernel * to.width;
}

const float *DepthwiseStep::own_bias(int64_t group) const {
  return reinterpret_cast<const float *>(bias->data()) + group * to.width;
}

void DepthwiseStep::run(const float *, float *) {
  parallel_for(from.count(), from.values() + to.values(), [&](int64_t begin, int64_t end) {
    float *const scratch = workspace(static_cast<size_t>(shape.scratch() * to.width));
    for (int64_t i = begin; i < end; i++) {
      const int64_t group = i % from.groups;
      kernels->depthwise(shape, input + i * from.values() * from.item, output + i * to.values() * to.item,
                         own_weights(group), own_bias(group), means ? means + i * to.width : nullptr, scratch);
    }
  });
}

void MeanStep::bind(const Arena &arena) {
  values = arena.at(value);
  means = reinterpret_cast<float *>(arena.at(mean));
}

void MeanStep::run(const float *, float *) {
  parallel_for(blocks.count(), blocks.values(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      kernels->mean(values + i * blocks.values() * blocks.item, blocks.places, blocks.width, means + i * blocks.width);
  });
}

void AddStep::bind(const Arena &arena) {
  sum = arena.at(target);
  added = arena.at(other);
}

void AddStep::run(const float *, float *) {
  parallel_for(blocks.count(), blocks.values(), [&](int64_t begin, int64_t end) {
    const int64_t start = begin * blocks.values() * blocks.item;
    kernels->add(sum + start, added + start, (end - begin) * blocks.values(), activation);
  });
}

void CopyStep::bind(const Arena &arena) {
  from = arena.at(source);
  to = arena.at(target);
}

void CopyStep::run(const float *, float *) {
  // Pieces small enough to share out evenly.
  const int64_t pieces = static_cast<int64_t>((bytes + 65535) / 65536);
  parallel_for(runs * pieces, 16384, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const size_t run = static_cast<size_t>(i / pieces), start = static_cast<size_t>(i % pieces) * 65536;
      std::memcpy(to + run * target_stride + start, from + run * source_stride + start,
                  std::min<size_t>(65536, bytes - start));
    }
  });
}

void NarrowStep::bind(const Arena &arena) { to = arena.at(target); }

void NarrowStep::run(const float *pixels, float *) {
  parallel_for(count / 1024 + 1, 1024, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * 1024, last = std::min(count, end * 1024);
    kernels->narrow(pixels + first, to + first * item, last - first);
  });
}

void FeaturesStep::bind(const Arena &arena) { means = reinterpret_cast<float *>(arena.at(mean)); }

void FeaturesStep::run(const float *, float *features) {
  for (int64_t n = 0; n < images; n++)
    std::memcpy(features + n * channels, means + n * padded, static_cast<size_t>(channels) * sizeof(float));
}

}  // namespace ct
