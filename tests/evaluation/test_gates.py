"""Gates: what is one, and the verdict of each kind."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.types import Metric
from harness.evaluation import judge, parse_gate
from harness.evaluation.gates import GateResult
from harness.stats import Estimator

ESTIMATOR = Estimator(seed=1, resamples=300)
ACCURACY = Metric("routing.accuracy", 0.8, 0.7, 0.9, n_scored=50)


def judged(text: str, *metrics: Metric, baseline: Metric | None = None) -> GateResult:
    theirs = {"keyword": {baseline.name: baseline} if baseline else {}}
    return judge(parse_gate(text), {m.name: m for m in metrics}, baselines=theirs, estimator=ESTIMATOR)


def paired(values: list[float], *, prefix: str = "s", clusters: list[str] | None = None) -> Metric:
    keys = [(f"{prefix}-{n}", 0) for n in range(len(values))]
    own = clusters or [id for id, _ in keys]
    return Metric("routing.accuracy", sum(values) / len(values), 0.0, 1.0, values=values, keys=keys, clusters=own)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("routing.accuracy >= 0.7", "pass"),
        ("routing.accuracy > 0.7", "inconclusive"),
        ("routing.accuracy >= 0.75", "inconclusive"),
        ("routing.accuracy >= 0.9", "inconclusive"),
        ("routing.accuracy > 0.9", "fail"),
        ("routing.accuracy >= 0.95", "fail"),
        ("routing.accuracy <= 0.9", "pass"),
        ("routing.accuracy < 0.9", "inconclusive"),
        ("routing.accuracy < 0.7", "fail"),
        ("routing.accuracy.value >= 0.75", "pass"),
        ("routing.accuracy.value > 0.8", "fail"),
        ("routing.accuracy.low >= 0.75", "fail"),
        ("routing.accuracy.low >= 0.7", "pass"),
        ("routing.accuracy.high < 0.95", "pass"),
        ("  routing.accuracy>=-1  ", "pass"),
    ],
)
def test_a_gate_passes_if_all_of_the_interval_does_and_fails_if_none_does(text: str, verdict: str) -> None:
    found = judged(text, ACCURACY)
    assert (found.verdict, found.value, found.low, found.high) == (verdict, 0.8, 0.7, 0.9)
    assert found.gate == text.strip() and found.reason


@given(low=st.floats(0, 1), high=st.floats(0, 1), bound=st.floats(0, 1))
def test_opposite_gates_never_pass_both(low: float, high: float, bound: float) -> None:
    low, high = min(low, high), max(low, high)
    metric = replace(ACCURACY, value=(low + high) / 2, low=low, high=high)
    up = judged(f"routing.accuracy >= {bound:.3f}", metric).verdict
    down = judged(f"routing.accuracy < {bound:.3f}", metric).verdict
    assert {up, down} in ({"pass", "fail"}, {"inconclusive"})


def test_an_undefined_metric_is_inconclusive_with_its_reason() -> None:
    undefined = Metric("routing.accuracy", None, reason="no sample was scored")
    for text in ("routing.accuracy >= 0.5", "routing.accuracy.value >= 0.5", "routing.accuracy > baseline:keyword"):
        found = judged(text, undefined)
        assert found.verdict == "inconclusive" and "no sample was scored" in found.reason and found.value is None


def test_a_metric_without_an_interval_is_decided_only_by_its_value() -> None:
    bare = Metric("routing.accuracy", 0.8, reason="one cluster")
    for text in ("routing.accuracy >= 0.5", "routing.accuracy.low >= 0.5"):
        found = judged(text, bare)
        assert (found.verdict, found.value) == ("inconclusive", 0.8) and "one cluster" in found.reason
    assert judged("routing.accuracy.value >= 0.5", bare).verdict == "pass"


def test_an_unknown_metric_is_inconclusive_and_names_those_there_are() -> None:
    found = judged("routing.acuracy >= 0.5", ACCURACY)
    assert found.verdict == "inconclusive" and "routing.accuracy" in found.reason


def test_a_baseline_is_compared_in_pairs() -> None:
    mine, theirs = [1.0] * 30 + [0.0] * 10, [1.0] * 10 + [0.0] * 30
    better = judged("routing.accuracy > baseline:keyword", paired(mine), baseline=paired(theirs))
    assert better.verdict == "pass" and better.value == pytest.approx(0.5) and "40 pairs" in better.reason
    worse = judged("routing.accuracy > baseline:keyword", paired(theirs), baseline=paired(mine))
    assert worse.verdict == "fail" and worse.value == pytest.approx(-0.5)


def test_pairing_sees_what_two_intervals_would_not() -> None:
    """A gain on 8 of 40, a loss on none: the intervals overlap, the differences do not reach 0."""
    theirs = [1.0] * 20 + [0.0] * 20
    mine = [1.0] * 28 + [0.0] * 12
    assert judged("routing.accuracy > baseline:keyword", paired(mine), baseline=paired(theirs)).verdict == "pass"
    even = judged("routing.accuracy > baseline:keyword", paired(theirs[::-1]), baseline=paired(theirs))
    assert even.verdict == "inconclusive" and even.value == pytest.approx(0.0)


def test_only_trials_that_both_have_are_paired() -> None:
    mine = paired([1.0] * 10)
    theirs = replace(paired([0.0] * 6 + [1.0] * 4), keys=[(f"s-{n}", 0) for n in (0, 1, 2, 3, 4, 5, 90, 91, 92, 93)])
    found = judged("routing.accuracy >= baseline:keyword", mine, baseline=theirs)
    assert found.value == 1.0 and "6 pairs" in found.reason
    none = judged("routing.accuracy > baseline:keyword", mine, baseline=paired([1.0], prefix="other"))
    assert none.verdict == "inconclusive" and none.value is None


def test_what_has_no_pairs_is_inconclusive() -> None:
    for mine, theirs in (
        (paired([1.0, 0.0]), None),
        (ACCURACY, paired([1.0, 0.0])),
        (paired([1.0, 0.0]), ACCURACY),
        (paired([1.0, 0.0], clusters=["c", "c"]), paired([0.0, 0.0], clusters=["c", "c"])),
    ):
        assert judged("routing.accuracy > baseline:keyword", mine, baseline=theirs).verdict == "inconclusive"


@pytest.mark.parametrize(
    "text",
    [
        "", "routing.accuracy", "routing.accuracy = 0.5", "routing.accuracy >= ", "routing.accuracy >= high",
        ">= 0.5", "routing.accuracy >= 0.5 and x < 1", "routing.accuracy >= baseline:", "routing.accuracy => 0.5",
        "routing.accuracy.value > baseline:keyword", "routing.accuracy >= 0.5\nx", "9 < routing.accuracy",
    ],
)  # fmt: skip
def test_what_is_no_gate_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match="gate|baseline"):
        parse_gate(text)


def test_a_gate_takes_names_of_functions_and_negative_bounds() -> None:
    gate = parse_gate("my-scorer.x_1.high<=-0.25")
    assert (gate.metric, gate.part, gate.op, gate.bound) == ("my-scorer.x_1", "high", "<=", -0.25)


def test_a_verdict_is_json() -> None:
    assert judged("routing.accuracy.value >= 0.75", ACCURACY).to_json() == {
        "gate": "routing.accuracy.value >= 0.75", "verdict": "pass", "reason": "value 0.8", "value": 0.8, "low": 0.7,
        "high": 0.9,
    }  # fmt: skip
