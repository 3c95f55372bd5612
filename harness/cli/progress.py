"""On standard error: what is doubtful about a run's data, and its progress; a bar in a terminal, else plain lines."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.build.plan import Plan
    from harness.evaluation.runner import Progress

_EVERY_SECONDS = 5.0


def show_doubts(plan: "Plan") -> None:
    """Say what the run goes on in spite of, one line each."""
    from harness.build.doubts import doubts
    from harness.reporting.text import clean_line

    for line in doubts(plan):
        click.echo(clean_line(f"harness: warning: {line}"), err=True)


@contextmanager
def show_progress(*, quiet: bool) -> Iterator["Progress | None"]:
    """A callback for the runner; None when quiet."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield _Lines()


class _Lines:
    """A line at the first and last trial, and every few seconds between."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._last = 0.0

    def __call__(self, *, done: int, total: int, errored: int) -> None:
        now = time.monotonic()
        if done < total and now - self._last < _EVERY_SECONDS:
            return
        self._last = now
        rate = done / max(now - self._begun, 1e-9)
        left = (total - done) / rate
        click.echo(f"{done}/{total}  {rate:.1f}/s  {errored} errored  {left:.0f} s left", err=True)


@contextmanager
def _bar() -> Iterator["Progress"]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s  {task.fields[errored]} errored"),
        TimeRemainingColumn(),
    )
    begun = time.monotonic()
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, rate="–", errored=0)

        def progress(*, done: int, total: int, errored: int) -> None:
            rate = f"{done / max(time.monotonic() - begun, 1e-9):.1f}"
            bar.update(task, completed=done, total=total, rate=rate, errored=errored)

        yield progress
