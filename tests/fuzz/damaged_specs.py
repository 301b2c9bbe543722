"""Feed the kernels with damaged specifications of models: `python -m tests.fuzz.damaged_specs COUNT [SEED]`.

Each is a valid specification in which one to three parts were replaced: numbers, bytes, arrays, whole tuples. The
kernels must refuse it, by a ValueError or, for an argument of another type or size, by what Python's own functions
raise; or they must serve: spans within their text, whatever the weights. Nothing else may happen: no other exception,
and no crash, which the exit status shows.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from spanwise.pipelines.kernels import SentimentKernels, SpanKernels
from tests.support.kernel_specs import Keys, Spec, at, replaced, sentiment_spec, small_engine, span_spec

_TEXTS = ("Maria Silva saw the new office of Acme in Rio on 3 May 2021 , did n't she ?", "", "🎉 x" * 40)
_REFUSALS = (ValueError, TypeError, OverflowError, MemoryError)
_NUMBERS = (-(1 << 63), -(1 << 31), -2, -1, 0, 1, 2, 3, 5, 255, 65_536, (1 << 31) - 1, 1 << 31, 1 << 40, (1 << 63) - 1)
_OTHERS: tuple[Any, ...] = (
    None, True, -1, 1.5, "x", b"", b"\0" * 8, (), [], {}, np.zeros(0, np.float32), np.zeros((2, 2, 2), np.float32)
)  # fmt: skip


def paths_of(spec: Any, path: Keys = ()) -> Iterator[Keys]:
    """Yield the path of every part of a specification."""
    if path:
        yield path
    parts = spec.items() if isinstance(spec, dict) else enumerate(spec) if isinstance(spec, tuple) else ()
    for key, part in parts:
        yield from paths_of(part, (*path, key))


def damaged_bytes(data: bytes, chance: Random) -> bytes:
    """Return bytes with a bit, an integer or the length changed."""
    changed = bytearray(data)
    match chance.randrange(4):
        case 0 if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case 1 if len(changed) >= 4:
            place = chance.randrange(len(changed) // 4) * 4
            changed[place : place + 4] = (chance.choice(_NUMBERS) & 0xFFFFFFFF).to_bytes(4, "little")
        case 2:
            del changed[chance.randrange(len(changed) + 1) :]
        case _:
            changed += bytes(chance.randrange(9))
    return bytes(changed)


def damaged_array(array: Any, chance: Random) -> Any:
    """Return an array of other values, another shape, type or layout."""
    return chance.choice(_ARRAY_DAMAGES)(array, chance)


def _cut(array: Any, chance: Random) -> Any:
    axis = chance.randrange(array.ndim)
    return np.ascontiguousarray(np.delete(array, slice(chance.randrange(array.shape[axis] + 1), None), axis))


def _with_extremes(array: Any, chance: Random) -> Any:
    changed = array.copy()
    extremes: list[Any] = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45]
    if array.dtype.kind != "f":
        extremes = [np.iinfo(array.dtype).max, np.iinfo(array.dtype).min]
    flat = changed.reshape(-1)
    for _ in range(chance.choice([1, 10, flat.size]) if flat.size else 0):
        flat[chance.randrange(flat.size)] = chance.choice(extremes)
    return changed


_ARRAY_DAMAGES: tuple[Callable[[Any, Random], Any], ...] = (
    _cut,
    _with_extremes,
    lambda array, chance: array.astype(chance.choice([np.float64, np.int32, np.int8, np.float16])),
    lambda array, chance: array[tuple(slice(None, None, chance.choice([1, 2, -1])) for _ in array.shape)],
    lambda array, chance: np.repeat(array, 2, axis=chance.randrange(array.ndim)),
    lambda array, _: np.ascontiguousarray(array.T),
    lambda array, _: array.reshape(-1),
)


def damaged(value: Any, chance: Random) -> Any:
    """Return a part of a specification in another form."""
    if chance.random() < 0.1:
        return chance.choice(_OTHERS)
    if isinstance(value, bytes):
        return damaged_bytes(value, chance)
    if isinstance(value, np.ndarray):
        return damaged_array(value, chance)
    if isinstance(value, int):
        return chance.choice(_NUMBERS)
    if isinstance(value, tuple) and value:
        i = chance.randrange(len(value))
        return chance.choice([value[:i], value[:i] + value[i + 1 :], (*value, value[i]), value[::-1], list(value)])
    return chance.choice(_OTHERS)


def damaged_spec(spec: Spec, paths: list[Keys], chance: Random) -> tuple[Spec, list[Keys]]:
    """Return a copy with up to three parts damaged, and which they are."""
    changed: Spec = spec
    chosen = chance.sample(paths, chance.choice([1, 1, 2, 3]))
    for path in chosen:
        try:
            changed = replaced(changed, path, damaged(at(changed, path), chance))
        except (KeyError, IndexError, TypeError):  # an earlier damage has taken that part away
            continue
    return changed, chosen


def span_check() -> tuple[Spec, Callable[[Spec], None]]:
    """Return a valid specification of the span kernels, and what is done with a damaged one."""
    engine = small_engine()

    def check(spec: Spec) -> None:
        found = SpanKernels(**spec).annotate(_TEXTS, b"\3" * len(_TEXTS), engine._lexemes)
        for text, (entities, *_) in zip(_TEXTS, found, strict=True):
            for span in entities:
                assert 0 <= span[0] < span[1] <= len(text), "an entity outside of its text"

    return span_spec(), check


def sentiment_check(folder: Path) -> tuple[Spec, Callable[[Spec], None]]:
    """Return a valid specification of the sentiment kernels, and what is done with a damaged one."""
    counts = np.array([1] * len(_TEXTS), np.uint32)
    spans = np.array([position for text in _TEXTS for position in (0, len(text))], np.uint32)

    def check(spec: Spec) -> None:
        assert len(SentimentKernels(**spec).score(_TEXTS, counts, spans)) == len(_TEXTS)

    return sentiment_spec(folder), check


def main() -> None:
    """Damage, feed, and say how many were refused."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if SpanKernels is None:
        raise SystemExit("the kernels were not built")
    chance, refused = Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        checks = [(*made, list(paths_of(made[0]))) for made in (span_check(), sentiment_check(Path(folder)))]
    for spec, check, _ in checks:
        check(spec)  # the undamaged one serves
    for number in range(count):
        spec, check, paths = checks[number % len(checks)]
        changed, chosen = damaged_spec(spec, paths, chance)
        try:
            check(changed)
        except _REFUSALS:
            refused += 1
        except Exception as error:
            raise SystemExit(f"number {number}, damaged at {chosen}: {type(error).__name__}: {error}") from error
    print(f"{refused:,} of {count:,} were refused")


if __name__ == "__main__":
    main()
