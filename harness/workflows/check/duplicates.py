"""Near-duplicates: texts that share more than half of their word 3-grams, within and across eval sets.

MinHash finds the candidates (Broder 1997), and each candidate's Jaccard similarity J = |A ∩ B| / |A ∪ B| is then
counted. With 64 bands of 3 hashes a pair of J = 0.5 is missed once in 5,000 times, one of 0.6 once in 6 million.
Texts of fewer than 8 words have too few 3-grams to tell; they are compared by equality of their words.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material
from harness.workflows.check.texts import told, words

THRESHOLD = 0.5
"""Texts above it are near-duplicates."""

MIN_WORDS = 8
_GRAM = 3
_BANDS, _ROWS = 64, 3

Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Item:
    """An incident (without a cluster), or a sample with its eval set, and the one that its suite says it is made of."""

    id: str
    at: str
    key: str
    cluster: str | None = None
    eval_set: str = ""
    origin: str = ""

    def may_be_like(self, other: "_Item") -> bool:
        """Whether both are samples of one cluster, or one eval set is declared to be made of the other's texts."""
        same_set = self.eval_set == other.eval_set
        return self.cluster == other.cluster if same_set else self.origin == other.origin


def near_duplicates(materials: Sequence[Material]) -> Iterator[Finding]:
    """Samples whose text is nearly that of an incident, or of an earlier sample that it may not be like."""
    items = _items(materials)
    alike = _alike([item.key for item in items])
    for number, item in enumerate(items):
        if item.cluster is None:
            continue
        earlier = [items[other] for other in sorted(alike[item.key]) if other < number]
        incidents = [other for other in earlier if other.cluster is None]
        samples = [other for other in earlier if other.cluster is not None and not item.may_be_like(other)]
        if incidents:
            message = f"sample {item.id!r} has nearly the text of {_named(incidents, 'incident')}; rewrite it"
            yield finding(item.at, rule="leak", message=message)
        if samples:
            same = f"sample {item.id!r} has nearly the text of {_named(samples, 'sample')}"
            fix = (
                "give both one `cluster`" if samples[0].eval_set == item.eval_set else "say `derived_from` in its suite"
            )
            yield finding(item.at, rule="near-duplicate", message=f"{same}; rewrite it, or {fix}")


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
    from datasketch import MinHash, MinHashLSH

    size = _BANDS * _ROWS
    index = MinHashLSH(num_perm=size, params=(_BANDS, _ROWS))
    grams = ([" ".join(gram).encode("utf-8", "surrogatepass") for gram in one] for one in sets)
    for later, sketch in enumerate(MinHash.generator(grams, num_perm=size)):
        for earlier in index.query(sketch):
            common = len(sets[later] & sets[earlier])
            if common > THRESHOLD * (len(sets[later]) + len(sets[earlier]) - common):
                yield earlier, later
        index.insert(later, sketch, check_duplication=False)


def shingles(text: Sequence[str]) -> Shingles:
    """The word 3-grams of a text."""
    return frozenset(tuple(text[n : n + _GRAM]) for n in range(len(text) - _GRAM + 1))


def _items(materials: Sequence[Material]) -> list[_Item]:
    """Incidents, then samples, that have any text; each once, though several suites may read it."""
    items = {at: _Item(i.id, at, _key(i.narrative)) for one in materials for i, at in one.corpus.incidents}
    for one in materials:
        eval_set = str(one.suite.resolve(one.suite.eval_set))
        origin = str(one.suite.resolve(one.suite.derived_from)) if one.suite.derived_from else eval_set
        for sample, case in one.cases:
            item = _Item(sample.id, sample.at, _key(told(sample, case)), sample.cluster, eval_set, origin)
            items.setdefault(sample.at, item)
    return [item for item in items.values() if item.key]


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
