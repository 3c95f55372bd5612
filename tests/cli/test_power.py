"""`harness power`: which difference a suite's samples can show."""

import json
from pathlib import Path

import pytest

from harness.stats import minimum_detectable_effect, paired_binary_variance
from tests.cli.sides import Made, write_tickets
from tests.cli.sides import made as made
from tests.conftest import Cli
from tests.world import World


def cells(text: str, name: str) -> list[list[str]]:
    """Cells of the table's lines of one metric."""
    return [line.split()[len(name.split()) :] for line in text.splitlines() if line.strip().startswith(name)]


def test_without_a_run_shares_of_pairs_that_differ_are_gone_through(made: Made, cli: Cli, world: World) -> None:
    ran = cli("power", world.suite)
    assert ran.code == 0 and ran.err == ""
    assert ran.out.startswith("harbour: 40 test tickets, paired, 80 % power at 95 %\n")
    table = cells(ran.out, "right or wrong")
    assert [row[0] for row in table] == ["5", "10", "20", "30"]
    assert "nothing" in table[0] and "Where it says nothing, 40 test tickets show no difference" in ran.out
    effect = minimum_detectable_effect(40, variance=lambda e: paired_binary_variance(0.3, e), largest=0.3)
    assert effect is not None and f"{100 * effect:.3g} points or more" in ran.out


def test_clusters_of_the_eval_set_are_shown_unrelated_and_alike(made: Made, cli: Cli, world: World) -> None:
    write_tickets(world, 40, clusters=10)
    ran = cli("power", world.suite, "--discordance", "0.3")
    assert "40 test tickets in 10 clusters" in ran.out
    assert [row[2] for row in cells(ran.out, "right or wrong")] == ["1", "1.9"]
    assert "1.9 as alike (icc 0.3)" in ran.out


def test_two_runs_tell_how_many_pairs_differ_and_of_money(made: Made, cli: Cli, world: World) -> None:
    a, b = made("some"), made("few")
    ran = cli("power", world.suite, "--from", a, "--from", b)
    (cost,), (accuracy,) = cells(ran.out, "cost.per_ticket"), cells(ran.out, "routing.accuracy")
    assert accuracy[0] == cost[0] == "25" and "points or more" in " ".join(accuracy)
    compared = json.loads(cli("compare", a, b, "--json").out)["metrics"]["cost.per_ticket"]
    assert cost[3] == f"€{compared['detectable']:.2f}" and "included" in cost
    assert f"from the pairs of {a} and {b}" in ran.out


def test_the_folder_of_an_ab_is_its_two_runs(made: Made, cli: Cli, world: World, tmp_path: Path) -> None:
    made("some", out="both/a")
    made("few", out="both/b")
    ran = cli("power", world.suite, "--from", tmp_path / "both", "--metric", "routing.accuracy")
    assert "from the pairs of" in ran.out and not cells(ran.out, "cost.per_ticket")


def test_more_samples_show_less_and_a_difference_takes_so_many(made: Made, cli: Cli, world: World) -> None:
    flags = ["--from", made("some"), "--metric", "routing.accuracy", "--difference", "0.05", "--json"]
    here, more = (json.loads(cli("power", world.suite, *flags, "--samples", str(n)).out) for n in (40, 4000))
    assert more["shown"][0]["detectable"] < 0.05 < here["shown"][0]["detectable"]
    assert 40 < here["shown"][0]["needed"] == more["shown"][0]["needed"] < 4000
    text = cli("power", world.suite, *flags[:-1])
    assert "for 5 points" in text.out and f"{here['shown'][0]['needed']:,} test tickets" in text.out


def test_one_run_is_taken_as_two_with_unrelated_errors(made: Made, cli: Cli, world: World) -> None:
    ran = cli("power", world.suite, "--from", made("some"), "--json")
    shown = {one["basis"]["metric"]: one["basis"] for one in json.loads(ran.out)["shown"]}
    assert shown["routing.accuracy"]["discordance"] == pytest.approx(2 * 0.8 * 0.2)
    assert shown["cost.per_ticket"]["variance"] > 0 and shown["cost.per_ticket"]["unit"] == "EUR"
    assert "as if the errors of A and B were unrelated, which is cautious" in ran.out


def test_the_design_effect_of_one_run_is_its_own(made: Made, cli: Cli, world: World) -> None:
    write_tickets(world, 40, clusters=10)  # tickets of a cluster are all right or all wrong every fifth
    ran = cli("power", world.suite, "--from", made("half"), "--metric", "routing.accuracy", "--json")
    assert json.loads(ran.out)["shown"][0]["basis"]["design_effect"] > 3


def test_a_run_with_trials_tells_what_chance_does(made: Made, cli: Cli, world: World) -> None:
    world.write(
        "chancy.py", "import itertools\nturn = itertools.count()\n\ndef f(ticket):\n"
        "    return 'berth_fee' if next(turn) % 3 else 'mooring_fault'\n",
    )  # fmt: skip
    made("right", "solver=chancy:f", "trials=2", out="x")
    ran = cli("power", world.suite, "--from", world.folder.parent / "x")
    assert "what chance alone does" in ran.out and len(cells(ran.out, "routing.accuracy")) == 1
    assert cells(ran.out, "routing.accuracy")[0][0] != "0"


@pytest.mark.parametrize(("names", "trials"), [(["right"], 1), (["right"], 2), (["some", "some"], 1)])
def test_what_does_not_vary_is_said(made: Made, cli: Cli, world: World, names: list[str], trials: int) -> None:
    flags: list[str | Path] = []
    for number, name in enumerate(names):
        flags += ["--from", made(name, f"trials={trials}", out=str(number))]
    ran = cli("power", world.suite, *flags)
    assert ran.code == 0 and "routing.accuracy does not vary in it" in ran.out and "pairs that differ" not in ran.out


def test_too_few_samples_show_nothing_and_one_line_says_so(made: Made, cli: Cli, world: World) -> None:
    ran = cli("power", world.suite, "--samples", "1")
    assert "1 test ticket: too few to show any difference, however large." in ran.out.splitlines()


def test_a_difference_beyond_the_pairs_that_differ_can_not_be(made: Made, cli: Cli, world: World) -> None:
    ran = cli("power", world.suite, "--discordance", "0.1", "--difference", "0.2")
    assert "can't be" in ran.out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--power", "0.01"], "--power"),
        (["--power", "1"], "--power"),
        (["--difference", "0"], "--difference"),
        (["--difference", "nan"], "--difference"),
        (["--difference", "5"], "give a share, e.g. 0.05 for 5 points"),
        (["--metric", "routing.accuracy"], "--from"),
        (["--discordance", "2"], "--discordance"),
        (["--from", "nowhere"], "not a run's folder"),
        (["--from", "x", "--from", "y", "--from", "z"], "--from: 3 runs"),
        (["--from", "x", "--discordance", "0.1"], "leave it or --from out"),
    ],
)
def test_a_mistake_is_one_line(made: Made, cli: Cli, world: World, flags: list[str], said: str) -> None:
    ran = cli("power", world.suite, *flags)
    assert ran.code == 4 and said in ran.err and ran.err.count("\n") == 1 and ran.out == ""


def test_a_metric_that_the_run_lacks_is_named(made: Made, cli: Cli, world: World) -> None:
    ran = cli("power", world.suite, "--from", made("some"), "--metric", "cost.per_tickets")
    assert ran.code == 4 and "did you mean 'cost.per_ticket'?" in ran.err
