"""Run every benchmark and print its figures beside their limits, with the machine they were measured on."""

import os
import platform
import sys
from pathlib import Path

from tests.benchmarks import agent, commands, models, recording, retrieval, statistics
from tests.benchmarks.figures import Figure


def main() -> int:
    """Print the table; 1 if a figure misses its limit."""
    print(f"{_cpu()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    print(f"load average at the start {os.getloadavg()[0]:.1f}; other work on the machine makes all figures worse\n")
    figures: list[Figure] = []
    parts = (commands, statistics, agent, retrieval, models, recording)
    for part in (part.measure for part in parts):
        for figure in part():
            print(figure.line(), flush=True)
            figures.append(figure)
    missed = [figure for figure in figures if figure.missed]
    print(f"\n{len(missed)} of {sum(figure.limited for figure in figures)} limits missed")
    return 1 if missed else 0


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main())
