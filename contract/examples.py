"""Send the example requests of the OpenAPI document to the service, and record its answers.

`python -m contract.examples` renews `service/http/examples.json`. So the answers in the document are real ones; a test
compares them with the service's own. The examples of problems are built from the errors instead
(`service/http/problem_examples.py`).
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from spanwise.service.app import create_app
from spanwise.service.settings import Settings

EXAMPLES = Path(__file__).parent.parent / "service" / "http" / "examples.json"


async def ask(client: httpx.AsyncClient, operation_id: str, example: dict[str, Any], document: dict[str, Any]) -> Any:
    """Send the request of an example, and return the answer: a JSON value, or the text of JSON Lines."""
    ((path, method),) = (
        (path, method)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] == operation_id
    )
    request = example.get("request")
    if isinstance(request, str):
        headers = {"Content-Type": "application/jsonl"}
        return (await client.request(method, path, content=request.encode(), headers=headers)).raise_for_status().text
    return (await client.request(method, path, json=request)).raise_for_status().json()


async def renew() -> None:
    """Send every request and write all answers into the file."""
    app = create_app(Settings())
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for operation_id, named in examples.items():
            for example in named.values():
                example["answer"] = await ask(client, operation_id, example, app.openapi())
    EXAMPLES.write_text(json.dumps(examples, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(renew())
