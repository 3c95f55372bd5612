"""The verdict on one claim, from its citations and the facts it states.

Judged today: whether each citation exists, was in force and stood in the context; whether the claim's numbers, dates,
amounts, names and quotations stand in what it cites. Whether the sentence follows from the cited text (contradicted,
or unsupported though every fact is there) needs a model of entailment and isn't judged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from harness.claims.evidence import Resolved
from harness.claims.facts import missing_facts, missing_quotes
from harness.core.types import Claim

Verdict = Literal[
    "supported",
    "contradicted",
    "unsupported",
    "wrong_value",
    "wrong_version",
    "wrong_citation",
    "fabricated_citation",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""Every verdict; all but the first count as hallucinated."""


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """A claim's verdict with its reason in words."""

    claim: Claim
    verdict: Verdict
    reason: str


def verify(claim: Claim, resolve: Callable[[str], Resolved]) -> ClaimVerdict:
    """Judge a claim. Its worst citation decides first, then what it states against all it cites together."""
    if not claim.citations:
        return ClaimVerdict(claim, "unsupported", "it cites nothing")
    resolved = [resolve(citation) for citation in claim.citations]
    for status, verdict, reason in (
        ("missing", "fabricated_citation", "doesn't exist"),
        ("not_in_force", "wrong_version", "was not in force at the ticket's date"),
        ("not_in_context", "wrong_citation", "was not in the context"),
    ):
        bad = next((r.citation for r in resolved if r.status == status), None)
        if bad is not None:
            return ClaimVerdict(claim, verdict, f"{bad!r} {reason}")  # type: ignore[arg-type]
    evidence = "\n".join(f"{r.title}. {r.text}" for r in resolved)
    gone = missing_facts(claim.text, evidence)
    if gone:
        return ClaimVerdict(claim, "wrong_value", f"not in what it cites: {', '.join(gone)}")
    quotes = missing_quotes(claim.text, evidence)
    if quotes:
        return ClaimVerdict(claim, "unsupported", f"no such words in what it cites: {quotes[0]!r}")
    return ClaimVerdict(claim, "supported", "every citation and fact checks out")
