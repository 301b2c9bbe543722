/* Exceptions set; see exceptions.h. */
#include "python/exceptions.h"

#include <stdarg.h>

PyObject *raise_status(Status status) { return status == NO_MEMORY ? PyErr_NoMemory() : NULL; }

Status bad_value(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PyErr_FormatV(PyExc_ValueError, format, arguments);
    va_end(arguments);
    return PYTHON_ERROR;
}
