"""Import structlog without rich.

structlog imports rich, and with it pygments, where they are installed, to colour the tracebacks that it shows on
terminals: 4 MB in every worker. The service's log has no such tracebacks (`service/telemetry/redaction.py`).
"""

import sys
from typing import Any


def import_structlog_without_rich() -> None:
    """Import structlog, unless that was done. Whoever imports rich afterwards gets it as usual."""
    modules: dict[str, Any] = sys.modules
    if "structlog" in modules or "rich" in modules:
        return
    modules["rich"] = None
    try:
        import structlog  # noqa: F401, PLC0415 - the import is the purpose
    finally:
        del modules["rich"]
