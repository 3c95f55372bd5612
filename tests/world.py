"""A tiny world of an invented field: a harbour office with three labels, six incidents, two policies and eight tickets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TAXONOMY: dict[str, Any] = {
    "schema_version": 1,
    "name": "harbour",
    "currency": "EUR",
    "assumptions": {"transfer": 10, "review": 4, "sla_hour": 2, "max_late_hours": 5, "same_tier_harm": 0.5},
    "labels": [
        {
            "id": "oil_spill",
            "title": "Oil on the water",
            "definition": "Diesel, oil or another fuel on the water of the basin: a sheen, a smell of fuel, a leaking tank.",
            "queue": "spill-response",
            "severity": "P0",
            "sla_hours": 1,
            "high_risk": True,
            "miss_harm": {"probability": 0.1, "cost": 600},
            "false_raise": {"cost": 30},
        },
        {
            "id": "mooring_fault",
            "title": "Broken mooring",
            "definition": "A cleat, ring, chain or pontoon is broken or loose, so that a boat can't be tied up safely.",
            "queue": "dock-crew",
            "severity": "P2",
            "sla_hours": 8,
        },
        {
            "id": "berth_fee",
            "title": "Question about a fee",
            "definition": "An invoice, a price, a receipt or a refund for a berth; somebody asks what it costs to stay.",
            "queue": "office",
            "severity": "P4",
            "sla_hours": 72,
        },
    ],
}

INCIDENTS: tuple[dict[str, Any], ...] = (
    {"id": "i-01", "title": "Diesel sheen at the fuel dock", "label": "oil_spill", "action": "Boom laid out",
     "narrative": "A hose dripped and a sheen of diesel spread over the basin.", "note": "SECRET the pump is old",
     "closed_at": "2025-06-01T10:00:00Z"},
    {"id": "i-02", "title": "Leaking tank of a trawler", "label": "oil_spill", "amount": 250.0, "currency": "EUR",
     "narrative": "Fuel oil leaked from a trawler and people smelled it on the pontoon.",
     "closed_at": "2026-08-01T10:00:00Z"},
    {"id": "i-03", "title": "Loose cleat on pontoon C", "label": "mooring_fault",
     "narrative": "A cleat came out of the pontoon and the boat swung round.", "closed_at": "2025-07-01T10:00:00Z"},
    {"id": "i-04", "title": "Chain gave way in a gale", "label": "mooring_fault",
     "narrative": "The chain of the mooring broke at night and a boat drifted.", "closed_at": "2025-09-01T10:00:00Z"},
    {"id": "i-05", "title": "Invoice for nine nights", "label": "berth_fee",
     "narrative": "A visitor was sent an invoice for nine nights and had stayed three.",
     "closed_at": "2025-10-01T10:00:00Z"},
    {"id": "i-06", "title": "Receipt asked for", "label": "berth_fee",
     "narrative": "A skipper wanted a receipt for the price of the berth.", "closed_at": "2025-11-01T10:00:00Z"},
)  # fmt: skip

POLICIES: dict[str, str] = {
    "POL-OIL-01/1.md": (
        "---\nid: POL-OIL-01\ntitle: Fuel on the water\nversion: 1\neffective_from: 2025-01-01\n"
        "effective_to: 2026-03-01\nlabels: [oil_spill]\n---\n## Measures\n"
        "1.1 A boom is laid within 4 hours of a report of fuel on the water.\n"
    ),
    "POL-OIL-01/2.md": (
        "---\nid: POL-OIL-01\ntitle: Fuel on the water\nversion: 2\neffective_from: 2026-03-01\n"
        "supersedes: POL-OIL-01@1\nlabels: [oil_spill]\n---\n## Measures\n"
        "1.1 A boom is laid within 2 hours of a report of fuel on the water.\n"
        "1.2 The fire brigade is called for more than 50 litres.\n"
    ),
    "POL-FEE-01/1.md": (
        "---\nid: POL-FEE-01\ntitle: Berth fees\nversion: 1\neffective_from: 2025-01-01\nlabels: [berth_fee]\n---\n"
        "## Refunds\n2.1 A fee charged for nights not stayed is refunded in full within 14 days.\n"
    ),
}

PROMPT = """---
id: harbour
version: 1
---
# system
Sort this message of a harbour office.
{{ labels }}
{{ answer_format }}
# user
Rules on {{ as_of }}:
{{ policies }}
Past cases:
{{ incidents }}
{{ ticket }}
"""


def ticket(id: str, message: str, *, day: str = "2026-05-10", **more: Any) -> dict[str, Any]:
    """A ticket of a boat owner's, with a reservation and two accounts of its own."""
    return {
        "id": id,
        "created_at": f"{day}T09:00:00Z",
        "guest_message": message,
        "reservation": {"id": f"r-{id}", "status": "active", "check_in": day, "nights": 3, "amount": 90.0,
                        "currency": "EUR"},
        "accounts": {"guest": {"id": f"g-{id}", "age_days": 40}, "host": {"id": f"h-{id}", "age_days": 900}},
        "signals": {"after_dark": True},
        **more,
    }  # fmt: skip


def sample(id: str, message: str, label: str | None, *, split: str = "test", **target: Any) -> dict[str, Any]:
    """A sample around a ticket."""
    return {"id": id, "input": ticket(id, message), "target": {"label": label, **target}, "split": split}


SAMPLES: tuple[dict[str, Any], ...] = (
    sample("t-1", "There is a rainbow sheen of diesel all round our boat, the basin stinks of fuel.", "oil_spill",
           evidence={"clauses": ["POL-OIL-01@2#1.1"], "incidents": ["i-01"]}),
    sample("t-2", "The cleat on our pontoon is loose, our boat swings and can't be tied up.", "mooring_fault",
           evidence={"incidents": ["i-03"]}),
    sample("t-3", "You sent an invoice for nine nights, we stayed three. I want a refund of the fee.", "berth_fee",
           evidence={"clauses": ["POL-FEE-01@1#2.1"], "incidents": ["i-05", "i-06"]}),
    sample("t-4", "A chain broke in the gale last night and a boat drifted against ours.", "mooring_fault",
           acceptable=["oil_spill"]),
    sample("t-5", "What does a berth for a boat of nine metres cost a night?", "berth_fee"),
    sample("t-6", "Do you know a good dentist in town?", None),
    sample("t-7", "A tank is leaking fuel oil beside the trawler.", "oil_spill", split="dev"),
    sample("t-8", "Please send me a receipt for the price of our berth.", "berth_fee", split="dev"),
)  # fmt: skip

SUITE: dict[str, Any] = {
    "name": "harbour",
    "eval_set": "samples.jsonl",
    "split": "test",
    "taxonomy": "taxonomy.yaml",
    "corpora": {"policies": "policies", "incidents": "incidents.jsonl"},
    "prompt": "prompt.md",
    "retrieval": {"embeddings": "hashing", "policies": 3, "incidents": 4},
    "scorers": ["routing", "cost", "calibration", "grounding", "retrieval", "latency"],
    "resamples": 200,
}


@dataclass(frozen=True)
class World:
    """The world's folder; everything in it may be written over."""

    folder: Path

    @property
    def suite(self) -> Path:
        """The suite file."""
        return self.folder / "suite.yaml"

    def write(self, name: str, text: str) -> Path:
        """Write one file of the world."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def write_rows(self, name: str, rows: Any) -> Path:
        """Write JSON Lines."""
        return self.write(name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))

    def write_suite(self, **changed: Any) -> Path:
        """Write the suite with keys replaced; None takes one out."""
        return self.write("suite.yaml", suite_text(changed))


def suite_text(changed: Mapping[str, Any]) -> str:
    """The suite as YAML, with keys replaced; None takes one out."""
    value = {key: item for key, item in {**SUITE, **changed}.items() if item is not None}
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


FUNCTION_SUITE: dict[str, Any] = {"corpora": None, "prompt": None, "retrieval": None, "scorers": ["routing", "cost"]}
"""Changes to the suite for a solver without a model."""


def write_world(folder: Path) -> World:
    """All files of the world below `folder`."""
    world = World(folder)
    world.write("taxonomy.yaml", yaml.safe_dump(TAXONOMY, sort_keys=False))
    world.write("prompt.md", PROMPT)
    world.write_rows("incidents.jsonl", INCIDENTS)
    world.write_rows("samples.jsonl", SAMPLES)
    for name, text in POLICIES.items():
        world.write(f"policies/{name}", text)
    world.write_suite()
    return world
