// Compiling and running.
#include "plan.hpp"
#include "lowering.hpp"
#include "../parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <stdexcept>

int ct_plan_compile(ct_graph graph, int64_t output, int64_t batch, ct_plan_precision precision, int32_t streams,
                    int32_t threads, ct_plan *out) {
  CT_PLAN_GUARD({
    if (output < 1 || output >= static_cast<int64_t>(graph->nodes.size()) || batch < 1 || streams < 1 || threads < 1)
      throw std::invalid_argument("a plan needs a result, a batch, streams and threads");
    // A stream is a thread of the one parallel region there can be.
    if (streams > 1 && threads > 1) throw std::invalid_argument("several streams have one thread each");
    if (precision == CT_PLAN_BF16 && !ct::has_bf16()) throw std::runtime_error("this CPU does not convolve in bf16");
    ct::ThreadCount count(threads);
    auto plan = std::make_unique<ct_plan_s>();
    const ct::Shape &image = graph->nodes[0].shape;
    plan->pixels = batch * image.channels * image.places();
    plan->features = batch * graph->nodes[output].shape.channels;
    for (int32_t stream = 0; stream < streams; stream++)
      plan->streams.push_back(ct::Lowering(*graph, output, batch, precision == CT_PLAN_BF16, threads).program());
    for (auto &step : plan->streams[0]->steps) plan->text += step->text + "\n";
    *out = plan.release();
  })
}

void ct_plan_free(ct_plan plan) { delete plan; }

void ct::Program::run(const float *pixels, float *features, bool is_timed) {
  for (auto &step : steps) {
    if (!is_timed) {
      step->run(pixels, features);
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    step->run(pixels, features);
    step->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
}

int ct_plan_run(ct_plan plan, const float *pixels, float *features, int64_t count) {
  CT_PLAN_GUARD({
    const int64_t streams = std::min<int64_t>(static_cast<int64_t>(plan->streams.size()), count);
    // A stream that others keep from its core leaves more batches to the rest; results do not depend on it.
    std::atomic<int64_t> next{0};
    ct::parallel(streams, static_cast<int>(streams), [&](int64_t stream, int) {
      ct::Program &program = *plan->streams[stream];
      ct::ThreadCount own(program.threads);
      for (int64_t i = next++; i < count; i = next++)
        program.run(pixels + i * plan->pixels, features + i * plan->features, plan->profiling);
    });
    if (!plan->profiling || count == 0) return CT_PLAN_OK;
    plan->timed_batches += count;
    plan->timed_calls++;
    plan->timed_streams += streams;
  })
}

const char *ct_plan_text(ct_plan plan) { return plan->text.c_str(); }

void ct_plan_memory(ct_plan plan, int64_t *activations, int64_t *weights) {
  *activations = 0;
  for (auto &program : plan->streams) *activations += static_cast<int64_t>(program->arena.memory.size());
  *weights = static_cast<int64_t>(plan->streams[0]->weight_bytes);
}

const char *ct_plan_profile(ct_plan plan, bool on) {
  plan->profile.clear();
  // How many streams worked side by side, on average.
  const double side_by_side = double(plan->timed_streams) / double(std::max<int64_t>(plan->timed_calls, 1));
  char line[64];
  for (size_t i = 0; i < plan->streams[0]->steps.size(); i++) {
    double seconds = 0;
    for (auto &program : plan->streams) {
      seconds += program->steps[i]->seconds;
      if (on) program->steps[i]->seconds = 0;
    }
    const ct::Step &step = *plan->streams[0]->steps[i];
    std::snprintf(line, sizeof(line), "%.6f %.6g ", seconds / std::max(side_by_side, 1.0),
                  step.operations * double(plan->timed_batches));
    plan->profile += line + step.text + "\n";
  }
  if (on) plan->timed_batches = plan->timed_calls = plan->timed_streams = 0;
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
