// A layer's steps forth and back. What passes through the steps is one product of the state a step; the input's part
// of all steps, and the gradients of all weights and of the input, are one product each.
#include "layer.hpp"
#include "../parallel.hpp"
#include "../products.hpp"
#include "../recorded.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ct {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Steps::Steps(std::vector<int64_t> counts) : sizes(std::move(counts)) {
  for (int64_t size : sizes) {
    starts.push_back(rows);
    rows += size;
  }
}

namespace {

struct Layer {
  Cell cell;
  bool reversed, reduced;
  int64_t hidden;
  const Steps &steps;

  int64_t width() const { return gates_of(cell) * hidden; }
  at::ScalarType type() const { return reduced ? at::kBFloat16 : at::kFloat; }
  /// The step that is k-th in time of this direction.
  int64_t at(int64_t k) const { return reversed ? static_cast<int64_t>(steps.sizes.size()) - 1 - k : k; }
};

/// What the way back needs of the way forth.
struct Kept {
  at::Tensor gates, candidate;          // [rows, G·H], [rows, H]
  at::Tensor before, cell_before;       // [rows, H]: the states that each step began with
  at::Tensor inputs, before_narrow;     // factors of the products, in their type
};

at::Tensor room(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) {
  return at::empty(sizes, at::TensorOptions(type));
}

float *row(const at::Tensor &x, int64_t index) {
  return x.defined() ? x.data_ptr<float>() + index * x.size(1) : nullptr;
}

uint16_t *narrow_row(const at::Tensor &x, int64_t index) {
  return reinterpret_cast<uint16_t *>(x.data_ptr<at::BFloat16>()) + index * x.size(1);
}

/// Each row's state, as the step finds it, into what is kept of it.
void keep_states(const Layer &o, const Kept &kept, const at::Tensor &state, const at::Tensor &cell, int64_t start,
                 int64_t count) {
  parallel_for(count, 2 * o.hidden, [&](int64_t begin, int64_t end) {
    const int64_t bytes = o.hidden * static_cast<int64_t>(sizeof(float));
    for (int64_t i = begin; i < end; i++) {
      std::memcpy(row(kept.before, start + i), row(state, i), bytes);
      if (o.reduced) narrow<float>(row(state, i), narrow_row(kept.before_narrow, start + i), o.hidden);
      if (cell.defined()) std::memcpy(row(kept.cell_before, start + i), row(cell, i), bytes);
    }
  });
}

RecurrentStates forth(const Layer &o, const RecurrentWeights &w, int64_t count, const Kept &kept) {
  RecurrentStates out{room({o.steps.rows, o.hidden}), at::zeros({count, o.hidden}), {}};
  if (o.cell == Cell::lstm) out.cell = at::zeros({count, o.hidden});
  SharedFactor from_input(w.inputs.t(), o.type()), from_state(w.state.t(), o.type());
  multiply(kept.inputs, from_input, w.input_bias, kept.gates);
  const auto products = room({count, o.width()});
  const auto &factor = o.reduced ? kept.before_narrow : kept.before;
  for (int64_t k = 0; k < static_cast<int64_t>(o.steps.sizes.size()); k++) {
    const int64_t start = o.steps.starts[o.at(k)], size = o.steps.sizes[o.at(k)];
    keep_states(o, kept, out.last, out.cell, start, size);
    multiply(factor.narrow(0, start, size), from_state, w.state_bias, products.narrow(0, 0, size));
    parallel_for(size, 16 * o.width(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        run_gates<float>(o.cell, {row(kept.gates, start + i), row(products, i), row(out.last, i), row(out.cell, i),
                                  row(kept.candidate, start + i), row(out.outputs, start + i)}, o.hidden);
    });
  }
  return out;
}

/// Gradients of both parts of the gates, `[rows, G·H]` in the products' type; the same tensor where they are equal.
struct GateGradients {
  at::Tensor inputs, product;
};

/// One row's gradients, rounded where the products want it.
void row_back(const Layer &o, GateGradientRow r, const GateGradients &out, int64_t index, std::vector<float> &space) {
  const bool same = out.inputs.is_same(out.product);
  if (!o.reduced) {
    r.inputs = row(out.inputs, index), r.product = row(out.product, index);
    return run_gates_back<float>(o.cell, r, o.hidden);
  }
  r.inputs = space.data(), r.product = same ? r.inputs : r.inputs + o.width();
  run_gates_back<float>(o.cell, r, o.hidden);
  narrow<float>(r.inputs, narrow_row(out.inputs, index), o.width());
  if (!same) narrow<float>(r.product, narrow_row(out.product, index), o.width());
}

/// `state`, `cell`: gradients of the last states, used up.
GateGradients back(const Layer &o, const RecurrentWeights &w, const Kept &kept, const at::Tensor &outputs,
                   const at::Tensor &state, const at::Tensor &cell) {
  GateGradients out;
  out.inputs = room({o.steps.rows, o.width()}, o.type());
  out.product = o.cell == Cell::gru ? at::empty_like(out.inputs) : out.inputs;
  SharedFactor to_state(w.state, o.type());
  for (int64_t k = static_cast<int64_t>(o.steps.sizes.size()) - 1; k >= 0; k--) {
    const int64_t start = o.steps.starts[o.at(k)], size = o.steps.sizes[o.at(k)];
    parallel_for(size, 16 * o.width(), [&](int64_t begin, int64_t end) {
      std::vector<float> space(o.reduced ? 2 * o.width() : 0);
      for (int64_t i = begin; i < end; i++) {
        const int64_t at = start + i;
        row_back(o, {row(kept.gates, at), row(kept.candidate, at), row(kept.before, at), row(kept.cell_before, at),
                     row(outputs, at), row(state, i), row(cell, i), nullptr, nullptr}, out, at, space);
      }
    });
    // The first step began with zeros, whose gradient nobody wants.
    if (k > 0) multiply(out.product.narrow(0, start, size), to_state, {}, state.narrow(0, 0, size), true);
  }
  return out;
}

at::Tensor float_rows(const at::Tensor &x) { return x.defined() ? x.to(at::kFloat).contiguous() : x; }

struct RecurrentFunction : torch::autograd::Function<RecurrentFunction> {
  static variable_list forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &inputs,
                               const at::Tensor &state, const c10::optional<at::Tensor> &input_bias,
                               const c10::optional<at::Tensor> &state_bias, std::vector<int64_t> sizes, int64_t cell,
                               bool reversed, bool reduced) {
    Recorded timed("recurrent");
    const Steps steps(sizes);
    const Layer o{static_cast<Cell>(cell), reversed, reduced, state.size(1), steps};
    const RecurrentWeights w{inputs, state, input_bias.value_or(at::Tensor()), state_bias.value_or(at::Tensor())};
    Kept kept;
    kept.gates = room({steps.rows, o.width()});
    kept.before = room({steps.rows, o.hidden});
    kept.inputs = x.to(o.type()).contiguous();
    if (o.cell == Cell::gru) kept.candidate = room({steps.rows, o.hidden});
    if (o.cell == Cell::lstm) kept.cell_before = room({steps.rows, o.hidden});
    if (reduced) kept.before_narrow = room({steps.rows, o.hidden}, at::kBFloat16);
    auto out = forth(o, w, sizes.empty() ? 0 : sizes[0], kept);
    context->save_for_backward({kept.gates, kept.candidate, kept.before, kept.cell_before, kept.inputs,
                                kept.before_narrow, inputs, state});
    context->saved_data["sizes"] = sizes;
    context->saved_data["settings"] = std::vector<int64_t>{cell, reversed, reduced, x.requires_grad(),
                                                           input_bias.has_value(), x.scalar_type() == at::kBFloat16};
    context->set_materialize_grads(false);
    variable_list results{out.outputs, out.last};
    if (out.cell.defined()) results.push_back(out.cell);
    return results;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "a recurrent layer has no second derivative");
    const auto s = context->get_saved_variables();
    const auto sizes = context->saved_data["sizes"].toIntVector(), v = context->saved_data["settings"].toIntVector();
    const Steps steps(sizes);
    const Kept kept{s[0], s[1], s[2], s[3], s[4], s[5]};
    const RecurrentWeights w{s[6], s[7], {}, {}};
    const Layer o{static_cast<Cell>(v[0]), v[1] != 0, v[2] != 0, w.state.size(1), steps};
    // Copied: the steps write into them.
    auto arriving = [&](size_t i) {
      const bool given = i < gradients.size() && gradients[i].defined();
      return given ? gradients[i].to(at::kFloat).clone(at::MemoryFormat::Contiguous) : at::zeros({sizes[0], o.hidden});
    };
    const auto cell = o.cell == Cell::lstm ? arriving(2) : at::Tensor();
    const auto g = back(o, w, kept, float_rows(gradients[0]), arriving(1), cell);
    variable_list results(9);
    if (v[3]) {
      SharedFactor to_input(w.inputs, o.type());
      results[0] = room({steps.rows, w.inputs.size(1)});
      multiply(g.inputs, to_input, {}, results[0]);
      if (v[5]) results[0] = results[0].to(at::kBFloat16);
    }
    results[1] = product(g.inputs.t(), kept.inputs);
    results[2] = product(g.product.t(), o.reduced ? kept.before_narrow : kept.before);
    if (v[4]) {
      results[3] = g.inputs.sum({0}, false, at::kFloat);
      results[4] = g.product.is_same(g.inputs) ? results[3].clone() : g.product.sum({0}, false, at::kFloat);
    }
    return results;
  }
};

}  // namespace

RecurrentStates recurrent_layer(Cell cell, const at::Tensor &x, const RecurrentWeights &weights, const Steps &steps,
                                bool reversed, bool reduced) {
  auto given = [](const at::Tensor &t) { return t.defined() ? c10::optional<at::Tensor>(t) : c10::nullopt; };
  auto r = RecurrentFunction::apply(x, weights.inputs, weights.state, given(weights.input_bias),
                                    given(weights.state_bias), steps.sizes, static_cast<int64_t>(cell), reversed,
                                    reduced);
  return {r[0], r[1], r.size() > 2 ? r[2] : at::Tensor()};
}

}  // namespace ct
