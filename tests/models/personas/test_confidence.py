"""Confidence: honest by construction, then too extreme, too timid or all the same, as planted."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.models.personas.confidence import HIGHEST, believe, lowest, report
from harness.models.personas.spec import Confidence
from tests.models.personas.asking import TICKET, answers, call, confidence_of, label_of, persona

N = 2000


def ece(confidences: list[float], right: list[bool], bins: int = 10) -> float:
    """Expected calibration error over bins of equal counts."""
    order = np.argsort(confidences, kind="stable")
    parts = np.array_split(order, bins)
    c, r = np.asarray(confidences), np.asarray(right, dtype=float)
    return float(sum(len(part) / len(order) * abs(c[part].mean() - r[part].mean()) for part in parts))


def judged(count: int = N, **spec: Any) -> tuple[list[float], list[bool]]:
    replies = answers(persona(**spec), count, user=TICKET)
    return [confidence_of(reply) for reply in replies], [label_of(reply) == "fire" for reply in replies]


def test_an_honest_persona_is_calibrated() -> None:
    confidences, right = judged(accuracy=0.7, confidence={"spread": 0.4})
    assert ece(confidences, right) < 0.04
    assert np.mean(confidences) == pytest.approx(0.7, abs=0.02)
    assert np.std(confidences) > 0.05


@pytest.mark.parametrize("accuracy", [0.3, 0.5, 0.8, 0.98])
def test_the_mean_confidence_is_the_accuracy(accuracy: float) -> None:
    drawn = [believe(accuracy, spread=0.3, labels=12, draw=(n + 0.5) / 4000) for n in range(4000)]
    assert np.mean([belief.confidence for belief in drawn]) == pytest.approx(accuracy, abs=2e-3)
    assert all(belief.confidence == belief.right for belief in drawn)


def test_a_temperature_below_1_is_overconfident_and_above_1_underconfident() -> None:
    for temperature, sign, name in ((0.5, 1, "overconfident"), (2.0, -1, "underconfident")):
        spec: dict[str, Any] = {"accuracy": 0.7, "confidence": {"temperature": temperature, "spread": 0.2}}
        confidences, right = judged(600, **spec)
        assert sign * (np.mean(confidences) - np.mean(right)) > 0.1
        assert ece(confidences, right) > 0.1
        assert name in persona(**spec).answer(call()).planted


def test_a_constant_is_reported_whatever_the_chance() -> None:
    replies = answers(persona(accuracy=0.5, confidence={"constant": 0.9}), 50)
    assert {confidence_of(reply) for reply in replies} == {0.9}
    assert all("constant_confidence" in reply.planted for reply in replies)


def test_without_spread_every_confidence_is_the_accuracy() -> None:
    assert {confidence_of(r) for r in answers(persona(accuracy=0.7, confidence={"spread": 0}), 30)} == {0.7}


def test_an_accuracy_of_1_is_reported_as_1_and_one_below_chance_as_the_least() -> None:
    assert {confidence_of(r) for r in answers(persona(), 30)} == {1.0}
    assert {confidence_of(r) for r in answers(persona(accuracy=0.1), 30)} == {0.205}
    assert believe(0.997, spread=0.2, labels=5, draw=0.5) == (0.997, 0.997)
    assert believe(0.3, spread=0.2, labels=1, draw=0.5) == (1.0, 0.3)


@given(
    accuracy=st.floats(0, 1),
    spread=st.floats(0, 0.99),
    labels=st.integers(2, 60),
    draw=st.floats(1e-9, 1 - 1e-9),
    temperature=st.floats(0.01, 100),
)
def test_the_answer_stays_the_likeliest_and_all_sums_to_1(
    accuracy: float, spread: float, labels: int, draw: float, temperature: float
) -> None:
    belief = believe(accuracy, spread=spread, labels=labels, draw=draw)
    assert lowest(labels) - 1e-12 <= belief.confidence <= max(HIGHEST, accuracy)
    names = [f"l{number}" for number in range(labels)]
    for bent in (Confidence(), Confidence(temperature=temperature)):
        found = report(names, "l1", belief.confidence, bent=bent)
        assert list(found) == names
        assert math.fsum(found.values()) == pytest.approx(1, abs=1e-4)
        assert all(round(p, 6) == p and 0 <= p <= 1 for p in found.values())
        assert found["l1"] == max(found.values())


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.9), st.floats(0.001, 0.999))
def test_a_higher_accuracy_never_lowers_the_confidence_at_a_draw(
    one: float, two: float, spread: float, draw: float
) -> None:
    low, high = (believe(accuracy, spread=spread, labels=6, draw=draw).confidence for accuracy in sorted((one, two)))
    assert low <= high + 1e-9


@pytest.mark.parametrize("constant", [0.0, 0.5, 1.0])
def test_a_constant_leaves_even_shares_to_the_others(constant: float) -> None:
    found = report([f"l{n}" for n in range(7)], "l0", 0.9, bent=Confidence(constant=constant))
    assert found["l0"] == pytest.approx(constant, abs=1e-5) and min(found.values()) >= 0
    assert len({p for name, p in found.items() if name != "l0"}) == 1
