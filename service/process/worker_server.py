"""uvicorn's server in a worker process: with an acceptor of its own, and the lifeline to the supervisor."""

import asyncio
import socket
from typing import cast

import uvicorn

from spanwise.service.process.acceptor import Acceptor
from spanwise.service.process.connection_counts import ConnectionCounts
from spanwise.service.process.lifeline import Lifeline

_TICKS_PER_BEAT = 10  # uvicorn ticks ten times a second


class WorkerServer(uvicorn.Server):
    """A server whose event loop says every second that it turns, from the moment it listens."""

    def __init__(self, config: uvicorn.Config, lifeline: Lifeline, counts: ConnectionCounts) -> None:
        super().__init__(config)
        self.lifeline = lifeline
        self._counts = counts

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and accept from the given sockets."""
        await super().startup(sockets=[])
        for listener in sockets or ():
            acceptor = Acceptor(listener, self._counts, self._protocol)
            self.config.loaded_app.state.connections.on_change = acceptor.count
            self.servers.append(cast("asyncio.Server", acceptor))  # as far as uvicorn goes

    def _protocol(self) -> asyncio.Protocol:
        """Make the protocol of a connection, as uvicorn does."""
        make = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[call-arg]

    async def on_tick(self, counter: int) -> bool:
        """Beat once a second. uvicorn's main loop makes the first call right after the server began to listen."""
        if counter % _TICKS_PER_BEAT == 0:
            self.lifeline.beat()
        return await super().on_tick(counter)
