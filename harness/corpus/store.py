"""Policies and incidents together: what a citation resolves to, what held on a date, what retrieval indexes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.core.hashing import content_hash
from harness.core.taxonomy import Taxonomy
from harness.corpus.incidents import Incident, load_incidents
from harness.corpus.policies import Clause, Policy, load_policies


@dataclass(frozen=True, slots=True)
class Passage:
    """One retrievable text: a clause or an incident, visible on days `[visible_from, visible_to)`; None is open."""

    id: str
    kind: Literal["policy", "incident"]
    title: str
    text: str
    label: str | None
    visible_from: datetime | date | None
    visible_to: date | None


@dataclass(frozen=True)
class Corpus:
    """Everything an agent may look up. Either part may be empty."""

    policies: tuple[Policy, ...] = ()
    incidents: tuple[tuple[Incident, str], ...] = ()

    @cached_property
    def _clauses(self) -> dict[str, tuple[Policy, Clause]]:
        return {clause.id: (policy, clause) for policy in self.policies for clause in policy.clauses}

    @cached_property
    def _incidents(self) -> dict[str, Incident]:
        return {incident.id: incident for incident, _ in self.incidents}

    def clause(self, citation: str) -> tuple[Policy, Clause] | None:
        """The clause that a citation such as `POL-PAY-02@3#4.1` names, with its policy; None if there is none."""
        return self._clauses.get(citation)

    def incident(self, citation: str) -> Incident | None:
        """The incident that a citation names; None if there is none."""
        return self._incidents.get(citation)

    def describe(self, citation: str) -> tuple[str, str] | None:
        """Title and text of what a citation names, with all that a claim may rest on; None if there is none."""
        found = self.clause(citation)
        if found is not None:
            policy, clause = found
            return _clause_title(policy, clause), clause.text
        incident = self.incident(citation)
        return None if incident is None else (incident.title, _incident_text(incident))

    def versions(self, policy_id: str) -> tuple[Policy, ...]:
        """All versions of a policy, oldest first."""
        return tuple(policy for policy in self.policies if policy.head.id == policy_id)

    def passages(self) -> Iterator[Passage]:
        """What retrieval indexes, clauses first."""
        for policy in self.policies:
            head = policy.head
            for clause in policy.clauses:
                title = _clause_title(policy, clause)
                label = head.labels[0] if len(head.labels) == 1 else None
                yield Passage(clause.id, "policy", title, clause.text, label, head.effective_from, head.effective_to)
        for incident, _ in self.incidents:
            yield Passage(
                incident.id,
                "incident",
                incident.title,
                _incident_text(incident),
                incident.label,
                incident.closed_at,
                None,
            )

    @cached_property
    def hash(self) -> str:
        """Content hash over everything that can be retrieved or cited."""
        clauses = [
            [clause.id, policy.head.model_dump(mode="json"), clause.heading, clause.text]
            for policy, clause in self._clauses.values()
        ]
        return content_hash([clauses, [incident.model_dump(mode="json") for incident, _ in self.incidents]])


def _clause_title(policy: Policy, clause: Clause) -> str:
    return f"{policy.head.title}: {clause.heading}" if clause.heading else policy.head.title


def _incident_text(incident: Incident) -> str:
    """Narrative, then what was done and the amount; never the investigator's note."""
    parts = [incident.narrative]
    if incident.action:
        parts.append(f"Action taken: {incident.action}.")
    if incident.amount is not None:
        parts.append(f"Amount: {incident.amount:g} {incident.currency or ''}.".replace(" .", "."))
    return " ".join(parts)


def load_corpus(*, policies: Path | None, incidents: Path | None, taxonomy: Taxonomy | None = None) -> Corpus:
    """Read both parts; labels that the taxonomy doesn't define are a UsageError with file and line."""
    corpus = Corpus(
        policies=load_policies(policies) if policies else (),
        incidents=load_incidents(incidents) if incidents else (),
    )
    if taxonomy:
        for error in unknown_labels(corpus, taxonomy):
            raise error
    return corpus


def unknown_labels(corpus: Corpus, taxonomy: Taxonomy) -> Iterator[UsageError]:
    """An error for each label of a policy or incident that the taxonomy doesn't define."""
    used = [(label, policy.at("labels")) for policy in corpus.policies for label in policy.head.labels]
    used += [(incident.label, at) for incident, at in corpus.incidents]
    used += [(incident.true_label, at) for incident, at in corpus.incidents if incident.true_label is not None]
    for label, at in used:
        if label not in taxonomy.by_id:
            fix = suggest(label, list(taxonomy.ids))
            yield UsageError(f"label {label!r} is not in the taxonomy", where=at, fix=fix)
