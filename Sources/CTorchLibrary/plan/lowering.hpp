// From a graph to steps: fuses, decides what lies where, keeps track of when each stretch of memory is in use.
#pragma once
#include "fused.hpp"
#include "plan.hpp"

namespace ct {

class Lowering {
 public:
  Lowering(ct_graph_s &graph, int64_t output, int64_t batch, bool bf16, int threads);
  std::unique_ptr<Program> program();

 private:
  void find_readers();
  void find_fused_sums();
  void find_expansions();
  void find_joined();
  void find_raw();

  void lower(int64_t index);
  void image(int64_t index);
  void conv(int64_t index, const Node &node, int64_t result, int64_t residual);
  // The excitation whose gates the convolution had better take into its weights.
  ExciteStep *gates(const Node &node) const;
  bool can_be_gated(const Node &node, const dnnl::memory::desc &weights) const;
  PrimitiveStep &gated(ExciteStep &excitation, const Node &node, int64_t result, const std::string &text);
  void depthwise(int64_t index);
  DepthwiseStep &expanded(int64_t expansion, int64_t index);
  std::shared_ptr<Memory> pairs(const Memory &weights, int64_t outputs, int64_t channels) const;
  void sum(int64_t index);
  void pool(int64_t index);
  void concat(int64_t index);
  void excite(int64_t index);
  void features();

  // The place of a new value, made now or taken from the concatenation it is a part of.
  Place place(int64_t value);
  Place stretch(size_t bytes);
  Place read(int64_t value);
  // A value's memory to be overwritten by `result`: its own where nobody reads it later, else a copy.
  Place overwrite(int64_t value, int64_t result);
  void copy(const Place &from, const Place &to, size_t bytes, const std::string &why);
  void silu(int64_t value, const Place &at);
  bool is_depthwise(const Node &node) const;
  // A place for the means of `value`, where the one that reads it wants them and nothing else does.
  Place wanted_means(int64_t value);
  Place means(int64_t value);

  Blocks blocks(int64_t value) const;
  double operations(const Node &conv) const;
  bool is_last_read(int64_t value) const { return last_reader[value] == now && last_reads[value] == 1; }
  // What is read where `value` is: of a deferred convolution, its input.
  int64_t source(int64_t value) const { return deferred[value] ? graph.nodes[value].inputs[0] : value; }
  template <typename Kind>
  Kind &add(const std::string &text);
  std::shared_ptr<Memory> padded_bias(const Node &node) const;
  std::shared_ptr<Memory> packed(const Node &node, const dnnl::memory::desc &desc);

  struct Joined {
    int64_t whole = -1;
    size_t offset = 0;
  };

  ct_graph_s &graph;
  const int64_t output, batch;
  const bool bf16;
  const int64_t item;
  const dnnl::memory::data_type type;
  std::unique_ptr<Program> made;
  // Per value: the node that reads it last (the number of nodes for the result), how often that one does, how many
  // reads there are in all, where it lies.
  std::vector<int64_t> last_reader, last_reads, readers;
  std::vector<Place> places, mean_places;
  // Per value, the step that makes it, where that is an excitation.
  std::vector<ExciteStep *> excitations;
  std::vector<Joined> joined;
  // Per sum, the convolution that is carried out with it; per convolution, whether its only reader (a sum or a
  // depth-wise convolution) carries it out.
  std::vector<int64_t> sum_conv;
  std::vector<bool> deferred;
  // Whether a value is stored before its activation, which the depth-wise convolution that reads it applies.
  std::vector<bool> raw;
  int64_t now = 0;
  int time = 0;
};

template <typename Kind>
Kind &Lowering::add(const std::string &text) {
  auto step = std::make_unique<Kind>();
  step->text = text;
  auto &result = *step;
  made->steps.push_back(std::move(step));
  time++;
  return result;
}

}  // namespace ct
