"""What a person who starts the service on a terminal is told, and a pipe is not."""

import os
import pty
import subprocess
import time

import httpx
import pytest

from tests.support.process import SPANWISE, ServiceProcess, environment, service

pytestmark = pytest.mark.process


@pytest.mark.parametrize("keys", [{}, {"api_keys": "Xyzzy7"}])
def test_a_terminal_gets_something_to_try_once_the_service_answers(keys: dict[str, str]) -> None:
    """The URL answers by then; a key is asked for where there is one, and none is shown."""
    ours, theirs = pty.openpty()
    command = [str(SPANWISE), "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment(**keys), stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        try:
            told, deadline = b"", time.monotonic() + 120
            while b"awful" not in told and time.monotonic() < deadline:
                told += os.read(ours, 4096)
            text = told.decode()
            url = text.split("listens on ")[1].split(". Try")[0]
            assert httpx.get(f"{url}/livez").status_code == 200
            assert ("X-API-Key: YOUR-KEY" in text) is bool(keys)
            assert "Xyzzy7" not in text
        finally:
            process.terminate()
            os.close(ours)


def test_a_pipe_gets_a_line_of_the_log_alone() -> None:
    """Standard error stays empty; the log says where the service listens."""
    with service(environment()) as process:
        (line,) = process.lines(lambda line: line["event"] == "listening")
        assert line["url"] == process.url
        said: ServiceProcess = process
    assert said.errors == b""
