#include "csentencepiece.h"

#include <sentencepiece_processor.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>
#include <vector>

struct csp_model {
  sentencepiece::SentencePieceProcessor processor;
};

namespace {

int fail(const char *text, char *message, size_t size) {
  if (message && size > 0) std::snprintf(message, size, "%s", text);
  return 1;
}

// Runs `body` so that nothing is thrown past the C interface.
template <typename Body>
int guarded(char *message, size_t size, Body body) {
  try {
    return body();
  } catch (const std::exception &error) {
    return fail(error.what(), message, size);
  } catch (...) {
    return fail("unknown error", message, size);
  }
}

}  // namespace

extern "C" int csp_parse(const void *bytes, size_t size, csp_model **out, char *message, size_t message_size) {
  *out = nullptr;
  return guarded(message, message_size, [&] {
    auto model = std::make_unique<csp_model>();
    const std::string_view serialized(static_cast<const char *>(bytes), size);
    const auto status = model->processor.LoadFromSerializedProto({serialized.data(), serialized.size()});
    if (!status.ok()) return fail(status.ToString().c_str(), message, message_size);
    *out = model.release();
    return 0;
  });
}

extern "C" void csp_free(csp_model *model) { delete model; }

extern "C" int csp_piece_count(const csp_model *model) { return model->processor.GetPieceSize(); }

extern "C" int csp_piece_id(const csp_model *model, const char *piece) {
  int result = -1;
  guarded(nullptr, 0, [&] {
    const int id = model->processor.PieceToId(piece);
    // Unknown pieces get the id of the unknown piece.
    if (id >= 0 && id < model->processor.GetPieceSize() && model->processor.IdToPiece(id) == piece) result = id;
    return 0;
  });
  return result;
}

extern "C" int csp_unknown_id(const csp_model *model) { return model->processor.unk_id(); }
extern "C" int csp_padding_id(const csp_model *model) { return model->processor.pad_id(); }

extern "C" int csp_encode(const csp_model *model, const char *text, size_t size, int **ids, size_t *count,
                          char *message, size_t message_size) {
  *ids = nullptr;
  *count = 0;
  return guarded(message, message_size, [&] {
    std::vector<int> pieces;
    const auto status = model->processor.Encode({text, size}, &pieces);
    if (!status.ok()) return fail(status.ToString().c_str(), message, message_size);
    if (pieces.empty()) return 0;
    *ids = static_cast<int *>(std::malloc(pieces.size() * sizeof(int)));
    if (!*ids) return fail("out of memory", message, message_size);
    std::memcpy(*ids, pieces.data(), pieces.size() * sizeof(int));
    *count = pieces.size();
    return 0;
  });
}

extern "C" void csp_ids_free(int *ids) { std::free(ids); }
