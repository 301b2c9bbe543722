"""API keys and their quotas: for everything under `/v1/`, and only where keys are configured.

`service/keys/` knows the keys and counts what callers take. Here a key is found in the request's headers, and the
answer gets the `RateLimit` fields of its quota.
"""

import math

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spanwise.service.errors import QuotaUnknown, RateLimited, ServiceError, Unauthorized
from spanwise.service.http.matched_route import match_route
from spanwise.service.http.request_record import RequestRecord, record_of
from spanwise.service.http.responses import ProblemResponse
from spanwise.service.keys.allowance import Allowance, Quotas, QuotaStoreDown
from spanwise.service.keys.key_ring import KeyRing
from spanwise.service.keys.key_table import Caller

_PROTECTED = "/v1/"


class ApiKeyMiddleware:
    """Refuses a request under `/v1/` that has no valid API key, or whose caller has used up a quota."""

    def __init__(self, app: ASGIApp, keys: KeyRing, quotas: Quotas) -> None:
        self._app = app
        self._keys = keys
        self._quotas = quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PROTECTED):
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        try:
            caller = self._caller_of(scope)
            record.key, record.caller = caller.name, caller.number
            if caller.quota:
                record.allowance = await self._take(caller)
                send = _with_allowance(send, record.allowance)
                if record.allowance.wait:
                    raise RateLimited(
                        max(1, math.ceil(record.allowance.wait)), characters=record.allowance.is_for_characters
                    )
        except ServiceError as error:
            await self._refuse(error, record, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _caller_of(self, scope: Scope) -> Caller:
        sent = _sent_key(scope)
        if sent is None:
            raise Unauthorized
        caller = self._keys.find(sent)
        if caller is None:
            raise Unauthorized("This API key is not known.")
        return caller

    async def _take(self, caller: Caller) -> Allowance:
        try:
            return Allowance(self._quotas, caller, *await self._quotas.take_request(caller))
        except QuotaStoreDown:
            raise QuotaUnknown from None

    async def _refuse(
        self, error: ServiceError, record: RequestRecord, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with the error. The request has no route yet; it gets its own, for the log and the metrics."""
        match_route(scope)
        record.code = error.code
        if isinstance(error, QuotaUnknown):
            error.headers["Server-Timing"] = record.server_timing()
        await ProblemResponse(error, record.request_id)(scope, receive, send)


def _with_allowance(send: Send, allowance: Allowance) -> Send:
    """Return what sends an answer with what is left of the quota then."""

    async def send_with_allowance(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *allowance.headers()]
        await send(message)

    return send_with_allowance


def _sent_key(scope: Scope) -> bytes | None:
    """Return the first key of the `X-API-Key` and `Authorization: Bearer` headers; None where all are empty or absent.

    White space around a value is no part of the value (RFC 9110, 5.5).
    """
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            key = value.strip()
        elif name == b"authorization" and value.lstrip()[:7].lower() == b"bearer ":
            key = value.lstrip()[7:].strip()
        else:
            continue
        if key:
            return bytes(key)
    return None
