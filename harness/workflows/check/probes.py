"""Probes of the scorers: gold answers must reach what a scorer declares as its best, and no answer its `noop`.

A scorer that misses either would grade every agent wrong. Users' own functions declare nothing and aren't probed.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from harness.build.functions import import_function
from harness.build.plan import scorer_context
from harness.core.errors import UsageError
from harness.core.protocols import Scorer, SolverInput
from harness.core.types import Errored, Evidence, Failure, Metric, Output, Sample, ScoreRow, Trace, Unscored
from harness.corpus import Corpus
from harness.evaluation import execute
from harness.scorers import make_scorer
from harness.stats import Estimator
from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material

_TOLERANCE = 1e-9
_RESAMPLES = 200  # only values are held to what is declared, never intervals

NOOP = Output(action="review", failure=Failure("malformed", "no answer"))
"""What a solver gives that never answers."""

Probe = Literal["gold", "noop"]


class _Fixed:
    """A solver that gives the output laid down for each sample."""

    name = "probe"

    def __init__(self, outputs: Mapping[str, Output]) -> None:
        self._outputs = outputs

    async def __call__(self, item: SolverInput) -> Output:
        return self._outputs[item.id]


def probe_suite(material: Material, *, sound: Sequence[Sample]) -> Iterator[Finding]:
    """Probe the suite's built-in scorers with `sound`: samples of unique ids that have no finding of their own."""
    if material.taxonomy is None and material.suite.taxonomy is not None:
        return
    suite, at = material.suite, material.at("scorers")
    estimator = Estimator(seed=suite.seed, resamples=_RESAMPLES)
    context = scorer_context(suite, taxonomy=material.taxonomy, corpus=material.corpus, estimator=estimator)
    find = partial(import_function, folder=suite.path.parent, where=str(suite.path))
    scorers: list[Scorer] = []
    for entry in suite.scorers:
        if _is_function(entry):
            continue
        try:
            scorers.append(make_scorer(entry, context=context, import_function=find))
        except UsageError as error:
            yield material.blame(error, key="scorers")
    labels = material.taxonomy.ids if material.taxonomy is not None else ()
    gold = {sample.id: gold_output(sample, labels=labels, corpus=material.corpus) for sample in sound}
    yield from probe_scorers(scorers, sound, outputs=gold, probe="gold", at=at)
    yield from probe_scorers(scorers, sound, outputs=dict.fromkeys(gold, NOOP), probe="noop", at=at)


def own_functions(material: Material) -> list[str]:
    """The suite's `module:function` scorers, which are not probed."""
    entries = [entry for entry in material.suite.scorers if _is_function(entry)]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def gold_output(sample: Sample, *, labels: Sequence[str], corpus: Corpus) -> Output:
    """The right answer to a sample, with the gold evidence as all that it looked at."""
    target = sample.target
    nothing_fits = target.label is None and target.value is None
    return Output(
        label=target.label,
        value=target.value,
        probabilities={label: float(label == target.label) for label in labels} if target.label else None,
        rationale=target.rationale or None,
        action="review" if nothing_fits else "route",
        trace=Trace(evidence=tuple(_evidence(target.clauses, target.incidents, corpus))),
    )


def probe_scorers(
    scorers: Sequence[Scorer], samples: Sequence[Sample], *, outputs: Mapping[str, Output], probe: Probe, at: str
) -> Iterator[Finding]:
    """Score each sample's output and hold every scorer to what it declares; `at` is where the suite names them."""
    results = asyncio.run(execute(samples, solver=_Fixed(outputs), scorers=scorers, journal=None))
    by_id = {sample.id: sample for sample in samples}
    for scorer in scorers:
        rows = results.rows[scorer.name]
        failed = _failures(rows, probe)
        if failed:
            yield _failure(scorer, failed[0], sample=by_id[failed[0].sample_id], probe=probe)
        else:
            yield from _mismatches(scorer, _judged(rows, by_id, probe), by_id=by_id, probe=probe, at=at)


def _is_function(entry: str | Mapping[str, object]) -> bool:
    return any(":" in name for name in ([entry] if isinstance(entry, str) else entry))


def _evidence(clauses: Sequence[str], incidents: Sequence[str], corpus: Corpus) -> Iterator[Evidence]:
    kinds: list[tuple[Literal["policy", "incident"], Sequence[str]]] = [("policy", clauses), ("incident", incidents)]
    for kind, citations in kinds:
        for citation in citations:
            found = corpus.describe(citation)
            if found is not None:
                yield Evidence(id=citation, kind=kind, title=found[0], text=found[1], score=1.0)


def _failures(rows: Sequence[ScoreRow], probe: Probe) -> list[ScoreRow]:
    """Rows without a verdict: a scorer must manage gold answers, and may only leave a failed answer unscored."""
    kinds = Errored | Unscored if probe == "gold" else Errored
    return [row for row in rows if isinstance(row.outcome, kinds)]


def _failure(scorer: Scorer, row: ScoreRow, *, sample: Sample, probe: Probe) -> Finding:
    outcome = row.outcome
    why = outcome.message if isinstance(outcome, Errored) else getattr(outcome, "reason", "")
    message = f"scorer {scorer.name!r} gives no verdict on the {probe} answer to sample {sample.id!r}: {why}"
    return finding(sample.at, rule=probe, message=message)


def _judged(rows: Sequence[ScoreRow], by_id: Mapping[str, Sample], probe: Probe) -> list[ScoreRow]:
    """What `best` is declared over: samples that have a right label or value. Where none has, a review isn't free."""
    if probe == "noop":
        return list(rows)
    targets = {row.sample_id: by_id[row.sample_id].target for row in rows}
    return [row for row in rows if targets[row.sample_id].label is not None or targets[row.sample_id].value is not None]


def _mismatches(
    scorer: Scorer, rows: Sequence[ScoreRow], *, by_id: Mapping[str, Sample], probe: Probe, at: str
) -> Iterator[Finding]:
    if not rows:
        return
    declared = scorer.best if probe == "gold" else scorer.noop
    metrics = _metrics(scorer, rows)
    for name, expected in declared.items():
        metric = metrics.get(name)
        if metric is None:
            yield finding(at, rule=probe, message=f"scorer {scorer.name!r} declares {name}, and gives no such metric")
        elif not _holds(metric, expected, probe):
            first = next((row for row in rows if not _holds_alone(scorer, row, name, expected, probe)), rows[0])
            sample = by_id[first.sample_id]
            message = (
                f"scorer {scorer.name!r}: {name} is {_shown(metric.value)} on {probe} answers, expected "
                f"{_shown(expected)}; first at sample {sample.id!r}"
            )
            yield finding(sample.at, rule=probe, message=message)


def _metrics(scorer: Scorer, rows: Sequence[ScoreRow]) -> dict[str, Metric]:
    return {metric.name: metric for metric in scorer.metrics(rows) if metric.label is None}


def _holds(metric: Metric, expected: float | None, probe: Probe) -> bool:
    """Whether a metric is as declared. One that had nothing to judge is; None claims nothing of gold answers."""
    if expected is None:
        return probe == "gold" or metric.value is None
    if metric.value is None:
        return metric.n_scored + metric.n_unscored + metric.n_errored == 0
    return abs(metric.value - expected) <= _TOLERANCE


def _holds_alone(scorer: Scorer, row: ScoreRow, name: str, expected: float | None, probe: Probe) -> bool:
    metric = _metrics(scorer, [row]).get(name)
    return metric is None or _holds(metric, expected, probe)


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"
