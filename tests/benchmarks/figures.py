"""One measured figure beside its limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, its unit, what it may be at most, or has to be at least (None: shown only), and how it was taken."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""
    at_least: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the value is on the wrong side of its limit."""
        over = self.limit is not None and self.value > self.limit
        return over or (self.at_least is not None and self.value < self.at_least)

    @property
    def limited(self) -> bool:
        """Whether it has a limit."""
        return self.limit is not None or self.at_least is not None

    def line(self) -> str:
        """The figure as a row of the table."""
        limit = f"<= {self.limit:g}" if self.limit is not None else ""
        limit = f">= {self.at_least:g}" if self.at_least is not None else limit
        mark = "MISSED" if self.missed else ""
        return f"{self.name:<58} {_shown(self.value):>9} {self.unit:<3} {limit:<8} {mark:<7}{self.note}".rstrip()


def _shown(value: float) -> str:
    return f"{value:,.1f}" if value >= 1 else f"{value:.2f}"
