#include "cfaiss.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexPQ.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <shared_mutex>

struct cfaiss_index {
  std::unique_ptr<faiss::Index> index;
  /* efSearch belongs to the index and not to the search: searches with one value share the lock, a change has it alone. */
  std::shared_mutex breadth;
};

namespace {

template <typename Body>
int guarded(char *message, size_t capacity, Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception &error) {
    if (message && capacity) std::snprintf(message, capacity, "%s", error.what());
  } catch (...) {
    if (message && capacity) std::snprintf(message, capacity, "unknown failure");
  }
  return -1;
}

/* The number of threads is a setting of the whole process, which belongs to others too. */
struct OneThread {
  int before;
  explicit OneThread(bool wanted) : before(wanted ? omp_get_max_threads() : 0) {
    if (wanted) omp_set_num_threads(1);
  }
  ~OneThread() {
    if (before) omp_set_num_threads(before);
  }
};

void prepare(faiss::ClusteringParameters &clustering, int64_t seed) {
  clustering.min_points_per_centroid = 1; /* fewer points per centroid than faiss likes are no reason to print */
  if (seed >= 0) clustering.seed = static_cast<int>(seed);
}

std::unique_ptr<faiss::Index> make(const cfaiss_settings &s, faiss::Index *&quantizer) {
  auto metric = s.metric == CFAISS_L2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
  if (s.kind == CFAISS_HNSW) {
    auto index = std::make_unique<faiss::IndexHNSWFlat>(s.dimension, s.links, metric);
    index->hnsw.efConstruction = s.ef_construction;
    if (s.seed >= 0) index->hnsw.rng = faiss::RandomGenerator(s.seed);
    return index;
  }
  if (s.kind == CFAISS_PQ) {
    auto index = std::make_unique<faiss::IndexPQ>(s.dimension, s.parts, s.bits, metric);
    prepare(index->pq.cp, s.seed);
    return index;
  }
  quantizer = metric == faiss::METRIC_L2 ? static_cast<faiss::Index *>(new faiss::IndexFlatL2(s.dimension))
                                         : new faiss::IndexFlatIP(s.dimension);
  auto index = std::make_unique<faiss::IndexIVFPQ>(quantizer, s.dimension, s.lists, s.parts, s.bits, metric);
  index->own_fields = true;
  prepare(index->cp, s.seed);
  prepare(index->pq.cp, s.seed);
  return index;
}

struct Counter : faiss::IOWriter {
  size_t total = 0;
  size_t operator()(const void *, size_t size, size_t items) override {
    total += size * items;
    return items;
  }
};

}  // namespace

int cfaiss_build(const cfaiss_settings *settings, const float *rows, int64_t count, cfaiss_index **out, char *message,
                 size_t capacity) {
  return guarded(message, capacity, [&] {
    faiss::Index *quantizer = nullptr;
    auto made = std::make_unique<cfaiss_index>();
    made->index = make(*settings, quantizer);
    {
      /* k-means is a long row of short matrix products: the BLAS has threads of its own, and two pools that wait for
         each other by spinning made it five times slower on a busy machine. */
      OneThread one(true);
      made->index->train(count, rows);
    }
    OneThread one(settings->kind == CFAISS_HNSW && settings->seed >= 0);
    made->index->add(count, rows);
    *out = made.release();
  });
}

int cfaiss_search(cfaiss_index *index, const float *query, int64_t k, int breadth, const uint8_t *allowed,
                  size_t allowed_bytes, float *distances, int64_t *ids, char *message, size_t capacity) {
  return guarded(message, capacity, [&] {
    if (auto *hnsw = dynamic_cast<faiss::IndexHNSW *>(index->index.get())) {
      std::shared_lock<std::shared_mutex> shared(index->breadth);
      if (hnsw->hnsw.efSearch != breadth) {
        shared.unlock();
        std::unique_lock<std::shared_mutex> alone(index->breadth);
        hnsw->hnsw.efSearch = breadth;
        hnsw->search(1, query, k, distances, ids);
        return;
      }
      hnsw->search(1, query, k, distances, ids);
      return;
    }
    if (auto *ivf = dynamic_cast<faiss::IndexIVF *>(index->index.get())) {
      faiss::SearchParametersIVF parameters;
      parameters.nprobe = breadth;
      faiss::IDSelectorBitmap selector(allowed_bytes, allowed);
      if (allowed) parameters.sel = &selector;
      ivf->search(1, query, k, distances, ids, &parameters);
      return;
    }
    index->index->search(1, query, k, distances, ids);
  });
}

int cfaiss_write(cfaiss_index *index, const char *path, char *message, size_t capacity) {
  return guarded(message, capacity, [&] { faiss::write_index(index->index.get(), path); });
}

int cfaiss_read(const char *path, int kind, cfaiss_index **out, char *message, size_t capacity) {
  return guarded(message, capacity, [&] {
    auto made = std::make_unique<cfaiss_index>();
    made->index.reset(faiss::read_index(path));
    faiss::Index *index = made->index.get();
    bool fits = kind == CFAISS_HNSW ? dynamic_cast<faiss::IndexHNSW *>(index) != nullptr
              : kind == CFAISS_PQ   ? dynamic_cast<faiss::IndexPQ *>(index) != nullptr
                                    : dynamic_cast<faiss::IndexIVFPQ *>(index) != nullptr;
    if (!fits) throw std::runtime_error("the file holds another kind of index");
    *out = made.release();
  });
}

void cfaiss_free(cfaiss_index *index) { delete index; }

int64_t cfaiss_count(const cfaiss_index *index) { return index->index->ntotal; }

int64_t cfaiss_dimension(const cfaiss_index *index) { return index->index->d; }

int64_t cfaiss_size(const cfaiss_index *index) {
  Counter counter;
  int status = guarded(nullptr, 0, [&] { faiss::write_index(index->index.get(), &counter); });
  return status == 0 ? static_cast<int64_t>(counter.total) : 0;
}
