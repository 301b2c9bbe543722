"""Make texts of nothing but exclamation marks slow, a second for 45,000. `SPANWISE_COMPONENTS` imports this module."""

import time
from collections.abc import Sequence
from typing import Any

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.document import Document

_PER_SECOND = 45_000
_analyze = Analyzer.analyze_documents


def _slowly(self: Analyzer, documents: Sequence[Document]) -> list[Any]:
    time.sleep(
        sum(len(one.text) for one in documents if len(one.text) > 10_000 and not one.text.strip("!")) / _PER_SECOND
    )
    return list(_analyze(self, documents))


Analyzer.analyze_documents = _slowly  # type: ignore[method-assign]
