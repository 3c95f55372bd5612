"""`baseline:linear`: what it learns from, as of when, and that it is scikit-learn's."""

import asyncio
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from harness.agents import BASELINES, Known
from harness.build import evaluate
from harness.core.protocols import Solver
from harness.core.taxonomy import Taxonomy
from harness.core.ticket import InputKind
from harness.core.types import Output
from harness.corpus.incidents import Incident
from tests.conftest import Cli
from tests.scripted import item
from tests.world import INCIDENTS, TAXONOMY, World, ticket

HARBOUR = Taxonomy.model_validate(TAXONOMY)
FILED = [Incident.model_validate(one) for one in INCIDENTS]


def linear(incidents: list[Incident], kind: InputKind = "text") -> Solver:
    return BASELINES["linear"](HARBOUR, kind, Known(incidents=incidents))


def solve(solver: Solver, value: Any) -> dict[str, float]:
    output: Output = asyncio.run(solver(item("t-1", value)))
    assert output.probabilities is not None
    assert output.label == max(output.probabilities, key=lambda name: output.probabilities[name])  # type: ignore[index]
    assert sum(output.probabilities.values()) == pytest.approx(1)
    return dict(output.probabilities)


def past(text: str, label: str, closed: str | None = None) -> Incident:
    return Incident.model_validate({"id": text, "narrative": text, "label": label, "closed_at": closed})


def test_it_is_a_logistic_regression_on_words_and_pairs() -> None:
    texts = [f"{one.title}\n{one.narrative}" for one in FILED]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    rows = vectorizer.fit_transform(texts)
    exact = LogisticRegression(C=30, max_iter=10_000, tol=1e-8).fit(rows, [one.label for one in FILED])
    for text in ("a sheen of diesel", "a receipt for nine nights", "nothing known"):
        expected = dict(zip(exact.classes_, exact.predict_proba(vectorizer.transform([text]))[0], strict=True))
        assert solve(linear(FILED), {"text": text}) == pytest.approx(expected, abs=0.005)


def test_a_ticket_is_decided_by_incidents_closed_before_its_month() -> None:
    rows = [
        past("diesel sheen", "oil_spill", "2026-01-10T00:00:00Z"),
        past("broken cleat", "mooring_fault", "2026-01-11T00:00:00Z"),
        past("green slime", "berth_fee", "2026-02-28T23:59:59Z"),
        past("purple foam", "berth_fee", "2026-03-01T00:00:00Z"),
    ]
    solver = linear(rows, "ticket")
    february = solve(solver, ticket("t-1", "green slime", created_at="2026-02-28T23:59:59Z"))
    march = solve(solver, ticket("t-2", "green slime", created_at="2026-03-31T23:59:59Z"))
    assert february["berth_fee"] == 0 and max(march, key=lambda name: march[name]) == "berth_fee"
    foam = solve(solver, ticket("t-3", "purple foam", created_at="2026-03-31T23:59:59Z"))
    only = solve(linear(rows[:3], "ticket"), ticket("t-3", "purple foam", created_at="2026-03-31T23:59:59Z"))
    assert foam == only  # closed within the month: not known yet
    elsewhere = ticket("t-4", "green slime", created_at="2026-03-01T00:30:00+02:00")  # February by UTC
    assert solve(solver, elsewhere)["berth_fee"] == 0


def test_undated_incidents_are_known_at_every_date_and_an_undated_text_knows_all() -> None:
    rows = [
        past("diesel sheen", "oil_spill"),
        past("broken cleat", "mooring_fault"),
        past("an invoice", "berth_fee", "2026-03-01T00:00:00Z"),
    ]
    early = solve(linear(rows, "ticket"), ticket("t-1", "diesel sheen", created_at="2020-01-01T00:00:00Z"))
    assert max(early, key=lambda name: early[name]) == "oil_spill" and early["berth_fee"] == 0
    assert solve(linear(rows), {"text": "an invoice"})["berth_fee"] > 0.5
    assert solve(linear(rows, "any"), {"q": "an invoice"})["berth_fee"] > 0.5


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], [1 / 3, 1 / 3, 1 / 3]),
        ([past("one kind", "oil_spill"), past("of case", "oil_spill")], [3 / 5, 1 / 5, 1 / 5]),
        ([past("? !", "oil_spill"), past("…", "berth_fee")], [2 / 5, 1 / 5, 2 / 5]),
    ],
    ids=["no incidents", "one label", "no words"],
)
def test_where_there_is_nothing_to_tell_labels_apart_their_smoothed_frequencies_answer(
    rows: list[Incident], expected: list[float]
) -> None:
    assert list(solve(linear(rows), {"text": "diesel"}).values()) == pytest.approx(expected)


def test_an_empty_text_and_an_unknown_label_are_no_trouble() -> None:
    rows = [*FILED, past("an old kind of case", "abolished")]
    assert set(solve(linear(FILED), {"text": ""})) == set(HARBOUR.ids)
    output = asyncio.run(linear(rows)(item("t-1", {"text": "an old kind of case"})))
    assert output.label in HARBOUR.ids


def test_it_answers_alike_in_any_order_of_questions() -> None:
    months = [f"2026-{month:02}-15T00:00:00Z" for month in (12, 7, 9)]
    asked = [ticket(f"t-{n}", "diesel on the pontoon", created_at=at) for n, at in enumerate(months)]
    one, two = linear(FILED, "ticket"), linear(FILED, "ticket")
    forth = [solve(one, value) for value in asked]
    back = [solve(two, value) for value in reversed(asked)]
    assert np.array_equal([list(row.values()) for row in forth], [list(row.values()) for row in reversed(back)])


def test_it_runs_as_solver_as_baseline_and_in_gates(world: World) -> None:
    one = world.write_suite(solver="baseline:linear", prompt=None, scorers=["routing", "calibration"])
    alone = evaluate(one, out=world.folder / "one")
    value = alone["routing.accuracy"].value
    assert value is not None and alone["calibration.ece"].value is not None
    gate = "routing.accuracy > baseline:linear"
    two = world.write_suite(solver="baseline:majority", baselines=["linear"], gates=[gate])
    beside = evaluate(two, out=world.folder / "two")
    shown = {metric.name: metric.value for metric in beside.baselines["linear"] if metric.label is None}
    assert shown["routing.accuracy"] == value
    assert [result.verdict for result in beside.gates] != ["pass"]


def test_without_incidents_the_run_is_refused_in_a_line(world: World, cli: Cli) -> None:
    for changed in (
        {"solver": "baseline:linear"},
        {"baselines": ["linear"]},
        {"gates": ["routing.accuracy > baseline:linear"]},
    ):
        suite = world.write_suite(corpora={"policies": "policies"}, **changed)
        ran = cli("eval", suite)
        assert (ran.code, ran.out) == (4, "")
        assert ran.err.splitlines() == [
            f"harness: {suite}: baseline linear learns from incidents, and there are none; add `corpora: {{incidents: …}}`, or leave it out"
        ]
