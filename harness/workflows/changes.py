"""Tickets on either side of a policy change: which change a cluster of tickets lies around, and in which week."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta

from harness.core.ticket import InputKind
from harness.core.types import Sample
from harness.corpus import Corpus
from harness.evalsets import parse_case
from harness.evaluation import Place


def ticket_day(sample: Sample, *, kind: InputKind) -> date | None:
    """The UTC day of a sample's ticket; None where it has no date."""
    case = parse_case(sample.input, sample_id=sample.id, kind=kind, where=sample.at)
    return None if case is None or case.created_at is None else case.created_at.astimezone(UTC).date()


def place_samples(samples: Sequence[Sample], corpus: Corpus, *, kind: InputKind) -> Mapping[str, Place]:
    """The place of each sample whose cluster lies around a change; the others are left out.

    The change is the first version to take effect after the cluster's earliest ticket, and no later than its latest, of
    a policy that one of its targets cites.
    """
    clusters: dict[str, list[tuple[Sample, date]]] = {}
    for sample in samples:
        day = ticket_day(sample, kind=kind)
        if day is not None:
            clusters.setdefault(sample.cluster, []).append((sample, day))
    found: dict[str, Place] = {}
    for members in clusters.values():
        changed = _change([sample for sample, _ in members], [day for _, day in members], corpus)
        if changed is None:
            continue
        week = changed - timedelta(days=changed.weekday())
        moves = len({sample.target.label for sample, _ in members}) > 1
        found |= {sample.id: Place(week, after=day >= changed, moves=moves) for sample, day in members}
    return found


def _change(samples: Sequence[Sample], days: Sequence[date], corpus: Corpus) -> date | None:
    cited = {clause.partition("@")[0] for sample in samples for clause in sample.target.clauses}
    starts = [policy.head.effective_from for policy in corpus.policies if policy.head.id in cited]
    return min((start for start in starts if min(days) < start <= max(days)), default=None)
