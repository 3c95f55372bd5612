"""Samples with their targets: read, validated, filtered."""

from harness.evalsets.load import EvalSet as EvalSet
from harness.evalsets.load import load_eval_set as load_eval_set
from harness.evalsets.load import parse_case as parse_case
