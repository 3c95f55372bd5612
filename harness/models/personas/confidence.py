"""How sure a persona is, and what it reports: honest by construction, then bent as its spec says.

Honest means that the confidence is drawn first, from a Beta distribution whose mean is the accuracy, and the answer is
right with just that probability. Among all answers of a confidence, that share is right.
"""

from collections.abc import Sequence
from typing import NamedTuple

from harness.models.personas.spec import Confidence

HIGHEST = 0.995
"""Confidences are drawn below this; an accuracy from here on is reported as it is, so that 1 is reported as 1."""
MARGIN = 0.005
"""How far the answer's probability stays above an even share, so that it remains the largest."""

_NONE = 1e-6
"""A spread below this is none: the quantiles of so narrow a distribution are beyond floating point."""


class Belief(NamedTuple):
    """The answer's honest probability, and the chance that it is right: the same unless accuracy is below chance."""

    confidence: float
    right: float


def lowest(labels: int) -> float:
    """The least confidence in an answer among so many labels: just above an even share."""
    return min(1 / labels + MARGIN, 1.0)


def believe(accuracy: float, *, spread: float, labels: int, draw: float) -> Belief:
    """The confidence at quantile `draw` of a Beta over [lowest, HIGHEST] with mean `accuracy`.

    Its variance is `spread` times the largest that the mean allows. Where the accuracy is below `lowest`, no answer
    can be honest and still be the likeliest: it is then reported as `lowest`.
    """
    low = lowest(labels)
    if accuracy >= HIGHEST or low >= HIGHEST:
        return Belief(max(accuracy, low), accuracy)
    if accuracy <= low:
        return Belief(low, accuracy)
    if spread < _NONE:
        return Belief(accuracy, accuracy)
    from scipy.special import betaincinv

    mean, weight = (accuracy - low) / (HIGHEST - low), (1 - spread) / spread
    confidence = low + (HIGHEST - low) * float(betaincinv(mean * weight, (1 - mean) * weight, draw))
    return Belief(confidence, confidence)


def report(labels: Sequence[str], label: str, confidence: float, *, bent: Confidence) -> dict[str, float]:
    """Probabilities that sum to 1: the answer's, bent as the spec says, and what is left in even shares.

    Bending is p^(1/temperature), normalised; a constant replaces the answer's probability altogether, even if that
    makes another label the likelier one. Rounded to 6 digits.
    """
    others = len(labels) - 1
    if not others:
        return {label: 1.0}
    if bent.constant is not None:
        confidence = bent.constant
    elif bent.temperature != 1:
        ratio = ((1 - confidence) / others / confidence) ** (1 / bent.temperature)
        confidence = 1 / (1 + others * ratio)
    share = round((1 - confidence) / others, 6)
    own = max(round(1 - others * share, 6), 0.0)
    return {name: own if name == label else share for name in labels}
