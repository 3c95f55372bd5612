"""Power of a suite: from an earlier comparison, from one run, or from shares of pairs that might differ."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.build.plan import Plan, planned
from harness.core.errors import UsageError
from harness.evaluation import Basis, PowerPlan, RecordedRun, RecordedTrial, read_run, show
from harness.evaluation.gates import largest_difference
from harness.stats import cluster_design_effect, design_effect
from harness.workflows.compare import DECIDES, check_metric, compare

_DISCORDANCE = (0.05, 0.1, 0.2, 0.3)
_ALIKE = 0.3
_SHARE = "right or wrong"


def plan_power(
    suite: Path,
    *,
    runs: Sequence[Path] = (),
    metric: str | None = None,
    difference: float | None = None,
    samples: int | None = None,
    power: float = 0.8,
    discordance: float | None = None,
) -> PowerPlan:
    """Which difference `suite`'s samples (or `samples` of them) can show in pairs, with chance `power`.

    `runs` is one run, two runs over the same samples, or the folder of `harness ab`; without any, shares of pairs that
    might differ are gone through. Raises UsageError for what doesn't go together or can't be read.
    """
    plan = planned(suite)
    level = plan.suite.level
    if not 1 - level < power < 1:
        raise UsageError(f"a power of {power!r}", where="--power", fix=f"give a chance between {1 - level:g} and 1")
    if difference is not None and not 0 < difference < float("inf"):
        raise UsageError(f"a difference of {difference!r}", where="--difference", fix="give a number above 0")
    if runs and discordance is not None:
        raise UsageError("the runs tell how many pairs differ", where="--discordance", fix="leave it or --from out")
    sizes = Counter(sample.cluster or sample.id for sample in plan.samples)
    notes: list[str]
    if runs:
        bases, notes = _from_runs(_folders(runs), metric, one=difference is not None, trials=plan.suite.trials)
    else:
        bases, notes = _from_shares(discordance, metric, sizes=[*sizes.values()])
    for basis in bases:
        if difference is not None and basis.largest is not None and difference > basis.largest:
            what = f"{basis.metric} can't differ by {difference:g}"
            raise UsageError(what, where="--difference", fix="give a share, e.g. 0.05 for 5 points")
    n = samples if samples is not None else len(plan.samples)
    n_clusters = max(1, round(len(sizes) * n / len(plan.samples)))
    return PowerPlan(
        suite=plan.suite.name,
        word=_word(plan),
        n=n,
        n_clusters=n_clusters,
        level=level,
        power=power,
        difference=difference,
        shown=tuple(
            show(basis, n=n, n_clusters=n_clusters, level=level, power=power, difference=difference) for basis in bases
        ),
        notes=tuple(notes),
    )


def _word(plan: Plan) -> str:
    kind = "ticket" if plan.suite.input == "ticket" else "sample"
    return f"{plan.suite.split} {kind}" if plan.suite.split else kind


def _folders(runs: Sequence[Path]) -> list[Path]:
    """One or two run folders; a single folder of `harness ab` is its two."""
    if len(runs) == 1 and (runs[0] / "a" / "manifest.json").is_file():
        return [runs[0] / "a", runs[0] / "b"]
    if len(runs) > 2:
        raise UsageError(f"{len(runs)} runs were given", where="--from", fix="give one, or two to compare")
    return [*runs]


def _from_shares(
    discordance: float | None, metric: str | None, *, sizes: Sequence[int]
) -> tuple[list[Basis], list[str]]:
    """Shares of pairs that might differ, with the eval set's clusters as if independent, and alike."""
    if metric is not None:
        raise UsageError(
            f"without a run nothing is known of {metric!r}", where="--metric", fix="give an earlier run with --from"
        )
    shares = _DISCORDANCE if discordance is None else (discordance,)
    effects = [1.0] if max(sizes) == 1 else [1.0, cluster_design_effect(sizes, _ALIKE)]
    bases = [
        Basis(_SHARE, "", share, None, effect, 1.0, f"{share:.3g} of the pairs differ")
        for share in shares
        for effect in effects
    ]
    notes = ["for any metric that is right or wrong; an earlier run (--from) tells how many pairs differ, and of money"]
    if len(effects) > 1:
        notes.append(
            f"a design effect of 1 takes samples of a cluster as unrelated, {effects[1]:.3g} as alike (icc {_ALIKE})"
        )
    return bases, notes


def _from_runs(folders: Sequence[Path], metric: str | None, *, one: bool, trials: int) -> tuple[list[Basis], list[str]]:
    """Bases of the metrics of earlier runs; only the deciding one where a difference was asked about."""
    recorded = read_run(folders[0])
    names = [name for name, found in recorded.metrics.items() if found.fact]
    check_metric(metric, names, where=recorded.path / "metrics.json")
    chosen = [name for name in (DECIDES if metric is None else (metric,)) if name in names] or names[:2]
    chosen = chosen[:1] if one else chosen
    if len(folders) == 2:
        return _from_pair(folders, chosen)
    rows = recorded.trials(chosen)
    if any(row.trial for row in rows):
        bases = [_from_trials(recorded, name, rows, trials=trials) for name in chosen]
        what = "from the run's own trials: what chance alone does; two prompts differ by more, so this is hopeful"
        return [basis for basis in bases if basis is not None], [what, *_missing(chosen, bases)]
    bases = [_from_one(recorded, name, rows) for name in chosen]
    what = (
        "from one run: as if the errors of A and B were unrelated, which is cautious; two runs tell more (--from twice)"
    )
    return [basis for basis in bases if basis is not None], [what, *_missing(chosen, bases)]


def _missing(names: Sequence[str], bases: Sequence[Basis | None]) -> list[str]:
    return [
        f"{name} does not vary in it, so nothing is known of its differences; try --discordance without --from"
        for name, basis in zip(names, bases, strict=True)
        if basis is None
    ]


def _from_pair(folders: Sequence[Path], names: Sequence[str]) -> tuple[list[Basis], list[str]]:
    """The differences that were seen between two runs, clusters in their error."""
    comparison = compare(folders[0], folders[1])
    bases: list[Basis | None] = []
    for name in names:
        found = next((one for one in comparison.metrics if one.name == name), None)
        gap = found.difference if found is not None else None
        if found is None or gap is None or not gap.standard_error:
            bases.append(None)
            continue
        largest = largest_difference([found.a or 0.0, found.b or 0.0], unit=found.unit)
        share = gap.n_differ / gap.n
        bases.append(Basis(name, found.unit, share, gap.standard_error**2 * gap.n, 1.0, largest, "two runs"))
    what = f"from the pairs of {comparison.a.path} and {comparison.b.path}, their clusters included"
    return [basis for basis in bases if basis is not None], [what, *_missing(names, bases)]


def _figures(run: RecordedRun, name: str, rows: Sequence[RecordedTrial]) -> Mapping[str, list[float]]:
    """A metric's figures by sample."""
    fact = run.metrics[name].fact or ""
    found: dict[str, list[float]] = {}
    for row in rows:
        if fact in row.facts:
            found.setdefault(row.sample_id, []).append(float(row.facts[fact]))
    return found


def _from_trials(run: RecordedRun, name: str, rows: Sequence[RecordedTrial], *, trials: int) -> Basis | None:
    """Twice the variance within a sample, over the trials that the suite runs: two runs that differ by chance."""
    figures = _figures(run, name, rows)
    within = [statistics.variance(each) for each in figures.values() if len(each) > 1]
    variance = 2 * statistics.fmean(within) / trials if within else 0.0
    if not variance:
        return None
    values = [value for each in figures.values() for value in each]
    unit, largest = run.metrics[name].unit, largest_difference(values, unit=run.metrics[name].unit)
    binary = set(values) <= {0.0, 1.0}
    return Basis(name, unit, 2 * statistics.fmean(within) if binary else None, variance, 1.0, largest, "own trials")


def _from_one(run: RecordedRun, name: str, rows: Sequence[RecordedTrial]) -> Basis | None:
    """Twice the variance between samples, with the run's own design effect: A and B as if unrelated."""
    figures = _figures(run, name, rows)
    clusters = {row.sample_id: row.cluster for row in rows}
    values = [each[0] for each in figures.values()]
    names = [clusters[id] for id in figures]
    if len(set(names)) < 2 or len(set(values)) < 2:
        return None
    unit = run.metrics[name].unit
    effect = max(1.0, design_effect(values, names) or 1.0)
    largest = largest_difference(values, unit=unit)
    if set(values) == {0.0, 1.0}:
        p = statistics.fmean(values)
        return Basis(name, unit, 2 * p * (1 - p), None, effect, largest, "one run")
    return Basis(name, unit, None, 2 * statistics.variance(values), effect, largest, "one run")
