"""Every published value of the reference file beside the repository, by its kind."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.stats import (
    calibration_error,
    cohen_kappa,
    equal_width_bins,
    fleiss_kappa,
    mcnemar,
    summarize,
    wilson,
)
from tests.places import reference_rows


def calibration(given: dict[str, Any]) -> float:
    probabilities, labels = np.array(given["probs"]), np.array(given["labels"])
    if probabilities.ndim == 1:
        confidence, correct = probabilities, labels
    else:
        confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    totals = equal_width_bins(confidence, correct, bins=given["n_bins"]).sum(axis=0, keepdims=True)
    return float(calibration_error(totals, norm=given["norm"])[0])


def mcnemar_chi2(given: dict[str, Any]) -> float:
    (_, first_only), (second_only, _) = given["table"]
    return mcnemar(first_only, second_only).chi2


def univariate(given: dict[str, Any]) -> dict[str, float | None]:
    values = given["values"] or [given["first"], *given["then_alternate"] * (given["n"] // 2)]
    found = summarize(values)
    assert found.n == given["n"]
    return {"mean": found.mean, "sd": found.sd, "lag1_autocorr": found.lag1_autocorrelation}


KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "calibration_error": calibration,
    "wilson_interval_95": lambda given: wilson(given["successes"], given["n"], level=0.95),
    "mcnemar_chi2_no_cc": mcnemar_chi2,
    "univariate": univariate,
    "fleiss_kappa": lambda given: float(fleiss_kappa(np.array(given["counts"], dtype=float))),
    "cohen_kappa": lambda given: float(cohen_kappa(np.array(given["table"], dtype=float))),
}


def test_every_reference_value_is_reproduced() -> None:
    rows = reference_rows("stat_refs/refs.jsonl")
    assert len(rows) > 0
    assert {row["kind"] for row in rows} == set(KINDS)
    for row in rows:
        expected = row["expected"]
        expected = tuple(expected) if isinstance(expected, list) else expected
        assert KINDS[row["kind"]](row["input"]) == pytest.approx(expected, abs=row["tol"], rel=0), row["id"]
