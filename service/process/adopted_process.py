"""A child process that this process did not start: the kernel gave it to us when its parent ended."""

import asyncio
import os
import signal
from contextlib import suppress

_LOOK_SECONDS = 0.2


class AdoptedProcess:
    """What `asyncio.subprocess.Process` is to a child that asyncio started, as far as the supervisor needs it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """The exit status, or the negative number of the signal that ended it; None until `wait` has returned."""

    async def wait(self) -> int:
        """Wait for the end, and return the exit status. One caller at a time."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:  # an old kernel, or a sandbox that has no such descriptors
            return await self._look_for_end()
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return await self._look_for_end()

    async def _look_for_end(self) -> int:
        while self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
            else:
                await asyncio.sleep(_LOOK_SECONDS)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process, unless it has ended."""
        self.send_signal(signal.SIGKILL)
