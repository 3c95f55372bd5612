"""Suites, the runner, its journal, gates and finished runs."""

from harness.evaluation.comparison import Compared as Compared
from harness.evaluation.comparison import Comparison as Comparison
from harness.evaluation.comparison import Flip as Flip
from harness.evaluation.comparison import Side as Side
from harness.evaluation.comparison import compare_metric as compare_metric
from harness.evaluation.gates import Gate as Gate
from harness.evaluation.gates import GateResult as GateResult
from harness.evaluation.gates import judge as judge
from harness.evaluation.gates import parse_gate as parse_gate
from harness.evaluation.journal import Journal as Journal
from harness.evaluation.journal import read_journal as read_journal
from harness.evaluation.planning import Basis as Basis
from harness.evaluation.planning import PowerPlan as PowerPlan
from harness.evaluation.planning import Shown as Shown
from harness.evaluation.planning import show as show
from harness.evaluation.recorded import RecordedRun as RecordedRun
from harness.evaluation.recorded import RecordedTrial as RecordedTrial
from harness.evaluation.recorded import read_run as read_run
from harness.evaluation.run import Run as Run
from harness.evaluation.runner import Progress as Progress
from harness.evaluation.runner import execute as execute
from harness.evaluation.suite import Suite as Suite
from harness.evaluation.suite import amend_suite as amend_suite
from harness.evaluation.suite import load_suite as load_suite
