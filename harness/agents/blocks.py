"""The blocks that fill a prompt's variables: labels, ticket, policies, incidents, tools, how to answer.

Trusted and untrusted text are told apart here, once, so that no prompt can forget it.
"""

from collections.abc import Sequence
from html import escape

from harness.core.taxonomy import Taxonomy
from harness.core.ticket import Case, show
from harness.core.types import Evidence
from harness.guard import Screened, Spotlight, neutralize

ANSWER_TOOL = "submit_decision"
"""The structured-output tool that the final answer goes to."""


def label_block(taxonomy: Taxonomy) -> str:
    """Id, title and definition of every label."""
    lines = [
        f'<label id="{label.id}" title="{_attribute(label.title)}">{neutralize(label.definition)}</label>'
        for label in taxonomy.labels
    ]
    return "\n".join(lines)


def ticket_block(case: Case, screened: Screened, spotlight: Spotlight) -> str:
    """Trusted records as `<record>`, untrusted texts inside fences that their writer can't close."""
    lines = [f'<record field="created_at">{case.created_at.isoformat()}</record>'] if case.created_at else []
    lines += [f'<record field="{_attribute(path)}">{neutralize(show(value))}</record>' for path, value in case.trusted]
    lines += [spotlight.fence(path, text) for path, text in screened.fields]
    return "\n".join(lines)


def evidence_block(evidence: Sequence[Evidence], kind: str) -> str:
    """The passages of one kind; a plain line where there is none."""
    lines = [
        f'<{kind} id="{_attribute(item.id)}" title="{_attribute(item.title)}"'
        + (f' label="{_attribute(item.label)}"' if item.label else "")
        + f">{neutralize(item.text)}</{kind}>"
        for item in evidence
        if item.kind == kind
    ]
    return "\n".join(lines) or f"(no {kind} found)"


def answer_block(taxonomy: Taxonomy) -> str:
    """How to answer, whether by the tool or in JSON."""
    return (
        f"Answer by calling {ANSWER_TOOL}, or with one JSON object of the same keys and nothing else:\n"
        f"label: one of: {', '.join(taxonomy.ids)}\n"
        "probabilities: a number from 0 to 1 for each of these labels, summing to 1\n"
        "rationale: 1 to 4 claims, each {text, citations}; a citation is the id of a policy or an incident above, or "
        "ticket:<field> for a field of the ticket. State only what its citations say."
    )


def _attribute(text: str) -> str:
    return escape(neutralize(text), quote=True)
