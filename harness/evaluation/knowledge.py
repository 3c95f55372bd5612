"""The knowledge experiment's figures: the same tickets in several arms that know different policies, by week of change.

Every figure is computed from the arms' journals with the estimator of ordinary metrics, every difference in pairs over
the same tickets. A difference is shown where its interval leaves out 0 and its p-value is small enough after Holm's
adjustment over all pairs of arms of that metric.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from harness.core.version import SCHEMA_VERSION
from harness.evaluation.comparison import Compared, compare_metric
from harness.evaluation.gates import largest_difference
from harness.evaluation.journal import read_journal
from harness.evaluation.recorded import RecordedRun, RecordedTrial, read_run
from harness.stats import Estimate, Estimator, holm

MEASURES = (
    "routing.accuracy",
    "cost.per_ticket",
    "freshness.wrong_version",
    "freshness.gold_cited",
    "tokens.input",
    "freshness.clause_cited",
    "retrieval.clause_recall",
    "tokens.price",
)
"""Metrics that are shown, the first five by week too; the price only where a hosted model has one."""
WEEKLY = MEASURES[:5]
CRITERIA = MEASURES[:4]
"""What an arm may be shown worse in; of arms that aren't, the one with fewest tokens is advised."""

_CHEAP = "tokens.input"

Part = Literal["all", "before", "after", "moves", "week"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket stands to a policy change: its week's Monday, its side, and whether its pair's label moves."""

    week: date
    after: bool
    moves: bool


@dataclass(frozen=True)
class Arm:
    """One arm's finished run. `failures` are the model's own by class, `errors` the provider's; both count trials."""

    name: str
    title: str
    run: RecordedRun
    trials: Sequence[RecordedTrial]
    failures: Mapping[str, int]
    errors: Mapping[str, int]

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.run.path

    @property
    def failed(self) -> bool:
        """Whether no trial was answered."""
        return sum(self.failures.values()) + sum(self.errors.values()) == len(self.trials)


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of one arm over some tickets: an estimate over `n` trials that have a figure."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """Figures over a part of the tickets, by metric and arm. `n_pairs` counts clusters, `n` trials of one arm."""

    part: Part
    week: date | None
    n: int
    n_pairs: int
    figures: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class Gap:
    """B minus A in one metric; `p` is adjusted (Holm) for the number of pairs of arms."""

    metric: str
    a: str
    b: str
    compared: Compared
    p: float | None

    @property
    def better(self) -> str | None:
        """The arm that is shown to be better; None where neither is."""
        if self.compared.winner is None or self.p is None or self.p > 1 - self.compared.difference.level + 1e-12:
            return None
        return self.b if self.compared.winner == "b" else self.a


@dataclass(frozen=True, slots=True)
class Standing:
    """How the arms stand in one metric: the best, those shown worse than all of the best, those not told apart."""

    metric: str
    best: tuple[str, ...]
    worse: tuple[str, ...]
    open: tuple[str, ...]
    undefined: tuple[str, ...]


@dataclass(frozen=True)
class Knowledge:
    """The whole experiment. `frozen` is the day of the frozen index."""

    suite: str
    model: str
    prompt: str
    simulated: bool
    frozen: date
    level: float
    trials: int
    n_placed: int
    arms: tuple[Arm, ...]
    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]

    @property
    def whole(self) -> Row:
        """The row over all tickets."""
        return self.rows[0]

    @property
    def measures(self) -> tuple[str, ...]:
        """The metrics that there are."""
        return tuple(self.whole.figures)

    def gap(self, metric: str, a: str, b: str) -> Gap:
        """The difference between two arms, in the order in which it was computed."""
        return next(gap for gap in self.gaps if gap.metric == metric and {gap.a, gap.b} == {a, b})

    def standing(self, metric: str) -> Standing:
        """How the arms stand in one metric."""
        values = {arm: figure.value for arm, figure in self.whole.figures[metric].items()}
        known = {arm: value for arm, value in values.items() if value is not None}
        missing = tuple(arm for arm in values if arm not in known)
        if not known:
            return Standing(metric, (), (), (), missing)
        lower = self.arms[0].run.metrics[metric].lower_is_better
        top = min(known.values()) if lower else max(known.values())
        best = tuple(arm for arm, value in known.items() if value == top)
        rest = [arm for arm in known if arm not in best]
        worse = tuple(arm for arm in rest if all(self.gap(metric, arm, one).better == one for one in best))
        return Standing(metric, best, worse, tuple(arm for arm in rest if arm not in worse), missing)

    def beaten(self, arm: str) -> dict[str, list[str]]:
        """The criteria in which another arm is shown to be better, and which arms are."""
        found: dict[str, list[str]] = {}
        for gap in self.gaps:
            if gap.metric in CRITERIA and arm in (gap.a, gap.b) and gap.better not in (None, arm):
                found.setdefault(gap.metric, []).append(str(gap.better))
        return found

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """The arms with every figure that another arm isn't shown to be better than in any."""
        figures = self.whole.figures
        whole = [arm.name for arm in self.arms if all(figures[one][arm.name].value is not None for one in CRITERIA)]
        return tuple(arm for arm in whole if not self.beaten(arm))

    @property
    def advised(self) -> str | None:
        """Of the unbeaten arms the one with fewest input tokens; None where there is none, or tokens aren't known."""
        tokens = {arm: self.whole.figures[_CHEAP][arm].value for arm in self.unbeaten}
        if not tokens or any(value is None for value in tokens.values()):
            return None
        return min(tokens, key=lambda arm: tokens[arm] or 0.0)

    def to_json(self) -> dict[str, Any]:
        """The content of knowledge.json, but for the answer in words."""
        return {
            "schema_version": SCHEMA_VERSION,
            "suite": self.suite,
            "model": self.model,
            "prompt": self.prompt,
            "simulated": self.simulated,
            "frozen": self.frozen.isoformat(),
            "level": self.level,
            "trials": self.trials,
            "advised": self.advised,
            "arms": {arm.name: _arm(arm) for arm in self.arms},
            "rows": [asdict(row) | {"week": row.week.isoformat() if row.week else None} for row in self.rows],
            "differences": [_gap(gap) for gap in self.gaps],
        }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "title": arm.title,
        "path": str(arm.path),
        "n": len(arm.trials),
        "failures": dict(arm.failures),
        "errors": dict(arm.errors),
        "coverage": arm.run.info.get("coverage"),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    found = gap.compared.difference
    return {
        "metric": gap.metric,
        "a": gap.a,
        "b": gap.b,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "n_clusters": found.n_clusters,
        "method": found.method,
        "reason": found.reason,
        "p": found.p,
        "p_adjusted": gap.p,
        "better": gap.better,
    }


def read_arm(name: str, title: str, path: Path) -> Arm:
    """A finished arm from its folder; UsageError where it is none."""
    run = read_run(path)
    named = [metric for metric in MEASURES if metric in run.metrics and run.metrics[metric].fact]
    failures, errors = Counter[str](), Counter[str]()
    for row in read_journal(path / "samples.jsonl"):
        if row["outcome"] == "errored":
            errors[row["error"]["class"]] += 1
        elif row["output"]["failure"] is not None:
            failures[row["output"]["failure"]["kind"]] += 1
    return Arm(name, title, run, run.trials(named), dict(failures), dict(errors))


def weigh_up(
    arms: Sequence[Arm], *, places: Mapping[str, Place], frozen: date, estimator: Estimator, trials: int
) -> Knowledge:
    """All figures and differences of the arms, which ran the same trials. `places` may leave samples out."""
    info = arms[0].run.info
    measures = [name for name in MEASURES if all(name in arm.run.metrics for arm in arms)]
    parts: list[tuple[Part, date | None, set[str]]] = [("all", None, {trial.sample_id for trial in arms[0].trials})]
    ran = {id: place for id, place in places.items() if id in parts[0][2]}
    parts += [
        ("before", None, {id for id, place in ran.items() if not place.after}),
        ("after", None, {id for id, place in ran.items() if place.after}),
        ("moves", None, {id for id, place in ran.items() if place.moves}),
    ]
    weeks = sorted({place.week for place in ran.values()})
    parts += [("week", week, {id for id, place in ran.items() if place.week == week}) for week in weeks]
    return Knowledge(
        suite=str(info.get("suite")),
        model=str(info.get("model")),
        prompt=str(info.get("prompt")),
        simulated=any(arm.run.info.get("simulated") is True for arm in arms),
        frozen=frozen,
        level=estimator.level,
        trials=trials,
        n_placed=len(ran),
        arms=tuple(arms),
        rows=tuple(_row(arms, measures, part, estimator) for part in parts),
        gaps=tuple(gap for name in measures for gap in _gaps(arms, name, estimator)),
    )


def _row(
    arms: Sequence[Arm], measures: Sequence[str], part: tuple[Part, date | None, set[str]], estimator: Estimator
) -> Row:
    kind, week, ids = part
    chosen = {arm.name: [trial for trial in arm.trials if trial.sample_id in ids] for arm in arms}
    first = chosen[arms[0].name]
    figures = {
        name: {arm.name: _figure(arm, name, chosen[arm.name], estimator=estimator, seed=(kind, week)) for arm in arms}
        for name in measures
    }
    return Row(kind, week, len(first), len({trial.cluster for trial in first}), figures)


def _figure(
    arm: Arm,
    name: str,
    trials: Sequence[RecordedTrial],
    *,
    estimator: Estimator,
    seed: tuple[Part, date | None],
) -> Figure:
    """The estimate that the metric itself would be over these trials; over all of them it is the metric."""
    metric = arm.run.metrics[name]
    having = [trial for trial in trials if metric.fact in trial.facts]
    values = [float(trial.facts[metric.fact or ""]) for trial in having]
    clusters = [trial.cluster for trial in having]
    found: Estimate
    if largest_difference(values, unit=metric.unit) is not None:
        found = estimator.proportion(values, clusters)
    else:
        found = estimator.mean(values, clusters, name=name if seed[0] == "all" else f"{name} {seed}")
    return Figure(found.value, found.low, found.high, len(values), found.method, found.reason)


def _gaps(arms: Sequence[Arm], name: str, estimator: Estimator) -> list[Gap]:
    """Every pair of arms, later minus earlier, with p-values adjusted for there being so many pairs."""
    pairs = [
        (a, b, compare_metric(a.run.metrics[name], a.trials, _in_order(b, a), estimator=estimator))
        for a, b in combinations(arms, 2)
    ]
    tested = [compared.difference.p for _, _, compared in pairs]
    adjusted = iter(holm([p for p in tested if p is not None]))
    return [
        Gap(name, a.name, b.name, compared, None if compared.difference.p is None else next(adjusted))
        for a, b, compared in pairs
    ]


def _in_order(arm: Arm, of: Arm) -> list[RecordedTrial]:
    own = {(trial.sample_id, trial.trial): trial for trial in arm.trials}
    return [own[trial.sample_id, trial.trial] for trial in of.trials]
