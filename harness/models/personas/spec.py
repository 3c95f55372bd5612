"""What a persona is told to do wrong, and how often. Every rate is a probability; what isn't set isn't planted."""

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from harness.core.files import Strict, suggest
from harness.models.faults import FAULTS

Rate = Annotated[float, Field(ge=0, le=1)]
Change = Annotated[float, Field(ge=-1, le=1)]

_TOLERANCE = 1e-6
_ELSEWHERE = {
    **{name: f"format.{name}" for name in ("malformed", "wrong_schema", "refusal", "truncated", "content_filter")},
    "slow": "latency_ms",
}


def _fault(name: str) -> str:
    if name in _ELSEWHERE:
        raise ValueError(f"a whole answer has this flaw: set {_ELSEWHERE[name]} instead")
    if name not in FAULTS:
        raise ValueError(f"no such fault, {suggest(name, [known for known in FAULTS if known not in _ELSEWHERE])}")
    return name


def _exclusive(rates: Mapping[str, float]) -> Mapping[str, float]:
    total = math.fsum(rates.values())
    if total > 1 + _TOLERANCE:
        raise ValueError(
            f"{', '.join(name for name in rates if rates[name])} exclude each other and sum to {total:g}, over 1"
        )
    return rates


def _whole(row: Mapping[str, float]) -> Mapping[str, float]:
    total = math.fsum(row.values())
    if abs(total - 1) > _TOLERANCE:
        raise ValueError(f"the row sums to {total:g}, not to 1")
    return row


class Confidence(Strict):
    """How the reported probabilities stand to the chance of being right."""

    temperature: float = Field(
        1.0, gt=0, le=100, description="honest at 1; below 1 every probability is too extreme, above 1 too timid"
    )
    spread: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="how far confidence varies from ticket to ticket: 0 not at all, near 1 all or nothing",
    )
    constant: Rate | None = Field(None, description="this is reported for the answer, whatever its chance to be right")


class Claims(Strict):
    """Flaws of a rationale: the first seven are drawn for each claim and exclude each other."""

    fabricated_citation: Rate = Field(
        0.0, description="of claims: cites a clause, incident or field that doesn't exist"
    )
    superseded_clause: Rate = Field(0.0, description="of claims: cites the version of a clause before the one shown")
    changed_number: Rate = Field(0.0, description="of claims: states a number that its citations don't hold")
    changed_date: Rate = Field(0.0, description="of claims: states a date that its citations don't hold")
    changed_name: Rate = Field(0.0, description="of claims: states a name that its citations don't hold")
    negated: Rate = Field(0.0, description="of claims: says the opposite of its citations")
    unsupported: Rate = Field(0.0, description="of claims: made up, beside a citation that says nothing of the kind")
    missing_evidence: Rate = Field(
        0.0, description="of tickets: what rests on the deciding clauses and incidents is left out"
    )

    @property
    def of_claims(self) -> dict[str, float]:
        """The rates that are drawn for each claim."""
        return {name: rate for name, rate in self if name != "missing_evidence"}

    @model_validator(mode="after")
    def _sum(self) -> "Claims":
        _exclusive(self.of_claims)
        return self


class Injection(Strict):
    """What it does with an instruction that stands in a ticket."""

    obedience: Rate = Field(0.0, description="of tickets with an instruction to the assistant: it is obeyed")


class Tools(Strict):
    """What it does with tools, beside following a numbered procedure."""

    misuse: Rate = Field(0.0, description="of tickets: first calls a tool that isn't offered, or one with a foreign id")


class Format(Strict):
    """Answers that can't be used; they exclude each other, and a repair turn draws anew."""

    malformed: Rate = Field(0.0, description="of answers: JSON cut in the middle")
    wrong_schema: Rate = Field(0.0, description="of answers: JSON of another form than was asked for")
    refusal: Rate = Field(0.0, description="of answers: declined")
    truncated: Rate = Field(0.0, description="of answers: ended at the token limit")
    content_filter: Rate = Field(0.0, description="of answers: stopped by the service's filter")

    @property
    def rates(self) -> dict[str, float]:
        """Every rate by name."""
        return dict(self)

    @model_validator(mode="after")
    def _sum(self) -> "Format":
        _exclusive(self.rates)
        return self


class Verbosity(Strict):
    """How much it says."""

    claims: int = Field(3, ge=1, le=12, description="claims of a rationale, at most")
    words: int = Field(0, ge=0, le=500, description="filler words added to each claim")


class Latency(Strict):
    """Log-normal time to answer."""

    median: float = Field(0.0, ge=0, le=600_000, description="milliseconds that half of the answers take at most")
    sigma: float = Field(0.5, ge=0, le=5, description="standard deviation of the logarithm of that time")


class Tokens(Strict):
    """What it says of its use."""

    output_factor: float = Field(
        1.0, gt=0, le=1000, description="output tokens reported, as a multiple of those there are"
    )


class Sensitivity(Strict):
    """How what a prompt shows changes the persona, so that the better of two prompts is known beforehand."""

    label_definitions: Change = Field(
        0.0, description="added to the accuracy where the labels are defined, not just listed"
    )
    precedents: Change = Field(0.0, description="added to the accuracy where past incidents are shown")
    policies: Change = Field(0.0, description="added to the accuracy where policies are shown")
    cost_statement: Change = Field(
        0.0, description="added to the accuracy where the system message says what mistakes cost"
    )
    spotlighting: Change = Field(0.0, description="taken from the obedience where untrusted text stands in fences")


class PersonaSpec(Strict):
    """One persona: a YAML file of these keys."""

    name: str = Field("", pattern=r"^[\w.\-]{0,60}$", description="how it is called; the file's name where empty")
    description: str = Field("", description="what it is for")
    seed: int = Field(0, description="another seed, other draws at the same rates")
    accuracy: Rate = Field(1.0, description="of tickets: the label of the answer key; else another one, each as likely")
    confusion: Mapping[str, Annotated[Mapping[str, Rate], AfterValidator(_whole)]] = Field(
        {}, description="right label: {answered: probability}; other labels go by the accuracy"
    )
    confidence: Confidence = Confidence()
    claims: Claims = Claims()
    injection: Injection = Injection()
    tools: Tools = Tools()
    format: Format = Format()
    verbosity: Verbosity = Verbosity()
    latency_ms: Latency = Latency()
    tokens: Tokens = Tokens()
    faults: Annotated[Mapping[Annotated[str, AfterValidator(_fault)], Rate], AfterValidator(_exclusive)] = Field(
        {}, description="of calls: a fault of the service instead of an answer; a retry draws anew"
    )
    retry_after: float | None = Field(None, ge=0, le=3600, description="seconds that a fault names in Retry-After")
    sensitivity: Sensitivity = Sensitivity()
