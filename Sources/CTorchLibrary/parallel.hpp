// Loops over libgomp's threads, the pool that oneDNN and libtorch use too, so that no second one competes with it.
// Work is split in fixed shares: results never depend on how many threads there are.
#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <vector>

extern "C" {
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);
}

namespace ct {

// Sets the threads of this (calling) thread's parallel regions for a while.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadCount() { omp_set_num_threads(before); }
  ThreadCount(const ThreadCount &) = delete;
  ThreadCount &operator=(const ThreadCount &) = delete;

 private:
  int before;
};

// body(begin, end) over contiguous shares of 0..<count. `cost` is roughly the floats touched per item.
template <typename Body>
void parallel_for(int64_t count, int64_t cost, const Body &body) {
  if (count < 2 || count * cost < 8192 || omp_get_max_threads() == 1) return body(int64_t{0}, count);
  struct Job {
    const Body &body;
    int64_t count;
  } job{body, count};
  auto share = [](void *data) {
    const Job &job = *static_cast<Job *>(data);
    const int64_t threads = omp_get_num_threads(), index = omp_get_thread_num();
    const int64_t begin = job.count * index / threads, end = job.count * (index + 1) / threads;
    if (begin < end) job.body(begin, end);
  };
  GOMP_parallel(share, &job, static_cast<unsigned>(omp_get_max_threads()), 0);
}

/// Calls `body(task, thread)` for every task. Tasks are dealt in contiguous runs, one for each of `threads`, so what a
/// thread's room receives does not depend on how many there really are. The first failure is thrown.
template <class Body>
void parallel(int64_t tasks, int threads, const Body &body) {
  const int runs = static_cast<int>(std::min<int64_t>(threads, tasks));
  struct Job {
    const Body &body;
    int64_t tasks;
    int runs;
    std::vector<std::exception_ptr> failures;
  } job{body, tasks, runs, std::vector<std::exception_ptr>(std::max(runs, 0))};
  auto share = [](void *data) {
    Job &job = *static_cast<Job *>(data);
    for (int run = omp_get_thread_num(); run < job.runs; run += omp_get_num_threads()) {
      const int64_t begin = job.tasks * run / job.runs, end = job.tasks * (run + 1) / job.runs;
      try {
        for (int64_t i = begin; i < end; i++) job.body(i, run);
      } catch (...) {
        job.failures[run] = std::current_exception();
      }
    }
  };
  if (runs > 1) GOMP_parallel(share, &job, static_cast<unsigned>(runs), 0);
  else for (int64_t i = 0; i < tasks; i++) body(i, 0);
  for (auto &failure : job.failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ct
