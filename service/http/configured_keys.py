"""The API keys that the settings configure, and who counts what their callers take."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from spanwise.service.keys.allowance import Quotas, QuotasOfThisService
from spanwise.service.keys.key_ring import KeyRing
from spanwise.service.keys.quota_memory import QuotaMemory
from spanwise.service.keys.redis_quotas import RedisQuotas
from spanwise.service.settings import Settings


class ConfiguredKeys:
    """The keys and quotas of a worker whose settings ask for keys."""

    def __init__(self, settings: Settings) -> None:
        """Read the file of keys. Raises `KeyLineError`."""
        self.ring = KeyRing(settings.static_keys, settings.keys_path, settings.default_quota)
        own = QuotasOfThisService(QuotaMemory.of_this_process())
        self.quotas: Quotas = own
        if url := settings.redis_url:
            self.quotas = RedisQuotas(url, own, fail_open=settings.quota_redis_failure == "open")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Within the block, read the file of keys again when it changes; at its end, close what is open."""
        async with self.ring.watching():
            try:
                yield
            finally:
                await self.quotas.close()
