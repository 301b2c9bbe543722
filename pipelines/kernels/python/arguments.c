/* Tuples taken apart, and texts borrowed; see arguments.h. */
#include "python/arguments.h"

#include <stdarg.h>
#include <stdint.h>

#include "python/exceptions.h"

Status parse_tuple(PyObject *tuple, const char *name, const char *format, ...)
{
    if (!PyTuple_Check(tuple)) return bad_value("%s must be a tuple, not %R", name, (PyObject *)Py_TYPE(tuple));
    va_list targets;
    va_start(targets, format);
    const int is_parsed = PyArg_VaParse(tuple, format, targets);
    va_end(targets);
    if (is_parsed) return OK;
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) return PYTHON_ERROR;
    PyErr_Clear();
    return bad_value("%s has another number of items, or items of other types, than the kernels read", name);
}

Status borrow_utf8(PyObject *string, const char **utf8, size_t *size)
{
    Py_ssize_t bytes;
    *utf8 = PyUnicode_AsUTF8AndSize(string, &bytes);
    if (!*utf8) return PYTHON_ERROR;
    *size = (size_t)bytes;
    return *size <= UINT32_MAX ? OK : bad_value("a text must have less than 4 GiB");
}
