import pytest

from harness.evaluation import Basis, show

MONEY = Basis("cost.per_ticket", "USD", None, 4.0, 1.0, None, "assumed")


def test_few_clusters_show_less_than_as_many_samples_alone_though_the_variance_is_the_same() -> None:
    alone, few = (show(MONEY, n=60, n_clusters=n, level=0.95, power=0.8, difference=0.5) for n in (60, 6))
    assert alone.detectable is not None and few.detectable is not None and alone.needed and few.needed
    assert few.detectable > 1.1 * alone.detectable
    assert few.needed > alone.needed


def test_what_is_said_to_be_needed_is_enough_and_one_cluster_less_is_not() -> None:
    asked = show(MONEY, n=60, n_clusters=6, level=0.95, power=0.8, difference=0.5)
    assert asked.needed is not None
    enough = show(MONEY, n=asked.needed, n_clusters=round(asked.needed / 10), level=0.95, power=0.8, difference=None)
    assert enough.detectable == pytest.approx(0.5, rel=0.01)
