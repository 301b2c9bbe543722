/* Rulers as Python hands them over, checked and copied.

   None, or ((symbols, ...), (bits, ...), (ruler, ...))
   symbols    (column, values): which attribute of a token, and the values that have a symbol (uint64, ascending)
   bits       which attribute of a token holds 64 answers
   ruler      (phrases, patterns), each may be None
   phrases    (column, symbols, lengths, matches): which symbols, those of all phrases one after the other, how many
              each has, the number that its matches get (uint32)
   patterns   (tests, tokens, firsts, always, starts): the rows of `TokenTest` and the first four columns of
              `PatternToken` (uint32); the number of each pattern's first token; the patterns that no symbol begins;
              for each symbols None, or (starts, items) as in `Starts` */
#ifndef SPANWISE_RULER_SPEC_H
#define SPANWISE_RULER_SPEC_H

#include "python/limited_api.h"
#include "spans/ruler.h"
#include "status.h"

/* `columns`: attributes of a token. */
CHECKED Status read_rulers(Rulers *rulers, PyObject *spec, size_t columns);

#endif
