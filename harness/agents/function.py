"""A solver of the user's own: any callable `(input)`, sync or async. And how an answer of anybody's is read."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

from harness.core.errors import HarnessError, InfrastructureError, one_line
from harness.core.files import parse_json
from harness.core.hashing import canonical_json
from harness.core.protocols import SolverInput
from harness.core.secrets import scrub
from harness.core.types import Action, Claim, Output

ANSWER_KEYS = frozenset({"label", "value", "probabilities", "rationale", "action"})
"""What an answer may consist of."""

MAX_ANSWER = 10_000_000
"""Bytes; a longer answer of an endpoint or a command is refused."""

_SHOWN = 120
_LOOKED_AT = 4000


class FunctionSolver:
    """Calls `function(sample.input)` and takes a string (the label), an Output, a mapping, or any JSON value.

    A mapping with only keys of Output (label, value, probabilities, rationale, action) is read as one; any other
    value is the Output's `value`, and a string is its label too. What the function raises is an error of the trial,
    not a wrong answer.
    """

    def __init__(self, function: Callable[[Any], Any], *, name: str) -> None:
        self._function, self.name = function, name

    async def __call__(self, item: SolverInput) -> Output:
        """Call the function and read its answer."""
        try:
            result = self._function(item.input)
            if inspect.isawaitable(result):
                result = await result
            return checked_answer(result)
        except HarnessError:
            raise
        except (Exception, SystemExit) as error:
            raise InfrastructureError(type(error).__name__, f"solver {self.name!r} failed: {error}") from error


def checked_answer(result: Any) -> Output:
    """An Output from an answer, fit for scorers and journal; TypeError or ValueError where a part of it isn't."""
    output = read_answer(result)
    if output.label is not None and not isinstance(output.label, str):
        raise TypeError(f"label is {output.label!r}, not a string")
    if output.action not in get_args(Action):
        raise ValueError(f"action is {output.action!r}, not route or review")
    if not isinstance(output.probabilities, Mapping | None):
        raise TypeError(f"probabilities is {output.probabilities!r}, not a mapping of label to number")
    for label, number in (output.probabilities or {}).items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
            raise ValueError(f"the probability of {label!r} is {number!r}, not a number from 0 to 1")
    canonical_json(asdict(output))
    return output


def read_answer(result: Any) -> Output:
    """An Output from what a function returned."""
    if isinstance(result, Output):
        return result
    if isinstance(result, str):
        return Output(label=result, value=result)
    if isinstance(result, Mapping) and result and set(result) <= ANSWER_KEYS:
        output = Output(**{key: value for key, value in result.items() if key != "rationale"})
        rationale = result.get("rationale")
        return output if rationale is None else replace(output, rationale=_claims(rationale))
    return Output(value=result)


def _claims(rationale: Any) -> tuple[Claim, ...]:
    if not isinstance(rationale, list | tuple):
        raise TypeError(f"rationale is {rationale!r}, not a list of claims")
    return tuple(claim if isinstance(claim, Claim) else _claim(claim) for claim in rationale)


def _claim(claim: Any) -> Claim:
    if not isinstance(claim, Mapping) or "text" not in claim:
        raise TypeError(f"a claim is {claim!r}, not a mapping with text and citations")
    citations = claim.get("citations") or ()
    if not isinstance(citations, list | tuple):
        raise TypeError(f"citations is {citations!r}, not a list of ids")
    return Claim(str(claim["text"]), tuple(str(citation) for citation in citations))


def request_of(item: SolverInput) -> bytes:
    """What somebody else's program is sent of a sample: one line of JSON, ASCII so that no encoding can break it."""
    value = {"id": item.id, "input": item.input, "trial": item.trial, "seed": item.seed}
    return json.dumps(value, allow_nan=False).encode("ascii") + b"\n"


def json_answer(raw: bytes, *, whose: str, secrets: tuple[str, ...] = ()) -> Output:
    """The answer that somebody else's program gave as JSON, read as a function's would be.

    InfrastructureError of kind bad_answer where it can't be read; its text shows how the answer begins.
    """
    try:
        return checked_answer(parse_json(raw.decode("utf-8-sig")))
    except UnicodeDecodeError:
        why = "is not UTF-8"
    except json.JSONDecodeError as error:
        begins = repr(shown(raw[:_LOOKED_AT].decode("utf-8", "replace"), *secrets, limit=_SHOWN))
        why = f"is not JSON ({error.msg}), it begins {begins}" if raw.strip() else "is empty"
    except RecursionError:
        why = "is nested too deeply"
    except (TypeError, ValueError) as error:
        why = f"can't be read: {error}"
    raise InfrastructureError("bad_answer", shown(f"the answer of {whose} {why}", *secrets))


def shown(text: str, *secrets: str, limit: int = 500) -> str:
    """Somebody else's text on one line, without secrets, cut at `limit` characters."""
    line = one_line(scrub(text[:_LOOKED_AT], *secrets))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
