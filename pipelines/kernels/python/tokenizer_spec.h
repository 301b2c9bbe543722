/* A tokenizer that Python describes: pipelines/entities/compiled/tokenizer_program.py writes what is read here.

Everything that the kernels index by is checked, and so is that every program ends: jumps lead to instructions, and
loops consume something. */
#ifndef SPANWISE_TOKENIZER_SPEC_H
#define SPANWISE_TOKENIZER_SPEC_H

#include "python/limited_api.h"
#include "status.h"
#include "tokenizer/tokenizer.h"

/* Read (classes, patterns, exceptions, words, phrases, letters_are_whole):
     classes     (bytes of uint32 [ranges][2], ...), ascending
     patterns    a pattern or None for each `Rule`: (program, bytes of int32; alternatives, bytes of int32 [n][4])
     exceptions  ((string, ...), starts, bytes of uint32 [n + 1]; tokens, bytes of uint32 [tokens][2]: length, norm)
     words       (string, ...), of phrases
     phrases     (words, bytes of uint32; starts, bytes of uint32 [n + 1]), by their first words
   `norm_count` is how many norms there are. What was allocated before a failure is freed by `tokenizer_free`. */
CHECKED Status read_tokenizer(Tokenizer *tokenizer, PyObject *spec, size_t norm_count);

#endif
