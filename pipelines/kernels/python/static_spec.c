/* Static vectors read; see static_spec.h. */
#include "python/static_spec.h"

#include <string.h>

#include "python/arguments.h"
#include "python/exceptions.h"

enum { MOST_VALUES = 1 << 16, LONGEST_STATIC_NGRAM = 1 << 8 };

/* Borrow a dense array of one dimension whose items have `size` bytes and one of the formats. */
static Status borrow_integers(Py_buffer *view, PyObject *object, Py_ssize_t size, const char *formats, const char *name)
{
    if (!PyObject_CheckBuffer(object))
        return bad_value("%s must be an array, not %R", name, (PyObject *)Py_TYPE(object));
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return PYTHON_ERROR;
    if (view->ndim != 1 || view->itemsize != size || !view->format || strlen(view->format) != 1 ||
        !strchr(formats, *view->format) || (uintptr_t)view->buf % (size_t)size)
        return bad_value("%s must be an aligned array of unsigned integers of %zd bytes", name, size);
    return OK;
}

static Status read_keys(StaticVectors *statics, StaticBuffers *buffers, PyObject *spec)
{
    PyObject *keys, *rows;
    Status status = parse_tuple(spec, "the keys of static vectors", "OO", &keys, &rows);
    if (status == OK) status = borrow_integers(&buffers->keys, keys, 8, "LQ", "the keys of static vectors");
    if (status == OK) status = borrow_integers(&buffers->key_rows, rows, 4, "IL", "the rows of static vectors");
    if (status != OK) return status;
    statics->keys = buffers->keys.buf;
    statics->key_rows = buffers->key_rows.buf;
    statics->key_count = (size_t)buffers->keys.len / sizeof(*statics->keys);
    if ((size_t)buffers->key_rows.len != statics->key_count * sizeof(*statics->key_rows))
        return bad_value("static vectors must have as many rows of keys as keys, %zu", statics->key_count);
    for (size_t k = 0; k < statics->key_count; k++) {
        if (statics->key_rows[k] >= statics->rows)
            return bad_value("a static vector is row %u of %zu", (unsigned int)statics->key_rows[k], statics->rows);
        if (k && statics->keys[k - 1] >= statics->keys[k]) return bad_value("the keys of static vectors must ascend");
    }
    return OK;
}

static Status read_floret(StaticVectors *statics, StaticBuffers *buffers, PyObject *spec)
{
    Floret *floret = &statics->floret;
    PyObject *begin, *end;
    Status status =
        parse_tuple(spec, "how static vectors are hashed", "O!O!IIII", &PyUnicode_Type, &begin, &PyUnicode_Type, &end,
                    &floret->shortest, &floret->longest, &floret->hashes, &floret->seed);
    if (status == OK) status = borrow_utf8(begin, &floret->begin, &floret->begin_size);
    if (status == OK) status = borrow_utf8(end, &floret->end, &floret->end_size);
    if (status != OK) return status;
    if (floret->hashes < 1 || floret->hashes > MOST_HASHES || floret->longest > LONGEST_STATIC_NGRAM)
        return bad_value("static vectors have %u hashes of n-grams up to %u code points", floret->hashes,
                         floret->longest);
    Py_INCREF(spec);
    buffers->floret = spec;
    return OK;
}

Status read_statics(StaticVectors *statics, StaticBuffers *buffers, PyObject *spec, size_t columns)
{
    PyObject *data, *keys, *floret;
    Py_ssize_t column;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "static vectors", "OnOO", &data, &column, &keys, &floret);
    if (status == OK) status = floats_borrow(&buffers->data, data, 2, "static vectors");
    if (status != OK) return status;
    const Floats *table = &buffers->data;
    if (table->shape[1] > MOST_VALUES)
        return bad_value("static vectors have %zu values, more than %d", table->shape[1], MOST_VALUES);
    if (column < 0 || (size_t)column >= columns)
        return bad_value("static vectors are found by column %zd of %zu", column, columns);
    if ((keys == Py_None) == (floret == Py_None)) return bad_value("static vectors need either keys or hashes");
    statics->data = table->data;
    statics->rows = table->shape[0];
    statics->values = table->shape[1];
    statics->column = (size_t)column;
    return keys != Py_None ? read_keys(statics, buffers, keys) : read_floret(statics, buffers, floret);
}

void static_buffers_release(StaticBuffers *buffers)
{
    floats_release(&buffers->data);
    if (buffers->keys.obj) PyBuffer_Release(&buffers->keys);
    if (buffers->key_rows.obj) PyBuffer_Release(&buffers->key_rows);
    Py_CLEAR(buffers->floret);
}
