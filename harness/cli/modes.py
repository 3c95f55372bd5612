"""`harness modes`: retrieval by words, by meaning and by both, side by side."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, set_option, suite_argument
from harness.cli.progress import show_progress
from harness.core.errors import Exit

if TYPE_CHECKING:
    from harness.build.plan import Plan
    from harness.evaluation.runner import Progress
    from harness.workflows.modes import Modes

_NAMES = {"ndcg_at_10": "nDCG@10", "recall_at_5": "recall@5", "mrr": "MRR"}


@click.command("modes")
@suite_argument
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N queries.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Gets lexical/, dense/ and hybrid/.")
@json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@set_option
@click.pass_context
def modes(
    context: click.Context,
    *,
    suite: Path,
    limit: int | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
    overrides: tuple[str, ...],
) -> None:
    """Run SUITE (solver: search) with lexical, dense and hybrid retrieval, and show them side by side, slice by slice."""
    from harness.workflows.modes import run_modes

    @contextmanager
    def watch(mode: str, plan: "Plan") -> "Iterator[Progress | None]":
        if not quiet:
            click.echo(f"{mode}: {len(plan.samples):,} queries", err=True)
        with show_progress(quiet=quiet) as progress:
            yield progress

    found = run_modes(suite, out=out, limit=limit, overrides=overrides, watch=watch)
    if found.interrupted:
        click.echo(f"harness: interrupted; what was finished is in {found.folder}", err=True)
        context.exit(int(Exit.INTERRUPTED))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: "Modes") -> list[str]:
    """A block a figure: a row a slice, a column a mode, and what hybrid gains on each half."""
    from harness.reporting.text import clean_line
    from harness.workflows.modes import FIGURES, MODES

    cells = {(cell.slice, cell.figure, cell.mode): cell for cell in found.cells}
    gains = {(gain.slice, gain.figure, gain.over): gain for gain in found.gains}
    slices = list(dict.fromkeys(cell.slice for cell in found.cells))
    width = max(8, *(len(clean_line(tag)) for tag in slices))
    lines = []
    for figure in FIGURES:
        heads = "".join(f"{mode:<20}" for mode in MODES)
        lines.append(f"{_NAMES[figure]:<{width}}  {'n':>5}  {heads}{'hybrid − lexical':<22}{'hybrid − dense':<22}")
        for tag in slices:
            row = [cells[tag, figure, mode] for mode in MODES]
            shown = "".join(f"{_figure(one.value, one.low, one.high):<20}" for one in row)
            pairs = [gains[tag, figure, over] for over in MODES[:2]]
            shown += "".join(f"{_figure(one.value, one.low, one.high, sign='+'):<22}" for one in pairs)
            lines.append(f"  {clean_line(tag):<{width - 2}}  {row[0].n:>5}  {shown}".rstrip())
        lines.append("")
    dated = {mode: f"{mode} {wrong} of {of:,}" for mode, (wrong, of) in found.not_in_force.items() if of}
    lines.append(f"results not in force on their day: {', '.join(dated.values()) or 'no query has a date'}")
    lines += [f"{mode}: {clean_line(str(run.report))}" for mode, run in found.runs.items()]
    return lines


def _figure(value: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    """`0.45 (0.40–0.49)`."""
    if value is None:
        return "–"
    ends = "" if low is None or high is None else f" ({_number(low, sign)} – {_number(high, sign)})"
    return f"{_number(value, sign)}{ends}"


def _number(value: float, sign: str) -> str:
    """Two decimals; 0 has no sign."""
    text = f"{round(value, 2) + 0.0:{sign}.2f}"
    return "0.00" if text.strip("+-") == "0.00" else text.replace("-", "−")
