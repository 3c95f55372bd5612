"""`harness search`: what stands in the corpora on a question, as of a date."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli.options import json_option, set_option

if TYPE_CHECKING:
    from harness.build.look import Found, Kind, Searched

_SUITE = Path("eval_sets/triage/suite.yaml")
_WIDTH, _NARROWEST = 120, 60


@click.command("search")
@click.argument("query")
@click.option(
    "--as-of", "as_of", metavar="DATE", help="A day (its midnight, UTC) or a time; without: latest versions, all cases."
)
@click.option("--suite", type=click.Path(path_type=Path), default=_SUITE, show_default=True, metavar="FILE")
@click.option(
    "--policies", type=click.Path(path_type=Path), metavar="DIR", help="Policies to search instead of a suite's."
)
@click.option("--incidents", type=click.Path(path_type=Path), metavar="PATH", help="Incidents to search instead.")
@click.option("--k", type=click.IntRange(1, 1000), default=5, show_default=True, help="Results of each kind.")
@click.option("--kind", type=click.Choice(["policy", "incident"]), help="Only these; without: both.")
@click.option("--region", metavar="NAME", help="Only clauses of this region and of all regions.")
@click.option("--mode", type=click.Choice(["hybrid", "dense", "lexical"]), help="Replaces the suite's.")
@json_option
@set_option
def search(
    *,
    query: str,
    as_of: str | None,
    suite: Path,
    policies: Path | None,
    incidents: Path | None,
    k: int,
    kind: 'Literal["policy", "incident"] | None',
    region: str | None,
    mode: str | None,
    as_json: bool,
    overrides: tuple[str, ...],
) -> None:
    """Search policies in force and incidents closed as of a date for QUERY."""
    from harness.build.look import parse_moment, search_corpora, to_json
    from harness.build.look import search as search_suite
    from harness.core.errors import UsageError
    from harness.evaluation.suite import Retrieval

    moment = parse_moment(as_of) if as_of is not None else None
    kinds: tuple[Kind, ...] = ("policy", "incident") if kind is None else (kind,)
    settings = {"region": region, "mode": mode}
    given = {key: value for key, value in settings.items() if value is not None}
    if policies is None and incidents is None:
        flags = tuple(f"retrieval.{key}={json.dumps(value)}" for key, value in given.items())
        found = search_suite(query, suite=suite, overrides=(*overrides, *flags), kinds=kinds, as_of=moment, k=k)
    elif overrides:
        raise UsageError(
            "--set changes a suite, and none is searched", where="--set", fix="leave it out, or --policies"
        )
    else:
        found = search_corpora(
            query,
            policies=policies,
            incidents=incidents,
            settings=Retrieval.model_validate(given),
            kinds=kinds,
            as_of=moment,
            k=k,
        )
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2, ensure_ascii=True))
    else:
        for line in _lines(found):
            click.echo(line)


def _lines(searched: "Searched") -> list[str]:
    """A table for each kind."""
    from harness.reporting.text import clean_line

    when = searched.as_of
    lines = []
    for kind, found in searched.found.items():
        if kind == "policy":
            what = f"policies in force on {when.date()}" if when else "policies, latest versions"
            what += f", region {searched.region}" if searched.region else ""
        else:
            what = f"incidents closed before {when.isoformat()}" if when else "incidents"
        how = f"{searched.mode}, {searched.embeddings}" if searched.embeddings else searched.mode
        lines.append(clean_line(f"{what} · {how}"))
        lines += _table(found) if found else ["  nothing found"]
    return lines


def _table(found: "tuple[Found, ...]") -> list[str]:
    from harness.reporting.text import clean_line, shorten

    width = max(shutil.get_terminal_size().columns, _NARROWEST) if sys.stdout.isatty() else _WIDTH
    size = max(len("id"), *(len(clean_line(one.id)) for one in found))
    lines = [f"  {'score':>6}  {'cosine':>6}  {'BM25':>5}  {'cases':>5}  {'id':<{size}}  version and dates"]
    for one in found:
        figures = (
            f"{one.score:6.2f}  {_figure(one.cosine, 2):>6}  {_figure(one.bm25, 1):>5}  {_figure(one.votes, 2):>5}"
        )
        lines.append(f"  {figures}  {clean_line(one.id):<{size}}  {_version(one)}")
        lines.append(f"      {shorten(f'{one.title}: {one.text}' if one.title else one.text, width - 6)}")
        if one.words:
            lines.append(f"      words: {shorten(', '.join(one.words), width - 13)}")
    return lines


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _version(found: "Found") -> str:
    """`version 2 of 3, 2026-03-02 – open`, or when an incident was closed."""
    from harness.reporting.text import clean_line

    if found.kind == "incident":
        closed = f"closed {found.visible_from[:10]}" if found.visible_from else "undated"
        return clean_line(f"{closed}, {found.label}" if found.label else closed)
    region = "" if found.region == "all" else f", {found.region}"
    last = found.versions[-1] if found.versions else found.version
    dates = f"{found.visible_from} – {found.visible_to or 'open'}"
    return clean_line(f"version {found.version} of {last}, {dates}{region}")
