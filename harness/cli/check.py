"""`harness check`: is the data fit to be measured with."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option
from harness.core.errors import Exit

if TYPE_CHECKING:
    from harness.workflows.check import Checked


_MOST = 20
"""Findings of one rule in one file that are listed."""


@click.command("check")
@click.argument("suites", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def check(context: click.Context, *, suites: tuple[Path, ...], as_json: bool) -> None:
    """Check all the data behind each SUITE; one line a finding, exit 1 if there is any."""
    from dataclasses import asdict

    from harness.reporting.text import clean_line
    from harness.workflows.check import check_suites

    checked = check_suites(suites)
    for name in checked.skipped:
        click.echo(clean_line(f"harness: scorer {name} is a function of your own and was not probed"), err=True)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in checked.findings], indent=2))
    else:
        for line in _lines(checked):
            click.echo(line)
    context.exit(int(Exit.FINDINGS if checked.findings else Exit.OK))


def _lines(checked: "Checked") -> list[str]:
    """The findings, and what they come to."""
    from harness.reporting.text import clean_line, count

    if checked.findings:
        files = {finding.file for finding in checked.findings}
        total = f"{count(len(checked.findings), 'finding')} in {count(len(files), 'file')}"
        return [*map(clean_line, _capped(checked)), total]
    parts = (
        count(checked.samples, "sample"),
        count(checked.policies, "policy version"),
        count(checked.clauses, "clause"),
        count(checked.incidents, "incident"),
    )
    return [f"checked: {', '.join(parts)}, no findings"]


def _capped(checked: "Checked") -> Iterator[str]:
    """A line a finding; of many of one rule in one file the first, and how many more."""
    counts = Counter((finding.file, finding.rule) for finding in checked.findings)
    told: Counter[tuple[str, str]] = Counter()
    for finding in checked.findings:
        group = finding.file, finding.rule
        told[group] += 1
        if told[group] <= _MOST:
            yield str(finding)
        if told[group] == _MOST and counts[group] > _MOST:
            yield f"{finding.file}: and {counts[group] - _MOST:,} more of this kind ({finding.rule}); --json lists them"
