// Element-wise operations, reductions, shapes, indexing.
#include "products.hpp"
#include "support.hpp"

namespace {

at::Tensor unary(ct_unary_op op, const at::Tensor &a) {
  switch (op) {
    case CT_NEG: return at::neg(a);
    case CT_EXP: return at::exp(a);
    case CT_LOG: return at::log(a);
    case CT_SQRT: return at::sqrt(a);
    case CT_RSQRT: return at::rsqrt(a);
    case CT_ABS: return at::abs(a);
    case CT_SQUARE: return at::mul(a, a);
    case CT_SIGMOID: return at::sigmoid(a);
    case CT_TANH: return at::tanh(a);
    case CT_RELU: return at::relu(a);
    case CT_SILU: return at::silu(a);
    case CT_GELU: return at::gelu(a);
    case CT_GELU_TANH: return at::gelu(a, "tanh");
    case CT_SOFTPLUS: return at::softplus(a);
    case CT_LOG_SIGMOID: return at::log_sigmoid(a);
    case CT_SIN: return at::sin(a);
    case CT_COS: return at::cos(a);
    case CT_SIGN: return at::sign(a);
    case CT_NOT: return at::logical_not(a);
    case CT_IS_FINITE: return at::isfinite(a);
    case CT_RELU6: return at::hardtanh(a, 0, 6);
    case CT_HARD_SWISH: return at::hardswish(a);
  }
  TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
}

at::Tensor binary(ct_binary_op op, const at::Tensor &a, const at::Tensor &b) {
  switch (op) {
    case CT_ADD: return at::add(a, b);
    case CT_SUB: return at::sub(a, b);
    case CT_MUL: return at::mul(a, b);
    case CT_DIV: return at::div(a, b);
    case CT_POW: return at::pow(a, b);
    case CT_MATMUL: return ct::matmul(a, b);
    case CT_MAXIMUM: return at::maximum(a, b);
    case CT_MINIMUM: return at::minimum(a, b);
    case CT_EQ: return at::eq(a, b);
    case CT_NE: return at::ne(a, b);
    case CT_GT: return at::gt(a, b);
    case CT_LT: return at::lt(a, b);
    case CT_GE: return at::ge(a, b);
    case CT_LE: return at::le(a, b);
    case CT_AND: return at::logical_and(a, b);
    case CT_OR: return at::logical_or(a, b);
  }
  TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
}

// A whole number beside an integer tensor stays an integer, as in Python.
at::Scalar scalar(double value, const at::Tensor &beside) {
  auto whole = static_cast<int64_t>(value);
  bool integral = at::isIntegralType(beside.scalar_type(), /*includeBool=*/false);
  return integral && static_cast<double>(whole) == value ? at::Scalar(whole) : at::Scalar(value);
}

// The scalar as a 0-dimensional tensor: it takes part in promotion as a number, so it never changes a float type.
at::Tensor scalar_tensor(at::Scalar value, const at::Tensor &beside) {
  auto type = value.isIntegral(false) ? at::kLong : at::kDouble;
  return at::scalar_tensor(value, at::TensorOptions(type));
}

at::Tensor binary_scalar(ct_binary_op op, const at::Tensor &a, at::Scalar s, bool first) {
  switch (op) {
    case CT_ADD: return at::add(a, s);
    case CT_SUB: return first ? at::rsub(a, s) : at::sub(a, s);
    case CT_MUL: return at::mul(a, s);
    case CT_DIV: return first ? at::mul(at::reciprocal(a), s) : at::div(a, s);
    case CT_POW: return first ? at::pow(s, a) : at::pow(a, s);
    case CT_MAXIMUM: return at::clamp_min(a, s);
    case CT_MINIMUM: return at::clamp_max(a, s);
    default: break;
  }
  auto b = scalar_tensor(s, a);
  return first ? binary(op, b, a) : binary(op, a, b);
}

at::Tensor reduce(ct_reduce_op op, const at::Tensor &a, std::vector<int64_t> dims, bool keep) {
  if (op == CT_ARGMAX || op == CT_ARGMIN || op == CT_ANY || op == CT_ALL || op == CT_PROD) {
    TORCH_CHECK(dims.size() <= 1, "this reduction takes one dimension");
    bool whole = dims.empty();
    switch (op) {
      case CT_ARGMAX: return whole ? at::argmax(a) : at::argmax(a, dims[0], keep);
      case CT_ARGMIN: return whole ? at::argmin(a) : at::argmin(a, dims[0], keep);
      case CT_ANY: return whole ? at::any(a) : at::any(a, dims[0], keep);
      case CT_ALL: return whole ? at::all(a) : at::all(a, dims[0], keep);
      default: return whole ? at::prod(a) : at::prod(a, dims[0], keep);
    }
  }
  if (dims.empty())
    for (int64_t i = 0; i < a.dim(); i++) dims.push_back(i);
  switch (op) {
    case CT_SUM: return at::sum(a, dims, keep);
    case CT_MEAN: return at::mean(a, dims, keep);
    case CT_AMAX: return at::amax(a, dims, keep);
    case CT_AMIN: return at::amin(a, dims, keep);
    case CT_LOG_SUM_EXP: return at::logsumexp(a, dims, keep);
    case CT_NORM2: return at::norm(a, 2, dims, keep);
    default: TORCH_CHECK(false, "unknown reduction ", static_cast<int>(op));
  }
}

}  // namespace

int ct_unary(ct_unary_op op, ct_tensor a, ct_tensor *out) { CT_RETURN(unary(op, a->value)) }

int ct_binary(ct_binary_op op, ct_tensor a, ct_tensor b, ct_tensor *out) { CT_RETURN(binary(op, a->value, b->value)) }

int ct_binary_scalar(ct_binary_op op, ct_tensor a, double s, bool first, ct_tensor *out) {
  CT_RETURN(binary_scalar(op, a->value, scalar(s, a->value), first))
}

int ct_clamp(ct_tensor a, const double *low, const double *high, ct_tensor *out) {
  CT_GUARD({
    auto x = a->value;
    if (low) x = at::clamp_min(x, scalar(*low, x));
    if (high) x = at::clamp_max(x, scalar(*high, x));
    *out = ct::wrap(x);
  })
}

int ct_reduce(ct_reduce_op op, ct_tensor a, const int64_t *dims, int64_t count, bool keep, ct_tensor *out) {
  CT_RETURN(reduce(op, a->value, std::vector<int64_t>(dims, dims + count), keep))
}

int ct_extreme(ct_tensor a, int64_t dim, bool keep, bool largest, ct_tensor *values, ct_tensor *indices) {
  CT_GUARD({
    auto result = largest ? at::max(a->value, dim, keep) : at::min(a->value, dim, keep);
    *values = ct::wrap(std::get<0>(result));
    *indices = ct::wrap(std::get<1>(result));
  })
}

int ct_topk(ct_tensor a, int64_t k, int64_t dim, bool largest, ct_tensor *values, ct_tensor *indices) {
  CT_GUARD({
    auto result = at::topk(a->value, k, dim, largest, true);
    *values = ct::wrap(std::get<0>(result));
    *indices = ct::wrap(std::get<1>(result));
  })
}

int ct_softmax(ct_tensor a, int64_t dim, bool logarithm, ct_tensor *out) {
  CT_RETURN(logarithm ? at::log_softmax(a->value, dim) : at::softmax(a->value, dim))
}

int ct_cumsum(ct_tensor a, int64_t dim, ct_tensor *out) { CT_RETURN(at::cumsum(a->value, dim)) }

int ct_where(ct_tensor condition, ct_tensor a, ct_tensor b, ct_tensor *out) {
  CT_RETURN(at::where(condition->value, a->value, b->value))
}

int ct_masked_fill(ct_tensor a, ct_tensor mask, double value, ct_tensor *out) {
  CT_RETURN(at::masked_fill(a->value, mask->value, scalar(value, a->value)))
}

int ct_reshape(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out) {
  CT_RETURN(a->value.reshape(ct::ints(shape, rank)))
}

int ct_expand(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out) {
  CT_RETURN(a->value.expand(ct::ints(shape, rank)))
}

int ct_permute(ct_tensor a, const int64_t *order, int64_t rank, ct_tensor *out) {
  CT_RETURN(a->value.permute(ct::ints(order, rank)))
}

int ct_transpose(ct_tensor a, int64_t first, int64_t second, ct_tensor *out) {
  CT_RETURN(a->value.transpose(first, second))
}

int ct_squeeze(ct_tensor a, int64_t dim, ct_tensor *out) { CT_RETURN(a->value.squeeze(dim)) }
int ct_unsqueeze(ct_tensor a, int64_t dim, ct_tensor *out) { CT_RETURN(a->value.unsqueeze(dim)) }

int ct_flatten(ct_tensor a, int64_t from, int64_t to, ct_tensor *out) { CT_RETURN(a->value.flatten(from, to)) }

int ct_narrow(ct_tensor a, int64_t dim, int64_t start, int64_t length, ct_tensor *out) {
  CT_RETURN(a->value.narrow(dim, start, length))
}

int ct_select(ct_tensor a, int64_t dim, int64_t index, ct_tensor *out) { CT_RETURN(a->value.select(dim, index)) }

int ct_index_select(ct_tensor a, int64_t dim, ct_tensor index, ct_tensor *out) {
  CT_RETURN(at::index_select(a->value, dim, index->value))
}

int ct_gather(ct_tensor a, int64_t dim, ct_tensor index, ct_tensor *out) {
  CT_RETURN(at::gather(a->value, dim, index->value))
}

int ct_cat(const ct_tensor *tensors, int64_t count, int64_t dim, ct_tensor *out) {
  CT_RETURN(at::cat(ct::list(tensors, count), dim))
}

int ct_stack(const ct_tensor *tensors, int64_t count, int64_t dim, ct_tensor *out) {
  CT_RETURN(at::stack(ct::list(tensors, count), dim))
}

int ct_pad(ct_tensor a, const int64_t *padding, int64_t count, double value, ct_tensor *out) {
  CT_RETURN(at::constant_pad_nd(a->value, ct::ints(padding, count), value))
}

int ct_tril_mask(int64_t n, ct_tensor *out) { CT_RETURN(at::ones({n, n}, at::TensorOptions(at::kBool)).tril()) }
