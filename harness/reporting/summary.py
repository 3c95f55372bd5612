"""What terminal and HTML both say about a run, in words: its head, its warnings, its headline figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from harness.core.types import Metric
from harness.evaluation import Run
from harness.reporting.analyses import Errors
from harness.reporting.text import count, metric_value
from harness.reporting.trials import finite, mapping

PRIMARY = ("routing.accuracy", "cost.per_ticket")
NO_LABEL = "(no label fits)"
NO_ANSWER = "(no answer)"
_LABEL_TITLES = {"f1": "F1", "per_label": "cost per ticket"}
MARKS = {"pass": "✔", "fail": "✘", "inconclusive": "?"}

Tone = Literal["good", "bad", "unsure"]
_CHILDREN = {"cost.high_risk_missed": "high-risk missed", "cost.high_risk_false": "high-risk raised falsely"}


@dataclass(frozen=True, slots=True)
class Line:
    """One headline metric; `parent` is set where it explains the metric above it. `notes` are short texts."""

    metric: Metric
    name: str
    parent: bool
    notes: tuple[str, ...]


def head(run: Run) -> list[str]:
    """Suite, solver, model, prompt and what was run, each a short text: `reader (offline)`, `48 test tickets`."""
    info, suite = run.info, mapping(run.manifest.get("suite"))
    solver, model = str(info["solver"]), info.get("model")
    parts = [str(info["suite"])]
    parts += [solver] if solver != info["suite"] else []
    if model and not solver.startswith("baseline:"):
        parts.append("reader (offline)" if model == "reader" else str(model))
    parts += [str(info["prompt"])] if info.get("prompt") else []
    parts.append(sample_count(run))
    as_of = mapping(suite.get("retrieval")).get("as_of")
    dated = suite.get("input") == "ticket" and as_of is not None and solver == "triage"
    return parts + (["as of each ticket's date" if as_of == "created_at" else f"as of {as_of}"] if dated else [])


def sample_count(run: Run) -> str:
    """`48 test tickets`, with `× 3 trials` where each was run more than once."""
    word = "ticket" if mapping(run.manifest.get("suite")).get("input") == "ticket" else "sample"
    split, trials = run.info.get("split"), run.info["trials"]
    return count(run.info["n_samples"], f"{split} {word}" if split else word) + (
        f" × {trials} trials" if trials > 1 else ""
    )


def warnings(run: Run) -> list[str]:
    """What must be known before any figure is read."""
    info, found = run.info, []
    if info["interrupted"]:
        why = f": {info['stopped']}" if info.get("stopped") else ""
        found.append(f"INTERRUPTED after {info['done']:,} of {count(info['n_trials'], 'trial')}{why}")
    if info["simulated"]:
        found.append("SIMULATED: the answers come from a simulation with planted flaws, not from a model")
    return found


def coverage(run: Run, errors: Errors) -> list[str]:
    """Coverage below its floor, and what was not scored or failed, by class; empty where all is well."""
    info, found = run.info, []
    share, floor = finite(info.get("coverage")), finite(info.get("coverage_floor"))
    if share is not None and floor is not None and share < floor:
        found.append(f"coverage {share:.3g} is below its floor {floor:.3g}")
    for title, classes in (
        ("errored", errors.errored),
        ("unscored", errors.unscored),
        ("failed by the model, counted as wrong", errors.failures),
    ):
        if classes:
            found.append(f"{sum(n for _, n in classes):,} {title}: {by_class(classes)}")
    return found


def calls(run: Run) -> list[str]:
    """How the model was asked: calls and attempts, who answered, the form of its answers; empty without a model."""
    totals, model = mapping(run.info.get("calls")), mapping(run.manifest.get("model"))
    if not totals:
        return []
    made = count(totals.get("calls", 0), "model call")
    attempts, failed = totals.get("attempts", 0), mapping(totals.get("failed_attempts"))
    if failed:
        made += f" in {attempts:,} attempts ({by_class(list(failed.items()))} failed)"
    found, sources = [made], mapping(totals.get("answered_by"))
    if set(sources) - {"model"}:
        found.append(f"answered by {by_class(list(sources.items()))}")
    forms = mapping(totals.get("structured_output"))
    if forms:
        found.append(f"answers by {' and '.join(name.replace('_', ' ') for name in forms)}")
    if model.get("probabilities"):
        found.append(f"probabilities {model['probabilities']}")
    return found


def by_class(classes: Sequence[tuple[str, int]]) -> str:
    """`rate_limit 2, timeout 1`."""
    return ", ".join(f"{name} {n:,}" for name, n in classes)


def lines(run: Run) -> list[Line]:
    """The headline metrics in order; a metric's `…_cost` companion becomes a note of it."""
    metrics = [metric for metric in run.metrics if metric.label is None]
    names = {metric.name for metric in metrics}
    companions = {metric.name.removesuffix("_cost"): metric for metric in metrics if metric.name.endswith("_cost")}
    folded = {companion.name for name, companion in companions.items() if name in names}
    return [
        Line(
            metric=metric,
            name=_CHILDREN.get(metric.name, metric.name),
            parent=metric.name in _CHILDREN,
            notes=tuple(_notes(metric, run, companions.get(metric.name))),
        )
        for metric in metrics
        if metric.headline and metric.name not in folded
    ]


def primary(run: Run) -> list[Metric]:
    """Accuracy and cost; in a run that has neither, its first two headline metrics."""
    named = {metric.name: metric for metric in run.metrics if metric.label is None}
    found = [named[name] for name in PRIMARY if name in named]
    return found or [metric for metric in named.values() if metric.headline][:2]


def beside(metric: Metric, run: Run) -> list[str]:
    """The baselines' values of a metric: `keyword 0.61`."""
    return [
        f"{name} {metric_value(other)}"
        for name, others in run.baselines.items()
        for other in others
        if other.name == metric.name and other.label is None
    ]


def _notes(metric: Metric, run: Run, companion: Metric | None) -> Iterator[str]:
    if metric.value is None:
        yield metric.reason or "undefined"
    if metric.detail:
        yield metric.detail
    if companion is not None:
        yield metric_value(companion)
    if metric in primary(run):
        yield from beside(metric, run)


def counts(metric: Metric) -> str:
    """Trials scored, unscored and errored under a metric: `113/2/8`."""
    return f"{metric.n_scored:,}/{metric.n_unscored:,}/{metric.n_errored:,}"


def conclusion(run: Run) -> tuple[Tone, str]:
    """The run's answer in one sentence, worst news first."""
    verdicts = [gate.verdict for gate in run.gates]
    failed, unsure = verdicts.count("fail"), verdicts.count("inconclusive")
    if run.info["interrupted"]:
        return "bad", "The run was interrupted; the figures are of what was finished."
    share = run.info["coverage"]
    if share is not None and share < run.info["coverage_floor"]:
        return "bad", "Too few trials were scored to trust the figures."
    if failed:
        return "bad", f"{failed} of {count(len(verdicts), 'gate')} failed."
    if unsure:
        return "unsure", f"Too little data to decide {unsure} of {count(len(verdicts), 'gate')}."
    if not verdicts:
        return "unsure", "No gates: nothing was asked of these figures."
    return "good", "The gate passed." if len(verdicts) == 1 else f"All {len(verdicts)} gates passed."


def when(started_at: str | None) -> str:
    """An ISO moment as `2026-11-24 05:40 UTC`; a text that is none stays as it is."""
    try:
        moment = datetime.fromisoformat(started_at or "")
    except ValueError:
        return started_at or ""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment.tzinfo else f"{moment:%Y-%m-%d %H:%M}"


def duration(seconds: float | None) -> str:
    """`41 s`, `3 min 20 s`, `1 h 4 min`."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def expected_name(label: str | None) -> str:
    """An expected label, or that none fits."""
    return NO_LABEL if label is None else label


def given_name(label: str | None) -> str:
    """A given label, or that there was no answer."""
    return NO_ANSWER if label is None else label


def label_title(name: str) -> str:
    """How a metric of single labels is headed: `routing.f1` is F1."""
    last = name.rpartition(".")[2]
    return _LABEL_TITLES.get(last, last)
