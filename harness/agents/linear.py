"""`baseline:linear`: what a plain text classifier makes of the past incidents.

TF-IDF of single words and pairs (sublinear counts) under a multinomial logistic regression, by scikit-learn. It learns
from the incidents that were closed before the month (UTC) in which a ticket was written, and is fitted anew for each
month, as a team would: no ticket is decided with an incident that was closed after it. Undated incidents are known at
every date, and an input without a date is decided by all of them. Deterministic.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.core.protocols import SolverInput
from harness.core.taxonomy import Taxonomy
from harness.core.ticket import InputKind
from harness.core.types import Output
from harness.corpus.incidents import Incident
from harness.evalsets import parse_case

_STRENGTH = 30.0
"""scikit-learn's C, the inverse of regularisation. On held-out training rows of BANKING77 (2,003 of them) log loss is .76
at 10, .58 at 30, .54 at 100, accuracy .863, .866, .869; the larger, the slower."""
_ITERATIONS, _TOLERANCE = 1000, 1e-3
"""With single precision and this tolerance it is fitted 4 times as fast as by default, at the same accuracy there."""


class _Model(Protocol):
    def __call__(self, text: str) -> Mapping[str, float]: ...


class LinearBaseline:
    """TF-IDF and logistic regression over the incidents."""

    name = "baseline:linear"

    def __init__(self, *, taxonomy: Taxonomy, kind: InputKind, incidents: Sequence[Incident]) -> None:
        self._labels, self._kind, self._incidents = taxonomy.ids, kind, incidents
        self._models: dict[int, _Model] = {}

    async def __call__(self, item: SolverInput) -> Output:
        """Probabilities over the labels; one that no incident known by then has gets 0."""
        case = parse_case(item.input, sample_id=item.id, kind=self._kind, where=item.id)
        text = "\n".join(text for _, text in case.untrusted) if case else str(item.input)
        model = self._model(self._known(case.created_at if case else None))
        found = model(text)
        probabilities = {label: found.get(label, 0.0) for label in self._labels}
        label = max(self._labels, key=lambda name: probabilities[name])
        return Output(label=label, probabilities=probabilities, why="a linear classifier of past incidents")

    def _known(self, at: datetime | None) -> list[Incident]:
        """The incidents closed before the month of `at`; all of them without a date."""
        if at is None:
            return list(self._incidents)
        month = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return [one for one in self._incidents if one.closed_at is None or one.closed_at < month]

    def _model(self, known: Sequence[Incident]) -> _Model:
        """The classifier of these incidents. Later months know what earlier ones did and more, so their number tells them apart."""
        if len(known) not in self._models:
            texts = [f"{incident.title}\n{incident.narrative}".strip() for incident in known]
            self._models[len(known)] = _fit(texts, [incident.label for incident in known], labels=self._labels)
        return self._models[len(known)]


class _Frequencies:
    """How often each label was seen, add-one smoothed: for where there is nothing to tell labels apart by."""

    def __init__(self, seen: Sequence[str], *, labels: Sequence[str]) -> None:
        counts = Counter(seen)
        self._shares = {label: (counts[label] + 1) / (len(seen) + len(labels)) for label in labels}

    def __call__(self, text: str) -> Mapping[str, float]:
        return self._shares


class _Linear:
    """A fitted vectoriser and classifier."""

    def __init__(self, vectorizer: Any, classifier: Any) -> None:
        self._vectorizer, self._classifier = vectorizer, classifier

    def __call__(self, text: str) -> Mapping[str, float]:
        row: NDArray[np.float64] = self._classifier.predict_proba(self._vectorizer.transform([text]))[0]
        return dict(zip(map(str, self._classifier.classes_), row.tolist(), strict=True))


def _fit(texts: Sequence[str], seen: Sequence[str], *, labels: Sequence[str]) -> _Model:
    """The classifier of labelled texts; frequencies where fewer than two labels or no words are among them."""
    if len(set(seen)) < 2:
        return _Frequencies(seen, labels=labels)
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    try:
        rows = vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's word for texts without a single word
        return _Frequencies(seen, labels=labels)
    classifier = LogisticRegression(C=_STRENGTH, max_iter=_ITERATIONS, tol=_TOLERANCE)
    return _Linear(vectorizer, classifier.fit(rows, list(seen)))
