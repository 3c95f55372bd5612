"""JSON Schema without its composition: references, unions and intersections made one plain schema."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from harness.core.types import Json

Schema = Mapping[str, Any]

_LARGEST = 1e300
_LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_KIND_OF_KEYWORD = {
    "properties": "object", "required": "object", "minProperties": "object",
    "items": "array", "prefixItems": "array", "minItems": "array",
    "minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
    "multipleOf": "number", "additionalProperties": "object",
}  # fmt: skip


class NoInstanceError(Exception):
    """A schema that has no instance, or none that is small and easily found."""


def lookup(root: Json, reference: str) -> Json:
    """The part of `root` that a local reference (`#/$defs/Name`) points at."""
    if not reference.startswith("#"):
        raise NoInstanceError(f"the reference {reference!r} is not local")
    part = root
    for step in filter(None, unquote(reference[1:]).split("/")):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
            part = part[int(name)]
        elif isinstance(part, dict) and name in part:
            part = part[name]
        else:
            raise NoInstanceError(f"the reference {reference!r} points at nothing")
    return part


def merge(one: Schema, other: Json) -> dict[str, Any]:
    """The schema of what satisfies both; of `other`, which may be true or false, nothing is trusted but that it's JSON."""
    if other is True:
        return dict(one)
    if not isinstance(other, dict):
        raise NoInstanceError("nothing satisfies the schema")
    both = {**one, **other}
    for key in one.keys() & other.keys():
        both[key] = _both(key, one[key], other[key])
    return both


def _both(key: str, one: Any, other: Any) -> Any:
    """The value of a keyword that two schemas share."""
    match one, other:
        case dict(), dict() if key == "properties":
            shared = {name: merge_any(one[name], other[name]) for name in one.keys() & other.keys()}
            return {**one, **other, **shared}
        case list(), list() if key == "required":
            return [*one, *(name for name in other if name not in one)]
        case list(), list() if key == "enum":
            return [value for value in one if value in other]
    if key == "type":
        return _shared_kinds(one, other)
    if key == "items":
        return merge_any(one, other)
    numbers = is_number(one) and is_number(other)
    if numbers and key in _LARGER:
        return max(one, other)
    return min(one, other) if numbers and key in _SMALLER else other


def merge_any(one: Json, other: Json) -> Json:
    """`merge` of two schemas that may be true or false."""
    if one is False or other is False:
        return False
    return other if one is True else merge(_schema(one), other)


def _schema(value: Json) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NoInstanceError("a schema is an object, true or false")
    return value


def _shared_kinds(one: Json, other: Json) -> Json:
    first, second = kinds(one), kinds(other)
    shared = [kind for kind in first if kind in second]
    if "integer" in (*first, *second) and "number" in (*first, *second) and "integer" not in shared:
        shared.append("integer")
    if not shared:
        raise NoInstanceError("two types that exclude each other")
    return list(shared)


def kinds(given: Json) -> list[str]:
    """The types that a `type` keyword names."""
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]


def kind_of_schema(schema: Schema) -> str:
    """The type to make an instance of: the first that isn't null, or what the keywords are about; a string else."""
    if "type" in schema:
        named = kinds(schema["type"])
        return next((kind for kind in named if kind != "null"), "null")
    return next((kind for keyword, kind in _KIND_OF_KEYWORD.items() if keyword in schema), "string")


def fits(value: Json, schema: Schema) -> bool:
    """Whether a value is of the schema's type."""
    if "type" not in schema:
        return True
    match value:
        case None:
            names = {"null"}
        case bool():
            names = {"boolean"}
        case int():
            names = {"integer", "number"}
        case float():
            names = {"number", "integer"} if value.is_integer() else {"number"}
        case str():
            names = {"string"}
        case list():
            names = {"array"}
        case _:
            names = {"object"}
    return not names.isdisjoint(kinds(schema["type"]))


def part_list(schema: Json, key: str) -> list[Any]:
    """The array under a keyword; empty where there is none."""
    value = schema.get(key) if isinstance(schema, dict) else None
    return value if isinstance(value, list) else []


def part_dict(schema: Json, key: str) -> dict[str, Any]:
    """The object under a keyword; empty where there is none."""
    value = schema.get(key) if isinstance(schema, dict) else None
    return value if isinstance(value, dict) else {}


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number of a size to reckon with; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST
