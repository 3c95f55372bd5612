"""Before an A/B: which difference a number of samples can show in pairs, and how many a difference takes."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from harness.stats import minimum_detectable_effect, paired_binary_variance, sample_size


@dataclass(frozen=True, slots=True)
class Basis:
    """What a metric's differences are expected to be like.

    `variance` is of one sample's difference; None for right or wrong where only the share of pairs that differ,
    `discordance`, is known. Clusters multiply it by `design_effect`. `largest` is the largest difference there can be,
    None where unknown.
    """

    metric: str
    unit: str
    discordance: float | None
    variance: float | None
    design_effect: float
    largest: float | None
    source: str

    @property
    def spread(self) -> float | Callable[[float], float]:
        """Variance of a difference, or the function of the effect that gives it."""
        if self.variance is not None:
            return self.variance
        discordance = self.discordance or 0.0
        return lambda effect: paired_binary_variance(discordance, effect)


@dataclass(frozen=True, slots=True)
class Shown:
    """What `n` samples show on one basis; None: nothing. `needed` is for the difference that was asked about.

    `needed` is None where none was asked about, and where it can't be: more than all pairs that differ.
    """

    basis: Basis
    detectable: float | None
    needed: int | None


@dataclass(frozen=True)
class PowerPlan:
    """What a suite's samples can show with chance `power`, two-sided at 1 - `level`, on each basis."""

    suite: str
    word: str
    n: int
    n_clusters: int
    level: float
    power: float
    difference: float | None
    shown: tuple[Shown, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `harness power --json` prints it."""
        return asdict(self)


def show(basis: Basis, *, n: int, n_clusters: int, level: float, power: float, difference: float | None) -> Shown:
    """What `n` samples in `n_clusters` show on `basis`; and how many show `difference`, where one is given.

    The degrees of freedom are those of the clusters; more samples are taken to come in clusters of the same size.
    """
    per_sample = n_clusters / n
    limit = basis.largest if basis.variance is not None else basis.discordance
    detectable = minimum_detectable_effect(
        n,
        variance=basis.spread,
        power_wanted=power,
        level=level,
        design_effect=basis.design_effect,
        largest=math.inf if limit is None else limit,
        df=max(1.0, n_clusters - 1),
    )
    needed = None
    if difference is not None and (limit is None or difference <= limit):
        needed = sample_size(
            difference,
            variance=basis.spread,
            power_wanted=power,
            level=level,
            design_effect=basis.design_effect,
            df=lambda n: max(1.0, n * per_sample - 1),
        )
    return Shown(basis, detectable, needed)
