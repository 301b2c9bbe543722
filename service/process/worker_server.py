"""uvicorn's server in a worker process: it also keeps the lifeline to the supervisor."""

import uvicorn

from spanwise.service.process.lifeline import Lifeline

_TICKS_PER_BEAT = 10  # uvicorn ticks ten times a second


class WorkerServer(uvicorn.Server):
    """A server whose event loop says every second that it turns, from the moment it listens."""

    def __init__(self, config: uvicorn.Config, lifeline: Lifeline) -> None:
        super().__init__(config)
        self.lifeline = lifeline

    async def on_tick(self, counter: int) -> bool:
        """Beat once a second. uvicorn's main loop makes the first call right after the server began to listen."""
        if counter % _TICKS_PER_BEAT == 0:
            self.lifeline.beat()
        return await super().on_tick(counter)
