from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import Exit, HarnessError, InfrastructureError, NoSamplesError, UsageError, stop, worst_exit

ORDER = (3, 4, 5, 2, 6, 1, 7, 0)


def test_exit_codes_are_the_documented_numbers() -> None:
    assert {code.name: code.value for code in Exit} == {
        "OK": 0,
        "FINDINGS": 1,
        "INTERRUPTED": 2,
        "INTERNAL": 3,
        "USAGE": 4,
        "NO_SAMPLES": 5,
        "COVERAGE": 6,
        "INCONCLUSIVE": 7,
    }


def test_of_any_two_exit_codes_the_documented_first_one_wins() -> None:
    for one, two in permutations(ORDER, 2):
        winner = min((one, two), key=ORDER.index)
        assert worst_exit({Exit(one), Exit(two)}) == winner


@given(st.sets(st.sampled_from(Exit), min_size=1))
def test_of_many_exit_codes_the_documented_first_one_wins(codes: set[Exit]) -> None:
    assert worst_exit(codes) == min(codes, key=ORDER.index)


def test_no_exit_code_at_all_is_fine() -> None:
    assert worst_exit(set()) is Exit.OK


@given(st.text(min_size=1), st.text(), st.text())
def test_a_usage_error_is_one_line_whatever_it_quotes(what: str, where: str, fix: str) -> None:
    assert len(str(UsageError(what, where=where, fix=fix)).splitlines()) <= 1


def test_a_usage_error_says_where_what_and_how_to_mend_it() -> None:
    error = UsageError("unknown key 'x'", where=Path("suite.yaml"), fix="remove it")
    assert str(error) == "suite.yaml: unknown key 'x'; remove it"
    assert (error.what, error.where, error.fix) == ("unknown key 'x'", Path("suite.yaml"), "remove it")


def test_a_usage_error_needs_neither_place_nor_remedy() -> None:
    assert str(UsageError("bad\n  value")) == "bad value"
    assert str(UsageError("bad", fix="mend it")) == "bad; mend it"


def test_an_infrastructure_error_keeps_its_kind_apart_from_its_message() -> None:
    error = InfrastructureError("rate_limit", "429")
    assert (error.kind, error.message, str(error)) == ("rate_limit", "429", "rate_limit: 429")


def test_every_error_raised_on_purpose_can_be_caught_as_one() -> None:
    for error in (UsageError("x"), NoSamplesError("x"), InfrastructureError("a", "b")):
        assert isinstance(error, HarnessError)


def test_stop_raises_the_very_mistake_it_is_told_of() -> None:
    error = UsageError("x")
    with pytest.raises(UsageError) as caught:
        stop(error)
    assert caught.value is error
