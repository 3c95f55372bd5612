"""Solvers: baselines, functions of the user's own, and (in `triage`, which loads LangChain) the triage agent."""

from harness.agents.baselines import BASELINES as BASELINES
from harness.agents.baselines import KeywordBaseline as KeywordBaseline
from harness.agents.baselines import Known as Known
from harness.agents.baselines import MajorityBaseline as MajorityBaseline
from harness.agents.function import FunctionSolver as FunctionSolver
