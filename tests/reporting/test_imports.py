"""What importing the package costs."""

import subprocess
import sys


def test_importing_the_package_loads_no_renderer_and_no_agent() -> None:
    code = (
        "import sys, harness.reporting\n"
        "heavy = {'rich', 'vl_convert', 'langchain', 'langchain_core', 'chromadb', 'openai', 'harness.scorers', 'harness.agents'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
