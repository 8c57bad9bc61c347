#pragma once
/* Three indexes of faiss behind a C ABI: no exception crosses it. Functions return 0, or -1 with a reason in `message`. */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cfaiss_index cfaiss_index;

enum { CFAISS_HNSW = 0, CFAISS_PQ = 1, CFAISS_IVF_PQ = 2 };
enum { CFAISS_L2 = 0, CFAISS_INNER_PRODUCT = 1 };

typedef struct {
  int kind;
  int metric;
  int dimension;
  int links;           /* HNSW: M */
  int ef_construction; /* HNSW */
  int parts;           /* PQ: m */
  int bits;            /* PQ: nbits */
  int lists;           /* IVF: nlist */
  int64_t seed;        /* below 0: HNSW is built on all cores, in no fixed order */
} cfaiss_settings;

/* Trains on the rows and adds them; rows are [count, dimension]. */
int cfaiss_build(const cfaiss_settings *settings, const float *rows, int64_t count, cfaiss_index **index,
                 char *message, size_t capacity);

/* breadth: efSearch of HNSW, nprobe of IVF, ignored by PQ. allowed: null, or one bit a row (IVF only). Writes up to k
   ids, -1 where there are no more; distances are squared under L2. Searches may run side by side. */
int cfaiss_search(cfaiss_index *index, const float *query, int64_t k, int breadth, const uint8_t *allowed,
                  size_t allowed_bytes, float *distances, int64_t *ids, char *message, size_t capacity);

int cfaiss_write(cfaiss_index *index, const char *path, char *message, size_t capacity);
int cfaiss_read(const char *path, int kind, cfaiss_index **index, char *message, size_t capacity);
void cfaiss_free(cfaiss_index *index);

int64_t cfaiss_count(const cfaiss_index *index);
int64_t cfaiss_dimension(const cfaiss_index *index);

/* Bytes that the index's file takes. */
int64_t cfaiss_size(const cfaiss_index *index);

#ifdef __cplusplus
}
#endif
