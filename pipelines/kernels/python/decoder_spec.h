/* A decoder that Python describes (`Decoder.spec` in pipelines/entities/compiled/components.py). */
#ifndef SPANWISE_DECODER_SPEC_H
#define SPANWISE_DECODER_SPEC_H

#include "python/limited_api.h"
#include "spans/decoder.h"
#include "status.h"

/* Read a decoder over vectors of `width` values:
     linear      a layer of one piece from `width` to I values
     lower       [features, hidden, pieces, I]
     bias        [hidden, pieces]
     missing     [features, hidden, pieces]
     upper       None, or [actions, hidden]; without it, actions = hidden
     upper_bias  None, or [actions]
     moves, in_of, last_of, labels   bytes of int32, [actions]: `Move`, then indexes of actions (-1: none), then labels
   What was allocated before a failure is freed by `decoder_free`. */
CHECKED Status read_decoder(Decoder *decoder, PyObject *spec, size_t width, const Instructions *instructions);

#endif
