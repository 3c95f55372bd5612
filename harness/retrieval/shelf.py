"""The passages of one kind, and which of them count at a date: the one place that decides it.

Times are whole microseconds since 1970 in UTC, and a passage is visible in `[visible_from, visible_to)`: a clause from
the midnight on which its version takes effect to the one on which it ends; an incident from just after its closing, so
that it is seen only strictly later.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError
from harness.corpus import Corpus, Passage

ShelfName = Literal["policies", "incidents"]
Hit = tuple[int, float]
"""Number of a passage on its shelf, and its score."""

ALWAYS, NEVER = -(2**62), 2**62
"""Stand-ins for an open start and an open end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Shelf:
    """Passages in the corpus's order. `latest` is false for clauses of a version that a later one replaces."""

    name: ShelfName
    passages: tuple[Passage, ...]
    visible_from: NDArray[np.int64]
    visible_to: NDArray[np.int64]
    latest: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the passages."""
        return len(self.passages)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {passage.id: number for number, passage in enumerate(self.passages)}

    def admitted(self, as_of: datetime | None, *, exclude: Collection[str] = ()) -> NDArray[np.bool_]:
        """Whether each passage may be returned; without a date the latest versions and every incident may."""
        if as_of is None:
            mask = self.latest.copy()
        else:
            at = self._moment(as_of)
            mask = (self.visible_from <= at) & (at < self.visible_to)
        mask[[self._numbers[name] for name in exclude if name in self._numbers]] = False
        return mask

    def _moment(self, as_of: datetime) -> int:
        """The number that `as_of` is compared as: policies hold by the UTC day, incidents by the instant."""
        if as_of.tzinfo is None:
            raise UsageError(
                f"as_of {as_of.isoformat()!r} has no time zone", fix=f"write {as_of.isoformat()}Z or its offset"
            )
        return _ticks(as_of.astimezone(UTC).date() if self.name == "policies" else as_of)


def shelve(corpus: Corpus) -> Mapping[ShelfName, Shelf]:
    """Both shelves of a corpus; either may be empty."""
    passages = list(corpus.passages())
    clauses = [passage for passage in passages if passage.kind == "policy"]
    incidents = [passage for passage in passages if passage.kind == "incident"]
    closed = [ALWAYS if passage.visible_from is None else _ticks(passage.visible_from) + 1 for passage in incidents]
    starts = [ALWAYS if passage.visible_from is None else _ticks(passage.visible_from) for passage in clauses]
    return {
        "policies": _shelf("policies", clauses, starts, latest=list(_latest(corpus))),
        "incidents": _shelf("incidents", incidents, closed, latest=[True] * len(incidents)),
    }


def _shelf(name: ShelfName, passages: list[Passage], starts: list[int], *, latest: list[bool]) -> Shelf:
    ends = [NEVER if passage.visible_to is None else _ticks(passage.visible_to) for passage in passages]
    return Shelf(
        name=name,
        passages=tuple(passages),
        visible_from=np.array(starts, np.int64),
        visible_to=np.array(ends, np.int64),
        latest=np.array(latest, np.bool_),
    )


def _latest(corpus: Corpus) -> Iterator[bool]:
    """For each clause, whether its version is its policy's last in its region; no region's replaces another's."""
    last: dict[tuple[str, str], int] = {}
    for policy in corpus.policies:
        key = (policy.head.id, policy.head.region)
        last[key] = max(policy.head.version, last.get(key, policy.head.version))
    for policy in corpus.policies:
        newest = policy.head.version == last[policy.head.id, policy.head.region]
        yield from (newest for _ in policy.clauses)


def _ticks(moment: datetime | date) -> int:
    """Microseconds since 1970, exact; a date stands for its midnight in UTC."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    return (moment - _EPOCH) // _TICK


def document(passage: Passage) -> str:
    """What is indexed of a passage."""
    return f"{passage.title}\n{passage.text}" if passage.title else passage.text
