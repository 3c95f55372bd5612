"""One ticket through a suite's agent, with its claims judged and its citations resolved."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.build.doubts import doubts
from harness.build.plan import Plan, planned
from harness.build.solver import bring_up, default_home
from harness.claims import Resolved, Resolver, verify
from harness.core.errors import UsageError
from harness.core.types import Output
from harness.evalsets import parse_case
from harness.evaluation.runner import Input
from harness.guard import citable


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim, its verdict, and what each of its citations says."""

    text: str
    verdict: str
    reason: str
    citations: tuple[Resolved, ...]


@dataclass(frozen=True, slots=True)
class Triaged:
    """A decision on one ticket; `doubts` are about the corpora that it was made with."""

    output: Output
    queue: str | None
    claims: tuple[JudgedClaim, ...]
    simulated: bool = False
    doubts: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For machines: the decision, its claims with cited texts, what the guard found, tokens and timings."""
        output = self.output
        return {
            "simulated": self.simulated,
            "label": output.label,
            "queue": self.queue,
            "action": output.action,
            "why": output.why,
            "probabilities": dict(output.probabilities) if output.probabilities is not None else None,
            "rationale": [asdict(claim) for claim in self.claims],
            "guard": [asdict(finding) for finding in output.trace.findings],
            "failure": asdict(output.failure) if output.failure else None,
            "usage": asdict(output.trace.usage) if output.trace.usage else None,
            "timings_ms": dict(output.trace.timings_ms),
        }


def triage_one(
    ticket: Any,
    *,
    suite: Path,
    model: str | None = None,
    prompt: Path | None = None,
    overrides: Sequence[str] = (),
    where: str = "ticket",
) -> Triaged:
    """Decide one ticket (a ticket's JSON, or a sample with an `input`) with the agent that `suite` describes."""
    plan = planned(suite, model=model, prompt=prompt, overrides=[*overrides, "split=null"])
    if plan.suite.solver != "triage":
        raise UsageError(
            f"its solver is {plan.suite.solver_name!r}", where=suite, fix="give a suite with `solver: triage`"
        )
    value = ticket["input"] if isinstance(ticket, dict) and "input" in ticket else ticket
    case = parse_case(value, sample_id=where, kind=plan.suite.input, where=where)
    assert case is not None and plan.taxonomy is not None
    output = asyncio.run(_decide(plan, Input(id=case.id, input=value, trial=0, seed=plan.suite.seed)))
    resolve = Resolver(
        corpus=plan.corpus,
        fields=citable(case),
        context={item.id for item in output.trace.evidence or ()},
        as_of=case.created_at if plan.suite.retrieval.as_of else None,
    )
    claims = tuple(
        JudgedClaim(
            text=verdict.claim.text,
            verdict=verdict.verdict,
            reason=verdict.reason,
            citations=tuple(resolve(citation) for citation in verdict.claim.citations),
        )
        for verdict in (verify(claim, resolve) for claim in output.rationale or ())
    )
    queue = plan.taxonomy.by_id[output.label].queue if output.label is not None else None
    simulated = any(call.get("simulated") for call in output.trace.calls)
    doubted = tuple(doubts(replace(plan, samples=())))
    return Triaged(output=output, queue=queue, claims=claims, simulated=simulated, doubts=doubted)


async def _decide(plan: Plan, item: Input) -> Output:
    live = bring_up(plan, home=default_home())
    try:
        return await live.solver(item)
    finally:
        await live.aclose()
