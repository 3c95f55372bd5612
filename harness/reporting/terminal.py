"""A run on a terminal: the headline figures first, then labels, the costliest mistakes, what failed, and the gates."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.evaluation import Run
from harness.reporting.analyses import Analyses, LabelRow, Mistake, analyse
from harness.reporting.summary import (
    MARKS,
    Line,
    calls,
    counts,
    coverage,
    expected_name,
    given_name,
    head,
    label_title,
    lines,
    warnings,
)
from harness.reporting.text import clean_line, interval, metric_interval, metric_value, money, number, percent, shorten

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_PIPED_WIDTH = 140
_MAX_LABELS = 20
_MAX_WEAK = 5
_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}


def print_run(run: Run, *, taxonomy: Taxonomy | None, console: "Console | None" = None) -> None:
    """Print the summary of a run. Data is never read as markup, and its control characters are shown, not obeyed."""
    console = console or open_console()
    found = analyse(run, taxonomy=taxonomy)
    for warning in warnings(run):
        console.print(_text(warning, "bold yellow"))
    for line in _filled(head(run), console.width):
        console.print(_text(line, "bold"))
    _print_metrics(lines(run), console)
    if found.labels:
        console.print()
        _print_table(_label_table(found.labels, width=console.width), console)
    _print_weak_slices(found, run, console)
    _print_mistakes(found, currency=run.info.get("currency"), console=console)
    console.print()
    for problem in coverage(run, found.errors):
        console.print(_text(problem, "yellow", indent=2))
    if run.gates:
        _print_gates(run, console)
    _print_calls(run, console)
    console.print(_text("report", indent=2).append(f"  {clean_line(str(run.report))}"), soft_wrap=True)


def _print_calls(run: Run, console: "Console") -> None:
    from rich.text import Text

    for index, line in enumerate(_filled(calls(run), console.width - 10)):
        console.print(Text(f"  {'' if index else 'model':<7}  {clean_line(line)}", overflow="fold"))


def open_console() -> "Console":
    """Standard output, 120 columns wide where it is piped and nobody set COLUMNS."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, markup=False, emoji=False, width=_PIPED_WIDTH if piped else None)


def _text(text: str, style: str = "", *, indent: int = 0) -> "Text":
    from rich.text import Text

    return Text(" " * indent + clean_line(text), style=style, overflow="fold")


def _filled(parts: Sequence[str], width: int) -> list[str]:
    """`parts` joined by a dot into lines that break between parts, not inside them."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def _grid(columns: Sequence[tuple[str, bool]], *, whole: int = 0) -> "Table":
    """A table without lines; columns are (title, right-aligned). Cells fold, but not those of the first `whole`."""
    from rich.table import Table

    titled = any(title for title, _ in columns)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=titled)
    for index, (title, right) in enumerate(columns):
        table.add_column(_text(title), justify="right" if right else "left", overflow="fold", no_wrap=index < whole)
    return table


def _print_table(table: "Table", console: "Console") -> None:
    from rich.padding import Padding

    console.print(Padding(table, (0, 0, 0, 2)))


def _print_metrics(rows: Sequence[Line], console: "Console") -> None:
    level = rows[0].metric.level if rows else 0.95
    cells = [["metric", "value", f"{percent(level)} interval", "scored/unsc./err."]]
    for index, line in enumerate(rows):
        more = index + 1 < len(rows) and rows[index + 1].parent
        name = f"{'├' if more else '└'} {line.name}" if line.parent else line.name
        value, between = metric_value(line.metric), metric_interval(line.metric)
        cells.append([clean_line(cell) for cell in (name, value, between, counts(line.metric))])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lined: list[tuple[Text, str]] = []
    for index, (name, value, between, n) in enumerate(cells):
        style = "dim" if index == 0 else ""
        text = _text("", indent=2).append(f"{name:<{widths[0]}}  ", style)
        text.append(f"{value:>{widths[1]}}", style or "bold").append(
            f"  {between:<{widths[2]}}  {n:<{widths[3]}}", style
        )
        lined.append((text, " · ".join(rows[index - 1].notes) if index else ""))
    console.print()
    _print_noted(lined, console, indent=6)


def _print_noted(lined: Sequence[tuple["Text", str]], console: "Console", *, indent: int) -> None:
    """Lines with a note each: beside them where all fit the width, else each below its line."""
    notes = [clean_line(note) for _, note in lined]
    widest = max(line.cell_len for line, _ in lined)
    beside = widest + 2 + max(map(len, notes)) <= console.width
    for (line, _), note in zip(lined, notes, strict=True):
        if note and beside:
            line.pad_right(widest - line.cell_len + 2)
        elif note:
            console.print(line)
            line = _text("", indent=indent)
        console.print(line.append(note, "dim"))


def _label_table(rows: Sequence[LabelRow], *, width: int) -> "Table":
    """Metrics by label, with intervals for as many columns as fit, the last first: cost before F1 before recall."""
    rows, left_out = _worst_labels(rows)
    names = list(dict.fromkeys(name for row in rows for name in row.metrics))
    titles = {name: label_title(name) for name in names}
    short = {name: [_figure(row.metrics.get(name), full=False) for row in rows] for name in names}
    cells = dict(short)
    room = width - 2 - max(len(row.label) for row in rows) - 8
    for name in reversed(names):
        wide = cells | {name: [_figure(row.metrics.get(name), full=True) for row in rows]}
        if sum(max(len(titles[n]), *map(len, column)) + 2 for n, column in wide.items()) <= room:
            cells = wide
    table = _grid([("label", False), ("n", True), *((titles[name], False) for name in names)], whole=len(names) + 2)
    for index, row in enumerate(rows):
        table.add_row(_text(row.label), _text(f"{row.n:,}"), *(_text(cells[name][index]) for name in names))
    if left_out:
        table.add_row(_text(f"… {left_out:,} more in the report", "dim"))
    return table


def _worst_labels(rows: Sequence[LabelRow]) -> tuple[Sequence[LabelRow], int]:
    """All rows in their order where there are few, else the lowest by F1 and how many are left out."""
    if len(rows) <= _MAX_LABELS:
        return rows, 0

    def f1(row: LabelRow) -> float:
        metric = row.metrics.get("routing.f1")
        return 2.0 if metric is None or metric.value is None else metric.value

    return sorted(rows, key=f1)[:_MAX_LABELS], len(rows) - _MAX_LABELS


def _figure(metric: Metric | None, *, full: bool) -> str:
    if metric is None:
        return ""
    between = interval(metric.low, metric.high, metric.unit).replace(" – ", "–") if full else ""
    value = number(metric.value, metric.unit)
    return f"{value} ({between})" if between and metric.value is not None else value


def _print_weak_slices(found: Analyses, run: Run, console: "Console") -> None:
    """The slices whose accuracy is lower than the run's beyond chance, the worst first."""
    whole = next((metric.value for metric in run.metrics if metric.name == "routing.accuracy"), None)
    weak = [part for part in found.slices if part.high is not None and whole is not None and part.high < whole]
    if weak:
        console.print()
        console.print(_text("weak slices (the interval of their accuracy lies below the whole's)", "dim", indent=2))
        for part in weak[:_MAX_WEAK]:
            between = interval(part.low, part.high, "").replace(" – ", "–")
            name = part.name if part.group == "slice" else f"{part.group} {part.name}"
            console.print(_text(f"{number(part.accuracy)} ({between})  {part.n:>4}  {name}", indent=4))


def _print_mistakes(found: Analyses, *, currency: str | None, console: "Console") -> None:
    if not found.mistakes:
        return
    console.print()
    shown = len(found.mistakes)
    console.print(_text(f"costliest mistakes ({shown} of {found.n_mistakes:,})", "dim", indent=2))
    table = _grid([("", True), ("", False)], whole=1)
    ids = [_mistake_id(mistake) for mistake in found.mistakes]
    widest = max(map(len, ids))
    for mistake, name in zip(found.mistakes, ids, strict=True):
        cost = money(mistake.cost, currency)
        table.add_row(_text(cost, "bold"), _mistake_text(mistake, name.ljust(widest), 2 * (console.width - 14)))
    _print_table(table, console)


def _mistake_id(mistake: Mistake) -> str:
    return clean_line(mistake.sample_id) + (f" #{mistake.trial}" if mistake.trial else "")


def _mistake_text(mistake: Mistake, name: str, width: int) -> "Text":
    """Id, labels and action on one line, the reason given below it."""
    from rich.text import Text

    pair = f"  {clean_line(expected_name(mistake.expected))} → {clean_line(given_name(mistake.given))}"
    action = " (review)" if mistake.action == "review" else ""
    text = Text(f"{name}{pair if mistake.labelled else ''}{action}", overflow="fold")
    if mistake.why:
        text.append(f"\n{shorten(mistake.why, max(20, width))}", style="dim")
    return text


def _print_gates(run: Run, console: "Console") -> None:
    lined = []
    for index, gate in enumerate(run.gates):
        text = _text("" if index else "gates", indent=2)
        text.pad_right(9 - text.cell_len)
        text.append(MARKS[gate.verdict], _STYLES[gate.verdict]).append(f" {clean_line(gate.gate)}")
        lined.append((text, gate.reason))
    _print_noted(lined, console, indent=11)
