"""Runs as people read them: typed analyses, the terminal's summary, and one HTML file that opens offline."""

from harness.reporting.analyses import Analyses as Analyses
from harness.reporting.analyses import Confusion as Confusion
from harness.reporting.analyses import Errors as Errors
from harness.reporting.analyses import LabelRow as LabelRow
from harness.reporting.analyses import Mistake as Mistake
from harness.reporting.analyses import Reliability as Reliability
from harness.reporting.analyses import Slice as Slice
from harness.reporting.analyses import analyse as analyse
from harness.reporting.comparison import comparison_json as comparison_json
from harness.reporting.comparison import print_comparison as print_comparison
from harness.reporting.comparison import verdict as verdict
from harness.reporting.html import write_report as write_report
from harness.reporting.knowledge import check_report as check_report
from harness.reporting.knowledge import knowledge_json as knowledge_json
from harness.reporting.knowledge import print_knowledge as print_knowledge
from harness.reporting.knowledge import write_knowledge as write_knowledge
from harness.reporting.power import power_lines as power_lines
from harness.reporting.terminal import print_run as print_run
from harness.reporting.text import clean as clean
