"""The journal of a run: append-only JSON Lines, one line a finished trial, readable however the run ended."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.core.errors import UsageError
from harness.core.types import Errored, NotApplicable, Outcome, Output, Sample, Scored, Unscored
from harness.core.version import SCHEMA_VERSION


class Journal:
    """Appends trials to one file; each line is flushed, so that a killed run loses at most the line in hand."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._file.write(json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
        self._file.flush()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a journal; a last line that was cut off when its run was killed is left out.

    UsageError where another line is broken.
    """
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if not raw.endswith(b"\n"):
                return
            try:
                row = json.loads(raw)
            except (ValueError, RecursionError) as error:
                fix = "delete that line and go on with `harness eval … --resume`"
                raise UsageError(f"not valid JSON: {error}", where=f"{path}:{number}", fix=fix) from None
            yield row


def trial_row(
    sample: Sample,
    *,
    trial: int,
    output: Output | None,
    error: Errored | None,
    scores: Mapping[str, Outcome],
    latency_ms: float,
) -> dict[str, Any]:
    """One journal line. With an `error` there is no output and the trial is errored."""
    row: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "sample_id": sample.id, "trial": trial}
    row |= trial_outcome(error, scores)
    row["latency_ms"] = round(latency_ms, 3)
    row["output"] = None if output is None else _output(output)
    row["scores"] = {name: outcome_row(outcome) for name, outcome in scores.items()}
    row["trace"] = None if output is None else asdict(output.trace)
    row["sample"] = {
        "input": sample.input,
        "target": asdict(sample.target),
        "split": sample.split,
        "cluster": sample.cluster,
        "slices": sample.slices,
        "difficulty": sample.difficulty,
    }
    return row


def trial_outcome(error: Errored | None, scores: Mapping[str, Outcome]) -> dict[str, Any]:
    """`outcome` of a trial with its reason: errored before unscored before scored.

    A trial is unscored if a scorer should have had a verdict and none has one; scorers with nothing to say don't count.
    """
    failed = error or next((s for s in scores.values() if isinstance(s, Errored)), None)
    if failed:
        return {"outcome": "errored", "error": {"class": failed.error_class, "message": failed.message}}
    unscored = [score for score in scores.values() if isinstance(score, Unscored)]
    if unscored and not any(isinstance(score, Scored) for score in scores.values()):
        return {"outcome": "unscored", "reason": unscored[0].reason}
    return {"outcome": "scored"}


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """One score as JSON."""
    match outcome:
        case Scored(value):
            return {"outcome": "scored", "value": dict(value)}
        case NotApplicable(reason):
            return {"outcome": "not_applicable", "reason": reason}
        case Unscored(reason):
            return {"outcome": "unscored", "reason": reason}
        case Errored(error_class, message):
            return {"outcome": "errored", "error": {"class": error_class, "message": message}}


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """The score that `outcome_row` wrote."""
    match row["outcome"]:
        case "scored":
            return Scored(row["value"])
        case "not_applicable":
            return NotApplicable(row["reason"])
        case "unscored":
            return Unscored(row["reason"])
        case _:
            return Errored(row["error"]["class"], row["error"]["message"])


def _output(output: Output) -> dict[str, Any]:
    value = asdict(output)
    del value["trace"]
    return value
