"""The composition root: names in a suite become live objects, and a run is made of them."""

from harness.build.api import evaluate as evaluate
from harness.build.api import evaluate_async as evaluate_async
from harness.build.plan import Plan as Plan
from harness.build.plan import make_plan as make_plan
from harness.build.solver import build_solver as build_solver
