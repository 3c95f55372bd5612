"""Near-duplicates: texts that share more than half of their word 3-grams, found exactly and without all pairs.

Jaccard similarity J = |A ∩ B| / |A ∪ B|. With J > 1/2 the common part is more than half of either set, so that, with
all sets in one order, the first half of A and the first half of B must share an element (the prefix filter of
Chaudhuri, Ganti & Kaushik 2006). The order is rarest first, so few pairs are ever compared. Texts of fewer than 8
words have too few 3-grams to tell; they are compared by equality of their words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material
from harness.workflows.check.texts import told, words

THRESHOLD = 0.5
"""Texts above it are near-duplicates. The prefix filter holds for 1/2 and more."""

MIN_WORDS = 8
_GRAM = 3

Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    at: str
    cluster: str | None
    key: str


def near_duplicates(material: Material) -> Iterator[Finding]:
    """Samples whose text is nearly that of an earlier sample of another cluster, or of an incident."""
    items = _items(material)
    alike = _alike([item.key for item in items])
    for number, item in enumerate(items):
        if item.cluster is None:
            continue
        earlier = [items[other] for other in sorted(alike[item.key]) if other < number]
        incidents = [other for other in earlier if other.cluster is None]
        samples = [other for other in earlier if other.cluster not in {None, item.cluster}]
        if incidents:
            message = f"sample {item.id!r} has nearly the text of {_named(incidents, 'incident')}; rewrite it"
            yield finding(item.at, rule="leak", message=message)
        if samples:
            same = f"sample {item.id!r} has nearly the text of {_named(samples, 'sample')}"
            yield finding(item.at, rule="near-duplicate", message=f"{same}; rewrite it, or give both one `cluster`")


def split_clusters(material: Material) -> Iterator[Finding]:
    """Clusters with members in more than one split: what was seen on dev would be met again on test."""
    first: dict[str, tuple[str, str]] = {}
    for sample in material.samples:
        split, at = first.setdefault(sample.cluster, (sample.split, sample.at))
        if split != sample.split:
            message = (
                f"sample {sample.id!r}: cluster {sample.cluster!r} is in split {sample.split!r} here and in "
                f"{split!r} at {at}"
            )
            yield finding(sample.at, rule="split", message=message)


def similar_pairs(sets: Sequence[Shingles]) -> Iterator[tuple[int, int]]:
    """(earlier, later) positions of every two sets with a Jaccard similarity above THRESHOLD."""
    frequency = Counter(gram for grams in sets for gram in grams)
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for later, grams in enumerate(sets):
        prefix = sorted(grams, key=lambda gram: (frequency[gram], gram))[: (len(grams) + 1) // 2]
        for earlier in {number for gram in prefix for number in index[gram]}:
            common = len(grams & sets[earlier])
            if common > THRESHOLD * (len(grams) + len(sets[earlier]) - common):
                yield earlier, later
        for gram in prefix:
            index[gram].append(later)


def shingles(text: Sequence[str]) -> Shingles:
    """The word 3-grams of a text."""
    return frozenset(tuple(text[n : n + _GRAM]) for n in range(len(text) - _GRAM + 1))


def _items(material: Material) -> list[_Item]:
    """Incidents, then samples, that have any text."""
    items = [_Item(i.id, at, None, _key(i.narrative)) for i, at in material.corpus.incidents]
    items += [_Item(sample.id, sample.at, sample.cluster, _key(told(sample, case))) for sample, case in material.cases]
    return [item for item in items if item.key]


def _key(text: str) -> str:
    """The words of a text, or what stands there where it has none."""
    return " ".join(words(text)) or text.strip()


def _alike(keys: Sequence[str]) -> dict[str, list[int]]:
    """For each key the positions of all keys like it, itself among them."""
    positions: dict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        positions[key].append(number)
    long = [key for key in positions if len(key.split()) >= MIN_WORDS]
    alike = {key: list(found) for key, found in positions.items()}
    for one, two in similar_pairs([shingles(key.split()) for key in long]):
        alike[long[one]] += positions[long[two]]
        alike[long[two]] += positions[long[one]]
    return alike


def _named(items: Sequence[_Item], kind: str) -> str:
    more = f" and {len(items) - 1} more" if len(items) > 1 else ""
    return f"{kind} {items[0].id!r} at {items[0].at}{more}"
