"""What a run looks like on a terminal."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.evaluation import Run
from harness.evaluation.gates import GateResult
from harness.reporting import print_run

from .conftest import QUOTED_ID

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., dict[str, Any]]


def printed(run: Run, *, taxonomy: Taxonomy | None = None, width: int = 120, colour: bool = False) -> str:
    file = io.StringIO()
    print_run(run, taxonomy=taxonomy, console=Console(file=file, width=width, force_terminal=colour, highlight=True))
    return file.getvalue()


def test_the_summary_has_the_shape_of_the_design(triage_run: Run, taxonomy: Taxonomy) -> None:
    text = printed(triage_run, taxonomy=taxonomy)
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == (
        "triage · reader (offline) · prompts/triage/precedents.md · 14 test tickets · as of each ticket's date"
    )
    assert re.match(r"  metric +value  95 % interval +scored/unsc\./err\.$", lines[2])
    [accuracy] = [line for line in lines if line.startswith("  routing.accuracy")]
    assert re.fullmatch(r"  routing\.accuracy +0\.58  0\.28 – 0\.85 +12/0/1 +7 of 12 · keyword 0\.50", accuracy)
    [cost] = [line for line in lines if line.startswith("  cost.per_ticket")]
    assert "keyword $21.50" in cost and "always review 6" in cost
    [macro] = [line for line in lines if line.startswith("  routing.macro_f1")]
    assert "keyword" not in macro
    missed = lines[lines.index(cost) + 1]
    assert re.match(r"  ├ high-risk missed +3 .* 3 of 5 · \$1,508", missed)
    assert lines[lines.index(cost) + 2].startswith("  └ high-risk raised falsely")
    assert re.search(r" 11/1/1 ", next(line for line in lines if line.startswith("  calibration.ece")))
    assert lines[-1] == f"  report  {triage_run.report}"


def test_labels_mistakes_failures_and_gates_follow(triage_run: Run, taxonomy: Taxonomy) -> None:
    text = printed(triage_run, taxonomy=taxonomy)
    assert re.search(r"label +n +precision +recall +F1 +cost per ticket", text)
    assert re.search(r"safety_threat +2 +0\.50 \(0\.\d\d–0\.\d\d\) +0\.50", text)
    assert "costliest mistakes (5 of 5)" in text
    assert re.search(
        r"\$1,036  t-02 +safety_threat → general_inquiry *\n +“The guest writes it\.” \[ticket:guest_", text
    )
    assert re.search(r"t-11 +general_inquiry → \(no answer\) \(review\)", text)
    assert "1 errored: rate_limit 1" in text
    assert "1 failed by the model, counted as wrong: malformed 1" in text
    assert re.search(r"gates  ✔ routing\.accuracy\.value >= 0\.5 +value 0\.58", text)
    assert re.search(r"\n +\? grounding\.hallucinated_rate <= 0\.5 +0\.4 – 0\.6: ", text)
    assert re.search(r"\n +✘ cost\.per_ticket\.value <= 1 +value 1", text)


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_console_and_no_id_is_cut(
    make_run: MakeRun, trial: MakeTrial, taxonomy: Taxonomy, width: int
) -> None:
    long = "t-harassment_discrimination-0412"
    metrics = [
        Metric("grounding.hallucinated_rate_of_something", 0.3, 0.2, 0.4, n_scored=3, detail="9 claims of 30 " * 4)
    ]
    metrics += [
        Metric(f"routing.{name}", 0.5, 0.2, 0.8, label="a_label_with_a_rather_long_name")
        for name in ("precision", "recall", "f1")
    ]
    rows = [trial(long, "a_label_with_a_rather_long_name", "cancellation_refund", cost=10.0)]
    lines = printed(make_run(rows, metrics=metrics), width=width).splitlines()
    assert [line for line in lines[:-1] if len(line.rstrip()) > width] == []
    text = "\n".join(lines)
    for whole in (long, "grounding.hallucinated_rate_of_something", "a_label_with_a_rather_long_name"):
        assert whole in text
    assert ("F1" in text, "0.50 (0.20–0.80)" in text) == (True, True)


def test_notes_go_below_their_line_where_the_console_is_narrow(triage_run: Run, taxonomy: Taxonomy) -> None:
    lines = [line.rstrip() for line in printed(triage_run, taxonomy=taxonomy, width=72).splitlines()]
    assert "      7 of 12 · keyword 0.50" in lines
    assert "           value 0.5833" in lines


def test_hostile_text_can_not_drive_the_terminal_or_be_read_as_markup(make_run: MakeRun, trial: MakeTrial) -> None:
    row = trial("[red]t\x1b[2J\u202e", "a\x07", "[bold]b[/bold]", cost=1.0)
    row["output"]["rationale"] = [
        {"text": "see\n\nhere \ud800 \x1b]0;pwned\x07 [link=x]y[/link]", "citations": ["[blink]c"]}
    ]
    run = make_run([row], suite="su\x1bite", coverage=0.5, coverage_floor=0.9)
    run = replace(run, gates=[GateResult("x >= 1\x1b", "fail", "be\x1bcause")])
    text = printed(run)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)
    for kept in ("[red]t\\x1b[2J\\u202e", "[bold]b[/bold]", "[link=x]y[/link]", "[blink]c", "su\\x1bite", "\\ud800"):
        assert kept in text
    assert "coverage 0.5 is below its floor 0.9" in text


def test_colours_stay_out_of_a_pipe(triage_run: Run, taxonomy: Taxonomy) -> None:
    assert "\x1b[" in printed(triage_run, taxonomy=taxonomy, colour=True)
    assert "\x1b" not in printed(triage_run, taxonomy=taxonomy)


def test_a_simulated_and_interrupted_run_says_so_at_its_head(generic_run: Run) -> None:
    lines = printed(generic_run).splitlines()
    assert lines[0] == "INTERRUPTED after 6 of 8 trials"
    assert lines[1].startswith("SIMULATED")
    assert lines[2] == "beds · my.module:solve · persona:hasty · 4 tickets × 2 trials"


def test_a_run_of_another_suite_prints_its_own_metrics(generic_run: Run) -> None:
    text = printed(generic_run)
    assert re.search(r"polite\.passed +0\.67  0\.30 – 0\.90 +6/0/0\b", text)
    assert re.search(r"weird\.cost +– +0/2/0 +no sample was scored", text)
    assert "(no label fits)" not in text
    assert re.search(r"–  q1 +\n +answered \{\"answer\": 1\}", text)
    assert "q1 #1" in text
    assert "gates" not in text


def test_undefined_without_a_reason_is_called_undefined(make_run: MakeRun) -> None:
    assert re.search(r"x\.y +– +0/0/0 +undefined", printed(make_run([], metrics=[Metric("x.y", None)])))


def test_a_run_with_nothing_in_it_prints(make_run: MakeRun) -> None:
    text = printed(make_run([], solver="baseline:keyword", prompt=None, manifest={}))
    assert text.splitlines()[0] == "triage · baseline:keyword · 14 test samples"
    assert "mistakes" not in text


def test_of_many_labels_the_lowest_are_shown(make_run: MakeRun) -> None:
    metrics = [Metric("routing.f1", n / 40, label=f"label_{n:02}") for n in range(25)]
    metrics.append(Metric("routing.f1", None, label="undefined", reason="nothing to divide by"))
    metrics.append(Metric("routing.recall", 0.1, label="without_f1"))
    text = printed(make_run([], metrics=metrics))
    assert "label_19" in text
    assert "label_20" not in text and "undefined" not in text and "without_f1" not in text
    assert "… 7 more in the report" in text


def test_a_label_that_lacks_a_metric_has_an_empty_cell(make_run: MakeRun) -> None:
    metrics = [Metric("x.f1", 0.5, label="a"), Metric("x.speed", 3.0, label="a"), Metric("x.speed", 2.0, label="b")]
    text = printed(make_run([], metrics=metrics))
    assert re.search(r"a +0 +0\.50 +3\.00", text) and re.search(r"b +0 +2\.00", text)


def test_companions_of_a_count_are_folded_into_it_and_hidden_metrics_left_out(make_run: MakeRun) -> None:
    metrics = [
        Metric("cost.high_risk_missed", 2.0, 1.0, 4.0, unit="count", detail="2 of 31", n_scored=48, n_errored=1),
        Metric("cost.high_risk_missed_cost", 2024.0, unit="USD"),
        Metric("alone_cost", 7.0, unit="USD"),
        Metric("hidden", 1.0, headline=False),
    ]
    text = printed(make_run([], metrics=metrics, errored=2))
    assert re.search(r"└ high-risk missed +2  1 – 4 +48/0/1 +2 of 31 · \$2,024", text)
    assert "high_risk_missed_cost" not in text and "hidden" not in text
    assert "alone_cost" in text


def test_a_quoted_id_is_whole(make_run: MakeRun, trial: MakeTrial) -> None:
    assert QUOTED_ID in printed(make_run([trial(QUOTED_ID, "a", "b")]))


def test_piped_output_is_120_columns_wide_unless_columns_says_otherwise(
    triage_run: Run, taxonomy: Taxonomy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_run(triage_run, taxonomy=taxonomy)
    wide = capsys.readouterr().out
    assert "7 of 12 · keyword 0.50" in wide
    assert "\n      7 of 12" not in wide
    monkeypatch.setenv("COLUMNS", "72")
    print_run(triage_run, taxonomy=taxonomy)
    assert "\n      7 of 12" in capsys.readouterr().out


def test_slices_that_are_worse_than_the_whole_beyond_chance_are_named(make_run: MakeRun, trial: MakeTrial) -> None:
    rows = [trial(f"a{n}", "x", "x", slices=["good"]) for n in range(60)]
    rows += [trial(f"b{n}", "x", "y", slices=["bad"]) for n in range(20)]
    rows += [trial("c", "x", "y", slices=["rare"])]
    whole = Metric("routing.accuracy", 0.74, 0.63, 0.83, n_scored=81)
    text = printed(make_run(rows, metrics=[whole]), taxonomy=None)
    weak = text[text.index("weak slices") : text.index("costliest")].splitlines()[1:]
    assert [line.split() for line in weak if line.strip()] == [["0.00", "(0.00–0.17)", "20", "bad"]]
