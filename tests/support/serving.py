"""The type of the fixture `serving`, which starts the service in this process."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx

Serving = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
"""Called with settings; a context manager whose value is a client of the service."""
