"""From what a model said to a checked answer, or to the reason why it can't be used."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.taxonomy import Taxonomy
from harness.core.text import holdable
from harness.core.types import Claim

_MAX_CLAIMS = 12
_TOLERANCE = 0.02
_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer. Probabilities cover every label and sum to 1, or are None where the model gave none."""

    label: str
    probabilities: Mapping[str, float] | None
    rationale: tuple[Claim, ...]


class Unusable(Exception):
    """An answer that can't be used; `kind` is malformed (no JSON object) or wrong_schema."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind, self.message = kind, message
        super().__init__(message)


def answer_schema(taxonomy: Taxonomy, *, title: str) -> dict[str, Any]:
    """JSON Schema of an answer, as the model is shown it; one that OpenAI's strict mode takes."""
    number = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "title": title,
        "description": "Give the routing decision for this ticket.",
        "type": "object",
        "additionalProperties": False,
        "required": ["label", "probabilities", "rationale"],
        "properties": {
            "label": {"type": "string", "enum": list(taxonomy.ids)},
            "probabilities": {
                "type": "object",
                "description": "Probability of each label, summing to 1.",
                "properties": dict.fromkeys(taxonomy.ids, number),
                "required": list(taxonomy.ids),
                "additionalProperties": False,
            },
            "rationale": {
                "type": "array",
                "minItems": 1,
                "maxItems": _MAX_CLAIMS,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["text", "citations"],
                    "properties": {
                        "text": {"type": "string"},
                        "citations": {"type": "array", "items": {"type": "string"}},
                    },
                },
            },
        },
    }


def parse_answer(raw: object, taxonomy: Taxonomy) -> Answer:
    """An Answer from tool arguments or from text that holds one JSON object; raises Unusable with the reason."""
    value = _object(raw)
    label = value.get("label")
    if not isinstance(label, str) or label not in taxonomy.by_id:
        raise Unusable("wrong_schema", f"label is {_shown(label)}, not one of: {', '.join(taxonomy.ids)}")
    unknown = sorted(set(value) - {"label", "probabilities", "rationale"})
    if unknown:
        raise Unusable("wrong_schema", f"unknown key {_shown(unknown[0])}")
    return Answer(label, _probabilities(value.get("probabilities"), taxonomy), _rationale(value.get("rationale")))


def _object(raw: object) -> Mapping[str, Any]:
    if isinstance(raw, Mapping):
        return raw
    text = str(raw or "")
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        raise Unusable("malformed", "the answer holds no JSON object")
    try:
        value = json.loads(text[begin : end + 1])
    except (ValueError, RecursionError) as error:
        raise Unusable("malformed", f"the answer is not valid JSON: {error}") from None
    return dict(value)


def _probabilities(value: object, taxonomy: Taxonomy) -> Mapping[str, float] | None:
    """Every label's probability; labels left out get 0. None stays None: some models give none."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise Unusable("wrong_schema", "probabilities is not an object of label: number")
    given: dict[str, float] = {}
    for label, number in value.items():
        if label not in taxonomy.by_id:
            raise Unusable("wrong_schema", f"probabilities has {_shown(label)}, which is no label")
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
            raise Unusable("wrong_schema", f"the probability of {label} is {_shown(number)}, not a number from 0 to 1")
        given[label] = float(number)
    total = math.fsum(given.values())
    if abs(total - 1) > _TOLERANCE:
        raise Unusable("wrong_schema", f"probabilities sum to {total:.3f}, not to 1")
    return {label: given.get(label, 0.0) / total for label in taxonomy.ids}


def _rationale(value: object) -> tuple[Claim, ...]:
    if not isinstance(value, list) or not value or len(value) > _MAX_CLAIMS:
        raise Unusable("wrong_schema", f"rationale is not a list of 1 to {_MAX_CLAIMS} claims")
    claims: list[Claim] = []
    for item in value:
        text = item.get("text") if isinstance(item, Mapping) else None
        citations = item.get("citations", []) if isinstance(item, Mapping) else None
        if not isinstance(text, str) or not text.strip():
            raise Unusable("wrong_schema", "a claim has no text")
        if not isinstance(citations, list) or not all(isinstance(citation, str) for citation in citations):
            raise Unusable("wrong_schema", "a claim's citations are not a list of ids")
        claims.append(Claim(holdable(text).strip(), tuple(holdable(citation).strip() for citation in citations)))
    return tuple(claims)


def _shown(value: object) -> str:
    """A value as the model, or a reader of the failure, is told of it: 200,000 characters help neither."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
