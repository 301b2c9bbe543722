"""What the processes of the service hold, before and after a load, and how long a worker takes to start.

    python -m benchmarks.memory [WORKERS [SECONDS]]

The load is that of `make bench` at 64 connections, for so many seconds for each kind of request. A page that processes
share counts in part for each of them as proportional; private is what a process has written itself. Memory is in MB
(10^6 bytes). The last lines are the supervisor's own: how long the template took to load, and workers to serve.
"""

import sys
import tempfile
from pathlib import Path

import orjson

from benchmarks.corpus import DATA, load_corpus
from benchmarks.load import measure
from benchmarks.procfs import group_members, name_of, pages
from benchmarks.server import Server, running
from benchmarks.targets import service

_TEXTS, _CONNECTIONS = 4_000, 64
_SAID = ("template_ready", "worker_serves")


def _show(server: Server, when: str) -> None:
    print(when, "proportional", "private", sep="\t")
    totals = [0.0, 0.0]
    for pid in sorted(group_members(server.group)):
        held = pages(pid)
        name = "supervisor" if pid == server.group else name_of(pid)
        print(f"{name}\t{held.proportional_mb:.0f}\t{held.private_mb:.0f}")
        totals = [totals[0] + held.proportional_mb, totals[1] + held.private_mb]
    print(f"all\t{totals[0]:.0f}\t{totals[1]:.0f}")


def main(workers: int = 2, seconds: int = 4) -> None:
    """Print the memory of each process, and what the log says about the start."""
    corpus = load_corpus(DATA, _TEXTS)
    target = service(workers)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as written, running(target, written.fileno()) as server:
            _show(server, "before")
            for number, workload in enumerate(target.workloads):
                bodies = Path(folder) / str(number)
                workload.write_bodies(corpus.texts, bodies)
                measure(server, workload, bodies, _CONNECTIONS, seconds)
            server.settle()
            _show(server, "after")
        for line in map(orjson.loads, log.read_bytes().splitlines()):
            if line["event"] in _SAID:
                print(line["event"], line["pid"], f"{line['seconds']:.2f} s", sep="\t")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
