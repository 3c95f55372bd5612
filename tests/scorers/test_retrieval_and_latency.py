"""Recall of the deciding evidence, and time and tokens."""

import numpy as np
import pytest

from harness.core.types import Evidence, NotApplicable, Output, Target, Trace, Usage
from harness.scorers.latency import LatencyScorer
from harness.scorers.retrieval import RetrievalScorer
from tests.scorers.judged import ESTIMATOR, headlines, metrics, sample, value, verdict

RETRIEVAL = RetrievalScorer(estimator=ESTIMATOR)
LATENCY = LatencyScorer(estimator=ESTIMATOR)


def saw(*ids: str) -> Output:
    return Output(trace=Trace(evidence=tuple(Evidence(id, "policy", "", "", 1.0) for id in ids)))


def took(ms: float, usage: Usage | None = None) -> Output:
    return Output(trace=Trace(usage=usage, timings_ms={"total": ms}))


def test_found_and_wanted_are_counted_by_kind() -> None:
    one = sample(clauses=("P@1#1", "P@1#2"), incidents=("i-1",))
    assert value(RETRIEVAL, one, saw("P@1#2", "i-9")) == {
        "clause_found": 1, "clause_wanted": 2, "clause_recall": 0.5,
        "incident_found": 0, "incident_wanted": 1, "incident_recall": 0.0,
    }  # fmt: skip


def test_a_target_without_evidence_and_a_solver_that_says_nothing_are_outside() -> None:
    assert isinstance(verdict(RETRIEVAL, sample(), saw("i-1")), NotApplicable)
    assert isinstance(verdict(RETRIEVAL, sample(incidents=("i-1",)), Output()), NotApplicable)


def test_recall_is_a_mean_over_the_samples_that_want_that_kind() -> None:
    head = headlines(
        metrics(
            RETRIEVAL,
            [
                (Target(clauses=("a", "b"), incidents=("i",)), saw("a", "i")),
                (Target(clauses=("a",)), saw("a")),
                (Target(incidents=("i",)), saw()),
            ],
        )
    )
    clause, incident = head["retrieval.clause_recall"], head["retrieval.incident_recall"]
    assert clause.value == pytest.approx(0.75) and clause.values == [0.5, 1.0]
    assert incident.value == pytest.approx(0.5) and incident.values == [1.0, 0.0]
    assert list(incident.keys) == [("s-000", 0), ("s-002", 0)]


def test_recall_of_what_nobody_wants_is_undefined() -> None:
    head = headlines(metrics(RETRIEVAL, [(Target(clauses=("a",)), saw("a"))]))
    assert head["retrieval.clause_recall"].value == 1 and head["retrieval.incident_recall"].value is None


def test_time_is_given_as_quantiles_and_tokens_as_means() -> None:
    times = [10.0, 20.0, 30.0, 40.0, 1000.0]
    head = headlines(metrics(LATENCY, [("a", took(ms, Usage(int(ms), 5, 1))) for ms in times]))
    assert head["latency.p50_ms"].value == 30 and head["latency.p50_ms"].unit == "ms"
    assert head["latency.p95_ms"].value == pytest.approx(float(np.quantile(times, 0.95)))
    assert head["tokens.input"].value == pytest.approx(220) and head["tokens.output"].value == 5
    assert head["tokens.input"].detail == "a ticket"


def test_estimated_tokens_are_marked() -> None:
    head = headlines(metrics(LATENCY, [("a", took(1, Usage(1, 1, 1, estimated=True)))]))
    assert "estimated" in head["tokens.input"].detail


def test_tokens_of_a_solver_that_counts_none_are_undefined() -> None:
    head = headlines(metrics(LATENCY, [("a", took(1)), ("a", took(2))]))
    assert head["tokens.input"].value is None and head["latency.p50_ms"].value == 1.5


def test_tokens_that_a_server_does_not_tell_are_undefined_and_not_0() -> None:
    silent = Usage(None, None, 1, price=None, currency="USD")
    head = headlines(metrics(LATENCY, [("a", took(1, silent)), ("a", took(1, Usage(100, None, 1, currency="USD")))]))
    assert (head["tokens.input"].value, head["tokens.input"].n_scored) == (100, 1)
    assert head["tokens.output"].value is None and head["tokens.price"].value is None
    assert "isn't known" in (head["tokens.price"].reason or "")


def test_the_price_is_a_mean_over_the_tickets_whose_price_is_known() -> None:
    uses = [Usage(1, 1, 1, price=price, currency="EUR") for price in (0.01, 0.03, None)]
    price = headlines(metrics(LATENCY, [("a", took(1, use)) for use in uses]))["tokens.price"]
    assert (price.value, price.unit, price.n_scored) == (pytest.approx(0.02), "EUR", 2)
    assert price.detail == "a ticket; the price of 1 isn't known"


def test_what_is_answered_in_process_has_no_price_to_show() -> None:
    free = Usage(1, 1, 1, price=0.0, currency="USD")
    assert "tokens.price" not in headlines(metrics(LATENCY, [("a", took(1, free))]))
