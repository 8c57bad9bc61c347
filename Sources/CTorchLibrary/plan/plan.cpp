// Compiling and running.
#include "plan.hpp"
#include "lowering.hpp"
#include "../parallel.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>

int ct_plan_compile(ct_graph graph, int64_t output, int64_t batch, ct_plan_precision precision, int32_t threads,
                    ct_plan *out) {
  CT_PLAN_GUARD({
    if (output < 1 || output >= static_cast<int64_t>(graph->nodes.size()) || batch < 1 || threads < 1)
      throw std::invalid_argument("a plan needs a result, a batch and threads");
    if (precision == CT_PLAN_BF16 && !ct::has_bf16()) throw std::runtime_error("this CPU does not convolve in bf16");
    ct::ThreadCount count(threads);
    *out = ct::Lowering(*graph, output, batch, precision == CT_PLAN_BF16, threads).plan().release();
  })
}

void ct_plan_free(ct_plan plan) { delete plan; }

int ct_plan_run(ct_plan plan, const float *pixels, float *features) {
  CT_PLAN_GUARD({
    ct::ThreadCount count(plan->threads);
    plan->timed_runs += plan->profiling;
    for (auto &step : plan->steps) {
      if (!plan->profiling) {
        step->run(pixels, features);
        continue;
      }
      const auto start = std::chrono::steady_clock::now();
      step->run(pixels, features);
      step->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
  })
}

const char *ct_plan_text(ct_plan plan) { return plan->text.c_str(); }

void ct_plan_memory(ct_plan plan, int64_t *activations, int64_t *weights) {
  *activations = static_cast<int64_t>(plan->arena.memory.size());
  *weights = static_cast<int64_t>(plan->weight_bytes);
}

const char *ct_plan_profile(ct_plan plan, bool on) {
  plan->profile.clear();
  char line[64];
  for (auto &step : plan->steps) {
    std::snprintf(line, sizeof(line), "%.6f %.6g ", step->seconds, step->operations * double(plan->timed_runs));
    plan->profile += line + step->text + "\n";
    if (on) step->seconds = 0;
  }
  if (on) plan->timed_runs = 0;
  plan->profiling = on;
  return plan->profile.c_str();
}

bool ct_plan_has_bf16(void) { return ct::has_bf16(); }

const char *ct_plan_engine(void) {
  static const std::string name = [] {
    const auto *version = dnnl::version();
    static const char *levels[] = {"below AVX2", "AVX2", "AVX-512", "AVX-512"};
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch) + " " + levels[ct::isa_level()];
  }();
  return name.c_str();
}
