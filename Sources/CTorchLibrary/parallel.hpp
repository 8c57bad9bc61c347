// Work split over threads in fixed shares: results never depend on how many there are.
#pragma once
#include <ATen/Parallel.h>
#include <algorithm>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace ct {

/// Calls `body(task, thread)` for every task; task numbers are dealt in contiguous runs. The first failure is thrown.
template <class Body>
void parallel(int64_t tasks, int threads, const Body &body) {
  int count = static_cast<int>(std::min<int64_t>(threads, tasks));
  if (count <= 1) {
    for (int64_t i = 0; i < tasks; i++) body(i, 0);
    return;
  }
  std::vector<std::exception_ptr> failures(count);
  auto run = [&](int t) {
    try {
      for (int64_t i = tasks * t / count; i < tasks * (t + 1) / count; i++) body(i, t);
    } catch (...) {
      failures[t] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < count; t++) others.emplace_back(run, t);
  run(0);
  for (auto &thread : others) thread.join();
  for (auto &failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ct
