import os
import warnings
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import average_precision, ndcg_at_k, precision_at_k, recall_at_k, reciprocal_rank

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # else ranx compiles for half a minute
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ranx  # type: ignore[import-untyped]

Grades = dict[str, int]
DOCUMENTS = [f"d{n}" for n in range(8)]
RANKED = st.lists(st.sampled_from(DOCUMENTS), unique=True, min_size=1)
GRADES = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 4), min_size=1)
MEASURES: dict[str, Callable[[list[str], Grades, int], float | None]] = {
    "ndcg": lambda ranked, grades, k: ndcg_at_k(ranked, grades, k=k),
    "ndcg_burges": lambda ranked, grades, k: ndcg_at_k(ranked, grades, k=k, exponential=True),
    "recall": lambda ranked, grades, k: recall_at_k(ranked, grades, k=k),
    "precision": lambda ranked, grades, k: precision_at_k(ranked, grades, k=k),
    "mrr": lambda ranked, grades, k: reciprocal_rank(ranked, grades),
    "map": lambda ranked, grades, k: average_precision(ranked, grades),
}
CUT = {"ndcg", "ndcg_burges", "recall", "precision"}


@pytest.mark.parametrize("name", MEASURES)
@given(RANKED, GRADES, st.integers(1, 10))
def test_each_measure_is_ranxs(name: str, ranked: list[str], grades: Grades, k: int) -> None:
    found = MEASURES[name](ranked, grades, k)
    if not any(grades.values()):
        assert found is None
        return
    run = {"q": {document: float(len(ranked) - place) for place, document in enumerate(ranked)}}
    expected = ranx.evaluate(ranx.Qrels({"q": grades}), ranx.Run(run), f"{name}@{k}" if name in CUT else name)
    assert found == pytest.approx(expected, abs=1e-9, rel=0)


@pytest.mark.parametrize("name", MEASURES)
@given(RANKED, GRADES.filter(lambda grades: any(grades.values())), st.integers(1, 10))
def test_each_measure_lies_between_0_for_a_miss_and_1(name: str, ranked: list[str], grades: Grades, k: int) -> None:
    found = MEASURES[name](ranked, grades, k)
    assert found is not None and 0 <= found <= 1 + 1e-12
    assert MEASURES[name](["elsewhere"], grades, k) == MEASURES[name]([], grades, k) == 0


@given(GRADES.filter(lambda grades: any(grades.values())), st.integers(1, 10), st.booleans())
def test_the_best_order_has_an_ndcg_of_1(grades: Grades, k: int, exponential: bool) -> None:
    best = sorted(grades, key=lambda document: -grades[document])
    assert ndcg_at_k(best, grades, k=k, exponential=exponential) == pytest.approx(1)


def test_the_measures_of_a_list_worked_by_hand() -> None:
    ranked, grades = ["a", "b", "c", "d"], {"b": 2, "d": 1, "e": 1, "a": 0}
    assert reciprocal_rank(ranked, grades) == 1 / 2
    assert average_precision(ranked, grades) == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert recall_at_k(ranked, grades, k=3) == pytest.approx(1 / 3)
    assert precision_at_k(ranked, grades, k=3) == pytest.approx(1 / 3)
    assert precision_at_k(ranked, grades, k=10) == pytest.approx(2 / 10)
    assert ndcg_at_k(ranked, grades, k=2) == pytest.approx(2 / 1.584962500721156 / (2 + 1 / 1.584962500721156))
    assert ndcg_at_k(ranked, grades, k=1) == 0


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("grades", [{}, {"a": 0}])
def test_a_query_without_a_relevant_document_has_no_value(name: str, grades: Grades) -> None:
    assert MEASURES[name](["a", "b"], grades, 2) is None


@pytest.mark.parametrize("exponential", [False, True])
def test_the_largest_grade_is_still_a_number(exponential: bool) -> None:
    assert ndcg_at_k("ab", {"a": 1000, "b": 1000}, k=2, exponential=exponential) == 1


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("grade", [-1, 0.5, 1001, float("nan"), float("inf")])
def test_an_impossible_grade_is_refused(name: str, grade: int) -> None:
    with pytest.raises(ValueError, match=f"grade of 'b' must be a whole number from 0 to 1000, got {grade!r}"):
        MEASURES[name](["a"], {"a": 1, "b": grade}, 1)


@pytest.mark.parametrize("name", MEASURES)
def test_a_document_ranked_twice_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="'b' is ranked twice; keep its first place only"):
        MEASURES[name](["a", "b", "c", "b", "a"], {"a": 1}, 1)


@pytest.mark.parametrize("name", sorted(CUT))
@pytest.mark.parametrize("k", [0, -1])
def test_a_depth_below_1_is_refused(name: str, k: int) -> None:
    with pytest.raises(ValueError, match=f"k must be at least 1, got {k}"):
        MEASURES[name](["a"], {}, k)
