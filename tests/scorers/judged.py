"""Verdicts and metrics of a scorer over answers written down in a test."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.core.protocols import Scorer
from harness.core.taxonomy import Taxonomy
from harness.core.types import Failure, Metric, Outcome, Output, Sample, Scored, ScoreRow, Target
from harness.stats import Estimator
from tests.world import TAXONOMY

HARBOUR = Taxonomy.model_validate(TAXONOMY)
ESTIMATOR = Estimator(seed=1, resamples=200)
FAILED = Output(failure=Failure("refusal", "I can't help with that."), action="review")


def sample(label: str | None = "oil_spill", *, id: str = "t-1", input: Any = None, **target: Any) -> Sample:
    """A sample with a target."""
    return Sample(id=id, input=input, target=Target(label=label, **target), cluster=id, at="samples.jsonl:1")


def verdict(scorer: Scorer, sample: Sample, output: Output) -> Outcome:
    """What a synchronous scorer says."""
    outcome = scorer.score(sample, output)
    assert isinstance(outcome, Outcome)
    return outcome


def value(scorer: Scorer, sample: Sample, output: Output) -> Mapping[str, Any]:
    """The facts of a verdict."""
    outcome = verdict(scorer, sample, output)
    assert isinstance(outcome, Scored), outcome
    return outcome.value


def metrics(scorer: Scorer, judged: Iterable[tuple[Target | str | None, Output]]) -> list[Metric]:
    """All metrics over (target or its label, answer)."""
    rows: list[ScoreRow] = []
    for number, (target, output) in enumerate(judged):
        id = f"s-{number:03}"
        made = Sample(id, None, target if isinstance(target, Target) else Target(target), cluster=id)
        rows.append(ScoreRow(id, 0, id, verdict(scorer, made, output)))
    return list(scorer.metrics(rows))


def headlines(found: Sequence[Metric]) -> dict[str, Metric]:
    """Metrics of the whole set by name."""
    return {metric.name: metric for metric in found if metric.label is None}


def of_label(found: Sequence[Metric], name: str, label: str) -> Metric:
    """One metric of one label."""
    return next(metric for metric in found if (metric.name, metric.label) == (name, label))
