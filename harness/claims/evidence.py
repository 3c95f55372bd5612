"""What a citation resolves to: a clause, an incident or a ticket field, and whether it could have been used."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from harness.corpus import Corpus

Status = Literal["ok", "missing", "not_in_force", "not_in_context"]
TICKET = "ticket:"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A citation's status and, where it exists, its title and text."""

    citation: str
    status: Status
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class Resolver:
    """Resolves citations for one case.

    `fields` are the ticket's fields by path; `context` the ids of passages that stood in the model's context, None
    where that isn't known; `as_of` the moment at which clauses must be in force and incidents closed, None for any.
    """

    corpus: Corpus
    fields: Mapping[str, str]
    context: Collection[str] | None
    as_of: datetime | None

    def __call__(self, citation: str) -> Resolved:
        """Resolve one citation. Existence is judged before force, and force before context."""
        if citation.startswith(TICKET):
            path = citation.removeprefix(TICKET)
            if path not in self.fields:
                return Resolved(citation, "missing")
            return Resolved(citation, "ok", path, self.fields[path])
        found = self.corpus.describe(citation)
        if found is None:
            return Resolved(citation, "missing")
        title, text = found
        if not self._held(citation):
            return Resolved(citation, "not_in_force", title, text)
        if self.context is not None and citation not in self.context:
            return Resolved(citation, "not_in_context", title, text)
        return Resolved(citation, "ok", title, text)

    def _held(self, citation: str) -> bool:
        """Whether the clause was in force, or the incident closed, at `as_of`."""
        if self.as_of is None:
            return True
        clause = self.corpus.clause(citation)
        if clause is not None:
            return clause[0].in_force(self.as_of.astimezone(UTC).date())
        incident = self.corpus.incident(citation)
        return incident is None or incident.closed_at is None or incident.closed_at < self.as_of
