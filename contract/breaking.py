"""The changes of an OpenAPI document that break programs written against the document before.

Requests and answers are judged from opposite sides. A caller may go on sending the same requests, so nothing that was
accepted may be refused. It may also rely on the answers, so nothing that it reads may be missing or have a value of an
unknown kind, unless the document told callers to expect such values. All other additions pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["request", "response"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
EXTENSIBLE = "x-extensible-enum"
"""On a list of an answer: new values may come, and callers must pass over those that they do not know."""

_KIND = ("type", "format", "const", "pattern")


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return a line for each change that breaks callers; none if all changes are additions."""
    found: dict[str, None] = {}
    for path, methods in old["paths"].items():
        if path not in new["paths"]:
            found[f"{path}: the path is gone"] = None
            continue
        for method in filter(methods.__contains__, _METHODS):
            where = f"{method.upper()} {path}"
            if method not in new["paths"][path]:
                found[f"{where}: the operation is gone"] = None
            else:
                may_open = str(old.get("info", {}).get("version", "")).startswith("0.")
                comparison = _Comparison(old, new, may_open)
                found |= dict.fromkeys(comparison.operation(where, methods[method], new["paths"][path][method]))
    return list(found)


@dataclass(frozen=True)
class _Comparison:
    old: dict[str, Any]
    new: dict[str, Any]
    may_open: bool
    """Whether a list may begin to say that its values can grow: before version 1, since nothing was promised."""

    def operation(self, where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: the operationId has changed from {old.get('operationId')} to {new.get('operationId')}"
        yield from self._parameters(where, old, new)
        yield from self._request_body(where, old.get("requestBody"), new.get("requestBody"))
        for status, response in old["responses"].items():
            if status in new["responses"]:
                yield from self._contents(f"{where} {status}", response, new["responses"][status], "response")
            elif status.startswith("2"):
                yield f"{where}: the response {status} is gone"

    def _parameters(self, where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", ())}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", ())}
        for key, parameter in before.items():
            name = f"{where} parameter {key[1]}"
            if key not in after:
                yield f"{name}: it is gone"
            else:
                yield from self._schemas(name, parameter["schema"], after[key]["schema"], "request")
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{where} parameter {key[1]}: it is newly required"

    def _request_body(self, where: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Iterator[str]:
        if new and new.get("required") and not (old or {}).get("required"):
            yield f"{where}: a body is newly required"
        if old and not new:
            yield f"{where}: the request's body is gone"
        elif old and new:
            yield from self._contents(f"{where} request", old, new, "request")

    def _contents(self, where: str, old: dict[str, Any], new: dict[str, Any], side: Side) -> Iterator[str]:
        for media_type, content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{where}: the media type {media_type} is gone"
                continue
            before, after = content["schema"], new["content"][media_type]["schema"]
            yield from self._schemas(where, before, after, side)
            if "x-itemSchema" in before:
                line = after.get("x-itemSchema", {})
                yield from self._schemas(f"{where} line", before["x-itemSchema"], line, side)

    def _schemas(
        self,
        where: str,
        old: dict[str, Any],
        new: dict[str, Any],
        side: Side,
        seen: frozenset[str] = frozenset(),
        *,
        can_grow: bool = False,
    ) -> Iterator[str]:
        name = old.get("$ref")
        if name and name in seen:
            return
        seen = seen | {name} if name else seen
        old, new = _resolve(self.old, old), _resolve(self.new, new)
        for key in _KIND:
            if old.get(key) != new.get(key):
                yield f"{where}: its {key} has changed from {old.get(key)} to {new.get(key)}"
        yield from _values(where, old, new, side, can_grow=can_grow)
        if side == "request":
            yield from _limits(where, old, new)
        yield from self._fields(where, old, new, side, seen)
        if "items" in old:
            can_grow = bool(old.get(EXTENSIBLE) or (self.may_open and new.get(EXTENSIBLE)))
            yield from self._schemas(f"{where}[]", old["items"], new.get("items", {}), side, seen, can_grow=can_grow)
        yield from self._arms(where, old, new, side, seen)

    def _fields(
        self, where: str, old: dict[str, Any], new: dict[str, Any], side: Side, seen: frozenset[str]
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, needed_now = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            if name not in after:
                yield f"{where}.{name}: the field is gone"
            else:
                yield from self._schemas(f"{where}.{name}", schema, after[name], side, seen)
        if side == "request":
            yield from (f"{where}.{name}: it is newly required" for name in sorted(needed_now - needed))
        else:
            yield from (
                f"{where}.{name}: it may be absent now" for name in sorted((needed - needed_now) & after.keys())
            )

    def _arms(
        self, where: str, old: dict[str, Any], new: dict[str, Any], side: Side, seen: frozenset[str]
    ) -> Iterator[str]:
        """Compare the arms of a union, which are matched by the type that they refer to."""
        before, after = _union(old), _union(new)
        if old.get("discriminator", {}).get("propertyName") != new.get("discriminator", {}).get("propertyName"):
            yield f"{where}: its discriminator has changed"
        for name in sorted(before.keys() & after.keys()):
            yield from self._schemas(f"{where} as {name}", before[name], after[name], side, seen)
        changed = before.keys() - after.keys() if side == "request" else after.keys() - before.keys()
        word = "gone" if side == "request" else "new, and callers do not know it"
        yield from (f"{where} as {name}: it is {word}" for name in sorted(changed))


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        target: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _union(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    arms = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return {arm.get("$ref", str(arm)).rpartition("/")[2]: arm for arm in arms}


def _values(where: str, old: dict[str, Any], new: dict[str, Any], side: Side, *, can_grow: bool) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if side == "request" and after is not None:
        if before is None:
            yield f"{where}: only certain values are accepted now"
        else:
            yield from (f"{where}: the value {value} is no longer accepted" for value in before if value not in after)
    if side == "response" and before is not None:
        if after is None:
            yield f"{where}: any value may be answered now"
        elif not can_grow:
            yield from (
                f"{where}: the value {value} is new, and callers do not know it"
                for value in after
                if value not in before
            )


def _limits(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for key in _UPPER:
        if key in new and (key not in old or new[key] < old[key]):
            yield f"{where}: its {key} is narrower, {new[key]} after {old.get(key, 'none')}"
    for key in _LOWER:
        if key in new and (key not in old or new[key] > old[key]):
            yield f"{where}: its {key} is narrower, {new[key]} after {old.get(key, 'none')}"
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{where}: it accepts no other fields any more"
