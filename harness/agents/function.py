"""A solver of the user's own: any callable `(input)`, sync or async."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

from harness.core.errors import HarnessError, InfrastructureError
from harness.core.hashing import canonical_json
from harness.core.protocols import SolverInput
from harness.core.types import Action, Claim, Output

_ANSWER_KEYS = frozenset({"label", "value", "probabilities", "rationale", "action"})


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
            return _checked(read_answer(result))
        except HarnessError:
            raise
        except (Exception, SystemExit) as error:
            raise InfrastructureError(type(error).__name__, f"solver {self.name!r} failed: {error}") from error


def _checked(output: Output) -> Output:
    """`output`, fit for scorers and journal; TypeError or ValueError where a part of it isn't."""
    if output.label is not None and not isinstance(output.label, str):
        raise TypeError(f"label is {output.label!r}, not a string")
    if output.action not in get_args(Action):
        raise ValueError(f"action is {output.action!r}, not route or review")
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
    if isinstance(result, Mapping) and result and set(result) <= _ANSWER_KEYS:
        output = Output(**{key: value for key, value in result.items() if key != "rationale"})
        rationale = result.get("rationale")
        if rationale is None:
            return output
        claims = tuple(
            c if isinstance(c, Claim) else Claim(str(c["text"]), tuple(c.get("citations", ()))) for c in rationale
        )
        return replace(output, rationale=claims)
    return Output(value=result)
