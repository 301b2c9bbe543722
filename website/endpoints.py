"""The page of endpoints and schemas, from the OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_HEAD = """# Endpoints and schemas

`make reference` writes this page from `openapi.json`, the document that the service publishes under `/openapi.json`.
[The API](api.md) explains it, with examples; [Errors](errors.md) says what to do on each code."""


def _anchor(name: str) -> str:
    return name.lower()


def _linked(name: str) -> str:
    return f"[`{name}`](#{_anchor(name)})"


def type_of(schema: Json) -> str:  # noqa: PLR0911 - one for each form of a schema
    """Return a schema's type in a table cell, the names of other schemas linked."""
    if "$ref" in schema:
        return _linked(schema["$ref"].rpartition("/")[2])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(type_of(option) for option in options)
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}" if schema.get("items") else "list"
    if isinstance(kinds := schema.get("type"), list):
        return " or ".join(kinds)
    if schema.get("type") == "object" and isinstance(values := schema.get("additionalProperties"), dict) and values:
        return f"object of {type_of(values)}"
    return str(schema.get("type", "any"))


def _bounds(schema: Json) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{low:g} to {high:,g}" if isinstance(high, float) else f"{low} to {high:,}"
    if "maxLength" in schema:
        yield f"{schema.get('minLength', 0)} to {schema['maxLength']:,} characters"
    if "maxItems" in schema:
        yield f"{schema.get('minItems', 0)} to {schema['maxItems']:,} of them"
    elif "minItems" in schema:
        yield f"at least {schema['minItems']}"
    if "default" in schema:
        yield f"default `{json.dumps(schema['default'])}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _explained(description: str, schema: Json) -> str:
    """Return a description with the bounds of its value."""
    details = "; ".join(_bounds(schema))
    return f"{_cell(description)} ({details})".lstrip() if details else _cell(description)


def _row(name: str, schema: Json, description: str, *, required: bool) -> str:
    return f"| `{name}`{'' if required else '?'} | {type_of(schema)} | {_explained(description, schema)} |"


def _schemas_of(content: Json) -> Iterator[str]:
    for kind, held in content.items():
        yield f"`{kind}`: {type_of(held['schema'])}" if "schema" in held else f"`{kind}`"


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f"### {method.upper()} {path}"
    yield f"`{operation['operationId']}`. {_cell(operation['description'])}"
    if body := operation.get("requestBody"):
        yield "Request: " + "; ".join(_schemas_of(body["content"])) + "."
    if parameters := operation.get("parameters"):
        rows = ["| parameter | in | type | |", "| --- | --- | --- | --- |"]
        for parameter in parameters:
            schema = parameter["schema"]
            name = f"`{parameter['name']}`{'' if parameter.get('required') else '?'}"
            about = _explained(parameter.get("description", schema.get("description", "")), schema)
            rows.append(f"| {name} | {parameter['in']} | {type_of(schema)} | {about} |")
        yield "\n".join(rows)
    rows = ["| status | | body |", "| --- | --- | --- |"]
    for status, answer in operation["responses"].items():
        codes = sorted({code for held in answer.get("content", {}).values() for code in held.get("examples", {})})
        is_problem = "application/problem+json" in answer.get("content", {})
        about = ", ".join(f"`{code}`" for code in codes) if is_problem else _cell(answer["description"])
        rows.append(f"| {status} | {about} | {'; '.join(_schemas_of(answer.get('content', {})))} |")
    yield "\n".join(rows)


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"### {name}"
    if description := schema.get("description"):
        yield _cell(description)
    if properties := schema.get("properties"):
        rows = ["| field | type | |", "| --- | --- | --- |"]
        required = schema.get("required", [])
        for field, held in properties.items():
            rows.append(_row(field, held, held.get("description", ""), required=field in required))
        yield "\n".join(rows)
    else:
        yield f"{type_of(schema)}."


def page(document: Json) -> str:
    """Return the page, as plain Markdown."""
    parts = [_HEAD, "A name with `?` may be absent.", "## Endpoints"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(method, path, operation)
    parts.append("## Schemas")
    for name, schema in document["components"]["schemas"].items():
        parts += _schema(name, schema)
    return "\n\n".join(parts) + "\n"
