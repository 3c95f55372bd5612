"""One measured figure beside its limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, its unit, what it may be at most (None: shown only), and over how many runs it was taken."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether the value is over its limit."""
        return self.limit is not None and self.value > self.limit

    def line(self) -> str:
        """The figure as a row of the table."""
        limit = f"<= {self.limit:g}" if self.limit is not None else ""
        mark = "MISSED" if self.missed else ""
        return f"{self.name:<58} {self.value:>9.1f} {self.unit:<3} {limit:<8} {mark:<7}{self.note}".rstrip()
