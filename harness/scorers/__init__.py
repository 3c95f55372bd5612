"""Scorers: each judges one output and makes metrics of many verdicts."""

from harness.scorers.registry import NAMES as NAMES
from harness.scorers.registry import ScorerContext as ScorerContext
from harness.scorers.registry import make_scorer as make_scorer
