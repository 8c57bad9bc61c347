// Row-major matrix products through the BLAS that libtorch brought.
#pragma once
#include <ATen/ATen.h>
#include <dlfcn.h>
#include <mutex>

namespace ct {

template <class Function>
Function library_symbol(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

template <class T>
using GemmFunction = void (*)(const char *, const char *, const int *, const int *, const int *, const T *, const T *,
                              const int *, const T *, const int *, const T *, T *, const int *);

template <class T>
GemmFunction<T> gemm_function() {
  static const auto found = library_symbol<GemmFunction<T>>(sizeof(T) == 4 ? "sgemm_" : "dgemm_");
  return found;
}

/// A matrix in row-major order, or the transpose of one.
template <class T>
struct Matrix {
  T *data;
  int64_t rows, columns;
  bool transposed = false;
};

/// c = a·b + beta·c.
template <class T>
void gemm(Matrix<const T> a, Matrix<const T> b, T beta, Matrix<T> c) {
  int64_t inner = a.transposed ? a.rows : a.columns;
  if (auto blas = gemm_function<T>()) {
    // Column-major BLAS sees the transposes: cᵀ = bᵀ·aᵀ.
    int m = static_cast<int>(c.columns), n = static_cast<int>(c.rows), k = static_cast<int>(inner);
    int lda = static_cast<int>(b.columns), ldb = static_cast<int>(a.columns), ldc = static_cast<int>(c.columns);
    const T one = 1;
    return blas(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &m, &n, &k, &one, b.data, &lda, a.data, &ldb, &beta,
                c.data, &ldc);
  }
  auto view = [](const T *data, int64_t rows, int64_t columns) {
    return at::from_blob(const_cast<T *>(data), {rows, columns}, at::CppTypeToScalarType<T>::value);
  };
  at::Tensor left = view(a.data, a.rows, a.columns), right = view(b.data, b.rows, b.columns);
  at::Tensor out = view(c.data, c.rows, c.columns);
  at::addmm_out(out, out, a.transposed ? left.t() : left, b.transposed ? right.t() : right, beta, 1);
}

/// While one of these lives, OpenBLAS computes each product on the thread that asks for it, so that several may ask at
/// once.
class SingleThreadedBlas {
 public:
  SingleThreadedBlas() {
    std::lock_guard<std::mutex> guard(lock());
    if (users()++ == 0 && count()) {
      before() = count()();
      set()(1);
    }
  }
  ~SingleThreadedBlas() {
    std::lock_guard<std::mutex> guard(lock());
    if (--users() == 0 && count()) set()(before());
  }
  /// Threads that may ask: all of them, or one where the library splits its products itself. OpenBLAS on OpenMP gives
  /// wrong products where threads ask that are not OpenMP's.
  static int callers(int threads) { return count() && gemm_function<float>() && !is_on_openmp() ? threads : 1; }

 private:
  using Count = int (*)();
  using Set = void (*)(int);
  static Count count() {
    static const auto found = set() ? library_symbol<Count>("openblas_get_num_threads") : nullptr;
    return found;
  }
  static Set set() {
    static const auto found = library_symbol<Set>("openblas_set_num_threads");
    return found;
  }
  static bool is_on_openmp() {
    static const auto kind = library_symbol<int (*)()>("openblas_get_parallel");
    return kind && kind() == 2;
  }
  static std::mutex &lock() {
    static std::mutex m;
    return m;
  }
  static int &users() {
    static int n = 0;
    return n;
  }
  static int &before() {
    static int n = 1;
    return n;
  }
};

}  // namespace ct
