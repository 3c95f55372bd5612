"""The statistics: a large paired bootstrap, and every metric with its interval of a large run."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from harness.build.plan import Plan, planned
from harness.core.protocols import Scorer
from harness.core.types import Scored, ScoreRow
from tests.benchmarks.figures import Figure
from tests.places import ROOT

_SAMPLES = 100_000
_PAIRED = """
import resource, sys, time
import numpy as np
from harness.stats import paired_bootstrap
differences = np.random.default_rng(0).normal(size=10_000)
clusters = [str(number) for number in range(10_000)]
begun = time.perf_counter()
paired_bootstrap(differences, clusters, rng=np.random.default_rng(1), resamples=10_000)
taken = time.perf_counter() - begun
print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2))
"""


def measure() -> Iterator[Figure]:
    """A paired bootstrap of 10,000 x 10,000 with its memory, and the shipped scorers' metrics of 100,000 samples."""
    done = subprocess.run([sys.executable, "-c", _PAIRED], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    note = "10,000 distinct differences x 10,000 resamples"
    yield Figure("paired bootstrap", seconds, "s", 1, note)
    yield Figure("  its peak memory, numpy included", megabytes, "MB", 500)
    plan = planned(ROOT / "eval_sets/triage/suite.yaml")
    tables = {scorer.name: _rows(scorer, plan) for scorer in plan.scorers}
    begun, count = time.perf_counter(), 0
    for scorer in plan.scorers:
        count += len(scorer.metrics(tables[scorer.name]))
    note = f"{count} metrics of {_SAMPLES:,} samples in {_clusters(tables['routing']):,} clusters"
    yield Figure("all metrics with intervals", time.perf_counter() - begun, "s", 20, note)


def _rows(scorer: Scorer, plan: Plan) -> list[ScoreRow]:
    """Verdicts as the scorer gives them, of answers drawn at random, right in 70 % of the samples."""
    assert plan.taxonomy is not None
    rng = np.random.default_rng(7)
    labels = plan.taxonomy.ids
    right = rng.random(_SAMPLES) < 0.7
    expected, other = rng.integers(0, len(labels), (2, _SAMPLES))
    given = np.where(right, expected, other)
    confidence, noise = rng.beta(4, 2, _SAMPLES), rng.lognormal(3, 0.5, (3, _SAMPLES))
    few, cluster = rng.integers(0, 4, (2, _SAMPLES)), rng.integers(0, 60_000, _SAMPLES)
    high = plan.taxonomy.high_risk
    rows: list[ScoreRow] = []
    for i in range(_SAMPLES):
        gold, answer = labels[expected[i]], labels[given[i]]
        action = "route" if confidence[i] > 0.5 else "review"
        routed = action == "route" and gold != answer
        found, wanted = int(few[0][i]) // 2, 1 + int(few[1][i]) // 2
        value = {
            "correct": bool(gold == answer),
            "expected": gold,
            "given": answer,
            "cost": plan.taxonomy.costs.of(gold, action=action, label=answer),
            "action": action,
            "reviewed": action == "review",
            "high_risk": gold in high,
            "high_risk_miss": routed and gold in high,
            "high_risk_false": routed and answer in high and gold not in high,
            "confidence": float(confidence[i]),
            "n_claims": 3,
            "n_hallucinated": found,
            "clause_found": min(found, wanted),
            "clause_wanted": wanted,
            "clause_recall": min(found, wanted) / wanted,
            "incident_found": min(found, wanted),
            "incident_wanted": wanted,
            "incident_recall": min(found, wanted) / wanted,
            "ms": float(noise[0][i]),
            "input_tokens": int(noise[1][i]),
            "output_tokens": int(noise[2][i]),
            "estimated": False,
        }
        rows.append(ScoreRow(f"s-{i}", 0, f"c-{cluster[i]}", Scored(value)))
    assert scorer.metrics(rows[:50])
    return rows


def _clusters(rows: Sequence[ScoreRow]) -> int:
    return len({row.cluster for row in rows})
