"""What compression costs: `python -m benchmarks.codings`.

Printed are the import of the zstd library in a fresh interpreter, a step of 64 KiB of unpacking, and packing JSON of
several sizes, by our decoder and encoder and by a slower level beside them. CPU time of the best of several rounds.
"""

import gzip
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import orjson

from benchmarks.corpus import DATA, load_corpus
from spanwise.service.http.content_codings import STEP_BYTES, Coding, Decoder, Encoder, load

_SIZES = (1_024, 16_384, 65_536, 800_000)
_ROUNDS = 20
_IMPORT = "import time; s = time.perf_counter(); from backports import zstd; print((time.perf_counter() - s) * 1000)"
_CODINGS: tuple[Coding, ...] = ("gzip", "zstd")


def _microseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time_ns()
        work()
        best = min(best, (time.process_time_ns() - started) / 1000)
    return best


def _unpack(coding: Coding, data: bytes) -> None:
    for _ in Decoder(coding).feed(data):
        pass


def _pack(coding: Coding, data: bytes) -> bytes:
    return Encoder(coding).add_last(data)


def main() -> None:
    """Print the figures."""
    times = [float(subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, check=True).stdout)
             for _ in range(5)]  # fmt: skip
    print(f"import of zstd: {min(times):.1f} to {max(times):.1f} ms")
    texts = load_corpus(DATA, 20_000).texts
    answers = orjson.dumps([{"text": text, "start": 0, "end": len(text), "label": "PERSON"} for text in texts])
    for coding in _CODINGS:
        load(coding)
        packed = _pack(coding, answers)
        steps = -(-len(answers) // STEP_BYTES)
        whole = _microseconds(partial(_unpack, coding, packed))
        print(f"{coding}: {whole / steps:.0f} µs to unpack {STEP_BYTES:,} bytes of JSON")
    print("\nMicroseconds to pack, and bytes\n\n| bytes | gzip | zstd | gzip 6 |\n| ---: | ---: | ---: | ---: |")
    for size in _SIZES:
        print(f"| {size:,} | {' | '.join(_cells(answers[:size]))} |")


def _cells(data: bytes) -> Iterator[str]:
    """Yield for each way of packing the microseconds and the bytes."""
    ways: list[Callable[[], bytes]] = [partial(_pack, coding, data) for coding in _CODINGS]
    ways.append(partial(gzip.compress, data, 6))
    for way in ways:
        yield f"{_microseconds(way):,.0f}, {len(way()):,}"


if __name__ == "__main__":
    main()
