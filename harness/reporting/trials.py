"""A journal row as the analyses read it: what was expected, what was answered, what it cost.

Scorers are told apart by what stands in their verdicts, never by import, and a run of another suite may have none of
them: every figure that is missing, not scored or of another type is None.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.errors import one_line

Row = Mapping[str, Any]

_LENGTHS = (150, 600, 2_000, 5_000)
"""Most characters of each band of lengths; about 25, 100, 350 and 900 words of English."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The figures of one journal row.

    `expected` None means that no label fits, `given` None that there was no answer; both are only meant where
    `judged`, that is, where a scorer held an answer against a label. `problem` names why there is no score.
    """

    sample_id: str
    trial: int
    outcome: str
    judged: bool = False
    expected: str | None = None
    given: str | None = None
    correct: bool | None = None
    action: str | None = None
    cost: float | None = None
    confidence: float | None = None
    confident_correct: bool | None = None
    failure: str | None = None
    problem: str | None = None
    why: str = ""
    slices: tuple[str, ...] = ()
    difficulty: str | None = None
    language: str | None = None
    length: str | None = None

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """(group, name) of each slice that the trial is in: its tags, difficulty, language and length."""
        tags = [("slice", tag) for tag in dict.fromkeys(self.slices)]
        others = (("difficulty", self.difficulty), ("language", self.language), ("length", self.length))
        return (*tags, *((group, name) for group, name in others if name))

    @property
    def mistake(self) -> bool:
        """A wrong answer or none; where nothing says so, a ticket that was routed at a cost."""
        if self.failure is not None:
            return True
        if self.correct is not None:
            return not self.correct
        return self.action == "route" and bool(self.cost)

    @property
    def labelled(self) -> bool:
        """Whether the trial is about a label at all; else `expected` and `given` say nothing."""
        return self.judged or self.expected is not None or self.given is not None

    @property
    def status(self) -> str:
        """One word: errored, unscored, failed, wrong, right, or scored where no scorer calls it right or wrong."""
        if self.outcome != "scored":
            return self.outcome
        if self.mistake:
            return "wrong" if self.failure is None else "failed"
        return "right" if self.correct or self.judged else "scored"

    @property
    def rank(self) -> tuple[int, float, str, int]:
        """Sorts trials by how much they deserve a look: mistakes by cost, then those without a score, then the rest."""
        group = 0 if self.mistake else 1 if self.outcome != "scored" else 2
        return group, -(self.cost or 0.0), self.sample_id, self.trial


def read_trial(row: Row) -> Trial:
    """The figures of a journal row."""
    scores = mapping(row.get("scores"))
    output, sample = mapping(row.get("output")), mapping(row.get("sample"))
    routing, cost = verdict(scores, "routing"), verdict(scores, "cost")
    judged = routing if "expected" in routing else cost if "expected" in cost else None
    labels = judged if judged is not None else {**mapping(sample.get("target")), "given": output.get("label")}
    calibration = verdict(scores, "calibration")
    confidence = finite(calibration.get("confidence"))
    return Trial(
        sample_id=str(row.get("sample_id")),
        trial=int(row.get("trial") or 0),
        outcome=str(row.get("outcome")),
        judged=judged is not None,
        expected=text(labels.get("expected" if judged is not None else "label")),
        given=text(labels.get("given")),
        correct=_correct(scores),
        action=text(cost.get("action")) or text(output.get("action")),
        cost=finite(cost.get("cost")),
        confidence=confidence if confidence is not None and 0 <= confidence <= 1 else None,
        confident_correct=truth(calibration.get("correct")),
        failure=text(mapping(output.get("failure")).get("kind")),
        problem=_problem(row),
        why=_why(output),
        slices=tuple(str(tag) for tag in sequence(sample.get("slices"))),
        difficulty=text(sample.get("difficulty")),
        language=_language(mapping(sample.get("input"))),
        length=_length(mapping(sample.get("input"))),
    )


def _language(given: Row) -> str | None:
    """The language of a ticket's locale, without its region."""
    locale = text(given.get("locale"))
    return re.split("[-_]", locale)[0].lower() if locale else None


def _length(given: Row) -> str | None:
    """The band of characters that what somebody wrote falls into."""
    written = text(given.get("guest_message")) or text(given.get("text"))
    if written is None:
        return None
    below = 0
    for most in _LENGTHS:
        if len(written) <= most:
            return f"{below + 1:,} to {most:,} characters"
        below = most
    return f"over {below:,} characters"


def verdict(scores: Row, scorer: str) -> Row:
    """What a scorer found, or nothing where it didn't score."""
    score = mapping(scores.get(scorer))
    return mapping(score.get("value")) if score.get("outcome") == "scored" else {}


def mapping(value: Any) -> Row:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """`value` where it is an array, else an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def text(value: Any) -> str | None:
    """`value` where it is a string."""
    return value if isinstance(value, str) else None


def truth(value: Any) -> bool | None:
    """`value` where it is true or false."""
    return value if isinstance(value, bool) else None


def finite(value: Any) -> float | None:
    """`value` where it is a finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= sys.float_info.max else None


def _correct(scores: Row) -> bool | None:
    """What routing says; else whether every scorer that calls the answer correct, or passes it, does so."""
    routing = truth(verdict(scores, "routing").get("correct"))
    if routing is not None:
        return routing
    found = [truth(verdict(scores, name).get(key)) for name in scores for key in ("correct", "passed")]
    told = [one for one in found if one is not None]
    return all(told) if told else None


def _problem(row: Row) -> str | None:
    if row.get("outcome") == "errored":
        return str(mapping(row.get("error")).get("class") or "unknown")
    return str(row.get("reason") or "no reason given") if row.get("outcome") == "unscored" else None


def _why(output: Row) -> str:
    """The first claim with its citations; for a failed answer, how it failed; without either, the answer itself."""
    failure = mapping(output.get("failure"))
    if failure:
        return one_line(f"{failure.get('kind')}: {failure.get('message')}")
    for claim in sequence(output.get("rationale")):
        cited = "".join(f" [{citation}]" for citation in sequence(mapping(claim).get("citations")))
        return one_line(f"“{mapping(claim).get('text', '')}”{cited}")
    if output.get("value") is not None:
        return one_line(f"answered {json.dumps(output['value'], ensure_ascii=False)}")
    return one_line(str(output.get("why") or ""))
