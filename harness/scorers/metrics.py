"""What every scorer needs to make metrics: the scored rows, the counts, and an estimate as a Metric."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.core.types import Errored, Json, Metric, NotApplicable, Scored, ScoreRow, Unscored
from harness.stats import Estimate

Value = Mapping[str, Json]


def having(key: str, wanted: Json) -> Callable[[Value], bool]:
    """A test of verdicts: `key` holds `wanted`."""
    return lambda value: bool(value[key] == wanted)


def positive(key: str) -> Callable[[Value], bool]:
    """A test of verdicts: the number at `key` is above 0."""
    return lambda value: bool(value[key] > 0)


def numeric(key: str) -> Callable[[Value], bool]:
    """A test of verdicts: `key` holds a number or a bool."""
    return lambda value: isinstance(value.get(key), bool | int | float)


@dataclass(frozen=True)
class Table:
    """The rows of one scorer, parted by outcome."""

    scored: Sequence[tuple[ScoreRow, Scored]]
    n_unscored: int
    n_errored: int
    n_not_applicable: int

    @classmethod
    def of(cls, rows: Sequence[ScoreRow]) -> "Table":
        """Part `rows` by outcome."""
        kinds = [type(row.outcome) for row in rows]
        return cls(
            scored=[(row, row.outcome) for row in rows if isinstance(row.outcome, Scored)],
            n_unscored=kinds.count(Unscored),
            n_errored=kinds.count(Errored),
            n_not_applicable=kinds.count(NotApplicable),
        )

    def where(self, keep: Callable[[Value], bool]) -> "Table":
        """Only the scored rows whose value `keep` accepts; the other counts stay."""
        chosen = [(row, scored) for row, scored in self.scored if keep(scored.value)]
        return Table(chosen, self.n_unscored, self.n_errored, self.n_not_applicable)

    @property
    def clusters(self) -> list[str]:
        """Cluster of each scored row."""
        return [row.cluster for row, _ in self.scored]

    def column(self, key: str) -> list[float]:
        """One number of each scored row."""
        return [float(scored.value[key]) for _, scored in self.scored]

    def metric(
        self,
        name: str,
        estimate: Estimate,
        *,
        unit: str = "",
        detail: str = "",
        label: str | None = None,
        headline: bool = True,
        lower_is_better: bool = False,
        fact: tuple[str, str] | None = None,
    ) -> Metric:
        """`estimate` as a metric with the counts of this table.

        `fact`, a scorer's name and the key in its verdicts that the metric is the mean of, makes it comparable in pairs.
        """
        values = self.column(fact[1]) if fact is not None else None
        return Metric(
            name=name,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            level=estimate.level,
            method=estimate.method,
            n_scored=len(self.scored),
            n_unscored=self.n_unscored,
            n_errored=self.n_errored,
            n_not_applicable=self.n_not_applicable,
            unit=unit,
            detail=detail,
            reason=estimate.reason,
            fact=".".join(fact) if fact is not None else None,
            lower_is_better=lower_is_better,
            label=label,
            headline=headline,
            values=values,
            keys=[(row.sample_id, row.trial) for row, _ in self.scored] if values is not None else (),
            clusters=self.clusters if values is not None else (),
        )
