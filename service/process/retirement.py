"""Empty a server that another process replaces: no connection is refused, and none is cut while it asks for something.

The listening socket is shared, so connections that wait to be accepted go to the other workers. A client that keeps its
connection alive is told by `Connection: close` in its next answer. A connection that asks for nothing is closed after a
while, as by any keep-alive timeout.
"""

import asyncio

import uvicorn

_IDLE_SECONDS = 5.0
"""How long a connection may still ask for something, so that a busy client gets the `Connection: close`."""
_LOOK_SECONDS = 0.05


def stop_listening(server: uvicorn.Server) -> None:
    """Accept no more connections, and close each connection after its next answer."""
    for listening in server.servers:
        listening.close()
    close = (b"connection", b"close")
    server.config.encoded_headers.append(close)  # uvicorn makes the default headers anew from these every second
    server.server_state.default_headers = [*server.server_state.default_headers, close]


async def finish_connections(server: uvicorn.Server, seconds: float, hurry: asyncio.Event) -> None:
    """Wait until the last connection is closed, for `seconds` at most, or until `hurry` is set."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for listening in server.servers:
        await listening.wait_closed()  # what was accepted is a connection from now on
    while server.server_state.connections and not hurry.is_set() and loop.time() - started < seconds:
        if loop.time() - started > _IDLE_SECONDS:
            for connection in tuple(server.server_state.connections):
                connection.shutdown()
        await asyncio.sleep(_LOOK_SECONDS)
