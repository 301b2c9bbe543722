/* The program of a pattern, checked before it is ever run. */
#ifndef SPANWISE_PROGRAM_CHECK_H
#define SPANWISE_PROGRAM_CHECK_H

#include "python/limited_api.h"
#include "status.h"
#include "tokenizer/pattern.h"

/* Fail where an instruction or an alternative names something that is not there, or where a program might not end.
   `is_suffix`: an alternative without a bound must name the class of its first code point. */
CHECKED Status check_program(const Pattern *pattern, uint32_t class_count, int is_suffix);

#endif
