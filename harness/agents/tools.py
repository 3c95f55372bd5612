"""The triage agent's tools: read-only, over the corpora and this ticket's own records.

A tool sees the case through the run's context, never through the model: an id that the model passes must be one of the
case's own, whatever a ticket told it to ask for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from langchain.tools import ToolRuntime
from langchain_core.tools import BaseTool, tool

from harness.agents.blocks import evidence_block
from harness.core.ticket import Case, Scalar, show
from harness.core.types import Evidence
from harness.guard import neutralize
from harness.retrieval import Retriever

LIMITS: Mapping[str, int] = {
    "search_policies": 3,
    "search_incidents": 3,
    "get_reservation": 2,
    "get_account_history": 4,
}
"""Allowed calls of each tool per ticket; no other tool exists for the agent."""
TOTAL_CALLS = 8
_MAX_RESULTS = 5


@dataclass
class CaseContext:
    """What tools may know of the case in hand; `found` grows with what searches brought into the context."""

    case: Case
    as_of: datetime | None
    retriever: Retriever | None
    found: list[Evidence]


def make_tools() -> list[BaseTool]:
    """The four tools of LIMITS."""
    return [search_policies, search_incidents, get_reservation, get_account_history]


@tool
def search_policies(query: str, runtime: ToolRuntime[CaseContext]) -> str:
    """Search the policies in force at the ticket's date; returns clauses with their ids."""
    context = runtime.context
    if context.retriever is None:
        return "There are no policies."
    found = context.retriever.search_policies(query, as_of=context.as_of, k=_MAX_RESULTS)
    context.found.extend(found)
    return evidence_block(found, "policy")


@tool
def search_incidents(query: str, runtime: ToolRuntime[CaseContext]) -> str:
    """Search past incidents closed before the ticket's date; returns them with their labels."""
    context = runtime.context
    if context.retriever is None:
        return "There are no incidents."
    found = context.retriever.search_incidents(query, as_of=context.as_of, k=_MAX_RESULTS, exclude={context.case.id})
    context.found.extend(found)
    return evidence_block(found, "incident")


@tool
def get_reservation(reservation_id: str, runtime: ToolRuntime[CaseContext]) -> str:
    """Get this ticket's reservation record by its id."""
    records = runtime.context.case.records("reservation")
    if not records or records.get("id") != reservation_id:
        return f"Refused: {reservation_id!r} is not this ticket's reservation."
    return _records("reservation", records)


@tool
def get_account_history(account_id: str, runtime: ToolRuntime[CaseContext]) -> str:
    """Get the history of the guest's or host's account of this ticket by its id."""
    for side in ("guest", "host"):
        records = runtime.context.case.records(f"accounts.{side}")
        if records and records.get("id") == account_id:
            return _records(f"accounts.{side}", records)
    return f"Refused: {account_id!r} is not an account of this ticket."


def _records(group: str, records: Mapping[str, Scalar]) -> str:
    return "\n".join(
        f'<record field="{group}.{name}">{neutralize(show(value))}</record>' for name, value in records.items()
    )
