"""The passages of one kind, the texts that are indexed of them, and which of them count: the one place that decides it.

Times are whole microseconds since 1970 in UTC, and a passage is visible in `[visible_from, visible_to)`: a clause from
the midnight on which its version takes effect to the one on which it ends; an incident from just after its closing, so
that it is seen only strictly later.

An index holds each distinct text once, as a row: a clause that stands unchanged in five versions is one row with five
passages. So a version that changes one clause adds one row, what dates say isn't in the index at all, and no clause
fills an answer twice.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
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
"""Number of a row on its shelf, and its score."""

ALWAYS, NEVER = -(2**62), 2**62
"""Stand-ins for an open start and an open end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_EVERYWHERE = "all"
_KEY_DIGITS = 24


@dataclass(frozen=True)
class Shelf:
    """Passages in the corpus's order. `latest` is false for clauses of a version that a later one replaces."""

    name: ShelfName
    passages: tuple[Passage, ...]
    regions: tuple[str, ...]
    visible_from: NDArray[np.int64]
    visible_to: NDArray[np.int64]
    latest: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the passages."""
        return len(self.passages)

    @cached_property
    def rows(self) -> Mapping[str, str]:
        """Each distinct text by its key, a hash of it, in the order in which they first stand."""
        return {row_key(text): text for text in dict.fromkeys(map(document, self.passages))}

    @cached_property
    def row_of(self) -> NDArray[np.int64]:
        """The number of the row of each passage."""
        number = {text: row for row, text in enumerate(self.rows.values())}
        return np.array([number[document(passage)] for passage in self.passages], np.int64)

    @cached_property
    def _members(self) -> Sequence[list[int]]:
        members: list[list[int]] = [[] for _ in self.rows]
        for number, row in enumerate(self.row_of.tolist()):
            members[row].append(number)
        return members

    @cached_property
    def _places(self) -> NDArray[np.str_]:
        return np.array([region.casefold() for region in self.regions], np.str_)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {passage.id: number for number, passage in enumerate(self.passages)}

    def admitted(
        self, as_of: datetime | None, *, exclude: Collection[str] = (), region: str | None = None
    ) -> NDArray[np.bool_]:
        """Whether each passage may be returned; without a date the latest versions and every incident may.

        With a `region` (in any case) clauses of that region and of all regions may, and incidents of any.
        """
        if as_of is None:
            mask = self.latest.copy()
        else:
            at = self._moment(as_of)
            mask = (self.visible_from <= at) & (at < self.visible_to)
        if region is not None and self.name == "policies":
            mask &= np.isin(self._places, [_EVERYWHERE, region.casefold()])
        mask[[self._numbers[name] for name in exclude if name in self._numbers]] = False
        return mask

    def rows_with(self, admitted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each row has an admitted passage."""
        mask = np.zeros(len(self.rows), np.bool_)
        mask[self.row_of[admitted]] = True
        return mask

    def unfold(self, hits: Sequence[Hit], admitted: NDArray[np.bool_], *, k: int) -> list[tuple[int, float, int]]:
        """The first `k` admitted passages of ranked rows: number, score and row of each.

        Equal clauses (of one policy's regions, say) are told once, as the last version; incidents are cases of their own.
        """
        found: list[tuple[int, float, int]] = []
        for row, score in hits:
            numbers = [number for number in self._members[row] if admitted[number]]
            found += [(number, score, row) for number in (numbers[-1:] if self.name == "policies" else numbers)]
            if len(found) >= k:
                break
        return found[:k]

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
    regions = [policy.head.region for policy in corpus.policies for _ in policy.clauses]
    cases = [incident.region for incident, _ in corpus.incidents]
    return {
        "policies": _shelf("policies", clauses, starts, latest=list(_latest(corpus)), regions=regions),
        "incidents": _shelf("incidents", incidents, closed, latest=[True] * len(incidents), regions=cases),
    }


def _shelf(
    name: ShelfName, passages: list[Passage], starts: list[int], *, latest: list[bool], regions: list[str]
) -> Shelf:
    ends = [NEVER if passage.visible_to is None else _ticks(passage.visible_to) for passage in passages]
    return Shelf(
        name=name,
        passages=tuple(passages),
        regions=tuple(regions),
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
    """What is indexed of a passage: a clause with its policy's title and its section's heading, as its context."""
    return f"{passage.title}\n{passage.text}" if passage.title else passage.text


def row_key(text: str) -> str:
    """The first 96 bits of the SHA-256 of a row's text, as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_KEY_DIGITS]


def known_regions(shelf: Shelf) -> list[str]:
    """The regions that clauses of a shelf are of, but for `all`."""
    return sorted({region for region in shelf.regions if region.casefold() != _EVERYWHERE})
