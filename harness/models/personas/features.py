"""What a prompt shows, as far as a persona can be told to care; and how that moves its odds."""

import re
from collections.abc import Sequence

from harness.models.personas.spec import PersonaSpec
from harness.models.reading import Reading

Turns = Sequence[tuple[str, str]]

_FENCE = "<untrusted-"
_SENTENCE_END = re.compile(r"\.(?=\s|$)|\n\s*(?:\n|[-*•]|\d+[.)])")
_MONEY_WORDS = ("cost", "expensive", "$", "€", "£", "usd", "eur", "dollar", "pounds")
_MONEY = re.compile(r"\b(?:costs?|costly|costlier|expensive)\b|[$€£]\s?\d|\d\s?(?:usd|eur|gbp|dollars|euros|pounds)\b")
_MISTAKE = re.compile(
    r"\b(?:miss(?:es|ed|ing)?|reviews?|reviewing|errors?|mistakes?|wrong(?:ly)?|false alarms?|delays?|mis-?rout\w+)\b"
)
_REPAIR = re.compile(r"\bcould(?: not|n['’]t) be used\b", re.IGNORECASE)


def without_repairs(turns: Turns) -> tuple[list[tuple[str, str]], int]:
    """The turns without those that say that an answer could not be used, and how many those are."""
    answered = next((at for at, (role, _) in enumerate(turns) if role == "ai"), len(turns))
    kept = [
        turn
        for at, turn in enumerate(turns)
        if not (turn[0] == "human" and at > answered and _FENCE not in turn[1] and _REPAIR.search(turn[1]))
    ]
    return kept, len(turns) - len(kept)


def fenced(turns: Turns) -> bool:
    """Whether untrusted text stands in fences."""
    return any(_FENCE in text for role, text in turns if role != "ai")


def states_costs(reading: Reading) -> bool:
    """Whether the system message says what a mistake or a review costs: money and mistake within one sentence."""
    for sentence in _SENTENCE_END.split(reading.prose.lower()):
        if any(word in sentence for word in _MONEY_WORDS) and _MONEY.search(sentence) and _MISTAKE.search(sentence):
            return True
    return False


def shift(spec: PersonaSpec, reading: Reading) -> float:
    """What is added to the accuracy for what the prompt shows."""
    care = spec.sensitivity
    kinds = {passage.kind for passage in reading.passages}
    seen = (
        (care.label_definitions, any(reading.labels.values())),
        (care.precedents, "incident" in kinds),
        (care.policies, "policy" in kinds),
        (care.cost_statement, care.cost_statement != 0 and states_costs(reading)),
    )
    return sum(change for change, there in seen if there)


def clipped(rate: float) -> float:
    """`rate` moved into [0, 1]."""
    return min(max(rate, 0.0), 1.0)
