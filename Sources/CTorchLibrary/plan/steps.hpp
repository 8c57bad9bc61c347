// What a plan does, one after the other.
#pragma once
#include "graph.hpp"
#include "kernels.hpp"
#include "onednn.hpp"

#include <unordered_map>

namespace ct {

// A value's memory: a stretch of the arena and where in it the value starts.
struct Place {
  int stretch = -1;
  size_t offset = 0;
};

// The arena once it is laid out.
struct Arena {
  std::vector<Stretch> stretches;
  Memory memory;
  char *at(const Place &place) const { return memory.data() + stretches[place.stretch].offset + place.offset; }
};

// What all passes over a value need: blocks of `width` channels, `places` pixels each.
struct Blocks {
  int64_t images = 0, groups = 0, places = 0, width = 0, item = 0;
  int64_t count() const { return images * groups; }
  int64_t values() const { return places * width; }
  size_t bytes() const { return static_cast<size_t>(count() * values() * item); }
};

struct Step {
  std::string text;
  // Floating-point operations of its convolutions in one run, and the seconds of the runs that were timed.
  double operations = 0, seconds = 0;
  virtual ~Step() = default;
  // Resolves places; called once, when the arena is laid out.
  virtual void bind(const Arena &arena) = 0;
  virtual void run(const float *pixels, float *features) = 0;
};

// One oneDNN primitive.
struct PrimitiveStep : Step {
  Primitive made;
  Place source, target, scratch;
  bool reads_pixels = false;
  std::shared_ptr<Memory> weights, bias;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 protected:
  std::unordered_map<int, dnnl::memory> arguments;
};

// x <- x * sigmoid(x); also each channel's mean, where `mean` has a place.
struct SiluStep : Step {
  const Kernels *kernels = nullptr;
  Blocks blocks;
  Place value, mean;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *values = nullptr;
  float *means = nullptr;
};

// A depth-wise convolution with the activations on both of its sides; means as above.
struct DepthwiseStep : Step {
  const Kernels *kernels = nullptr;
  Depthwise shape;
  Blocks from, to;
  Place source, target, mean;
  // Per block: [kernel * kernel, width] weights; [width] shifts.
  std::shared_ptr<Memory> weights, bias;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 protected:
  char *input = nullptr, *output = nullptr;
  float *means = nullptr;
  const float *own_weights(int64_t group) const;
  const float *own_bias(int64_t group) const;
};

// Each channel's mean over the places.
struct MeanStep : Step {
  const Kernels *kernels = nullptr;
  Blocks blocks;
  Place value, mean;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *values = nullptr;
  float *means = nullptr;
};

// The gates of squeeze-and-excitation from the means; the values are multiplied by them in place, unless the
// convolution that reads them multiplies its weights instead.
struct ExciteStep : Step {
  const Kernels *kernels = nullptr;
  Blocks blocks;
  Place value, mean, gate;
  int64_t hidden = 0;
  bool scales = true;
  std::shared_ptr<const Squeeze> weights;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *values = nullptr;
  float *means = nullptr, *gates = nullptr;
  std::vector<float> units;
};

// A 1x1 convolution, image by image, of values whose gates go into its weights: where an image has many more places
// than the convolution has outputs, that is less work than multiplying the values.
struct GatedStep : PrimitiveStep {
  const Kernels *kernels = nullptr;
  Blocks from, to;
  Place gate, gated;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *input = nullptr, *output = nullptr, *own = nullptr;
  const float *gates = nullptr;
};

// target <- activation(target + other).
struct AddStep : Step {
  const Kernels *kernels = nullptr;
  Blocks blocks;
  Place target, other;
  ct_activation activation = CT_ACT_NONE;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *sum = nullptr, *added = nullptr;
};

// Copies runs of bytes: a value, or the channels of one that is joined with others.
struct CopyStep : Step {
  Place source, target;
  int64_t runs = 1;
  size_t bytes = 0, source_stride = 0, target_stride = 0;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *from = nullptr, *to = nullptr;
};

// The image in the plan's type.
struct NarrowStep : Step {
  const Kernels *kernels = nullptr;
  Place target;
  int64_t count = 0, item = 0;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  char *to = nullptr;
};

// The result: the means without the channels that only fill up a block.
struct FeaturesStep : Step {
  Place mean;
  int64_t images = 0, channels = 0, padded = 0;
  void bind(const Arena &arena) override;
  void run(const float *pixels, float *features) override;

 private:
  float *means = nullptr;
};

}  // namespace ct
