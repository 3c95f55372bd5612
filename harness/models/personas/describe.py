"""What a persona plants, in words: for people who want to know the truth that an evaluator should find."""

from collections.abc import Iterator
from typing import NamedTuple

from harness.core.files import Strict
from harness.core.types import Json
from harness.models.faults import FAULTS
from harness.models.personas.spec import PersonaSpec

_OF_ITSELF = frozenset({"name", "description", "seed"})


class Planted(NamedTuple):
    """One thing that a spec sets: its key, what it is set to, and what that means."""

    name: str
    value: Json
    about: str


def planted_rates(spec: PersonaSpec) -> list[Planted]:
    """The accuracy, and everything that isn't left as it is."""
    return list(_all(spec))


def _all(spec: PersonaSpec) -> Iterator[Planted]:
    for name, info in PersonaSpec.model_fields.items():
        value, about = getattr(spec, name), info.description or ""
        if name in _OF_ITSELF:
            continue
        if isinstance(value, Strict):
            yield from _part(name, value)
        elif name == "confusion":
            yield from (Planted(f"confusion.{gold}", dict(row), f"{gold}: {about}") for gold, row in value.items())
        elif name == "faults":
            yield from (
                Planted(f"faults.{fault}", rate, f"of calls: {FAULTS[fault].about}") for fault, rate in value.items()
            )
        elif name == "accuracy" or value != info.default:
            yield Planted(name, value, about)


def _part(name: str, part: Strict) -> Iterator[Planted]:
    for inner, info in type(part).model_fields.items():
        value = getattr(part, inner)
        if value != info.default:
            yield Planted(f"{name}.{inner}", value, info.description or "")
