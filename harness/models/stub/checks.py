"""Checks of a request's values that several of its parts need, each raising the service's own 400."""

import re
from collections.abc import Mapping

from harness.core.types import Json
from harness.models.stub.errors import ApiError, missing, wrong_type, wrong_value

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME = 64


def text_at(body: Mapping[str, Json], key: str, param: str) -> str:
    """The string under `key`, which has to be there."""
    value = body.get(key)
    if value is None:
        raise missing(param)
    if not isinstance(value, str):
        raise wrong_type(param, expected="a string", got=value)
    return value


def name_at(body: Mapping[str, Json], key: str, param: str) -> str:
    """The name of a tool or a schema under `key`."""
    value = text_at(body, key, param)
    if not _NAME.fullmatch(value):
        what = f"Invalid '{param}': string does not match pattern."
        message = f"{what} Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        raise ApiError(400, message, code="invalid_value", param=param)
    if len(value) > _LONGEST_NAME:
        what = f"Invalid '{param}': string too long. Expected a string with maximum length {_LONGEST_NAME}"
        message = f"{what}, but got a string with length {len(value)} instead."
        raise ApiError(400, message, code="string_above_max_length", param=param)
    return value


def object_at(value: Json, param: str) -> Mapping[str, Json]:
    """`value`, which has to be an object."""
    if value is None:
        raise missing(param)
    if not isinstance(value, dict):
        raise wrong_type(param, expected="an object", got=value)
    return value


def array_at(value: Json, param: str, *, of: str = "objects", at_most: int | None = None) -> list[Json]:
    """`value`, which has to be an array with something in it."""
    if not isinstance(value, list):
        raise wrong_type(param, expected=f"an array of {of}", got=value)
    if not value:
        what = f"Invalid '{param}': empty array. Expected an array with minimum length 1"
        raise ApiError(400, f"{what}, but got an empty array instead.", code="empty_array", param=param)
    if at_most is not None and len(value) > at_most:
        what = f"Invalid '{param}': array too long. Expected an array with maximum length {at_most}"
        message = f"{what}, but got an array with length {len(value)} instead."
        raise ApiError(400, message, code="array_above_max_length", param=param)
    return value


def choice_at(value: Json, param: str, *, supported: tuple[str, ...]) -> str:
    """`value`, which has to be one of the strings that are supported."""
    if value is None:
        raise missing(param)
    if not isinstance(value, str):
        raise wrong_type(param, expected=f"one of {', '.join(repr(name) for name in supported)}", got=value)
    if value not in supported:
        raise wrong_value(param, value, supported=supported)
    return value


def bool_at(body: Mapping[str, Json], key: str) -> bool:
    """The boolean under `key`; False where there is none."""
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise wrong_type(key, expected="a boolean", got=value)
    return bool(value)


def integer_at(body: Mapping[str, Json], key: str, *, low: int | None = None, high: int | None = None) -> int | None:
    """The integer under `key`, within its bounds; None where there is none."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(key, expected="an integer", got=value)
    _within(value, key, low=low, high=high, kind="integer")
    return value


def number_at(body: Mapping[str, Json], key: str, *, low: float, high: float) -> None:
    """Check the number under `key`, where there is one."""
    value = body.get(key)
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(key, expected="a decimal", got=value)
    _within(value, key, low=low, high=high, kind="decimal")


def _within(value: float, key: str, *, low: float | None, high: float | None, kind: str) -> None:
    for bound, wrong, side, sign in (
        (low, low is not None and value < low, "below minimum", ">="),
        (high, high is not None and value > high, "above maximum", "<="),
    ):
        if wrong:
            what = f"Invalid '{key}': {kind} {side} value. Expected a value {sign} {bound:g}"
            code = f"{kind}_{side.split()[0]}_{'min' if bound == low else 'max'}_value"
            raise ApiError(400, f"{what}, but got {value} instead.", code=code, param=key)
