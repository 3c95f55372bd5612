"""Instances of JSON Schemas, with values from what a request says."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.core.types import Json
from harness.models.material import Material, sentences
from harness.models.schemas import NoInstanceError, Schema, fits, kind_of_schema, lookup, merge, part_dict, part_list
from harness.models.values import MAX_ENUM, Place, Used, boolean, choice, length, mention, number, string

MAX_VALUES = 2_000
"""Values in an instance, those of options that were tried in vain among them."""

_MAX_DEPTH = 60
_OPTIONAL_DEPTH = 5
"""Optional properties deeper than this are left out."""
_MAX_ITEMS = 20
"""Items that a list takes from the text, where the schema doesn't ask for more."""
_STATEMENTS = frozenset(("statements", "claims", "facts", "classifications"))


def instance(schema: Json, material: Material, *, arguments: bool = False) -> Json:
    """A value that satisfies `schema`. Deterministic.

    With `arguments` (a tool's), strings are names rather than sentences, and of the optional properties only those are
    given that the text names. Raises NoInstanceError where there is none to be found.
    """
    try:
        return _Maker(schema, arguments=arguments).make(schema, Place(material))
    except (RecursionError, OverflowError) as error:
        raise NoInstanceError("a schema too deep, or with too large a number") from error


class _Maker:
    def __init__(self, root: Json, *, arguments: bool) -> None:
        self._root, self._arguments, self._made = root, arguments, 0
        self._of_kind: dict[str, Callable[[Schema, Place], Json]] = {
            "object": self._object,
            "array": self._array,
            "integer": number,
            "number": number,
            "string": lambda schema, place: string(schema, place, arguments=arguments),
            "boolean": lambda schema, place: boolean(place),
            "null": lambda schema, place: None,
        }

    def make(self, schema: Json, place: Place) -> Json:
        """A value for a schema at a place."""
        self._count()
        if place.depth > _MAX_DEPTH:
            raise NoInstanceError("no small instance")
        plain = merge({}, schema)
        for union in ("anyOf", "oneOf"):
            if union in plain:
                return self._first_possible(plain, union, place)
        if "$ref" in plain or "allOf" in plain:
            return self.make(*self._merged(plain, place))
        if "const" in plain:
            return plain["const"]
        if "enum" in plain:
            return choice([value for value in part_list(plain, "enum") if fits(value, plain)], place)
        make = self._of_kind.get(kind_of_schema(plain))
        if make is None:
            raise NoInstanceError(f"no type is called {kind_of_schema(plain)!r}")
        return make(plain, place)

    def _count(self) -> None:
        self._made += 1
        if self._made > MAX_VALUES:
            raise NoInstanceError("no small instance")

    def _merged(self, schema: dict[str, Any], place: Place) -> tuple[dict[str, Any], Place]:
        """The schema with its reference, or the first part of its allOf, merged into it."""
        deeper = replace(place, depth=place.depth + 1)
        if "$ref" in schema:
            reference = str(schema.pop("$ref"))
            target = merge({}, lookup(self._root, reference))
            rest = [schema] if schema else []
            return {"allOf": [target, *rest]}, replace(deeper, references=place.references | {reference})
        parts = part_list(schema, "allOf")
        schema.pop("allOf")
        for at, part in enumerate(parts):
            schema = merge(schema, part)
            if not schema.keys().isdisjoint({"$ref", "allOf", "anyOf", "oneOf"}):
                rest = [*part_list(schema, "allOf"), *parts[at + 1 :]]
                schema.pop("allOf", None)
                return schema | ({"allOf": rest} if rest else {}), deeper
        return schema, deeper

    def _first_possible(self, schema: dict[str, Any], union: str, place: Place) -> Json:
        """The value of the first option that has one: not null and not a recursion, where there is a choice."""
        options = part_list(schema, union)
        schema.pop(union)
        for option in sorted(options, key=lambda one: (self._recursive(one, place), _is_null(one))):
            try:
                return self.make({"allOf": [schema, option]}, replace(place, depth=place.depth + 1))
            except NoInstanceError:
                continue
        raise NoInstanceError(f"no option of {union} is possible")

    def _recursive(self, schema: Json, place: Place) -> bool:
        """Whether a schema leads back to one that this place is within."""
        if not isinstance(schema, dict):
            return False
        parts = [schema, *(part for key in ("allOf", "anyOf", "oneOf") for part in part_list(schema, key))]
        return any(isinstance(part, dict) and str(part.get("$ref")) in place.references for part in parts)

    def _array(self, schema: Schema, place: Place) -> list[Json]:
        first, items = part_list(schema, "prefixItems"), schema.get("items", True)
        low, high = length(schema, "minItems"), length(schema, "maxItems", math.inf)
        inner = replace(place, depth=place.depth + 1)
        made = [self.make(one, inner) for one in first[: int(min(high, len(first)))]]
        barred = items is False or self._recursive(items, place)
        subjects = [] if first or barred else self._subjects(items, place)[:_MAX_ITEMS]
        wanted = low if first or barred else max(low, min(high, max(1, len(subjects))))
        unique = bool(schema.get("uniqueItems"))
        for turn in range(int(min(wanted, MAX_VALUES)) + _MAX_ITEMS):
            if len(made) >= wanted:
                break
            one = replace(inner, material=subjects[turn], used=Used()) if turn < len(subjects) else inner
            value = self.make(items, replace(one, turn=turn if unique else 0))
            if not (unique and value in made):
                made.append(value)
        if len(made) < low:
            raise NoInstanceError(f"no list of {low:.0f} items")
        return made

    def _subjects(self, items: Json, place: Place) -> list[Material]:
        """What each item of a list is about: the data's list of this name (or of a property's plural), else sentences."""
        material = place.material
        if self._arguments:
            return [replace(material, subject=name) for name in material.listed]
        plain = items
        for _ in range(_MAX_DEPTH):
            if not (isinstance(plain, dict) and "$ref" in plain):
                break
            plain = lookup(self._root, str(plain["$ref"]))
        properties = part_dict(plain, "properties")
        for key in (place.key, *(f"{name}s" for name in properties)):
            listed = material.data.get(key)
            if isinstance(listed, list) and listed:
                others = {name: value for name, value in material.data.items() if name != key}
                return [_about(replace(material, data=others), one) for one in listed]
        if isinstance(plain, dict) and kind_of_schema(plain) not in ("string", "object"):
            return []
        said = sentences(material.claim)
        texts = material.listed if len(said) == 1 and material.listed and not material.data else said
        if properties and not material.data and not place.words & _STATEMENTS:
            texts = texts[:3]
        return [replace(material, subject=text) for text in texts]

    def _object(self, schema: Schema, place: Place) -> dict[str, Json]:
        made: dict[str, Json] = {}
        properties = part_dict(schema, "properties")
        required = [str(name) for name in part_list(schema, "required")]
        room = length(schema, "maxProperties", math.inf) - len(required)
        for name, one in properties.items():
            inner = replace(place, key=name, depth=place.depth + 1)
            if name in required:
                made[name] = self.make(one, inner)
            elif room >= 1 and (self._wanted(one, inner) or (len(properties) == 1 and self._is_the_call(one, inner))):
                try:
                    made[name] = self.make(one, inner)
                except NoInstanceError:
                    continue
                room -= 1
        missing = [name for name in required if name not in made]
        least = length(schema, "minProperties")
        extra = (f"key{number}" for number in range(1, MAX_VALUES))
        while missing or len(made) < least:
            name = missing.pop(0) if missing else next((one for one in extra if one not in made), "")
            one = properties.get(name, schema.get("additionalProperties", {}))
            made[name] = self.make(one, replace(place, key=name, depth=place.depth + 1))
        return made

    def _wanted(self, schema: Json, place: Place) -> bool:
        """Whether an optional property is given."""
        self._count()
        if self._arguments:
            mentioned = any(mention(one, place.material) is not None for one in part_list(schema, "enum")[:MAX_ENUM])
            return mentioned or place.material.labelled(place.key) is not None
        return place.depth <= _OPTIONAL_DEPTH and not self._recursive(schema, place)

    def _is_the_call(self, schema: Json, place: Place) -> bool:
        """Whether the one optional argument of a tool is a list or an object: without it the call would say nothing."""
        plain = lookup(self._root, str(schema["$ref"])) if isinstance(schema, dict) and "$ref" in schema else schema
        kind = kind_of_schema(plain) if isinstance(plain, dict) else ""
        return self._arguments and place.depth == 1 and kind in ("array", "object")


def _is_null(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _about(material: Material, one: Json) -> Material:
    """The material of an item that mirrors one of the data's: its text is the subject, its object the data."""
    if isinstance(one, dict):
        return replace(material, data={**material.data, **one})
    return replace(material, subject=one if isinstance(one, str) else str(one))
