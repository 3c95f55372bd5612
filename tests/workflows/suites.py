"""A small sound suite in a folder of the test's own, to plant one defect in."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.workflows.check import Checked, Finding, check_suites

PROMPT = "---\nid: p\nversion: 1\n---\n# system\n{{ labels }}\n# user\n{{ ticket }}\n"

TAXONOMY = """name: desk
assumptions: {transfer: 10, review: 5}
labels:
  - id: card_fraud
    title: Card fraud
    definition: A payment that is not genuine.
    queue: risk
    high_risk: true
    miss_harm: {probability: 0.1, cost: 500}
  - id: refund
    title: Refund
    definition: Money wanted back.
    queue: care
"""


def policy(
    version: int, *, start: str, end: str = "null", before: str = "null", text: str, label: str = "refund"
) -> str:
    return (
        f"---\nid: POL-A\ntitle: Refunds\nversion: {version}\neffective_from: {start}\neffective_to: {end}\n"
        f"supersedes: {before}\nlabels: [{label}]\n---\n## 1 Rules\n1.1 {text}\n1.2 Nothing else is paid back.\n"
    )


def ticket(name: str, message: str, *, created: str = "2026-05-01T10:00:00Z", **more: Any) -> dict[str, Any]:
    return {"id": name, "created_at": created, "guest_message": message, **more}


def sample(name: str, label: str | None, message: str, **more: Any) -> dict[str, Any]:
    target = {"label": label, **more.pop("target", {})}
    return {"id": name, "input": ticket(name, message, **more.pop("ticket", {})), "target": target, **more}


LONG = "I left the flat on Tuesday because the boiler was cold and the host never came to look at it"
"""19 words, of which one can be changed and the text stays nearly the same."""


@dataclass
class Suite:
    """The files of a suite; change them, then `check()`."""

    folder: Path
    suite: dict[str, Any] = field(
        default_factory=lambda: {
            "name": "small",
            "eval_set": "samples.jsonl",
            "split": "test",
            "taxonomy": "taxonomy.yaml",
            "corpora": {"policies": "policies", "incidents": "incidents.jsonl"},
            "prompt": "prompt.md",
            "scorers": ["routing", "cost", "calibration", "grounding", "retrieval", "exact", "latency"],
        }
    )
    taxonomy: str = TAXONOMY
    prompt: str = PROMPT
    policies: dict[str, str] = field(
        default_factory=lambda: {
            "1.md": policy(1, start="2025-01-01", end="2026-03-01", text="Unused nights are refunded by half."),
            "2.md": policy(2, start="2026-03-01", before="POL-A@1", text="Unused nights are refunded after 3 days."),
        }
    )
    incidents: list[Any] = field(
        default_factory=lambda: [
            {
                "id": "i-1",
                "narrative": "A guest left a cold flat early and got 80 EUR back.",
                "label": "refund",
                "clauses": ["POL-A@1#1.1"],
                "closed_at": "2025-06-01T00:00:00Z",
            },
            {
                "id": "i-2",
                "narrative": "A stranger paid with a stolen card and the charge came back.",
                "label": "card_fraud",
                "closed_at": "2026-06-01T00:00:00Z",
            },
        ]
    )
    samples: list[Any] = field(
        default_factory=lambda: [
            sample(
                "s-1",
                "refund",
                LONG,
                ticket={"reservation": {"id": "r-77", "status": "active", "check_in": "2026-04-28", "nights": 4,
                                        "amount": 320, "currency": "EUR"}},
                target={
                    "evidence": {"clauses": ["POL-A@2#1.1"], "incidents": ["i-1"]},
                    "rationale": [
                        {"text": "The guest left on Tuesday.", "citations": ["ticket:guest_message"]},
                        {"text": "A refund is due after 3 days.", "citations": ["POL-A@2#1.1", "i-1"]},
                    ],
                },
            ),
            sample("s-2", "card_fraud", "Somebody charged my card for a stay that I never booked, in a town I never saw."),
            sample("s-3", None, "What is the meaning of life?"),
        ]
    )  # fmt: skip

    @property
    def path(self) -> Path:
        return self.folder / "suite.yaml"

    def write(self) -> Path:
        self.path.write_text(yaml.safe_dump(self.suite, sort_keys=False))
        (self.folder / "taxonomy.yaml").write_text(self.taxonomy)
        (self.folder / "prompt.md").write_text(self.prompt)
        (self.folder / "policies").mkdir(exist_ok=True)
        for name, text in self.policies.items():
            (self.folder / "policies" / name).write_text(text)
        for name, rows in (("incidents.jsonl", self.incidents), ("samples.jsonl", self.samples)):
            lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
            (self.folder / name).write_text("".join(f"{line}\n" for line in lines))
        return self.path

    def check(self) -> Checked:
        return check_suites([self.write()])

    def findings(self) -> list[tuple[str, int, str]]:
        """(file relative to the suite, line, rule) of each finding."""
        return [self.place(one) for one in self.check().findings]

    def place(self, one: Finding) -> tuple[str, int, str]:
        path = Path(one.file)
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else one.file, one.line, one.rule

    def another(self, of: int = 0, **changes: Any) -> dict[str, Any]:
        """A copy of a sample with other keys."""
        return {**copy.deepcopy(self.samples[of]), **changes}
