"""Is the data behind a suite fit to be measured with: every finding, each with its file and line."""

from harness.workflows.check.findings import Finding as Finding
from harness.workflows.check.run import Checked as Checked
from harness.workflows.check.run import check_suites as check_suites
