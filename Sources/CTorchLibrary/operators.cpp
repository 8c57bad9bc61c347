// Where the time of libtorch's operators goes: each one's own, without that of the operators it calls.
#include "support.hpp"

#include <ATen/record_function.h>
#include <chrono>
#include <map>
#include <mutex>

namespace {

using Clock = std::chrono::steady_clock;

struct Spent {
  double seconds = 0, operations = 0;
};

std::mutex lock;
std::map<std::string, Spent> spent;
at::CallbackHandle observer = 0;
// Of each operator that is running on this thread, the seconds within the operators it has called.
thread_local std::vector<double> inner;

struct Started : at::ObserverContext {
  std::string name;
  // Floating-point operations, and those for each number that a convolution gives: both are zero for other operators.
  double operations = 0, each = 0;
  Clock::time_point time = Clock::now();
};

double product(const at::Tensor &left, const at::Tensor &right) {
  return 2.0 * static_cast<double>(left.numel()) * static_cast<double>(right.size(-1));
}

// Without the space of names: `aten::mm`, `autograd::engine::evaluate_function: MmBackward0` for its gradient, and
// `torch::autograd::CppNode<ct::Winograd>` for that of an operation of ours.
std::string short_name(std::string name) {
  name = name.substr(name.find_last_of(": ") + 1);
  if (name.empty() || name.back() != '>') return name;
  return name.replace(name.size() - 1, 1, "Backward");
}

// `weight` is [O, I / G, kernel...].
double each(const at::Tensor &weight) { return 2.0 * static_cast<double>(weight.numel() / weight.size(0)); }

// What is known of an operator's work from what it is given, which is told at its start only.
void count(const at::RecordFunction &call, Started &started) {
  std::vector<at::Tensor> given;
  for (const auto &value : call.inputs())
    if (value.isTensor() && value.toTensor().defined()) given.push_back(value.toTensor());
  const std::string &name = started.name;
  if ((name == "mm" || name == "bmm" || name == "product") && given.size() > 1)
    started.operations = product(given[0], given[1]);
  if ((name == "addmm" || name == "baddbmm") && given.size() > 2) started.operations = product(given[1], given[2]);
  if (name == "winograd") started.operations = static_cast<double>(given[0].numel()) * each(given[1]);
  if ((name == "mkldnn_convolution" || name == "_slow_conv2d_forward") && given.size() > 1) started.each = each(given[1]);
  // Gradients of the input and of the weight.
  if (name == "convolution_backward" && given.size() > 2)
    started.operations = 2 * static_cast<double>(given[0].numel()) * each(given[2]);
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction &call) {
  auto started = std::make_unique<Started>();
  started->name = short_name(call.name());
  count(call, *started);
  inner.push_back(0);
  started->time = Clock::now();
  return started;
}

void end(const at::RecordFunction &call, at::ObserverContext *context) {
  const auto &started = *static_cast<Started *>(context);
  const double seconds = std::chrono::duration<double>(Clock::now() - started.time).count();
  const double own = seconds - inner.back();
  inner.pop_back();
  if (!inner.empty()) inner.back() += seconds;
  double operations = started.operations;
  if (started.each > 0 && !call.outputs().empty() && call.outputs()[0].isTensor())
    operations += started.each * static_cast<double>(call.outputs()[0].toTensor().numel());
  std::lock_guard<std::mutex> guard(lock);
  spent[started.name].seconds += own;
  spent[started.name].operations += operations;
}

}  // namespace

int ct_operators_begin(void) {
  CT_GUARD({
    TORCH_CHECK(!observer, "operators are timed already");
    spent.clear();
    observer = at::addGlobalCallback(at::RecordFunctionCallback(begin, end)
                                         .needsInputs(true)
                                         .needsOutputs(true)
                                         .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  })
}

const char *ct_operators_end(void) {
  static std::string text;
  if (observer) at::removeCallback(observer);
  observer = 0;
  text.clear();
  char line[64];
  std::lock_guard<std::mutex> guard(lock);
  for (const auto &[name, of] : spent) {
    std::snprintf(line, sizeof(line), "%.6f %.6g ", of.seconds, of.operations);
    text += line + name + "\n";
  }
  return text.c_str();
}
