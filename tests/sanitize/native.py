"""The functions of `allocations.c`, which exist in the sanitized copy of the kernels alone."""

import ctypes
from collections.abc import Callable
from typing import Any

from spanwise.pipelines.kernels import _kernels
from tests.sanitize.build import PACKAGES

DOMAINS = BLOCKS, GROWTHS, PYTHON = range(3)
"""What is failed: the kernels' `malloc` and `calloc`, their `realloc`, and all that Python allocates for them."""

PLANTED = {"an overrun": 1, "undefined behaviour": 2, "a leak": 3}
"""Bugs that `plant` makes."""

path: str = _kernels.__file__ or ""
if not path.startswith(str(PACKAGES)):
    raise SystemExit(f"sanitize: {path} was loaded in the place of the sanitized kernels")
_library: Any = ctypes.PyDLL(path)
_library.sanitize_hook_python.restype = None
_library.sanitize_call.restype = ctypes.py_object
_library.sanitize_call.argtypes = (ctypes.py_object, ctypes.c_int, ctypes.c_long)
_library.sanitize_native_live.restype = ctypes.c_long
_library.sanitize_python_growth.restype = ctypes.c_long
_library.sanitize_mark_python.restype = None
_library.sanitize_plant.restype = None

hook_python: Callable[[], None] = _library.sanitize_hook_python
call: Callable[[Callable[[], object], int, int], object] = _library.sanitize_call
fired: Callable[[], int] = _library.sanitize_fired
native_live: Callable[[], int] = _library.sanitize_native_live
mark_python: Callable[[], None] = _library.sanitize_mark_python
python_growth: Callable[[], int] = _library.sanitize_python_growth
plant: Callable[[int], None] = _library.sanitize_plant
