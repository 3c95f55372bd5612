"""The tiny world with two policy changes and tickets on either side of them, for the knowledge experiment."""

from typing import Any

from tests.world import World, sample, ticket

PROMPT = """---
id: harbour-knowledge
version: 1
---
# system
Sort this message of a harbour office.
{{ labels }}
{{ answer_format }}
# user
{% if policies %}
Rules:
{{ policies }}
{% endif %}
{{ ticket }}
"""

FEES = {
    "policies/POL-FEE-01/1.md": (
        "---\nid: POL-FEE-01\ntitle: Berth fees\nversion: 1\neffective_from: 2025-01-01\neffective_to: 2026-03-11\n"
        "labels: [berth_fee]\n---\n## Refunds\n2.1 A fee charged for nights not stayed is refunded within 14 days.\n"
    ),
    "policies/POL-FEE-01/2.md": (
        "---\nid: POL-FEE-01\ntitle: Berth fees\nversion: 2\neffective_from: 2026-03-11\nsupersedes: POL-FEE-01@1\n"
        "labels: [berth_fee]\n---\n## Refunds\n2.1 A fee charged for nights not stayed is refunded within 7 days.\n"
        "2.2 A berth given up because of a broken mooring is the dock crew's case.\n"
    ),
}
"""The fees change on Wednesday 11 March 2026; what stands on oil has changed on Sunday 1 March."""

BEFORE, FEB = "2026-02-20", "2026-02-23"
"""The day of the first ticket, and the Monday of the week in which the policy on oil changes."""


def pair(name: str, message: str, label: str, clause: str, *, days: tuple[str, str], moved: str = "") -> list[Any]:
    """A ticket on two days in one cluster; `clause` with `?` for the version, which is 1 and then 2."""
    found = []
    for side, day, version, gold in zip(("a", "b"), days, "12", (label, moved or label), strict=True):
        id = f"{name}{side}"
        decides = clause.replace("?", version)
        claim = {"text": "So say the rules.", "citations": [decides]}
        row = sample(id, message, gold, evidence={"clauses": [decides]}, rationale=[claim])
        found.append({**row, "input": ticket(id, message, day=day), "cluster": name})
    return found


def rows() -> list[Any]:
    """Two pairs about oil, two about fees of which one moves its label, and a ticket of its own."""
    early, late = (BEFORE, "2026-03-05"), ("2026-03-06", "2026-03-12")
    oil, fee = "POL-OIL-01@?#1.1", "POL-FEE-01@?#2.1"
    return [
        *pair("p-1", "There is a sheen of diesel on the water of the basin.", "oil_spill", oil, days=early),
        *pair("p-2", "A tank leaks fuel, the whole basin smells of it.", "oil_spill", oil, days=early),
        *pair("p-3", "I was charged a fee for nights we never stayed.", "berth_fee", fee, days=late),
        *pair("p-4", "We left our berth, the ring broke. I want the fee back.", "berth_fee", fee, days=late,
              moved="mooring_fault"),
        sample("t-9", "A cleat is loose on our pontoon.", "mooring_fault"),
    ]  # fmt: skip


def write_pairs(world: World, **changed: Any) -> World:
    """The world with these tickets, policies and prompt."""
    for name, text in FEES.items():
        world.write(name, text)
    world.write_rows("samples.jsonl", rows())
    world.write("prompt.md", PROMPT)
    world.write_suite(**changed)
    return world
