"""Solvers and scorers that do what a test needs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.protocols import SolverInput
from harness.core.types import Metric, Outcome, Output, Sample, Scored, ScoreRow, Target


@dataclass
class Solver:
    """Calls a function of the input; counts how many are at work at once."""

    answer: Callable[[SolverInput], Output]
    name: str = "test"
    pause: float = 0.0
    at_once: int = 0
    most: int = 0
    seen: list[SolverInput] = field(default_factory=list)

    async def __call__(self, item: SolverInput) -> Output:
        self.seen.append(item)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.pause:
            await asyncio.sleep(self.pause)
        self.at_once -= 1
        return self.answer(item)


@dataclass
class Judge:
    """A scorer around a function."""

    judge: Callable[[Sample, Output], Outcome | Awaitable[Outcome]]
    name: str = "judge"
    version: str = "1"
    best: Mapping[str, float | None] = field(default_factory=dict)
    noop: Mapping[str, float | None] = field(default_factory=dict)

    def score(self, sample: Sample, output: Output) -> Outcome | Awaitable[Outcome]:
        return self.judge(sample, output)

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        return []


def samples(n: int) -> list[Sample]:
    """`n` samples whose input is their number."""
    return [Sample(f"s-{i:02}", i, Target("a"), cluster=f"c-{i}") for i in range(n)]


def fine(sample: Sample, output: Output) -> Outcome:
    """A verdict on anything."""
    return Scored({"label": output.label})
