/* The Python type `Sentiment`. */
#ifndef SPANWISE_SENTIMENT_MODULE_H
#define SPANWISE_SENTIMENT_MODULE_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyType_Spec sentiment_type;

#endif
