// A compiled network.
#pragma once
#include "steps.hpp"

namespace ct {

// The network for some images at a time, in memory of its own: what one stream runs.
struct Program {
  std::vector<std::unique_ptr<Step>> steps;
  Arena arena;
  int threads = 1;
  size_t weight_bytes = 0;
  void run(const float *pixels, float *features, bool is_timed);
};

}  // namespace ct

// Streams run side by side, each with images of its own from the first step to the last: none waits for another after
// every step, and what lies between two steps stays in one core's caches.
struct ct_plan_s {
  std::vector<std::unique_ptr<ct::Program>> streams;
  // Numbers of one batch.
  int64_t pixels = 0, features = 0;
  bool profiling = false;
  // Batches that were timed; calls, and the streams that took part in them.
  int64_t timed_batches = 0, timed_calls = 0, timed_streams = 0;
  std::string text, profile;
};
