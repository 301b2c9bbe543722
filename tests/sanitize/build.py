"""A second copy of the kernels, compiled with the sanitizers, and the environment in which Python finds it.

The installed copy is left alone. Sources and flags are those of `setup.py`. The copy's calls of `malloc`, `calloc`,
`realloc` and `free` are led (by the linker's `--wrap`) through `allocations.c`, which passes them on, counts them, and
fails one of them when it is told to: no source of the kernels is changed for it.
"""

import os
import runpy
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build" / "sanitize"
PACKAGES = BUILD / "packages"
COMPILER = "gcc"

_COMPILE = (
    "-O1", "-g", "-fPIC", "-fno-omit-frame-pointer",
    "-U_FORTIFY_SOURCE",  # its checks hide the sanitizers'
    "-fno-wrapv",  # Python is compiled with -fwrapv, by which an overflow is no error
    "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all",
)  # fmt: skip
_WRAPPED = ("malloc", "calloc", "realloc", "free")
_LINK = ("-shared", "-fsanitize=address,undefined", *(f"-Wl,--wrap={name}" for name in _WRAPPED))
_UNCOUNTED = {
    "aligned_alloc", "asprintf", "getdelim", "getline", "memalign", "mmap", "posix_memalign", "pvalloc", "reallocarray",
    "strdup", "strndup", "valloc", "vasprintf",
}  # fmt: skip
"""Functions that allocate and are not wrapped. A kernel that calls one is refused, since nothing would watch it."""


class CannotSanitize(Exception):
    """The machine lacks what a sanitized build needs. The message says what."""


def build() -> dict[str, str]:
    """Compile the copy and lay out its package. Return the environment for Python. Raises `CannotSanitize`."""
    libraries = list(_sanitizer_libraries())
    extension = _extension()
    shutil.rmtree(BUILD, ignore_errors=True)
    objects = BUILD / "objects"
    objects.mkdir(parents=True)
    sources = [*map(str, extension.sources), str(Path(__file__).with_name("allocations.c").relative_to(ROOT))]
    includes = [f"-I{folder}" for folder in (*extension.include_dirs, sysconfig.get_path("include"))]
    flags = [*extension.extra_compile_args, *_COMPILE, *includes]

    def compiled(source: str) -> str:
        target = str(objects / source.replace("/", "-").replace(".c", ".o"))
        _run([COMPILER, "-c", *flags, source, "-o", target])
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        files = list(pool.map(compiled, sources))
    library = _lay_out_package(extension.name.rpartition(".")[2])
    _run([COMPILER, *_LINK, *files, *(f"-l{name}" for name in extension.libraries), "-o", str(library)])
    _refuse_uncounted(library)
    return {
        **os.environ,
        "LD_PRELOAD": " ".join(libraries),
        # `python -m` must not put the checkout first: its folder `spanwise` would lead to the installed kernels.
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": f"{PACKAGES}{os.pathsep}{ROOT}",
        "PYTHONMALLOC": "malloc",  # so that every string has a block of its own, with guards around it
        "PYTHONDONTWRITEBYTECODE": "1",
        # detect_stack_use_after_return stays off: with it GCC 12 lays 64-byte vectors at unaligned addresses.
        # Python and its packages leak at exit, so a leak by itself sets no exit code: the caller looks for ours among
        # the reports. Every other error aborts.
        "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1:abort_on_error=1:exitcode=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:abort_on_error=1",
    }


def _sanitizer_libraries() -> Iterator[str]:
    """Yield what to load before Python: ASan first, and the C++ library, whose exceptions it watches."""
    if not shutil.which(COMPILER):
        raise CannotSanitize(f"there is no {COMPILER}")
    for name in ("libasan.so", "libubsan.so", "libstdc++.so"):
        found = subprocess.run([COMPILER, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
        path = Path(found.stdout.strip())
        if not path.is_absolute():  # the compiler answers a name that it does not know with the name itself
            raise CannotSanitize(f"{COMPILER} has no {name}")
        yield str(path.resolve())


def _extension() -> Any:
    """Return the kernels' `Extension` as `setup.py` describes it."""
    with mock.patch("setuptools.setup") as setup:
        runpy.run_path(str(ROOT / "setup.py"))
    (extension,) = setup.call_args.kwargs["ext_modules"]
    return extension


def _lay_out_package(module: str) -> Path:
    """Link every room into a package `spanwise`, the kernels' folder file by file. Return where the library goes."""
    kernels = PACKAGES / "spanwise" / "pipelines" / "kernels"
    kernels.mkdir(parents=True)
    (PACKAGES / "spanwise" / "__init__.py").symlink_to(ROOT / "spanwise" / "__init__.py")
    for room in ("service", "schemas"):
        (PACKAGES / "spanwise" / room).symlink_to(ROOT / room)
    for path in (ROOT / "pipelines").iterdir():
        if path.name != "kernels":
            (kernels.parent / path.name).symlink_to(path)
    for path in (ROOT / "pipelines" / "kernels").glob("*.py"):
        (kernels / path.name).symlink_to(path)
    return kernels / f"{module}.abi3.so"


def _refuse_uncounted(library: Path) -> None:
    """Fail where the kernels allocate in a way that `allocations.c` does not see."""
    symbols = subprocess.run(
        ["nm", "--dynamic", "--undefined-only", library], capture_output=True, text=True, check=True
    )
    called = {line.split()[-1].partition("@")[0] for line in symbols.stdout.splitlines()} & _UNCOUNTED
    if called:
        raise SystemExit(f"sanitize: the kernels call {', '.join(sorted(called))}, which allocations.c does not wrap")


def _run(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit("sanitize: the kernels did not compile with the sanitizers")
