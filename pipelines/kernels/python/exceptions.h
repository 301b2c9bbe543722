/* From a status to a Python exception. */
#ifndef SPANWISE_EXCEPTIONS_H
#define SPANWISE_EXCEPTIONS_H

#include "python/limited_api.h"
#include "status.h"

/* Set the exception of a status that is not OK, where none is set yet. Returns NULL, for a method to return. The only
   place where a status becomes an exception. */
PyObject *raise_status(Status status);

/* Set a ValueError with a message that is formatted as by `PyErr_Format`. Returns PYTHON_ERROR. */
CHECKED Status bad_value(const char *format, ...);

#endif
