// Two looks at a map forward and two backward, instead of one or two for each of libtorch's operators.
// - Source: Ioffe and Szegedy 2015, algorithm 1 and the gradients of section 3.
#include "batch_norm.hpp"
#include "rows.hpp"
#include "../parallel.hpp"
#include "../recorded.hpp"
#include "../support.hpp"

#include <ATen/Parallel.h>
#include <cmath>
#include <limits>
#include <torch/csrc/autograd/custom_function.h>

namespace ct {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Places of a map in runs that fit a core's cache and do not depend on the number of threads.
struct Shares {
  int64_t places, channels, run, count;

  explicit Shares(const at::Tensor &x)
      : places(x.numel() / x.size(1)), channels(x.size(1)), run(std::max<int64_t>(1, (1 << 15) / x.size(1))),
        count((places + run - 1) / run) {}

  int64_t size(int64_t i) const { return std::min(run, places - i * run); }

  /// Calls `body(share, first element, places)`.
  template <class Body>
  void each(const Body &body) const {
    int threads = places * channels < (1 << 18) ? 1 : at::get_num_threads();
    parallel(count, threads, [&](int64_t i, int) { body(i, i * run * channels, size(i)); });
  }
};

at::Tensor floats(int64_t count) { return at::empty({count}, at::TensorOptions(at::kFloat)); }

struct Statistics {
  at::Tensor mean, deviation;  // the reciprocal of the standard deviation
};

/// Means of the shares and squares around them, joined in double (Chan, Golub and LeVeque 1979).
template <class T>
Statistics measure(const at::Tensor &x, const BatchNormTensors &t, double momentum, double epsilon) {
  Shares shares(x);
  int64_t channels = shares.channels;
  std::vector<float> means(shares.count * channels), squares(means.size());
  const T *from = x.data_ptr<T>();
  shares.each([&](int64_t i, int64_t at, int64_t rows) {
    moments<T>(from + at, rows, channels, &means[i * channels], &squares[i * channels]);
  });
  std::vector<double> mean(channels), square(channels);
  for (int64_t i = 0; i < shares.count; i++)
    for (int64_t c = 0; c < channels; c++) mean[c] += means[i * channels + c] * double(shares.size(i)) / shares.places;
  for (int64_t i = 0; i < shares.count; i++)
    for (int64_t c = 0; c < channels; c++) {
      double apart = means[i * channels + c] - mean[c];
      square[c] += squares[i * channels + c] + apart * apart * shares.size(i);
    }
  Statistics result{floats(channels), floats(channels)};
  float *m = result.mean.data_ptr<float>(), *d = result.deviation.data_ptr<float>();
  float *past_mean = t.running_mean.data_ptr<float>(), *past = t.running_variance.data_ptr<float>();
  for (int64_t c = 0; c < channels; c++) {
    m[c] = float(mean[c]);
    d[c] = float(1 / std::sqrt(square[c] / shares.places + epsilon));
    past_mean[c] = float((1 - momentum) * past_mean[c] + momentum * mean[c]);
    past[c] = float((1 - momentum) * past[c] + momentum * square[c] / (shares.places - 1));
  }
  return result;
}

/// The normalisation as scale and shift: [2, C].
at::Tensor folded(const at::Tensor &weight, const at::Tensor &bias, const Statistics &s) {
  auto scale = weight * s.deviation;
  return at::stack({scale, bias - s.mean * scale});
}

Normalised normalised(const at::Tensor &folded, float low, float high) {
  const float *scale = folded.data_ptr<float>();
  return {scale, scale + folded.size(1), low, high};
}

template <class T>
at::Tensor applied(const at::Tensor &x, const at::Tensor &residual, const Normalised &n) {
  auto y = at::empty_like(x);
  const T *from = x.data_ptr<T>(), *other = residual.defined() ? residual.data_ptr<T>() : nullptr;
  T *to = y.data_ptr<T>();
  Shares shares(x);
  shares.each([&](int64_t, int64_t at, int64_t rows) {
    apply<T>(from + at, other ? other + at : nullptr, rows, shares.channels, n, to + at);
  });
  return y;
}

struct Gradients {
  at::Tensor x, weight, bias, residual;
};

template <class T>
Slopes<T> from(Slopes<T> s, int64_t by) {
  s.dy += by, s.x += by;
  if (s.y) s.y += by;
  return s;
}

/// Σ g and Σ g (x - mean): [2, C].
template <class T>
at::Tensor summed(const Slopes<T> &slopes, const Shares &shares) {
  int64_t channels = shares.channels;
  std::vector<float> parts(2 * shares.count * channels);
  shares.each([&](int64_t i, int64_t at, int64_t rows) {
    float *to = &parts[2 * i * channels];
    sum_slopes<T>(from(slopes, at), rows, channels, to, to + channels);
  });
  std::vector<double> sums(2 * channels);
  for (int64_t i = 0; i < shares.count; i++)
    for (int64_t c = 0; c < 2 * channels; c++) sums[c] += parts[2 * i * channels + c];
  auto result = floats(2 * channels);
  std::copy(sums.begin(), sums.end(), result.data_ptr<float>());
  return result.view({2, channels});
}

template <class T>
Gradients gradients(const Slopes<T> &slopes, const at::Tensor &x, const at::Tensor &weight, const Statistics &s) {
  Shares shares(x);
  at::Tensor sums = summed(slopes, shares);
  Gradients result{at::empty_like(x), sums[1] * s.deviation, sums[0].clone(), {}};
  if (slopes.y) result.residual = at::empty_like(x);
  at::Tensor gain = weight * s.deviation;
  at::Tensor tilt = gain * s.deviation * s.deviation * sums[1] * (-1.0 / shares.places);
  at::Tensor level = gain * sums[0] * (-1.0 / shares.places);
  Tilt t{gain.data_ptr<float>(), tilt.data_ptr<float>(), level.data_ptr<float>()};
  T *dx = result.x.data_ptr<T>(), *dr = slopes.y ? result.residual.data_ptr<T>() : nullptr;
  shares.each([&](int64_t, int64_t at, int64_t rows) {
    spread<T>(from(slopes, at), t, rows, shares.channels, dx + at, dr ? dr + at : nullptr);
  });
  return result;
}

struct BatchNorm : torch::autograd::Function<BatchNorm> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
                            const at::Tensor &bias, const c10::optional<at::Tensor> &added,
                            const Statistics &statistics, double low, double high) {
    Recorded timed("batch_norm");
    auto residual = added.value_or(at::Tensor());
    auto fold = folded(weight, bias, statistics);
    auto n = normalised(fold, float(low), float(high));
    bool brief = x.scalar_type() == at::kBFloat16;
    auto y = brief ? applied<c10::BFloat16>(x, residual, n) : applied<float>(x, residual, n);
    bool by_result = residual.defined() && bounds(low, high);
    context->save_for_backward({x, weight, fold, statistics.mean, statistics.deviation, by_result ? y : at::Tensor()});
    context->saved_data["low"] = low;
    context->saved_data["high"] = high;
    context->saved_data["adds"] = residual.defined();
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list above) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "batch normalisation in one pass has no second derivative");
    auto dy = above[0].contiguous(at::MemoryFormat::ChannelsLast);
    auto r = dy.scalar_type() == at::kBFloat16 ? backward<c10::BFloat16>(context, dy) : backward<float>(context, dy);
    bool adds = context->saved_data["adds"].toBool();
    return {r.x, r.weight, r.bias, adds && !r.residual.defined() ? dy : r.residual, {}, {}, {}};
  }

 private:
  static bool bounds(double low, double high) { return std::isfinite(low) || std::isfinite(high); }

  template <class T>
  static Gradients backward(AutogradContext *context, const at::Tensor &dy) {
    auto saved = context->get_saved_variables();
    const auto &x = saved[0], &y = saved[5];
    double low = context->saved_data["low"].toDouble(), high = context->saved_data["high"].toDouble();
    Slopes<T> slopes{dy.data_ptr<T>(), x.data_ptr<T>(), y.defined() ? y.data_ptr<T>() : nullptr,
                     normalised(saved[2], float(low), float(high)), saved[3].data_ptr<float>(), bounds(low, high)};
    return gradients<T>(slopes, x, saved[1], {saved[3], saved[4]});
  }
};

bool is_map(const at::Tensor &x) {
  return x.dim() == 4 && x.device().is_cpu() && x.numel() > 0 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

bool suits(const at::Tensor &x, const BatchNormTensors &t, const at::Tensor &residual) {
  for (const auto *one : {&t.weight, &t.bias, &t.running_mean, &t.running_variance})
    if (!one->defined() || !one->device().is_cpu() || one->scalar_type() != at::kFloat || !one->is_contiguous() ||
        x.dim() != 4 || one->numel() != x.size(1))
      return false;
  return is_map(x) && (!residual.defined() || (is_map(residual) && residual.sizes() == x.sizes() &&
                                               residual.scalar_type() == x.scalar_type()));
}

}  // namespace

at::Tensor batch_norm(const at::Tensor &x, const BatchNormTensors &t, double momentum, double epsilon,
                      const at::Tensor &residual, double low, double high) {
  if (!suits(x, t, residual)) return {};
  Statistics statistics;
  {
    c10::NoGradGuard guard;
    statistics = x.scalar_type() == at::kBFloat16 ? measure<c10::BFloat16>(x, t, momentum, epsilon)
                                                  : measure<float>(x, t, momentum, epsilon);
  }
  auto added = residual.defined() ? c10::optional<at::Tensor>(residual) : c10::nullopt;
  return BatchNorm::apply(x, t.weight, t.bias, added, statistics, low, high);
}

}  // namespace ct
