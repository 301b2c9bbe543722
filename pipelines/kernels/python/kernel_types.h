/* The Python types of the module. */
#ifndef SPANWISE_KERNEL_TYPES_H
#define SPANWISE_KERNEL_TYPES_H

#include "python/limited_api.h"

extern PyType_Spec span_kernels_type;      /* span_kernels.c */
extern PyType_Spec sentiment_kernels_type; /* sentiment_kernels.c */
extern PyType_Spec parser_kernels_type;    /* parser_kernels.c */

/* Free the memory of an object whose members are freed. Every `Py_tp_dealloc` ends so. */
static inline void free_object(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

#endif
