"""The subset of JSON Schema that the real service takes for strict answers and strict tools."""

from collections.abc import Iterator

from harness.core.types import Json
from harness.models.stub.errors import ApiError

_DEEPEST = 60
"""Levels that are looked at; the service itself takes 10."""
_INNER = ("anyOf", "allOf", "oneOf", "prefixItems")
_MAPS = ("properties", "$defs", "definitions")


def check_strict(schema: Json, *, where: str, param: str, code: str | None = None) -> None:
    """Raise the service's 400 where a strict schema leaves something open; `where` is "response_format 'name'"."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        shown = schema.get("type") if isinstance(schema, dict) else None
        raise _refused(
            f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{shown}\"'.", where, param, code
        )
    for path, problem in _problems(schema, ()):
        context = f"({', '.join(repr(part) for part in path)}{',' if len(path) == 1 else ''})"
        raise _refused(f"In context={context}, {problem}", where, param, code)


def _refused(problem: str, where: str, param: str, code: str | None) -> ApiError:
    return ApiError(400, f"Invalid schema for {where}: {problem}", param=param, code=code)


def _problems(schema: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (path, what is wrong) of a schema and of those in it."""
    if not isinstance(schema, dict) or len(path) > _DEEPEST:
        return
    if _is_object(schema):
        yield from ((path, problem) for problem in _open(schema))
    for name in _MAPS:
        inner = schema.get(name)
        for key, value in inner.items() if isinstance(inner, dict) else ():
            yield from _problems(value, (*path, name, str(key)))
    if "items" in schema:
        yield from _problems(schema["items"], (*path, "items"))
    for name in _INNER:
        parts = schema.get(name)
        for index, value in enumerate(parts if isinstance(parts, list) else ()):
            yield from _problems(value, (*path, name, str(index)))


def _is_object(schema: dict[str, Json]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _open(schema: dict[str, Json]) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    properties = schema.get("properties")
    required = schema.get("required")
    named = required if isinstance(required, list) else []
    for name in properties if isinstance(properties, dict) else ():
        if name not in named:
            rule = "'required' is required to be supplied and to be an array including every key in properties."
            yield f"{rule} Missing '{name}'."
    for name in named:
        if not isinstance(properties, dict) or name not in properties:
            yield f"'required' is required to be supplied and to be an array including every key in properties. Extra required key '{name}' supplied."
