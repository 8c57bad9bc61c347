// A compiled network.
#pragma once
#include "steps.hpp"

struct ct_plan_s {
  std::vector<std::unique_ptr<ct::Step>> steps;
  ct::Arena arena;
  int threads = 1;
  size_t weight_bytes = 0;
  bool profiling = false;
  int64_t timed_runs = 0;
  std::string text, profile;
};
