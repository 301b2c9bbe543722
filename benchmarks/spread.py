"""How a few lasting connections come to lie on the workers.

    python -m benchmarks.spread

Eight callers connect at once to a service of two workers and send some requests each; twenty times. Printed is how
often the workers got 4 and 4 connections, 3 and 5, and so on. The connections of a process are the sockets that it has
open beyond those that it had before.
"""

import asyncio
from collections import Counter
from pathlib import Path

import orjson

from benchmarks.procfs import worker_processes
from benchmarks.server import HOST, Server, running
from benchmarks.targets import service

_WORKERS, _CALLERS, _RUNS, _REQUESTS = 2, 8, 20, 20
_CLOSED_SECONDS = 0.5  # until a process has closed what its callers closed
_BODY = orjson.dumps({"text": "Tim Cook of Apple met Angela Merkel in Paris."})
_REQUEST = (
    b"POST /v1/entities HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY


def _sockets(pid: int) -> int:
    links = (file.readlink() for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink())
    return sum(str(link).startswith("socket:") for link in links)


async def _call(server: Server) -> asyncio.StreamWriter:
    """Connect, send some requests one after the other, and leave the connection open."""
    reader, writer = await asyncio.open_connection(HOST, server.port)
    for _ in range(_REQUESTS):
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split()[0]
        await reader.readexactly(int(length))
    return writer


async def _spreads(server: Server) -> Counter[tuple[int, ...]]:
    workers = worker_processes(server.group)
    found: Counter[tuple[int, ...]] = Counter()
    for _ in range(_RUNS):
        before = [_sockets(pid) for pid in workers]
        writers = await asyncio.gather(*(_call(server) for _ in range(_CALLERS)))
        found[tuple(sorted(_sockets(pid) - had for pid, had in zip(workers, before, strict=True)))] += 1
        for writer in writers:
            writer.close()
        await asyncio.sleep(_CLOSED_SECONDS)
    return found


def main() -> None:
    """Print the spreads, the most even first."""
    with running(service(_WORKERS)) as server:
        server.settle()
        found = asyncio.run(_spreads(server))
    print(f"{_CALLERS} connections on {_WORKERS} workers, {_RUNS} runs")
    for spread, times in sorted(found.items(), reverse=True):
        print(" + ".join(map(str, spread)), times, sep="\t")


if __name__ == "__main__":
    main()
