"""`harness compare`: what it says, what it refuses, and its exit codes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.sides import Made, write_tickets
from tests.cli.sides import made as made
from tests.conftest import Cli
from tests.world import World, sample


def edit(path: Path, change: Any) -> None:
    """Change a JSON file through a function of its value."""
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def edit_line(run: Path, number: int, change: Any) -> None:
    """Change one line of a journal."""
    journal = run / "samples.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[number - 1] = change(lines[number - 1])
    journal.write_text("".join(lines), encoding="utf-8")


def test_the_better_side_is_told_first_with_what_it_saves(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("half"), made("right"))
    first, *rest = ran.out.splitlines()
    assert first == "B (sides:right) is better: it saves €5.00 a ticket (95 %: €3.50 – €6.75), 40 tickets, paired."
    assert ran.code == 0 and ran.err == ""
    assert rest[0].split() == ["A", "B", "B", "−", "A", "95", "%", "interval", "p"]
    assert rest[1].split()[:4] == ["cost.per_ticket", "€5.00", "€0.00", "−€5.00"]
    table = [line for line in rest if line.startswith("  routing.accuracy")]
    assert table[0].split()[1:4] == ["0.50", "1.00", "+0.50"] and table[0].endswith("(McNemar)")
    assert "fixed by B: 20   broken by B: 0" in ran.out and "--show flips" in ran.out
    assert "cost.per_ticket decides" in ran.out and "A and B differ in: solver" in ran.out


def test_a_is_told_to_be_better_where_it_is(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("right"), made("half"), "--metric", "routing.accuracy")
    assert ran.out.startswith("A (sides:right) is better: its routing.accuracy is higher by 0.50 (95 %: ")


def test_no_difference_shown_tells_what_it_would_take(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("some"), made("few"))
    first, second = ran.out.splitlines()[:2]
    assert first.startswith("No difference shown in cost.per_ticket: B − A is −€0.50 (95 %: −€")
    assert second.startswith("If the difference is really this large, about ") and "tickets more (" in second
    assert "would show it at 80 % power; 40 tickets show one of €" in second


def test_a_difference_of_0_with_pairs_that_differ_tells_only_what_can_be_shown(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("half"), made("other_half"))
    lines = ran.out.splitlines()
    assert lines[0].startswith("No difference shown in cost.per_ticket: B − A is €0.00 (")
    assert lines[1].startswith("40 tickets show one of €") and lines[1].endswith("at 80 % power.")


def test_a_run_and_itself_are_the_same(made: Made, cli: Cli) -> None:
    run = made("half")
    ran = cli("compare", run, run / "metrics.json", "--require", "better")
    assert ran.out.startswith("No difference: A and B came out the same in cost.per_ticket, 40 tickets, paired.")
    assert "made from the same" in ran.out and ran.code == 7


@pytest.mark.parametrize(("n", "clusters", "said"), [(1, 0, "one ticket can have"), (9, 1, "9 tickets of one cluster")])
def test_one_ticket_or_cluster_tells_nothing(
    made: Made, cli: Cli, world: World, n: int, clusters: int, said: str
) -> None:
    write_tickets(world, n, clusters=clusters)
    ran = cli("compare", made("half"), made("right"), "--require", "better")
    assert ran.out.startswith(f"Nothing can be told about cost.per_ticket: {said}") and ran.code == 7
    assert "B − A is −€" in ran.out.splitlines()[0]


def test_clusters_and_trials_are_told_and_mcnemar_decides_nothing_then(made: Made, cli: Cli, world: World) -> None:
    write_tickets(world, 40, clusters=11)
    ran = cli("compare", made("some"), made("right"))
    assert "40 tickets in 11 clusters, paired" in ran.out
    assert "which ignores the clusters" in ran.out and "(McNemar)" not in ran.out
    three = cli("compare", made("some", "trials=3", out="x"), made("right", "trials=3", out="y"))
    assert "40 tickets × 3 trials in 11 clusters, paired" in three.out and "McNemar" not in three.out


def test_what_is_left_out_is_told(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("breaks"), made("half"))
    assert "37 tickets, paired, 3 left out (3 errored in A)." in ran.out.splitlines()[0]


def test_coverage_below_its_floor_is_6_after_the_figures(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("breaks", "coverage=0.98"), made("half", "coverage=0.98"), "--require", "better")
    assert ran.code == 6 and "Coverage of A is 0.925, below its floor 0.98." in ran.out
    assert "routing.accuracy" in ran.out


def test_flips_are_listed_on_demand(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("some"), made("few"), "--show", "flips")
    flips = [line.split() for line in ran.out.splitlines() if line.startswith(("    fixed", "    broken"))]
    assert ["fixed", "t-5", "A", "mooring_fault", "B", "berth_fee", "expected", "berth_fee"] in flips
    assert ["broken", "t-7", "A", "berth_fee", "B", "mooring_fault", "expected", "berth_fee"] in flips
    assert len(flips) == 6 + 4 and "fixed by B: 6   broken by B: 4" in ran.out


def test_a_flip_shows_every_label_that_counts_as_right(made: Made, cli: Cli, world: World) -> None:
    row = sample("t-5", "An invoice.", "oil_spill")
    row["target"]["acceptable"] = ["berth_fee"]
    world.write_rows("samples.jsonl", [row, sample("t-7", "An invoice.", "berth_fee")])
    ran = cli("compare", made("some"), made("right"), "--show", "flips")
    assert "B berth_fee  expected oil_spill or berth_fee" in ran.out


def test_another_metric_that_says_otherwise_is_told(made: Made, cli: Cli) -> None:
    flags = ["scorers=[routing, cost, 'sides:wrong']"]
    ran = cli("compare", made("half", *flags), made("right", *flags))
    assert ran.out.splitlines()[1] == "But A is better in wrong.wrong."


def test_where_the_deciding_metric_shows_nothing_others_may_by_themselves(made: Made, cli: Cli) -> None:
    flags = ["scorers=[routing, cost, 'sides:odd']"]
    ran = cli("compare", made("half", *flags), made("other_half", *flags))
    assert ran.out.startswith("No difference shown in cost.per_ticket")
    assert ran.out.splitlines()[2] == "By themselves A is better in odd.mean."


def test_a_margin_is_judged_and_0_is_explained(made: Made, cli: Cli) -> None:
    a, b = made("some"), made("few")
    wide = cli("compare", a, b, "--margin", "50", "--require", "not-worse")
    assert wide.code == 0
    assert "B is not worse than A by more than €50.00: shown." in wide.out
    assert "A and B are equivalent within ±€50.00." in wide.out
    tight = cli("compare", a, b, "--margin", "0.01", "--require", "not-worse")
    assert tight.code == 7 and "not shown; it may be worse by up to €" in tight.out
    assert "Equivalence within ±€0.01 is not shown." in tight.out
    none = cli("compare", a, b, "--margin", "0")
    assert cli("compare", a, b, "--require", "not-worse").out == none.out
    assert (
        "B is not worse than A: not shown" in none.out and "no number of samples shows that two are equal" in none.out
    )
    worse = cli("compare", made("right"), made("half"), "--margin", "1", "--require", "not-worse")
    assert worse.code == 1 and "B is worse than A by more than €1.00." in worse.out
    assert "A and B differ by more than €1.00." in worse.out
    better = cli("compare", made("half", out="h"), made("right", out="r"), "--margin", "0", "--require", "not-worse")
    assert better.code == 0 and "B is not worse than A: shown." in better.out


@pytest.mark.parametrize(("a", "b", "told"), [("half", "right", 0), ("right", "half", 1), ("some", "few", 7)])
def test_require_makes_it_a_gate(made: Made, cli: Cli, a: str, b: str, told: int) -> None:
    runs = [made(a), made(b)]
    assert cli("compare", *runs, "--require", "better").code == told
    assert cli("compare", *runs).code == 0


def test_json_is_the_whole_comparison_and_nothing_else(made: Made, cli: Cli) -> None:
    ran = cli("compare", made("half"), made("right"), "--json", "--margin", "2")
    value = json.loads(ran.out)
    assert list(value) == [
        "schema_version", "decision", "a", "b", "n_samples", "trials", "differs", "metrics", "others", "verdict",
    ]  # fmt: skip
    assert value["decision"] == {
        "metric": "cost.per_ticket",
        "outcome": "b_better",
        "margin": {"margin": 2.0, "not_worse": "shown", "equivalent": "refuted"},
    }
    assert value["metrics"]["routing.accuracy"]["difference"]["value"] == 0.5
    assert len(value["metrics"]["routing.accuracy"]["flips"]["fixed"]) == 20
    assert value["others"]["routing.macro_f1"]["b"] is not None and value["verdict"][0].startswith("B (sides:right)")


@pytest.mark.parametrize("margin", ["-1", "nan", "inf"])
def test_a_margin_is_a_number_of_at_least_0(made: Made, cli: Cli, margin: str) -> None:
    run = made("half")
    ran = cli("compare", run, run, f"--margin={margin}")
    assert ran.code == 4 and "--margin" in ran.err and "at least 0" in ran.err and ran.err.count("\n") == 1


def test_a_metric_that_is_not_there_is_named_with_what_was_meant(made: Made, cli: Cli) -> None:
    run = made("half")
    assert "did you mean 'routing.accuracy'?" in cli("compare", run, run, "--metric", "routing.accurac").err
    macro = cli("compare", run, run, "--metric", "routing.macro_f1")
    assert macro.code == 4 and "no metric 'routing.macro_f1' to compare in pairs" in macro.err


def test_runs_without_a_mean_over_samples_do_not_compare(made: Made, cli: Cli) -> None:
    run = made("right", "scorers=[calibration]")
    ran = cli("compare", run, run)
    assert ran.code == 4 and "nothing can be compared in pairs" in ran.err and "add a scorer" in ran.err


def test_no_pair_at_all_is_inconclusive(made: Made, cli: Cli, world: World) -> None:
    a, b = made("breaks", limit=3), made("right", limit=3)
    ran = cli("compare", a, b)
    assert ran.code == 7
    assert ran.out.startswith("Nothing to compare in cost.per_ticket: no ticket has a figure on both sides, 3 left out")


class TestRefusals:
    """Each is one line that names what differs and how to mend it."""

    def refused(self, cli: Cli, a: Path, b: Path, *said: str) -> None:
        ran = cli("compare", a, b)
        assert ran.code == 4 and ran.out == "" and ran.err.count("\n") == 1, ran
        for words in said:
            assert words in ran.err, ran.err

    def test_no_run(self, made: Made, cli: Cli, tmp_path: Path) -> None:
        self.refused(cli, made("half"), tmp_path / "nowhere", "not a run's folder", "harness eval --out")

    def test_a_folder_of_ab_is_two_runs(self, made: Made, cli: Cli, tmp_path: Path) -> None:
        made("half", out="both/a")
        self.refused(cli, tmp_path / "both", tmp_path / "both", str(tmp_path / "both" / "a"))

    def test_a_run_that_never_finished(self, made: Made, cli: Cli) -> None:
        run = made("half")
        (run / "metrics.json").unlink()
        self.refused(cli, run, run, "never finished", "run it again")

    @pytest.mark.parametrize("name", ["manifest.json", "metrics.json"])
    @pytest.mark.parametrize("text", ['{"hashes": ', "[]", "{}", '{"metrics": NaN}', '{"hashes": {}, "suite": {}}'])
    def test_files_that_are_cut_or_of_something_else(self, made: Made, cli: Cli, name: str, text: str) -> None:
        run = made("half")
        (run / name).write_text(text, encoding="utf-8")
        self.refused(cli, run, run, name, "run it again")

    def test_another_version_of_the_eval_set(self, made: Made, cli: Cli, world: World) -> None:
        a = made("half")
        write_tickets(world, 40, message="Another invoice.")
        self.refused(cli, a, made("right"), "different versions of the eval set", "run both again")

    def test_another_taxonomy(self, made: Made, cli: Cli, world: World) -> None:
        a = made("half")
        text = (world.folder / "taxonomy.yaml").read_text(encoding="utf-8")
        world.write("taxonomy.yaml", text.replace("review: 4", "review: 5"))
        self.refused(cli, a, made("right"), "different taxonomies, so costs don't compare")

    def test_other_scorers(self, made: Made, cli: Cli) -> None:
        a, b = made("half"), made("right", "scorers=[routing]")
        self.refused(cli, a, b, "scorer 'cost' has version '2' in A and is missing in B")

    def test_another_version_of_a_scorer(self, made: Made, cli: Cli) -> None:
        a, b = made("half"), made("right")
        edit(b / "manifest.json", lambda value: value["hashes"]["scorers"].update(routing="7"))
        self.refused(cli, a, b, "scorer 'routing' has version '1' in A and has version '7' in B")

    def test_other_options_of_a_scorer(self, made: Made, cli: Cli) -> None:
        a = made("half", "scorers=[{regex: {pattern: a}}]")
        self.refused(cli, a, made("right", "scorers=[{regex: {pattern: b}}]"), "different options")

    def test_another_number_of_trials(self, made: Made, cli: Cli) -> None:
        self.refused(cli, made("half"), made("right", "trials=2"), "the number of trials a sample is 1 in A and 2 in B")

    def test_other_samples(self, made: Made, cli: Cli) -> None:
        a, b = made("half"), made("right", limit=28)
        self.refused(cli, a, b, "12 samples are only in A, e.g. 't-28'", "--limit")
        self.refused(cli, b, a, "12 samples are only in B, e.g. 't-28'")

    def test_a_trial_that_is_missing(self, made: Made, cli: Cli) -> None:
        a, b = made("half", "trials=2"), made("right", "trials=2")
        journal = b / "samples.jsonl"
        journal.write_text(
            "".join(journal.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8"
        )
        edit(b / "metrics.json", lambda value: [
            metric.update(n_scored=79) for metric in value["metrics"].values() if metric["n_scored"] == 80
        ])  # fmt: skip
        self.refused(cli, a, b, "1 trial is only in A, e.g. 1 of 't-39'")

    @pytest.mark.parametrize("figure", ["NaN", "Infinity", "1e999"])
    def test_a_figure_that_is_no_number(self, made: Made, cli: Cli, figure: str) -> None:
        a, b = made("half"), made("right")
        edit_line(b, 3, lambda line: line.replace('"cost":0.0', f'"cost":{figure}'))
        self.refused(cli, a, b, f"{b / 'samples.jsonl'}:3: not valid JSON")

    @pytest.mark.parametrize("figure", ['"dear"', "null", "[1]", "1" + "0" * 400])
    def test_a_figure_that_is_gone(self, made: Made, cli: Cli, figure: str) -> None:
        a, b = made("half"), made("right")
        edit_line(b, 3, lambda line: line.replace('"cost":0.0', f'"cost":{figure}'))
        self.refused(cli, a, b, "39 figures of cost.per_ticket here, 40 in metrics.json: not files of one run")

    @pytest.mark.parametrize("line", ["{}\n", '{"sample_id": 3}\n', "[]\n", '{"sample_id": "t-1", "tri'])
    def test_a_line_that_is_none(self, made: Made, cli: Cli, line: str) -> None:
        run = made("half")
        edit_line(run, 40, lambda _: line)
        self.refused(cli, run, run, f"{run / 'samples.jsonl'}:40: ")

    def test_a_trial_that_stands_twice(self, made: Made, cli: Cli) -> None:
        run = made("half")
        edit_line(run, 40, lambda _: (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()[0] + "\n")
        self.refused(cli, run, run, ":40: trial 0 of sample 't-0' stands twice")

    def test_a_metric_of_no_scorer(self, made: Made, cli: Cli) -> None:
        run = made("half")
        edit(run / "metrics.json", lambda value: value["metrics"]["cost.per_ticket"].update(fact="price.x"))
        self.refused(cli, run, run, "no scorer of this run gives 'price.x'")

    def test_metrics_that_are_none(self, made: Made, cli: Cli) -> None:
        run = made("half")
        edit(run / "metrics.json", lambda value: value["metrics"]["cost.per_ticket"].update(n_scored="many"))
        self.refused(cli, run, run, "cost.per_ticket is no metric of ours")


def test_sides_are_named_by_what_tells_them_apart(made: Made, cli: Cli, tmp_path: Path) -> None:
    a, b = made("half"), made("half", out="again")
    assert "is better" not in cli("compare", a, b).out
    shutil.copytree(a, tmp_path / "x" / "half")
    edit(tmp_path / "x" / "half" / "manifest.json", lambda value: value["hashes"].update(corpora="other"))
    ran = cli("compare", b, tmp_path / "x" / "half", "--json")
    value = json.loads(ran.out)
    assert (value["a"]["name"], value["b"]["name"], value["differs"]) == ("again", "half", ["corpora"])


def test_a_terminal_obeys_no_answer(made: Made, cli: Cli) -> None:
    a, b = made("half"), made("right")
    for run in (a, b):
        edit_line(run, 1, lambda line: line.replace('"label":"', '"label":"\\u001b[2J'))
    ran = cli("compare", a, b, "--show", "flips")
    assert "\x1b" not in ran.out and "\\x1b[2J" in ran.out
