"""The values that pass from layer to layer; all frozen. DESIGN words: Sample, Target, Output, Outcome, Metric."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of these."""

Action = Literal["route", "review"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a rationale and the ids of what it rests on."""

    text: str
    citations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One retrieved passage that stood in the model's context."""

    id: str
    kind: Literal["policy", "incident"]
    title: str
    text: str
    score: float
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What the guard found in one untrusted field: `[start, end)` in code points of the sanitised text."""

    field: str
    kind: str
    start: int
    end: int
    score: float
    excerpt: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The model's own failure (malformed, refusal, ...): the answer counts as wrong, its action is a review."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of all model calls of one trial; None where a server said nothing of them, `estimated` where characters were counted.

    `price` is in the currency of the price file, and None where the price of any call isn't known.
    """

    input_tokens: int | None = 0
    output_tokens: int | None = 0
    model_calls: int = 0
    estimated: bool = False
    price: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened on the way to an Output. `evidence` is None where the solver doesn't say what it looked at.

    `calls` has one record a model call: who answered, how it ended, tokens, price, time, attempts.
    """

    evidence: tuple[Evidence, ...] | None = None
    findings: tuple[Finding, ...] = ()
    messages: tuple[Mapping[str, Json], ...] = ()
    tool_calls: tuple[Mapping[str, Json], ...] = ()
    calls: tuple[Mapping[str, Json], ...] = ()
    usage: Usage | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """What a solver answers. Only `label` or `value` is needed; a None is NotApplicable to scorers that need it.

    `value` is any JSON answer for generic scorers; `probabilities` maps label ids to numbers that sum to 1.
    """

    label: str | None = None
    value: Json = None
    probabilities: Mapping[str, float] | None = None
    rationale: tuple[Claim, ...] | None = None
    action: Action = "route"
    why: str = ""
    failure: Failure | None = None
    trace: Trace = field(default_factory=Trace)


@dataclass(frozen=True, slots=True)
class Target:
    """The expected answer. `label` None means that none of the labels fits and the right action is a review."""

    label: str | None = None
    acceptable: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    rationale: tuple[Claim, ...] = ()
    value: Json = None

    def gold_for(self, answered: str | None) -> str | None:
        """The label an answer is held against: the answer itself where experts accept it too, else `label`."""
        return answered if answered is not None and answered in self.acceptable else self.label


@dataclass(frozen=True, slots=True)
class Sample:
    """One evaluation item; `at` is the file:line it was read from."""

    id: str
    input: Json
    target: Target
    split: str = "test"
    cluster: str = ""
    slices: tuple[str, ...] = ()
    difficulty: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A verdict: JSON facts from which metrics are made."""

    value: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The scorer has nothing to say here; outside coverage."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """The scorer should have had a verdict and could not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Errored:
    """The infrastructure, or the scorer itself, failed; `error_class` names how."""

    error_class: str
    message: str


Outcome = Scored | NotApplicable | Unscored | Errored


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One scorer's outcome on one trial, as metrics see it."""

    sample_id: str
    trial: int
    cluster: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Metric:
    """An aggregate with its interval. `value` None is undefined and `reason` says why.

    `values` holds one number a scored trial, aligned with `keys` (sample id, trial) and `clusters`, where the metric is
    a mean over trials and can therefore be compared in pairs; `fact` names the number or bool in each verdict that it is
    the mean of, `<scorer>.<key>`, so that two runs can be compared from their journals. `lower_is_better` tells which of
    two is better: a cost, a time, an error. `label` is set on metrics of one label.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    n_scored: int = 0
    n_unscored: int = 0
    n_errored: int = 0
    n_not_applicable: int = 0
    unit: str = ""
    detail: str = ""
    reason: str | None = None
    fact: str | None = None
    lower_is_better: bool = False
    label: str | None = None
    headline: bool = True
    values: Sequence[float] | None = None
    keys: Sequence[tuple[str, int]] = ()
    clusters: Sequence[str] = ()

    def to_json(self) -> dict[str, Json]:
        """The public fields, as they stand in metrics.json."""
        hidden = {"name", "values", "keys", "clusters", "label", "headline"}
        return {key: value for key, value in asdict(self).items() if key not in hidden}
