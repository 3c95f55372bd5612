"""How the model was asked, in words."""

from dataclasses import replace
from typing import Any

import pytest

from harness.evaluation import Run
from harness.reporting.calls import model_call
from harness.reporting.summary import calls


def asked(run: Run, **totals: Any) -> list[str]:
    manifest = {**run.manifest, "model": {"probabilities": "logprobs"}}
    return calls(replace(run, info={**run.info, "calls": totals}, manifest=manifest))


def test_a_run_says_how_often_the_model_was_asked_what_failed_and_in_which_form(generic_run: Run) -> None:
    totals = {
        "calls": 1200,
        "attempts": 1403,
        "failed_attempts": {"rate_limit": 200, "timeout": 3},
        "answered_by": {"model": 1000, "cache": 200},
        "structured_output": {"json_schema": 1200},
    }
    assert asked(generic_run, **totals) == [
        "1,200 model calls in 1,403 attempts (rate_limit 200, timeout 3 failed)",
        "answered by model 1,000, cache 200",
        "answers by json schema",
        "probabilities logprobs",
    ]


def test_where_nothing_failed_there_is_less_to_say(generic_run: Run) -> None:
    assert asked(generic_run, calls=1, attempts=1, answered_by={"model": 1}) == [
        "1 model call",
        "probabilities logprobs",
    ]
    assert calls(generic_run) == []


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"model": "gpt-x", "finish": "stop", "input_tokens": 3770, "output_tokens": 252, "price": 0.00213,
             "currency": "USD", "latency_ms": 812.4, "attempts": 2, "retried": ["rate_limit"], "request_id": "req_1"},
            "gpt-x · stop · 3,770 tokens in, 252 out · $0.0021 · 812 ms · 2 attempts after rate_limit · req_1",
        ),
        (
            {"model": "reader", "finish": "stop", "input_tokens": 10, "output_tokens": 5, "estimated": True, "price": 0.0,
             "latency_ms": 12.0, "source": "cache", "why": "hit"},
            "reader · from the cache · stop · 10 tokens in, 5 out (estimated) · 12 ms · hit",
        ),
        (
            {"model": "m", "finish": "length", "price": None, "latency_ms": 3.0, "planted": ["wrong_label"]},
            "m · length · price unknown · 3 ms · planted: wrong_label",
        ),
    ],
)  # fmt: skip
def test_a_call_is_one_line(record: dict[str, Any], said: str) -> None:
    assert model_call(record) == said
