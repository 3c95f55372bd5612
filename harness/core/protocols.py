"""What a solver, a scorer and an answer key are, so that runner, agents and scorers never name each other."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from harness.core.types import Metric, Outcome, Output, Sample, ScoreRow


class SolverInput(Protocol):
    """What a solver may see of a sample."""

    @property
    def id(self) -> str:
        """The sample's id."""
        ...

    @property
    def input(self) -> object:
        """The sample's input, as it stands in the eval set."""
        ...

    @property
    def trial(self) -> int:
        """Number of the repetition, from 0."""
        ...

    @property
    def seed(self) -> int:
        """For what is drawn at random; the same in any order of samples."""
        ...


class Solver(Protocol):
    """Turns a sample's input into an Output; it never gets the target."""

    name: str

    async def __call__(self, item: SolverInput) -> Output:
        """Answer one item.

        Raises InfrastructureError where the provider failed; a model's own failure is an Output with `failure` set.
        """
        ...


class Scorer(Protocol):
    """Judges one Output, and makes metrics of many verdicts.

    `version` is part of the score key: raise it when a verdict changes. `harness check` holds the scorer to what it
    declares: `best` is each metric's value for gold answers, over the samples with a label or a value to give (None
    claims nothing); `noop` its value for a solver that fails on every sample (None is undefined).
    """

    name: str
    version: str
    best: Mapping[str, float | None]
    noop: Mapping[str, float | None]

    def score(self, sample: Sample, output: Output) -> Outcome | Awaitable[Outcome]:
        """The verdict on one output."""
        ...

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """The aggregates of many verdicts."""
        ...
