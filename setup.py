"""The compiled kernels. Everything else about the project stands in pyproject.toml.

They are optional: where there is no C compiler, the project installs without them, and spaCy's own engine serves.
"""

from pathlib import Path

from setuptools import Extension, setup

_KERNELS = Path("pipelines/kernels")

setup(
    ext_modules=[
        Extension(
            "pipelines.kernels._kernels",
            sources=sorted(map(str, _KERNELS.glob("*.c"))),
            depends=sorted(map(str, _KERNELS.glob("*.h"))),
            extra_compile_args=["-O3", "-std=gnu11", "-Wall", "-Wextra"],
            libraries=["m"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
