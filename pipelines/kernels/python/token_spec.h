/* Token networks that Python describes, checked and packed. */
#ifndef SPANWISE_TOKEN_SPEC_H
#define SPANWISE_TOKEN_SPEC_H

#include "python/limited_api.h"
#include "spans/span_model.h"
#include "status.h"

/* Read None, or ((token network, ...), which of them gives its vectors to callers), where a token network is
     (network, ((classes layer, how many are chosen for a token), ...))
   and there may be none, for tokens alone.
   What was allocated before a failure is freed by `span_model_free`. */
CHECKED Status read_token_networks(SpanModel *model, PyObject *spec, const Instructions *instructions);

#endif
