"""Seeded draws: each from the persona, the ticket and what it is for, so never from the order of tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.core.hashing import derive_seed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dice:
    """Draws of one ticket. Equal `parts` and purpose, equal draw: rates move what it comes to, not the draw."""

    parts: tuple[str | int, ...]

    def uniform(self, purpose: str) -> float:
        """A number in (0, 1), ends left out."""
        return ((derive_seed(*self.parts, purpose) >> 12) + 0.5) / 2**52

    def happens(self, purpose: str, rate: float) -> bool:
        """Whether something of this rate happens."""
        return rate > 0 and self.uniform(purpose) < rate

    def choose(self, purpose: str, options: Sequence[T]) -> T:
        """One of `options`, each as likely."""
        return options[int(self.uniform(purpose) * len(options))]

    def pick(self, purpose: str, rates: Mapping[str, float]) -> str | None:
        """One of the names at its rate, or None for the rest to 1."""
        if not any(rates.values()):
            return None
        rest = self.uniform(purpose)
        for name, rate in rates.items():
            rest -= rate
            if rest < 0:
                return name
        return None

    def weighted(self, purpose: str, weights: Mapping[str, float]) -> str:
        """One of the names in proportion to its weight; each as likely where all weigh nothing."""
        total = sum(weights.values())
        if not total:
            return self.choose(purpose, list(weights))
        shares = {name: weight / total for name, weight in weights.items()}
        return self.pick(purpose, shares) or max(shares, key=lambda name: shares[name])
