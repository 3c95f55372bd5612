"""The HTML report: one file, no request, no script but our own, and nothing from a ticket that a browser would obey.

Everything passes Jinja's autoescape. The content security policy names our style sheet and script by their hashes, so
that markup which got through after all would neither run, load nor restyle anything. Data never stands in a script, a
style or a link: anchors and filter keys are running numbers.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as html_escape

from harness.core.files import write_atomic
from harness.core.taxonomy import Taxonomy
from harness.core.types import Metric
from harness.core.version import __version__
from harness.evaluation import Run
from harness.reporting import summary, text
from harness.reporting.analyses import Analyses, Confusion, Slice, analyse
from harness.reporting.charts import reliability_svg
from harness.reporting.samples import Keys, SampleView, as_text, sample_view
from harness.reporting.trials import mapping

_TEMPLATES = Path(__file__).parent / "templates"
_MAX_MATRIX = 30
_MAX_PAIRS = 60
_SHADES = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the confusion matrix; `shade` is 0 to 6, by its share of the row."""

    expected: str
    given: str
    expected_key: str
    given_key: str
    n: int
    right: bool
    shade: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """The confusion matrix as drawn: rows and columns that hold nothing beyond the labels are left out.

    Where there are too many labels for a table to be read, `pairs` are the most frequent confusions instead.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    pairs: tuple[Cell, ...]
    n_pairs: int


@dataclass(frozen=True, slots=True)
class Strip:
    """An interval as drawn, in percent of the scale; `marks` are the baselines'."""

    low: float
    value: float
    high: float
    marks: tuple[float, ...]


def write_report(run: Run, *, taxonomy: Taxonomy | None, max_samples: int = 2000) -> Path:
    """Write `report.html` into the run's folder and return its path.

    Holds at most `max_samples` trials, the costliest mistakes first, and says how many it leaves out.
    """
    found = analyse(run, taxonomy=taxonomy, samples=max_samples)
    write_atomic(run.report, render(run, found, taxonomy=taxonomy))
    return run.report


def render(run: Run, found: Analyses, *, taxonomy: Taxonomy | None) -> str:
    """The report as one HTML text."""
    labels = found.confusion.labels if found.confusion else ()
    keys = Keys(labels, [(part.group, part.name) for part in found.slices])
    views = [sample_view(row, number=n, keys=keys) for n, row in enumerate(found.samples, 1)]
    style, script = _asset("report.css"), _asset("report.js")
    reliability = found.reliability
    page = _environment().get_template("report.html.j2")
    return page.render(
        run=run,
        info=run.info,
        found=found,
        views=views,
        keys=keys,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style=style, script=script),
        matrix=_matrix(found.confusion, keys, taxonomy) if found.confusion else None,
        chart=Markup(reliability_svg(reliability)) if reliability else None,
        anchors=_anchors(views),
        methods=sorted({metric.method for metric in run.metrics if metric.low is not None and metric.method}),
        metrics=[metric for metric in run.metrics if metric.label is None],
        label_metrics=list(dict.fromkeys(name for row in found.labels for name in row.metrics)),
        provenance=_provenance(run.manifest),
        titles={label.id: label.title for label in taxonomy.labels} if taxonomy else {},
        high_risk=taxonomy.high_risk if taxonomy else frozenset(),
        version=__version__,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": shown,
        "plain": text.clean_line,
        "value": text.metric_value,
        "interval": text.metric_interval,
        "number": text.number,
        "money": text.money,
        "percent": text.percent,
        "json": as_text,
        "range": lambda part: text.interval(part.low, part.high),
    }
    environment.globals |= {
        "count": text.count,
        "summary": summary,
        "strip": strip,
        "slice_strip": slice_strip,
        "baseline_values": baseline_values,
    }
    return environment


def shown(value: object) -> Markup:
    """`value` escaped, with each control or invisible character as a visible mark that names it."""
    safe = str(html_escape(str(value)))
    return Markup(text.CONTROLS.sub(_mark, safe))


def _mark(match: Any) -> str:
    code = f"U+{ord(match[0]):04X}"
    return f'<span class="ctl" title="control or invisible character">{code}</span>'


def strip(metric: Metric, marks: Sequence[float] = ()) -> Strip | None:
    """A metric's interval drawn on [0, 1]; with `marks` (baselines), one of another unit on [0, the largest of them].

    None where there is no interval, or it can't be drawn on such a scale.
    """
    value, low, high = metric.value, metric.low, metric.high
    if value is None or low is None or high is None:
        return None
    end = 1.0 if not metric.unit and high <= 1 else 1.1 * max(high, *marks) if marks else 0.0
    if end <= 0 or not 0 <= low <= value <= high:
        return None
    return Strip(100 * low / end, 100 * value / end, 100 * high / end, tuple(100 * m / end for m in marks if m >= 0))


def slice_strip(part: Slice) -> Strip | None:
    """A slice's accuracy drawn on [0, 1]."""
    if part.accuracy is None or part.low is None or part.high is None:
        return None
    return Strip(100 * part.low, 100 * part.accuracy, 100 * part.high, ())


def baseline_values(metric: Metric, run: Run) -> list[float]:
    """The values of a metric's baselines, where they are defined."""
    found = (other for others in run.baselines.values() for other in others if other.name == metric.name)
    return [other.value for other in found if other.label is None and other.value is not None]


def _policy(*, style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src 'sha256-{_hash(style)}'; script-src 'sha256-{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _anchors(views: list[SampleView]) -> dict[tuple[str, int], str]:
    return {(view.trial.sample_id, view.trial.trial): view.anchor for view in views}


def _matrix(confusion: Confusion, keys: Keys, taxonomy: Taxonomy | None) -> Matrix:
    axis: list[str | None] = [*confusion.labels, None]
    cells = [
        tuple(_cell(axis[i], axis[j], n=n, row=sum(row), keys=keys) for j, n in enumerate(row))
        for i, row in enumerate(confusion.counts)
    ]
    wrong = sorted((cell for row in cells for cell in row if cell.n and not cell.right), key=lambda c: -c.n)
    if len(confusion.labels) > _MAX_MATRIX:
        return Matrix((), (), tuple(wrong[:_MAX_PAIRS]), len(wrong))
    titles = {label.id: label.title for label in taxonomy.labels} if taxonomy else {}
    width = len(axis) if any(row[-1] for row in confusion.counts) else len(axis) - 1
    columns = tuple((summary.given_name(label), titles.get(label or "", "")) for label in axis[:width])
    rows = tuple(
        (summary.expected_name(label), titles.get(label or "", ""), row[:width])
        for label, row in zip(axis, cells, strict=True)
        if label is not None or any(cell.n for cell in row)
    )
    return Matrix(columns, rows, (), len(wrong))


def _cell(expected: str | None, given: str | None, *, n: int, row: int, keys: Keys) -> Cell:
    return Cell(
        expected=summary.expected_name(expected),
        given=summary.given_name(given),
        expected_key=keys.label(expected),
        given_key=keys.label(given),
        n=n,
        right=expected is not None and expected == given,
        shade=-(-n * _SHADES // row) if row else 0,
    )


def _provenance(manifest: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(section, [(dotted key, value)]): plain values of the manifest first, then each of its groups."""
    plain = [(str(key), as_text(value)) for key, value in manifest.items() if not mapping(value)]
    groups = [(str(key), _flat(mapping(value))) for key, value in manifest.items() if mapping(value)]
    return ([("run", plain)] if plain else []) + groups


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, inner in value.items():
        name = f"{prefix}{key}"
        rows += _flat(inner, f"{name}.") if mapping(inner) else [(name, as_text(inner))]
    return rows
