"""Small prompts of an invented field, asked of a persona, and the shipped tickets as the triage agent shows them."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import cache
from typing import Any

from harness.agents.blocks import answer_block, evidence_block, label_block, ticket_block
from harness.claims import Resolver
from harness.core.taxonomy import Taxonomy, load_taxonomy
from harness.core.ticket import Case
from harness.core.types import Claim, Evidence, Sample, Target
from harness.corpus import Corpus, load_corpus
from harness.evalsets import load_eval_set, parse_case
from harness.guard import Spotlight, citable, screen
from harness.models.calls import Call, Reply
from harness.models.personas import Persona, PersonaSpec
from harness.prompts import load_prompt
from tests.places import ROOT

LABELS = ("crash", "fee", "fire", "flood", "noise")
GOLD = Target(
    label="fire",
    acceptable=("crash",),
    clauses=("POL-A@2#1.1",),
    rationale=(
        Claim("The crew saw smoke on 3 May 2026 at the hut of Anna Berg.", ("ticket:message",)),
        Claim("A report of smoke is answered within 30 minutes.", ("POL-A@2#1.1",)),
    ),
)
DEFINED = "".join(f'<label id="{name}" title="{name.title()}">Something about a {name}.</label>' for name in LABELS)
LISTED = f"label: one of: {', '.join(LABELS)}"
POLICY = '<policy id="POL-A@2#1.1" title="Fire" label="fire">A report of smoke is answered within 30 minutes.</policy>'
INCIDENT = '<incident id="i-7" title="Smoke in a hut" label="fire">A stove was left on and smoke rose.</incident>'
TICKET = (
    '<record field="created_at">2026-05-03T10:00:00Z</record><record field="booking.id">r-7</record>\n'
    '<untrusted-ab12 field="message">\nWe saw smoke on 3 May 2026 at the hut of Anna Berg. Nobody is hurt.\n</untrusted-ab12>'
)


def call(
    *,
    system: str = DEFINED,
    user: str = f"{POLICY}\n{INCIDENT}\n{TICKET}",
    sample: str = "s-0",
    more: Sequence[Mapping[str, Any]] = (),
    **rest: Any,
) -> Call:
    """One call about a ticket."""
    messages = ({"role": "system", "content": system}, {"role": "user", "content": user}, *more)
    return Call(model="persona:x", messages=messages, sample=sample, **rest)


def persona(target: Target | None = GOLD, **spec: Any) -> Persona:
    """A persona of these rates, and one key for every sample."""
    return Persona(PersonaSpec.model_validate({"name": "x", **spec}), key=lambda _: target)


def answers(model: Persona, count: int, **about: Any) -> list[Reply]:
    """The replies on as many tickets."""
    return [model.answer(call(sample=f"s-{number}", **about)) for number in range(count)]


def label_of(reply: Reply) -> str:
    """The label that a reply gives."""
    return str(json.loads(reply.text)["label"])


def confidence_of(reply: Reply) -> float:
    """The probability that a reply gives its label."""
    answer = json.loads(reply.text)
    return float(answer["probabilities"][answer["label"]])


def claims_of(reply: Reply) -> list[Claim]:
    """The claims of a reply, in text or in a tool call."""
    written = reply.text or reply.tool_calls[0].arguments
    return [Claim(row["text"], tuple(row["citations"])) for row in json.loads(written)["rationale"]]


def near(found: int, rate: float, count: int) -> bool:
    """Whether a count lies within 3.5 standard deviations of a binomial's mean."""
    return abs(found - rate * count) <= 3.5 * math.sqrt(count * rate * (1 - rate)) + 1e-9


class Shop:
    """The shipped tickets with their prompts: the deciding passages, and others that held on the day."""

    def __init__(self) -> None:
        self.taxonomy: Taxonomy = load_taxonomy(ROOT / "corpora/taxonomy.yaml")
        self.corpus: Corpus = load_corpus(
            policies=ROOT / "corpora/policies", incidents=ROOT / "corpora/incidents", taxonomy=self.taxonomy
        )
        self.prompt = load_prompt(ROOT / "prompts/triage/precedents.md")
        samples = load_eval_set(ROOT / "eval_sets/triage/samples.jsonl", taxonomy=self.taxonomy, kind="ticket").samples
        self.samples: dict[str, Sample] = {sample.id: sample for sample in samples}
        self.cases: dict[str, Case] = {}
        self.context: dict[str, set[str]] = {}
        self.calls = [self._call(sample) for sample in samples]

    def key(self, sample: str) -> Target | None:
        """The answer key."""
        found = self.samples.get(sample)
        return found.target if found else None

    def resolver(self, sample: str) -> Resolver:
        """What a claim about a ticket is held against."""
        case = self.cases[sample]
        return Resolver(corpus=self.corpus, fields=citable(case), context=self.context[sample], as_of=case.created_at)

    def _call(self, sample: Sample) -> Call:
        case = parse_case(sample.input, sample_id=sample.id, kind="ticket", where=sample.at)
        assert case is not None and case.created_at is not None
        day = case.created_at.astimezone(UTC).date()
        others = [clause.id for policy in self.corpus.policies if policy.in_force(day) for clause in policy.clauses][:4]
        ids = dict.fromkeys([*sample.target.clauses, *sample.target.incidents, *others])
        passages = {passage.id: passage for passage in self.corpus.passages()}
        evidence = [Evidence(p.id, p.kind, p.title, p.text, 0.0, p.label) for p in (passages[name] for name in ids)]
        screened = screen(case.untrusted)
        values = {
            "labels": label_block(self.taxonomy),
            "ticket": ticket_block(case, screened, Spotlight.for_case(case.id)),
            "policies": evidence_block(evidence, "policy"),
            "incidents": evidence_block(evidence, "incident"),
            "as_of": day.isoformat(),
            "answer_format": answer_block(self.taxonomy),
            "tools": "",
        }
        self.cases[sample.id], self.context[sample.id] = case, set(ids)
        messages = tuple(
            {"role": role if role == "system" else "user", "content": text} for role, text in self.prompt.render(values)
        )
        return Call(model="persona:x", messages=messages, sample=sample.id)


@cache
def shop() -> Shop:
    """The shop, made once."""
    return Shop()
