/* Arrays borrowed, checked and copied; see arrays.h. */
#include "python/arrays.h"

#include <stdlib.h>
#include <string.h>

#include "matrix/matrix.h"
#include "python/exceptions.h"

/* The largest dimension of an array: keeps products of padded sizes far below what a size_t holds. */
static const Py_ssize_t LARGEST_DIMENSION = 1 << 28;

Status floats_borrow(Floats *floats, PyObject *object, int dimensions, const char *name)
{
    Py_buffer *view = &floats->view;
    if (!PyObject_CheckBuffer(object))
        return bad_value("%s must be an array, not %R", name, (PyObject *)Py_TYPE(object));
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return PYTHON_ERROR;
    if (view->ndim != dimensions || view->itemsize != 4 || !view->format || strcmp(view->format, "f") ||
        (uintptr_t)view->buf % sizeof(float))
        return bad_value("%s must be an aligned array of float32 with %d dimensions", name, dimensions);
    for (int i = 0; i < dimensions; i++) {
        if (view->shape[i] < 1 || view->shape[i] > LARGEST_DIMENSION)
            return bad_value("%s has a dimension of %zd, which is not from 1 to %zd", name, view->shape[i],
                             LARGEST_DIMENSION);
        floats->shape[i] = (size_t)view->shape[i];
    }
    floats->data = view->buf;
    return OK;
}

void floats_release(Floats *floats)
{
    if (floats->view.obj) PyBuffer_Release(&floats->view);
}

Status floats_check(const Floats *floats, const char *name, const size_t *shape)
{
    for (int i = 0; i < floats->view.ndim; i++)
        if (floats->shape[i] != shape[i])
            return bad_value("dimension %d of %s must be %zu, not %zu", i, name, shape[i], floats->shape[i]);
    return OK;
}

static Status copy_padded(float **copy, const Floats *floats, size_t rows, size_t width)
{
    *copy = calloc(rows * padded(width), sizeof(float));
    if (!*copy) return NO_MEMORY;
    for (size_t r = 0; r < rows; r++)
        memcpy(*copy + r * padded(width), floats->data + r * width, width * sizeof(float));
    return OK;
}

Status copy_rows(float **copy, PyObject *object, size_t rows, size_t width, const char *name)
{
    Floats floats = {0};
    Status status = floats_borrow(&floats, object, 2, name);
    if (status == OK) status = floats_check(&floats, name, (size_t[]){rows, width});
    if (status == OK) status = copy_padded(copy, &floats, rows, width);
    floats_release(&floats);
    return status;
}

Status copy_vector(float **copy, PyObject *object, size_t width, const char *name)
{
    Floats floats = {0};
    Status status = floats_borrow(&floats, object, 1, name);
    if (status == OK) status = floats_check(&floats, name, &width);
    if (status == OK) status = copy_padded(copy, &floats, 1, width);
    floats_release(&floats);
    return status;
}

Status copy_values(float *values, PyObject *object, size_t count, const char *name)
{
    Floats floats = {0};
    Status status = floats_borrow(&floats, object, 1, name);
    if (status == OK) status = floats_check(&floats, name, &count);
    if (status == OK) memcpy(values, floats.data, count * sizeof(float));
    floats_release(&floats);
    return status;
}

Status copy_integers(int32_t **copy, PyObject *object, size_t count, const char *name)
{
    if (!PyBytes_Check(object)) return bad_value("%s must be bytes, not %R", name, (PyObject *)Py_TYPE(object));
    const Py_ssize_t size = PyBytes_Size(object);
    if ((size_t)size != count * sizeof(int32_t))
        return bad_value("%s must be %zu integers of 32 bits, not %zd bytes", name, count, size);
    *copy = malloc((size_t)size + 1);
    if (!*copy) return NO_MEMORY;
    memcpy(*copy, PyBytes_AsString(object), (size_t)size);
    return OK;
}
