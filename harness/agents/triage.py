"""The triage agent: screen, retrieve, render, converse, ground, decide. One ticket in, one Output out."""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from harness.agents.asking import Asker
from harness.agents.blocks import answer_block, evidence_block, label_block, ticket_block
from harness.agents.conversation import Mark, Said
from harness.agents.decide import decide
from harness.agents.handbook import Handbook
from harness.agents.tools import LIMITS, CaseContext
from harness.claims import Resolver, verify
from harness.core.moments import start_of
from harness.core.protocols import SolverInput
from harness.core.taxonomy import Taxonomy
from harness.core.ticket import Case, InputKind
from harness.core.types import Evidence, Output, Trace
from harness.corpus import Corpus
from harness.evalsets import parse_case
from harness.guard import Screened, Spotlight, citable, screen
from harness.prompts import Prompt
from harness.retrieval import Retriever


@dataclass(frozen=True, slots=True)
class Depth:
    """How many passages are retrieved before the model is asked, and whether as of the ticket's date.

    `all` policies are every clause in force. `frozen` is a day that is looked up instead of the ticket's date.
    """

    policies: int | Literal["all"]
    incidents: int
    as_of: bool
    frozen: date | None = None

    def moment(self, case: Case) -> datetime | None:
        """When policies and incidents are looked up; None for the latest."""
        if self.frozen is not None:
            return start_of(self.frozen)
        return case.created_at if self.as_of else None


class TriageAgent:
    """A Solver over any chat model that `asker` asks."""

    name = "triage"

    def __init__(
        self,
        *,
        asker: Asker,
        prompt: Prompt,
        taxonomy: Taxonomy,
        corpus: Corpus,
        retriever: Retriever | None,
        depth: Depth,
        kind: InputKind,
    ) -> None:
        self._asker, self._prompt, self._taxonomy = asker, prompt, taxonomy
        self._corpus, self._retriever, self._kind = corpus, retriever, kind
        shown = prompt.variables  # what the prompt doesn't show would stand in the trace without having been read
        self._depth = replace(
            depth,
            policies=depth.policies if "policies" in shown else 0,
            incidents=depth.incidents if "incidents" in shown else 0,
        )
        self._handbook = Handbook(corpus) if self._depth.policies == "all" else None
        self._labels, self._answer = label_block(taxonomy), answer_block(taxonomy)

    async def __call__(self, item: SolverInput) -> Output:
        """Decide one ticket. A model's failure comes back as `failure` with a review; a provider's is raised."""
        clock = _Clock()
        case = parse_case(item.input, sample_id=item.id, kind=self._kind, where=item.id)
        if case is None:
            raise TypeError("the triage agent reads tickets or texts; set `input: ticket` or `input: text`")
        screened = screen(case.untrusted)
        clock.lap("screen")
        as_of = self._depth.moment(case)
        # in a thread, since an embedder or a store may be a server, which other tickets needn't wait for
        evidence = await asyncio.to_thread(self._retrieve, case, screened, as_of)
        clock.lap("retrieve")
        context = CaseContext(case=case, as_of=as_of, retriever=self._retriever, found=list(evidence))
        prompt = self._render(case, screened, evidence, as_of)
        clock.lap("render")
        said = await self._asker.ask(prompt, context, Mark(item.id, item.trial))
        clock.lap("converse")
        return self._conclude(case, screened, said, context=context, clock=clock)

    def _retrieve(self, case: Case, screened: Screened, as_of: datetime | None) -> tuple[Evidence, ...]:
        whole = self._handbook.in_force(as_of) if self._handbook is not None else ()
        if self._retriever is None:
            return whole
        policies = self._depth.policies
        query = "\n".join(text for _, text in screened.fields)
        found = self._retriever.retrieve(
            query,
            as_of=as_of,
            policies=0 if policies == "all" else policies,
            incidents=self._depth.incidents,
            exclude={case.id},
        )
        return (*whole, *found)

    def _render(
        self, case: Case, screened: Screened, evidence: tuple[Evidence, ...], as_of: datetime | None
    ) -> list[tuple[str, str]]:
        spotlight = Spotlight.for_case(case.id, *(text for _, text in screened.fields))
        values = {
            "labels": self._labels,
            "ticket": ticket_block(case, screened, spotlight),
            "policies": evidence_block(evidence, "policy") if self._depth.policies else "",
            "incidents": evidence_block(evidence, "incident"),
            "as_of": as_of.astimezone(UTC).date().isoformat() if as_of else "today",
            "answer_format": self._answer,
            "tools": ", ".join(LIMITS),
        }
        return self._prompt.render(values)

    def _conclude(self, case: Case, screened: Screened, said: Said, *, context: CaseContext, clock: "_Clock") -> Output:
        """Ground the answer's claims and weigh its costs; a failed answer goes to a human."""
        evidence = tuple({item.id: item for item in context.found}.values())
        trace = Trace(
            evidence=evidence,
            findings=screened.findings,
            messages=said.messages,
            tool_calls=said.tool_calls,
            calls=said.calls,
            usage=said.usage,
        )
        if said.answer is None:
            assert said.failure is not None
            why = f"the model's answer is unusable ({said.failure.kind})"
            return Output(action="review", why=why, failure=said.failure, trace=clock.on(trace))
        answer = said.answer
        resolve = Resolver(
            corpus=self._corpus,
            fields=citable(case),
            context={item.id for item in evidence},
            as_of=case.created_at if self._depth.as_of else None,  # also where what is looked up is older
        )
        verdicts = [verify(claim, resolve) for claim in answer.rationale]
        decided = decide(answer.label, answer.probabilities, verdicts, taxonomy=self._taxonomy)
        clock.lap("conclude")
        return Output(
            label=answer.label,
            probabilities=answer.probabilities,
            rationale=answer.rationale,
            action=decided.action,
            why=decided.why,
            trace=clock.on(trace),
        )


class _Clock:
    """Milliseconds of each stage."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = round((now - self._last) * 1000, 3)
        self._last = now

    def on(self, trace: Trace) -> Trace:
        return replace(trace, timings_ms=dict(self._laps))
