"""What a service says, brought into our own types."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.models.calls import Call, Reply, Token, ToolCall
from harness.models.wire import count_of, ending, sample_headers, tokens_of, without_secret

SECRET = "correct horse zebra"
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(anything)
def test_a_count_is_a_whole_number_that_json_can_hold_or_unknown(value: Any) -> None:
    found = count_of(value)
    assert found is None or (type(found) is int and found == value and 0 <= found <= 2**53)


def test_a_whole_number_written_with_a_point_is_a_count() -> None:
    assert count_of(12.0) == 12 and count_of(0) == 0 and count_of(True) is None


@pytest.mark.parametrize(
    ("said", "refusal", "calls", "found"),
    [
        ("stop", None, False, ("stop", None)),
        ("MAX_TOKENS", None, False, ("length", None)),
        ("SAFETY", None, False, ("content_filter", None)),
        ("refusal", None, False, ("stop", "the model declined")),
        ("refusal", "no", False, ("stop", "no")),
        ("eos", None, True, ("tool_calls", None)),
        (None, 5, False, ("stop", "5")),
    ],
)
def test_an_end_has_one_of_our_names(said: Any, refusal: Any, calls: bool, found: tuple[str, str | None]) -> None:
    assert ending(said, refusal=refusal, calls=calls) == found


def test_no_log_probability_is_above_zero_and_one_that_is_no_number_is_an_error() -> None:
    rows = [{"token": "a", "logprob": 0.5, "top_logprobs": [{"token": "a", "logprob": -math.inf}]}]
    assert tokens_of(rows) == (Token("a", 0.0, (("a", -math.inf),)),)
    assert tokens_of(None) is None and tokens_of([]) is None
    for logprob in (math.nan, "x"):
        with pytest.raises(ValueError):
            tokens_of([{"token": "a", "logprob": logprob}])
    with pytest.raises(ValueError):
        tokens_of([{"token": None, "logprob": 0}])


def test_a_reply_without_the_key_in_it_stays_as_it_is() -> None:
    reply = Reply(text="a key to the flat", tool_calls=(ToolCall("x", "look", "{}"),), request_id=None)
    assert without_secret(reply, SECRET) is reply
    assert without_secret(reply, "key") is reply  # nobody's key: too short not to stand in a text by chance
    told = without_secret(Reply(text="", refusal=f"no {SECRET}", logprobs=(Token(SECRET, 0.0),)), SECRET)
    assert (told.text, told.refusal, told.logprobs) == ("", "no (secret)", None)


def test_a_sample_of_any_name_fits_into_a_header() -> None:
    headers = sample_headers(Call(model="m", messages=(), sample="t-é", trial=2))
    assert headers["X-Harness-Sample"].isascii() and headers["X-Harness-Trial"] == "2"
