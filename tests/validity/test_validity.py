"""The quick form of `make validity`: what the README of `harness.stats` says of the defaults holds."""

from functools import cache

import numpy as np
import pytest

from harness.stats import cluster_t_interval, korn_graubard
from tests.validity import auroc, clustered, composites, margins, means, pairs, peeking, planning, proportions
from tests.validity.rows import LEAST, MOST, Row, Section, generator

PARTS = (proportions, clustered, means, composites, pairs, margins, peeking, planning, auroc)


@cache
def measured(title: str) -> tuple[Section, list[Row]]:
    (section,) = (part.section(True) for part in PARTS if part.__name__.endswith(title))
    return section, [row for cell in section.cells for row in section.run(cell)]


def too_low(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.rate < LEAST - 3 * row.error]


def too_often(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.rate > MOST + 3 * row.error]


def of(rows: list[Row], *methods: str) -> list[Row]:
    found = [row for row in rows if row.method in methods]
    assert found
    return found


def test_the_default_for_proportions_covers_in_every_cell() -> None:
    _, rows = measured("proportions")
    assert min(row.rate for row in of(rows, proportions.DEFAULT)) >= LEAST
    assert min(row.rate for row in of(rows, "Wilson")) < LEAST  # so the simulation can tell


def test_the_default_for_clustered_proportions_covers_but_where_it_is_declared_not_to() -> None:
    _, rows = measured("clustered")
    default = of(rows, clustered.DEFAULT)
    assert too_low([row for row in default if not clustered.declared(row.group, row.n)]) == []
    known = clustered.run(clustered.Cell("halving", 0.6, 1000, 0.05, 1000))
    assert too_low([row for row in of(known, clustered.DEFAULT) if clustered.declared(row.group, row.n)])


def test_the_interval_of_an_accuracy_difference_covers() -> None:
    _, rows = measured("pairs")
    assert too_low([row for row in of(rows, pairs.BOOTSTRAP) if not pairs.is_alarm(row)]) == []


def test_equal_systems_rarely_look_different() -> None:
    _, rows = measured("pairs")
    alarms = [row for row in rows if pairs.is_alarm(row)]
    assert too_often(of(alarms, pairs.WHOLE, pairs.FLIP, pairs.MCNEMAR, pairs.MID_P)) == []


def test_confidence_sequences_may_be_looked_at_often_and_a_t_test_may_not() -> None:
    _, rows = measured("peeking")
    assert too_often(of(rows, peeking.PAIRED, peeking.ASYMPTOTIC)) == []
    assert too_often(of(rows, peeking.STUDENT))


def test_the_interval_of_an_auroc_covers_with_a_hundred_of_the_rarer_class_and_only_on_the_logit_scale() -> None:
    _, rows = measured("auroc")
    assert too_low([row for row in of(rows, auroc.DEFAULT) if not auroc.declared(row)]) == []
    assert too_low(of(rows, auroc.PLAIN))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__.rpartition(".")[2])
def test_each_part_makes_tables(part: object) -> None:
    section, rows = measured(part.__name__.rpartition(".")[2])  # type: ignore[attr-defined]
    lines = section.tables(rows).splitlines()
    widths = [line.count("|") for line in lines if line.startswith("|")]
    assert len(widths) > 4 and "nan" not in section.tables(rows)


@pytest.mark.parametrize("shape", clustered.SHAPES)
def test_the_vectorised_intervals_are_those_of_the_library(shape: str) -> None:
    rng = generator("equal", shape)
    sizes = clustered.sizes_of(shape, 50)
    counts = np.vstack([clustered.counts_of(sizes, p, 0.3, 20, rng) for p in (0.01, 0.3, 0.98)])
    names = [str(index) for index, size in enumerate(sizes) for _ in range(int(size))]
    ends, students = clustered.korn_graubard(counts, sizes), clustered.cluster_t(counts, sizes)
    for row, pair, student in zip(counts, ends, students, strict=True):
        hits = np.concatenate([np.arange(size) < count for count, size in zip(row, sizes, strict=True)])
        interval, _ = korn_graubard(hits, np.ones(len(hits)), names)
        assert pair == pytest.approx(interval, abs=1e-9)
        assert student == pytest.approx(cluster_t_interval(hits, names), abs=1e-9)
