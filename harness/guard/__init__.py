"""Pure decisions of the trust boundary: what is removed, what is marked, what may be called."""

from harness.guard.injection import THRESHOLD as THRESHOLD
from harness.guard.injection import detect as detect
from harness.guard.sanitize import sanitize as sanitize
from harness.guard.screen import Screened as Screened
from harness.guard.screen import citable as citable
from harness.guard.screen import screen as screen
from harness.guard.spotlight import Spotlight as Spotlight
from harness.guard.spotlight import neutralize as neutralize
from harness.guard.toolpolicy import ToolPolicy as ToolPolicy
from harness.guard.toolpolicy import ToolRefusal as ToolRefusal
from harness.guard.toolpolicy import decide_call as decide_call
