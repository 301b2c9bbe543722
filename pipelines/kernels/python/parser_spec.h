/* A parser that Python describes (`ParserModel.spec` in pipelines/entities/compiled/parser.py).

Everything that the kernels index by is checked: a specification that does not fit ends in a ValueError that says what
is wrong. */
#ifndef SPANWISE_PARSER_SPEC_H
#define SPANWISE_PARSER_SPEC_H

#include "parser/parser_model.h"
#include "python/limited_api.h"
#include "status.h"

/* Read the arguments of `ParserKernels(...)`:
     linear        a layer of one piece from a token's vector to I values
     lower         [places, hidden, pieces, I]
     bias          [hidden, pieces]
     missing       [places, hidden, pieces]
     upper         None, or a layer of one piece from `hidden` values to the scores of actions; without it, the hidden
                   values are the scores
     moves         bytes of int32, [actions], each a `ParserMove`
     labels        bytes of int32, [actions]: the label of arcs, of other actions -1
     decorations   bytes of int32, [labels][2]: a `Decoration` of each label
     root          the label of a token without a head
     instructions  None, or the name of an instruction set
   What was allocated before a failure is freed by `parser_model_free`. */
CHECKED Status read_parser_model(ParserModel *model, const Instructions **instructions, PyObject *args,
                                 PyObject *kwargs);

#endif
