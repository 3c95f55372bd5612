"""Simulate whether intervals cover and tests err as they promise; tables to stdout, progress to stderr."""

import multiprocessing
import os
import sys
import time
from multiprocessing.pool import Pool

from tests.validity import auroc, clustered, composites, margins, means, pairs, peeking, planning, proportions
from tests.validity.rows import Row, Section

PARTS = (proportions, clustered, means, composites, pairs, margins, peeking, planning, auroc)


def main() -> int:
    quick = "--quick" in sys.argv[1:]
    start = time.perf_counter()
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for part in PARTS:
            print(f"## {part.section(quick).title}\n\n{_measured(part.section(quick), pool)}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    return 0


def _measured(section: Section, pool: Pool) -> str:
    rows: list[Row] = []
    start = time.perf_counter()
    for done, found in enumerate(pool.imap(section.run, section.cells), start=1):
        rows += found
        if done % max(1, len(section.cells) // 4) == 0:
            passed = time.perf_counter() - start
            print(f"{section.title}: {done} of {len(section.cells)} cells, {passed:.0f} s", file=sys.stderr)
    return section.tables(rows)


if __name__ == "__main__":
    sys.exit(main())
