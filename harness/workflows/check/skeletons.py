"""Slot templates: sentences that are the same but for the words that were put in.

A sentence's skeleton keeps its function words and punctuation and blanks the rest. People share few skeletons that are
long enough to tell; texts made from one template share them all.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material
from harness.workflows.check.texts import told

MOST = 0.02
"""Share of the samples that may share a skeleton with another cluster's."""
FEWEST = 50
"""Samples below which a share tells nothing."""
_LEAST_TOKENS, _LEAST_KEPT = 9, 5

_SENTENCE = re.compile(r"(?:[^.!?\n]|(?<=\d)\.(?=\d))+[.!?]?")
_TOKEN = re.compile(r"\w+(?:['’]\w+)?|[^\w\s]")
_KEPT = frozenset(
    "a about after again all also am an and any are as at be because been before but by can can't could did didn't do does don't down for "
    "from get got had has have he her him his how i i'm if in into is isn't it it's just like me more my no not now of off on one only or our "
    "out over said says she so some than that that's the their them then there they this to too up us very was wasn't we were what when where "
    "which who why will with would you your".split()
)


def shared_skeletons(material: Material) -> Iterator[Finding]:
    """Samples with a sentence whose skeleton a sample of another cluster has, where they are more than MOST of all."""
    if len(material.samples) < FEWEST:
        return
    users: dict[tuple[str, ...], dict[str, tuple[str, str]]] = defaultdict(dict)
    for sample, case in material.cases:
        for skeleton in skeletons(told(sample, case)):
            users[skeleton].setdefault(sample.cluster, (sample.id, sample.at))
    shared: dict[str, tuple[str, str, str]] = {}
    for skeleton, of_cluster in users.items():
        if len(of_cluster) > 1:
            (first, _), *others = of_cluster.values()
            for id, at in others:
                shared.setdefault(id, (at, first, " ".join(skeleton)))
    if len(shared) > MOST * len(material.samples):
        for id, (at, first, form) in shared.items():
            message = f"sample {id!r} and {first!r} have a sentence of one form, {form!r}; rewrite one"
            yield finding(at, rule="template", message=message)


def skeletons(text: str) -> set[tuple[str, ...]]:
    """The skeletons of a text's sentences that are long enough to tell: `_` for a word, `#` for a number."""
    found: set[tuple[str, ...]] = set()
    for match in _SENTENCE.finditer(text):
        tokens = _TOKEN.findall(match[0].casefold().replace("’", "'"))
        shape = tuple(
            "#" if token.isdigit() else token if token in _KEPT or not token[0].isalnum() else "_" for token in tokens
        )
        kept = sum(token not in {"_", "#"} and token[0].isalpha() for token in shape)
        if len(shape) >= _LEAST_TOKENS and kept >= _LEAST_KEPT:
            found.add(shape)
    return found
