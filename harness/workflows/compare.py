"""Compare two finished runs over the same samples: which is better, by how much, and can the data tell."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.evaluation import Compared, Comparison, RecordedRun, RecordedTrial, Side, compare_metric, read_run
from harness.stats import Estimator

DECIDES = ("cost.per_ticket", "routing.accuracy")
"""Metrics that decide where none is named, the first that there is."""


def compare(
    run_a: Path | str, run_b: Path | str, *, metric: str | None = None, margin: float | None = None
) -> Comparison:
    """Compare the runs in two folders, B minus A.

    `metric` decides; default is the cost of a ticket, else accuracy, else the first that there are pairs for. `margin`
    is how much worse B may be, in that metric's unit. Raises UsageError where a folder is no finished run, and where the
    runs don't compare: another eval set, taxonomy, scorers, number of trials or set of samples.
    """
    check_margin(margin)
    a, b = read_run(Path(run_a)), read_run(Path(run_b))
    _refuse_unlike(a, b)
    names = [name for name, one in a.metrics.items() if one.fact and _same_metric(a, b, name)]
    check_metric(metric, names, where=b.path / "metrics.json")
    first, second = _same_trials(a, b, names)
    estimator = Estimator(
        seed=int(a.suite.get("seed", 0)),
        level=float(a.suite.get("level", 0.95)),
        resamples=int(a.suite.get("resamples", 2000)),
    )
    compared = tuple(compare_metric(a.metrics[name], first, second, estimator=estimator) for name in names)
    differs = _differing(a, b)
    name_a, name_b = _names(a, b)
    return Comparison(
        a=_side(a, name_a),
        b=_side(b, name_b),
        metrics=compared,
        others={
            name: (one.unit, one.value, b.metrics[name].value)
            for name, one in a.metrics.items()
            if name in b.metrics and name not in names
        },
        decision=metric or default_metric(compared),
        margin=margin,
        n_samples=len({trial.sample_id for trial in first}),
        trials=max((trial.trial + 1 for trial in first), default=0),
        word="ticket" if a.suite.get("input") == "ticket" else "sample",
        differs=differs,
    )


def check_margin(margin: float | None) -> None:
    """A margin is a number of at least 0."""
    if margin is not None and not (margin >= 0 and math.isfinite(margin)):
        raise UsageError(
            f"a margin of {margin!r}", where="--margin", fix="give how much worse B may be, a number of at least 0"
        )


def check_metric(metric: str | None, names: Sequence[str], *, where: Path | str) -> None:
    """There must be a metric to decide with, and the one that was named must be among them."""
    if not names:
        raise UsageError(
            "no metric that is a mean over samples, so nothing can be compared in pairs",
            where=where,
            fix="add a scorer such as routing, cost, exact or a function of your own, and run it again",
        )
    if metric is not None and metric not in names:
        raise UsageError(f"no metric {metric!r} to compare in pairs", where="--metric", fix=suggest(metric, [*names]))


def default_metric(compared: Sequence[Compared]) -> str:
    """The metric that decides where none was named."""
    paired = [one.name for one in compared if one.difference.n] or [one.name for one in compared]
    return next((name for name in DECIDES if name in paired), paired[0])


def _same_metric(a: RecordedRun, b: RecordedRun, name: str) -> bool:
    other = b.metrics.get(name)
    return other is not None and other.fact == a.metrics[name].fact


def _refuse_unlike(a: RecordedRun, b: RecordedRun) -> None:
    """What must be alike for pairs to be pairs, and for their figures to mean the same."""
    where = f"{a.path} and {b.path}"
    for key, what in (("eval_set", "versions of the eval set"), ("taxonomy", "taxonomies, so costs don't compare")):
        if a.hashes[key] != b.hashes[key]:
            raise UsageError(f"the runs are of different {what}", where=where, fix="run both again with the same files")
    theirs, ours = a.hashes["scorers"], b.hashes["scorers"]
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            versions = [_version(scorers, name) for scorers in (theirs, ours)]
            what = f"scorer {name!r} {versions[0]} in A and {versions[1]} in B"
            raise UsageError(what, where=where, fix="run both again with the same scorers")
    if a.suite["scorers"] != b.suite["scorers"]:
        raise UsageError(
            "the runs' scorers have different options", where=where, fix="run both again with the same scorers"
        )
    trials = [run.suite.get("trials") for run in (a, b)]
    if trials[0] != trials[1]:
        what = f"the number of trials a sample is {trials[0]} in A and {trials[1]} in B"
        raise UsageError(what, where=where, fix="run both with the same `trials`")


def _version(scorers: Mapping[str, Any], name: str) -> str:
    return f"has version {scorers[name]!r}" if name in scorers else "is missing"


def _same_trials(
    a: RecordedRun, b: RecordedRun, names: Sequence[str]
) -> tuple[Sequence[RecordedTrial], Sequence[RecordedTrial]]:
    """The trials of both journals, which must be of the same samples and numbers; A's order."""
    first = {(trial.sample_id, trial.trial): trial for trial in a.trials(names)}
    second = {(trial.sample_id, trial.trial): trial for trial in b.trials(names)}
    for mine, theirs, side in ((first, second, "A"), (second, first, "B")):
        ids = {id for id, _ in theirs}
        only = [id for id in dict.fromkeys(id for id, _ in mine) if id not in ids]
        trials = [key for key in mine if key not in theirs]
        if not trials:
            continue
        what = (
            f"{len(only)} sample{'s are' if len(only) > 1 else ' is'} only in {side}, e.g. {only[0]!r}"
            if only
            else f"{len(trials)} trial{'s are' if len(trials) > 1 else ' is'} only in {side}, e.g. {trials[0][1]} of "
            f"{trials[0][0]!r}"
        )
        fix = "run both to their end over the same samples (split, --limit, --sample-id)"
        raise UsageError(what, where=f"{a.path} and {b.path}", fix=fix)
    return [*first.values()], [second[key] for key in first]


def _parts(run: RecordedRun) -> dict[str, Any]:
    """What a run's answers were made from."""
    model = run.manifest.get("model")
    return {
        "prompt": run.hashes.get("prompt"),
        "model": model.get("id") if isinstance(model, dict) else None,
        "model parameters": model.get("parameters") if isinstance(model, dict) else None,
        "solver": run.suite.get("solver"),
        "corpora": run.hashes.get("corpora"),
        "retrieval": run.suite.get("retrieval"),
    }


def _differing(a: RecordedRun, b: RecordedRun) -> tuple[str, ...]:
    theirs = _parts(b)
    return tuple(name for name, part in _parts(a).items() if part != theirs[name])


def _names(a: RecordedRun, b: RecordedRun) -> tuple[str, str]:
    """What tells the sides apart, shortest first: prompt's name, model, solver, folder; "" for a run and itself."""

    def stem(run: RecordedRun) -> str:
        prompt = run.manifest.get("prompt")
        return Path(prompt).stem if isinstance(prompt, str) else ""

    def model(run: RecordedRun) -> str:
        return str(_parts(run)["model"] or "")

    pairs = [
        (stem(a), stem(b)),
        (str(a.manifest.get("prompt") or ""), str(b.manifest.get("prompt") or "")),
        (model(a), model(b)),
        (str(a.suite.get("solver")), str(b.suite.get("solver"))),
    ]
    if "prompt" in _differing(a, b) or "corpora" in _differing(a, b) or "retrieval" in _differing(a, b):
        pairs.append((a.path.name, b.path.name))
    return next(((x, y) for x, y in pairs if x != y and x and y), ("", ""))


def _side(run: RecordedRun, name: str) -> Side:
    coverage, floor = run.info.get("coverage"), run.info.get("coverage_floor")
    return Side(
        path=run.path,
        name=name,
        run_id=str(run.manifest.get("id", "")),
        coverage=coverage if isinstance(coverage, int | float) else None,
        coverage_floor=floor if isinstance(floor, int | float) else 0.0,
        simulated=run.info.get("simulated") is True,
    )
