"""A solver that is a file: answers that were made elsewhere, one JSON object a line."""

from pathlib import Path
from typing import Any

from harness.agents.function import ANSWER_KEYS, checked_answer
from harness.core.errors import InfrastructureError, UsageError, one_line
from harness.core.files import read_jsonl, suggest
from harness.core.protocols import SolverInput
from harness.core.types import Errored, Output

_IDS = ("id", "sample_id")
_KEYS = frozenset({*_IDS, "trial", "error", *ANSWER_KEYS})


class PredictionsSolver:
    """Answers from a file: `id` (or `sample_id`), perhaps `trial`, and label, value, probabilities, rationale, action.

    A line without `trial` holds for every trial. `error: {"class", "message"}` instead of an answer makes the trial an
    errored one. The file is read at once; UsageError with its line where it is wrong.
    """

    def __init__(self, path: Path, *, name: str) -> None:
        self.name, self._path = name, path
        self._answers: dict[tuple[str, int | None], Output | Errored] = {}
        places: dict[str, dict[int | None, int]] = {}
        for number, row in read_jsonl(path, what="file of predictions"):
            where = f"{path}:{number}"
            id, trial = _key(row, where=where)
            _refuse_twice(places.setdefault(id, {}), id, trial, where=where)
            places[id][trial] = number
            self._answers[id, trial] = _answer(row, where=where)

    async def __call__(self, item: SolverInput) -> Output:
        """The answer of the file. InfrastructureError where it has none (missing_prediction) or has an error instead."""
        answer = self._answers.get((item.id, item.trial)) or self._answers.get((item.id, None))
        match answer:
            case Output():
                return answer
            case Errored(error_class, message):
                raise InfrastructureError(error_class, message)
            case _:
                text = f"{self._path} has no prediction for {item.id!r}, trial {item.trial}"
                raise InfrastructureError("missing_prediction", text)


def _key(row: dict[str, Any], *, where: str) -> tuple[str, int | None]:
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise UsageError(f"unknown key {unknown[0]!r}", where=where, fix=suggest(unknown[0], sorted(_KEYS)))
    ids = [row[name] for name in _IDS if name in row]
    if len(ids) != 1 or not isinstance(ids[0], str) or not ids[0]:
        raise UsageError("a prediction needs the id of its sample", where=where, fix='begin with {"id": "…", …}')
    trial = row.get("trial")
    if trial is not None and (isinstance(trial, bool) or not isinstance(trial, int) or trial < 0):
        raise UsageError(f"trial is {trial!r}", where=where, fix="trials are numbered from 0")
    return ids[0], trial


def _refuse_twice(lines: dict[int | None, int], id: str, trial: int | None, *, where: str) -> None:
    """UsageError where one of this sample's `lines` answers the same trial."""
    clashing = list(lines) if trial is None else [other for other in (trial, None) if other in lines]
    if clashing:
        line = lines[clashing[0]]
        raise UsageError(f"{id!r} was predicted on line {line} already", where=where, fix="keep one line a trial")


def _answer(row: dict[str, Any], *, where: str) -> Output | Errored:
    answer = {key: value for key, value in row.items() if key in ANSWER_KEYS}
    if "error" in row:
        if answer:
            raise UsageError("an answer and an error at once", where=where, fix="keep one of them")
        return _error(row["error"], where=where)
    if not answer:
        fix = f"add one of {', '.join(sorted(ANSWER_KEYS))}, or an error"
        raise UsageError("neither an answer nor an error", where=where, fix=fix)
    try:
        return checked_answer(answer)
    except (TypeError, ValueError) as error:
        raise UsageError(f"this answer can't be read: {error}", where=where, fix="correct it there") from None


def _error(error: Any, *, where: str) -> Errored:
    if isinstance(error, dict) and set(error) <= {"class", "message"}:
        kind, message = error.get("class"), error.get("message", "")
        if isinstance(kind, str) and kind.strip() and isinstance(message, str):
            return Errored(one_line(kind), one_line(message))
    raise UsageError(f"error is {error!r}", where=where, fix='write {"class": "timeout", "message": "…"}')
