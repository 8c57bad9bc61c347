// SentencePiece models behind a C interface.
//
// Functions that can fail return 0 on success and otherwise leave one line of text in `message`.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csp_model csp_model;

// Parses a serialised model (the bytes of a .model file). The caller releases it with csp_free.
int csp_parse(const void *bytes, size_t size, csp_model **out, char *message, size_t message_size);
void csp_free(csp_model *model);

int csp_piece_count(const csp_model *model);
// The id of exactly this piece, or -1.
int csp_piece_id(const csp_model *model, const char *piece);
// Ids the model itself declares, or -1.
int csp_unknown_id(const csp_model *model);
int csp_padding_id(const csp_model *model);

// Ids of the most probable segmentation of UTF-8 text, without special pieces. Release with csp_ids_free.
// A model may be used from several threads at once.
int csp_encode(const csp_model *model, const char *text, size_t size, int **ids, size_t *count, char *message,
               size_t message_size);
void csp_ids_free(int *ids);

#ifdef __cplusplus
}
#endif
