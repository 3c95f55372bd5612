"""Suites, the runner, its journal, gates and finished runs."""

from harness.evaluation.gates import Gate as Gate
from harness.evaluation.gates import GateResult as GateResult
from harness.evaluation.gates import judge as judge
from harness.evaluation.gates import parse_gate as parse_gate
from harness.evaluation.journal import Journal as Journal
from harness.evaluation.journal import read_journal as read_journal
from harness.evaluation.run import Run as Run
from harness.evaluation.runner import Progress as Progress
from harness.evaluation.runner import execute as execute
from harness.evaluation.suite import Suite as Suite
from harness.evaluation.suite import amend_suite as amend_suite
from harness.evaluation.suite import load_suite as load_suite
