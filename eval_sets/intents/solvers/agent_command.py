"""The agent as a command: JSON on standard input, JSON on standard output, one process a sample."""

import json
import sys

from my_agent import decide

request = json.load(sys.stdin)  # {"id", "input", "trial", "seed"}
json.dump(decide(request["input"]["text"]), sys.stdout)
