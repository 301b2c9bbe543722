/* Tuples and texts that Python hands over. */
#ifndef SPANWISE_ARGUMENTS_H
#define SPANWISE_ARGUMENTS_H

#include <stddef.h>

#include "python/limited_api.h"
#include "status.h"

/* Take a tuple apart as `PyArg_ParseTuple` does. `name` is what an error message calls it. */
CHECKED Status parse_tuple(PyObject *tuple, const char *name, const char *format, ...);

/* Borrow the UTF-8 of a string, which keeps it alive. Fails for lone surrogates, and for 4 GiB and more, since
   positions have 32 bits. */
CHECKED Status borrow_utf8(PyObject *string, const char **utf8, size_t *size);

#endif
