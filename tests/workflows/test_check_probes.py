"""Scorers are held to what they declare, by gold answers and by none."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.core.errors import InfrastructureError
from harness.core.types import Claim, Metric, NotApplicable, Outcome, Output, Sample, Scored, ScoreRow, Target, Unscored
from harness.corpus import Corpus
from harness.workflows.check.probes import NOOP, gold_output, probe_scorers

from .suites import Suite

SAMPLES = (
    Sample(id="a", input={}, target=Target(label="x"), cluster="a", at="samples.jsonl:1"),
    Sample(id="b", input={}, target=Target(label="y"), cluster="b", at="samples.jsonl:2"),
    Sample(id="c", input={}, target=Target(label=None), cluster="c", at="samples.jsonl:3"),
)
GOLD = {sample.id: gold_output(sample, labels=("x", "y"), corpus=Corpus()) for sample in SAMPLES}
AT = "suite.yaml:9"


class Share:
    """A sound scorer: the share of right labels."""

    name = "share"
    version = "1"
    best: Mapping[str, float | None] = {"share.right": 1.0}
    noop: Mapping[str, float | None] = {"share.right": 0.0}

    def score(self, sample: Sample, output: Output) -> Outcome:
        return Scored({"right": output.label is not None and output.label == sample.target.label})

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        verdicts = [row.outcome.value["right"] for row in rows if isinstance(row.outcome, Scored)]
        unscored = sum(isinstance(row.outcome, Unscored) for row in rows)
        value = sum(verdicts) / len(verdicts) if verdicts else None
        of_label = Metric("share.right", 0.5, label="x")
        return [Metric("share.right", value, n_scored=len(verdicts), n_unscored=unscored), of_label]


class Generous(Share):
    """Gives everything full marks."""

    def score(self, sample: Sample, output: Output) -> Outcome:
        return Scored({"right": 1})


class Mean(Share):
    """Never believes that `y` is right."""

    def score(self, sample: Sample, output: Output) -> Outcome:
        return Scored({"right": output.label == "x"})


class Shy(Share):
    """Has nothing to say of the second sample, though it should."""

    def score(self, sample: Sample, output: Output) -> Outcome:
        return Unscored("too hard") if sample.id == "b" else super().score(sample, output)


class Falling(Share):
    """Fails where there is no answer."""

    def score(self, sample: Sample, output: Output) -> Outcome:
        if output.failure is not None:
            raise InfrastructureError("timeout", "no judge")
        return super().score(sample, output)


class Silent(Share):
    """Has nothing to say at all."""

    def score(self, sample: Sample, output: Output) -> Outcome:
        return NotApplicable("not mine")


class Promising(Share):
    """Declares a metric that it doesn't give."""

    best: Mapping[str, float | None] = {"share.rigth": 1.0}


class Claimless(Share):
    """Claims nothing of gold answers, and that no answer has no share."""

    best: Mapping[str, float | None] = {"share.right": None}
    noop: Mapping[str, float | None] = {"share.right": None}


class OnlyTogether(Share):
    """Gives its metric over several rows only, and a wrong one."""

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        return [] if len(rows) == 1 else [Metric("share.right", 0.25, n_scored=len(rows))]


def probed(scorer: Share, samples: Sequence[Sample] = SAMPLES) -> list[tuple[str, str, int, str]]:
    """(rule, file, line, message) of the findings of both probes."""
    found = [
        *probe_scorers([scorer], samples, outputs=GOLD, probe="gold", at=AT),
        *probe_scorers([scorer], samples, outputs=dict.fromkeys(GOLD, NOOP), probe="noop", at=AT),
    ]
    return [(one.rule, one.file, one.line, one.message) for one in found]


def test_a_sound_scorer_has_no_findings() -> None:
    assert probed(Share()) == []


def test_a_scorer_that_gives_everything_full_marks_is_caught_by_no_answer() -> None:
    (one,) = probed(Generous())
    message = "scorer 'share': share.right is 1 on noop answers, expected 0; first at sample 'a'"
    assert one == ("noop", "samples.jsonl", 1, message)


def test_a_scorer_that_refuses_right_answers_is_caught_at_the_first_sample_concerned() -> None:
    (one,) = probed(Mean())
    message = "scorer 'share': share.right is 0.5 on gold answers, expected 1; first at sample 'b'"
    assert one == ("gold", "samples.jsonl", 2, message)


def test_a_scorer_must_manage_gold_answers_and_may_leave_a_failed_one_unscored() -> None:
    (one,) = probed(Shy())
    assert one == (
        "gold", "samples.jsonl", 2, "scorer 'share' gives no verdict on the gold answer to sample 'b': too hard"
    )  # fmt: skip


def test_a_scorer_that_fails_without_an_answer_is_caught() -> None:
    (one,) = probed(Falling())
    assert one[:3] == ("noop", "samples.jsonl", 1) and "timeout: no judge" in one[3]


def test_a_scorer_that_has_nothing_to_say_is_not_blamed() -> None:
    assert probed(Silent()) == []


def test_a_declared_metric_that_is_not_given_is_found_where_the_suite_names_scorers() -> None:
    (one,) = probed(Promising())
    assert one == ("gold", "suite.yaml", 9, "scorer 'share' declares share.rigth, and gives no such metric")


def test_none_claims_nothing_of_gold_answers_and_undefined_of_no_answer() -> None:
    (one,) = probed(Claimless())
    assert one[0] == "noop" and "share.right is 0 on noop answers, expected undefined" in one[3]


def test_an_undefined_metric_is_a_mismatch_where_there_was_something_to_judge() -> None:
    class Lost(Share):
        def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
            return [Metric("share.right", None, n_scored=len(rows))]

    assert [one[0] for one in probed(Lost())] == ["gold", "noop"]
    assert "share.right is undefined on gold answers" in probed(Lost())[0][3]


def test_a_metric_that_needs_several_samples_is_blamed_on_the_first() -> None:
    assert [(one[0], one[2]) for one in probed(OnlyTogether())] == [("gold", 1), ("noop", 1)]


def test_gold_answers_are_judged_over_samples_that_have_one() -> None:
    assert probed(Share(), SAMPLES[2:]) == []


def test_the_gold_answer_is_the_target_with_all_that_it_rests_on(small: Suite) -> None:
    from harness.corpus import load_corpus

    small.write()
    corpus = load_corpus(policies=small.folder / "policies", incidents=small.folder / "incidents.jsonl")
    claims = (Claim("So.", ("i-1",)),)
    target = Target(label="y", clauses=("POL-A@1#1.1", "POL-A@9#1"), incidents=("i-1",), rationale=claims)
    output = gold_output(Sample(id="a", input={}, target=target), labels=("x", "y"), corpus=corpus)
    assert (output.label, output.action, output.rationale) == ("y", "route", claims)
    assert output.probabilities == {"x": 0.0, "y": 1.0}
    assert output.trace.evidence is not None
    assert [(item.id, item.kind) for item in output.trace.evidence] == [("POL-A@1#1.1", "policy"), ("i-1", "incident")]


def test_where_no_label_fits_the_gold_answer_is_a_review() -> None:
    assert (GOLD["c"].action, GOLD["c"].label, GOLD["c"].probabilities) == ("review", None, None)
    valued = Sample(id="v", input={}, target=Target(value={"n": 1}))
    output = gold_output(valued, labels=(), corpus=Corpus())
    assert (output.action, output.value, output.rationale) == ("route", {"n": 1}, None)


def test_the_shipped_scorers_hold_what_they_declare_in_a_suite_that_names_all_of_them(small: Suite) -> None:
    schema = {"type": ["string", "null"]}
    small.suite["scorers"] += [{"regex": {"pattern": "e"}}, {"json_schema": {"schema": schema}}]
    assert small.findings() == []


def test_acceptable_answers_do_not_change_what_is_best(small: Suite) -> None:
    small.samples[0]["target"]["acceptable"] = ["card_fraud"]
    assert small.findings() == []


def test_a_suite_of_samples_without_a_label_is_probed_all_the_same(small: Suite) -> None:
    small.suite.update(input="any", scorers=["exact", "routing", "cost"], solver="baseline:majority")
    small.samples = [{"id": "v", "input": 1, "target": {"value": 2}}, {"id": "w", "input": 2, "target": {}}]
    assert {rule for _, _, rule in small.findings()} <= {"label-count", "suite"}


def test_own_functions_are_skipped_and_named(small: Suite) -> None:
    (small.folder / "mine_own_scorer.py").write_text("def judge(sample, output):\n    return 1\n")
    small.suite["scorers"] += ["mine_own_scorer:judge"]
    checked = small.check()
    assert checked.findings == ()
    assert checked.skipped == ("mine_own_scorer:judge",)


def test_samples_with_findings_of_their_own_are_not_probed(small: Suite) -> None:
    small.samples[0]["target"]["rationale"][1]["text"] = "A refund is due after 9 days."
    assert small.findings() == [("samples.jsonl", 1, "claim")]


@pytest.mark.parametrize("scorer", ["routing", "cost"])
def test_a_scorer_that_lacks_its_taxonomy_is_a_finding(small: Suite, scorer: str, tmp_path: Path) -> None:
    small.suite.pop("taxonomy")
    small.suite.update(scorers=[scorer], solver="own:answer")
    (one,) = small.check().findings
    assert one.rule == "suite" and f"scorer '{scorer}' needs a taxonomy" in one.message
    assert one.line == 1 + small.path.read_text().splitlines().index(f"- {scorer}")
