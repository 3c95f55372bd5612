"""What is computed from a journal."""

import json
import random
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.evaluation import Run
from harness.reporting import Mistake, analyse
from harness.reporting.analyses import OTHER, bin_count
from harness.stats import clopper_pearson, ece_from_bins, equal_width_bins

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., dict[str, Any]]


def test_confusion_counts_label_by_label_with_a_row_and_a_column_beyond(triage_run: Run, taxonomy: Taxonomy) -> None:
    confusion = analyse(triage_run, taxonomy=taxonomy).confusion
    assert confusion is not None
    assert confusion.labels == taxonomy.ids
    assert confusion.counts == (
        (1, 0, 0, 1, 0),
        (0, 1, 1, 1, 0),
        (0, 0, 3, 0, 0),
        (1, 0, 0, 2, 1),
        (0, 0, 0, 1, 0),
    )
    assert confusion.total == 13
    assert confusion.support("general_inquiry") == 4
    assert confusion.support("unheard_of") == 0


def test_labels_the_taxonomy_does_not_know_come_after_its_own(
    make_run: MakeRun, trial: MakeTrial, taxonomy: Taxonomy
) -> None:
    rows = [trial("a", "safety_threat", "zebra"), trial("b", "antelope", "antelope")]
    confusion = analyse(make_run(rows), taxonomy=taxonomy).confusion
    assert confusion is not None
    assert confusion.labels == (*taxonomy.ids, "antelope", "zebra")
    assert confusion.counts[0][5] == 1


def test_without_routing_the_confusion_is_read_from_cost(make_run: MakeRun, trial: MakeTrial) -> None:
    row = trial("a", "x", "y", cost=3.0)
    row["scores"]["routing"] = {"outcome": "not_applicable", "reason": "no label is right"}
    found = analyse(make_run([row]), taxonomy=None)
    assert found.confusion is not None
    assert found.confusion.labels == ("x", "y")
    assert found.n_mistakes == 1


def test_a_run_without_labels_has_no_confusion_and_still_reports(generic_run: Run) -> None:
    found = analyse(generic_run, taxonomy=None)
    assert (found.confusion, found.reliability, found.labels, found.slices) == (None, None, (), ())
    assert [(m.sample_id, m.trial, m.cost) for m in found.mistakes] == [("q1", 0, None), ("q1", 1, None)]


def test_mistakes_are_the_costliest_and_ties_are_broken_by_id_whatever_the_order(
    make_run: MakeRun, trial: MakeTrial
) -> None:
    rows = [trial(f"t{n}", "a", "b", cost=float(n % 4)) for n in range(20)] + [trial("right", "a", "a", cost=99.0)]
    random.Random(5).shuffle(rows)
    found = analyse(make_run(rows), taxonomy=None, mistakes=3, samples=21)
    assert [(m.sample_id, m.cost) for m in found.mistakes] == [("t11", 3.0), ("t15", 3.0), ("t19", 3.0)]
    assert found.n_mistakes == 20
    assert [row["sample_id"] for row in found.samples][:2] == ["t11", "t15"]
    assert found.samples[-1]["sample_id"] == "right"


def test_a_mistake_says_why_in_the_first_claim_or_in_how_it_failed(triage_run: Run, taxonomy: Taxonomy) -> None:
    mistakes = {m.sample_id: m for m in analyse(triage_run, taxonomy=taxonomy, mistakes=20).mistakes}
    assert mistakes["t-02"] == Mistake(
        sample_id="t-02",
        trial=0,
        labelled=True,
        expected="safety_threat",
        given="general_inquiry",
        action="route",
        cost=12 + 4 * 6 + 1000,
        why="“The guest writes it.” [ticket:guest_message]",
    )
    assert mistakes["t-11"].why.startswith("malformed: no JSON")
    assert mistakes["t-11"].given is None
    assert "t-12" not in mistakes, "an out-of-scope ticket that goes to review is right"


def test_samples_are_bounded_and_what_is_left_out_is_counted(triage_run: Run, taxonomy: Taxonomy) -> None:
    found = analyse(triage_run, taxonomy=taxonomy, samples=6)
    assert [row["sample_id"] for row in found.samples] == ["t-02", "t-04", "t-09", "t-08", "t-11", "t-13"]
    assert found.left_out == 8
    assert analyse(triage_run, taxonomy=taxonomy).samples == ()


def test_errors_are_counted_by_class_most_frequent_first(make_run: MakeRun, trial: MakeTrial) -> None:
    def broken(n: int, name: str) -> dict[str, Any]:
        return {"sample_id": f"e{n}", "trial": 0, "outcome": "errored", "error": {"class": name, "message": "m"}}

    rows = [broken(0, "timeout"), broken(1, "rate_limit"), broken(2, "rate_limit")]
    rows += [{"sample_id": "u", "trial": 0, "outcome": "unscored", "reason": "no key"}]
    rows += [trial("f", "a", None) | {"output": {"failure": {"kind": "refusal", "message": "no"}}}]
    errors = analyse(make_run(rows), taxonomy=None).errors
    assert errors.errored == (("rate_limit", 2), ("timeout", 1))
    assert errors.unscored == (("no key", 1),)
    assert errors.failures == (("refusal", 1),)


def test_classes_beyond_the_first_200_are_counted_together(make_run: MakeRun) -> None:
    rows = [{"sample_id": f"u{n}", "trial": 0, "outcome": "unscored", "reason": f"reason {n}"} for n in range(230)]
    unscored = dict(analyse(make_run(rows), taxonomy=None).errors.unscored)
    assert (len(unscored), unscored[OTHER]) == (201, 30)


def test_slices_come_worst_first_by_the_upper_end_of_the_interval(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [trial(f"a{n}", "x", "y" if n < 30 else "x", cost=float(n < 30), slices=["long"]) for n in range(50)]
    rows += [trial("b", "x", "y", cost=1.0, slices=["rare"], difficulty="hard")]
    rows += [trial(f"c{n}", "x", "x", cost=0.0, difficulty="easy") for n in range(20)]
    slices = analyse(make_run(rows), taxonomy=None).slices
    assert [(s.group, s.name) for s in slices] == [
        ("slice", "long"),
        ("difficulty", "hard"),
        ("slice", "rare"),
        ("difficulty", "easy"),
    ]
    long = slices[0]
    assert (long.n, long.accuracy, long.cost) == (50, 0.4, 0.6)
    assert (long.low, long.high) == clopper_pearson(20, 50)


def test_tickets_are_sliced_by_language_without_region_and_by_length(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [trial(f"a{n}", "x", "x") for n in range(4)]
    inputs = (
        {"locale": "pt-BR", "guest_message": "x" * 150},
        {"locale": "pt", "text": "x" * 151},
        {"text": "x" * 5001},
    )
    for row, value in zip(rows, inputs, strict=False):
        row["sample"]["input"] = value
    slices = analyse(make_run(rows), taxonomy=None).slices
    assert {(s.group, s.name, s.n) for s in slices} == {
        ("language", "pt", 2),
        ("length", "1 to 150 characters", 1),
        ("length", "151 to 600 characters", 1),
        ("length", "over 5,000 characters", 1),
    }


def test_repeated_trials_of_a_sample_do_not_narrow_a_slice(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [
        trial(f"a{n}", "x", "y" if n < 4 else "x", slices=["s"]) | {"trial": t} for n in range(10) for t in range(5)
    ]
    [part] = analyse(make_run(rows, trials=5), taxonomy=None).slices
    assert part.n == 50
    assert (part.low, part.high) == pytest.approx(clopper_pearson(6, 10))


def test_a_slice_without_verdicts_has_no_accuracy_and_comes_last(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [trial("a", "x", "x", slices=["good"])]
    rows += [{"sample_id": "e", "trial": 0, "outcome": "errored", "error": {}, "sample": {"slices": ["down"]}}]
    found = analyse(make_run(rows), taxonomy=None)
    assert [(s.name, s.accuracy, s.low, s.cost) for s in found.slices][1] == ("down", None, None, None)
    assert found.errors.errored == (("unknown", 1),)


def test_a_difficulty_that_every_trial_has_is_no_slice(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [trial("a", "x", "x", difficulty="easy"), trial("b", "x", "x", difficulty="easy")]
    assert analyse(make_run(rows), taxonomy=None).slices == ()


def _journal(run: Run, pairs: list[tuple[float, bool]]) -> Run:
    lines = [
        json.dumps(
            {
                "sample_id": f"s{n}",
                "trial": 0,
                "outcome": "scored",
                "scores": {"calibration": {"outcome": "scored", "value": {"confidence": c, "correct": ok}}},
            }
        )
        for n, (c, ok) in enumerate(pairs)
    ]
    (run.path / "samples.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return run


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    pairs=st.lists(
        st.tuples(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0])), st.booleans()), min_size=1
    ),
    bins=st.integers(1, 20),
)
def test_reliability_has_the_bins_of_the_calibration_metric(
    make_run: MakeRun, pairs: list[tuple[float, bool]], bins: int
) -> None:
    manifest = {"suite": {"scorers": ["routing", {"calibration": {"bins": bins}}]}}
    reliability = analyse(_journal(make_run([], manifest=manifest), pairs), taxonomy=None).reliability
    assert reliability is not None
    confidence, correct = np.array(pairs, dtype=float).T
    totals = equal_width_bins(confidence, correct, bins=bins).sum(axis=0)
    assert [b.n for b in reliability.bins] == totals[:bins].tolist()
    gaps = [b.n * abs(b.accuracy - b.confidence) for b in reliability.bins if b.n]  # type: ignore[operator]
    assert sum(gaps) / reliability.n == pytest.approx(ece_from_bins(totals[None, :])[0])


@pytest.mark.parametrize("confidence", [1.5, -0.1, "0.9", True, None])
def test_a_confidence_that_is_none_is_left_out(make_run: MakeRun, trial: MakeTrial, confidence: Any) -> None:
    score = {"calibration": {"outcome": "scored", "value": {"confidence": confidence, "correct": True}}}
    assert analyse(make_run([trial("a", "x", "x", scores=score)]), taxonomy=None).reliability is None


@pytest.mark.parametrize(
    ("metrics", "scorers", "bins"),
    [
        ([Metric("calibration.ece", 0.1, detail="15 bins")], [], 15),
        ([Metric("calibration.ece", 0.1, detail="")], [{"calibration": {"bins": 7}}], 7),
        ([], [{"calibration": None}, "routing", {"routing": {"bins": 3}}], 10),
        ([Metric("other", 0.1, detail="15 bins")], [{"calibration": {"bins": 0}}], 10),
    ],
)
def test_bin_count(make_run: MakeRun, metrics: list[Metric], scorers: list[Any], bins: int) -> None:
    assert bin_count(make_run([], metrics=metrics, manifest={"suite": {"scorers": scorers}})) == bins


def test_label_rows_follow_the_taxonomy_and_hold_every_metric_of_a_label(
    make_run: MakeRun, trial: MakeTrial, taxonomy: Taxonomy
) -> None:
    metrics = [
        Metric("mine.speed", 3.0, label="unknown", n_scored=4),
        Metric("routing.f1", 0.5, label="payment_fraud"),
        Metric("routing.f1", 0.6, label="safety_threat"),
        Metric("routing.accuracy", 0.5),
    ]
    rows = [trial("a", "payment_fraud", "payment_fraud"), trial("b", "payment_fraud", None)]
    labels = analyse(make_run(rows, metrics=metrics), taxonomy=taxonomy).labels
    assert [(row.label, row.title, row.high_risk, row.n, list(row.metrics)) for row in labels] == [
        ("safety_threat", "Threat to safety", True, 0, ["routing.f1"]),
        ("payment_fraud", "Fraudulent payment", True, 2, ["routing.f1"]),
        ("unknown", "unknown", False, 0, ["mine.speed"]),
    ]


def test_labels_without_a_confusion_take_n_from_their_metrics(make_run: MakeRun) -> None:
    [row] = analyse(make_run([], metrics=[Metric("mine.x", 1.0, label="a", n_scored=4)]), taxonomy=None).labels
    assert row.n == 4


def test_a_long_journal_is_read_in_bounded_memory(tmp_path: Path, make_run: MakeRun, trial: MakeTrial) -> None:
    run = make_run([])
    padding = "x" * 20_000

    def lines() -> Iterator[str]:
        for n in range(1500):
            row = trial(f"s{n}", "a", "b" if n % 3 else "a", cost=float(n % 50)) | {"trace": {"note": padding}}
            yield json.dumps(row) + "\n"

    with (run.path / "samples.jsonl").open("w", encoding="utf-8") as journal:
        journal.writelines(lines())
    tracemalloc.start()
    found = analyse(run, taxonomy=None, samples=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.n_mistakes, found.left_out, len(found.samples)) == (1000, 1490, 10)
    assert peak < 3_000_000, f"the journal has 30 MB, ten rows 0.2 MB, and the pass took {peak}"
