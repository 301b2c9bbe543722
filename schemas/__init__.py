"""The wire contract: every request and response type, once. Imports nothing of the other packages.

Requests are Pydantic models, because they are validated. Answers are typed dictionaries, because they are not: what
the pipelines build is the very object that is encoded, and its type is the very type that is published.
"""

from spanwise.schemas import answers, limits, problems, requests
from spanwise.schemas.answers import *
from spanwise.schemas.limits import *
from spanwise.schemas.problems import *
from spanwise.schemas.requests import *

__all__ = []
__all__ += answers.__all__
__all__ += limits.__all__
__all__ += problems.__all__
__all__ += requests.__all__
