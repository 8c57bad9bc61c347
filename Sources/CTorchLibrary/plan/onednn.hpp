// What the plan needs of oneDNN.
#pragma once
#include "graph.hpp"

#include <dnnl.hpp>

namespace ct {

const dnnl::engine &cpu();
dnnl::stream &stream();

// The blocked layout of this CPU: 16 channels with AVX-512, 8 below.
int block_width();
// 3 = AVX-512 with products in bf16, 2 = AVX-512, 1 = AVX2, 0 = below; what ONEDNN_MAX_CPU_ISA says, not only what the CPU has.
int isa_level();
bool has_bf16();

inline int64_t rounded(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// A primitive with what it was made of.
struct Primitive {
  dnnl::primitive primitive;
  std::string implementation;
  dnnl::memory::desc source, weights, bias, target;
  size_t scratch = 0;
};

// `plain`: the source is the image itself, in rows per channel. `accumulate`: the result is added to the target.
Primitive convolution(const Node &node, const Shape &from, int64_t batch, dnnl::memory::data_type type, bool plain,
                      bool accumulate, ct_activation activation);
Primitive pooling(const Node &node, const Shape &from, int64_t batch, dnnl::memory::data_type type);

// Rows times weights [outputs, inputs] plus bias, then the activation; added to the target where `accumulate`.
Primitive product(int64_t rows, int64_t inputs, int64_t outputs, dnnl::memory::data_type type,
                  dnnl::memory::data_type target, bool accumulate, const dnnl::post_ops &after);

// `plain` weights in the layout `desc`, taken from `known` where one fits.
std::shared_ptr<Memory> pack(const float *plain, const dnnl::memory::desc &from, const dnnl::memory::desc &to,
                             std::vector<Packed> &known);

dnnl::memory::desc blocked(const Shape &shape, int64_t batch, dnnl::memory::data_type type);

}  // namespace ct
