"""What no generator gives: retries by the service's table, streams with back-pressure, and coalesced calls.

`Spanwise` and `AsyncSpanwise` hold a generated client, whose every call is retried, and add `analyze`, which gathers
single calls into batches, and `stream`.
"""

from spanwise_client.robust.errors import DocumentRefused, Refused, SpanwiseError
from spanwise_client.robust.options import Document, Options, Result
from spanwise_client.robust.retries import Retries
from spanwise_client.robust.spanwise import AsyncSpanwise, Spanwise

__all__ = [
    "AsyncSpanwise",
    "Document",
    "DocumentRefused",
    "Options",
    "Refused",
    "Result",
    "Retries",
    "Spanwise",
    "SpanwiseError",
]
