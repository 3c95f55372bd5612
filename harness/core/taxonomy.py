"""The label set as data: definitions, queues, severities and the assumptions that costs are derived from."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.core.costs import CostMatrix, derive_costs
from harness.core.files import Strict, load_yaml

Money = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
LabelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.\-]*$", max_length=80)]


class MissHarm(Strict):
    """What a miss costs beyond the delay: a harm that happens with `probability` and then costs `cost`."""

    probability: Share = 0.0
    cost: Money = 0.0
    reason: str = Field(default="", description="what happens then, and why it is put at this")


class FalseRaise(Strict):
    """What raising the label falsely costs beyond the transfer."""

    cost: Money = 0.0
    reason: str = Field(default="", description="what is done for nothing")


class Label(Strict):
    """One routing label."""

    id: LabelId
    title: str = Field(min_length=1)
    definition: str = Field(min_length=1)
    queue: str = Field(min_length=1)
    severity: Literal["P0", "P1", "P2", "P3", "P4"] = "P3"
    sla_hours: float = Field(gt=0, default=24.0)
    high_risk: bool = False
    miss_harm: MissHarm = MissHarm()
    false_raise: FalseRaise = FalseRaise()


class Assumptions(Strict):
    """The few stated figures behind every cell of the cost matrix, in the taxonomy's currency."""

    transfer: Money = 0.0
    review: Money = 1.0
    sla_hour: Money = 0.0
    max_late_hours: float = Field(ge=0, default=0.0)
    same_tier_harm: Share = 1.0
    reasons: dict[str, str] = Field(default={}, description="why each figure is what it is, by its name")

    @model_validator(mode="after")
    def _of_figures(self) -> "Assumptions":
        unknown = sorted(set(self.reasons) - (set(type(self).model_fields) - {"reasons"}))
        if unknown:
            raise ValueError(f"reasons names {unknown[0]!r}, which is no figure")
        return self


class Taxonomy(Strict):
    """A label set with its costs."""

    schema_version: Literal[1] = 1
    name: str
    currency: str = "USD"
    assumptions: Assumptions = Assumptions()
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _unique(self) -> "Taxonomy":
        ids = [label.id for label in self.labels]
        twice = sorted({label for label in ids if ids.count(label) > 1})
        if twice:
            raise ValueError(f"label {twice[0]!r} is defined twice")
        return self

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Label ids in the file's order, which is the order of every matrix and table."""
        return tuple(label.id for label in self.labels)

    @cached_property
    def by_id(self) -> dict[str, Label]:
        """Each label by its id."""
        return {label.id: label for label in self.labels}

    @cached_property
    def high_risk(self) -> frozenset[str]:
        """Ids of the labels that are dangerous to miss."""
        return frozenset(label.id for label in self.labels if label.high_risk)

    @cached_property
    def costs(self) -> CostMatrix:
        """What each action costs for each true label."""
        return derive_costs(self)


def load_taxonomy(path: Path) -> Taxonomy:
    """Read a taxonomy file; a UsageError with file and line where it is wrong."""
    return load_yaml(path, Taxonomy, what="taxonomy")
