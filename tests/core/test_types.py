from dataclasses import FrozenInstanceError

import pytest

from harness.core.protocols import SolverInput
from harness.core.types import Metric, Output, Target


def test_an_answer_that_experts_accept_too_is_held_against_itself() -> None:
    target = Target(label="a", acceptable=("b",))
    assert [target.gold_for(label) for label in ("a", "b", "c", None)] == ["a", "b", "a", "a"]


def test_where_no_label_fits_nothing_is_right_but_what_is_acceptable() -> None:
    assert Target().gold_for("a") is None
    assert Target(acceptable=("a",)).gold_for("a") == "a"


def test_a_metric_shows_its_public_fields_and_no_per_trial_values() -> None:
    shown = Metric(
        "routing.accuracy", 0.5, low=0.4, high=0.6, n_scored=4, values=(1.0, 0.0), keys=(("t", 0),)
    ).to_json()
    assert shown == {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "level": 0.95,
        "method": "",
        "n_scored": 4,
        "n_unscored": 0,
        "n_errored": 0,
        "n_not_applicable": 0,
        "unit": "",
        "detail": "",
        "reason": None,
        "fact": None,
        "lower_is_better": False,
    }


def test_values_that_pass_between_layers_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Output(label="a").label = "b"  # type: ignore[misc]


def test_a_solver_sees_nothing_of_a_sample_that_tells_the_answer() -> None:
    shown = {name for name in vars(SolverInput) if not name.startswith("_")}
    assert shown == {"id", "input", "trial", "seed"}
