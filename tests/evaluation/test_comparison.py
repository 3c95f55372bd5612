"""Two runs in pairs: who wins, what is left out, what flips, and that chance alone rarely wins."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from harness.core.errors import Exit
from harness.core.protocols import SolverInput
from harness.core.types import Output, Sample, Scored, Target
from harness.evaluation import Compared, Comparison, RecordedTrial, Side, compare_metric, execute
from harness.evaluation.recorded import RecordedMetric
from harness.stats import Estimator, mcnemar
from tests.evaluation.solvers import Judge, Solver

RIGHT = RecordedMetric("routing.accuracy", None, 0, "", "routing.correct", False)
COST = RecordedMetric("cost.per_ticket", None, 0, "USD", "cost.cost", True)
Figure = float | bool | str | None


def trials(metric: RecordedMetric, figures: Sequence[Figure], *, each: int = 1, clusters: int = 0) -> list[Any]:
    """Trials with these figures, `each` a sample; a string says why there is none."""
    found = []
    for number, figure in enumerate(figures):
        id = f"s-{number // each}"
        has = figure is not None and not isinstance(figure, str)
        found.append(
            RecordedTrial(
                sample_id=id,
                trial=number % each,
                cluster=f"c-{(number // each) % clusters}" if clusters else id,
                answer=f"answer {figure}",
                expected="x",
                facts={metric.fact or "": figure} if has else {},  # type: ignore[dict-item]
                missing={} if has else {metric.fact or "": str(figure)},
            )
        )
    return found


def compared(
    a: Sequence[Figure], b: Sequence[Figure], *, metric: RecordedMetric = RIGHT, each: int = 1, clusters: int = 0
) -> Compared:
    first, second = (trials(metric, some, each=each, clusters=clusters) for some in (a, b))
    return compare_metric(metric, first, second, estimator=Estimator(seed=1))


def comparison(*metrics: Compared, margin: float | None = None, coverage: float = 1.0) -> Comparison:
    from pathlib import Path

    side = Side(path=Path("a"), name="", run_id="r", coverage=coverage, coverage_floor=0.9)
    return Comparison(
        a=side, b=side, metrics=metrics, others={}, decision=metrics[0].name, margin=margin, n_samples=9, trials=1,
        word="ticket", differs=(),
    )  # fmt: skip


BETTER = compared([False] * 20 + [True] * 20, [True] * 40)
WORSE = compared([True] * 40, [False] * 20 + [True] * 20)
TIED = compared([True, False] * 20, [True, False] * 20)
OPEN = compared([True, False, True, False] * 5, [False, True, True, True] * 5)


def test_more_of_what_is_right_is_better_and_more_money_is_worse() -> None:
    assert (BETTER.outcome, WORSE.outcome, OPEN.outcome) == ("b_better", "a_better", "not_shown")
    dear = [float(10 + n % 3) for n in range(30)]
    cheap = [figure - 5 for figure in dear]
    assert compared(dear, cheap, metric=COST).outcome == "b_better"
    assert compared(cheap, dear, metric=COST).outcome == "a_better"


def test_a_winner_is_one_whose_interval_leaves_out_0() -> None:
    for one in (BETTER, WORSE, OPEN):
        low, high = one.difference.low, one.difference.high
        assert low is not None and high is not None
        assert (one.winner is None) == (low <= 0 <= high)


def test_both_values_are_over_the_pairs_and_differ_by_the_difference() -> None:
    found = compared([True, True, "errored", False], [False, True, True, "errored"])
    assert (found.a, found.b, found.difference.value) == (1.0, 0.5, -0.5)
    assert found.difference.n == 2
    assert found.left_out == {"errored in A": 1, "errored in B": 1}


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("not applicable", "not applicable", {"not applicable": 1}),
        ("errored", "errored", {"errored in both": 1}),
        ("errored", "unscored", {"errored in A and unscored in B": 1}),
        (True, "without a figure", {"without a figure in B": 1}),
    ],
)
def test_what_is_left_out_is_counted_by_why(a: Figure, b: Figure, why: dict[str, int]) -> None:
    assert compared([True, a], [True, b]).left_out == why


def test_all_ties_have_no_interval_and_a_bound_from_how_many_there_are() -> None:
    assert (TIED.outcome, TIED.winner, TIED.difference.p) == ("same", None, 1.0)
    assert TIED.tie_bound == pytest.approx(1 - 0.025 ** (1 / 40))
    assert TIED.not_worse(0.1) == "shown" and TIED.not_worse(0.05) == "not_shown" and TIED.not_worse(0) == "not_shown"
    assert compared([4.0] * 9, [4.0] * 9, metric=COST).tie_bound is None


def test_one_sample_or_one_cluster_can_not_have_an_interval() -> None:
    assert compared([False], [True]).outcome == "no_interval"
    assert compared([True], [True]).outcome == "no_interval"
    one = compared([False] * 9, [True] * 9, clusters=1)
    assert (one.outcome, one.difference.value, one.n_needed, one.detectable) == ("no_interval", 1.0, None, None)


def test_without_a_pair_there_is_nothing_to_compare() -> None:
    found = compared(["errored", True], [True, "errored"])
    assert found.outcome == "no_pairs" and found.a is None and found.b is None and found.not_worse(9) == "not_shown"
    assert compared([], []).outcome == "no_pairs"


def test_trials_of_a_sample_are_averaged_before_samples_are_paired() -> None:
    found = compared([True, False, True, True], [False, False, "errored", True], each=2)
    assert (found.a, found.b, found.difference.n) == (0.75, 0.5, 2)
    assert found.left_out == {} and found.flips is not None and found.flips.p is None


def test_right_with_several_trials_is_right_in_more_than_half_of_them() -> None:
    found = compared([True, False, True, True], [True, True, True, False], each=2).flips
    assert found is not None
    assert [flip.sample_id for flip in found.fixed] == ["s-0"] and [flip.sample_id for flip in found.broken] == ["s-1"]
    assert found.fixed[0].a == "answer True, answer False" and found.fixed[0].b == "answer True"


def test_flips_are_the_pairs_that_only_one_side_gets_right() -> None:
    found = compared([True, False, True, False, False], [True, True, False, False, True]).flips
    assert found is not None
    assert [flip.sample_id for flip in found.fixed] == ["s-1", "s-4"]
    assert [flip.sample_id for flip in found.broken] == ["s-2"]
    assert (found.both_right, found.both_wrong, found.p) == (1, 1, mcnemar(1, 2).exact)


def test_on_one_trial_a_sample_and_cluster_the_p_is_mcnemars() -> None:
    for one in (BETTER, WORSE, OPEN, TIED):
        assert one.flips is not None and one.difference.p == pytest.approx(one.flips.p)


def test_only_right_or_wrong_flips() -> None:
    assert compared([1.0, 0.0], [0.0, 0.0], metric=COST).flips is None
    assert compared([0.5, True], [0.2, False]).flips is None


def test_a_difference_that_is_not_shown_tells_how_many_samples_it_takes() -> None:
    assert OPEN.n_needed is not None and OPEN.n_needed > OPEN.difference.n
    assert OPEN.detectable is not None and OPEN.difference.value is not None
    assert OPEN.detectable > OPEN.difference.value
    rng = random.Random(1)
    tiny = [rng.gauss(0, 100) for _ in range(50)]
    level = sum(tiny) / len(tiny) - 1e-7
    found = compared([0.0] * 50, [value - level for value in tiny], metric=COST)
    assert found.n_needed is not None and found.n_needed > 10**12
    even = compared([0.0, 1.0] * 8, [1.0, 0.0] * 8, metric=COST)
    assert even.n_needed is None and even.detectable is not None


def test_more_samples_than_it_takes_are_not_asked_for() -> None:
    assert BETTER.n_needed is None


def test_a_margin_is_shown_refuted_or_neither() -> None:
    low, high = BETTER.gain or (0, 0)
    assert BETTER.not_worse(0) == "shown" and WORSE.not_worse(0) == "refuted"
    assert WORSE.not_worse(0.9) == "shown" and OPEN.not_worse(0.01) == "not_shown"
    assert BETTER.equivalent(high + 0.01) == "shown" and BETTER.equivalent(low - 0.01) == "refuted"
    assert BETTER.equivalent((low + high) / 2) == "not_shown"
    assert WORSE.gain == (WORSE.difference.low, WORSE.difference.high)


def test_equality_is_never_shown_with_a_margin_of_0() -> None:
    for one in (BETTER, WORSE, TIED, OPEN):
        assert one.equivalent(0) != "shown"


@pytest.mark.parametrize(
    ("metric", "require", "code"),
    [
        (BETTER, None, 0), (BETTER, "better", 0), (BETTER, "not-worse", 0),
        (WORSE, None, 0), (WORSE, "better", 1), (WORSE, "not-worse", 1),
        (OPEN, None, 0), (OPEN, "better", 7), (OPEN, "not-worse", 7),
        (TIED, None, 0), (TIED, "better", 7), (TIED, "not-worse", 7),
    ],
)  # fmt: skip
def test_what_is_required_of_b_is_shown_refuted_or_not_told(metric: Compared, require: Any, code: int) -> None:
    assert comparison(metric).exit_code(require) == code


def test_coverage_below_its_floor_comes_first_and_no_pair_is_inconclusive() -> None:
    assert comparison(WORSE, coverage=0.8).exit_code("better") == Exit.COVERAGE
    assert comparison(compared([], [])).exit_code(None) == Exit.INCONCLUSIVE
    assert comparison(TIED, margin=0.2).exit_code("not-worse") == Exit.OK


async def test_chance_alone_rarely_makes_a_winner() -> None:
    """A/A: the same stochastic solver twice, three trials a sample, through the real runner."""
    samples = [Sample(f"s-{n}", n, Target("a"), cluster=f"c-{n}") for n in range(24)]
    judge = Judge(lambda sample, output: Scored({"correct": output.label == "a"}), name="routing")

    def answer(item: SolverInput) -> Output:
        hard = (int(str(item.input)) % 8) / 8
        return Output(label="a" if random.Random(item.seed).random() > hard else "b")

    async def side(seed: int) -> list[RecordedTrial]:
        results = await execute(
            samples, solver=Solver(answer), scorers=[judge], journal=None, trials=3, seed=seed, concurrency=8
        )
        return [
            RecordedTrial(
                row.sample_id, row.trial, row.cluster, "", "", {"routing.correct": row.outcome.value["correct"]}, {}
            )
            for row in results.rows["routing"]
            if isinstance(row.outcome, Scored)
        ]

    winners = 0
    for seed in range(200):
        a, b = await side(seed), await side(10_000 + seed)
        found = compare_metric(RIGHT, a, b, estimator=Estimator(seed=seed))
        assert found.difference.n == 24
        winners += found.winner is not None
    assert 0 < winners / 200 <= 0.055
