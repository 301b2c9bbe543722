"""What pyproject.toml cannot say: the compiled kernels, and the packages below the three rooms.

The kernels are optional: where there is no C compiler, the project installs without them, and spaCy's own engine
serves. The rooms `service`, `pipelines` and `schemas` are installed as `spanwise.service` and so on (`package-dir` in
pyproject.toml), so that a wheel owns one name at the top of site-packages.
"""

import tomllib
from pathlib import Path

from setuptools import Extension, find_packages, setup

_PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
ROOMS = [folder for name, folder in _PROJECT["tool"]["setuptools"]["package-dir"].items() if name != "spanwise"]
_KERNELS = Path("pipelines/kernels")

setup(
    packages=[
        "spanwise",
        *(
            f"spanwise.{package}"
            for package in find_packages(include=[pattern for r in ROOMS for pattern in (r, f"{r}.*")])
        ),
    ],
    ext_modules=[
        Extension(
            "spanwise.pipelines.kernels._kernels",
            sources=sorted(map(str, _KERNELS.rglob("*.c"))),
            depends=sorted(map(str, _KERNELS.rglob("*.h"))),
            include_dirs=[str(_KERNELS)],
            extra_compile_args=["-O3", "-std=gnu11", "-Wall", "-Wextra"],
            libraries=["m"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
