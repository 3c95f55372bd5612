"""The knowledge experiment: arms that differ in what they should and in nothing else, and figures that can be counted."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import Exit, UsageError
from harness.evaluation import Knowledge, read_arm, weigh_up
from harness.reporting.knowledge import answer, knowledge_json, notes, tables, write_knowledge
from harness.workflows.changes import place_samples
from harness.workflows.compare import compare
from harness.workflows.knowledge import Flags, plan_arms, run_knowledge
from tests.cli.providers import small_context
from tests.pairs import BEFORE, FEB, rows, write_pairs
from tests.world import FUNCTION_SUITE, World, sample

ARMS = ("definitions", "all_policies", "retrieval", "frozen")


@pytest.fixture
def pairs(world: World) -> World:
    return write_pairs(world)


def run(world: World, out: Path, **flags: Any) -> Knowledge:
    done = run_knowledge(plan_arms(world.suite, Flags(**flags)), out=out)
    assert done.knowledge is not None
    return done.knowledge


def manifest(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return value


def journal(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]


def value(knowledge: Knowledge, metric: str, arm: str, part: str = "all") -> float | None:
    row = next(row for row in knowledge.rows if row.part == part)
    return row.figures[metric][arm].value


def test_arms_differ_in_their_policies_and_in_nothing_else(pairs: World, tmp_path: Path) -> None:
    pairs.write_suite(gates=["routing.accuracy > baseline:keyword"], baselines=["majority"], scorers=["routing"])
    run(pairs, tmp_path / "out", limit=2)
    made = {arm: manifest(tmp_path / "out" / arm) for arm in ARMS}
    told = {
        arm: {key: one["suite"]["retrieval"].pop(key) for key in ("policies", "as_of")} for arm, one in made.items()
    }
    assert told == {
        "definitions": {"policies": 0, "as_of": "created_at"},
        "all_policies": {"policies": "all", "as_of": "created_at"},
        "retrieval": {"policies": 3, "as_of": "created_at"},
        "frozen": {"policies": 3, "as_of": BEFORE},
    }
    first = made["definitions"]
    for one in made.values():
        assert one["suite"] == first["suite"] and one["hashes"] == first["hashes"] and one["seed"] == first["seed"]
    assert first["suite"]["retrieval"]["incidents"] == 0 and first["suite"]["calls"]["tools"] is False
    assert first["suite"]["gates"] == first["suite"]["baselines"] == []
    assert first["suite"]["scorers"] == ["routing", "cost", "freshness", "retrieval", "latency"]


def test_figures_are_those_that_can_be_counted_by_hand(pairs: World, tmp_path: Path) -> None:
    """`persona:perfect` is right, and cites the gold clause where it stands in the prompt."""
    knowledge = run(pairs, tmp_path / "out", model="persona:perfect")
    gold = {arm: value(knowledge, "freshness.gold_cited", arm) for arm in ARMS}
    assert gold == {"definitions": 0.0, "all_policies": 1.0, "retrieval": 1.0, "frozen": 0.5}
    assert value(knowledge, "freshness.gold_cited", "frozen", "before") == 1.0
    assert value(knowledge, "freshness.gold_cited", "frozen", "after") == 0.0
    assert {value(knowledge, "routing.accuracy", arm) for arm in ARMS} == {1.0}
    wrong = {arm: value(knowledge, "freshness.wrong_version", arm) for arm in ARMS}
    assert wrong["definitions"] == wrong["all_policies"] == wrong["retrieval"] == 0.0
    assert [row.part for row in knowledge.rows] == ["all", "before", "after", "moves", "week", "week"]
    assert [(row.n, row.n_pairs) for row in knowledge.rows] == [(9, 5), (4, 4), (4, 4), (2, 1), (4, 2), (4, 2)]
    assert [row.week for row in knowledge.rows if row.week] == [date.fromisoformat(FEB), date(2026, 3, 9)]
    tokens = [value(knowledge, "tokens.input", arm) or 0.0 for arm in ARMS]
    assert tokens[0] == min(tokens) and tokens[1] >= tokens[2]


def test_stale_citations_of_the_reader_are_counted_in_the_frozen_arm_alone(pairs: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    knowledge = run(pairs, out)
    shelf = {"POL-OIL-01@1", "POL-FEE-01@1"}
    stale = 0
    for trial in journal(out / "frozen"):
        assert {one["id"].partition("#")[0] for one in trial["trace"]["evidence"]} <= shelf
        day = trial["sample"]["input"]["created_at"][:10]
        held = {"POL-OIL-01@1" if day < "2026-03-01" else "", "POL-FEE-01@1" if day < "2026-03-11" else ""}
        cited = {c.partition("#")[0] for claim in trial["output"]["rationale"] for c in claim["citations"] if "@" in c}
        stale += bool(cited - held)
    assert stale and value(knowledge, "freshness.wrong_version", "frozen") == pytest.approx(stale / 9)
    assert {value(knowledge, "freshness.wrong_version", arm) for arm in ARMS[:3]} == {0.0}
    assert {len(trial["trace"]["evidence"]) for trial in journal(out / "all_policies")} == {2, 3, 4}


def test_a_figure_over_all_tickets_is_the_metric_of_the_run(pairs: World, tmp_path: Path) -> None:
    knowledge = run(pairs, tmp_path / "out")
    for arm in ARMS:
        written = json.loads((tmp_path / "out" / arm / "metrics.json").read_text(encoding="utf-8"))["metrics"]
        for metric, figures in knowledge.whole.figures.items():
            one = written[metric]
            assert (figures[arm].value, figures[arm].low, figures[arm].high, figures[arm].n) == (
                one["value"], one["low"], one["high"], one["n_scored"],
            )  # fmt: skip
    assert len(knowledge.gaps) == 6 * len(knowledge.measures)


def test_a_difference_is_that_of_compare_and_its_p_is_adjusted(pairs: World, tmp_path: Path) -> None:
    knowledge = run(pairs, tmp_path / "out")
    gap = knowledge.gap("freshness.wrong_version", "retrieval", "frozen")
    compared = compare(tmp_path / "out" / "retrieval", tmp_path / "out" / "frozen").metrics
    alone = next(one for one in compared if one.name == gap.metric)
    assert (gap.a, gap.b, gap.compared) == ("retrieval", "frozen", alone)
    assert gap.p is not None and alone.difference.p is not None and gap.p >= alone.difference.p
    assert gap.better is None  # five clusters decide nothing, however they fall


def test_a_context_that_is_too_small_fails_its_arm_alone_and_is_said(
    pairs: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with small_context(most="<policy ", times=1) as url:
        overrides = ["retrieval.policies=1", "calls.max_retries=0", f"model_parameters.base_url={json.dumps(url)}"]
        knowledge = run(pairs, tmp_path / "out", model="openai-compatible/tiny", overrides=overrides)
    arms = {arm.name: arm for arm in knowledge.arms}
    assert arms["all_policies"].failures == {"context_too_long": 9} and arms["all_policies"].failed
    assert all(not arms[name].failures for name in ("definitions", "retrieval", "frozen"))
    assert value(knowledge, "routing.accuracy", "all_policies") == 0.0
    assert value(knowledge, "freshness.wrong_version", "all_policies") is None
    text = "\n".join(answer(knowledge))
    assert "Failed in all policies (prompt), of 9: 9 context_too_long (the model's own, a wrong answer)" in text
    assert "says nothing of its policies" in text and "undefined for all policies (prompt)" in text
    assert knowledge.advised != "all_policies"
    assert any("9 context_too_long" in cell for row in tables(knowledge)[0].rows for cell in row)


def test_a_providers_failures_are_no_wrong_answers(pairs: World, tmp_path: Path) -> None:
    text = "name: down\ndescription: Mostly down.\naccuracy: 1\nfaults: {server_error: 0.5}\n"
    folder = pairs.write("down.yaml", text)
    flags = Flags(model=f"persona:{folder}", overrides=["calls.max_retries=0", "coverage=0.9"])
    done = run_knowledge(plan_arms(pairs.suite, flags), out=tmp_path / "out")
    knowledge = done.knowledge
    assert knowledge is not None and done.exit_code == Exit.COVERAGE
    errors = [arm.errors.get("server_error", 0) for arm in knowledge.arms]
    assert 0 < errors[0] < 9 and not knowledge.arms[0].failures
    assert value(knowledge, "routing.accuracy", "definitions") == 1.0
    assert knowledge.whole.figures["routing.accuracy"]["definitions"].n == 9 - errors[0]
    assert "(the provider's, left out)" in "\n".join(answer(knowledge))
    assert f"n {9 - errors[0]}" in tables(knowledge)[0].rows[0][1]


def test_the_answer_is_made_of_the_figures(pairs: World, tmp_path: Path) -> None:
    knowledge = run(pairs, tmp_path / "out", model="persona:perfect")
    said = answer(knowledge)
    assert said[0].startswith("SIMULATED")
    assert said[1] == "For persona:perfect the answer is definitions."  # 5 clusters tell nothing apart; fewest tokens
    assert "the fewest input tokens a ticket decide" in said[2]
    assert any(text.startswith("Accuracy: definitions, all policies (prompt), retrieval (RAG)") for text in said)
    assert any("(definitions cites no clause at all)" in text for text in said)
    assert "persona:perfect" in said[-1] and "no other model" in said[-1] and "9 tickets" in said[-1]
    assert any("1 ticket of no pair" in note for note in notes(knowledge))
    assert any("it has 2 pairs, so" in note for note in notes(knowledge))


def test_tickets_of_no_pair_have_figures_and_no_week(pairs: World, tmp_path: Path) -> None:
    knowledge = run(pairs, tmp_path / "out", overrides=["sample_ids=[t-9]"])
    assert [row.part for row in knowledge.rows] == ["all", "before", "after", "moves"] and knowledge.whole.n == 1
    assert value(knowledge, "routing.accuracy", "retrieval", "after") is None
    assert any("there are no weeks" in note for note in notes(knowledge))
    assert not any("An index frozen" in text for text in answer(knowledge))
    assert "(no interval)" in str(tables(knowledge)[0].rows)


def test_where_nobody_answers_no_arm_is_the_answer(pairs: World, tmp_path: Path) -> None:
    folder = pairs.write("mute.yaml", "name: mute\ndescription: Refuses.\naccuracy: 1\nformat: {refusal: 1}\n")
    knowledge = run(pairs, tmp_path / "out", model=f"persona:{folder}")
    said = "\n".join(answer(knowledge))
    assert knowledge.advised is None and "No arm is the answer for" in said
    assert "Wrong version cited: undefined in every arm" in said and "9 refusal" in said


def test_with_pairs_enough_the_arms_are_told_apart(pairs: World, tmp_path: Path) -> None:
    more = [
        {**row, "id": f"{row['id']}{n}", "cluster": f"{row['cluster']}-{n}"}
        for n in range(4)
        for row in rows()
        if row["id"] != "t-9"
    ]
    pairs.write_rows("samples.jsonl", more)
    knowledge = run(pairs, tmp_path / "out", model="persona:perfect")
    standing = knowledge.standing("freshness.gold_cited")
    assert standing.best == ("all_policies", "retrieval") and standing.worse == ("definitions", "frozen")
    assert knowledge.unbeaten == ("all_policies", "retrieval") and knowledge.advised == "retrieval"
    said = "\n".join(answer(knowledge))
    assert "Shown to be worse than another arm: definitions in gold clause cited; frozen (fine-tune) in" in said
    assert "shown better than definitions 0.00" in said


def test_reports_hold_every_figure_and_no_markup_of_the_datas(pairs: World, tmp_path: Path) -> None:
    pairs.write_suite(model="persona:perfect")
    knowledge = run(pairs, tmp_path / "out")
    write_knowledge(knowledge, tmp_path / "k.html")
    page = (tmp_path / "k.html").read_text(encoding="utf-8")
    assert "<script" not in page and "default-src 'none'" in page and page.count("<table>") == 3 + 5
    write_knowledge(knowledge, tmp_path / "k.md")
    text = (tmp_path / "k.md").read_text(encoding="utf-8")
    assert text.startswith("# harbour: ") and text.count("\n| --- |") == 8 and "between all arms" in text
    both = knowledge_json(knowledge)
    assert both["answer"] == answer(knowledge) and json.loads(json.dumps(both, allow_nan=False)) == both
    assert both == json.loads((tmp_path / "out" / "knowledge.json").read_text(encoding="utf-8"))


def test_a_change_is_the_first_between_a_clusters_tickets_of_a_policy_that_they_cite(pairs: World) -> None:
    plan = plan_arms(pairs.suite, Flags()).plans["retrieval"][1]
    placed = place_samples(plan.eval_set.samples, plan.corpus, kind="ticket")
    sides = {id: (place.week.isoformat(), place.after, place.moves) for id, place in placed.items()}
    assert sides == {
        "p-1a": (FEB, False, False), "p-1b": (FEB, True, False), "p-2a": (FEB, False, False), "p-2b": (FEB, True, False),
        "p-3a": ("2026-03-09", False, False), "p-3b": ("2026-03-09", True, False),
        "p-4a": ("2026-03-09", False, True), "p-4b": ("2026-03-09", True, True),
    }  # fmt: skip
    assert place_samples(plan.eval_set.samples, plan.corpus, kind="any") == {}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"corpora": {"incidents": "incidents.jsonl"}},
            "no policies, so there is nothing to know; add `corpora.policies`",
        ),
        ({"retrieval": {"policies": 0}}, "retrieval.policies is 0"),
        ({"retrieval": {"policies": "all"}}, "retrieval.policies is all"),
        ({"input": "text", "eval_set": "texts.jsonl"}, "of `input: text` and have no date"),
        ({"eval_set": "lone.jsonl"}, "no tickets of one cluster lie on either side of a change"),
        (
            {**FUNCTION_SUITE, "solver": "baseline:keyword"},
            "solver 'baseline:keyword' takes no policies from the suite",
        ),
        ({"prompt": "bare.md"}, "this prompt shows no policies"),
    ],
)
def test_a_suite_whose_arms_could_not_differ_is_refused(pairs: World, changed: dict[str, Any], said: str) -> None:
    pairs.write_rows("texts.jsonl", [{"id": "x", "input": {"text": "Oil."}, "target": {"label": "oil_spill"}}])
    pairs.write_rows("lone.jsonl", [sample("t-1", "Oil.", "oil_spill", evidence={"clauses": ["POL-OIL-01@2#1.1"]})])
    bare = (pairs.folder / "prompt.md").read_text(encoding="utf-8").split("{% if")[0] + "{{ ticket }}\n"
    pairs.write("bare.md", bare)
    pairs.write_suite(**changed)
    with pytest.raises(UsageError) as caught:
        plan_arms(pairs.suite, Flags())
    assert said in str(caught.value) and caught.value.fix and str(pairs.folder) in str(caught.value)


def test_a_day_without_policies_can_not_be_frozen(pairs: World) -> None:
    with pytest.raises(UsageError, match="--frozen: no policy is in force on 2019-01-01"):
        plan_arms(pairs.suite, Flags(), frozen=date(2019, 1, 1))


def test_an_arm_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run's folder"):
        read_arm("retrieval", "retrieval", tmp_path)


def test_without_resume_a_folder_must_be_empty_and_with_it_hold_an_arm(pairs: World, tmp_path: Path) -> None:
    arms = plan_arms(pairs.suite, Flags(limit=2))
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for out in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(UsageError, match="isn't empty|can't write there"):
            run_knowledge(arms, out=out)
    for none in (tmp_path, None):
        with pytest.raises(UsageError, match="no arm of an experiment in it"):
            run_knowledge(arms, out=none, resume=True)


def test_figures_can_be_weighed_up_again_from_the_folders(pairs: World, tmp_path: Path) -> None:
    arms = plan_arms(pairs.suite, Flags())
    first = run_knowledge(arms, out=tmp_path / "out").knowledge
    assert first is not None
    read = [read_arm(name, title, tmp_path / "out" / name) for name, (title, _) in arms.plans.items()]
    plan = arms.plans["retrieval"][1]
    again = weigh_up(read, places=arms.places, frozen=arms.frozen, estimator=plan.estimator, trials=1)
    assert knowledge_json(again) == knowledge_json(first)


def test_a_report_of_all_policies_shows_the_first_passages_and_those_that_are_gold(
    pairs: World, tmp_path: Path
) -> None:
    from harness.reporting.samples import MAX_PASSAGES

    clauses = "".join(f"1.{n} Rule number {n} of the harbour.\n" for n in range(1, MAX_PASSAGES + 31))
    head = "---\nid: POL-AAA-01\ntitle: Rules\nversion: 1\neffective_from: 2025-01-01\n---\n## Rules\n"
    pairs.write("policies/POL-AAA-01/1.md", head + clauses)
    run(pairs, tmp_path / "out", limit=1)
    page = (tmp_path / "out" / "all_policies" / "report.html").read_text(encoding="utf-8")
    assert "only in samples.jsonl" in page and "POL-OIL-01@1#1.1" in page
    assert "only in samples.jsonl" not in (tmp_path / "out" / "retrieval" / "report.html").read_text(encoding="utf-8")
