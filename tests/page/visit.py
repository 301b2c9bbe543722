"""What a visitor does with the page, in a real browser, and what the visitor sees."""

import base64
import json
from typing import Any

from tests.support.browser import Page

_KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    " ": 32,
    "ArrowLeft": 37,
    "ArrowRight": 39,
}  # names and the codes of Windows for them, which Chromium wants
CTRL, SHIFT = 2, 8


class Visit:
    """A visitor's browser on the page of one service."""

    def __init__(self, page: Page, url: str) -> None:
        """`url` is the address of the service, with a slash at its end."""
        self.page = page
        self.url = url
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def begin(self) -> None:
        """Forget whoever used the browser before, and sit down at a desk."""
        self.page.open(self.url)
        self.page.wait_for("document.readyState === 'complete' && location.protocol === 'http:'")
        self.page.value("sessionStorage.clear()")
        self.page.open("about:blank")
        self.page.wait_for("location.protocol === 'about:'")
        self.page.requested.clear()
        self.page.complaints.clear()
        self.look()

    def open(self) -> None:
        """Open the page and wait until it has an answer, an error, or a question for a key."""
        self.page.open(self.url)
        self.page.wait_for("document.readyState === 'complete' && document.getElementById('results') !== null")
        self.wait()

    def wait(self) -> None:
        """Wait until the page is done with what was asked for."""
        self.page.wait_for(
            "document.getElementById('results').getAttribute('aria-busy') === 'false' && "
            "(document.getElementById('status').textContent || document.querySelector('#problem *') !== null || "
            "!document.getElementById('key-form').hidden) !== false"
        )

    def type(self, text: str, into: str = "#text") -> None:
        """Type a text in the place of what is there."""
        self.page.value(f"document.querySelector('{into}').focus(); document.querySelector('{into}').select()")
        self.page.call("Input.insertText", text=text)

    def analyse(self, text: str) -> None:
        """Type a text, press the button, and wait for the answer."""
        self.type(text)
        self.page.click("#analyse")
        self.wait()

    def choose(self, name: str, value: str) -> None:
        """Choose a value in one of the lists, or move the slider, and wait for the answer."""
        element = f"document.getElementById('{name}')"
        self.page.value(f"{element}.value = {json.dumps(value)}")
        for event in ("input", "change"):
            self.page.value(f"{element}.dispatchEvent(new Event('{event}', {{bubbles: true}}))")
        self.wait()

    def tick(self, *features: str) -> None:
        """Tick or untick features, and wait for the answer."""
        for feature in features:
            self.page.click(f"#feature-{feature}")
        self.wait()

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key of the keyboard."""
        typed = {"text": "\r" if key == "Enter" else key} if key in ("Enter", " ") and not modifiers else {}
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, "code": "Space" if key == " " else key, "modifiers": modifiers}
            self.page.call("Input.dispatchKeyEvent", windowsVirtualKeyCode=_KEYS[key], **event, **typed)
            typed = {}

    def focused(self) -> str:
        """Return the id, or else the tag and name, of the element that has the focus."""
        return str(
            self.page.value(
                "document.activeElement.id || document.activeElement.tagName + ' ' + document.activeElement.textContent"
            )
        )

    def texts(self, selector: str) -> list[str]:
        """Return what the elements of a selector say."""
        return list(self.page.value(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)"))

    def count(self, selector: str) -> int:
        """Count the elements of a selector."""
        return int(self.page.value(f"document.querySelectorAll({json.dumps(selector)}).length"))

    def highlighted(self) -> list[tuple[str, str]]:
        """Return the highlighted parts of the text, each with its label."""
        found = self.page.value(
            "[...document.querySelectorAll('mark')].map(mark => [mark.firstChild.data, mark.lastChild.textContent])"
        )
        return [(text, label) for text, label in found]

    def answer(self) -> Any:
        """Open the answer's JSON and return it."""
        self.page.value("document.querySelector('#section-answer details').open = true")
        return json.loads(self.page.wait_for("document.querySelector('#section-answer code').textContent"))

    def look(self, *, width: int = 1280, height: int = 900, scheme: str = "light", touch: bool = False) -> None:
        """Look at the page on a screen of this size, in a light or dark scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
        self.page.call("Emulation.setDeviceMetricsOverride", **size)
        self.page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self) -> bytes:
        """Return a picture of what is to be seen, as PNG."""
        return base64.b64decode(self.page.call("Page.captureScreenshot", format="png")["data"])
