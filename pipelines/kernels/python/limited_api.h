/* Python's stable interface of version 3.11 (abi3), the only one that is used: one build serves every later Python. */
#ifndef SPANWISE_LIMITED_API_H
#define SPANWISE_LIMITED_API_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#endif
