"""A headless Chromium, driven by its DevTools protocol over a pipe: no driver, no port, no package."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FLAGS = [
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1280,2000",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # there is no network but the service
    "--remote-debugging-pipe",
]


class Page:
    """One page of a browser, with the addresses that it has requested, what it complained of, and what was traced."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._read = b""
        self._number = 0
        self._session: str | None = None
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.traced: list[Any] = []
        self.tracing = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Runtime", "Page", "Log"):
            self.call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Navigate to an address."""
        self.call("Page.navigate", url=url)

    def wait_for(self, expression: str, seconds: float = 30) -> Any:
        """Wait until a JavaScript expression is true, and return its value."""
        deadline = time.monotonic() + seconds
        while not (value := self.value(expression)):
            assert time.monotonic() < deadline, f"{expression} never came true; {self.complaints}"
            time.sleep(0.1)
        return value

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression now."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Wait for the element of a selector, and click it."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"{found} !== null")
        self.value(f"{found}.click()")

    def call(self, method: str, **parameters: Any) -> Any:
        """Send one command and return its result; note events that come in the meantime."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._note(answer.get("method"), answer.get("params", {}))
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._read:
            chunk = os.read(self._from, 1 << 20)
            assert chunk, "the browser has gone"
            self._read += chunk
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def _note(self, event: str | None, parameters: Any) -> None:
        if event == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif event in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(parameters))
        elif event == "Tracing.dataCollected":
            self.traced += parameters["value"]
        elif event == "Tracing.tracingComplete":
            self.tracing = False


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Page]:
    """Run a browser with one page within the block; kill it at the end."""
    browser_in, to_browser = os.pipe()
    from_browser, browser_out = os.pipe()
    pipes = f"exec 3<&{browser_in} 4>&{browser_out}; exec "  # where --remote-debugging-pipe expects them
    process = subprocess.Popen(
        ["bash", "-c", pipes + '"$@"', "bash", program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(browser_in, browser_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(browser_in)
    os.close(browser_out)
    try:
        yield Page(to_browser, from_browser)
    finally:
        process.kill()
        process.wait(10)
        os.close(to_browser)
        os.close(from_browser)
